"""Reading tables: encodings, delimiters, commas, and what is at fault in a file."""

import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import InputError
from recurra.tables.data_frame import with_row_numbers
from recurra.tables.dates.parsing import dates
from recurra.tables.files.reader import read_file
from recurra.tables.numbers.read import numbers


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(encoding: str, delimiter: str, table: Callable[[str | bytes], Path]) -> None:
    text = "日期,开盘\n2020-01-02,1.5\n2020-01-03,2.5\n".replace(",", delimiter)
    frame = read_file(table(text.encode(encoding))).frame
    assert list(frame.columns) == ["日期", "开盘"]
    assert numbers(frame, "开盘", "t").tolist() == [1.5, 2.5]


def test_rows_are_numbered_as_an_editor_shows_them_whatever_lines_are_blank(
    table: Callable[[str | bytes], Path],
) -> None:
    frame = read_file(table("a,b\r\n1,2\r\n\r\n\r\n3,4\r\n")).frame
    assert frame.index.tolist() == [2, 5]


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert read_file(path).frame.to_dict("list") == {"a": [1], "b": [2]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
def test_a_text_that_a_program_named_xls_is_read_as_text_with_a_note(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "t.xls"
    path.write_bytes("日期\t收盘\n2020-01-02\t1.5\n2020-01-03\t2.5\n".encode(encoding))
    raw = read_file(path)
    assert raw.frame.to_dict("list") == {"日期": ["2020-01-02", "2020-01-03"], "收盘": [1.5, 2.5]}
    assert raw.notes[0] == "the file is read as text, though its name ends in .xls."


@pytest.mark.parametrize(
    "text",
    [
        "<html><body><table><tr><td>ds</td></tr></table></body></html>",
        "\n<table border=1><tr><td>ds</td></tr></table>",
        '\ufeff<?xml version="1.0"?><Workbook></Workbook>',
        "<!-- made by a shop --><TABLE></TABLE>",
    ],
)
def test_a_web_page_that_a_program_named_xls_is_refused_with_what_to_do(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.xls").write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"t\.xls is a web page or XML, .* save it as \.xlsx\.$"):
        read_file(tmp_path / "t.xls")


def test_parquet_is_read_and_its_first_row_is_row_one(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"d": pd.date_range("2020-01-01", periods=3), "v": [1.0, 2.0, 3.0]}).to_parquet(path)
    frame = read_file(path).frame
    assert frame.index.tolist() == [1, 2, 3]
    assert dates(frame, ["d"], "t").index[0] == pd.Timestamp("2020-01-01")
    path.write_bytes(b"PAR1 or not")
    with pytest.raises(InputError, match=r"t\.parquet is not a Parquet file that can be read"):
        read_file(path)


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_parquet_file_of_any_encoding_of_texts_is_read(encoding: str, version: Any, tmp_path: Path) -> None:
    days = pd.date_range("2000-01-01", periods=5_000)
    frame = pd.DataFrame({"ds": days.strftime("the day of %Y-%m-%d"), "y": np.arange(5_000) / 4})
    encodings = {"ds": encoding, "y": "PLAIN"}
    path = tmp_path / "t.parquet"
    frame.to_parquet(
        path, use_dictionary=False, column_encoding=encodings, data_page_version=version, row_group_size=2_000
    )
    read = read_file(path).frame
    assert read["ds"].tolist() == frame["ds"].tolist()
    assert read["y"].tolist() == frame["y"].tolist()


def test_without_pyarrow_a_parquet_file_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"needs pyarrow: pip install 'recurra\[parquet\]'"):
        read_file(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty; expected a header and rows"),
        ("a,b\n", "has no rows of data"),
        ("a,b\n1,2\n1,2,3\n", "row 3 has 3 fields, expected 2 as in the header"),
        ("a,b,a\n1,2,3\n", "row 1: the column 'a' occurs twice"),
        ('a,b\n1,"2\n', "cannot be read as CSV"),
        ("<!DOCTYPE html>\n<p>Not found</p>\n", "is a web page or XML"),
        (b"\x00\x01\x02\xff\xfe\x00" * 9, "is not text, since it has null characters"),
    ],
)
def test_a_file_that_is_no_table_is_named_with_what_is_wrong(
    content: str | bytes, said: str, table: Callable[[str | bytes], Path]
) -> None:
    with pytest.raises(InputError) as error:
        read_file(table(content))
    assert "t.csv" in str(error.value)
    assert said in str(error.value)


def test_a_file_that_is_not_there_a_folder_and_a_damaged_gzip_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.csv: there is no such file"):
        read_file(tmp_path / "no.csv")
    with pytest.raises(InputError, match="is not a file"):
        read_file(tmp_path)
    (tmp_path / "t.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(InputError, match=r"t\.csv\.gz cannot be read"):
        read_file(tmp_path / "t.csv.gz")


@pytest.mark.parametrize("text", ["d,y\n2020-01-01,1,231\n", "d,y\n2020-01-01,1,231\n2020-01-02,7\n"])
def test_thousands_without_quotes_are_an_error_and_no_shorter_number(
    text: str, table: Callable[[str | bytes], Path]
) -> None:
    with pytest.raises(
        InputError, match=r"row 2 has 3 fields, expected 2 as in the header; .* quote numbers that have"
    ):
        read_file(table(text))


def test_a_delimiter_at_the_end_of_every_row_is_no_field_too_many(table: Callable[[str | bytes], Path]) -> None:
    assert read_file(table("a,b\n1,2,\n3,4,\n")).frame.to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_blank_lines_above_the_header_are_passed_over_and_counted(table: Callable[[str | bytes], Path]) -> None:
    assert read_file(table("\n  \na,b\n1,2\n")).frame.index.tolist() == [4]
    with pytest.raises(InputError, match="row 4 has 3 fields"):
        read_file(table("\n\na,b\n1,2,3\n"))
    with pytest.raises(InputError, match="row 2: the column 'a' occurs twice"):
        read_file(table("\na,a\n1,2\n"))


def test_names_of_series_are_kept_as_they_are_written(table: Callable[[str | bytes], Path]) -> None:
    path = table("unique_id,Shop,y\n000001,01,1\nNA,NA,NA\n, ,3\n")
    frame = read_file(path).frame
    assert frame["unique_id"].tolist() == ["000001", "NA", None]
    assert frame["Shop"].iloc[0] == 1
    assert np.isnan(frame["y"].iloc[1])
    assert read_file(path, texts=["shop"]).frame["Shop"].tolist() == ["01", "NA", None]


@pytest.mark.parametrize(
    "values",
    [
        ["902", "978", "1.000", "1.018"],
        ["100.000", "100.111", "99.436"],
        ["-1.234", "5", ""],
        ["1.000", "2.000"],
        ["999.999", "7", "7"],
        ["1.234.567", "1.024"],
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_numbers_that_may_have_points_between_thousands_stay_the_texts_that_they_are(
    values: list[str], delimiter: str, table: Callable[[str | bytes], Path]
) -> None:
    raw = read_file(table(f"a{delimiter}b\n" + "".join(f"x{delimiter}{value}\n" for value in values)))
    assert raw.delimiter == delimiter
    assert raw.frame["b"].fillna("").tolist() == values


@pytest.mark.parametrize(
    "values",
    [
        ["0.885", "2.042"],  # no number with thousands begins with 0
        ["1.000", "1.5"],
        ["1.000", "1.0185"],
        ["1018", "1.018"],
        ["100.0", "106.0"],
        ["902", "978", ""],
        ["1.50", "2.25"],
    ],
)
def test_numbers_whose_points_are_decimal_for_sure_are_numbers(
    values: list[str], table: Callable[[str | bytes], Path]
) -> None:
    frame = read_file(table("a,b\n" + "".join(f"x,{value}\n" for value in values))).frame
    assert frame["b"].dtype == "float64"
    np.testing.assert_equal(frame["b"].tolist(), [float(value or "nan") for value in values])


def test_a_point_that_may_be_one_between_thousands_is_found_far_below_the_first_rows(
    table: Callable[[str | bytes], Path],
) -> None:
    values = [*["902"] * 5_000, "1.018"]
    assert read_file(table("a,b\n" + "".join(f"x,{value}\n" for value in values))).frame["b"].tolist() == values


def test_numbers_with_a_comma_stay_texts(table: Callable[[str | bytes], Path]) -> None:
    assert read_file(table('a,b\nx,"0,394"\nx,"1.024,22"\n')).frame["b"].tolist() == ["0,394", "1.024,22"]
    frame = read_file(table("a;b;c\nParis, 1,125;1,125;3\n1,125;12;4\n")).frame
    assert frame["a"].tolist() == ["Paris, 1,125", "1,125"]
    assert frame["b"].tolist() == ["1,125", "12"]
    assert frame["c"].tolist() == [3, 4]


@pytest.mark.parametrize(
    ("index", "columns"),
    [
        (pd.date_range("2020-01-01", periods=3), ["ds", "y"]),
        (pd.Index(["2020-01-01", "2020-01-02", "2020-01-03"]), ["ds", "y"]),
        (pd.Index([20200101, 20200102, 20200103]), ["ds", "y"]),
        (pd.date_range("2020-01-01", periods=3, name="day"), ["day", "y"]),
        (pd.Index(["a", "b", "c"]), ["index", "y"]),
        (pd.Index([3, 5, 9]), ["y"]),  # of rows that were chosen from more
        (pd.Index([1990, 1991, 1992]), ["y"]),
        (pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]), ["unique_id", "level_1", "y"]),
        (pd.RangeIndex(3), ["y"]),
    ],
)
def test_the_index_of_a_frame_or_of_a_parquet_file_is_kept_if_it_says_something(
    index: "pd.Index[Any]", columns: list[str], tmp_path: Path
) -> None:
    given = pd.DataFrame({"y": [1.0, 2.0, 3.0]}, index=index)
    given.to_parquet(tmp_path / "t.parquet")
    for frame in (read_file(tmp_path / "t.parquet").frame, with_row_numbers(given).frame):
        assert frame.columns.tolist() == columns
        assert frame.index.tolist() == [1, 2, 3]
        if "ds" in columns:
            assert dates(frame, ["ds"], "t").index.equals(pd.date_range("2020-01-01", periods=3))


def test_a_column_of_a_parquet_file_that_is_named_index_is_kept(tmp_path: Path) -> None:
    pd.DataFrame({"index": [1.0], "y": [2.0]}).to_parquet(tmp_path / "t.parquet")
    assert read_file(tmp_path / "t.parquet").frame.to_dict("list") == {"index": [1.0], "y": [2.0]}
