"""How often a series has a row: its season, and the dates that come next."""

import difflib
import warnings
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd

from recurra.errors import InputError

Name = Literal["minutes", "hourly", "daily", "business-daily", "weekly", "monthly", "quarterly", "yearly"]
SEASONS: dict[Name, int] = {
    "hourly": 24,
    "daily": 7,
    "business-daily": 5,
    "weekly": 52,
    "monthly": 12,
    "quarterly": 4,
    "yearly": 1,
}
MONTHS: dict[Name, int] = {"monthly": 1, "quarterly": 3, "yearly": 12}
DAYS: dict[Name, int] = {"daily": 1, "weekly": 7}
MINUTES_OF_A_DAY = 1440
SAME_SESSIONS = {"XSHE": "XSHG"}  # Shenzhen is open when Shanghai is
DAY = 86400  # seconds
LOOKED_AT = 100_000  # dates, from which the distance is told
LONGEST_BREAK = 40  # days, between two sessions of an exchange


@dataclass(frozen=True)
class Frequency:
    """The distance from row to row.

    Attributes:
        name: what it is called.
        minutes: between rows, of "minutes" and "hourly".
        month_end: monthly, quarterly or yearly rows stand on the last day of their month.
        calendar: an exchange, such as "XSHG": rows are its sessions.
    """

    name: Name
    minutes: int = 0
    month_end: bool = False
    calendar: str | None = None

    @property
    def season(self) -> int:
        """Rows of the season that such series usually have: a week of days, a year of months, a day of hours."""
        if self.name == "minutes":
            return max(MINUTES_OF_A_DAY // self.minutes, 1)
        return SEASONS[self.name]

    def next_dates(self, last: pd.Timestamp, count: int) -> pd.DatetimeIndex:
        """The `count` dates after `last`.

        Raises:
            InputError: the exchange's sessions are not known so far ahead, or not at all.
        """
        if self.calendar is not None:
            return self._next_sessions(last, count)
        if self.name in MONTHS:
            days = [last + pd.DateOffset(months=MONTHS[self.name] * (step + 1)) for step in range(count)]
            return pd.DatetimeIndex([day + pd.offsets.MonthEnd(0) for day in days] if self.month_end else days)
        if self.name == "business-daily":
            return pd.DatetimeIndex([last + pd.offsets.BusinessDay(step + 1) for step in range(count)])
        return pd.DatetimeIndex([last + (step + 1) * self._distance for step in range(count)])

    def absent(self, dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """The dates between the first and the last that such a series should have and this one has not.

        None for business days without a calendar: exchanges have holidays.
        """
        if len(dates) < 2 or (self.name == "business-daily" and self.calendar is None):
            return dates[:0]
        if self.calendar is not None:
            expected = self._sessions(dates[0], dates[-1])
        elif self.name in MONTHS:
            count = (dates[-1].to_period("M") - dates[0].to_period("M")).n // MONTHS[self.name]
            expected = self.next_dates(dates[0], count)
        elif (dates[-1] - dates[0]) == (len(dates) - 1) * self._distance:
            return dates[:0]
        else:
            expected = pd.date_range(dates[0], dates[-1], freq=self._distance)
        return expected.difference(dates)

    @property
    def _distance(self) -> pd.Timedelta:
        """Between rows, where it is always the same."""
        return pd.Timedelta(minutes=DAYS.get(self.name, 0) * MINUTES_OF_A_DAY or self.minutes)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        if data["name"] not in get_args(Name):
            raise ValueError(f"no frequency {data['name']!r}")
        return cls(**data)

    def _next_sessions(self, last: pd.Timestamp, count: int) -> pd.DatetimeIndex:
        begin = last.normalize() + pd.Timedelta(days=1)
        try:
            sessions = self._sessions(begin, begin + pd.Timedelta(days=2 * count + LONGEST_BREAK))
        except InputError:  # holidays are known to the end of a year
            sessions = self._sessions(begin, pd.Timestamp(begin.year, 12, 31))
            if len(sessions) < count:
                raise
        return sessions[:count]

    def _sessions(self, first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex:
        """The exchange's sessions from `first` to `last`."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other packages' versions
                import exchange_calendars
        except ImportError:
            raise InputError(
                f"calendar {self.calendar!r} needs exchange-calendars: pip install 'recurra[market]', "
                "or leave calendar out."
            ) from None
        known = exchange_calendars.get_calendar_names()
        name = SAME_SESSIONS.get(str(self.calendar), self.calendar)
        if name not in known:
            near = difflib.get_close_matches(str(self.calendar).upper(), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "examples are XSHG, XSHE, XHKG, XNYS."
            raise InputError(f"there is no calendar {self.calendar!r}; {hint}")
        try:
            sessions = exchange_calendars.get_calendar(name, start=first.normalize(), end=last).sessions
        except ValueError as error:
            raise InputError(
                f"calendar {self.calendar!r} does not know the sessions from {first.date()} to {last.date()} "
                f"({' '.join(str(error).split())}); leave calendar out."
            ) from error
        return pd.DatetimeIndex(sessions.tz_localize(None))


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
    seconds = dates[-LOOKED_AT:].to_numpy().astype("datetime64[s]").astype(np.int64)
    gaps, counts = np.unique(np.diff(seconds), return_counts=True)
    usual = float(np.median(np.diff(seconds)))
    if usual >= DAY:
        frequency = _of_days(dates[-LOOKED_AT:], usual / DAY)
    else:
        frequency = _of_minutes(usual / 60, int(gaps[counts.argmax()]) / 60)
    if calendar is None:
        return frequency
    if frequency.name not in {"daily", "business-daily"}:
        raise InputError(f"calendar {calendar!r} is for daily rows, and these are {frequency.name}; leave it out.")
    return Frequency("business-daily", calendar=calendar)


def _of_minutes(median: float, most_frequent: float) -> Frequency:
    minutes = round(most_frequent) or round(median)
    if minutes < 1:
        raise InputError("rows stand less than a minute apart; the shortest distance that is known is one minute.")
    return Frequency("hourly", minutes=60) if minutes == 60 else Frequency("minutes", minutes=minutes)


def _of_days(dates: pd.DatetimeIndex, days: float) -> Frequency:
    at_end = bool(dates.is_month_end.all())
    if days < 3.5:
        weekends = (dates.dayofweek >= 5).any()
        return Frequency("daily" if weekends or len(dates) < 5 else "business-daily")
    if days < 14:
        return Frequency("weekly")
    if days < 60:
        return Frequency("monthly", month_end=at_end)
    if days < 200:
        return Frequency("quarterly", month_end=at_end)
    return Frequency("yearly", month_end=at_end)
