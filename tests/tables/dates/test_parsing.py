"""Columns of dates: how people write them, whether day or month comes first, and what is no date."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.dates.parsing import dates, holds_dates, usual_gap


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["2020-01-31", "2020-02-01"], ["2020-01-31", "2020-02-01"]),
        (["2020/1/31", "2020/2/1"], ["2020-01-31", "2020-02-01"]),
        (["2020.01.31", "2020.02.01"], ["2020-01-31", "2020-02-01"]),
        (["20200131", "20200201"], ["2020-01-31", "2020-02-01"]),
        (["2020年1月31日", "2020年2月1日"], ["2020-01-31", "2020-02-01"]),
        (["２０２０年１月３１日", "2020年2月1日"], ["2020-01-31", "2020-02-01"]),
        (["2020年1月", "2020年12月"], ["2020-01-01", "2020-12-01"]),
        (["2020-01", "2020-02"], ["2020-01-01", "2020-02-01"]),
        (["202001", "202002"], ["2020-01-01", "2020-02-01"]),
        (["1990", "1991"], ["1990-01-01", "1991-01-01"]),
        (["2020Q1", "2020q4"], ["2020-01-01", "2020-10-01"]),
        (["2020-Q2", "2020-Q3"], ["2020-04-01", "2020-07-01"]),
        (["13/02/2020", "14/02/2020"], ["2020-02-13", "2020-02-14"]),  # no month 13: the day comes first
        (["02/13/2020", "02/14/2020"], ["2020-02-13", "2020-02-14"]),
        (["13/02/2020", "12/02/2020", "01/02/2020"], ["2020-02-13", "2020-02-12", "2020-02-01"]),  # newest first
        (["01/02/2020", "01/13/2020"], ["2020-01-02", "2020-01-13"]),
        (["02/02/2020", "03/03/2020"], ["2020-02-02", "2020-03-03"]),
        (["1/2/20", "13/2/20 9:30"], ["2020-02-01", "2020-02-13 09:30"]),
        (["31-01-2020", "01-02-2020"], ["2020-01-31", "2020-02-01"]),  # -2020 is no offset of a time zone
        (["01-2020", "02-2020"], ["2020-01-01", "2020-02-01"]),
        (["1-Jan-2020", "12-Feb-2020"], ["2020-01-01", "2020-02-12"]),
        (["1 January 2020", "Wed, 12 February 2020"], ["2020-01-01", "2020-02-12"]),
        (["Jan 2020", "September 2020"], ["2020-01-01", "2020-09-01"]),
        (["January 1st, 2020", "Sept 2, 2020"], ["2020-01-01", "2020-09-02"]),
        (["2020-Jan-05", "2020 Feb 6"], ["2020-01-05", "2020-02-06"]),
        (["Q1 2020", "q2-2020"], ["2020-01-01", "2020-04-01"]),
        (["1/31/2020 12:05 AM", "1/31/2020 12:05:30 PM"], ["2020-01-31 00:05", "2020-01-31 12:05:30"]),
        (["2020/1/31 9:30:00.25", "2020/1/31"], ["2020-01-31 09:30:00.25", "2020-01-31"]),
        (["20200131T0930", "20200201 103015"], ["2020-01-31 09:30", "2020-02-01 10:30:15"]),
        (["2020-01-01 08:00:00.5 +08", "2020-01-01T08:00-05:00"], ["2020-01-01 08:00:00.5", "2020-01-01 08:00"]),
        (["31.01.2020", "01.02.2020"], ["2020-01-31", "2020-02-01"]),
        (["Jan 5 2020", "Feb 6 2020"], ["2020-01-05", "2020-02-06"]),
        (["2020-01-01 09:30", "2020-01-01 09:45"], ["2020-01-01 09:30", "2020-01-01 09:45"]),
        (["2020-01-01T00:00:00-05:00", "2020-07-01T00:00:00-04:00"], ["2020-01-01", "2020-07-01"]),
        (["2020-01-01T08:00:00Z", "2020-01-02T08:00:00Z"], ["2020-01-01 08:00", "2020-01-02 08:00"]),
    ],
)
def test_dates_are_read_as_people_write_them(texts: list[str], days: list[str]) -> None:
    assert dates(pd.DataFrame({"d": texts}), "d", "t").equals(pd.DatetimeIndex(days))


@pytest.mark.parametrize("values", [[20200131, 20200201], [20200131.0, 20200201.0]])
def test_whole_numbers_can_be_dates(values: list[float]) -> None:
    assert dates(pd.DataFrame({"d": values}), "d", "t").equals(pd.DatetimeIndex(["2020-01-31", "2020-02-01"]))


def test_dates_with_a_time_zone_keep_the_time_of_the_place() -> None:
    days = pd.date_range("2020-01-01", periods=2, tz="America/New_York")
    assert dates(pd.DataFrame({"d": days}), "d", "t").equals(pd.DatetimeIndex(["2020-01-01", "2020-01-02"]))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["2020-01-01", "soon"], "row 9, column 'd': 'soon' is not a date; expected one such as 2020-01-31"),
        (["2020-01-01", "2020-02-30"], "row 9, column 'd': '2020-02-30' is not a date"),
        (["2020-01-01", ""], "row 9, column 'd': there is no date"),
        (["1", "2"], "row 8, column 'd': '1' is not a date"),
        (["01/02/2020", "13/14/2020"], "row 9, column 'd': '13/14/2020' is not a date"),
        (["01/02/2020", "31/02/2020"], "row 9, column 'd': '31/02/2020' is not a date"),
        (["2020-01-01", "01/02/2020"], "row 9, column 'd': '01/02/2020' is not a date"),
        (["1 Jan 2020", "1 Foo 2020"], "row 9, column 'd': '1 Foo 2020' is not a date"),
        (["1/13/2020 1:00 PM", "1/14/2020 13:00 PM"], "row 9, column 'd': '1/14/2020 13:00 PM' is not a date"),
        (["09:30", "09:45"], "row 8, column 'd': '09:30' is not a date"),
        (["13/02/2020", "02/13/2020"], "the day comes first in '13/02/2020' (row 8), and the month in '02/13/2020'"),
        (["01/02/2020", "02/02/2020"], "the order of day and month is ambiguous in dates such as"),
        (["20-01-30", "20-01-31"], "the year is ambiguous in dates such as '20-01-30' (row 8)"),
        (["01/02/2020", "01/02/2020"], "'01/02/2020' (row 8); write dates as 2020-01-31"),
    ],
)
def test_what_is_no_date_is_named_with_its_row(texts: list[str], said: str) -> None:
    with pytest.raises(InputError) as error:
        dates(pd.DataFrame({"d": texts}, index=[8, 9]), "d", "t.csv")
    assert said in str(error.value)


def test_a_missing_date_among_dates_is_named_with_its_row() -> None:
    frame = pd.DataFrame({"d": pd.to_datetime(["2020-01-01", None])}, index=[1, 2])
    with pytest.raises(InputError, match="row 2, column 'd': there is no date"):
        dates(frame, "d", "the table")


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%m-%d-%Y", "%m/%d/%Y %I:%M %p"])
@given(start=st.dates(date(1970, 1, 1), date(2030, 1, 1)), rows=st.integers(13, 60), newest_first=st.booleans())
def test_whether_day_or_month_comes_first_is_seen_from_two_weeks_in_any_order(
    pattern: str, start: date, rows: int, newest_first: bool
) -> None:
    days = pd.date_range(start, periods=rows)[:: -1 if newest_first else 1]
    assert dates(pd.DataFrame({"d": days.strftime(pattern)}), "d", "t").equals(days)


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("frequency", ["MS", "QS"])
def test_the_even_reading_of_dates_that_fit_both_is_taken(pattern: str, frequency: str) -> None:
    months = pd.date_range("2018-01-01", periods=26, freq=frequency)
    assert dates(pd.DataFrame({"d": months.strftime(pattern)}), "d", "t").equals(months)


def test_dates_of_a_long_table_are_read_as_those_of_one_series() -> None:
    frame = pd.DataFrame({"d": ["01/02/2020", "13/02/2020"] * 3})
    assert dates(frame, "d", "t").equals(pd.DatetimeIndex(["2020-02-01", "2020-02-13"] * 3))


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["1/2/68", "13/2/69"], ["2068-02-01", "1969-02-13"]),  # POSIX: below 69 is after 2000
        (["1600-01-01", "2300-01-01"], None),  # datetime64[ns] ends in 1677 and 2262
        (["2020-02-29", "2024-02-29"], ["2020-02-29", "2024-02-29"]),
        (["2020-02-29", "2023-02-29"], None),
        (["1/31/2020 12:00 AM", "1/31/2020 12:00 PM"], ["2020-01-31 00:00", "2020-01-31 12:00"]),
        (["1/31/2020 0:00 AM", "1/31/2020 1:00 AM"], None),
        (["2020/1/1 23:59", "2020/1/1 24:00"], None),
        (["2020/1/1 9:30:59", "2020/1/1 9:30:60"], None),
        (["2020Q4", "2020Q5"], None),
        (["2020/1/1 9:30:00.123456789", "2020/1/2"], ["2020-01-01 09:30:00.123456789", "2020-01-02"]),
    ],
)
def test_the_bounds_of_years_days_and_times_are_those_of_the_calendar(texts: list[str], days: list[str] | None) -> None:
    frame = pd.DataFrame({"d": texts})
    if days is None:
        with pytest.raises(InputError, match=r"is not a date|is outside the years 1678 to 2261"):
            dates(frame, "d", "t")
    else:
        assert dates(frame, "d", "t").equals(pd.DatetimeIndex(days))


@given(
    st.lists(
        st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d %B %Y %I:%M:%S %p", "%Y%m%d %H%M%S"]),
)
def test_every_moment_is_read_as_it_is_written(moments: list[datetime], pattern: str) -> None:
    frame = pd.DataFrame({"d": [moment.strftime(pattern) for moment in moments]})
    assert dates(frame, "d", "t").to_pydatetime().tolist() == moments


@pytest.mark.parametrize(
    ("gap", "days"), [(1.0, ["2020-02-01", "2020-02-02"]), (31.0, ["2020-01-02", "2020-02-02"]), (None, None)]
)
def test_the_gap_of_earlier_rows_decides_where_both_orders_are_even(gap: float | None, days: list[str] | None) -> None:
    frame = pd.DataFrame({"d": ["01/02/2020", "02/02/2020"]})
    if days is None:
        with pytest.raises(InputError, match="the order of day and month is ambiguous"):
            dates(frame, "d", "t", gap=gap)
    else:
        assert dates(frame, "d", "t", gap=gap).equals(pd.DatetimeIndex(days))


@pytest.mark.parametrize(
    ("texts", "hold"),
    [
        (["2020-01-01", "soon", "2020-01-03"], True),
        (["2020-01-01", "soon", "later"], False),
        (["1.5", "2.5"], False),
        (["13/02/2020", "02/13/2020"], True),
        ([None, None], False),
        ([None, "2020-01-01"], True),
    ],
)
def test_a_column_holds_dates_if_half_of_its_values_are_dates(texts: list[str | None], hold: bool) -> None:
    assert holds_dates(pd.Series(texts, dtype=object)) is hold


def test_the_usual_gap_is_the_median_of_days_between_dates_in_any_order() -> None:
    days = pd.DatetimeIndex(["2020-01-08", "2020-01-01", "2020-01-01", "2020-01-15", "2020-03-01"]).to_numpy()
    assert usual_gap(days) == 7.0
    assert usual_gap(days[:1]) == np.inf
