"""Infer the frequency of a series from its dates."""

import numpy as np
import pandas as pd

from recurra.errors import InputError
from recurra.tables.arrays import Integers
from recurra.tables.dates.anchors import month_anchor, usual_time, usual_weekday
from recurra.tables.dates.date_numbers import (
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    SECONDS_PER_DAY,
    date_numbers,
    minutes_from_monday,
    most_frequent,
    weekdays_of,
)
from recurra.tables.dates.frequency import BUSINESS_DAYS, FITTING, Frequency, Slots

LAST_DATES = 100_000  # number of dates from which the frequency is inferred
HOUR, UNKNOWN = 60, 1  # minutes
RARE = 0.05  # slots with rows in a smaller fraction of the weeks are exceptions
FITTING_DAYS = 0.6  # more than half, as half of the gaps between the 1st and 15th of each month are two weeks


def infer_frequency(dates: pd.DatetimeIndex, calendar: str | None = None) -> Frequency:
    """Infer the frequency of most of the dates, despite gaps and holidays.

    Args:
        dates: unique dates in ascending order, [T].
        calendar: name of an exchange calendar whose sessions the dates are.

    Raises:
        InputError: there are fewer than two dates, or the gaps between them are irregular.

    >>> infer_frequency(pd.DatetimeIndex(["2024-01-31", "2024-02-29", "2024-03-31"]))
    Frequency(unit='month', every=1, at=0, anchor='day -1', slots=None, calendar=None)
    """
    if len(dates) < 2:
        raise InputError(f"the frequency of a series cannot be inferred from {len(dates)} date; give at least two.")
    dates = dates[-LAST_DATES:]
    # less than a full day, as the time of daily rows may vary
    within_days = np.median(np.diff(date_numbers(dates, "s"))) < 0.9 * SECONDS_PER_DAY
    frequency = _of_minutes(dates) if within_days else _of_days(dates)
    if calendar is None:
        return frequency
    if (frequency.unit, frequency.every) != ("day", 1):
        raise InputError(f"calendar {calendar!r} is for daily rows, and these are {frequency.name}; leave it out.")
    slots = frequency.slots or (None if (weekdays_of(dates) >= 5).any() else BUSINESS_DAYS)
    return Frequency("day", at=frequency.at, slots=slots, calendar=calendar)


def infer_frequency_of_rows(dates: pd.DatetimeIndex, calendar: str | None = None) -> Frequency:
    """Infer the frequency of rows that are numbered in place of dates; see `infer_frequency`."""
    if calendar is not None:
        raise InputError(f"calendar {calendar!r} is for daily rows, and these have no dates; leave it out.")
    if len(dates) < 2:
        raise InputError("the step between the numbers of rows cannot be inferred from 1 row; give at least two.")
    numbers = date_numbers(dates, "s")
    every, fit = _multiple(np.diff(numbers))
    if fit < FITTING_DAYS:
        raise InputError(
            f"the numbers of rows, such as {numbers[0]}, {numbers[1]}, are irregular; expected them in even steps, "
            "such as 1, 2, 3."
        )
    return Frequency("row", every)


def _of_minutes(dates: pd.DatetimeIndex) -> Frequency:
    gaps = np.diff(date_numbers(dates, "s")) / 60
    every = round(most_frequent(gaps)) or round(float(np.median(gaps)))
    if every < 1:
        raise InputError("rows are less than a minute apart; the shortest supported frequency is one minute.")
    slots = _slots_of_minutes(dates, every)
    if slots is None:
        steps = gaps / every
        if np.mean((np.abs(steps - steps.round()) <= 0.1) & (steps > 0.5)) < FITTING:
            raise _unknown(dates)
    return Frequency("minute", every, slots=slots)


def _of_days(dates: pd.DatetimeIndex) -> Frequency:
    days = date_numbers(dates, "D")
    gaps = np.diff(days)
    at = usual_time(dates)
    every, fit = _multiple(gaps)
    if np.median(gaps) < 7:
        slots = _slots_of_days(dates)
        if slots is None and every > 1 and fit >= FITTING_DAYS:
            return Frequency("day", every, at)
        if slots is None and np.median(gaps) > 3:  # gaps of three days span weekends
            raise _unknown(dates)
        return Frequency("day", at=at, slots=slots)
    if every == 7:  # rows moved by a holiday stay in their weeks
        fit = _multiple(np.diff(Frequency("week", anchor=usual_weekday(dates))._periods(dates)))[1]
    if every == 14 and fit < 1 and len(np.unique(dates.day)) == 2:  # such as the 1st and the 15th of each month
        raise _unknown(dates)
    months, of_months = _multiple(np.diff(date_numbers(dates, "M")))
    if fit < FITTING_DAYS and of_months < FITTING_DAYS:
        raise _unknown(dates)
    anchor, anchored = month_anchor(dates) if of_months >= fit else ("", 0.0)
    # third Fridays are mostly 28 days apart, like every fourth week
    if fit < FITTING_DAYS or fit <= of_months * anchored:
        return Frequency("month", months, at, anchor)
    if every % 7:
        return Frequency("day", every, at)
    return Frequency("week", every // 7, at, usual_weekday(dates))


def _multiple(gaps: Integers) -> tuple[int, float]:
    """Return the most frequent nonzero gap, and the fraction of gaps that are its multiples.

    The fraction is 0 if less than half of the gaps are equal to it.
    """
    positive = gaps[gaps > 0]
    if not len(positive):
        return 1, 0.0
    every = int(most_frequent(positive))
    if np.mean(gaps == every) < FITTING:
        return every, 0.0
    return every, float(np.sum(positive % every == 0) / len(gaps))


def _slots_of_days(dates: pd.DatetimeIndex) -> Slots | None:
    """Return the weekdays that have rows.

    Five or more daily rows, none at a weekend, are business days unless four weeks or more show otherwise: within fewer
    weeks, Christmas and New Year empty the same weekday.
    """
    days = minutes_from_monday(dates.normalize())
    weeks = (days[-1] - days[0] + MINUTES_PER_DAY) / MINUTES_PER_WEEK
    business = (
        len(days) >= 5 and most_frequent(np.diff(days)) == MINUTES_PER_DAY and bool((weekdays_of(dates) < 5).all())
    )
    found = _occupied(days, weeks, MINUTES_PER_WEEK, MINUTES_PER_DAY) if weeks >= (4 if business else 2) else None
    if found is not None:
        return _runs(found, MINUTES_PER_DAY)
    return BUSINESS_DAYS if business else None


def _slots_of_minutes(dates: pd.DatetimeIndex, every: int) -> Slots | None:
    """Return the times of the week that have rows; for less than two weeks, infer them from the times of day."""
    if (date_numbers(dates, "s") % 60).any():
        return None  # times that vary by seconds have no slots
    minutes = _by_last_clock(minutes_from_monday(dates))
    weeks = (minutes[-1] - minutes[0] + every) / MINUTES_PER_WEEK
    if weeks >= 2:
        found = _occupied(minutes, weeks, MINUTES_PER_WEEK, every)
        return None if found is None else _runs(found, every)
    days = np.unique(minutes // MINUTES_PER_DAY)
    times = _occupied(minutes, len(days), MINUTES_PER_DAY, every) if len(days) >= 3 else None
    if times is None:
        return None
    weekdays = 5 if len(days) >= 5 and (days % 7 < 5).all() else 7
    return _runs((np.arange(weekdays)[:, None] * MINUTES_PER_DAY + times).ravel(), every)


def _by_last_clock(minutes: Integers) -> Integers:
    """Return times in minutes after a Monday 00:00 as the clock of the last week shows them, [T].

    The hours of an exchange are an hour earlier in UTC in weeks in which its clocks are an hour ahead. Such are weeks
    whose first and last times of day are both an hour from those of most weeks; in other weeks, clocks are not turned.
    """
    days, starts = np.unique(minutes // MINUTES_PER_DAY, return_index=True)
    opened, closed = (
        minutes[starts] % MINUTES_PER_DAY,
        minutes[np.append(starts[1:], len(minutes)) - 1] % MINUTES_PER_DAY,
    )
    weeks, starts = np.unique(days // 7, return_index=True)
    first, last = np.minimum.reduceat(opened, starts), np.maximum.reduceat(closed, starts)
    usual_first, usual_last = divmod(int(most_frequent(first * MINUTES_PER_DAY + last)), MINUTES_PER_DAY)
    ahead = np.where(first == usual_first, 0, UNKNOWN)
    ahead[(first == usual_first - HOUR) & (last <= usual_last - HOUR)] = -HOUR  # the last day may not be complete
    ahead[(first >= usual_first + HOUR) & (last == usual_last + HOUR)] = HOUR
    ahead = ahead[np.maximum.accumulate(np.where(ahead == UNKNOWN, 0, np.arange(len(weeks))))]
    ahead[ahead == UNKNOWN] = 0
    if len(np.unique(ahead)) != 2:
        return minutes
    of_rows = ahead[np.searchsorted(weeks, minutes // MINUTES_PER_WEEK)]
    return np.asarray(minutes - of_rows + ahead[-1])


def _occupied(minutes: Integers, periods: float, length: int, step: int) -> Integers | None:
    """Return the times within a period that have rows; None if all have, or if others may be empty by chance.

    Args:
        minutes: times of the rows, in minutes after a Monday 00:00.
        periods: number of periods from the first row to the last.
        length: length of a period in minutes.
        step: minutes between rows.
    """
    found, seen = np.unique(minutes % length, return_counts=True)
    usual = seen >= RARE * periods
    found, seen, total = found[usual], seen[usual], length // step
    if not len(found) or len(found) >= total:
        return None
    once, twice = int((seen == 1).sum()), int((seen == 2).sum())
    by_chance = once * (once - 1) / (2 * (twice + 1))  # Chao (1984): estimated number of times not seen yet
    return found if total - len(found) > 3 * by_chance else None


def _runs(minutes: Integers, step: int) -> Slots:
    """Return runs of times `step` minutes apart as pairs (first, last)."""
    parts = np.split(minutes, np.flatnonzero(np.diff(minutes) != step) + 1)
    return tuple((int(part[0]), int(part[-1])) for part in parts)


def _unknown(dates: pd.DatetimeIndex) -> InputError:
    gaps, counts = np.unique(np.diff(date_numbers(dates, "s")), return_counts=True)
    most = np.argsort(-counts, kind="stable")[:3]
    found = ", ".join(f"{_distance(int(gaps[i]))} ({counts[i]} of them)" for i in most)
    return InputError(
        f"the dates are irregular: of {counts.sum()} gaps between them, the most frequent are {found}; "
        "expected one row every so many minutes, hours, days, weeks, months or years: "
        "aggregate the rows, for example to sums by week."
    )


def _distance(seconds: int) -> str:
    days, rest = divmod(seconds, SECONDS_PER_DAY)
    return f"{days} days" if not rest else str(pd.Timedelta(seconds=seconds))
