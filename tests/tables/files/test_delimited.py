"""What separates the cells of a text, and rows that are split in another way than the others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from recurra import InputError
from recurra.tables.files.reader import read_file
from recurra.tables.form import RawTable


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], RawTable]:
    def read_text(text: str) -> RawTable:
        (tmp_path / "t.csv").write_text(text, "utf-8", newline="")
        return read_file(tmp_path / "t.csv")

    return read_text


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("ds;y\n2022-01-03;1,5\n", ";"),
        ("2022-01-03;1,5\n2022-01-04;2,5\n", ";"),
        ("a title, with a comma; and more\nds\ty\n2022-01-03\t1\n2022-01-04\t1\n", "\t"),
        ("ds,note\n2022-01-03,a;b\n2022-01-04,c;d\n", ","),
        ('ds,note\n2022-01-03,"a;b;c"\n2022-01-04,"d;e;f"\n', ","),
        ("ds|y, in kWh\n2022-01-03|1\n", "|"),
        ("sep=|\nds;x|y\n2022-01-03|1\n", "|"),
        ("y\n1\n2\n", None),
    ],
)
def test_the_delimiter_is_what_separates_most_lines_alike(
    text: str, delimiter: str | None, read: Callable[[str], RawTable]
) -> None:
    assert read(text).delimiter == delimiter


def test_cells_beyond_the_header_are_an_error(read: Callable[[str], RawTable]) -> None:
    with pytest.raises(InputError, match="row 3 has 4 fields, expected 2 as in the header"):
        read("ds,y\n2022-01-03,902,,\n2022-01-04,930,,7\n")
    with pytest.raises(InputError, match="row 2 has 3 fields, expected 2 as in the first rows"):
        read("2022-01-03,902\n" + "2022-01-03,902,1\n" + "2022-01-03,902\n" * 3)


@pytest.mark.parametrize("line", ["sep=,\n", '"sep=,"\r\n'])
def test_a_line_that_names_the_delimiter_as_spreadsheets_read_it_is_no_row(
    line: str, read: Callable[[str], RawTable]
) -> None:
    raw = read(f"{line}ds,y\n2022-01-03,902\n")
    assert raw.frame.to_dict("list") == {"ds": ["2022-01-03"], "y": [902]}
    assert raw.frame.index.tolist() == [3]
    assert raw.notes == ()


@pytest.mark.parametrize(
    "text",
    [
        "ds y\n2020-01-01 1,5\n2020-01-02 2,7\n2020-01-03 3\n",
        "ds y\n2020-01-01 1,5\n2020-01-02 2,7\n2020-01-03 3,0\n",
        "  ds             y\n\n  2020-01-01   1,5\n  2020-01-02   2,7 \n  2020-01-03  3,0\n",
        "ds\t   y\n2020-01-01    1,5\n2020-01-02\t2,7\n2020-01-03    3,0\n",
        "a title, with a comma\nds y\n2020-01-01 1,5\n2020-01-02 2,7\n2020-01-03 3,0\nSource: the office\n",
        "# made in 2020\n# ds y\n2020-01-01 1,5\n2020-01-02 2,7\n2020-01-03 3,0\n",
        "#ds y\n#date kWh\n2020-01-01 1,5\n2020-01-02 2,7\n2020-01-03 3,0\n",
        '"ds" "y"\n"2020-01-01" 1,5\n"2020-01-02" 2,7\n"2020-01-03" 3,0\n',
    ],
)  # fmt: skip
def test_cells_between_spaces_keep_their_decimal_commas(text: str, read: Callable[[str], RawTable]) -> None:
    raw = read(text)
    assert raw.delimiter == " "
    assert raw.frame.columns.tolist() == ["ds", "y"]
    assert raw.frame["ds"].tolist() == ["2020-01-01", "2020-01-02", "2020-01-03"]
    assert raw.frame["y"].tolist()[:2] == ["1,5", "2,7"]


def test_rows_between_spaces_have_the_numbers_that_an_editor_shows(read: Callable[[str], RawTable]) -> None:
    raw = read("\n  year month  mean\n  1958  3   315.70\n\n  1958  4   317.45\n")
    assert raw.frame.to_dict("list") == {"year": [1958, 1958], "month": [3, 4], "mean": [315.70, 317.45]}
    assert raw.frame.index.tolist() == [3, 5]
    assert read("1749 01 1749.042  96.7\n1749 02 1749.123 104.3\n").frame["c4"].tolist() == [96.7, 104.3]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("ds hour,y\n2020-01-01 1,5\n2020-01-01 2,7\n", ["2020-01-01 1", 5]),
        ("2020-01-01 00,5\n2020-01-01 01,7\n", ["2020-01-01 00", 5]),  # no number begins like this
        ("2020-01-01 00:00:00,5\n2020-01-01 01:00:00,7\n", ["2020-01-01 00:00:00", 5]),
        ("Monthly sales\nJan 2020,5\nFeb 2020,7\n", ["Jan 2020", 5]),
        ("t,y\n1,5 000\n2,6 000\n", [1, "5 000"]),
        ("1,5 000\n2,6 000\n", [1, "5 000"]),
        ("shop,y\nNew York,5\nSan Jose,7\n", ["New York", 5]),
    ],
)
def test_spaces_within_cells_separate_none(text: str, first: list[object], read: Callable[[str], RawTable]) -> None:
    raw = read(text)
    assert raw.delimiter == ","
    assert raw.frame.iloc[0].tolist() == first


@pytest.mark.parametrize("text", ["1 234\n5 678\n", "2020-01-01 00:00\n2020-01-01 01:00\n", "y\n1 234,5\n5 678,5\n"])
def test_one_number_or_date_with_a_space_is_one_column(text: str, read: Callable[[str], RawTable]) -> None:
    assert read(text).frame.shape[1] == text.count(",") // 2 + 1


@pytest.mark.parametrize("header", ["", "datum wert\n"])
def test_a_day_with_a_decimal_comma_behind_it_or_an_hour_is_refused_with_both(
    header: str, read: Callable[[str], RawTable]
) -> None:
    with pytest.raises(
        InputError, match=r"'2020-01-01 1,5' may be separated at its spaces, .* or at its comma, with an hour behind"
    ):
        read(f"{header}2020-01-01 1,5\n2020-01-01 2,7\n2020-01-01 3,8\n")


def test_rows_of_more_cells_between_spaces_than_the_header_are_an_error(read: Callable[[str], RawTable]) -> None:
    with pytest.raises(
        InputError, match=r"row 2 has 3 fields, expected 2 as in the header; .* quote cells that have sp"
    ):
        read("date value\n2020-01-01 00:00 1.5\n2020-01-01 01:00 2.5\n")
