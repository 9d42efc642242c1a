"""Columns of numbers: how people write them, and what is no number."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.numbers import numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", 1234.5),
        ("-1,234,567", -1234567.0),
        ("1 234", 1234.0),
        ("1\u00a0234,567".replace(",", ""), 1234567.0),
        ("１２３．５", 123.5),
        ("1e3", 1000.0),
        ("+7", 7.0),
        ("--", np.nan),
        ("", np.nan),
        ("N/A", np.nan),
        ("null", np.nan),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    frame = pd.DataFrame({"v": [text, "5"]})
    np.testing.assert_equal(numbers(frame, "v", "t"), [value, 5.0])


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20))
def test_thousands_separators_change_no_number(values: list[int]) -> None:
    frame = pd.DataFrame({"v": [f"{value:,}" for value in values]})
    assert numbers(frame, "v", "t").tolist() == [float(value) for value in values]


@pytest.mark.parametrize("text", ["abc", "1,23", "12%", "1.2.3", "1,234,5"])
def test_text_in_a_number_column_is_named_with_row_and_column(text: str) -> None:
    frame = pd.DataFrame({"v": ["1", text]}, index=[2, 7])
    with pytest.raises(InputError) as error:
        numbers(frame, "v", "t.csv")
    assert str(error.value) == (
        f"t.csv: row 7, column 'v': found {text!r}, expected a number; correct the cell, or leave it empty "
        "and allow that with --missing."
    )
