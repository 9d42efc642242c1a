"""Read Parquet files into a DataFrame, and the columns of any Arrow table."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.errors import InputError, reason, shown, shown_path
from recurra.tables.columns import check_count
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.form import RawTable
from recurra.tables.index_columns import with_index_columns

FEW_ROWS = 1_000  # of which each text may have a copy of its own
CELL = 8  # bytes of a number, a date, or a reference to a text


def read_parquet(path: Path, unpacking: Unpacking) -> RawTable:
    """Read a Parquet file with rows numbered from 1.

    Args:
        path: the file.
        unpacking: limit for what it unpacks to.

    Raises:
        InputError: the file cannot be read, unpacks to too much, or pyarrow is not installed.
    """
    name = shown_path(path)
    try:
        import pyarrow.parquet
    except ImportError:
        raise needs_pyarrow(path, "Parquet") from None
    try:
        about = pyarrow.parquet.read_metadata(path)
        check_count(name, about.num_columns)
        # not the column chunks: pyarrow ends the process if their metadata is damaged
        groups = [about.row_group(number) for number in range(about.num_row_groups)]
        size = sum(group.total_byte_size for group in groups)
        unpacking.check(path, max(about.num_rows * about.num_columns * CELL, size))
        texts = []
        if about.num_rows > FEW_ROWS:  # as a dictionary, a text that occurs in a million rows is in memory once
            columns = map(about.schema.column, range(about.num_columns))
            texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
        plain = [field.name for field in about.schema.to_arrow_schema() if not pyarrow.types.is_nested(field.type)]
        with pyarrow.parquet.ParquetFile(path, metadata=about, read_dictionary=texts) as file:
            return RawTable(rows_of(path, file.read(columns=plain, use_threads=False), unpacking))
    except InputError:
        raise
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise InputError(f"{name} is not a Parquet file that can be read ({reason(error, 200)}).") from error


def needs_pyarrow(path: Path, kind: str) -> InputError:
    """Return the error of a file that cannot be read without pyarrow."""
    return InputError(f"{shown_path(path)}: {kind} needs pyarrow: pip install 'recurra[parquet]', or give a CSV file.")


def rows_of(path: Path, table: Any, unpacking: Unpacking) -> pd.DataFrame:
    """Return the columns of an Arrow table that are not nested, with rows numbered from 1.

    Args:
        path: its file.
        table: a `pyarrow.Table`.
        unpacking: limit for what the file unpacks to.

    Raises:
        InputError: it is too large, or two columns have the same name.
    """
    import pyarrow

    # lists, whose lengths no size in the file tells, hold no values of a series
    table = table.select([place for place, field in enumerate(table.schema) if not pyarrow.types.is_nested(field.type)])
    unpacking.check(path, table.nbytes + sum(map(_length_of_views, table.columns)))
    frame = table.to_pandas(use_threads=False)
    categories = frame.columns[[isinstance(dtype, pd.CategoricalDtype) for dtype in frame.dtypes]]
    frame = with_index_columns(frame.astype(dict.fromkeys(categories, object)).rename(columns=str))
    if (twice := frame.columns[frame.columns.duplicated()]).size:
        raise InputError(
            f"{shown_path(path)}: the column {shown(twice[0])} occurs twice; give each column a unique name."
        )
    return frame


def _length_of_views(column: Any) -> int:
    """Return the number of characters of a column of views, which may show the same text again and again."""
    import pyarrow

    size = 0
    for chunk in column.chunks:
        texts = chunk.dictionary if pyarrow.types.is_dictionary(chunk.type) else chunk
        if pyarrow.types.is_string_view(texts.type) or pyarrow.types.is_binary_view(texts.type):
            lengths = np.frombuffer(texts.buffers()[1], dtype="<i4")[::4]  # the first of 16 bytes
            size += int(lengths[texts.offset : texts.offset + len(texts)].sum(dtype=np.int64))
    return size
