"""Reading tables: encodings, delimiters, numbers and dates as people write them, and what is at fault in a file."""

import gzip
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.data.dates import dates
from recurra.data.numbers import numbers
from recurra.data.reader import read_frame


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
    frame = read_frame(table(text.encode(encoding)))
    assert list(frame.columns) == ["日期", "开盘"]
    assert numbers(frame, "开盘", "t").tolist() == [1.5, 2.5]


def test_rows_are_numbered_as_an_editor_shows_them_whatever_lines_are_blank(
    table: Callable[[str | bytes], Path],
) -> None:
    frame = read_frame(table("a,b\r\n1,2\r\n\r\n\r\n3,4\r\n"))
    assert frame.index.tolist() == [2, 5]


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert read_frame(path).to_dict("list") == {"a": [1], "b": [2]}


def test_parquet_is_read_and_its_first_row_is_row_one(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pd.DataFrame({"d": pd.date_range("2020-01-01", periods=3), "v": [1.0, 2.0, 3.0]}).to_parquet(path)
    frame = read_frame(path)
    assert frame.index.tolist() == [1, 2, 3]
    assert dates(frame, "d", "t")[0] == pd.Timestamp("2020-01-01")
    path.write_bytes(b"PAR1 or not")
    with pytest.raises(InputError, match=r"t\.parquet: is not a Parquet file that can be read"):
        read_frame(path)


def test_without_pyarrow_a_parquet_file_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"needs pyarrow: pip install 'recurra\[parquet\]'"):
        read_frame(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty; expected a header and rows"),
        ("a,b\n", "holds no rows of data"),
        ("a,b\n1,2\n1,2,3\n", "row 3 has 3 fields, expected 2 as in the header"),
        ("a,b,a\n1,2,3\n", "row 1: the column 'a' comes twice"),
        ('a,b\n1,"2\n3,4\n', "cannot be read as CSV"),
        (b"\x00\x01\x02\xff\xfe\x00" * 9, "is not text in UTF-8, UTF-16 or GBK"),
    ],
)
def test_a_file_that_is_no_table_is_named_with_what_is_wrong(
    content: str | bytes, said: str, table: Callable[[str | bytes], Path]
) -> None:
    with pytest.raises(InputError) as error:
        read_frame(table(content))
    assert "t.csv: " in str(error.value)
    assert said in str(error.value)


def test_a_file_that_is_not_there_a_folder_and_a_damaged_gzip_are_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.csv: there is no such file"):
        read_frame(tmp_path / "no.csv")
    with pytest.raises(InputError, match="is not a file"):
        read_frame(tmp_path)
    (tmp_path / "t.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(InputError, match=r"t\.csv\.gz: cannot be read"):
        read_frame(tmp_path / "t.csv.gz")


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
        f"t.csv: row 7, column 'v': found {text!r}, expected a number; mend the cell, or leave it empty "
        "and allow that with --missing."
    )


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["2020-01-31", "2020-02-01"], ["2020-01-31", "2020-02-01"]),
        (["2020/1/31", "2020/2/1"], ["2020-01-31", "2020-02-01"]),
        (["2020.01.31", "2020.02.01"], ["2020-01-31", "2020-02-01"]),
        (["20200131", "20200201"], ["2020-01-31", "2020-02-01"]),
        (["2020年1月31日", "2020年2月1日"], ["2020-01-31", "2020-02-01"]),
        (["２０２０年１月３１日", "2020年2月1日"], ["2020-01-31", "2020-02-01"]),
        (["2020年1月", "2020年12月"], ["2020-01-01", "2020-12-01"]),
        (["2020-01", "2020-02"], ["2020-01-01", "2020-02-01"]),
        (["202001", "202002"], ["2020-01-01", "2020-02-01"]),
        (["1990", "1991"], ["1990-01-01", "1991-01-01"]),
        (["2020Q1", "2020q4"], ["2020-01-01", "2020-10-01"]),
        (["2020-Q2", "2020-Q3"], ["2020-04-01", "2020-07-01"]),
        (["13/02/2020", "14/02/2020"], ["2020-02-13", "2020-02-14"]),  # no month 13: the day comes first
        (["02/13/2020", "02/14/2020"], ["2020-02-13", "2020-02-14"]),
        (["13/02/2020", "12/02/2020", "01/02/2020"], ["2020-02-13", "2020-02-12", "2020-02-01"]),  # newest first
        (["01/02/2020", "01/13/2020"], ["2020-01-02", "2020-01-13"]),
        (["02/02/2020", "03/03/2020"], ["2020-02-02", "2020-03-03"]),
        (["1/2/20", "13/2/20 9:30"], ["2020-02-01", "2020-02-13 09:30"]),
        (["31-01-2020", "01-02-2020"], ["2020-01-31", "2020-02-01"]),  # -2020 is no offset of a time zone
        (["01-2020", "02-2020"], ["2020-01-01", "2020-02-01"]),
        (["1-Jan-2020", "12-Feb-2020"], ["2020-01-01", "2020-02-12"]),
        (["1 January 2020", "Wed, 12 February 2020"], ["2020-01-01", "2020-02-12"]),
        (["Jan 2020", "September 2020"], ["2020-01-01", "2020-09-01"]),
        (["January 1st, 2020", "Sept 2, 2020"], ["2020-01-01", "2020-09-02"]),
        (["2020-Jan-05", "2020 Feb 6"], ["2020-01-05", "2020-02-06"]),
        (["Q1 2020", "q2-2020"], ["2020-01-01", "2020-04-01"]),
        (["1/31/2020 12:05 AM", "1/31/2020 12:05:30 PM"], ["2020-01-31 00:05", "2020-01-31 12:05:30"]),
        (["2020/1/31 9:30:00.25", "2020/1/31"], ["2020-01-31 09:30:00.25", "2020-01-31"]),
        (["20200131T0930", "20200201 103015"], ["2020-01-31 09:30", "2020-02-01 10:30:15"]),
        (["2020-01-01 08:00:00.5 +08", "2020-01-01T08:00-05:00"], ["2020-01-01 08:00:00.5", "2020-01-01 08:00"]),
        (["31.01.2020", "01.02.2020"], ["2020-01-31", "2020-02-01"]),
        (["Jan 5 2020", "Feb 6 2020"], ["2020-01-05", "2020-02-06"]),
        (["2020-01-01 09:30", "2020-01-01 09:45"], ["2020-01-01 09:30", "2020-01-01 09:45"]),
        (["2020-01-01T00:00:00-05:00", "2020-07-01T00:00:00-04:00"], ["2020-01-01", "2020-07-01"]),
        (["2020-01-01T08:00:00Z", "2020-01-02T08:00:00Z"], ["2020-01-01 08:00", "2020-01-02 08:00"]),
    ],
)
def test_dates_are_read_as_people_write_them(texts: list[str], days: list[str]) -> None:
    assert dates(pd.DataFrame({"d": texts}), "d", "t").equals(pd.DatetimeIndex(days))


@pytest.mark.parametrize("values", [[20200131, 20200201], [20200131.0, 20200201.0]])
def test_whole_numbers_can_be_dates(values: list[float]) -> None:
    assert dates(pd.DataFrame({"d": values}), "d", "t").equals(pd.DatetimeIndex(["2020-01-31", "2020-02-01"]))


def test_dates_with_a_time_zone_keep_the_time_of_the_place() -> None:
    days = pd.date_range("2020-01-01", periods=2, tz="America/New_York")
    assert dates(pd.DataFrame({"d": days}), "d", "t").equals(pd.DatetimeIndex(["2020-01-01", "2020-01-02"]))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["2020-01-01", "soon"], "row 9, column 'd': 'soon' is not a date; expected one such as 2020-01-31"),
        (["2020-01-01", "2020-02-30"], "row 9, column 'd': '2020-02-30' is not a date"),
        (["2020-01-01", ""], "row 9, column 'd': there is no date"),
        (["1", "2"], "row 8, column 'd': '1' is not a date"),
        (["01/02/2020", "13/14/2020"], "row 9, column 'd': '13/14/2020' is not a date"),
        (["01/02/2020", "31/02/2020"], "row 9, column 'd': '31/02/2020' is not a date"),
        (["2020-01-01", "01/02/2020"], "row 9, column 'd': '01/02/2020' is not a date"),
        (["1 Jan 2020", "1 Foo 2020"], "row 9, column 'd': '1 Foo 2020' is not a date"),
        (["1/13/2020 1:00 PM", "1/14/2020 13:00 PM"], "row 9, column 'd': '1/14/2020 13:00 PM' is not a date"),
        (["09:30", "09:45"], "row 8, column 'd': '09:30' is not a date"),
        (["13/02/2020", "02/13/2020"], "the day comes first in '13/02/2020' (row 8), and the month in '02/13/2020'"),
        (["01/02/2020", "02/02/2020"], "it cannot be told whether the day or the month comes first in dates such as"),
        (["20-01-30", "20-01-31"], "it cannot be told which number is the year in dates such as '20-01-30' (row 8)"),
        (["01/02/2020", "01/02/2020"], "'01/02/2020' (row 8); of dates as 2020-01-31 it can: write them so"),
    ],
)
def test_what_is_no_date_is_named_with_its_row(texts: list[str], said: str) -> None:
    with pytest.raises(InputError) as error:
        dates(pd.DataFrame({"d": texts}, index=[8, 9]), "d", "t.csv")
    assert said in str(error.value)


def test_a_missing_date_among_dates_is_named_with_its_row() -> None:
    frame = pd.DataFrame({"d": pd.to_datetime(["2020-01-01", None])}, index=[1, 2])
    with pytest.raises(InputError, match="row 2, column 'd': has no date"):
        dates(frame, "d", "the table")


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%m-%d-%Y", "%m/%d/%Y %I:%M %p"])
@given(start=st.dates(date(1970, 1, 1), date(2030, 1, 1)), rows=st.integers(13, 60), newest_first=st.booleans())
def test_whether_day_or_month_comes_first_is_seen_from_two_weeks_in_any_order(
    pattern: str, start: date, rows: int, newest_first: bool
) -> None:
    days = pd.date_range(start, periods=rows)[:: -1 if newest_first else 1]
    assert dates(pd.DataFrame({"d": days.strftime(pattern)}), "d", "t").equals(days)


@pytest.mark.parametrize("pattern", ["%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("frequency", ["MS", "QS"])
def test_the_even_reading_of_dates_that_fit_both_is_taken(pattern: str, frequency: str) -> None:
    months = pd.date_range("2018-01-01", periods=26, freq=frequency)
    assert dates(pd.DataFrame({"d": months.strftime(pattern)}), "d", "t").equals(months)


def test_dates_of_a_long_table_are_read_as_those_of_one_series() -> None:
    frame = pd.DataFrame({"d": ["01/02/2020", "13/02/2020"] * 3})
    assert dates(frame, "d", "t").equals(pd.DatetimeIndex(["2020-02-01", "2020-02-13"] * 3))


@pytest.mark.parametrize("text", ["d,y\n2020-01-01,1,231\n", "d,y\n2020-01-01,1,231\n2020-01-02,7\n"])
def test_thousands_without_quotes_are_an_error_and_no_shorter_number(
    text: str, table: Callable[[str | bytes], Path]
) -> None:
    with pytest.raises(
        InputError, match=r"row 2 has 3 fields, expected 2 as in the header; .* quote numbers that have"
    ):
        read_frame(table(text))


def test_a_delimiter_at_the_end_of_every_row_is_no_field_too_many(table: Callable[[str | bytes], Path]) -> None:
    assert read_frame(table("a,b\n1,2,\n3,4,\n")).to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_blank_lines_above_the_header_are_passed_over_and_counted(table: Callable[[str | bytes], Path]) -> None:
    assert read_frame(table("\n  \na,b\n1,2\n")).index.tolist() == [4]
    with pytest.raises(InputError, match="row 4 has 3 fields"):
        read_frame(table("\n\na,b\n1,2,3\n"))
    with pytest.raises(InputError, match="row 2: the column 'a' comes twice"):
        read_frame(table("\na,a\n1,2\n"))


def test_names_of_series_are_kept_as_they_are_written(table: Callable[[str | bytes], Path]) -> None:
    path = table("unique_id,Shop,y\n000001,01,1\nNA,NA,NA\n, ,3\n")
    frame = read_frame(path)
    assert frame["unique_id"].tolist() == ["000001", "NA", None]
    assert frame["Shop"].iloc[0] == 1
    assert np.isnan(frame["y"].iloc[1])
    assert read_frame(path, texts=["shop"])["Shop"].tolist() == ["01", "NA", None]


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize(
    ("values", "read"),
    [
        (["1,125", "1,5", "-0,25", ""], [1.125, 1.5, -0.25, np.nan]),
        (["1,125", "0,125", "7"], [1.125, 0.125, 7.0]),
        (["1.234,5", "1.234", "2,125"], [1234.5, 1234.0, 2.125]),
        (["1 234,5", "2,125", "--"], [1234.5, 2.125, np.nan]),
        (["1,125", "1.5"], [1125.0, 1.5]),
        (["1,125", "1,234,567"], [1125.0, 1234567.0]),
        (["1,125.5", "2,250"], [1125.5, 2250.0]),
        (["1.125", "2.250"], [1.125, 2.25]),
    ],
)
def test_a_comma_is_what_the_other_values_of_its_column_show(
    delimiter: str, values: list[str], read: list[float], table: Callable[[str | bytes], Path]
) -> None:
    rows = [f"x{delimiter}{value}\n" for value in values]
    frame = read_frame(table(f"a{delimiter}b\n" + "".join(rows)))
    np.testing.assert_equal(numbers(frame, "b", "t"), read)


def test_commas_that_may_be_decimal_or_between_thousands_are_an_error_with_the_mend(
    table: Callable[[str | bytes], Path],
) -> None:
    with pytest.raises(InputError, match=r"row 3, column 'b': '1,125' may be 1\.125 or 1125, .* write it as one of"):
        read_frame(table("a;b\nx;12\nx;1,125\nx;2,250\n"))
    plain = read_frame(table('a,b\nx,"1,125"\n'))
    assert numbers(plain, "b", "t").tolist() == [1125.0]
    words = read_frame(table("a;b\nParis, 1,125;1\n1,125;2\n"))
    assert words["a"].tolist() == ["Paris, 1,125", "1,125"]


@pytest.mark.parametrize(
    ("index", "columns"),
    [
        (pd.date_range("2020-01-01", periods=3), ["y", "ds"]),
        (pd.Index(["2020-01-01", "2020-01-02", "2020-01-03"]), ["y", "ds"]),
        (pd.date_range("2020-01-01", periods=3, name="day"), ["day", "y"]),
        (pd.Index(["a", "b", "c"]), ["index", "y"]),
        (pd.Index([3, 5, 9]), ["y"]),  # of rows that were chosen from more
        (pd.RangeIndex(3), ["y"]),
    ],
)
def test_the_index_of_a_parquet_file_is_kept_if_it_says_something(
    index: "pd.Index[Any]", columns: list[str], tmp_path: Path
) -> None:
    pd.DataFrame({"y": [1.0, 2.0, 3.0]}, index=index).to_parquet(tmp_path / "t.parquet")
    frame = read_frame(tmp_path / "t.parquet")
    assert frame.columns.tolist() == columns
    assert frame.index.tolist() == [1, 2, 3]
    if "ds" in columns:
        assert dates(frame, "ds", "t").equals(pd.date_range("2020-01-01", periods=3))


def test_a_column_of_a_parquet_file_that_is_named_index_is_kept(tmp_path: Path) -> None:
    pd.DataFrame({"index": [1.0], "y": [2.0]}).to_parquet(tmp_path / "t.parquet")
    assert read_frame(tmp_path / "t.parquet").to_dict("list") == {"index": [1.0], "y": [2.0]}
