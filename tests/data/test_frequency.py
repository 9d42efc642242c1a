"""How often a series has a row, and which dates come next."""

import json
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.data.frequency import Frequency, infer_frequency

# pandas' name of a frequency, ours, rows of its season
FREQUENCIES = [
    ("D", "daily", 7),
    ("B", "business-daily", 5),
    ("W-WED", "weekly", 52),
    ("MS", "monthly", 12),
    ("ME", "monthly", 12),
    ("QS", "quarterly", 4),
    ("QE", "quarterly", 4),
    ("YS", "yearly", 1),
    ("YE", "yearly", 1),
    ("h", "hourly", 24),
    ("15min", "minutes", 96),
    ("1min", "minutes", 1440),
]


@given(
    st.sampled_from(FREQUENCIES),
    st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2030-01-01").date()),
    st.integers(12, 40),
    st.integers(1, 20),
)
def test_a_series_is_continued_as_it_went(
    frequency: tuple[str, str, int], start: object, rows: int, following: int
) -> None:
    offset, name, season = frequency
    whole = pd.date_range(start, periods=rows + following, freq=offset)  # type: ignore[call-overload]
    found = infer_frequency(whole[:rows])
    assert (found.name, found.season) == (name, season)
    assert found.next_dates(whole[rows - 1], following).equals(pd.DatetimeIndex(whole[rows:]))
    assert len(found.absent(whole)) == 0
    assert Frequency.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_month_is_continued_on_its_day_as_far_as_it_has_it() -> None:
    following = Frequency("monthly").next_dates(pd.Timestamp("2021-01-31"), 3)
    assert following.equals(pd.DatetimeIndex(["2021-02-28", "2021-03-31", "2021-04-30"]))


def test_gaps_and_holidays_do_not_matter() -> None:
    days = pd.bdate_range("2020-01-01", periods=60).delete([3, 4, 20, 21, 22, 40])
    assert infer_frequency(days).name == "business-daily"
    assert len(Frequency("business-daily").absent(days)) == 0
    hours = pd.date_range("2020-01-01", periods=60, freq="h").delete([7, 8, 30])
    assert infer_frequency(hours) == Frequency("hourly", minutes=60)


@pytest.mark.parametrize("offset", ["D", "W-WED", "MS", "ME", "QS", "h", "15min"])
def test_absent_dates_are_found(offset: str) -> None:
    whole = pd.date_range("2020-01-01", periods=40, freq=offset)
    with_gaps = whole.delete([5, 6, 20])
    assert infer_frequency(with_gaps).absent(with_gaps).equals(pd.DatetimeIndex(whole[[5, 6, 20]]))


def test_a_few_days_without_a_weekend_may_still_be_daily() -> None:
    assert infer_frequency(pd.date_range("2020-01-06", periods=4)).name == "daily"
    assert infer_frequency(pd.date_range("2020-01-06", periods=5)).name == "business-daily"


@pytest.mark.parametrize("calendar", ["XSHG", "XSHE"])
def test_shanghai_and_shenzhen_rest_over_the_spring_festival_of_2020(calendar: str) -> None:
    frequency = Frequency("business-daily", calendar=calendar)
    following = frequency.next_dates(pd.Timestamp("2020-01-23"), 3)
    assert following.equals(pd.DatetimeIndex(["2020-02-03", "2020-02-04", "2020-02-05"]))
    assert frequency.season == 5


def test_with_a_calendar_a_session_that_is_not_there_is_absent() -> None:
    frequency = infer_frequency(pd.bdate_range("2020-01-02", "2020-01-23"), "XSHG")
    sessions = pd.DatetimeIndex(["2020-01-22", "2020-01-23", "2020-02-04"])
    assert frequency.absent(sessions).equals(pd.DatetimeIndex(["2020-02-03"]))


def test_sessions_are_known_to_the_end_of_a_year_and_no_further_is_an_error() -> None:
    frequency = Frequency("business-daily", calendar="XSHG")
    assert len(frequency.next_dates(pd.Timestamp("2025-12-20"), 5)) == 5
    with pytest.raises(InputError, match="does not know the sessions from 2100-01-02"):
        frequency.next_dates(pd.Timestamp("2100-01-01"), 5)


def test_an_unknown_calendar_names_the_near_miss() -> None:
    with pytest.raises(InputError, match=r"there is no calendar 'XSGH'; did you mean 'XSHG'\?"):
        Frequency("business-daily", calendar="XSGH").next_dates(pd.Timestamp("2020-01-01"), 1)


def test_a_calendar_is_for_days_only() -> None:
    with pytest.raises(InputError, match="calendar 'XSHG' is for daily rows, and these are hourly"):
        infer_frequency(pd.date_range("2020-01-01", periods=9, freq="h"), "XSHG")


def test_without_the_package_a_calendar_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    with pytest.raises(InputError, match=r"pip install 'recurra\[market\]'"):
        Frequency("business-daily", calendar="XSHG").next_dates(pd.Timestamp("2020-01-01"), 1)


def test_one_date_tells_no_frequency() -> None:
    with pytest.raises(InputError, match="cannot be told from 1 date; give at least two"):
        infer_frequency(pd.DatetimeIndex(["2020-01-01"]))


def test_seconds_are_too_short() -> None:
    with pytest.raises(InputError, match="less than a minute apart"):
        infer_frequency(pd.date_range("2020-01-01", periods=9, freq="5s"))
