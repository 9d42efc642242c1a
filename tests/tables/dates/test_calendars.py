"""Sessions of exchanges: holidays, the sessions that follow, and calendars that are unknown or not installed."""

import sys
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.dates.calendars import next_sessions, sessions
from recurra.tables.dates.frequency import BUSINESS_DAYS, Frequency
from recurra.tables.dates.frequency_inference import infer_frequency


def index(*days: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(days)


@pytest.mark.parametrize("calendar", ["XSHG", "XSHE"])
def test_shanghai_and_shenzhen_rest_over_the_spring_festival_of_2020(calendar: str) -> None:
    frequency = Frequency("day", slots=BUSINESS_DAYS, calendar=calendar)
    following = frequency.next_dates(pd.Timestamp("2020-01-23"), 3)
    assert following.equals(pd.DatetimeIndex(["2020-02-03", "2020-02-04", "2020-02-05"]))
    assert frequency.season == 5


def test_with_a_calendar_a_session_that_is_not_there_is_absent() -> None:
    frequency = infer_frequency(pd.bdate_range("2020-01-02", "2020-01-23"), "XSHG")
    present = pd.DatetimeIndex(["2020-01-22", "2020-01-23", "2020-02-04"])
    assert frequency.absent(present).equals(pd.DatetimeIndex(["2020-02-03"]))


def test_bars_with_a_time_of_day_follow_the_sessions() -> None:
    bars = pd.DatetimeIndex(pd.bdate_range("2024-06-17", "2024-07-02") + pd.Timedelta(hours=15))
    frequency = infer_frequency(bars, "XNYS")
    assert frequency.season == 5
    assert frequency.next_dates(pd.Timestamp("2024-07-02 15:00"), 3).equals(
        index("2024-07-03 15:00", "2024-07-05 15:00", "2024-07-08 15:00")  # not on Independence Day
    )
    dates = index("2024-06-18 15:00", "2024-06-20 15:00", "2024-06-24 13:00", "2024-06-25 15:00")
    assert frequency.absent(dates).equals(index("2024-06-21 15:00"))  # and not Juneteenth


def test_sessions_are_known_to_the_end_of_a_year_and_no_further_is_an_error() -> None:
    frequency = Frequency("day", slots=BUSINESS_DAYS, calendar="XSHG")
    assert len(frequency.next_dates(pd.Timestamp("2025-12-20"), 5)) == 5
    with pytest.raises(InputError, match="does not cover the days from 2100-01-02"):
        frequency.next_dates(pd.Timestamp("2100-01-01"), 5)


def test_an_unknown_calendar_names_the_near_miss() -> None:
    with pytest.raises(InputError, match=r"there is no calendar 'XSGH'; did you mean 'XSHG'\?"):
        Frequency("day", slots=BUSINESS_DAYS, calendar="XSGH").next_dates(pd.Timestamp("2020-01-01"), 1)


def test_a_calendar_is_for_days_only() -> None:
    with pytest.raises(InputError, match="calendar 'XSHG' is for daily rows, and these are hourly"):
        infer_frequency(pd.date_range("2020-01-01", periods=9, freq="h"), "XSHG")


def test_without_the_package_a_calendar_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(InputError, match=r"pip install 'recurra\[market\]'"):
        Frequency("day", slots=BUSINESS_DAYS, calendar="XSHG").next_dates(pd.Timestamp("2020-01-01"), 1)


def test_sessions_are_the_days_from_the_first_to_the_last_both_included() -> None:
    assert sessions("XNYS", pd.Timestamp("2024-07-03"), pd.Timestamp("2024-07-08")).equals(
        index("2024-07-03", "2024-07-05", "2024-07-08")  # without Independence Day and the weekend
    )
    assert len(sessions("XNYS", pd.Timestamp("2024-07-04"), pd.Timestamp("2024-07-04"))) == 0


def test_next_sessions_begin_on_the_day_after_whatever_the_time_of_day() -> None:
    expected = index("2024-07-03", "2024-07-05")
    assert next_sessions("XNYS", pd.Timestamp("2024-07-02 15:00"), 2).equals(expected)
    assert next_sessions("XNYS", pd.Timestamp("2024-07-02"), 2).equals(expected)


@given(st.dates(date(2010, 1, 1), date(2024, 1, 1)), st.integers(1, 30))
@settings(max_examples=20, deadline=None)
def test_next_sessions_are_the_first_of_all_later_sessions(last: date, count: int) -> None:
    day = pd.Timestamp(last)
    later = sessions("XSHG", day + pd.Timedelta(days=1), day + pd.Timedelta(days=150))
    assert next_sessions("XSHG", day, count).equals(later[:count])


def test_an_unknown_calendar_without_a_near_miss_gets_examples() -> None:
    with pytest.raises(InputError, match=r"there is no calendar 'q'; examples are XSHG, XSHE, XHKG, XNYS\."):
        sessions("q", pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-31"))
