"""The columns of the Arrow table that pyarrow reads from a file as a DataFrame, and what pyarrow raises as errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.errors import InputError, reason, shown, shown_path
from recurra.tables.columns import ID
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.index_columns import with_index_columns

CELL = 8  # bytes of a number, a date, or a reference to a text


@contextmanager
def read_by_pyarrow(path: Path, kind: str) -> Iterator[None]:
    """Raise an InputError if pyarrow is not installed, and for whatever is raised while a file is read.

    Args:
        path: the file.
        kind: its format.
    """
    name = shown_path(path)
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise InputError(
            f"{name}: a {kind} file needs pyarrow: pip install 'recurra[parquet]', or give a CSV file."
        ) from None
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise InputError(f"{name} is not a {kind} file that can be read ({reason(error, 200)}).") from error


def is_nested(kind: Any) -> bool:
    """Return whether a type of Arrow is of lists, whose lengths no size in a file tells, or of other nested values."""
    import pyarrow

    while isinstance(kind, pyarrow.DictionaryType | pyarrow.RunEndEncodedType | pyarrow.BaseExtensionType):
        kind = kind.storage_type if isinstance(kind, pyarrow.BaseExtensionType) else kind.value_type
    return bool(pyarrow.types.is_nested(kind))


def rows_of(path: Path, table: Any, unpacking: Unpacking) -> pd.DataFrame:
    """Return the columns of an Arrow table that are not nested, and so may be values, with rows numbered from 1.

    Args:
        path: its file.
        table: a `pyarrow.Table`.
        unpacking: limit for what the file unpacks to.

    Raises:
        InputError: it is too large, or two columns have the same name.
    """
    table = table.select([place for place, field in enumerate(table.schema) if not is_nested(field.type)])
    unpacking.check(path, table.nbytes + sum(map(_length_of_views, table.columns)))
    frame = table.to_pandas(use_threads=False, split_blocks=True)
    frame.columns = frame.head(0).rename(columns=str).columns
    for place, (name, dtype) in enumerate(frame.dtypes.items()):
        if isinstance(dtype, pd.CategoricalDtype) and name != ID:  # ids are read by their codes
            frame.isetitem(place, frame.iloc[:, place].astype(object))
    frame = with_index_columns(frame)
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
