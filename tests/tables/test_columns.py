"""Which column is meant: by its type, by its name or by what it holds; and the names of series as texts."""

import pandas as pd
import pytest

from recurra.tables.columns import found_column, hint_of_id, ids


def test_a_name_in_another_case_comes_before_another_name_of_the_same_thing() -> None:
    frame = pd.DataFrame({"Day": ["Wednesday"], "Date": ["2020-01-01"]})
    assert found_column(frame, "date", "t", "date") == "Date"
    assert found_column(frame, "日期", "t", "date") == "Date"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, 2], ["1", "2"]),
        ([1.0, 2.0], ["1", "2"]),
        ([1.5, 2.0], ["1.5", "2.0"]),
        (["000001", "NA"], ["000001", "NA"]),
    ],
)
def test_names_of_series_that_are_whole_numbers_have_no_point(values: list[object], texts: list[str]) -> None:
    _, found = ids(pd.DataFrame({"unique_id": values}), "unique_id", "t")
    assert found == texts


def test_ids_that_are_equal_and_written_otherwise_stay_apart() -> None:
    codes, found = ids(pd.DataFrame({"unique_id": pd.Series([1, "a", 1.0, True], dtype=object)}), "unique_id", "t")
    assert found == ["1", "a", "1.0", "True"]
    assert codes.tolist() == [0, 1, 2, 3]


SHOPS = {"date": ["2020-01-01", "2020-01-01", "2020-01-02", "2020-01-02"], "y": [1.0, 2.0, 3.0, 4.0]}


@pytest.mark.parametrize(
    ("columns", "advised"),
    [
        ({"shop": ["a", "b", "a", "b"]}, "the 2 values of the column 'shop' tell series apart, name it with --id"),
        ({"shop": [1, 2, 1, 2]}, "the 2 values of the column 'shop' tell series apart"),
        ({"shop": [1.0, 2.0, 1.0, 2.0]}, "the 2 values of the column 'shop' tell series apart"),
        ({"time": ["a", "b", "a", "b"]}, ""),  # by its name
        (
            {"Hour": [9, 10, 9, 10]},
            "if the column 'Hour' completes the dates, join them with --date date --date H",
        ),
        (
            {"<TIME>": [93000, 100000] * 2},
            "the column '<TIME>' completes the dates, join them with --date date",
        ),
        ({"period": ["M01", "M02"] * 2}, ""),
        ({"Hora UTC": ["0900 UTC", "1000 UTC"] * 2}, "the column 'Hora UTC' completes the dates"),
        ({"at": ["09:30", "10:30", "09:30", "10:30"]}, "the column 'at' completes the dates"),  # by what it holds
        ({"at": ["9:30 am", "3:30 pm", "9:30 am", "3:30 pm"]}, "the column 'at' completes the dates"),
        ({"at": pd.to_datetime(["09:30", "10:30", "09:30", "10:30"], format="%H:%M").time}, "'at' completes the dates"),
        (
            {"SETTLEMENT_PERIOD": [47, 48, 47, 48]},
            "the column 'SETTLEMENT_PERIOD' counts the times of a day, wr",
        ),
        ({"time_series": ["a", "b", "a", "b"]}, "the 2 values of the column 'time_series' tell series apart"),
        ({"until": ["2020-01-03", "2020-01-04", "2020-01-03", "2020-01-04"]}, ""),
        ({"row": [1, 2, 3, 4]}, ""),
        ({"Unnamed: 0": [1, 2, 1, 2]}, ""),
        ({"link": ["p", "q", "r", "s"]}, ""),  # without repetition
        ({"price": [1.5, 2.5, 1.5, 2.5]}, ""),
        ({"count": [3, 4, 4, 5]}, ""),
        ({"shop": ["a", None, "a", "b"]}, ""),
    ],
)
def test_a_time_a_row_number_or_a_measured_value_is_never_advised_as_an_id(
    columns: dict[str, list[object]], advised: str
) -> None:
    hint = hint_of_id(pd.DataFrame({**SHOPS, **columns}), ["date"], [], {"y"})
    assert bool(hint) == bool(advised)
    assert advised in hint
    assert ("--id" in hint) == ("tell series apart" in hint)


def test_numbers_that_count_as_many_rows_as_a_day_has_half_hours_are_advised_as_ids_or_times() -> None:
    days = pd.DataFrame({"date": ["2020-01-01"] * 48 + ["2020-01-02"] * 48, "n": [*range(1, 49)] * 2, "y": 1.0})
    said = "if the 48 values of the column 'n' tell series apart, name it with --id (id=… in Python); if they count"
    assert said in hint_of_id(days, ["date"], [], {"y"})


def test_the_period_of_a_year_is_advised_to_be_joined() -> None:
    frame = pd.DataFrame({"year": [2020, 2020], "period": ["M01", "M02"], "y": [1.0, 2.0]})
    assert "join them with --date year --date period" in hint_of_id(frame, ["year"], [], {"y"})


def test_two_columns_that_name_series_together_are_advised_together() -> None:
    frame = pd.DataFrame({"date": "2020-01-01", "store": [1, 1, 2, 2] * 2, "item": ["a", "b"] * 4, "y": 1.0})
    frame.loc[4:, "date"] = "2020-01-02"
    said = "if the columns 'store' and 'item' tell series apart, name them with --id store --id item (id=[…] in Python)"
    assert said in hint_of_id(frame, ["date"], [], {"y"})
