"""Which columns hold the dates: by their types, their names or what they hold; or none, where rows are numbered."""

import pandas as pd
import pytest

from recurra import InputError
from recurra.errors import listed
from recurra.tables.dates.which_columns import date_columns

DAYS = ["2020-01-01", "2020-01-02", "2020-01-03"]
HOURS = [1640995200, 1640998800, 1641002400]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"Day": ["Wednesday", "Thursday", "Friday"], "Date": DAYS, "Sales": [1, 2, 3]}, ["Date"]),
        ({"month": [1, 1, 1], "ds": DAYS, "y": [1, 2, 3]}, ["ds"]),
        ({"time": [0, 1, 2], "stamp": pd.to_datetime(DAYS)}, ["stamp"]),
        ({"date": DAYS, "stamp": pd.to_datetime(DAYS)}, ["date"]),
        ({"LAST UPDATE": ["05/01/24 23:00:00"] * 3, "TIME_PERIOD": [2020, 2021, 2022]}, ["TIME_PERIOD"]),  # Eurostat
        ({"LAST UPDATE": DAYS, "TIME_PERIOD": ["2020-Q1", "2020-Q2", "2020-Q3"]}, ["TIME_PERIOD"]),
        ({"Period": [2020, 2021, 2022], "DateModified": ["2023-01-05"] * 3}, ["Period"]),  # WHO
        ({"fetched": ["2024-01-05"] * 3, "when": DAYS}, ["when"]),
        ({"fetched": ["2024-01-05"] * 3, "year": [2020, 2021, 2022]}, ["year"]),
        ({"fetched": ["2024-01-05"] * 3, "y": [1, 2, 3]}, ["fetched"]),  # so that the error can name the rows
        ({"year": [2020, 2020, 2020], "month": [1, 1, 1], "when": DAYS}, ["when"]),
        ({"year": [2020, 2021], "ended": ["2020-12-31", "2021-12-31"]}, ["ended"]),
        (
            {"STATIONS_ID": [44] * 3, "MESS_DATUM": [2024010100, 2024010101, 2024010102], "eor": ["eor"] * 3},
            ["MESS_DATUM"],
        ),
        ({"volume": [3, 1, 2], "stamp": [1950010100, 1950010101, 1950010102]}, ["stamp"]),
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
        ({"<DATE>": DAYS, "<TIME>": ["09:30:00", "09:45:00", "10:00:00"]}, ["<DATE>", "<TIME>"]),  # MetaTrader
        (
            {"<DATE>": [20200101] * 3, "<TIME>": [90000, 93000, 100000], "<CLOSE>": [1, 2, 3]},
            ["<DATE>", "<TIME>"],
        ),  # Stooq
        ({"date": DAYS, "time": [0, 0, 0]}, ["date"]),
        ({"date": DAYS[:1] * 3, "time": [0, 0, 0]}, ["date"]),
        ({"date": DAYS[:1] * 3, "time": [930, 975, 1000]}, ["date"]),  # there is no minute 75
        ({"Date": pd.to_datetime(DAYS), "Time": ["09:30", "09:45", "10:00"]}, ["Date", "Time"]),
        ({"Date": pd.to_datetime(DAYS), "Time": pd.to_datetime(DAYS).time}, ["Date", "Time"]),
        ({"Date": pd.to_datetime(["2020-01-01 09:30", "2020-01-01 09:45"]), "Time": ["09:30", "09:45"]}, ["Date"]),
        ({"Date": ["2020-01-01 00:00:00"] * 2, "Time": ["09:30", "09:45"]}, ["Date", "Time"]),
        ({"date": HOURS, "time": ["00:00", "01:00", "02:00"]}, ["date"]),
        ({"date": DAYS[:1] * 2, "hour": [1, 1], "minute": [0, 30]}, ["date"]),
        ({"date": DAYS[:1] * 3, "hour": [1, 1, 2], "minute": [0, 30, 0]}, ["date", "hour", "minute"]),
        ({"Date": DAYS[:1] * 2, "HourEnding": [1, 2]}, ["Date", "HourEnding"]),
        ({"series_id": ["CU"] * 2, "year": [2020, 2020], "period": ["M01", "M02"]}, ["year", "period"]),  # BLS
        ({"year": [2020, 2020], "period": ["Q01", "Q02"]}, ["year", "period"]),
        ({"year": [2020, 2021], "period": ["A01", "A01"]}, ["year"]),
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


@pytest.mark.parametrize(
    "columns",
    [
        {"created": DAYS, "updated": DAYS},
        {"updated": ["2024-02-03", "2024-02-07", "2024-02-05"], "year": [2020, 2021, 2022]},
        {"updated": ["2024-02-03", "2024-02-07", "2024-02-05"], "Month": ["Jan 2020", "Feb 2020", "Mar 2020"]},
        {"updated": ["2024-02-03", "2024-02-07", "2024-02-05"], "year": [2020] * 3, "month": [1, 2, 3]},
        {"updated": ["2024-02-03", "2024-02-07", "2024-02-05"], "stamp": HOURS},
        {"date": ["2024-01-05"] * 3, "birthday": DAYS},
        {"opened": ["2020-01-01"] * 3, "closed": ["2020-01-02"] * 3},
        {"date": [*DAYS[:1], *DAYS[:2]], "timestamp": ["2020-01-01 09:30", "2020-01-01 09:45", "2020-01-02 09:30"]},
    ],
)  # fmt: skip
def test_columns_of_dates_of_which_nothing_shows_the_right_one_are_refused(columns: dict[str, list[object]]) -> None:
    with pytest.raises(InputError, match=f"the columns {listed(list(columns))} all hold dates, .* with --date"):
        date_columns(pd.DataFrame(columns), {None}, "t")


def test_the_same_date_in_all_series_is_no_reason_to_pass_over_a_column() -> None:
    newer = pd.DataFrame({"shop": ["a", "b"], "ds": ["2020-01-01"] * 2, "opened": ["2019-01-01", "2018-01-01"]})
    assert date_columns(newer, {"shop"}, "t") == ("ds",)


def test_a_table_without_dates_says_what_was_looked_for() -> None:
    with pytest.raises(InputError, match=r"there is no column of dates; .* among 'shop', 'y': name it with --date"):
        date_columns(pd.DataFrame({"shop": ["a", "b"], "y": [2020, 2021]}), {None}, "t")
