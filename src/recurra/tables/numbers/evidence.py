"""Evidence in and around a column of which the marks may be decimal or between thousands."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from recurra.errors import shown
from recurra.settings.reading import Decimal
from recurra.tables.arrays import Integers
from recurra.tables.form import Form, Reading
from recurra.tables.numbers.shapes import possible_decimals
from recurra.tables.numbers.texts import TextColumn, text_columns

NAMES = {".": "points", ",": "commas", "'": "apostrophes", " ": "spaces"}
OTHER: dict[str, Decimal] = {".": ",", ",": "."}
NEAR, MOST = 5, 0.9  # usual factor between neighbours, and share of them that are nearer if they are read right
SEARCHED = 10_000  # number of rows in which other columns are searched for decimal marks
ISO_DATE = re.compile(r"\s*\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
DATES_OF_PROGRAMS = {"date", "datetime", "timestamp", "time", "ds", "day", "month", "unnamed"}  # words of their names
EAST_ASIAN_DATES = "日月时時날"  # characters of names, where decimal marks are points


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What may tell how the numbers of a table are written.

    Attributes:
        reading: what the user says.
        earlier: how an earlier table was read, of which this one has newer rows.
        delimiter: what separates the columns of a text file; None for another table.
        apart: columns of dates and ids, in which there are no numbers.
        series: series of each row, [T]; None if there is one.
    """

    reading: Reading = field(default_factory=Reading)
    earlier: Form | None = None
    delimiter: str | None = None
    apart: Collection[str | None] = ()
    series: Integers | None = None


@dataclass(frozen=True)
class Evidence:
    """What speaks for decimal points or commas in the columns of a table that have both readings.

    Attributes:
        around: what surrounds them.
        others: what is seen in columns that have one reading only, by their decimal mark.
        steps: decimal marks by the names of the columns in which the steps between neighbours show them.
        iso_dates: name of a column of dates such as 2024-01-31, if programs or people who write decimal points call it
            so; otherwise None.
    """

    around: Surroundings
    others: Mapping[Decimal, str]
    steps: Mapping[str, Decimal]
    iso_dates: str | None

    @classmethod
    def gathered(
        cls,
        unclear: Sequence[TextColumn],
        decided: Sequence[tuple[TextColumn, Decimal]],
        frame: pd.DataFrame,
        around: Surroundings,
    ) -> "Evidence":
        """Gather the evidence in a table.

        Args:
            unclear: columns that have two readings.
            decided: columns that have one, with their decimal marks.
            frame: the table, with all its columns.
            around: what surrounds the columns.
        """
        apart = frame[[name for name in around.apart if name in frame.columns]]
        read = [*unclear, *(column for column, _ in decided)]
        others = frame.drop(columns=[*apart.columns, *(column.name for column in read)])
        return cls(
            around,
            _seen(others, around) | {decimal: _marks_of(column, decimal) for column, decimal in reversed(decided)},
            {column.name: decimal for column in unclear if (decimal := _by_steps(column, around.series))},
            next((name for name in map(str, apart.columns) if _are_of_programs(name, apart[name])), None),
        )

    def about(self, column: TextColumn) -> list[tuple[Decimal, str]]:
        """Return decimal marks of a column, and what speaks for each; none if nothing does."""
        found: list[tuple[Decimal, str]] = []
        by_column = list(self.others.items())
        form = self.around.earlier or Form()
        if (earlier := form.decimal or OTHER.get(form.thousands or "")) is not None:
            grouped = form.thousands in OTHER
            seen = f"{NAMES[OTHER[earlier]]} between thousands" if grouped else f"decimal {NAMES[earlier]}"
            found.append((earlier, f"the earlier rows have {seen}"))
            found += [] if earlier in self.others else by_column
        elif by_column:
            found += by_column
        elif self.around.delimiter == ";" and column.mark == ",":
            found.append((",", "semicolons separate the columns"))
        if column.name in self.steps:
            found.append((self.steps[column.name], "neighbouring rows differ a thousandfold otherwise"))
        elif not found and self.steps:
            found += [
                (decimal, f"column {shown(name)} has {NAMES[OTHER[decimal]]} between thousands")
                for name, decimal in self.steps.items()
            ]
        if not found and self.around.delimiter == "," and self.iso_dates and column.mark == ".":
            dates = f"dates such as 2024-01-31 under {shown(self.iso_dates)}"
            found.append((".", f"{dates} and commas between columns go with decimal points"))
        return found


def has_fractions(cells: "pd.Series[Any]") -> bool:
    """Return whether the first values are numbers by their type, not all of them whole ones."""
    return pd.api.types.is_float_dtype(cells) and bool((cells.head(SEARCHED) % 1 > 0).any())


def _marks_of(column: TextColumn, decimal: Decimal) -> str:
    """Return by which marks a column shows its decimal mark, for a note."""
    seen = f"decimal {NAMES[decimal]}" if column.has_decimals(decimal) else f"{NAMES[OTHER[decimal]]} between thousands"
    return f"column {shown(column.name)} has {seen}"


def _seen(frame: pd.DataFrame, around: Surroundings) -> dict[Decimal, str]:
    """Return what is seen in columns whose numbers have one reading only, by their decimal mark."""
    sample = frame.head(SEARCHED)
    found: dict[Decimal, str] = {}
    typed = () if around.delimiter is None else sample.columns  # numbers that are no texts had decimal points in a file
    if (name := next((name for name in typed if has_fractions(sample[name])), None)) is not None:
        found["."] = f"column {shown(str(name))} has decimal points"
    for column in text_columns(sample.select_dtypes([object, "string", "category"])):
        decimals = possible_decimals(column.present.values(), Reading())
        if len(decimals) == 1 and np.isfinite(column.decimal_values).sum() >= (~pd.isna(column.cells)).sum() / 2:
            found.setdefault(decimals[0], _marks_of(column, decimals[0]))
    return found


def _are_of_programs(name: str, cells: "pd.Series[Any]") -> bool:
    """Return whether the first values are texts such as 2024-01-31, in a column as programs name those of dates.

    A column with another name, such as Datum or Fecha, may be of someone who writes points between thousands.
    """
    words = {word.lower() for word in WORDS.findall(name)}
    if not words & DATES_OF_PROGRAMS and not any(character in name for character in EAST_ASIAN_DATES):
        return False
    texts = cells.head(SEARCHED).dropna()
    return len(texts) > 0 and all(isinstance(text, str) and ISO_DATE.match(text) for text in texts)


def _by_steps(column: TextColumn, series: Integers | None) -> Decimal | None:
    """Return the decimal mark if neighbouring numbers show that the other mark is between thousands, otherwise None.

    They do where one of them has a mark and the other is too small for one: 978 is near 1.000 only if that is 1000.
    """
    thousands, decimal = (np.abs(column.values(mark)) for mark in (OTHER[column.mark], column.mark))
    order = np.arange(len(thousands)) if series is None else np.argsort(series, kind="stable")
    order = order[thousands[order] > 0]  # neither zero nor missing
    thousands, decimal = thousands[order], decimal[order]
    marked = thousands != decimal
    if marked.all() or not marked.any():
        return None
    if len(str(int(thousands[~marked].max()))) >= len(str(int(thousands[marked].min()))):
        return None  # who writes 1234 has no mark in 1.235
    telling = marked[1:] != marked[:-1]
    if series is not None:
        telling &= np.diff(series[order]) == 0
    steps, others = (np.abs(np.diff(np.log10(values)))[telling] for values in (thousands, decimal))
    near = len(steps) > 0 and np.median(steps) < np.log10(NEAR) and (steps < others).mean() >= MOST
    return OTHER[column.mark] if near else None
