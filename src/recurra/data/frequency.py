"""How often a series has a row: its season, and the dates that come next."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd

from recurra.data.arrays import Integers
from recurra.data.calendar_sessions import next_sessions, sessions
from recurra.data.date_anchors import days_of_months, month_anchor, share_at_anchor, usual_time, usual_weekday
from recurra.data.date_numbers import (
    MINUTES_PER_DAY,
    MINUTES_PER_WEEK,
    MONDAY,
    SECONDS_PER_DAY,
    WEEKDAYS,
    date_numbers,
    dates_of_seconds,
    minutes_from_monday,
    ranges,
    weekdays_of,
)

Unit = Literal["minute", "day", "week", "month"]
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
}
FITTING = 0.5  # of the gaps


@dataclass(frozen=True)
class Frequency:
    """The distance from row to row.

    Attributes:
        unit: what the distance is counted in.
        every: how many of them there are from row to row; quarterly rows come every 3 months.
        at: the usual time of day of rows that are a day or more apart, in seconds after midnight.
        anchor: where in its week or month a row stands: "Fri"; "day 30", or the last day of a shorter month; "day -1",
            the last; "business day 1" and "business day -1", the first and last from Monday to Friday; "Fri 3" and
            "Fri -1", the third and last Friday. None: as the row that is continued.
        slots: where in a week there are rows, as runs of minutes from Monday 00:00, each from its first to its last
            in steps of `every` minutes, or of a day; None: wherever the distance leads.
        calendar: an exchange, such as "XSHG": rows are its sessions.
    """

    unit: Unit
    every: int = 1
    at: int = 0
    anchor: str | None = None
    slots: Slots | None = None
    calendar: str | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        if self.calendar is not None or (self.unit == "day" and self.slots == BUSINESS_DAYS):
            return "business-daily"
        for unit, size, word in (("minute", 60, "hours"), ("month", 12, "years")):
            if self.unit == unit and self.every > size and self.every % size == 0:
                return f"every {self.every // size} {word}"
        return NAMES.get((self.unit, self.every), f"every {self.every} {self.unit}s")

    @property
    def minutes(self) -> int:
        """Between rows, if they have times of day; else 0."""
        return self.every if self.unit == "minute" else 0

    @property
    def days(self) -> float:
        """Between rows, about."""
        return self.every * {"minute": 1 / 1440, "day": 1.0, "week": 7.0, "month": 30.44}[self.unit]

    @property
    def season(self) -> int:
        """Rows of the season that such series usually have: a week of days, a year of months, a day of hours.

        1, no season, where no number of rows is a year.
        """
        if self.slots is not None:
            _, rows = np.unique(
                self._slots // (MINUTES_PER_DAY if self.unit == "minute" else MINUTES_PER_WEEK), return_counts=True
            )
            return int(np.bincount(rows).argmax())
        if self.unit == "minute":
            return max(MINUTES_PER_DAY // self.every, 1)
        if self.unit == "day":
            # a year of rows two days apart would be a season of 183, longer than most such series can show
            return 7 if self.every == 1 else max(round(365 / self.every), 1) if self.every >= 5 else 1
        if self.unit == "week":
            return max(round(52 / self.every), 1)
        return 12 // self.every if 12 % self.every == 0 else 1

    def next_dates(self, last: pd.Timestamp, count: int) -> pd.DatetimeIndex:
        """The `count` dates after `last`.

        Raises:
            InputError: the exchange's sessions are not known so far ahead, or not at all.
        """
        return _next_dates(self, last, count)

    def absent(self, dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """The dates between the first and the last that such a series should have and this one has not.

        A week or a month is not absent if it has a row on any of its days. Where rows come on some weekdays or at some
        times only, whole days without rows are not absent, nor times before the first or after the last row of a day:
        exchanges and shops have holidays and close early. With a calendar, holidays are known.
        """
        if len(dates) < 2:
            return dates[:0]
        if self.calendar is not None:
            days = dates.normalize()
            return sessions(self.calendar, days[0], days[-1]).difference(days) + pd.Timedelta(seconds=self.at)
        if self.slots is not None:
            return self._absent_slots(dates) if self.unit == "minute" else dates[:0]
        frequency = self.like(dates)
        step = frequency._step
        if self.unit == "minute" and np.diff(date_numbers(dates[[0, -1]], "s"))[0] == step * (len(dates) - 1):
            return dates[:0]  # at once, for there may be millions of rows
        periods = frequency._periods(dates)
        gaps = np.diff(periods)
        before = np.flatnonzero(gaps > 1.5 * step)  # a row that is half a step late leaves none absent
        missed = np.ceil(gaps[before] / step - 0.5).astype(np.int64) - 1
        return frequency._dates(np.repeat(periods[before], missed) + step * (1 + ranges(missed)))

    def like(self, dates: pd.DatetimeIndex) -> "Frequency":
        """This frequency, but on the weekday, the day of the month and at the time of day that these dates have.

        Series of one table have one frequency, and need not stand on the same day.
        """
        if self.unit == "minute":
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
        """Between the `_periods` of two rows."""
        return self.every * 60 if self.unit == "minute" else self.every

    def _periods(self, dates: pd.DatetimeIndex) -> Integers:
        """The number of each date's second, day, week or month."""
        if self.unit == "minute":
            return date_numbers(dates, "s")
        if self.unit == "month":
            return date_numbers(dates, "M")
        days = date_numbers(dates, "D")
        # a week reaches from three days before its usual day to three after, so that a row moved by a holiday is in it
        return days if self.unit == "day" else (days - self._weekday + 3) // 7

    def _dates(self, periods: Integers) -> pd.DatetimeIndex:
        """The dates of rows in such periods."""
        if self.unit == "minute":
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
        """Every slot of a week, in minutes from Monday 00:00."""
        step = self.every if self.unit == "minute" else MINUTES_PER_DAY
        return np.concatenate([np.arange(first, last + 1, step, dtype=np.int64) for first, last in self.slots or ()])

    def _of_slots(self, numbers: Integers) -> pd.DatetimeIndex:
        """The dates of slots, which are numbered from the first of the week of 1970-01-05."""
        weeks, places = np.divmod(numbers, len(self._slots))
        minutes = weeks * MINUTES_PER_WEEK + self._slots[places] + MONDAY * MINUTES_PER_DAY
        return dates_of_seconds(minutes * 60 + self.at)

    def _number_of_slot(self, dates: pd.DatetimeIndex, side: Literal["left", "right"]) -> Integers:
        """The number of the first slot at each date or after it ("left"), or after it ("right")."""
        weeks, places = np.divmod(minutes_from_monday(dates), MINUTES_PER_WEEK)
        return weeks * len(self._slots) + self._slots.searchsorted(places, side=side)

    def _absent_slots(self, dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
        after = self._number_of_slot(dates[:-1], "right")
        missed = self._number_of_slot(dates[1:], "left") - after
        missed[np.diff(date_numbers(dates, "D")) > 0] = 0
        missed = np.maximum(missed, 0)
        return self._of_slots(np.repeat(after, missed) + ranges(missed))


@lru_cache(maxsize=4096)  # many series end on the same day
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
