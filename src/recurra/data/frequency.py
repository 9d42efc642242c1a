"""How often a series has a row: its season, and the dates that come next."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.data.calendar_sessions import next_sessions, sessions
from recurra.errors import InputError

Unit = Literal["minute", "day", "week", "month"]
Slots = tuple[tuple[int, int], ...]
Integers = NDArray[np.int64]

DAY, WEEK = 1440, 10080  # minutes
SECONDS_OF_A_DAY = 86400
MONDAY = 4  # day of 1970-01-05, the first Monday, counted from 1970-01-01
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
BUSINESS_DAYS: Slots = ((0, 4 * DAY),)
NAMES: dict[tuple[Unit, int], str] = {
    ("minute", 1): "every minute",
    ("minute", 60): "hourly",
    ("day", 1): "daily",
    ("week", 1): "weekly",
    ("month", 1): "monthly",
    ("month", 3): "quarterly",
    ("month", 12): "yearly",
}
LOOKED_AT = 100_000  # dates, from which the distance is told
RARE = 0.05  # of the weeks: where there are rows less often than that, they are exceptions
FITTING = 0.5  # of the gaps
FITTING_DAYS = 0.6  # more than half: on the 1st and 15th of each month, half of the gaps are of two weeks


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
            _, rows = np.unique(self._slots // (DAY if self.unit == "minute" else WEEK), return_counts=True)
            return int(np.bincount(rows).argmax())
        if self.unit == "minute":
            return max(DAY // self.every, 1)
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
        if self.unit == "minute" and np.diff(_numbers(dates[[0, -1]], "s"))[0] == step * (len(dates) - 1):
            return dates[:0]  # at once, for there may be millions of rows
        periods = frequency._periods(dates)
        gaps = np.diff(periods)
        before = np.flatnonzero(gaps > 1.5 * step)  # a row that is half a step late leaves none absent
        missed = np.ceil(gaps[before] / step - 0.5).astype(np.int64) - 1
        return frequency._dates(np.repeat(periods[before], missed) + step * (1 + _counted(missed)))

    def like(self, dates: pd.DatetimeIndex) -> "Frequency":
        """This frequency, but on the weekday, the day of the month and at the time of day that these dates have.

        Series of one table have one frequency, and need not stand on the same day.
        """
        if self.unit == "minute":
            return self
        anchor = self.anchor
        if self.unit == "week" and (anchor is None or np.mean(_weekdays(dates) == WEEKDAYS.index(anchor)) < FITTING):
            anchor = _weekday_of(dates)
        if self.unit == "month" and (anchor is None or _share(dates, anchor) < FITTING):
            anchor = _anchor(dates)[0]
        return replace(self, at=_time_of(dates), anchor=anchor)

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
            return _numbers(dates, "s")
        if self.unit == "month":
            return _numbers(dates, "M")
        days = _numbers(dates, "D")
        # a week reaches from three days before its usual day to three after, so that a row moved by a holiday is in it
        return days if self.unit == "day" else (days - self._weekday + 3) // 7

    def _dates(self, periods: Integers) -> pd.DatetimeIndex:
        """The dates of rows in such periods."""
        if self.unit == "minute":
            return _index(periods)
        if self.unit == "month":
            days = _days_of_months(periods, str(self.anchor)).astype(np.int64)
        else:
            days = periods if self.unit == "day" else 7 * periods + self._weekday
        return _index(days * SECONDS_OF_A_DAY + self.at)

    @property
    def _weekday(self) -> int:
        return MONDAY + WEEKDAYS.index(str(self.anchor))

    @cached_property
    def _slots(self) -> Integers:
        """Every slot of a week, in minutes from Monday 00:00."""
        step = self.every if self.unit == "minute" else DAY
        return np.concatenate([np.arange(first, last + 1, step, dtype=np.int64) for first, last in self.slots or ()])

    def _of_slots(self, numbers: Integers) -> pd.DatetimeIndex:
        """The dates of slots, which are numbered from the first of the week of 1970-01-05."""
        weeks, places = np.divmod(numbers, len(self._slots))
        minutes = weeks * WEEK + self._slots[places] + MONDAY * DAY
        return _index(minutes * 60 + self.at)

    def _number_of_slot(self, dates: pd.DatetimeIndex, side: Literal["left", "right"]) -> Integers:
        """The number of the first slot at each date or after it ("left"), or after it ("right")."""
        weeks, places = np.divmod(_minutes_from_monday(dates), WEEK)
        return weeks * len(self._slots) + self._slots.searchsorted(places, side=side)

    def _absent_slots(self, dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
        after = self._number_of_slot(dates[:-1], "right")
        missed = self._number_of_slot(dates[1:], "left") - after
        missed[np.diff(_numbers(dates, "D")) > 0] = 0
        missed = np.maximum(missed, 0)
        return self._of_slots(np.repeat(after, missed) + _counted(missed))


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


def infer_frequency(dates: pd.DatetimeIndex, calendar: str | None = None) -> Frequency:
    """The frequency that most of the dates have; gaps and holidays do not matter.

    Args:
        dates: ascending, each once.
        calendar: an exchange whose sessions they are.

    Raises:
        InputError: there are fewer than two dates, or none of the known frequencies fits.
    """
    if len(dates) < 2:
        raise InputError(f"how often a series has a row cannot be told from {len(dates)} date; give at least two.")
    dates = dates[-LOOKED_AT:]
    # a little less than a day, for the time of daily rows may vary
    within_days = np.median(np.diff(_numbers(dates, "s"))) < 0.9 * SECONDS_OF_A_DAY
    frequency = _of_minutes(dates) if within_days else _of_days(dates)
    if calendar is None:
        return frequency
    if (frequency.unit, frequency.every) != ("day", 1):
        raise InputError(f"calendar {calendar!r} is for daily rows, and these are {frequency.name}; leave it out.")
    slots = frequency.slots or (None if (_weekdays(dates) >= 5).any() else BUSINESS_DAYS)
    return Frequency("day", at=frequency.at, slots=slots, calendar=calendar)


def _of_minutes(dates: pd.DatetimeIndex) -> Frequency:
    gaps = np.diff(_numbers(dates, "s")) / 60
    every = round(_most_frequent(gaps)) or round(float(np.median(gaps)))
    if every < 1:
        raise InputError("rows stand less than a minute apart; the shortest distance that is known is one minute.")
    slots = _slots_of_minutes(dates, every)
    if slots is None:
        steps = gaps / every
        if np.mean((np.abs(steps - steps.round()) <= 0.1) & (steps > 0.5)) < FITTING:
            raise _unknown(dates)
    return Frequency("minute", every, slots=slots)


def _of_days(dates: pd.DatetimeIndex) -> Frequency:
    days = _numbers(dates, "D")
    gaps = np.diff(days)
    at = _time_of(dates)
    every, fit = _multiple(gaps)
    if np.median(gaps) < 7:
        slots = _slots_of_days(dates)
        if slots is None and every > 1 and fit >= FITTING_DAYS:
            return Frequency("day", every, at)
        if slots is None and np.median(gaps) > 3:  # over a weekend
            raise _unknown(dates)
        return Frequency("day", at=at, slots=slots)
    if every == 7:  # rows that a holiday moved are still in their weeks
        fit = _multiple(np.diff(Frequency("week", anchor=_weekday_of(dates))._periods(dates)))[1]
    months, of_months = _multiple(np.diff(_numbers(dates, "M")))
    if fit < FITTING_DAYS and of_months < FITTING_DAYS:
        raise _unknown(dates)
    anchor, anchored = _anchor(dates) if of_months >= fit else ("", 0.0)
    # third Fridays are 28 days apart, too, but not always
    if fit < FITTING_DAYS or fit <= of_months * anchored:
        return Frequency("month", months, at, anchor)
    if every % 7:
        return Frequency("day", every, at)
    return Frequency("week", every // 7, at, _weekday_of(dates))


def _multiple(gaps: Integers) -> tuple[int, float]:
    """The most frequent gap that is not 0, and the share of gaps that it divides, or 0 if it is not half of them."""
    positive = gaps[gaps > 0]
    if not len(positive):
        return 1, 0.0
    every = int(_most_frequent(positive))
    if np.mean(gaps == every) < FITTING:
        return every, 0.0
    return every, float(np.sum(positive % every == 0) / len(gaps))


def _anchor(dates: pd.DatetimeIndex) -> tuple[str, float]:
    """Where in their months the dates stand, and the share of them that do; a fixed day, if that is as good."""
    days = dates.day.to_numpy()
    weekdays, nth = _weekdays(dates), (days - 1) // 7 + 1
    weekday, number = divmod(int(_most_frequent(weekdays * 10 + np.minimum(nth, 4))), 10)
    candidates = [
        "day -1",
        f"day {days.max()}",  # 30 January, 28 February, 30 March
        f"day {int(_most_frequent(days))}",
        "business day -1",
        "business day 1",
        f"{WEEKDAYS[weekday]} {number}",
        f"{WEEKDAYS[int(_most_frequent(weekdays))]} -1",
    ]
    best, highest = candidates[0], -1.0
    for name in candidates:
        share = _share(dates, name)
        if share > highest:
            best, highest = name, share
        if share == 1:
            break
    return best, highest


def _share(dates: pd.DatetimeIndex, anchor: str) -> float:
    """Of the dates that stand at the anchor of their months."""
    return float(np.mean(_days_of_months(_numbers(dates, "M"), anchor).astype(np.int64) == _numbers(dates, "D")))


def _days_of_months(months: Integers, anchor: str) -> NDArray[np.datetime64]:
    """The day at the anchor of each month, which are counted from January 1970."""
    kind, number = anchor.rsplit(" ", 1)
    nth = int(number)
    first, next_first = (m.astype("datetime64[M]").astype("datetime64[D]") for m in (months, months + 1))
    if kind == "day":
        return next_first - 1 if nth < 0 else np.minimum(first + (nth - 1), next_first - 1)
    mask = "Mon Tue Wed Thu Fri" if kind == "business day" else kind
    begin, offset = (next_first, nth) if nth < 0 else (first, nth - 1)
    return np.asarray(np.busday_offset(begin, offset, roll="forward", weekmask=mask))


def _slots_of_days(dates: pd.DatetimeIndex) -> Slots | None:
    """The weekdays that have rows.

    Five rows or more, none at a weekend, are business days until four weeks show more: Christmas and New Year fall on
    the same weekday.
    """
    days = _minutes_from_monday(dates.normalize())
    weeks = (days[-1] - days[0] + DAY) / WEEK
    business = len(days) >= 5 and _most_frequent(np.diff(days)) == DAY and bool((_weekdays(dates) < 5).all())
    found = _occupied(days, weeks, WEEK, DAY) if weeks >= (4 if business else 2) else None
    if found is not None:
        return _runs(found, DAY)
    return BUSINESS_DAYS if business else None


def _slots_of_minutes(dates: pd.DatetimeIndex, every: int) -> Slots | None:
    """The times of the week that have rows; within two weeks, the times of day."""
    if (_numbers(dates, "s") % 60).any():
        return None  # times that vary by seconds are no slots
    minutes = _minutes_from_monday(dates)
    weeks = (minutes[-1] - minutes[0] + every) / WEEK
    if weeks >= 2:
        found = _occupied(minutes, weeks, WEEK, every)
        return None if found is None else _runs(found, every)
    days = np.unique(minutes // DAY)
    times = _occupied(minutes, len(days), DAY, every) if len(days) >= 3 else None
    if times is None:
        return None
    weekdays = 5 if len(days) >= 5 and (days % 7 < 5).all() else 7
    return _runs((np.arange(weekdays)[:, None] * DAY + times).ravel(), every)


def _occupied(places: Integers, periods: float, length: int, step: int) -> Integers | None:
    """The places within a period at which rows stand; None if at all, or if the empty ones may be so by chance.

    Args:
        places: of the rows, in minutes from a Monday.
        periods: how many the rows reach over.
        length: of a period, in minutes.
        step: from row to row, in minutes.
    """
    found, seen = np.unique(places % length, return_counts=True)
    usual = seen >= RARE * periods
    found, seen, total = found[usual], seen[usual], length // step
    if not len(found) or len(found) >= total:
        return None
    once, twice = int((seen == 1).sum()), int((seen == 2).sum())
    by_chance = once * (once - 1) / (2 * (twice + 1))  # Chao (1984): how many were not seen yet
    return found if total - len(found) > 3 * by_chance else None


def _runs(places: Integers, step: int) -> Slots:
    parts = np.split(places, np.flatnonzero(np.diff(places) != step) + 1)
    return tuple((int(part[0]), int(part[-1])) for part in parts)


def _unknown(dates: pd.DatetimeIndex) -> InputError:
    gaps, counts = np.unique(np.diff(_numbers(dates, "s")), return_counts=True)
    most = np.argsort(-counts, kind="stable")[:3]
    found = ", ".join(f"{_distance(int(gaps[i]))} ({counts[i]} of them)" for i in most)
    return InputError(
        f"the rows come at no regular distance: of {counts.sum()} gaps between dates the most frequent are {found}; "
        "known are every so many minutes, hours, days, weeks, months or years, with gaps: "
        "give one row for each, for example sums by week."
    )


def _distance(seconds: int) -> str:
    days, rest = divmod(seconds, SECONDS_OF_A_DAY)
    return f"{days} days" if not rest else str(pd.Timedelta(seconds=seconds))


def _weekday_of(dates: pd.DatetimeIndex) -> str:
    return WEEKDAYS[int(_most_frequent(_weekdays(dates)))]


def _time_of(dates: pd.DatetimeIndex) -> int:
    """The usual time of day, in seconds after midnight."""
    return int(_most_frequent(_numbers(dates, "s") % SECONDS_OF_A_DAY))


def _most_frequent(values: NDArray[Any]) -> float:
    if (values == values[0]).all():
        return float(values[0])
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts.argmax()])


def _counted(counts: Integers) -> Integers:
    """0, 1, .. count - 1 for each count, one after the other."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _numbers(dates: pd.DatetimeIndex, unit: Literal["s", "D", "M"]) -> Integers:
    """Seconds, days or months since 1970."""
    return dates.to_numpy().astype(f"datetime64[{unit}]").astype(np.int64)


def _weekdays(dates: pd.DatetimeIndex) -> Integers:
    """0 is Monday."""
    return np.asarray((_numbers(dates, "D") - MONDAY) % 7)


def _minutes_from_monday(dates: pd.DatetimeIndex) -> Integers:
    return np.asarray(_numbers(dates, "s") // 60 - MONDAY * DAY)


def _index(seconds: Integers) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(seconds.astype("datetime64[s]")).as_unit("ns")  # an error beyond the year 2262
