"""Ids of series: of one column as texts, of several columns joined to one text and taken apart again."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from recurra.tables.arrays import Integers
from recurra.tables.columns import ids
from recurra.tables.form import IdKind

SEPARATOR = " / "  # a slash in an id is doubled, so that nothing else reads like this
INTEGER = re.compile(r"0|-?[1-9]\d{0,17}", re.ASCII)  # as programs write integers of 64 bits


@dataclass(frozen=True)
class Ids:
    """The ids of the rows of a table.

    Attributes:
        places: place in `texts` of the id of each row, [T].
        texts: ids of the series, in order of first occurrence.
        kinds: in which type the ids of each column came.
    """

    places: Integers
    texts: list[str]
    kinds: tuple[IdKind, ...]


def read_ids(
    frame: pd.DataFrame, columns: Sequence[str], source: str, known: Collection[str] = (), *, written: bool = False
) -> Ids:
    """Read the ids of the series; those of several columns are joined.

    Args:
        frame: the table.
        columns: columns of ids; without any, all rows are of one series with an empty id.
        source: the file, for messages.
        known: ids of which there may be many with few rows.
        written: whether integers may be texts, as in a text file.

    Raises:
        InputError: an id is missing, has a character that no file can hold, or there are too many ids.

    >>> frame = pd.DataFrame({"store": [1, 1, 2], "item": ["a", "b/c", "a"]})
    >>> read_ids(frame, ["store", "item"], "sales.csv").texts
    ['1 / a', '1 / b//c', '2 / a']
    """
    if len(columns) < 2:
        places, texts = ids(frame, columns[0] if columns else None, source, known)
        return Ids(places, texts, tuple(_kind(frame[name], texts, written) for name in columns))
    known_parts = {part for id_ in known for part in _parts(id_)}
    places, parts, kinds = np.zeros(len(frame), dtype=np.int64), [[""]], []
    for column in columns:
        codes, own = ids(frame, column, source, known_parts)
        kinds.append(_kind(frame[column], own, written))
        places, pairs = pd.factorize(places * len(own) + codes)
        before, now = np.divmod(pairs, len(own))
        parts = [[*parts[a], own[b].replace("/", "//")] for a, b in zip(before.tolist(), now.tolist(), strict=True)]
    joined = np.array([SEPARATOR.join(own[1:]) for own in parts], dtype=object)
    name = SEPARATOR.join(columns)
    return Ids(*ids(pd.DataFrame({name: joined[places]}, frame.index), name, source, known), tuple(kinds))


def parts_of_ids(joined: Sequence[str], count: int) -> list[list[str]]:
    """Return the ids of each column that `read_ids` joined.

    Raises:
        ValueError: an id has another number of parts.

    >>> parts_of_ids(["1 / a", "1 / b//c"], 2)
    [['1', 'a'], ['1', 'b/c']]
    """
    parts = list(map(_parts, joined))
    if any(len(own) != count for own in parts):
        raise ValueError(f"an id does not have {count} parts")
    return parts


def _parts(joined: str) -> list[str]:
    return [part.replace("//", "/") for part in joined.split(SEPARATOR)]


def _kind(values: "pd.Series[Any]", texts: Sequence[str], written: bool) -> IdKind:
    """Return in which type ids came; of a text file, integers are what pandas would read as integers."""
    dtype = values.dtype.categories.dtype if isinstance(values.dtype, pd.CategoricalDtype) else values.dtype
    are_numbers = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    may_be = written or are_numbers or pd.api.types.infer_dtype(values) == "integer"
    return "integer" if may_be and all(map(INTEGER.fullmatch, texts)) else "text"
