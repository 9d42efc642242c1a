"""Time zones: how dates with offsets from UTC are kept, and how dates are shown to whoever gave them.

Dates are kept without a zone. Rows a day or more apart and bars of an exchange follow the clock of a place: they are
kept in local time. Rows around the clock follow time itself, as an hour is repeated or left out where a clock is
turned: they are kept in UTC.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.tables.dates.date_numbers import date_numbers, date_text, most_frequent
from recurra.tables.dates.numbered import UNIX
from recurra.tables.form import Form

PLACES = (  # of zones with the same offsets, the one with most people
    "Europe/Berlin", "America/New_York", "Europe/London", "America/Chicago", "America/Los_Angeles", "America/Denver",
    "Europe/Helsinki", "Australia/Sydney", "Pacific/Auckland", "America/Halifax", "America/St_Johns",
    "America/Anchorage", "Australia/Adelaide", "America/Sao_Paulo", "America/Santiago", "America/Asuncion",
    "Asia/Jerusalem", "Asia/Beirut", "Asia/Tehran", "Africa/Cairo", "Africa/Casablanca", "Europe/Moscow",
    "Europe/Istanbul", "America/Mexico_City", "Atlantic/Azores",
)  # fmt: skip
NAME = re.compile(r"[+-]\d\d:\d\d|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII)
FIXED = re.compile(r"[+-]|UTC$")
HOUR, DAY, WEEK = (np.timedelta64(days, "h").astype("timedelta64[ns]") for days in (1, 24, 168))
LAST_DATES = 100_000  # number of dates from which it is seen whether rows follow a clock
FEW = 200  # number of dates with which most zones are ruled out

Dates = NDArray[np.datetime64]


@dataclass(frozen=True)
class Zoned:
    """Dates as they are kept.

    Attributes:
        dates: the dates, in UTC if `instants`, otherwise in local time, [T].
        zone: name of the zone, such as "Europe/Berlin", "UTC" or "+02:00"; None if it is not known.
        instants: whether the dates are in UTC.
    """

    dates: Dates
    zone: str | None
    instants: bool = False


def is_zone(name: str) -> bool:
    """Return whether there is a time zone of this name, such as "Europe/Berlin", "UTC" or "+02:00"."""
    if not NAME.fullmatch(name):
        return False
    try:
        pd.DatetimeIndex([]).tz_localize(name)
    except Exception:  # pandas raises errors of several packages
        return False
    return True


def zoned(dates: pd.DatetimeIndex, form: Form) -> "pd.Index[Any]":
    """Return the dates of a table as whoever gave it knows them: with their zone, or as numbers of rows.

    A local time that a clock shows twice is the second one; one that it leaves out is an hour later.

    >>> hours = pd.DatetimeIndex(["2022-10-30 00:00", "2022-10-30 01:00"])
    >>> zoned(hours, Form(zone="Europe/Berlin", instants=True)).astype(str).tolist()
    ['2022-10-30 02:00:00+02:00', '2022-10-30 02:00:00+01:00']
    """
    if form.date_unit == "rows":
        return pd.Index(date_numbers(dates, "s"))
    if form.zone is None:
        return dates
    if form.instants:
        return dates.tz_localize("UTC").tz_convert(form.zone)
    second = np.zeros(len(dates), dtype=np.bool_)
    return dates.tz_localize(form.zone, ambiguous=second, nonexistent="shift_forward")


def shown_date(date: pd.Timestamp, form: Form) -> str:
    """Format a date of a table; the time of day is omitted if it is midnight.

    >>> shown_date(pd.Timestamp("2022-10-30 01:00"), Form(zone="Europe/Berlin", instants=True))
    '2022-10-30 02:00:00+01:00'
    """
    if form.instants or form.date_unit == "rows":
        return str(zoned(pd.DatetimeIndex([date]), form)[0])
    return date_text(date)


def local(dates: pd.DatetimeIndex, form: Form) -> "pd.Index[Any]":
    """Return the dates of a table in local time without a zone, or as numbers of rows."""
    if form.instants:
        return pd.DatetimeIndex(zoned(dates, form)).tz_localize(None)
    return zoned(dates, form) if form.date_unit == "rows" else dates


def kept(dates: Dates, utc: Dates, zone: str | None) -> Zoned:
    """Return dates with offsets from UTC as they are kept.

    Args:
        dates: local times, [T].
        utc: the same in UTC, [T].
        zone: name of the zone; None if only the offsets are known.
    """
    offsets = np.unique(dates - utc)
    if zone is None and len(offsets) == 1:
        return Zoned(dates, _name(offsets[0]))
    zone = zone or _place(dates, utc)
    moments = np.unique(utc[-LAST_DATES:])
    gaps = np.diff(moments)
    if not len(gaps) or np.median(gaps) >= 0.9 * DAY:
        return Zoned(dates, zone)
    if zone is None:
        return Zoned(utc, "UTC")
    if _around_the_clock(moments, zone, np.timedelta64(int(most_frequent(gaps.astype(np.int64))), "ns")):
        return Zoned(utc, zone, True)
    return Zoned(dates, zone)


def kept_as(earlier: Form, dates: Dates, utc: Dates, *, by_clock: bool) -> Zoned:
    """Return newer dates with offsets from UTC as those of an earlier table.

    Args:
        earlier: how the earlier table was read.
        dates: local times, [T].
        utc: the same in UTC, [T].
        by_clock: whether rows are known to follow a clock, such as daily ones, or bars of an exchange.
    """
    if earlier.zone is None:
        return Zoned(utc if earlier.date_unit in UNIX else dates, None)
    if earlier.instants:
        return Zoned(utc, earlier.zone, True)
    there = _local(utc, earlier.zone)
    if by_clock and (np.abs(dates - there) == HOUR).any() and FIXED.match(earlier.zone):
        return Zoned(
            dates, kept(dates, utc, None).zone
        )  # the earlier table showed the offset of summer or winter alone
    return Zoned(there, earlier.zone)


def instants_of(dates: Dates, zone: str) -> Dates:
    """Return local times in UTC, [T]; NaT where a clock shows a time twice or leaves it out."""
    found = pd.DatetimeIndex(dates).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    return np.asarray(found.tz_convert("UTC").tz_localize(None).to_numpy())


def _local(utc: Dates, zone: str) -> Dates:
    return np.asarray(pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(zone).tz_localize(None).to_numpy())


def _name(offset: np.timedelta64) -> str:
    """Return the name of a fixed offset, such as "+02:00"."""
    minutes = int(offset / np.timedelta64(1, "m"))
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}" if minutes else "UTC"


def _place(dates: Dates, utc: Dates) -> str | None:
    """Return the first zone that has all these offsets; None if there is none."""
    few = np.linspace(0, len(utc) - 1, min(FEW, len(utc))).astype(np.int64)
    return next(
        (
            place
            for place in PLACES
            if (_local(utc[few], place) == dates[few]).all() and (_local(utc, place) == dates).all()
        ),
        None,
    )


def _around_the_clock(utc: Dates, zone: str, step: np.timedelta64) -> bool:
    """Return whether rows are usual at the time of the week at which the clocks of a zone are turned.

    Args:
        utc: dates in ascending order, [T].
        zone: name of the zone.
        step: usual time between rows.
    """
    last = utc[-1].astype("datetime64[h]").astype("datetime64[ns]")
    hours = np.arange(last - 53 * WEEK, last + 53 * WEEK, HOUR)
    offsets = _local(hours, zone) - hours
    turns = np.flatnonzero(np.diff(offsets))
    places = (_local(utc, zone) - np.datetime64("1970-01-05")) % WEEK
    for turn in turns:
        begin, end = (hours[turn] + 1 * HOUR + offset for offset in sorted(offsets[turn : turn + 2]))
        after = (places - (begin - step - np.datetime64("1970-01-05")) % WEEK) % WEEK
        if (after < end - begin + 2 * step).any():
            return True
    return False
