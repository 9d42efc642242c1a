"""Absent dates of many series at once: series by series only where the weekday, day or time is not the shared one."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.tables.arrays import Integers
from recurra.tables.dates.anchors import at_anchor
from recurra.tables.dates.date_numbers import SECONDS_PER_DAY, WEEKDAYS, date_numbers, weekdays_of
from recurra.tables.dates.frequency import FITTING, Frequency


def absent_dates(frequency: Frequency, dates: pd.DatetimeIndex, starts: Integers) -> tuple[pd.DatetimeIndex, Integers]:
    """Return the absent dates of all series in order, and the row before each of them.

    Args:
        frequency: the time between the rows of all series.
        dates: ascending dates of the series, which stand one after another, [T].
        starts: the first row of each series, [S].

    Raises:
        InputError: so many dates are absent that they cannot be meant; see `Frequency.check_absent`.
    """
    shared = _has_shared_anchor(frequency, dates, starts)
    if shared.all():
        return frequency.absent_between(dates, starts)
    lengths = np.diff(starts, append=len(dates))
    rows = np.flatnonzero(np.repeat(shared, lengths))
    found, before = frequency.absent_between(dates[rows], np.cumsum(lengths[shared]) - lengths[shared])
    parts, places, count = [found.to_numpy()], [rows[before]], len(found)
    for start, length in zip(starts[~shared].tolist(), lengths[~shared].tolist(), strict=True):
        own = dates[start : start + length]
        found, before = frequency.like(own).absent_between(own, starts[:1])
        parts.append(found.to_numpy())
        places.append(before + start)
        count += len(found)
        frequency.check_absent(count, len(dates))
    order = np.argsort(np.concatenate(places), kind="stable")
    return pd.DatetimeIndex(np.concatenate(parts)[order]), np.concatenate(places)[order]


def _has_shared_anchor(frequency: Frequency, dates: pd.DatetimeIndex, starts: Integers) -> NDArray[np.bool_]:
    """Return which series surely have the weekday, the day of the month and the time of day of the frequency, [S]."""
    if frequency.unit == "minute" or frequency.slots is not None or frequency.calendar is not None:
        return np.ones(len(starts), dtype=np.bool_)  # no date is made of an anchor
    fitting = np.logical_and.reduceat(date_numbers(dates, "s") % SECONDS_PER_DAY == frequency.at, starts)
    if frequency.unit == "day":
        return fitting
    if frequency.anchor is None:
        return np.zeros(len(starts), dtype=np.bool_)
    if frequency.unit == "week":
        anchored = weekdays_of(dates) == WEEKDAYS.index(frequency.anchor)
    else:
        anchored = at_anchor(dates, frequency.anchor)
    return fitting & (np.add.reduceat(anchored, starts, dtype=np.int64) >= FITTING * np.diff(starts, append=len(dates)))
