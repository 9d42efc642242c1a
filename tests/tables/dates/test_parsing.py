"""Columns of dates: how people write them, whether day or month comes first, and what is no date."""

from datetime import date, datetime
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.dates.day_order import usual_gap
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.numbered import IN_WORDS
from recurra.tables.dates.one_column import holds_dates
from recurra.tables.dates.parsing import dates
from recurra.tables.form import Form


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
        (["1/2/98", "13/2/98 9:30"], ["1998-02-01", "1998-02-13 09:30"]),
        (["31-01-2020", "01-02-2020"], ["2020-01-31", "2020-02-01"]),  # -2020 is no offset of a time zone
        (["01-2020", "02-2020"], ["2020-01-01", "2020-02-01"]),
        (["1-Jan-2020", "12-Feb-2020"], ["2020-01-01", "2020-02-12"]),
        (["1 January 2020", "Wed, 12 February 2020"], ["2020-01-01", "2020-02-12"]),
        (["Jan 2020", "September 2020"], ["2020-01-01", "2020-09-01"]),
        (["January 1st, 2020", "Sept 2, 2020"], ["2020-01-01", "2020-09-02"]),
        (["2020-Jan-05", "2020 Feb 6"], ["2020-01-05", "2020-02-06"]),
        (["Q1 2020", "q2-2020"], ["2020-01-01", "2020-04-01"]),
        (["1Q20", "4T2020"], ["2020-01-01", "2020-10-01"]),
        (["KW 05/2020", "KW06 2020"], ["2020-01-27", "2020-02-03"]),
        (["2020-KW05", "2020/KW 6"], ["2020-01-27", "2020-02-03"]),
        (["2020年度", "2021年度"], ["2020-01-01", "2021-01-01"]),
        (["1/31/2020 12:05 AM", "1/31/2020 12:05:30 PM"], ["2020-01-31 00:05", "2020-01-31 12:05:30"]),
        (["2020/1/31 9:30:00.25", "2020/1/31"], ["2020-01-31 09:30:00.25", "2020-01-31"]),
        (["20200131T0930", "20200201 103015"], ["2020-01-31 09:30", "2020-02-01 10:30:15"]),
        (["2020-01-01 08:00:00.5 +08", "2020-01-01T09:00+0800"], ["2020-01-01 08:00:00.5", "2020-01-01 09:00"]),
        (["Jan-49", "Dec-60"], ["1949-01-01", "1960-12-01"]),  # a history does not lie in the future
        (["Jan-12", "Feb-12"], ["2012-01-01", "2012-02-01"]),
        (["Dec-98", "Jan-01"], ["1998-12-01", "2001-01-01"]),
        (["2012M01", "2012M12"], ["2012-01-01", "2012-12-01"]),
        (["2018-W01", "2020-W53"], ["2018-01-01", "2020-12-28"]),  # ISO 8601: week 1 has the first Thursday
        (["2018W01", "2021W01"], ["2018-01-01", "2021-01-04"]),
        (["2018-W01-1", "2018-W01-7"], ["2018-01-01", "2018-01-07"]),
        (["2018年第1周", "2018年第2周"], ["2018-01-01", "2018-01-08"]),
        (["2012Q1", "2012Q4"], ["2012-01-01", "2012-10-01"]),
        (["2012年第1季度", "2012年四季度"], ["2012-01-01", "2012-10-01"]),
        (["2012H1", "2012H2"], ["2012-01-01", "2012-07-01"]),
        (["2012年上半年", "2012年下半年"], ["2012-01-01", "2012-07-01"]),
        (["2022-01-03 星期一", "2022-01-04 周二"], ["2022-01-03", "2022-01-04"]),
        (["2022-01-03（周一）", "2022-01-04（周二）"], ["2022-01-03", "2022-01-04"]),
        (["2024/1/5(金)", "2024/1/6（土）", "2024/1/7(日曜日)"], ["2024-01-05", "2024-01-06", "2024-01-07"]),
        (["2024年1月5日(金) 9:00", "2024年1月6日(土) 9:00"], ["2024-01-05 09:00", "2024-01-06 09:00"]),
        (["2024-01-02 (화)", "2024-01-03 (수요일)"], ["2024-01-02", "2024-01-03"]),
        (["2024. 1. 2.", "2024. 1. 3."], ["2024-01-02", "2024-01-03"]),
        (["2024.01.02.", "2024.01.03."], ["2024-01-02", "2024-01-03"]),  # Hungarian as well
        (["2024년 1월 2일", "2024년 1월 3일"], ["2024-01-02", "2024-01-03"]),
        (["2024년 1월", "2024년 12월"], ["2024-01-01", "2024-12-01"]),
        (["2024년 1월 2일 9시 30분", "2024년 1월 2일 10시"], ["2024-01-02 09:30", "2024-01-02 10:00"]),
        (["2024. 1. 2. 오전 12:00", "2024. 1. 2. 오후 3:00"], ["2024-01-02", "2024-01-02 15:00"]),
        (["2024/1/2 上午 09:00", "2024/1/2 下午 03:00:05"], ["2024-01-02 09:00", "2024-01-02 15:00:05"]),
        (["1950010100", "1950010101"], ["1950-01-01 00:00", "1950-01-01 01:00"]),  # Unix seconds of 2031
        (["202401010000", "202401010010"], ["2024-01-01 00:00", "2024-01-01 00:10"]),  # Unix milliseconds of 1976
        (["2022-01-03 Mon", "2022-01-04 Tue"], ["2022-01-03", "2022-01-04"]),
        (["Mo 03.01.2022", "Fr 14.01.2022"], ["2022-01-03", "2022-01-14"]),
        (["Mon 03.01.2022 09:30", "Fri 14.01.2022 09:30"], ["2022-01-03 09:30", "2022-01-14 09:30"]),
        (["1. Januar 2020", "Dienstag, 31. März 2020"], ["2020-01-01", "2020-03-31"]),
        (["Mrz 20", "Okt 20"], ["2020-03-01", "2020-10-01"]),
        (["1er janvier 2020", "vendredi 14 août 2020"], ["2020-01-01", "2020-08-14"]),
        (["févr. 2020", "juil. 2020"], ["2020-02-01", "2020-07-01"]),
        (["1 de enero de 2020", "14 de agosto de 2020"], ["2020-01-01", "2020-08-14"]),
        (["15-dic-20", "15-ene-21"], ["2020-12-15", "2021-01-15"]),
        (["gennaio 2020", "ottobre 2020"], ["2020-01-01", "2020-10-01"]),
        (["março de 2020", "dez. 2020"], ["2020-03-01", "2020-12-01"]),
        (["2020年1月31日9时", "2020年1月31日10时30分"], ["2020-01-31 09:00", "2020-01-31 10:30"]),
        (["2020-01-31 05", "2020-01-31 06"], ["2020-01-31 05:00", "2020-01-31 06:00"]),
        (["2020013105", "2020013106"], ["2020-01-31 05:00", "2020-01-31 06:00"]),
        (["2020-01-31 23:00", "2020-01-31 24:00"], ["2020-01-31 23:00", "2020-02-01 00:00"]),
        (
            ["01.01.2022 00:00 - 01.01.2022 01:00", "31.01.2022 01:00 - 31.01.2022 02:00"],
            ["2022-01-01", "2022-01-31 01:00"],
        ),
        (["2022-01-03/2022-01-09", "2022-01-10/2022-01-16"], ["2022-01-03", "2022-01-10"]),
        (["2022.01.03-2022.01.09", "2022.01.10～2022.01.16"], ["2022-01-03", "2022-01-10"]),
        (["31.01.2020", "01.02.2020"], ["2020-01-31", "2020-02-01"]),
        (["Jan 5 2020", "Feb 6 2020"], ["2020-01-05", "2020-02-06"]),
        (["2020-01-01 09:30", "2020-01-01 09:45"], ["2020-01-01 09:30", "2020-01-01 09:45"]),
        (["2020-01-01T00:00:00-05:00", "2020-07-01T00:00:00-04:00"], ["2020-01-01", "2020-07-01"]),
        (["2020-01-01T08:00:00Z", "2020-01-02T08:00:00Z"], ["2020-01-01 08:00", "2020-01-02 08:00"]),
    ],
)
def test_dates_are_read_as_people_write_them(texts: list[str], days: list[str]) -> None:
    assert dates(pd.DataFrame({"d": texts}), ["d"], "t").index.equals(pd.DatetimeIndex(days))


@pytest.mark.parametrize("values", [[20200131, 20200201], [20200131.0, 20200201.0]])
def test_whole_numbers_can_be_dates(values: list[float]) -> None:
    assert dates(pd.DataFrame({"d": values}), ["d"], "t").index.equals(pd.DatetimeIndex(["2020-01-31", "2020-02-01"]))


def test_dates_with_a_time_zone_keep_the_time_of_the_place() -> None:
    days = pd.date_range("2020-01-01", periods=2, tz="America/New_York")
    assert dates(pd.DataFrame({"d": days}), ["d"], "t").index.equals(pd.DatetimeIndex(["2020-01-01", "2020-01-02"]))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["2020-01-01", "soon"], "row 9, column 'd': 'soon' is not a date; expected one such as 2020-01-31"),
        (["2020-01-01", "2020-02-30"], "row 9, column 'd': '2020-02-30' is not a date"),
        (["2020-01-01", ""], "row 9, column 'd': there is no date"),
        (["one", "two"], "row 8, column 'd': 'one' is not a date"),
        (["01/02/2020", "13/14/2020"], "row 9, column 'd': '13/14/2020' is not a date"),
        (["01/02/2020", "31/02/2020"], "row 9, column 'd': '31/02/2020' is not a date"),
        (
            ["2020-01-01", "01/02/2020"],
            "row 9, column 'd': found '01/02/2020', expected a date written as '2020-01-01'",
        ),
        (["1 Jan 2020", "1 Foo 2020"], "row 9, column 'd': '1 Foo 2020' is not a date"),
        (["1/13/2020 1:00 PM", "1/14/2020 13:00 PM"], "row 9, column 'd': '1/14/2020 13:00 PM' is not a date"),
        (["09:30", "09:45"], "row 8, column 'd': '09:30' is not a date"),
        (["13/02/2020", "02/13/2020"], "the day comes first in '13/02/2020' (row 8), and the month in '02/13/2020'"),
        (["01/02/2020", "02/02/2020"], "'01/02/2020' (row 8) may be 2020-02-01 or 2020-01-02, and no date shows which"),
        (
            ["20-01-30", "20-01-31"],
            "'20-01-30' (row 8) may be 2030-01-20 or 2020-01-30, and no date shows which; say t",
        ),
        (
            ["98/01/01", "98/01/02"],
            "a year of two digits comes first in '98/01/01' (row 8); write years with",
        ),
        (["01/01/2020", "02/01/2020"], "'02/01/2020' (row 9) may be 2020-01-02 or 2020-02-01"),
        (["Jan-02", "Jan-03"], "'Jan-02' (row 8) may be a month with its year or a day without its year"),
        (["Foo 03.01.2022", "Bar 04.01.2022"], "row 8, column 'd': 'Foo 03.01.2022' is not a date"),
        (["2019-W53", "2020-W53"], "row 8, column 'd': '2019-W53' is not a date"),
        (["2022-01-01 00:00+01:00", "2022-01-01 01:00"], "'2022-01-01 01:00' (row 9) has no offset from UTC, unlike"),
        ([[1], [2]], "row 8, column 'd': '[1]' is not a date"),
    ],
)
def test_what_is_no_date_is_named_with_its_row(texts: list[str], said: str) -> None:
    with pytest.raises(InputError) as error:
        dates(pd.DataFrame({"d": texts}, index=[8, 9]), ["d"], "t.csv")
    assert said in str(error.value)


def test_a_missing_date_among_dates_is_named_with_its_row() -> None:
    frame = pd.DataFrame({"d": pd.to_datetime(["2020-01-01", None])}, index=[1, 2])
    with pytest.raises(InputError, match="row 2, column 'd': there is no date"):
        dates(frame, ["d"], "the table")


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%m-%d-%Y", "%m/%d/%Y %I:%M %p"])
@given(start=st.dates(date(1970, 1, 1), date(2030, 1, 1)), rows=st.integers(13, 60), newest_first=st.booleans())
def test_whether_day_or_month_comes_first_is_seen_from_two_weeks_in_any_order(
    pattern: str, start: date, rows: int, newest_first: bool
) -> None:
    days = pd.date_range(start, periods=rows)[:: -1 if newest_first else 1]
    frame = pd.DataFrame({"d": days.strftime(pattern)})
    try:
        found = dates(frame, ["d"], "t").index
    except InputError as error:  # a few days of one or two months of 2001 to 2031 may be one day of many years
        assert pattern == "%d.%m.%y"
        assert "may be" in str(error)
    else:
        assert found.equals(days)


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("rows", [13, 26])
@pytest.mark.parametrize("frequency", ["MS", "QS", "2MS", "4MS", "6MS", "YS", "BMS", "SMS", "W-FRI", "7D"])
def test_the_even_reading_of_dates_that_fit_both_is_taken(pattern: str, rows: int, frequency: str) -> None:
    months = pd.date_range("2018-01-01", periods=rows, freq=frequency)
    for written in (months, months[::-1]):
        assert dates(pd.DataFrame({"d": written.strftime(pattern)}), ["d"], "t").index.equals(written)


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("frequency", ["2D", "2MS", "D", "MS", "3D", "QS"])
def test_dates_that_are_even_in_both_orders_are_refused_with_both(pattern: str, frequency: str) -> None:
    days = pd.date_range("2018-01-01", periods=4, freq=frequency)
    with pytest.raises(InputError, match=r"may be 2018-.* or 2018-.*, and no date shows which; say whether"):
        dates(pd.DataFrame({"d": days.strftime(pattern)}), ["d"], "t")


def test_the_order_in_which_dates_are_sorted_is_taken_unless_they_are_even_in_the_other() -> None:
    def read(days: list[int], months: list[int]) -> pd.DatetimeIndex:
        texts = [f"{day:02}/{month:02}/2024" for month in months for day in days]
        return dates(pd.DataFrame({"d": texts}), ["d"], "t").index

    assert read([1, 6, 11], [1, 2, 3, 4]).is_monotonic_increasing  # with the month first 1 January, 1 June and so on
    with pytest.raises(InputError, match=r"'02/01/2024' .* may be 2024-01-02 or 2024-02-01, and no date shows which"):
        read([1, 2], [*range(1, 13)])  # with the month first 12 days of January and of February


def test_few_dates_of_a_series_are_no_evidence_of_an_order() -> None:
    # every 2 days of December 2022 in three series, of which the last one starts earlier; or years from 2002 to 2030
    days = pd.date_range("2022-11-30", periods=8, freq="2D").strftime("%y/%m/%d").tolist()
    with pytest.raises(InputError, match="may be 2002-12-22 or 2022-12-02"):
        dates(pd.DataFrame({"d": [*days[1:], *days[3:], *days]}), ["d"], "t")


@given(
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d"]),
    st.sampled_from(["D", "2D", "5D", "B", "7D", "SMS", "MS", "ME", "2MS", "QS", "4MS", "6MS", "YS", "6h"]),
    st.dates(date(1995, 1, 1), date(2030, 1, 1)),
    st.integers(3, 40),
)
@settings(max_examples=200)
def test_no_order_of_sorted_dates_is_taken_for_another(pattern: str, frequency: str, start: date, rows: int) -> None:
    days = pd.date_range(start, periods=rows, freq=frequency)
    days = days[days.year < 2034]  # two-digit years are not far in the future
    try:
        found = dates(pd.DataFrame({"d": days.strftime(f"{pattern} %H:%M")}), ["d"], "t").index
    except InputError as error:
        assert "may be" in str(error) or (pattern == "%y/%m/%d" and "write years with four digits" in str(error))
    else:
        assert found.equals(days)


@pytest.mark.parametrize(
    "days",
    [
        pd.date_range("2024-01-01", periods=12, freq="MS"),  # 24 January 2001, 24 February 2001 and so on
        pd.date_range("2016-01-01", periods=9, freq="YS"),  # 16 January 2001, 17 January 2001 and so on
        pd.date_range("2024-01-01", periods=12),  # 24 January of 2001, 2002 and so on
        pd.date_range("2024-03-04", periods=1),
    ],
)
def test_two_digit_years_that_may_come_first_are_refused_with_both(days: pd.DatetimeIndex) -> None:
    frame = pd.DataFrame({"d": days.strftime("%y/%m/%d")})
    with pytest.raises(InputError, match=r"may be .* or 20.*--dayfirst.*, or, if the year does, write it with four di"):
        dates(frame, ["d"], "t")
    assert dates(frame, ["d"], "t", dayfirst=True).index[0].day == days[0].year - 2000


@pytest.mark.parametrize("rows", [80, 400])
def test_sorted_dates_show_that_a_two_digit_year_comes_first_or_last(rows: int) -> None:
    days = pd.date_range("2024-01-01", periods=rows)
    with pytest.raises(InputError, match=r"a year of two digits comes first in '24/01/01' .* that way; write"):
        dates(pd.DataFrame({"d": days.strftime("%y/%m/%d")}), ["d"], "t")
    found = dates(pd.DataFrame({"d": days.strftime("%d/%m/%y")}), ["d"], "t")
    assert found.index.equals(days)
    assert "have the day first, since they are " in found.notes[0]


def test_an_earlier_table_with_the_day_first_has_no_year_first() -> None:
    found = dates(pd.DataFrame({"d": ["31/12/24", "31/01/25"]}), ["d"], "t", earlier=Form(dayfirst=True))
    assert found.index.equals(pd.DatetimeIndex(["2024-12-31", "2025-01-31"]))


def test_dates_of_a_long_table_are_read_as_those_of_one_series() -> None:
    frame = pd.DataFrame({"d": ["01/02/2020", "13/02/2020"] * 3})
    assert dates(frame, ["d"], "t").index.equals(pd.DatetimeIndex(["2020-02-01", "2020-02-13"] * 3))


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["1/2/68", "13/2/69"], ["1968-02-01", "1969-02-13"]),
        (["31/12/99", "1/1/00"], ["1999-12-31", "2000-01-01"]),
        (["1600-01-01", "2300-01-01"], None),  # datetime64[ns] ends in 1677 and 2262
        (["2020-02-29", "2024-02-29"], ["2020-02-29", "2024-02-29"]),
        (["2020-02-29", "2023-02-29"], None),
        (["1/31/2020 12:00 AM", "1/31/2020 12:00 PM"], ["2020-01-31 00:00", "2020-01-31 12:00"]),
        (["1/31/2020 0:00 AM", "1/31/2020 1:00 AM"], None),
        (["2020/1/1 23:59", "2020/1/1 24:01"], None),
        (["2020/1/1 9:30:59", "2020/1/1 9:30:60"], None),
        (["2020Q4", "2020Q5"], None),
        (["2020/1/1 9:30:00.123456789", "2020/1/2"], ["2020-01-01 09:30:00.123456789", "2020-01-02"]),
    ],
)
def test_the_bounds_of_years_days_and_times_are_those_of_the_calendar(texts: list[str], days: list[str] | None) -> None:
    frame = pd.DataFrame({"d": texts})
    if days is None:
        with pytest.raises(InputError, match=r"is not a date|is outside the years 1678 to 2261"):
            dates(frame, ["d"], "t")
    else:
        assert dates(frame, ["d"], "t").index.equals(pd.DatetimeIndex(days))


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
    assert dates(frame, ["d"], "t").index.to_pydatetime().tolist() == moments


@pytest.mark.parametrize(
    ("frequency", "days"),
    [
        (Frequency("day"), ["2020-02-01", "2020-02-02"]),
        (Frequency("month"), ["2020-01-02", "2020-02-02"]),
        (None, None),
    ],
)
def test_the_gap_of_earlier_rows_decides_where_both_orders_are_even(
    frequency: Frequency | None, days: list[str] | None
) -> None:
    frame = pd.DataFrame({"d": ["01/02/2020", "02/02/2020"]})
    if days is None:
        with pytest.raises(InputError, match="may be 2020-02-01 or 2020-01-02"):
            dates(frame, ["d"], "t", frequency=frequency)
    else:
        assert dates(frame, ["d"], "t", frequency=frequency).index.equals(pd.DatetimeIndex(days))


@pytest.mark.parametrize(
    ("texts", "said", "earlier", "expected"),
    [
        (["01/02/2020"], True, None, "2020-02-01"),
        (["01/02/2020"], False, True, "2020-01-02"),
        (["01/02/2020"], None, True, "2020-02-01"),
        (["01/02/2020", "01/13/2020"], None, True, "2020-01-02"),  # no month 13: the newer rows are written otherwise
        (["01/02/2020", "01/13/2020"], True, None, None),
    ],
)
def test_what_the_user_says_decides_and_then_what_earlier_rows_showed(
    texts: list[str], said: bool | None, earlier: bool | None, expected: str | None
) -> None:
    frame, form = pd.DataFrame({"d": texts}), None if earlier is None else Form(dayfirst=earlier)
    if expected is None:
        with pytest.raises(
            InputError, match=r"the day does not come first in '01/13/2020' \(row 1\); leave out --dayfirst"
        ):
            dates(frame, ["d"], "t", dayfirst=said)
    else:
        assert dates(frame, ["d"], "t", dayfirst=said, earlier=form).index[0] == pd.Timestamp(expected)


def test_an_order_that_only_even_gaps_show_is_noted() -> None:
    months = pd.date_range("2018-01-01", periods=26, freq="MS").strftime("%d/%m/%Y")
    found = dates(pd.DataFrame({"d": months}), ["d"], "t")
    assert found.notes == (
        "dates such as '01/01/2018' (row 0) have the day first, since they are evenly spaced that way.",
    )
    assert found.dayfirst is True


@pytest.mark.parametrize(
    ("values", "unit", "expected"),
    [
        ([1640995200, 1640995260], "s", ["2022-01-01 00:00", "2022-01-01 00:01"]),
        ([1640995200.0, 1640995260.5], "s", ["2022-01-01 00:00", "2022-01-01 00:01:00.5"]),
        (["1640995200.0", "1640995260.0"], "s", ["2022-01-01 00:00", "2022-01-01 00:01"]),
        ([1924956000, 1924959600], "s", ["2030-12-31 14:00", "2030-12-31 15:00"]),  # not 1924-95-60
        ([203_644_800_000, 203_648_400_000], "ms", ["1976-06-15 00:00", "1976-06-15 01:00"]),  # not 2036-44-80
        ([1640995200000, 1640998800000], "ms", ["2022-01-01 00:00", "2022-01-01 01:00"]),
        ([1640995200000000, 1640998800000000], "us", ["2022-01-01 00:00", "2022-01-01 01:00"]),
        ([1640995200000000001, 1640998800000000000], "ns", ["2022-01-01 00:00:00.000000001", "2022-01-01 01:00"]),
        ([1991.583, 1991.667, 1991.75], "years", ["1991-08-01", "1991-09-01", "1991-10-01"]),
        ([1949.0, 1949.0833333, 1949.1666667], "years", ["1949-01-01", "1949-02-01", "1949-03-01"]),
        ([1958.2027, 1958.2877, 1958.3699], "years", ["1958-03-01", "1958-04-01", "1958-05-01"]),  # CO2 of Mauna Loa
        ([1960.25, 1960.5, 1960.75], "years", ["1960-04-01", "1960-07-01", "1960-10-01"]),
        (["1991.58", "1991.67"], "years", ["1991-08-01", "1991-09-01"]),
        ([2020.01, 2020.02, 2020.1, 2020.11], "year.month", ["2020-01-01", "2020-02-01", "2020-10-01", "2020-11-01"]),
        ([43831, 43832], "excel days", ["2020-01-01", "2020-01-02"]),
        ([43831.5, 43832.0416666667], "excel days", ["2020-01-01 12:00", "2020-01-02 01:00"]),
        ([1, 2, 3], "rows", ["1970-01-01 00:00:01", "1970-01-01 00:00:02", "1970-01-01 00:00:03"]),
    ],
)
def test_numbers_are_dates_where_nothing_else_has_such_numbers(
    values: list[float | str], unit: str, expected: list[str]
) -> None:
    found = dates(pd.DataFrame({"d": values}), ["d"], "t")
    assert found.index.equals(pd.DatetimeIndex(expected))
    assert found.unit == unit
    assert found.notes == (f"the column 'd' holds {IN_WORDS[unit]}.",)


@pytest.mark.parametrize(
    "values",
    [
        [2020.1, 2020.11, 2020.12],
        [1991.1, 1991.2],
        [1.5, 2.5],
        [np.inf, np.inf],
        [True, False],
        [1j, 2j],
        [3012024, 3022024, 3032024],
    ],
)
def test_numbers_that_may_be_several_dates_or_none_are_refused(values: list[object]) -> None:
    with pytest.raises(InputError, match=r"row 0, column 'd': .* is not a date"):
        dates(pd.DataFrame({"d": values}), ["d"], "t")


def test_a_number_that_is_no_date_like_the_others_is_named_with_its_row() -> None:
    moments = [1640995200 + hour * 3600 for hour in range(10_001)]
    for other, shown in ((0, "'0'"), (np.inf, "'inf'"), (np.nan, "nothing")):
        with pytest.raises(InputError, match=f"row 10001, column 'd': found {shown}, expected Unix time in seconds"):
            dates(pd.DataFrame({"d": [*moments, other]}), ["d"], "t")


def test_earlier_rows_tell_the_unit_of_a_single_number() -> None:
    one = pd.DataFrame({"t": [43900]})
    assert dates(one, ["t"], "t", earlier=Form(date_unit="excel days")).index[0] == pd.Timestamp("2020-03-10")
    assert dates(one, ["t"], "t", earlier=Form(date_unit="rows")).unit == "rows"
    hour = pd.DataFrame({"t": [1950010100]})
    assert dates(hour, ["t"], "t", earlier=Form(date_unit="s")).index[0] == pd.Timestamp(1950010100, unit="s")
    assert dates(hour, ["t"], "t", earlier=Form()).index[0] == pd.Timestamp("1950-01-01")
    with pytest.raises(InputError, match="holds dates, and the earlier rows have numbers of rows"):
        dates(pd.DataFrame({"t": ["2020-01-01"]}), ["t"], "t", earlier=Form(date_unit="rows"))
    with pytest.raises(InputError, match="'7' is not a date"):
        dates(pd.DataFrame({"t": [7]}), ["t"], "t", earlier=Form())


def test_what_the_dates_do_not_say_plainly_is_noted() -> None:
    def notes(*texts: str) -> tuple[str, ...]:
        return dates(pd.DataFrame({"d": texts}), ["d"], "t").notes

    assert notes("2020-01-31") == ()
    assert notes("Jan-49", "Dec-60") == ("the two-digit years in the column 'd' are read as 1949 to 1960.",)
    assert notes("2022-01-03/2022-01-09") == ("the column 'd' holds periods, of which the start is taken.",)


@pytest.mark.parametrize(
    ("texts", "frequency", "days"),
    [
        (["2001-02", "2002-03", "2003-04"], None, ["2001-01-01", "2002-01-01", "2003-01-01"]),  # not 13 months apart
        (["2001/02", "2002/03"], None, ["2001-01-01", "2002-01-01"]),
        (["1998-99", "1999-00", "2000-01"], None, ["1998-01-01", "1999-01-01", "2000-01-01"]),
        (["2001–02", "2002–03"], None, ["2001-01-01", "2002-01-01"]),
        (["201112", "201213"], None, ["2011-01-01", "2012-01-01"]),
        (["2011-2012", "2012-2013"], None, ["2011-01-01", "2012-01-01"]),
        (["2001-02", "2001-03", "2002-03"], None, ["2001-02-01", "2001-03-01", "2002-03-01"]),
        (["2010-11"], None, ["2010-11-01"]),
        (["2010-11"], Frequency("month"), ["2010-11-01"]),
        (["2010-11"], Frequency("month", every=12), ["2010-01-01"]),
        (["2012-13"], Frequency("month", every=12), ["2012-01-01"]),
        (["2001-02", "2002-04", "2013-14"], None, None),
    ],
)
def test_pairs_of_years_are_years_where_months_would_be_13_months_apart(
    texts: list[str], frequency: Frequency | None, days: list[str] | None
) -> None:
    frame = pd.DataFrame({"d": texts})
    if days is None:
        with pytest.raises(InputError, match="'2013-14' is not a date"):
            dates(frame, ["d"], "t", frequency=frequency)
        return
    found = dates(frame, ["d"], "t", frequency=frequency)
    assert found.index.equals(pd.DatetimeIndex(days))
    assert any("holds pairs of years" in note for note in found.notes) == (days[-1][5:] == "01-01")


@pytest.mark.parametrize(
    ("texts", "frequency", "hours"),
    [
        (["2020-01-01 1", "2020-01-01 2", "2020-01-01 3"], None, [1, 2, 3]),
        (["2020-01-01 23", "2020-01-02 0"], Frequency("minute", 60), [23, 0]),
        (["2020-01-01 1", "2020-02-01 1", "2020-03-01 2"], None, None),
        (["2020-01-01 1", "2020-01-02 1", "2020-01-01 1", "2020-01-02 1"], None, None),  # of two series
        (["2020-01-01 1"], Frequency("day"), None),
    ],
)
def test_a_number_behind_a_date_is_an_hour_only_where_dates_repeat(
    texts: list[str], frequency: Frequency | None, hours: list[int] | None
) -> None:
    frame = pd.DataFrame({"d": texts})
    if hours is None:
        with pytest.raises(InputError, match=r"'2020-01-01 1' \(row 0\) ends in a number that may be an hour or somet"):
            dates(frame, ["d"], "t", frequency=frequency)
    else:
        assert dates(frame, ["d"], "t", frequency=frequency).index.hour.tolist() == hours


FORMS = {
    "%Y-%m-%d": "D", "%Y/%m/%d %H:%M": "h", "%d.%m.%Y": "D", "%m/%d/%Y %I:%M %p": "h", "%d %b %Y": "D", "%Y%m%d": "D",
    "%b-%y": "MS", "%B %Y": "MS", "%YM%m": "MS", "%G-W%V": "W-MON", "%G-W%V-%u": "D", "%A, %d %B %Y": "D",
    "%Y年%m月%d日": "D", "%Y-%m-%dT%H:%M:%SZ": "h", "%a %d.%m.%Y %H:%M": "h", "%Y%m%d%H": "h", "%d-%b-%y": "D",
}  # fmt: skip


@given(
    st.sampled_from(list(FORMS)),
    st.dates(date(1990, 1, 1), date(2023, 1, 1)),
    st.integers(1, 3),
    st.integers(13, 60),
    st.randoms(),
)
def test_dates_written_in_any_form_are_read_back_or_refused(
    pattern: str, start: date, step: int, rows: int, random: Random
) -> None:
    written = list(pd.date_range(start, periods=rows, freq=f"{step}{FORMS[pattern]}"))
    random.shuffle(written)
    frame = pd.DataFrame({"d": [day.strftime(pattern) for day in written]})
    try:
        found = dates(frame, ["d"], "t").index
    except InputError as error:
        assert "may be" in str(error)
    else:
        assert found.tolist() == written


@pytest.mark.parametrize("repeats", [1, 30])
@given(st.integers(0, 10**6), st.sampled_from(["%Y-%m-%d %H:%M", "%d %B %Y", "%a %d.%m.%Y"]))
@settings(max_examples=5, deadline=None)
def test_many_dates_are_read_like_each_of_them(repeats: int, seed: int, pattern: str) -> None:
    days = pd.date_range("1990-01-01", periods=1_000)[np.random.default_rng(seed).permutation(1_000)].repeat(repeats)
    texts = days.strftime(pattern)
    assert dates(pd.DataFrame({"d": texts}), ["d"], "t").index.equals(days)


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
