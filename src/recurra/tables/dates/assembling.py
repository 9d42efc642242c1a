"""Assemble dates of their parts: the calendar, two-digit years, and offsets from UTC."""

from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.tables.arrays import Integers
from recurra.tables.dates.date_numbers import MONDAY
from recurra.tables.dates.parts import AT_ONCE, HALVES, Parts

NANOSECOND_YEARS = (1678, 2261)  # full years that datetime64[ns] can represent
YEARS_AHEAD = 10  # how far ahead of today dates with two-digit years may lie
LONGEST_OFFSET = 15 * 60  # minutes
First = Literal["day", "month", "year"]
IN_ORDER: dict[First, dict[str, str]] = {
    "day": {"day": "first", "month": "next"},
    "month": {"month": "first", "day": "next"},
    "year": {"year": "first", "month": "next", "day": "year"},
}
NAT, NO_OFFSET = np.datetime64("NaT", "ns"), np.iinfo(np.int64).max


def assembled(parts: Parts) -> NDArray[np.datetime64]:
    """Return the dates of parts as local time, [T]; NaT where there is no such date."""
    found = np.empty(parts.length, dtype="datetime64[ns]")
    for start in range(0, parts.length, AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        year, hour, half = parts.of("year", rows), parts.of("hour", rows), parts.of("half", rows)
        month, minute, second = parts.of("month", rows), parts.of("minute", rows), parts.of("second", rows)
        clock = (hour * 60 + minute) * 60 + second
        possible = (year >= NANOSECOND_YEARS[0]) & (year <= NANOSECOND_YEARS[1]) & (month >= 1) & (month <= 12)
        possible &= (minute < 60) & (second < 60) & (clock <= 24 * 3600) & (parts.of("weekday", rows) > 0)
        if "half" in parts:
            possible &= (half == 0) | ((hour >= 1) & (hour <= 12))
            hour = np.where(half > 0, hour % 12 + 12 * (half == HALVES["p"]), hour)
            clock = (hour * 60 + minute) * 60 + second
        months = np.where(possible, (year - np.int64(1970)) * 12 + month - 1, 0).astype("datetime64[M]")
        if "week" in parts:
            days, exists = _days_of_weeks(year, parts.of("week", rows), parts.of("day_of_week", rows))
        else:
            day = parts.of("day", rows)
            days = months.astype("datetime64[D]") + (day - 1)
            exists = (day >= 1) & (days.astype("datetime64[M]") == months)  # there is no 30 February
        nanoseconds = clock * np.int64(1_000_000_000) + parts.of("fraction", rows)
        found[rows] = days.astype("datetime64[ns]") + nanoseconds
        found[rows][~(possible & exists)] = NAT
    return found


def _days_of_weeks(year: Any, week: Any, day_of_week: Any) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Return the days of ISO weeks, and whether they exist: week 53 is that of few years."""
    fourths = (np.clip(year, *NANOSECOND_YEARS) - np.int64(1970)).astype("datetime64[Y]").astype("datetime64[D]") + 3
    days_since = fourths.astype(np.int64)  # week 1 has 4 January
    mondays = (days_since - (days_since - MONDAY) % 7 + 7 * (week - 1)).astype("datetime64[D]")
    years = (mondays + 3).astype("datetime64[Y]").astype(np.int64) + 1970  # that of the week's Thursday
    return mondays + (day_of_week - 1), (week >= 1) & (years == year)


def in_order(parts: Parts, first: First) -> Parts:
    """Return the parts of dates such as 01/02/20, of which the day, the month or the year comes first."""
    return Parts(parts.length, parts | {part: parts[name] for part, name in IN_ORDER[first].items()})


def with_century(parts: Parts, latest: int | None = None) -> tuple[Parts, tuple[int, int] | None]:
    """Return parts whose two-digit years are full ones, and the first and last of these; None if there are none.

    The years are those without the longest gap between them, such as 1998 to 2003, in the last century in which none of
    them is later than `latest`.

    Args:
        parts: the parts of dates.
        latest: the last possible year; None: 10 years after the current one.
    """
    short = np.asarray(parts.of("digits") == 2) & (parts["year"] >= 0)
    if not short.any():
        return parts, None
    latest = datetime.now(UTC).year + YEARS_AHEAD if latest is None else latest
    years = np.flatnonzero(np.bincount(parts["year"][short], minlength=100)[:100])
    gaps = np.diff(years, append=years[0] + 100)
    last = int(years[gaps.argmax()])  # before the longest gap
    last += (latest - last) // 100 * 100
    full = last - (last - parts["year"]) % 100
    known = parts | {"year": np.where(short, full, parts["year"]).astype(np.int32)}
    return Parts(parts.length, known), (int(full[short].min()), last)


def offsets(parts: Parts) -> NDArray[np.int64] | None:
    """Return the offsets from UTC in minutes, [T]; None if none has one, and a large number where it is missing."""
    if "sign" not in parts and "utc" not in parts:
        return None
    given = np.asarray((parts.of("sign") != 0) | (parts.of("utc") > 0))
    minutes: Integers = parts.of("sign") * (parts.of("zone_hour") * np.int64(60) + parts.of("zone_minute"))
    possible = given & (np.abs(minutes) <= LONGEST_OFFSET)
    return np.where(possible, minutes, NO_OFFSET)
