"""Which columns hold the dates: by their types, their names or what they hold; or none, where rows are numbered."""

import pandas as pd
import pytest

from recurra import InputError
from recurra.tables.dates.which_columns import date_columns

DAYS = ["2020-01-01", "2020-01-02", "2020-01-03"]
HOURS = [1640995200, 1640998800, 1641002400]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"Day": ["Wednesday", "Thursday", "Friday"], "Date": DAYS, "Sales": [1, 2, 3]}, ["Date"]),
        ({"month": [1, 1, 1], "ds": DAYS, "y": [1, 2, 3]}, ["ds"]),
        ({"time": [0, 1, 2], "stamp": pd.to_datetime(DAYS)}, ["stamp"]),
        ({"date": DAYS, "stamp": pd.to_datetime(DAYS)}, ["stamp"]),
        ({"year": [2020, 2021, 2022], "日期": DAYS}, ["日期"]),
        ({"year": [2020, 2021, 2022], "y": [1, 2, 3]}, ["year"]),
        ({"date": [17, 18, 19], "月份": ["2020年1月", "2020年2月", "2020年3月"]}, ["月份"]),
        ({"shop": ["a", "b", "c"], "Month": ["Jan 2020", "Feb 2020", "Mar 2020"]}, ["Month"]),
        ({"when": DAYS, "price": ["1,000", "2,000", "3,000"]}, ["when"]),
        ({"date": [*DAYS, "soon"], "when": [*DAYS, "2020-01-04"]}, ["date"]),  # so that the error can name the row
        ({"date": ["01/02/2020", "02/02/2020"], "when": DAYS[:2]}, ["date"]),  # whatever comes first in it
        ({"date": ["soon", "later"], "y": [1, 2]}, ["date"]),
        ({"open_time": HOURS, "close_time": HOURS}, ["open_time"]),
        ({"volume": [3, 1, 2], "stamp": HOURS}, ["stamp"]),  # whole numbers that are evenly spaced moments
        ({"volume": [3, 1, 2], "stamp": [20200130, 20200131, 20200201]}, ["stamp"]),
        ({"volume": [1640995207, 1640998801, 1700000000], "t": [1, 2, 3]}, ["t"]),
    ],
)
def test_the_column_of_dates_is_the_best_that_holds_dates(columns: dict[str, list[object]], found: list[str]) -> None:
    assert list(date_columns(pd.DataFrame(columns), {None}, "t")) == found


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"sales": [5, 6], "month": [1, 2], "year": [2020, 2020]}, ["year", "month"]),
        ({"Year": [2020, 2020], "Month": ["Jan", "Feb"], "Day": [1, 1], "y": [1, 2]}, ["Year", "Month", "Day"]),
        ({"年": [2020, 2020], "月": ["1月", "2月"], "y": [1, 2]}, ["年", "月"]),
        ({"year": [2020, 2020], "quarter": ["Q1", "Q2"], "month": [1, 4]}, ["year", "month"]),
        ({"year": [2020, 2020], "week": [1, 2], "day": [3, 3]}, ["year", "week"]),
        ({"year": [2020, 2021], "month": ["hot", "cold"]}, ["year"]),
        ({"Date": DAYS, "Time": ["09:30", "09:45", "10:00"]}, ["Date", "Time"]),
        ({"day": [1, 2, 3], "time": ["09:30", "09:45", "10:00"], "when": DAYS}, ["when", "time"]),
        ({"date": DAYS[:1] * 2, "hour": [1, 2]}, ["date", "hour"]),
        ({"date": DAYS[:2], "hour": [1, 2]}, ["date"]),  # it may be a covariate, such as the hour of the highest price
        ({"date": ["2020-01-01 09:30", "2020-01-01 09:45"], "time": ["09:30", "09:45"]}, ["date"]),
        ({"date": DAYS, "time": ["soon", "later", "never"]}, ["date"]),
    ],
)
def test_dates_in_several_columns_are_found_by_their_names(columns: dict[str, list[object]], found: list[str]) -> None:
    assert list(date_columns(pd.DataFrame(columns), {None}, "t")) == found


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"week": [1, 2, 3], "sales": [5, 6, 7]}, ["week"]),
        ({"sales": [5, 6, 7], "step": [0, 10, 20]}, ["step"]),
        ({"Unnamed: 0": [0, 1, 2], "sales": [5, 6, 7]}, ["Unnamed: 0"]),
        ({"week": [1, 2, 1], "sales": [5, 6, 7]}, ["week"]),  # so that the error can name the rows
        ({"price": [1, 2, 3], "sales": [5, 6, 7]}, []),
    ],
)
def test_without_dates_a_column_may_number_the_rows(columns: dict[str, list[object]], found: list[str]) -> None:
    assert list(date_columns(pd.DataFrame(columns), {None}, "t")) == found


def test_rows_are_numbered_within_each_series() -> None:
    frame = pd.DataFrame({"shop": ["a", "a", "b", "b"], "t": [1, 2, 1, 2], "y": [1, 2, 3, 4]})
    assert date_columns(frame, {"shop"}, "t") == ("t",)


def test_columns_of_another_role_are_not_taken_for_dates() -> None:
    assert date_columns(pd.DataFrame({"date": DAYS, "when": DAYS}), {"date"}, "t") == ("when",)


def test_a_table_without_dates_says_what_was_looked_for() -> None:
    with pytest.raises(InputError, match=r"there is no column of dates; .* among 'shop', 'y': name it with --date"):
        date_columns(pd.DataFrame({"shop": ["a", "b"], "y": [2020, 2021]}), {None}, "t")
