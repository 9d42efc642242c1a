"""Points and commas: the evidence that leaves one reading, and both readings where it leaves two."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.form import Form, Reading
from recurra.tables.numbers.evidence import Surroundings
from recurra.tables.numbers.read import Numbers, read_numbers
from recurra.tables.table_builder import make_table


def read(columns: dict[str, Sequence[Any]], **around: Any) -> Numbers:
    """Read the column v."""
    return read_numbers(pd.DataFrame(columns), ["v"], "t.csv", Surroundings(**around))


@pytest.mark.parametrize(
    ("texts", "values", "decimal", "thousands"),
    [
        (["0,394", "2,510"], [0.394, 2.51], ",", None),
        (["-0,394", "2,510"], [-0.394, 2.51], ",", None),
        (["0.394", "2.510"], [0.394, 2.51], ".", None),
        (["1,5", "1,250"], [1.5, 1.25], ",", None),
        (["1.5", "1.250"], [1.5, 1.25], ".", None),
        (["1.024,22", "2,510"], [1024.22, 2.51], ",", "."),
        (["1,024.22", "2,510"], [1024.22, 2510.0], ".", ","),
        (["1.00", "1.250"], [1.0, 1.25], ".", None),
        (["12.3456", "1.250"], [12.3456, 1.25], ".", None),
        (["1234.567", "1.250"], [1234.567, 1.25], ".", None),
        (["1234,567", "1,250"], [1234.567, 1.25], ",", None),
        (["1,234,567", "1,250"], [1234567.0, 1250.0], ".", ","),
        (["1.234.567", "1.250"], [1234567.0, 1250.0], ",", "."),
        (["12,34,567", "1,250"], [1234567.0, 1250.0], ".", ","),
        (["1'234", "1.250"], [1234.0, 1.25], ".", "'"),
        (["1 234", "1,250"], [1234.0, 1.25], ",", " "),
        (["1.25E+05", "1.250"], [125000.0, 1.25], ".", None),
        (["1,2345,6789", "1,2345"], [123456789.0, 12345.0], ".", ","),
        (["1,2345", "1,23"], [1.2345, 1.23], ",", None),
        (["1,2345", "1,250"], [1.2345, 1.25], ",", None),
        (["1,2345"], [1.2345], ",", None),  # whoever writes 1,2345 for 12345 writes 1,2345,6789, too
        (["12", "1,2345", "11,3456"], [12.0, 1.2345, 11.3456], ",", None),
        (["1.2345"], [1.2345], ".", None),
    ],
)
def test_the_numbers_of_a_column_may_leave_one_reading(
    texts: list[str], values: list[float], decimal: str, thousands: str | None
) -> None:
    for order in (1, -1):
        found = read({"v": texts[::order]})
        assert found.values[:, 0].tolist() == values[::order]
        assert (found.decimal, found.thousands) == (decimal, thousands)
        assert bool(found.notes) == (decimal == ",")


@pytest.mark.parametrize(
    ("texts", "readings"),
    [
        (["1,125", "2,250"], ("1.125", "1125")),
        (["1.125", "2.250"], ("1.125", "1125")),
        (["12", "1.125"], ("1.125", "1125")),
        (["-$1,125", "-$2,250"], ("-1.125", "-1125")),
        (["1,125%", "2,250%"], ("1.125", "1125")),
        (["1234", "1.235"], ("1.235", "1235")),  # whoever writes 1234 has no marks between thousands
    ],
)
def test_two_readings_are_an_error_with_both_and_the_flags_that_decide(
    texts: list[str], readings: tuple[str, str]
) -> None:
    mark = "," if "," in texts[1] else "."
    place = next(place for place, text in enumerate(texts) if mark in text)
    with pytest.raises(InputError) as error:
        read({"v": texts})
    assert str(error.value) == (
        f"t.csv: row {place}, column 'v': {texts[place]!r} may be {readings[0]} or {readings[1]}, and nothing else in "
        f"the table says which; say it with --decimal {mark} or --thousands {mark} (decimal={mark!r} or "
        f"thousands={mark!r} in Python)."
    )


@pytest.mark.parametrize(
    "around", [{"reading": Reading(thousands=",")}, {"reading": Reading(decimal=".")}, {"earlier": Form(thousands=",")}]
)
def test_a_comma_before_four_digits_stands_between_groups_if_that_is_known(around: dict[str, Any]) -> None:
    assert read({"v": ["1,2345"]}, **around).values.tolist() == [[12345.0]]


NEAR = ["902", "978", "1.000", "1.018"]  # thousand by thousand
FAR = ["1.125", "2.250"]
ISO = ["2024-01-31", "2024-02-29"]


@pytest.mark.parametrize(
    ("columns", "around", "values", "reason"),
    [
        ({"v": FAR}, {"reading": Reading(decimal=".")}, [1.125, 2.25], None),
        ({"v": FAR}, {"reading": Reading(decimal=",")}, [1125, 2250], None),
        ({"v": FAR}, {"reading": Reading(thousands=".")}, [1125, 2250], None),
        ({"v": FAR}, {"reading": Reading(thousands="none")}, [1.125, 2.25], None),
        ({"v": FAR}, {"reading": Reading(thousands=" ")}, [1.125, 2.25], None),
        ({"v": NEAR}, {"reading": Reading(decimal=".")}, [902, 978, 1, 1.018], None),
        ({"v": FAR[:1]}, {"earlier": Form(decimal=",")}, [1125], "the earlier rows have decimal commas"),
        ({"v": FAR[:1]}, {"earlier": Form(decimal=".")}, [1.125], "the earlier rows have decimal points"),
        ({"v": FAR[:1]}, {"earlier": Form(thousands=".")}, [1125], "the earlier rows have points between thousands"),
        ({"v": FAR[:1]}, {"earlier": Form(decimal=".", thousands=",")}, [1.125], "have commas between thousands"),
        ({"v": FAR, "w": ["1.024,22", "0"]}, {}, [1125, 2250], "column 'w' has decimal commas"),
        ({"v": FAR, "w": ["0,5%", "-"]}, {}, [1125, 2250], "column 'w' has decimal commas"),
        ({"v": FAR, "w": ["1.234.567", "1"]}, {}, [1125, 2250], "column 'w' has points between thousands"),
        ({"v": FAR, "w": ["1,234,567", "1"]}, {}, [1.125, 2.25], "column 'w' has commas between thousands"),
        ({"v": FAR, "w": [1.5, 2.0]}, {"delimiter": ","}, [1.125, 2.25], "column 'w' has decimal points"),
        ({"v": ["1,125"], "w": [1.5]}, {"delimiter": ";"}, [1125], "column 'w' has decimal points"),
        ({"v": ["1,125"]}, {"delimiter": ";"}, [1.125], "semicolons separate the columns"),
        ({"v": NEAR}, {}, [902, 978, 1000, 1018], "neighbouring rows differ a thousandfold otherwise"),
        ({"v": FAR, "w": NEAR[1:3]}, {"apart": {"w"}}, None, "nothing else"),
        ({"v": FAR, "date": ISO}, {"delimiter": ",", "apart": {"date"}}, [1.125, 2.25], "2024-01-31 under 'date' and"),
        ({"v": FAR, "tradeDate": ISO}, {"delimiter": ",", "apart": {"tradeDate"}}, [1.125, 2.25], "dates such as"),
        ({"v": FAR, "Unnamed: 0": ISO}, {"delimiter": ",", "apart": {"Unnamed: 0"}}, [1.125, 2.25], "dates such as"),
        ({"v": FAR, "日期": ISO}, {"delimiter": ",", "apart": {"日期"}}, [1.125, 2.25], "dates such as"),
        # whoever writes Datum may write points between thousands; a comma needs quotes, whatever it means
        ({"v": FAR, "Datum": ISO}, {"delimiter": ",", "apart": {"Datum"}}, None, "nothing else"),
        ({"v": FAR, "Update": ISO}, {"delimiter": ",", "apart": {"Update"}}, None, "nothing else"),
        ({"v": ["1,125"], "date": ISO[:1]}, {"delimiter": ",", "apart": {"date"}}, None, "nothing else"),
        ({"v": FAR[:1], "date": ["31.01.2024"]}, {"delimiter": ",", "apart": {"date"}}, None, "nothing else"),
        ({"v": FAR, "date": ISO}, {"delimiter": None, "apart": {"date"}}, None, "nothing else"),
        ({"v": FAR, "date": ISO}, {"delimiter": ";", "apart": {"date"}}, None, "nothing else"),
        ({"v": FAR, "w": [1.5, 2.0]}, {}, None, "nothing else"),  # no file: how w was written is not known
        ({"v": FAR, "w": ["Köln", "1,5"]}, {"apart": {"w"}}, None, "nothing else"),
        ({"v": FAR}, {"delimiter": ";"}, None, "nothing else"),
        ({"v": FAR}, {"delimiter": "\t"}, None, "nothing else"),
        ({"v": FAR, "w": ["1,5", "2"], "x": ["1.5", "2"]}, {}, None, "contradictory"),
        ({"v": NEAR, "w": ["1.5"] * 4}, {}, None, "contradictory"),
        ({"v": [text.replace(".", ",") for text in NEAR]}, {"delimiter": ";"}, None, "contradictory"),
        ({"v": FAR, "w": ["1,5", "2"]}, {"earlier": Form(decimal=".")}, None, "contradictory"),
    ],
)
def test_evidence_decides_between_two_readings_or_both_are_shown(
    columns: dict[str, Any], around: dict[str, Any], values: list[float] | None, reason: str | None
) -> None:
    if values is None:
        with pytest.raises(InputError, match=rf"column 'v': '.*' may be .* or .*, and .*{reason}.*; say it with"):
            read(columns, **around)
        return
    found = read(columns, **around)
    assert found.values[:, 0].tolist() == values
    assert found.notes == () if reason is None else reason in found.notes[0]


def test_steps_in_one_column_tell_the_marks_of_another() -> None:
    found = read_numbers(pd.DataFrame({"v": NEAR, "w": ["1.125"] * 4}), ["v", "w"], "t")
    assert found.values[:, 1].tolist() == [1125.0] * 4
    assert found.notes == (
        "column 'v': points are between thousands, as neighbouring rows differ a thousandfold otherwise.",
        "column 'w': points are between thousands, as column 'v' has points between thousands.",
    )


def test_columns_in_two_ways_say_nothing_about_newer_rows() -> None:
    trained = read_numbers(pd.DataFrame({"v": ["1,5", "2,5"], "w": ["1,234,567", "5"]}), ["v", "w"], "t")
    assert (trained.decimal, trained.thousands) == (None, None)
    form = Form(decimal=trained.decimal, thousands=trained.thousands)
    with pytest.raises(InputError, match=r"column 'v': '1,250' may be 1\.25 or 1250"):
        read_numbers(pd.DataFrame({"v": ["1,250"], "w": ["5"]}), ["v", "w"], "t", Surroundings(earlier=form))


def test_a_note_says_what_was_seen_in_a_column_that_is_read_too() -> None:
    read = read_numbers(pd.DataFrame({"v": FAR, "w": ["1.234.567", "1"]}), ["v", "w"], "t")
    assert read.notes[0] == "column 'v': points are between thousands, as column 'w' has points between thousands."


def test_neighbours_are_those_of_the_same_series() -> None:
    mixed = {"v": ["995", "5", "1.002", "6", "1.001", "7"]}
    with pytest.raises(InputError, match=r"may be 1\.002 or 1002"):
        read(mixed)
    assert read(mixed, series=np.array([0, 1] * 3)).values[2].tolist() == [1002.0]


@pytest.mark.parametrize(
    ("texts", "reading", "said"),
    [
        (["1,5", "2.5"], {}, "found '2.5', but '1,5' in row 0; expected the same decimal mark"),
        (["1,2345", "1.5", "1,2345,6789", "0,5"], {}, "found '1.5', but '1,2345' in row 0"),
        (["1'234", "5", "1,234.5"], {}, "found '1,234.5', but \"1'234\" in row 0"),
        (["1'234", "0,5", "1.234"], {}, "found '1.234', but \"1'234\" in row 0"),
        (["12,34,567", "123,456"], {}, "found '123,456', but '12,34,567' in row 0"),
        (["1,5", "2"], {"decimal": "."}, "found '1,5', which is no number with --decimal .; correct the cell or the"),
        (["1.12", "2"], {"thousands": "."}, "found '1.12', which is no number with --thousands ."),
        (["1,234.5"], {"thousands": "none"}, "found '1,234.5', which is no number with --thousands none"),
    ],
)
def test_numbers_that_leave_no_reading_are_an_error_with_the_two_that_differ(
    texts: list[str], reading: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as error:
        read({"v": texts}, reading=Reading(**reading))
    assert said in str(error.value)


def test_a_point_in_one_decimal_mark_and_thousands_is_an_error() -> None:
    frame = pd.DataFrame({"ds": ["2020-01-01"], "y": ["1.5"]})
    with pytest.raises(InputError, match=r"decimal and thousands are both '\.'; expected two marks"):
        make_table(frame, decimal=".", thousands=".")


def test_a_table_keeps_the_marks_and_units_for_a_single_newer_row(tmp_path: Path) -> None:
    days = pd.date_range("2022-01-03", periods=4).strftime("%Y-%m-%d")
    table = make_table(pd.DataFrame({"date": days, "y": [f"{text} kWh" for text in NEAR]}))
    assert table.form == Form(date_columns=("date",), decimal=",", thousands=".", units=("kWh",))
    newer = pd.DataFrame({"date": ["2022-01-07"], "y": ["1.031 kWh"]})
    with pytest.raises(InputError, match=r"may be 1\.031 or 1031"):
        make_table(newer, frequency=table.frequency)
    continued = make_table(newer, frequency=table.frequency, earlier=table.form)
    assert continued.series[0].values.tolist() == [[1031.0]]
    assert continued.form == table.form
    path = tmp_path / "t.csv"
    path.write_text("date,y\n2020-01-01,1.5\n2020-01-02,2\n")
    assert make_table(path).form.decimal == "."


@pytest.mark.parametrize(
    ("file", "first", "decimal"),
    [
        (
            '"Date","Price","Vol.","Change %"\n"07/14/2023","1,024.22","394.55K","0.52%"\n'
            '"07/13/2023","2,018.90","1.46M","-0.43%"\n',
            [2018.9, 1460000.0, -0.43],
            ".",
        ),
        (
            '"Datum","Zuletzt","Vol.","+/- %"\n"14.07.2023","1.024,22","1,320M","0,52%"\n'
            '"13.07.2023","2.018,90","1,460M","-0,43%"\n',
            [2018.9, 1460000.0, -0.43],
            ",",
        ),
        (
            "Date,Close/Last,Volume\n07/14/2023,$190.69,41616240\n07/13/2023,$190.54,41342340\n",
            [190.54, 41342340.0],
            ".",
        ),
        (
            "日期,收盘,成交量,成交额\n2023-07-13,9.50,35.2万,1.2亿\n2023-07-14,9.61,8.1万,9800万\n",
            [9.5, 352e3, 1.2e8],
            ".",
        ),
        (
            "Buchungstag;Betrag;Saldo\n13.07.2023;-12,50 €;1.234,56 €\n14.07.2023;3,00 €;1.237,56 €\n",
            [-12.5, 1234.56],
            ",",
        ),
    ],
    ids=["Investing.com", "Investing.com in German", "NASDAQ", "Chinese terminal", "German bank"],
)
def test_exports_of_known_sources_are_read(file: str, first: list[float], decimal: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(file, "utf-8")
    target = file.replace('"', "").replace(";", ",").split(",")[1]
    table = make_table(path, target=target, past_covariates="all")
    assert table.series[0].values[0].tolist() == first
    assert table.form.decimal == decimal


@dataclass(frozen=True)
class Locale:
    """How numbers are written somewhere, as the Unicode CLDR (release 46) has it.

    Attributes:
        decimal: decimal mark.
        group: mark between thousands; empty: none.
        sizes: numbers of digits of the last group, and of the others.
        least: number of digits before the first mark from which on there are marks.
        minus: sign of negative numbers.
    """

    decimal: str
    group: str
    sizes: tuple[int, int] = (3, 3)
    least: int = 1
    minus: str = "-"

    def write(self, number: int, decimals: int) -> str:
        """Write a whole number of the last of so many decimals."""
        digits = str(abs(number)).zfill(decimals + 1)
        whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
        last, others = self.sizes
        if self.group and len(whole) >= last + self.least:
            groups = [whole[-last:]]
            rest = whole[:-last]
            while rest:
                groups.insert(0, rest[-others:])
                rest = rest[:-others]
            whole = self.group.join(groups)
        return (self.minus if number < 0 else "") + whole + (self.decimal + fraction if decimals else "")

    def parsed(self, text: str) -> tuple[int, int] | None:
        """Return the number and the decimals of a text; None if it would be written in another way."""
        plain = text.replace(self.minus, "-").replace(self.group, "") if self.group else text.replace(self.minus, "-")
        whole, _, fraction = plain.partition(self.decimal)
        if not (whole.removeprefix("-") + fraction).isdigit():
            return None
        found = int(whole + fraction), len(fraction)
        return found if self.write(*found) == text else None


LOCALES = {
    "en": Locale(".", ","),
    "en, no groups": Locale(".", ""),
    "hi": Locale(".", ",", sizes=(3, 2)),
    "de": Locale(",", "."),
    "de, no groups": Locale(",", ""),
    "de-CH": Locale(".", "’"),
    "es": Locale(",", ".", least=2),
    "fr": Locale(",", "\u202f"),
    "pl": Locale(",", "\u00a0", least=2),
    "sv": Locale(",", "\u00a0", minus="−"),
    "in tens of thousands": Locale(".", ",", sizes=(4, 4), least=5),  # not of the CLDR, but written in China and Japan
}


def readings(texts: Sequence[str]) -> set[tuple[float, ...]]:
    """Return the numbers that texts may be, each reading by one locale."""
    found = set()
    for locale in LOCALES.values():
        parsed = [replace(locale, minus="-").parsed(text.replace("−", "-")) for text in texts]
        if None not in parsed:
            found.add(tuple(float(f"{number}e-{decimals}") for number, decimals in filter(None, parsed)))
    return found


WALKS = st.tuples(st.integers(1, 10**7), st.lists(st.floats(0.8, 1.25), min_size=1, max_size=12)).map(
    lambda walk: [max(1, round(value)) for value in walk[0] * np.cumprod(walk[1])]
)


@given(
    st.one_of(WALKS, st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12)),
    st.integers(0, 4),
    st.sampled_from(sorted(LOCALES)),
)
@example([902, 978, 1000, 1018], 0, "de")
@example([5, 5012, 6, 5013], 0, "de")
@example([1125, 2250], 3, "en")
def test_what_is_written_in_a_known_locale_is_read_exactly_or_refused_and_never_wrong(
    numbers: list[int], decimals: int, locale: str
) -> None:
    texts = [LOCALES[locale].write(number, decimals) for number in numbers]
    truth = tuple(float(f"{number}e-{decimals}") for number in numbers)
    left = readings(texts)
    assert truth in left
    try:
        found = tuple(read({"v": texts}).values[:, 0].tolist())
    except InputError as error:
        assert len(left) > 1, "there is one reading"
        assert " may be " in str(error)
        return
    assert found == truth
    assert len(left) == 1 or "a thousandfold" in " ".join(read({"v": texts}).notes)
