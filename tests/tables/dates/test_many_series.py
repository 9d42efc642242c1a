"""Absent dates of many series at once are those of each series alone."""

import numpy as np
import pandas as pd
import pytest

from recurra import InputError
from recurra.tables.dates.frequency import BUSINESS_DAYS, Frequency
from recurra.tables.dates.many_series import absent_dates

MORNINGS = tuple((day * 1440 + 570, day * 1440 + 690) for day in range(5))  # 9:30 to 11:30, Monday to Friday


def hours(days: int) -> pd.DatetimeIndex:
    mornings = [
        pd.date_range(f"{day.date()} 09:30", periods=5, freq="30min")
        for day in pd.bdate_range("2024-01-01", periods=days)
    ]
    return pd.DatetimeIndex(np.concatenate(mornings))


@pytest.mark.parametrize(
    ("frequency", "dates"),
    [
        (Frequency("day", at=3600), pd.date_range("2024-01-01 01:00", periods=40)),
        (Frequency("day"), pd.date_range("2024-01-01 15:00", periods=40)),
        (Frequency("week", anchor="Fri"), pd.date_range("2024-01-01", periods=40, freq="W-MON")),
        (Frequency("month", 3), pd.date_range("2001-01-15", periods=40, freq="QS") + pd.Timedelta(days=14)),
        (Frequency("minute", 30, slots=MORNINGS), hours(8)),
        (Frequency("day", slots=BUSINESS_DAYS), pd.bdate_range("2024-01-01", periods=40)),
        (Frequency("day", slots=BUSINESS_DAYS, calendar="XNYS"), pd.bdate_range("2024-01-01", periods=40)),
    ],
)  # fmt: skip
def test_absent_dates_of_many_series_are_those_of_each(frequency: Frequency, dates: pd.DatetimeIndex) -> None:
    pytest.importorskip("exchange_calendars")
    parts = [dates.delete([3, 8, 9]), dates[5:6], dates[:20].delete(7), dates[10:]]
    starts = np.cumsum([0, *map(len, parts[:-1])])
    found, before = absent_dates(frequency, pd.DatetimeIndex(np.concatenate(parts)), starts)
    each = [frequency.absent(part) for part in parts]
    assert found.tolist() == [date for own in each for date in own]
    expected = [
        start + part.searchsorted(date) - 1
        for start, part, own in zip(starts, parts, each, strict=True)
        for date in own
    ]
    assert before.tolist() == expected


def test_series_with_times_of_their_own_may_not_lack_more_dates_than_all_rows_allow() -> None:
    far = pd.DatetimeIndex(["1700-01-01 05:00", "1700-01-02 05:00", "2250-01-01 05:00"])
    series = np.concatenate([far.to_numpy() + np.timedelta64(hour, "h") for hour in range(6)])
    with pytest.raises(InputError, match=r"the rows are daily, and 1,004,\d+ dates are absent between them"):
        absent_dates(Frequency("day"), pd.DatetimeIndex(series), 3 * np.arange(6))
