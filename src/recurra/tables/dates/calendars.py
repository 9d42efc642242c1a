"""Sessions of exchanges: the days on which an exchange is open."""

import difflib
import warnings
from functools import lru_cache

import numpy as np
import pandas as pd

from recurra.errors import InputError

SAME_SESSIONS = {"XSHE": "XSHG"}  # Shenzhen and Shanghai have the same sessions
LONGEST_BREAK = 40  # maximum number of days between two sessions of an exchange


def sessions(calendar: str, first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
    """Return the sessions from day `first` to day `last`, inclusive.

    Args:
        calendar: name of an exchange calendar, such as "XNYS".
        first: the first day, at midnight.
        last: the last day, at midnight.

    Raises:
        InputError: the calendar does not exist or does not cover these days, or exchange-calendars is not installed.
    """
    name = _package_name(calendar)
    try:
        try:
            found = _between(name, pd.Timestamp(first.year, 1, 1), pd.Timestamp(last.year, 12, 31))
        except ValueError:  # a calendar may start or end within a year
            found = _between(name, first, last)
    except ValueError as error:
        raise InputError(
            f"calendar {calendar!r} does not cover the days from {first.date()} to {last.date()} "
            f"({' '.join(str(error).split())}); leave calendar out."
        ) from error
    begin, end = found.searchsorted(np.array([first, last + pd.Timedelta(days=1)], dtype="datetime64[ns]"))
    return found[begin:end]


def next_sessions(calendar: str, last: pd.Timestamp, count: int) -> pd.DatetimeIndex:
    """Return the `count` sessions after the day of `last`.

    Raises:
        InputError: as for `sessions`.
    """
    begin = last.normalize() + pd.Timedelta(days=1)
    if 2 * count > (pd.Timestamp.max - begin).days - LONGEST_BREAK:
        raise InputError(f"the {count:,} sessions after {last.date()} would end later than the year 2261; take fewer.")
    try:
        found = sessions(calendar, begin, begin + pd.Timedelta(days=2 * count + LONGEST_BREAK))
    except InputError:  # the calendar may end with the year
        found = sessions(calendar, begin, pd.Timestamp(begin.year, 12, 31))
        if len(found) < count:
            raise
    return found[:count]


def _package_name(calendar: str) -> str:
    """Return the name of a calendar in exchange-calendars; InputError if there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about versions of other packages
            import exchange_calendars
    except ImportError:
        raise InputError(
            f"calendar {calendar!r} needs exchange-calendars: pip install 'recurra[market]', or leave calendar out."
        ) from None
    known = exchange_calendars.get_calendar_names()
    name = SAME_SESSIONS.get(calendar, calendar)
    if name not in known:
        near = difflib.get_close_matches(calendar.upper(), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "examples are XSHG, XSHE, XHKG, XNYS."
        raise InputError(f"there is no calendar {calendar!r}; {hint}")
    return name


@lru_cache(maxsize=64)
def _between(name: str, first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
    import exchange_calendars

    found = exchange_calendars.get_calendar(name, start=first, end=last).sessions
    return pd.DatetimeIndex(found.tz_localize(None))
