"""Dates in several columns: the parts of dates, and dates with times of day."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.as_given import as_given
from recurra.tables.dates.parsing import dates
from recurra.tables.form import Form
from recurra.tables.table_builder import make_table

TWO_DAYS = ["2004-03-13", "2004-03-14"]
JOINED = {
    "Year and month": ({"Year": [2010, 2010], "Month": [1, 12]}, ["2010-01-01", "2010-12-01"]),
    "names of months": ({"Jahr": [2010, 2010], "Monat": ["März", "Okt."]}, ["2010-03-01", "2010-10-01"]),
    "Chinese": ({"年": ["2010年", "2010年"], "月": ["3月", "10月"]}, ["2010-03-01", "2010-10-01"]),
    "floats": ({"year": [2010.0, 2010.0], "month": [1.0, 2.0]}, ["2010-01-01", "2010-02-01"]),
    "two digits": ({"year": [98, 3], "month": [1, 2]}, ["1998-01-01", "2003-02-01"]),
    "quarters": ({"year": [2010, 2010], "quarter": ["Q1", "Q4"]}, ["2010-01-01", "2010-10-01"]),
    "quarters by their letter": ({"a": [2010, 2010], "b": ["Q1", "Q4"]}, ["2010-01-01", "2010-10-01"]),
    "periods": ({"year": [2010, 2010], "period": ["M01", "M12"]}, ["2010-01-01", "2010-12-01"]),
    "weeks by their letter": ({"year": [2018, 2020], "period": ["W01", "W53"]}, ["2018-01-01", "2020-12-28"]),
    "weeks": ({"year": [2018, 2020], "week": [1, 53]}, ["2018-01-01", "2020-12-28"]),
    "all": (
        {"minute": [5, 6], "hour": [9, 24], "day": [30, 31], "month": [1, 1], "year": [2010, 2010]},
        ["2010-01-30 09:05", None],
    ),
    "hours to 24": (
        {"year": [2010, 2010], "month": [1, 12], "day": [30, 31], "hour": [9, 24]},
        ["2010-01-30 09:00", "2011-01-01"],
    ),
    "other names": ({"a": [2010, 2010], "b": [1, 12]}, ["2010-01-01", "2010-12-01"]),
    "date and time": ({"d": ["03/13/2004"], "t": ["18:00:00"]}, ["2004-03-13 18:00"]),
    "times with points": ({"d": TWO_DAYS, "t": ["18.00.00", "19.30.00"]}, ["2004-03-13 18:00", "2004-03-14 19:30"]),
    "half days": ({"d": TWO_DAYS, "t": ["6:05 PM", "12:00 AM"]}, ["2004-03-13 18:05", "2004-03-14"]),
    "hours": ({"d": ["2004-03-13", "2004-03-13"], "h": [23, 24]}, ["2004-03-13 23:00", "2004-03-14"]),
    "typed dates": ({"d": pd.to_datetime(TWO_DAYS), "hour": [1.0, 2.0]}, ["2004-03-13 01:00", "2004-03-14 02:00"]),
    "digits of hours and minutes": ({"d": TWO_DAYS, "t": [5, 1330]}, ["2004-03-13 00:05", "2004-03-14 13:30"]),
    "digits of seconds": ({"d": TWO_DAYS, "t": [500, 93010]}, ["2004-03-13 00:05", "2004-03-14 09:30:10"]),
    "digits as texts": ({"d": TWO_DAYS, "t": ["000500", "000610"]}, ["2004-03-13 00:05", "2004-03-14 00:06:10"]),
    "hours and minutes": (
        {"d": TWO_DAYS, "hour": [9, 10], "minute": [30, 45]}, ["2004-03-13 09:30", "2004-03-14 10:45"]
    ),
    "three columns by their places": (
        {"d": TWO_DAYS, "h": [9, 10], "m": [30, 45], "s": [1, 2]}, ["2004-03-13 09:30:01", "2004-03-14 10:45:02"]
    ),
    "offsets": ({"d": TWO_DAYS, "t": ["18:00+01:00", "19:00+01:00"]}, ["2004-03-13 18:00", "2004-03-14 19:00"]),
}  # fmt: skip


@pytest.mark.parametrize("name", JOINED)
def test_columns_are_joined_to_dates_and_that_is_noted(name: str) -> None:
    columns, expected = JOINED[name]
    frame = pd.DataFrame(columns)
    if None in expected:
        with pytest.raises(InputError, match=r"row 1, columns .* are no date"):
            dates(frame, list(columns), "t")
        return
    found = dates(frame, list(columns), "t")
    assert found.index.equals(pd.DatetimeIndex(expected))
    assert found.notes[-1] == f"the dates are joined from the columns {', '.join(map(repr, columns))}."


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"year": [2010, 2010], "month": [1, 13]}, "row 9, columns 'year', 'month': '2010', '13' are no date"),
        ({"year": [2010, 2010], "month": ["Jan", "Foo"]}, "row 9, column 'month': found 'Foo', expected a month"),
        ({"year": [2010, None], "month": [1, 2]}, "row 9, column 'year': found nothing, expected a year"),
        ({"d": TWO_DAYS, "t": ["18:00", "soon"]}, "row 9, column 't': found 'soon', expected a time"),
        ({"d": TWO_DAYS, "t": ["18:00", "25:00"]}, "row 9, column 't': found '25:00', expected a time"),
        ({"d": ["2004-03-13", "soon"], "t": ["18:00", "19:00"]}, "row 9, column 'd': 'soon' is not a date"),
        ({"d": TWO_DAYS, "t": [930, 975]}, "row 9, column 't': found '975', expected a time of day such as 09:30"),
        ({"d": TWO_DAYS, "hour": [9, 10], "minute": [30, 60]}, "columns 'hour', 'minute': '10', '60' are no time"),
        ({"d": TWO_DAYS, "price": [9, 10]}, "column 'price' holds numbers, and each date occurs once, so"),
        ({"d": ["2004-03-13", "2004-03-13 09:00"], "t": ["18:00", "9:00"]}, "row 9, column 'd': found '2004-03-13 09:"),
        ({"year": [2010, 2010], "period": ["M12", "M13"]}, "columns 'year', 'period': '2010', 'M13' are no date"),
        ({"year": [2010, 2010], "month": ["M1", "Q2"]}, "row 9, column 'month': found 'Q2', expected a month"),
        ({name: [1, 1] for name in "abcdefg"}, "'f', 'g' are 7 columns of dates; expected at most"),
    ],
)  # fmt: skip
def test_what_is_no_part_of_a_date_is_named_with_its_row(columns: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as error:
        dates(pd.DataFrame(columns, index=[8, 9]), list(columns), "t.csv")
    assert said in str(error.value)


def test_digits_of_newer_rows_are_read_like_those_of_earlier_ones() -> None:
    for digits, unit, later in ([900, 1500], "hhmm", "00:05"), ([90000, 150000], "hhmmss", "00:00:05"):
        found = dates(pd.DataFrame({"d": TWO_DAYS, "t": digits}), ["d", "t"], "t")
        assert found.unit == unit
        assert found.notes[0] == f"the column 't' holds times of day: '{digits[1]}' is 15:00:00."
        newer = pd.DataFrame({"d": ["2004-03-15"], "t": [5]})
        read = dates(newer, ["d", "t"], "t", earlier=Form(date_unit=found.unit, date_columns=("d", "t")))
        assert read.index[0] == pd.Timestamp(f"2004-03-15 {later}")


def test_forecasts_of_dates_with_times_of_digits_have_dates() -> None:
    hours = pd.date_range("2024-01-01", periods=48, freq="h")
    frame = pd.DataFrame({"<DATE>": hours.strftime("%Y%m%d").astype(int), "<TIME>": hours.hour * 10000, "<CLOSE>": 1.5})
    table = make_table(frame, target="close")
    assert table.series[0].dates.equals(hours)
    forecast = pd.DataFrame({"ds": hours[-1:], "close": 1.5})
    assert as_given(forecast, table.form, table.given)["ds"].tolist() == [hours[-1]]


@given(
    st.lists(
        st.datetimes(pd.Timestamp("1900-01-01").to_pydatetime(), pd.Timestamp("2030-01-01").to_pydatetime()), min_size=1
    )
)
def test_the_parts_of_any_moment_make_up_the_moment(moments: list[Any]) -> None:
    index = pd.DatetimeIndex(moments).floor("s")
    parts = ["year", "month", "day", "hour", "minute", "second"]
    frame = pd.DataFrame({part: getattr(index, part) for part in parts})
    assert dates(frame, parts, "t").index.equals(index)


def test_the_columns_of_dates_are_found_or_named_and_used_for_newer_rows() -> None:
    frame = pd.DataFrame({"year": [2010] * 12, "month": range(1, 13), "sales": range(12)})
    for date in (None, ["year", "month"], ["Year", "月份"]):
        table = make_table(frame, target="sales", date=date)
        assert table.frequency.name == "monthly"
        assert table.form.date_columns == ("year", "month")
        assert table.notes == ("the dates are joined from the columns 'year', 'month'.",)
    newer = pd.DataFrame({"date": ["x"], "year": [2011], "month": [1], "sales": [12]})
    table = make_table(newer, target="sales", earlier=table.form, frequency=table.frequency)
    assert table.series[0].dates[0] == pd.Timestamp("2011-01-01")


def test_columns_of_dates_are_neither_covariates_nor_series_ids() -> None:
    frame = pd.DataFrame(
        {"Date": ["2020-01-01"] * 3, "Time": ["01:00", "02:00", "03:00"], "T": [1, 2, 3], "U": [3, 1, 2]}
    )
    assert make_table(frame, target="T", past_covariates="all").past_covariates == ("U",)
    with pytest.raises(InputError, match=r"rows 1 and 2 have the same date 2020-01-01 01:00:00; .* offsets from UTC"):
        make_table(frame.assign(Time=["01:00", "01:00", "02:00"]), target="T")
