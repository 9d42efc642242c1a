"""The frequency of a series: the time between rows, the season, and the dates that come next."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd

from recurra.errors import InputError
from recurra.tables.arrays import Integers, ranges
from recurra.tables.dates.anchors import days_of_months, month_anchor, share_at_anchor, usual_time, usual_weekday
from recurra.tables.dates.calendars import next_sessions, sessions
from recurra.tables.dates.date_numbers import (
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    MONDAY,
    SECONDS_PER_DAY,
    WEEKDAYS,
    date_numbers,
    dates_of_seconds,
    minutes_from_monday,
    weekdays_of,
)

Unit = Literal["minute", "day", "week", "month", "row"]
Slots = tuple[tuple[int, int], ...]

BUSINESS_DAYS: Slots = ((0, 4 * MINUTES_PER_DAY),)
NAMES: dict[tuple[Unit, int], str] = {
    ("minute", 1): "every minute",
    ("minute", 60): "hourly",
    ("day", 1): "daily",
    ("week", 1): "weekly",
    ("month", 1): "monthly",
    ("month", 3): "quarterly",
    ("month", 12): "yearly",
    ("row", 1): "numbered",
}
ALWAYS_ABSENT, ABSENT_PER_ROW = 1_000_000, 10  # dates that may be absent: of any series, and for each of its rows
FITTING = 0.5  # minimum fraction of gaps or dates that fit a frequency


@dataclass(frozen=True)
class Frequency:
    """The time between the rows of a series.

    Args:
        unit: unit of the time between rows.
        every: number of units between rows; quarterly rows have unit "month" and every 3.
        at: usual time of day in seconds after midnight, for rows a day or more apart.
        anchor: position of a row in its week or month. "Fri": on Friday. "day 30": on day 30, or on the last day of a
            shorter month. "day -1": on the last day. "business day 1" and "business day -1": on the first and last day
            from Monday to Friday. "Fri 3" and "Fri -1": on the third and last Friday. None: as the previous row.
        slots: the times of the week that have rows, as pairs (first, last) in minutes after Monday 00:00; within a
            pair, times are `every` minutes or one day apart. None: all times.
        calendar: name of an exchange calendar, such as "XSHG"; the rows are its sessions.

    >>> Frequency("month", every=3, anchor="day -1").name
    'quarterly'
    >>> Frequency("month", anchor="day -1").next_dates(pd.Timestamp("2024-01-31"), 2).strftime("%Y-%m-%d").tolist()
    ['2024-02-29', '2024-03-31']
    """

    unit: Unit
    every: int = 1
    at: int = 0
    anchor: str | None = None
    slots: Slots | None = None
    calendar: str | None = None

    @property
    def name(self) -> str:
        """Name of the frequency, such as "daily", "hourly" or "every 2 weeks"."""
        if self.calendar is not None or (self.unit == "day" and self.slots == BUSINESS_DAYS):
            return "business-daily"
        for unit, size, word in (("minute", 60, "hours"), ("month", 12, "years")):
            if self.unit == unit and self.every > size and self.every % size == 0:
                return f"every {self.every // size} {word}"
        return NAMES.get((self.unit, self.every), f"every {self.every} {self.unit}s")

    @property
    def rows(self) -> str:
        """Rows of this frequency in words, such as "daily rows" or "rows every 2 weeks"."""
        return f"rows {self.name}" if self.name.startswith("every ") else f"{self.name} rows"

    @property
    def minutes(self) -> int:
        """Number of minutes between rows; 0 if rows are a day or more apart."""
        return self.every if self.unit == "minute" else 0

    @property
    def days(self) -> float:
        """Approximate number of days between rows."""
        return self.every * {"minute": 1 / 1440, "day": 1.0, "week": 7.0, "month": 30.44, "row": 1 / 86400}[self.unit]

    @property
    def season(self) -> int:
        """Number of rows in the usual season: a week of daily rows, a year of monthly rows, a day of hourly rows.

        1 (no season) if a year is not a whole number of rows, or rows have no dates.
        """
        if self.slots is not None:
            _, rows = np.unique(
                self._slots // (MINUTES_PER_DAY if self.unit == "minute" else MINUTES_PER_WEEK), return_counts=True
            )
            return int(np.bincount(rows).argmax())
        if self.unit == "row":
            return 1
        if self.unit == "minute":
            return max(MINUTES_PER_DAY // self.every, 1)
        if self.unit == "day":
            # rows 2 to 4 days apart have no season: a year of them would be longer than most such series
            return 7 if self.every == 1 else max(round(365 / self.every), 1) if self.every >= 5 else 1
        if self.unit == "week":
            return max(round(52 / self.every), 1)
        return 12 // self.every if 12 % self.every == 0 else 1

    @property
    def long_season(self) -> int | None:
        """Number of rows in a week of rows that are less than a day apart; None if they are not, or miss times."""
        is_part_of_day = self.unit == "minute" and self.slots is None and MINUTES_PER_DAY % self.every == 0
        return 7 * self.season if is_part_of_day and self.season > 1 else None

    def next_dates(self, last: pd.Timestamp, count: int) -> pd.DatetimeIndex:
        """Return the `count` dates after `last`.

        Raises:
            InputError: the exchange calendar does not exist or does not reach that far, or the dates would be later
                than 2261.
        """
        return _next_dates(self, last, count)

    def phases(self, dates: pd.DatetimeIndex, season: int) -> Integers:
        """Return the place of each date in its season, from 0 to season - 1; rows a season apart have the same."""
        if self.calendar is not None or (self.unit == "day" and self.slots == BUSINESS_DAYS):
            weeks, weekdays = np.divmod(date_numbers(dates, "D") - MONDAY + 1, 7)  # some exchanges open on Sundays
            return (5 * weeks + weekdays) % season
        if self.slots is not None:
            return self._number_of_slot(dates, "left") % season
        frequency = self.like(dates) if self.unit == "week" and self.anchor is None else self
        return frequency._periods(dates) // self._step % season

    def absent(self, dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """Return the dates that are missing between the first and the last date.

        A week or month with a row on any of its days is not absent. If there are slots, days without any row are not
        absent, nor are times before the first or after the last row of a day: exchanges and shops have holidays and
        close early. With a calendar, absent sessions are exact.

        Raises:
            InputError: so many dates are absent that they cannot be meant; see `check_absent`.
        """
        if len(dates) < 2:
            return dates[:0]
        frequency = self if self.calendar is not None else self.like(dates)
        return frequency.absent_between(dates, np.zeros(1, dtype=np.int64))[0]

    def absent_between(self, dates: pd.DatetimeIndex, starts: Integers) -> tuple[pd.DatetimeIndex, Integers]:
        """Return the absent dates of series that stand one after another, and the row before each of these dates.

        Args:
            dates: dates of the series, all with the anchor and the time of day of this frequency, [T].
            starts: the first row of each series, [S].

        Raises:
            InputError: see `absent`.
        """
        step, last = self._step, len(dates) - 1
        if last < 1 or (self.slots is not None and self.unit == "day" and self.calendar is None):
            return dates[:0], starts[:0]
        if self.calendar is not None:
            step, days = 1, dates.normalize()
            known = sessions(self.calendar, days.min(), days.max())
            first = known.searchsorted(days[:-1], "right")
            missed = known.searchsorted(days[1:], "left") - first
        elif self.slots is not None:
            step, first = 1, self._number_of_slot(dates[:-1], "right")
            missed = self._number_of_slot(dates[1:], "left") - first
            missed[np.diff(date_numbers(dates, "D")) > 0] = 0
        elif self.unit == "minute" and len(starts) == 1 and _seconds_between(dates) == step * last:
            return dates[:0], starts[:0]  # a fast path for millions of rows
        else:
            periods = self._periods(dates)
            first = periods[:-1] + step
            missed = -((step - 2 * np.diff(periods)) // (2 * step)) - 1  # a row may be half a step late
        missed = np.maximum(missed, 0)
        missed[starts[1:] - 1] = 0
        self.check_absent(int(missed.sum()), len(dates))
        before = np.flatnonzero(missed)
        first, missed = first[before], missed[before]
        numbers = np.repeat(first, missed) + step * ranges(missed)
        if self.calendar is not None:
            found = known[numbers] + pd.Timedelta(seconds=self.at)
        else:
            found = self._dates(numbers) if self.slots is None else self._of_slots(numbers)
        return found, np.repeat(before, missed)

    def check_absent(self, count: int, rows: int) -> None:
        """Raise an InputError if there are more absent dates than 10 for each row and 1,000,000."""
        if count > max(ABSENT_PER_ROW * rows, ALWAYS_ABSENT):
            raise InputError(
                f"the rows are {self.name}, and {count:,} dates are absent between them, more than {ABSENT_PER_ROW} "
                f"for each of {rows:,} rows; correct the dates, or aggregate the rows, for example to sums by day."
            )

    def like(self, dates: pd.DatetimeIndex) -> "Frequency":
        """Return this frequency with the weekday, the day of the month and the time of day of these dates.

        All series of a table have the same frequency, but not necessarily the same anchor.
        """
        if self.unit in {"minute", "row"}:
            return self
        anchor = self.anchor
        if self.unit == "week" and (anchor is None or np.mean(weekdays_of(dates) == WEEKDAYS.index(anchor)) < FITTING):
            anchor = usual_weekday(dates)
        if self.unit == "month" and (anchor is None or share_at_anchor(dates, anchor) < FITTING):
            anchor = month_anchor(dates)[0]
        return replace(self, at=usual_time(dates), anchor=anchor)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        if data["unit"] not in get_args(Unit) or data["every"] < 1:
            raise ValueError(f"no frequency: every {data['every']!r} {data['unit']!r}")
        slots = tuple((int(first), int(last)) for first, last in data["slots"] or ())
        return cls(**{**data, "slots": slots or None})

    @property
    def _step(self) -> int:
        """Difference between the `_periods` of consecutive rows."""
        return self.every * 60 if self.unit == "minute" else self.every

    def _periods(self, dates: pd.DatetimeIndex) -> Integers:
        """Return the number of each date's second, day, week or month."""
        if self.unit in {"minute", "row"}:
            return date_numbers(dates, "s")
        if self.unit == "month":
            return date_numbers(dates, "M")
        days = date_numbers(dates, "D")
        # a week is the usual weekday ± 3 days, so that a row moved by a holiday stays in its week
        return days if self.unit == "day" else (days - self._weekday + 3) // 7

    def _dates(self, periods: Integers) -> pd.DatetimeIndex:
        """Return the dates of rows in these periods; the inverse of `_periods`."""
        if self.unit in {"minute", "row"}:
            return dates_of_seconds(periods)
        if self.unit == "month":
            days = days_of_months(periods, str(self.anchor)).astype(np.int64)
        else:
            days = periods if self.unit == "day" else 7 * periods + self._weekday
        return dates_of_seconds(days * SECONDS_PER_DAY + self.at)

    @property
    def _weekday(self) -> int:
        return MONDAY + WEEKDAYS.index(str(self.anchor))

    @cached_property
    def _slots(self) -> Integers:
        """All slots of a week, in minutes after Monday 00:00."""
        step = self.every if self.unit == "minute" else MINUTES_PER_DAY
        return np.concatenate([np.arange(first, last + 1, step, dtype=np.int64) for first, last in self.slots or ()])

    def _of_slots(self, numbers: Integers) -> pd.DatetimeIndex:
        """Return the dates of slots, numbered from the first slot of the week of 1970-01-05."""
        weeks, places = np.divmod(numbers, len(self._slots))
        minutes = weeks * MINUTES_PER_WEEK + self._slots[places] + MONDAY * MINUTES_PER_DAY
        return dates_of_seconds(minutes * 60 + self.at)

    def _number_of_slot(self, dates: pd.DatetimeIndex, side: Literal["left", "right"]) -> Integers:
        """Return the number of the first slot at or after each date ("left"), or after it ("right")."""
        weeks, places = np.divmod(minutes_from_monday(dates), MINUTES_PER_WEEK)
        return weeks * len(self._slots) + self._slots.searchsorted(places, side=side)


def _seconds_between(dates: pd.DatetimeIndex) -> int:
    """Return the number of seconds from the first date to the last."""
    return int(np.diff(date_numbers(dates[[0, -1]], "s"))[0])


@lru_cache(maxsize=4096)  # many series end on the same date
def _next_dates(frequency: Frequency, last: pd.Timestamp, count: int) -> pd.DatetimeIndex:
    if frequency.calendar is not None:
        return next_sessions(frequency.calendar, last, count) + pd.Timedelta(seconds=frequency.at)
    dates = pd.DatetimeIndex([last])
    if frequency.slots is not None:
        day = dates if frequency.unit == "minute" else dates.normalize()
        return frequency._of_slots(frequency._number_of_slot(day, "right") + np.arange(count))
    if frequency.unit in {"week", "month"} and frequency.anchor is None:
        frequency = frequency.like(dates)
    return frequency._dates(frequency._periods(dates) + frequency._step * np.arange(1, count + 1))
