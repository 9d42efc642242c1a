"""Anchors: the usual position of dates in their week or month, such as "Fri", "day -1" or "business day 1"."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.tables.arrays import Integers
from recurra.tables.dates.date_numbers import (
    SECONDS_PER_DAY,
    WEEKDAYS,
    by_day,
    date_numbers,
    months_of,
    most_frequent,
    weekdays_of,
)


def month_anchor(dates: pd.DatetimeIndex) -> tuple[str, float]:
    """Return the anchor of most dates in their months, and the fraction of dates at it; fixed days win ties."""
    days = dates.day.to_numpy()
    weekdays, nth = weekdays_of(dates), (days - 1) // 7 + 1
    weekday, number = divmod(int(most_frequent(weekdays * 10 + np.minimum(nth, 4))), 10)
    candidates = [
        "day -1",
        f"day {days.max()}",  # such as 30 January, 28 February, 30 March
        f"day {int(most_frequent(days))}",
        "business day -1",
        "business day 1",
        f"{WEEKDAYS[weekday]} {number}",
        f"{WEEKDAYS[int(most_frequent(weekdays))]} -1",
    ]
    best, highest = candidates[0], -1.0
    for name in candidates:
        share = share_at_anchor(dates, name)
        if share > highest:
            best, highest = name, share
        if share == 1:
            break
    return best, highest


def share_at_anchor(dates: pd.DatetimeIndex, anchor: str) -> float:
    """Return the fraction of dates at the anchor of their months."""
    return float(np.mean(at_anchor(dates, anchor)))


def at_anchor(dates: pd.DatetimeIndex, anchor: str) -> NDArray[np.bool_]:
    """Return which dates are at the anchor of their months."""
    return by_day(
        date_numbers(dates, "D"), lambda days: days_of_months(months_of(days), anchor).astype(np.int64) == days
    )


def days_of_months(months: Integers, anchor: str) -> NDArray[np.datetime64]:
    """Return the day at the anchor of each month; months are counted from January 1970."""
    kind, number = anchor.rsplit(" ", 1)
    nth = int(number)
    first, next_first = (m.astype("datetime64[M]").astype("datetime64[D]") for m in (months, months + 1))
    if kind == "day":
        return next_first - 1 if nth < 0 else np.minimum(first + (nth - 1), next_first - 1)
    mask = "Mon Tue Wed Thu Fri" if kind == "business day" else kind
    begin, offset = (next_first, nth) if nth < 0 else (first, nth - 1)
    return np.asarray(np.busday_offset(begin, offset, roll="forward", weekmask=mask))


def usual_weekday(dates: pd.DatetimeIndex) -> str:
    """Return the most frequent weekday."""
    return WEEKDAYS[int(most_frequent(weekdays_of(dates)))]


def usual_time(dates: pd.DatetimeIndex) -> int:
    """Return the most frequent time of day, in seconds after midnight."""
    return int(most_frequent(date_numbers(dates, "s") % SECONDS_PER_DAY))
