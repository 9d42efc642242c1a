"""Read the columns of static covariates: each is numbers or words, and has one value in all rows of a series."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, shown
from recurra.tables.arrays import Booleans, Floats, Integers
from recurra.tables.columns import LONGEST_ID, distinct_texts, storable
from recurra.tables.dates.column_names import plain_name
from recurra.tables.numbers.evidence import Surroundings
from recurra.tables.numbers.read import read_numbers
from recurra.tables.numbers.texts import text_columns
from recurra.tables.static_covariates import StaticCovariates, Words

CODE = r"\s*\d+[KMBTkmbt]\s*"  # 3B is a place in a shop rather than three billion
NUMBERS = {"integer", "floating", "mixed-integer-float", "decimal", "boolean"}  # as pandas calls what objects are


def read_static(
    frame: pd.DataFrame,
    names: Sequence[str],
    series: Integers,
    ids: Sequence[str],
    source: str,
    around: Surroundings,
    known_words: Collection[str] = (),
) -> tuple[StaticCovariates, tuple[str, ...]]:
    """Return the value that each series has in each of these columns, and notes about how numbers were read.

    A column is numbers if its type is or, in a text file, if all its cells are, and none is a code such as 3B; True and
    False are 1 and 0. Others are words. Cells may be empty; where all of a series are, its value is missing.

    Args:
        frame: the table.
        names: names of the columns.
        series: place in `ids` of the series of each row, [L].
        ids: ids of the series.
        source: the file, for messages.
        around: what may tell how numbers are written that are texts.
        known_words: names of columns whose texts are words, whether they could be numbers or not.

    Raises:
        InputError: a series has two values, or a value is infinite or cannot be stored.

    >>> frame = pd.DataFrame({"region": ["north", None, "south"], "size": [5, 5, 7]})
    >>> read = read_static(frame, ["region", "size"], np.array([0, 0, 1]), ["a", "b"], "sales.csv", Surroundings())[0]
    >>> {name: column.tolist() for name, column in read.columns.items()}
    {'region': ['north', 'south'], 'size': [5.0, 7.0]}
    """
    known = set(map(plain_name, known_words))
    written = {name: around.delimiter is not None and plain_name(name) not in known for name in names}
    numeric = [name for name in names if _are_numbers(frame[name], written=written[name])]
    if around.earlier is not None:  # its units are those of other columns
        around = replace(around, earlier=replace(around.earlier, units=(), factors=()))
    numbers = read_numbers(frame, numeric, source, around) if numeric else None
    columns: dict[str, Floats | Words] = {}
    for name in names:
        if numbers is not None and name in numeric:
            found = numbers.values[:, numeric.index(name)]
            _refuse(np.isinf(found), frame, name, source, "found infinity, expected a number; correct the cell")
            rows = _first_rows(found, ~np.isnan(found), frame[name], series, ids, source)
            columns[name] = np.where(rows < 0, np.nan, found[rows])
        else:
            places, words = _words(frame, name, source)
            rows = _first_rows(places, words[places] != "", frame[name], series, ids, source)
            columns[name] = np.where(rows < 0, "", words[places[rows]])
    return StaticCovariates(columns), () if numbers is None else numbers.notes


def _are_numbers(cells: "pd.Series[Any]", *, written: bool) -> bool:
    """Return whether cells are numbers; if they are `written`, as in a text file, texts may be."""
    if pd.api.types.is_numeric_dtype(cells):
        return True
    if not written:
        return pd.api.types.infer_dtype(cells) in NUMBERS
    (column,) = text_columns(cells.to_frame())
    is_code = cells.astype("string").str.fullmatch(CODE).fillna(value=False)
    return column.other is None and len(column.present) > 0 and not is_code.any()


def _words(frame: pd.DataFrame, name: str, source: str) -> tuple[Integers, Words]:
    """Return the distinct words of a column, and the place among them of that of each row, [L]."""
    codes, texts = distinct_texts(frame[name], lambda value: str(value)[: LONGEST_ID + 1].strip())
    merged, words = pd.factorize(np.array(texts, dtype=object))
    places = merged[codes]
    wrong = np.array([not storable(word) for word in words])
    _refuse(
        wrong[places],
        frame,
        name,
        source,
        f"found a text that cannot be stored or is longer than {LONGEST_ID:,} "
        "characters, expected a word; correct the cell",
    )
    return places, words


def _first_rows(
    values: NDArray[Any],
    there: Booleans,
    cells: "pd.Series[Any]",
    series: Integers,
    ids: Sequence[str],
    source: str,
) -> Integers:
    """Return the first row of each series with a value, -1 if there is none, [S]; InputError if another differs.

    Args:
        values: numbers, or places of words, [L].
        there: which rows have one, [L].
        cells: the column, for messages.
        series: place in `ids` of the series of each row, [L].
        ids: ids of the series.
        source: the file, for messages.
    """
    rows = np.flatnonzero(there)
    first = np.full(len(ids), -1)
    first[series[rows[::-1]]] = rows[::-1]
    other = rows[values[rows] != values[first[series[rows]]]]
    if not len(other):
        return first
    place = int(series[other[0]])
    one, two = int(first[place]), int(other[0])
    whose = f" of series {shown(ids[place])}" if ids[place] else ""
    texts = [f"{shown(str(cells.iloc[row]).strip())} in row {cells.index[row]}" for row in (one, two)]
    raise InputError(
        f"{source}: column {shown(cells.name)}{whose} is {' and '.join(texts)}; expected one value in all rows of a "
        "series, as in each static covariate: correct the cell, or leave the column out of --static-covariates "
        "(static_covariates=… in Python)."
    )


def _refuse(wrong: Booleans, frame: pd.DataFrame, name: str, source: str, fault: str) -> None:
    """Raise an InputError about the first row that is wrong, if there is any."""
    if wrong.any():
        raise InputError(f"{source}: row {frame.index[int(wrong.argmax())]}, column {shown(name)}: {fault}.")
