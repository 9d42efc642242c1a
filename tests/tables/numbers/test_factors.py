"""Factors after numbers: K, M, B and T multiply only where they can be no units."""

from pathlib import Path

import pandas as pd
import pytest

from recurra import InputError
from recurra.tables.form import Form
from recurra.tables.numbers.evidence import Surroundings
from recurra.tables.numbers.read import Numbers, read_numbers
from recurra.tables.table_builder import make_table


def read(texts: list[str], name: str = "v", earlier: Form | None = None) -> Numbers:
    return read_numbers(pd.DataFrame({name: texts}), [name], "t.csv", Surroundings(earlier=earlier))


@pytest.mark.parametrize(
    ("texts", "readings", "thousand"),
    [
        (["290 K", "291 K"], ("290000", "290"), "K stands for 1,000"),
        (["290K"], ("290000", "290"), "K stands for 1,000"),
        (["290.5 K", "-", "0"], ("290500", "290.5"), "K stands for 1,000"),
        (["290 K", "291", "292 K"], ("290000", "290"), "K stands for 1,000"),  # one lacks its unit
        (["290 B"], ("290000000000", "290"), "B stands for 1,000,000,000"),
        (["5 M"], ("5000000", "5"), "M stands for 1,000,000"),
        (["5 T"], ("5000000000000", "5"), "T stands for 1,000,000,000,000"),
    ],
)
def test_a_letter_that_may_be_a_unit_is_an_error_with_both_readings(
    texts: list[str], readings: tuple[str, str], thousand: str
) -> None:
    with pytest.raises(InputError) as error:
        read(texts)
    letter, (factor, unit) = thousand[0], readings
    assert str(error.value) == (
        f"t.csv: row 0, column 'v': {texts[0]!r} may be {factor}, or {unit} in the unit {letter}, and nothing else in "
        f"the table says which; write {factor} if {thousand}, otherwise {unit}, and all numbers of the column likewise."
    )


@pytest.mark.parametrize(
    ("texts", "name", "values"),
    [
        (["394.55K", "1.46M"], "v", [394550.0, 1.46e6]),
        (["394.55 K", "1.46 M", "2.1 B"], "v", [394550.0, 1.46e6, 2.1e9]),
        (["950", "1.2K", "12K"], "v", [950.0, 1200.0, 12000.0]),
        (["$290 K"], "v", [290000.0]),
        (["1.2M €"], "v", [1.2e6]),
        (["1.46M", "1.32M"], "Vol.", [1.46e6, 1.32e6]),
        (["1.5B"], "Market Cap", [1.5e9]),
        (["2.1T"], "marketCap", [2.1e12]),
        (["290 K"], "成交量", [290000.0]),
        (["290 k"], "v", [290000.0]),  # no unit
        (["1.2 Mio."], "v", [1.2e6]),
        (["3.5万"], "v", [35000.0]),
    ],
)
def test_a_letter_is_a_factor_where_it_can_be_no_unit(texts: list[str], name: str, values: list[float]) -> None:
    assert read(texts, name).values[:, 0].tolist() == values


@pytest.mark.parametrize("name", ["Temp", "capacity", "value", "involved"])
def test_other_names_do_not_make_a_letter_a_factor(name: str) -> None:
    with pytest.raises(InputError, match="'290 K' may be 290000, or 290 in the unit K"):
        read(["290 K"], name)


@pytest.mark.parametrize(
    ("trained", "newer", "value"),
    [
        (["394.55K", "1.46M"], "290 K", 290000.0),
        (["394.55K", "1.46M"], "0", 0.0),
        (["394.55K", "1.46M"], "3.5万", 35000.0),
        (["950", "1.2K"], "951", 951.0),
        (["950", "1.2K"], "290 K", 290000.0),
        (["950", "951"], "3.5万", 35000.0),
    ],
)
def test_a_single_newer_row_is_read_as_the_earlier_ones(trained: list[str], newer: str, value: float) -> None:
    form = Form(factors=read(trained).factors)
    again = read([newer], earlier=form)
    assert again.values.tolist() == [[value]]
    assert again.factors == form.factors


@pytest.mark.parametrize(
    ("trained", "newer", "said"),
    [
        (
            ["394.55K", "1.46M"],
            "1.46",
            "found '1.46', expected a factor such as K or M after it, as all numbers of the",
        ),
        (["394.55K", "1.46M"], 1.46, "found '1.46', expected a factor"),
        (["290", "291"], "290 K", "'290 K' may be 290000, or 290 in the unit K"),
    ],
)
def test_newer_rows_in_another_way_are_an_error(trained: list[str], newer: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read([newer], earlier=Form(factors=read(trained).factors))


def test_a_table_keeps_its_factors(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("date,y,price\n2024-01-01,394.55K,5\n2024-01-02,1.46M,6\n")
    table = make_table(path, target="y", past_covariates=["price"])
    assert table.form.factors == ("all", "none")
    path.write_text("date,y,price\n2024-01-03,1.46,7\n")
    with pytest.raises(InputError, match=r"row 2, column 'y': found '1\.46', expected a factor"):
        make_table(path, target="y", past_covariates=["price"], frequency=table.frequency, earlier=table.form)
