"""Join dates that stand in several columns: year and month, or date and time of day."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, listed, shown
from recurra.tables.dates.assembling import NO_OFFSET, assembled, offsets, with_century
from recurra.tables.dates.forms import TIMES
from recurra.tables.dates.month_names import MONTHS
from recurra.tables.dates.one_column import Column, LocalDates, distinct_cells, holds_dates, whole
from recurra.tables.dates.parts import SAMPLED, Parts, parts_of

PARTS = {  # in their order
    "year": {"year", "yr", "yyyy", "年", "年份", "jahr", "année", "annee", "año", "ano", "anno"},
    "quarter": {"quarter", "qtr", "季", "季度", "quartal", "trimestre"},
    "month": {"month", "mon", "mm", "月", "月份", "monat", "mois", "mes", "mês", "mese"},
    "week": {"week", "周", "週", "woche", "semaine", "semana", "settimana"},
    "day": {"day", "dd", "日", "号", "tag", "jour", "día", "dia", "giorno"},
    "hour": {"hour", "hr", "hh", "时", "小时", "stunde", "heure", "hora", "ora"},
    "minute": {"minute", "min", "分", "分钟"},
    "second": {"second", "sec", "秒"},
}
BY_PLACE = ("year", "month", "day", "hour", "minute", "second")
TIME_OF_DAY = {"time", "时间", "uhrzeit", "zeit", *PARTS["hour"]}
PART = re.compile(r"\s*[第QqTtWwMm]?(\d{1,4})(?:\.0*)?\s*[年月日号时時点點分秒周週季]?度?\s*", re.ASCII)


def part_of(column: str) -> str | None:
    """Return the part of a date that a column holds by its name, such as "month"; None if it is none."""
    return next((part for part, names in PARTS.items() if column.strip().lower() in names), None)


def holds_times(values: "pd.Series[Any]") -> bool:
    """Return whether at least half of the first values of a column are times of day, such as 9:30 or 18."""
    sample = whole(values.dropna().head(SAMPLED)).to_numpy(dtype=object)
    parts = parts_of(sample, TIMES) if len(sample) else None
    return parts is not None and bool(np.mean(_times(parts) >= 0) >= 0.5)


def holds_parts(values: "pd.Series[Any]", part: str) -> bool:
    """Return whether the first values of a column are parts of dates, such as months."""
    sample = whole(values.dropna().head(SAMPLED))
    return len(sample) > 0 and all(_part(str(cell), part) >= 0 for cell in sample)


def joined(columns: Sequence[Column]) -> LocalDates:
    """Read dates that stand in several columns: a column of dates and one of times, or the parts of dates.

    The parts are those that the names of the columns say, or in the order year, month, day, hour, minute, second.

    Raises:
        InputError: a value is not a part of a date (the message gives its row), or there is no such date.
    """
    names = [column.name for column in columns]
    roles = [part_of(name) for name in names]
    first, *others = columns
    of_years = "year" in roles or holds_parts(first.values, "year")
    if len(others) == 1 and not of_years and holds_dates(first.values):
        found = _with_times(first.read(), others[0])
    else:
        if "year" not in roles or None in roles or len(set(roles)) < len(roles):
            if len(names) > len(BY_PLACE):
                raise InputError(
                    f"{first.source}: {listed(names)} are {len(names)} columns of dates; expected at most those of "
                    "year, month, day, hour, minute and second."
                )
            roles = list(BY_PLACE[: len(names)])
        found = LocalDates(_of_parts(columns, [str(role) for role in roles]))
    return replace(
        found, notes=(*found.notes, f"the dates are joined from the columns {', '.join(map(shown, names))}.")
    )


def _with_times(found: LocalDates, column: Column) -> LocalDates:
    """Return dates with the times of day of another column."""
    codes, cells = distinct_cells(whole(column.values))
    parts = parts_of(cells, TIMES)
    times = np.full(len(cells), -1) if parts is None else _times(parts)
    minutes = None if parts is None else offsets(parts)
    if codes is not None:
        times, minutes = times[codes], minutes if minutes is None else minutes[codes]
    wrong = times < 0 if minutes is None else (times < 0) | (minutes == NO_OFFSET)
    if wrong.any():
        raise column.wrong(int(wrong.argmax()), "a time of day such as 09:30", "correct or drop the row")
    local = found.local + times.astype("timedelta64[ns]")
    return replace(found, local=local, utc=None if minutes is None else local - minutes.astype("timedelta64[m]"))


def _times(parts: Parts) -> NDArray[np.int64]:
    """Return times of day in nanoseconds, [T]; -1 where there is none."""
    return np.maximum(assembled(parts).view(np.int64), -1)  # those of 1970-01-01; NaT is less


def _of_parts(columns: Sequence[Column], roles: Sequence[str]) -> NDArray[np.datetime64]:
    """Return the dates of parts in columns of their own, [T]."""
    parts = Parts(len(columns[0].frame), {})
    for column, role in zip(columns, roles, strict=True):
        codes, cells = distinct_cells(whole(column.values))
        numbers = np.array([_part(str(cell), role) for cell in cells], dtype=np.int32)
        numbers = numbers if codes is None else numbers[codes]
        if (wrong := numbers < 0).any():
            raise column.wrong(int(wrong.argmax()), f"a {role}", "correct or drop the row")
        parts["month" if role == "quarter" else role] = 3 * numbers - 2 if role == "quarter" else numbers
    parts["digits"] = np.where(parts["year"] < 100, 2, 4).astype(np.int32)
    found = assembled(with_century(parts)[0])
    if (wrong := np.isnat(found)).any():
        place = int(wrong.argmax())
        texts = ", ".join(shown(column.text(place)) for column in columns)
        raise InputError(
            f"{columns[0].source}: row {columns[0].frame.index[place]}, columns {listed([c.name for c in columns])}: "
            f"{texts} are no date; correct or drop the row."
        )
    return found


def _part(text: str, role: str) -> int:
    """Return a part of a date as a number; -1 if it is none."""
    if match := PART.fullmatch(text):
        return int(match[1])
    return MONTHS.get(text.strip().rstrip(".").lower(), -1) if role == "month" else -1
