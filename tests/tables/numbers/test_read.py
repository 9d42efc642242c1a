"""Columns of numbers: how people write them, what is no number, and what a note says about them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.form import Form
from recurra.tables.numbers.evidence import Surroundings
from recurra.tables.numbers.read import number_columns, numbers, read_numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", 1234.5),
        ("-1,234,567", -1234567.0),
        ("1.234,5", 1234.5),
        ("1.234.567", 1234567.0),
        ("1 234", 1234.0),
        ("1\u00a0234\u202f567", 1234567.0),
        ("1'234.5", 1234.5),
        ("1’234’567", 1234567.0),
        ("12,34,567.89", 1234567.89),
        ("1,2345,6789", 123456789.0),
        ("1234567.25", 1234567.25),
        (".5", 0.5),
        ("5.", 5.0),
        ("0,394", 0.394),
        ("１２３．５", 123.5),
        ("１，２３４，５６７", 1234567.0),
        ("٣٫٥", 3.5),
        ("١٬٢٣٤٫٥", 1234.5),
        ("1e3", 1000.0),
        ("1.2E+05", 120000.0),
        ("1,2E-05", 0.000012),
        ("+7", 7.0),
        ("−7", -7.0),
        ("–7", -7.0),
        ("7-", -7.0),
        ("(1,234.50)", -1234.5),
        ("($5)", -5.0),
        ("$(5)", -5.0),
        ("(5)%", -5.0),
        ("$5", 5.0),
        ("-$5", -5.0),
        ("$-5", -5.0),
        ("US$ 1,234.50", 1234.5),
        ("€1.234,50", 1234.5),
        ("1.234,50 €", 1234.5),
        ("￥3.5", 3.5),
        ("kr 12", 12.0),
        ("1 234,50 zł", 1234.5),
        ("CHF 1'234.50", 1234.5),
        ("3.5元", 3.5),
        ("394.55k", 394550.0),
        ("1,32 Mio. €", 1320000.0),
        ("2.5 lakh", 250000.0),
        ("₹2.5 Crore", 25000000.0),
        ("3.5万", 35000.0),
        ("1.2亿", 120000000.0),
        ("5千", 5000.0),
        ("2百万", 2000000.0),
        ("2千万", 20000000.0),
        ("1.2亿元", 120000000.0),
        ("0.52%", 0.52),
        ("-1,28 %", -1.28),
        ("3‰", 3.0),
        ("902 kWh", 902.0),
        ("-12.5 °C", -12.5),
        ("5 MW", 5.0),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, value: float) -> None:
    assert numbers(pd.DataFrame({"v": [text, f" {text} "]}), "v", "t").tolist() == [value, value]


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "--", "---", "—", "–", "?", "N/A", "n.a.", "#N/A", "NaN", "null", "NULL", "None", "missing"),
        *(":", "..", "...", "…", "."),  # Eurostat, the World Bank, statistical offices
        *("n.d.", "n/d", "s/d", "k.A.", "k. A.", "b.d."),  # not available, in French, Spanish, German and Polish
        *("***", "*", "////", "\\N", "#DIV/0!", "No data"),  # weather services, suppressed values, SQL, Excel
        *("无", "缺测", "欠測", "－", "：", "결측"),
    ],
)
def test_words_for_missing_values_are_missing(text: str) -> None:
    np.testing.assert_equal(numbers(pd.DataFrame({"v": [text, "5"]}), "v", "t"), [np.nan, 5.0])


@pytest.mark.parametrize("text", ["T", "M", "x", "x*", "12:30", "yes", "########"])
def test_words_that_may_mean_something_are_no_missing_values(text: str) -> None:
    with pytest.raises(InputError, match="expected a number"):
        numbers(pd.DataFrame({"v": [text, "5"]}), "v", "t")


@pytest.mark.parametrize("text", ["<1", "< 0,5", ">100", "≤5", "<=5", "&lt;1"])
def test_a_bound_is_an_error_that_says_what_to_write(text: str) -> None:
    with pytest.raises(InputError) as error:
        numbers(pd.DataFrame({"v": ["5", text]}), "v", "t")
    assert str(error.value) == (
        f"t: row 1, column 'v': found {text!r}, expected one number, and this is only its bound; write the number that "
        "is to be used, such as 0 or 0.5 for <1, in all such cells."
    )


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e50, max_value=1e50), min_size=1))
def test_every_float_that_is_written_by_python_is_read_exactly(values: list[float]) -> None:
    frame = pd.DataFrame({"v": list(map(repr, values))})
    assert read_numbers(frame, ["v"], "t", Surroundings(earlier=Form(decimal="."))).values[:, 0].tolist() == values


@given(st.decimals(0, 10**9, places=4), st.sampled_from([("K", 3), ("M", 6), ("万", 4), ("亿", 8), ("万亿", 12)]))
def test_a_factor_gives_the_nearest_float(value: Any, factor: tuple[str, int]) -> None:
    word, power = factor
    found = numbers(pd.DataFrame({"volume": [f"{value}{word}"]}), "volume", "t")
    assert found.tolist() == [float(value.scaleb(power))]


@pytest.mark.parametrize(
    "text",
    ["abc", "1.2.3", "1,234,5", "1  234", "1,234,56.7", "12:30", "2020-01-31", "31.01.2020", "1-2", "(-5)", "5 5K"],
)
@pytest.mark.parametrize("other", ["1", "x"])
def test_text_in_a_number_column_is_named_with_row_and_column(text: str, other: str) -> None:
    frame = pd.DataFrame({"v": ["1", text, other]}, index=[2, 7, 9])
    with pytest.raises(InputError) as error:
        numbers(frame, "v", "t.csv")
    assert str(error.value) == (
        f"t.csv: row 7, column 'v': found {text!r}, expected a number; correct the cell, or leave it empty "
        "and allow that with --missing."
    )


@pytest.mark.parametrize(("first", "other"), [("5%", "5"), ("$5", "€5"), ("5 kWh", "5 MWh"), ("5 S", "5 H")])
def test_numbers_in_two_units_are_an_error_with_both(first: str, other: str) -> None:
    frame = pd.DataFrame({"v": [first, None, other]})
    with pytest.raises(InputError) as error:
        numbers(frame, "v", "t")
    assert str(error.value) == (
        f"t: row 2, column 'v': found {other!r}, expected the same unit as in row 0, {first!r}; write all numbers of "
        "the column in one unit."
    )


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ([5, 7, -999, -999], "column 'y': 2 values are -999, far from all others; if that stands for a missing value"),
        ([999.9, 7, np.nan], "column 'y': 1 value is 999.9, far from all others"),
        ([-999, 7, 700], ""),  # it is near others
        ([-999, -999, np.nan], ""),
        ([np.nan, np.nan], ""),
    ],
)
def test_a_number_that_often_stands_for_missing_values_is_noted(values: list[float], note: str) -> None:
    read = read_numbers(pd.DataFrame({"x": 1.0, "y": values}), ["x", "y"], "t")
    assert len(read.notes) == bool(note)
    assert note in "".join(read.notes)


def test_notes_name_units_factors_and_brackets_once_for_all_their_columns() -> None:
    frame = pd.DataFrame({"a": ["5%"], "b": ["1.5 Mio."], "c": ["7%"], "d": ["(5) kWh"], "e": ["1.5"]})
    read = read_numbers(frame, list("abcde"), "t")
    assert read.values.tolist() == [[5, 1.5e6, 7, -5, 1.5]]
    assert read.units == ("%", "", "%", "kWh", "")
    assert read.notes == (
        "columns 'a', 'c': the values are in percent.",
        "column 'b': Mio. stands for 1,000,000.",
        "column 'd': the unit 'kWh' is left out of the numbers.",
        "column 'd': numbers in brackets are negative.",
    )


@pytest.mark.parametrize(
    ("text", "earlier", "fine"),
    [("5%", "%", True), ("5", "%", False), ("5%", "", False), ("$5", "€", False), ("5", "€", True), ("$5", "", True)],
)
def test_newer_rows_have_the_unit_of_the_earlier_ones(text: str, earlier: str, fine: bool) -> None:
    def read() -> Any:
        return read_numbers(pd.DataFrame({"v": [text]}), ["v"], "t", Surroundings(earlier=Form(units=(earlier,))))

    if fine:
        assert read().values.tolist() == [[5.0]]
        return
    with pytest.raises(InputError, match=r"column 'v': its numbers have .* in the earlier rows; write them as there"):
        read()


def test_values_that_are_no_texts_are_numbers_as_they_are() -> None:
    frame = pd.DataFrame({"v": pd.Series([1.125, np.float32(0.5), 3, True, "2,250"], dtype=object)})
    with pytest.raises(InputError, match=r"'2,250' may be 2\.25 or 2250"):
        numbers(frame, "v", "t")
    assert numbers(frame[:4], "v", "t").tolist() == [1.125, 0.5, 3.0, 1.0]


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        (["$5", "$6"], True),
        (["0.5%", "-"], True),
        (["1.2亿", "--", "3.5万"], True),
        (["1,125", "x"], True),
        (["1,125", "x", "y"], False),
        (["1a", "2b", "3c"], False),
        (["Köln", "Bonn"], False),
        (["2020-01-31", "2020-02-28"], False),
        ([None, None], False),
        ([None] * 100 + ["5"], True),
        (pd.date_range("2020-01-01", periods=2), False),
        ([True, False], True),
    ],
)
def test_a_column_holds_numbers_if_half_of_its_values_are_some_in_one_unit(values: Any, holds: bool) -> None:
    assert number_columns(pd.DataFrame({"v": values}), ["v"]) == ["v"] * holds


@pytest.mark.parametrize("text", ["9" * 401, "5\n6", "1\ud800", "5\x00", "=1+1", "5" + " " * 300 + "x(y", "1 " * 190])
def test_odd_texts_are_no_numbers(text: str) -> None:
    with pytest.raises(InputError, match=r"row 1, column 'v': found .* expected a number"):
        numbers(pd.DataFrame({"v": ["1", text]}), "v", "t")
