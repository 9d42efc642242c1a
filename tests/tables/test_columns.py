"""Which column is meant: by its type, by its name or by what it holds; and the names of series as texts."""

import pandas as pd
import pytest

from recurra.tables.columns import found_column, ids


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
