"""Absent and next dates of many series at once: one by one only where weekday, day or time are not the shared ones."""

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
    made_of_anchor = frequency.slots is None and frequency.calendar is None
    shared = _share_anchor(frequency, dates, starts) if made_of_anchor else np.ones(len(starts), dtype=np.bool_)
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


def next_dates(frequency: Frequency, dates: pd.DatetimeIndex, starts: Integers, count: int) -> pd.DatetimeIndex:
    """Return the `count` dates after the last one of each series, one series after another, [S · count].

    Args:
        frequency: the time between the rows of all series.
        dates: ascending dates of the series, which stand one after another, [T].
        starts: the first row of each series, [S].
        count: number of dates of each series.

    Raises:
        InputError: see `Frequency.next_dates`.
    """
    stops = np.append(starts[1:], len(dates))
    shared = _share_anchor(frequency, dates, starts)
    found = np.empty((len(starts), count), dtype="datetime64[ns]")
    ends, places = np.unique(dates.to_numpy()[stops[shared] - 1], return_inverse=True)  # many end on the same date
    if len(ends):
        following = [frequency.next_dates(end, count).to_numpy() for end in pd.DatetimeIndex(ends)]
        found[shared] = np.stack(following)[places]
    for place in np.flatnonzero(~shared).tolist():
        own = dates[starts[place] : stops[place]]
        found[place] = frequency.like(own).next_dates(own[-1], count).to_numpy()
    return pd.DatetimeIndex(found.ravel())


def _share_anchor(frequency: Frequency, dates: pd.DatetimeIndex, starts: Integers) -> NDArray[np.bool_]:
    """Return which series surely have the weekday, the day of the month and the time of day of the frequency, [S]."""
    if frequency.unit in {"minute", "row"}:
        return np.ones(len(starts), dtype=np.bool_)
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
