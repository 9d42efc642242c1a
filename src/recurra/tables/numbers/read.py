"""Read columns of numbers as people write them: with either decimal mark, thousands, units and factors."""

import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from recurra.errors import InputError, InputTypeError, counted, listed, shown
from recurra.settings.reading import Decimal, Thousands
from recurra.tables.arrays import Floats
from recurra.tables.form import Factors, Form
from recurra.tables.numbers.evidence import Surroundings, has_fractions
from recurra.tables.numbers.factors import factors
from recurra.tables.numbers.marks import Marks, marks
from recurra.tables.numbers.shapes import POWERS
from recurra.tables.numbers.texts import TextColumn, text_columns

LARGEST = 1e50  # absolute value; its fourth power is finite, as statistics of squared errors need
PARTS = {"%": "percent", "‰": "per mille"}  # units without which the numbers would be others
CODES_OF_MISSING = [sign * size for sign in (-1, 1) for size in (999, 999.9, 9999, 9999.9, 99999, 999999)]
FAR = 0.5  # of such a number, below which all others are in absolute value
BOUND = re.compile(r"\s*(?:[<>≤≥＜＞]=?|&[lg]t;)\s*[\d.,]")
SAMPLED = 50  # number of values that tell whether a column holds numbers
NO_SURROUNDINGS = Surroundings()

T = TypeVar("T")


@dataclass(frozen=True)
class Numbers:
    """Columns of numbers, and how they were read.

    Attributes:
        values: the numbers, [T, C]; NaN where they are missing.
        decimal: decimal mark of these and of newer rows; None if nothing shows it.
        thousands: mark between thousands; None likewise.
        units: units of the columns, [C]; empty where there is none.
        factors: how many numbers of each column end in a factor, [C]; empty if none does.
        notes: sentences about what is not plain.
    """

    values: Floats
    decimal: Decimal | None
    thousands: Thousands | None
    units: tuple[str, ...]
    factors: tuple[Factors, ...]
    notes: tuple[str, ...]


def numbers(frame: pd.DataFrame, column: str, source: str) -> Floats:
    """Return one column as numbers, [T]; see `read_numbers`.

    >>> numbers(pd.DataFrame({"price": ["1,234.5", "n/a"]}), "price", "prices.csv").tolist()
    [1234.5, nan]
    """
    return read_numbers(frame, [column], source).values[:, 0]


def read_numbers(
    frame: pd.DataFrame, columns: Sequence[str], source: str, around: Surroundings = NO_SURROUNDINGS
) -> Numbers:
    """Return columns as numbers.

    Args:
        frame: the table; its index gives the row numbers for messages.
        columns: names of the columns.
        source: the file, for messages.
        around: what may tell how numbers are written that are texts.

    Raises:
        InputTypeError: a column has complex numbers.
        InputError: a value is not a number, or may be one of two; the message gives its row.
    """
    values = np.empty((len(frame), len(columns)))
    places = {}  # of columns of texts
    has_points = False
    types = frame.dtypes.to_dict()
    for place, name in enumerate(columns):
        if pd.api.types.is_complex_dtype(types[name]):
            raise InputTypeError(f"{source}: column {shown(name)} has complex numbers, expected real ones.")
        if pd.api.types.is_numeric_dtype(types[name]):
            cells = frame[name]
            values[:, place] = cells.to_numpy(dtype=np.float64, na_value=np.nan)
            has_points = has_points or (around.delimiter is not None and has_fractions(cells))
        else:
            places[name] = place
    texts = text_columns(frame[list(places)])
    units = {column.name: _checked_unit(column, source) for column in texts}
    found = marks(texts, frame, source, around)
    for column, mark in zip(texts, found, strict=True):
        values[:, places[column.name]] = column.values(mark.decimal)
    _check_size(values, frame, columns, source)
    earlier = around.earlier or Form()
    by_name = {column.name: column for column in texts}
    was = None if around.earlier is None else earlier.factors
    decimals: set[Decimal] = {mark.decimal for mark in found if mark.known} | ({"."} if has_points else set())
    thousands = {mark.thousands for mark in found if mark.thousands is not None}
    one_way = len(decimals) < 2  # otherwise, neither mark says how newer rows are written
    return Numbers(
        values,
        _only(decimals) or (earlier.decimal if one_way else None),
        (_only(thousands) or earlier.thousands) if one_way else None,
        _as_earlier(columns, tuple(units.get(name, "") for name in columns), earlier.units, source),
        factors(columns, by_name, values, frame, source, was),
        (*_notes(texts, found, units), *_notes_of_codes(values, columns)),
    )


def number_columns(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return those columns that hold numbers: by their type, or at least half of their first values in one unit."""
    types = frame.dtypes.to_dict()
    numeric = {name for name in names if pd.api.types.is_numeric_dtype(types[name])}
    texts = [n for n in names if n not in numeric and not pd.api.types.is_datetime64_any_dtype(types[n])]
    cells = frame[texts].to_numpy(dtype=object).T
    samples, lengths = np.full((SAMPLED, len(texts)), None, dtype=object), []
    for place, (column, there) in enumerate(zip(cells, ~pd.isna(cells), strict=True)):
        sample = column[there][:SAMPLED]
        samples[: len(sample), place] = sample
        lengths.append(len(sample))
    for read, length in zip(text_columns(pd.DataFrame(samples, columns=texts)), lengths, strict=True):
        units = Counter(read.shapes[code].unit for code in read.codes if read.shapes[code].written)
        if max(units.values(), default=0) >= max(length, 1) / 2:
            numeric.add(read.name)
    return [name for name in names if name in numeric]


def _checked_unit(column: TextColumn, source: str) -> str:
    """Return the unit of a column; InputError if a text is no number, or has another unit."""
    where = f"{source}: {{}}, column {shown(column.name)}: found {{}}, expected"
    if (code := column.other) is not None:
        place = column.first(code)
        found = where.format(column.row(place), column.quoted(place))
        if BOUND.match(str(column.cells[place])):
            raise InputError(
                f"{found} one number, and this is only its bound; write the number that is to be used, such as 0 or "
                "0.5 for <1, in all such cells."
            )
        raise InputError(f"{found} a number; correct the cell, or leave it empty and allow that with --missing.")
    units: dict[str, int] = {}
    for number, shape in column.present.items():
        units.setdefault(shape.unit, number)
    if len(units) > 1:
        first, place = map(column.first, list(units.values())[:2])
        raise InputError(
            f"{where.format(column.row(place), column.quoted(place))} the same unit as in {column.row(first)}, "
            f"{column.quoted(first)}; write all numbers of the column in one unit."
        )
    return next(iter(units), "")


def _as_earlier(
    columns: Sequence[str], units: tuple[str, ...], earlier: tuple[str, ...], source: str
) -> tuple[str, ...]:
    """Return the units of columns; InputError if the earlier rows had others."""
    if len(earlier) != len(units):
        return units
    for name, unit, before in zip(columns, units, earlier, strict=True):
        if unit != before and ((unit and before) or {unit, before} & PARTS.keys()):
            now, was = (f"the unit {shown(one)}" if one else "no unit" for one in (unit, before))
            raise InputError(
                f"{source}: column {shown(name)}: its numbers have {now}, but had {was} in the earlier rows; write "
                "them as there."
            )
    return tuple(unit or before for unit, before in zip(units, earlier, strict=True))


def _check_size(values: Floats, frame: pd.DataFrame, columns: Sequence[str], source: str) -> None:
    """Raise an InputError if a finite value is too large."""
    large = (np.abs(values) > LARGEST) & ~np.isinf(values)
    if large.any():
        column = int(large.any(axis=0).argmax())
        place = int(large[:, column].argmax())
        raise InputError(
            f"{source}: row {frame.index[place]}, column {shown(columns[column])}: found "
            f"{shown(str(frame[columns[column]].iloc[place]).strip())}, expected a number between -{LARGEST:g} and "
            f"{LARGEST:g}; correct the cell, or leave it empty and allow that with --missing."
        )


def _notes(texts: Sequence[TextColumn], found: Sequence[Marks], units: Mapping[str, str]) -> Iterator[str]:
    """Yield sentences about what is not plain, each with the columns that it is about."""
    about: dict[str, list[str]] = {}
    for column, mark in zip(texts, found, strict=True):
        unit, shapes = units[column.name], column.present.values()
        words = sorted({shape.factor for shape in shapes} - {""}, key=POWERS.__getitem__)
        facts = {
            mark.note: bool(mark.note),
            f"the values are in {PARTS.get(unit)}": unit in PARTS,
            f"the unit {shown(unit)} is left out of the numbers": unit and unit not in PARTS,
            "numbers in brackets are negative": any(shape.bracketed for shape in shapes),
            " and ".join(f"{word} stands for {10 ** POWERS[word]:,}" for word in words): words,
        }
        for fact, holds in facts.items():
            if holds:
                about.setdefault(fact, []).append(column.name)
    for fact, names in about.items():
        yield f"column {shown(names[0])}: {fact}." if len(names) == 1 else f"columns {listed(names)}: {fact}."


def _notes_of_codes(values: Floats, columns: Sequence[str]) -> Iterator[str]:
    """Yield a sentence about each column with a number that often stands for missing values, far from all others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column may have no values
        ends = np.stack([np.nanmin(values, axis=0), np.nanmax(values, axis=0)])
    for end, place in np.argwhere(np.isin(ends, CODES_OF_MISSING)).tolist():
        code, column = ends[end, place], values[:, place]
        count = int((column == code).sum())
        if count < (~np.isnan(column)).sum() and np.nanmax(np.abs(column[column != code])) < FAR * abs(code):
            yield (
                f"column {shown(columns[place])}: {counted(count, 'value is', 'values are')} {code:g}, far from all "
                "others; if that stands for a missing value, leave such cells empty."
            )


def _only(found: Collection[T]) -> T | None:
    """Return the only one of several values; None if there are none, or more."""
    return next(iter(found)) if len(found) == 1 else None
