"""Read Parquet files into a DataFrame."""

import mmap
from functools import partial
from pathlib import Path
from typing import Any

from recurra.errors import shown_path
from recurra.tables.columns import check_count
from recurra.tables.files.arrow_table import CELL, is_nested, read_by_pyarrow, rows_of
from recurra.tables.files.parquet_sizes import measured
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.form import RawTable

TEXT = "BYTE_ARRAY"
DICTIONARIES = {0, 2, 8}  # encodings that pyarrow reads as a dictionary; others it does not
ONLY_LENGTHS = {6}  # the encoding of texts that are all written out
AT_ONCE = 16_000_000  # bytes of the texts that are read at once, if they are not written out
MOST_ROWS_AT_ONCE = 65_536


def read_parquet(path: Path, unpacking: Unpacking) -> RawTable:
    """Read a Parquet file with rows numbered from 1.

    Args:
        path: the file.
        unpacking: limit for what it unpacks to.

    Raises:
        InputError: the file cannot be read, unpacks to too much, or pyarrow is not installed.
    """
    with read_by_pyarrow(path, "Parquet"):
        import pyarrow.parquet

        about = pyarrow.parquet.read_metadata(path)
        check_count(shown_path(path), about.num_columns)
        columns = [about.schema.column(number) for number in range(about.num_columns)]
        with path.open("rb") as content, mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            sizes = measured(mapped, about, partial(unpacking.check, path))
        widths = (max(column.length, CELL) for column in columns)  # length is 0 if it is not fixed
        cells = sum(size.values * width for size, width in zip(sizes, widths, strict=True))
        unpacking.check(path, max(about.num_rows * about.num_columns * CELL, cells))
        texts = {column.path: size for column, size in zip(columns, sizes, strict=True) if column.physical_type == TEXT}
        if sum(size.values * size.longest for size in texts.values()) <= AT_ONCE:
            texts = {}  # little, however often each occurs
        # as a dictionary, a text that occurs in a million rows is in memory once
        shared = [column for column, size in texts.items() if size.encodings <= DICTIONARIES]
        others = [size for column, size in texts.items() if column not in shared and size.encodings != ONLY_LENGTHS]
        plain = [field.name for field in about.schema.to_arrow_schema() if not is_nested(field.type)]
        opened = partial(pyarrow.parquet.ParquetFile, path, metadata=about)
        if others:
            with opened() as file:
                longest = max(size.longest for size in texts.values())
                table = _in_parts(file, plain, min(AT_ONCE // longest + 1, MOST_ROWS_AT_ONCE), path, unpacking)
        else:
            with opened(read_dictionary=shared) as file:
                table = file.read(columns=plain, use_threads=False)
        return RawTable(rows_of(path, table, unpacking))


def _in_parts(file: Any, columns: list[str], rows: int, path: Path, unpacking: Unpacking) -> Any:
    """Read columns of an open file, so many rows at once, as far as it unpacks to no more than its limit."""
    import pyarrow

    parts, size = [], 0
    for part in file.iter_batches(rows, columns=columns, use_threads=False):
        size += part.nbytes
        unpacking.check(path, size)
        parts.append(part)
    return pyarrow.Table.from_batches(parts, None if parts else file.schema_arrow)
