"""Read Feather and other Arrow IPC files into a DataFrame."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recurra.errors import InputError, reason, shown_path
from recurra.tables.columns import check_count
from recurra.tables.files.arrow_sizes import offsets_of_messages, unpacked_size
from recurra.tables.files.parquet_reader import CELL, needs_pyarrow, rows_of
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.form import RawTable

MAGIC = b"ARROW1"  # at the start and the end of a file; a stream has neither
HOLDING_DATA = {"record batch", "dictionary"}  # types of messages


def read_arrow(path: Path, unpacking: Unpacking) -> RawTable:
    """Read an Arrow IPC file, such as a Feather file, or stream, with rows numbered from 1.

    Args:
        path: the file.
        unpacking: limit for what it unpacks to.

    Raises:
        InputError: the file cannot be read, unpacks to too much, or pyarrow is not installed.
    """
    name = shown_path(path)
    try:
        import pyarrow
        from pyarrow import ipc
    except ImportError:
        raise needs_pyarrow(path, "Feather") from None
    try:
        with pyarrow.memory_map(str(path)) as source:
            is_file = source.read(len(MAGIC)) == MAGIC
            source.seek(0)
            opened = ipc.open_file if is_file else ipc.open_stream
            check_count(name, len(opened(source).schema))
            size = 0
            for message in _messages(source, is_file):  # before any is unpacked
                size += unpacked_size(message)
                unpacking.check(path, size)
            source.seek(0)
            reader, batches, rows = opened(source), [], 0
            for batch in map(reader.get_batch, range(reader.num_record_batches)) if is_file else reader:
                rows += batch.num_rows
                unpacking.check(path, rows * batch.num_columns * CELL)
                batch.validate(full=True)
                batches.append(batch)
            return RawTable(rows_of(path, pyarrow.Table.from_batches(batches, reader.schema), unpacking))
    except InputError:
        raise
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise InputError(f"{name} is not a Feather or Arrow file that can be read ({reason(error, 200)}).") from error


def _messages(source: Any, is_file: bool) -> Iterator[Any]:
    """Yield the messages of an open file that hold data."""
    from pyarrow import ipc

    if is_file:
        for offset in offsets_of_messages(source):
            source.seek(offset)
            yield ipc.read_message(source)
    else:
        source.seek(0)
        yield from (message for message in ipc.MessageReader.open_stream(source) if message.type in HOLDING_DATA)
