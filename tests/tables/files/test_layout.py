"""What exports have above, between and below the header and the data of a table."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recurra import InputError
from recurra.tables.files.reader import read_file
from recurra.tables.form import RawTable

from .as_sheet import write_sheet

DATA = "2022-01-03,902\n2022-01-04,930\n2022-01-05,978\n"
READ = {"ds": ["2022-01-03", "2022-01-04", "2022-01-05"], "y": [902, 930, 978]}


@pytest.fixture(params=["t.csv", "t.xlsx", "t.ods"])
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], RawTable]:
    """Return a function that reads a text, or a spreadsheet with the same rows."""

    def read_text(text: str) -> RawTable:
        path = tmp_path / request.param
        if path.suffix == ".csv":
            path.write_text(text, "utf-8", newline="")
        else:
            write_sheet(path, text)
        return read_file(path)

    return read_text


def content(raw: RawTable) -> dict[str, list[Any]]:
    """Return the cells of each column; days as ISO 8601 writes them, since a spreadsheet has dates of a type."""
    return {
        str(name): [f"{cell:%Y-%m-%d}" if isinstance(cell, dt.datetime) else cell for cell in column]
        for name, column in raw.frame.items()
    }


@pytest.mark.parametrize(
    ("above", "notes"),
    [
        ("", []),
        ("\n  \n", []),
        ("# source: somewhere\n# unit: MW\n", ["rows 1, 2 are left out: .* above the data, .* '# source: somewhere'"]),
        ("// written by a device\n", ["row 1 is left out: it stands above the data and begins with '// written by"]),
        ("https://www.example.com\n", ["row 1 is left out: .* 'https://www.example.com'"]),
        ("Daily sales, in thousands\n\n", ["row 1 is left out: .* 'Daily sales'"]),
        ("2022 report,\n", ["row 1 is left out: .* '2022 report'"]),
        ("Country,China\nUnit,MW\n\n", ["rows 1, 2 are left out: .* 'Country'"]),
        ("latitude,longitude,zone\n52.5,13.4,GMT\n\n", ["rows 1, 2 are left out: .* 'latitude'"]),  # as of Open-Meteo
        ("lat,lon\n52.5,13.4\n\n", ["rows 1, 2 are left out: .* 'lat'"]),
        ("Sales,\n# checked\n", ["rows 1, 2 are left out"]),
    ],
)
def test_what_stands_above_the_header_is_left_out_with_a_note(
    above: str, notes: list[str], read: Callable[[str], RawTable]
) -> None:
    raw = read(f"{above}ds,y\n{DATA}")
    assert content(raw) == READ
    first = above.count("\n") + 2
    assert raw.frame.index.tolist() == [first, first + 1, first + 2]
    assert len(raw.notes) == len(notes)
    for note, expected in zip(raw.notes, notes, strict=True):
        assert re.match(expected, note), note


@pytest.mark.parametrize(
    "row",
    [
        "Total,2810", "total:,2810", "Summe,2810", "Gesamt,2810", "合计,2810", "总计,2810", "Average,936.7",
        "平均,936.7", "TOTAL,", "Grand Total,2810", "Gesamtergebnis,2810", "*,2810", "Source: World Bank",
        "Source: World Bank, 2022", "数据来源：通达信",
        "#数据来源:通达信", "Quelle: Destatis", "© 2022", "* preliminary",
    ],
)  # fmt: skip
def test_what_stands_below_the_data_is_left_out_with_a_note(row: str, read: Callable[[str], RawTable]) -> None:
    raw = read(f"ds,y\n{DATA}\n{row}\n")
    assert content(raw) == READ
    (note,) = raw.notes
    assert note.startswith("row 6 is left out: it stands below the data and begins with '")


def test_an_account_and_a_period_above_the_header_are_no_rows(read: Callable[[str], RawTable]) -> None:
    above = "account,DE12\nperiod,2022-01-03 - 2022-01-05\nbalance,9.50,EUR\n\n"
    raw = read(f"{above}booked,payee,text,y\n2022-01-03,A,x,1.5\n2022-01-04,B,x,2.5\n2022-01-05,A,x,3.5\n")
    assert list(raw.frame.columns) == ["booked", "payee", "text", "y"]
    assert raw.frame.index.tolist() == [6, 7, 8]
    assert raw.notes == ("rows 1, 2, 3 are left out: they stand above the data, and the first begins with 'account'",)


def test_first_rows_with_few_values_are_rows(read: Callable[[str], RawTable]) -> None:
    raw = read("ds,a,b,c\n2022-01-03,5,,\n2022-01-04,6,7,8\n2022-01-05,6,7,8\n")
    assert raw.frame.index.tolist() == [2, 3, 4]


@pytest.mark.parametrize("end", ["", "\r\n\r\n", "\n \n"])
@pytest.mark.parametrize("row", ["Total,2810", "* preliminary"])
def test_blank_lines_below_the_last_row_change_nothing(row: str, end: str, read: Callable[[str], RawTable]) -> None:
    raw = read(f"ds,y\n{DATA}\n{row}{end}")
    assert content(raw) == READ
    assert raw.notes[0].startswith("row 6 is left out")


@pytest.mark.parametrize("read", ["t.csv", "t.xlsx", pytest.param("t.ods", marks=pytest.mark.slow)], indirect=True)
def test_the_numbers_of_the_last_rows_of_a_long_file_are_those_of_an_editor(read: Callable[[str], RawTable]) -> None:
    days = pd.date_range("2000-01-01", periods=9_000).strftime("%Y-%m-%d")
    raw = read("ds,y\n" + "".join(f"{day},1\n" for day in days) + "Total,9000\nSource: a friend\n")
    assert len(raw.frame) == 9_000
    assert raw.frame["y"].dtype == "int64"
    assert raw.notes == ("rows 9002, 9003 are left out: they stand below the data, and the first begins with 'Total'",)


@pytest.mark.parametrize(
    "text",
    [
        "unique_id,ds,y\na,2022-01-03,1\nTotal,2022-01-03,1\n",
        "unique_id,month,y\na,Jan-22,1\na,Feb-22,1\nTotal,Jan-22,1\nTotal,Feb-22,1\n",
        "unique_id,ds,y\na,2022-01-03,1\n#2,2022-01-03,1\n",
        "unique_id,ds,y\na,2022-01-03,1\nSource: x,2022-01-03,1\n",
        "ds,y\n2022-01-03,1\n2022-01-04,\n",
        "ds,y,note\n2022-01-03,1,\n2022-01-04,2,Total\n",
    ],
)
def test_a_series_named_total_is_no_sum(text: str, read: Callable[[str], RawTable]) -> None:
    raw = read(text)
    assert len(raw.frame) == text.count("\n") - 1
    assert raw.notes == ()


INTERLEAVED = "North,2010,5\n{},2010,9\nNorth,2011,6\n{},2011,11\n"
MANY = "".join(f"{number}-North,1,5\n" for number in range(120))


@pytest.mark.parametrize(
    ("id_", "rows"),
    [
        *(
            (id_, INTERLEAVED)
            for id_ in ("Total", "Summe", "合计", "Average", "Bronx", "Generated", "Source", "说明书")
        ),
        ("Total", "North,2010,5\n{},2010,9\n"),  # as newer rows are, one of each series
        ("Total", "North,Jan-22,5\n{},Jan-22,9\n"),
        ("Total", "North,1,5\n{},1,9\nNorth,2,6\n{},2,11\n"),
        ("Total", f"{MANY}{{}},1,9\n{MANY.replace(',1,', ',2,')}{{}},2,9\n"),
    ],
)
def test_a_series_is_kept_to_its_last_row_whatever_its_id_is(
    id_: str, rows: str, read: Callable[[str], RawTable]
) -> None:
    raw = read("region,period,y\n" + rows.format(*[id_] * rows.count("{")))
    assert len(raw.frame) == rows.count("\n")
    assert raw.frame["region"].tolist()[-1] == id_
    assert raw.notes == ()


@pytest.mark.parametrize(
    "row", ["Total,,20", "Total,20,", "合计,,20", "Source: World Bank,,", "Source: World Bank, 2022,"]
)
def test_totals_of_a_table_of_series_have_no_date(row: str, read: Callable[[str], RawTable]) -> None:
    raw = read(f"region,year,y\nNorth,2010,5\nSouth,2010,4\nNorth,2011,6\nSouth,2011,5\n{row}\n")
    assert len(raw.frame) == 4
    assert raw.notes[0].startswith("row 6 is left out: it stands below the data")


@pytest.mark.parametrize(
    "units", [",kWh,°C", "-,kWh,°C", ",[kWh],[°C]", "yyyy-mm-dd,(kWh),(°C)", "UTC,kWh/m²,°C", ",万元,%", ",,µg/m³"]
)
def test_a_row_of_units_below_the_names_is_left_out_with_a_note(units: str, read: Callable[[str], RawTable]) -> None:
    raw = read(f"time,power,temperature\n{units}\n2022-01-03,1,-0.5\n2022-01-04,2,0.5\n")
    assert content(raw) == {"time": ["2022-01-03", "2022-01-04"], "power": [1, 2], "temperature": [-0.5, 0.5]}
    assert raw.frame.index.tolist() == [3, 4]
    assert raw.notes[0].startswith("row 2 is left out")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (DATA, 3),
        ("2022-01-03,902\n", 1),
        ("1640995200000,902\n1640998800000,930\n", 2),
        ("Jan-22;902\nFeb-22;930\n", 2),
        ("20220103\t902\n20220104\t-\n", 2),
        ("2022-01-03,closed\n2022-01-04,930\n2022-01-05,978\n", 3),
        ("北京,2022-01-03,902\n上海,2022-01-03,930\n", 2),
        ("902\n930\n", 2),
        ("# a remark\n2022-01-03,902\n2022-01-04,930\n", 2),
    ],
)
def test_a_file_without_a_header_keeps_its_first_row_and_gets_names(
    text: str, rows: int, read: Callable[[str], RawTable]
) -> None:
    raw = read(text)
    assert len(raw.frame) == rows
    assert raw.frame.columns.tolist() == [f"c{number}" for number in range(1, raw.frame.shape[1] + 1)]
    assert raw.notes[0].startswith("the file has no header, so that its columns are named 'c1'")


@pytest.mark.parametrize(
    "header",
    [
        "date,value",
        "日期,销量",
        "date,1",
        "t,2019",
        "week,sales",
        "date,2nd",
        "V1,V2",
        "ds,y (2022-01-01)",
        "#,y",
        "a,b",
    ],
)
def test_a_header_is_no_row_of_data(header: str, read: Callable[[str], RawTable]) -> None:
    raw = read(f"{header}\n{DATA}")
    assert raw.frame.columns.tolist() == header.split(",")
    assert raw.frame.index.tolist() == [2, 3, 4]
    assert raw.notes == ()


def test_row_numbers_that_pandas_wrote_twice_are_two_columns(read: Callable[[str], RawTable]) -> None:
    raw = read(",Unnamed: 0,ds,y\n0,0,2022-01-03,902\n1,1,2022-01-04,930\n")
    assert raw.frame.columns.tolist() == ["Unnamed: 0.1", "Unnamed: 0", "ds", "y"]
    assert raw.frame["y"].tolist() == [902, 930]


def test_a_table_of_words_alone_has_a_header(read: Callable[[str], RawTable]) -> None:
    assert content(read("a,b\nx,y\n")) == {"a": ["x"], "b": ["y"]}


def test_names_in_a_comment_as_numpy_writes_them_are_the_header(read: Callable[[str], RawTable]) -> None:
    raw = read("# made in 2022\n# ds,y\n" + DATA)
    assert content(raw) == READ
    assert raw.notes == ("row 1 is left out: it stands above the data and begins with '# made in 2022'",)


def test_a_first_value_that_is_a_word_stays(read: Callable[[str], RawTable]) -> None:
    assert read("t,y\n1640995200,ERR\n1640995260,2\n1640995320,3\n").frame["y"].tolist() == ["ERR", "2", "3"]
    assert read("ds,y\n2022-01-03,\n2022-01-04,\n2022-01-05,3\n").frame.index.tolist() == [2, 3, 4]


YFINANCE = {
    "one ticker": "Price,Close,Volume\nTicker,ACME,ACME\nDate,,\n2022-01-03,1.5,10\n2022-01-04,2.5,20\n",
    "one ticker, no labels": ",Close,Volume\n,ACME,ACME\nDate,,\n2022-01-03,1.5,10\n2022-01-04,2.5,20\n",
    "index below the names": "Price,Close,Volume\nDate,,\n2022-01-03,1.5,10\n2022-01-04,2.5,20\n",
    "without an index": "Date,Close,Volume\n,ACME,ACME\n2022-01-03,1.5,10\n2022-01-04,2.5,20\n",
}


@pytest.mark.parametrize("name", YFINANCE)
def test_the_rows_of_one_ticker_above_the_data_are_no_data(name: str, read: Callable[[str], RawTable]) -> None:
    raw = read(YFINANCE[name])
    assert content(raw) == {"Date": ["2022-01-03", "2022-01-04"], "Close": [1.5, 2.5], "Volume": [10, 20]}
    assert raw.frame.index[0] == YFINANCE[name].count("\n") - 1


@pytest.mark.parametrize("level", ["Price", "Ticker"])
@pytest.mark.parametrize("index", ["Date", None])
def test_several_tickers_become_series_of_a_long_table(
    level: str, index: str | None, tmp_path: Path, read: Callable[[str], RawTable]
) -> None:
    levels = {"Price": ["Close", "Volume"], "Ticker": ["ACME", "BETA"]}
    other = "Ticker" if level == "Price" else "Price"
    wide = pd.DataFrame(
        [[1.5, 2.5, 10.5, 20.5], [3.5, 4.5, 30.5, 40.5]],
        pd.Index(["2022-01-03", "2022-01-04"], name=index),
        pd.MultiIndex.from_product([levels[level], levels[other]], names=[level, other]),
    )
    wide.loc["2022-01-03", wide.columns.get_level_values("Ticker") == "BETA"] = None  # listed a day later
    raw = read(wide.to_csv())  # as pandas writes them
    long = wide.stack("Ticker", future_stack=True).dropna().swaplevel().sort_index()
    assert raw.frame["unique_id"].tolist() == ["ACME", "ACME", "BETA"]
    assert raw.frame.columns.tolist() == ["unique_id", index or "ds", "Close", "Volume"]
    assert raw.frame[["Close", "Volume"]].to_numpy().tolist() == long[["Close", "Volume"]].to_numpy().tolist()
    first = 4 if index else 3
    assert raw.frame.index.tolist() == [first, first + 1, first + 1]
    assert raw.notes == ("the header names 2 series ('ACME', 'BETA'), which are put below each other",)


def test_names_of_two_rows_of_which_none_is_known_are_joined(read: Callable[[str], RawTable]) -> None:
    raw = read("plant,A,A,B\nkind,heat,power,heat\nDate,,,\n2022-01-03,1,2,4\n2022-01-04,1,3,5\n")
    assert raw.frame.columns.tolist() == ["Date", "A heat", "A power", "B heat"]


def test_a_row_that_describes_the_columns_is_no_header(read: Callable[[str], RawTable]) -> None:
    raw = read("t,temperature,power\nSmp,Avg,Avg\n2022-01-03,1,2\n2022-01-04,1,3\n")  # as data loggers write them
    assert raw.frame.columns.tolist() == ["t", "temperature", "power"]
    assert raw.notes == ("row 2 is left out: it stands above the data and begins with 'Smp'",)


def test_names_and_cells_are_read_without_the_space_around_them(read: Callable[[str], RawTable]) -> None:
    raw = read(" ds , unique_id,  y \n2022-01-03, a ,  1 \n2022-01-04, a,  2 \n")
    assert raw.frame.columns.tolist() == ["ds", "unique_id", "y"]
    assert raw.frame["unique_id"].tolist() == ["a", "a"]
    assert raw.frame["y"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "text", ["ds,y,\n{},\n{},\n", "ds,y\n{},\n{},\n", "ds,y\n{},,\n{},,\n", "ds,y\n{}\n{},,\n", "ds,y,,\n{},,\n{},,\n"]
)
def test_delimiters_at_the_ends_of_rows_are_no_columns(text: str, read: Callable[[str], RawTable]) -> None:
    raw = read(text.format("2022-01-03,902", "2022-01-04,930"))
    assert content(raw) == {"ds": ["2022-01-03", "2022-01-04"], "y": [902, 930]}


BOXED = {
    "psql": "     ds     |  y\n------------+-----\n{} | {}\n{} | {}\n{} | {}\n(3 rows)\n\n",
    "psql in German": "     ds     |  y\n------------+-----\n{} | {}\n{} | {}\n{} | {}\n(3 Zeilen)\n",
    "MySQL": "+----+---+\n| ds | y |\n+----+---+\n| {} | {} |\n| {} | {} |\n| {} | {} |\n+----+---+\n3 rows in set\n",
    "Markdown": "| ds | y |\n|:---|---:|\n| {} | {} |\n| {} | {} |\n| {} | {} |\n",
    "reStructuredText": "==========  ===\nds          y\n==========  ===\n{}  {}\n{}  {}\n{}  {}\n==========  ===\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BOXED)
def test_lines_that_are_drawn_around_a_table_are_no_rows(name: str, tmp_path: Path) -> None:
    cells = [cell for pair in zip(*READ.values(), strict=True) for cell in pair]
    (tmp_path / "t.txt").write_text(BOXED[name].format(*cells))
    raw = read_file(tmp_path / "t.txt")
    assert [raw.frame["ds"].str.strip().tolist(), raw.frame["y"].tolist()] == list(READ.values())
    assert raw.frame["y"].dtype == "int64"
    assert len(raw.notes) == ("(3" in BOXED[name] or "3 rows" in BOXED[name])


def test_the_annotations_of_influxdb_are_left_out(read: Callable[[str], RawTable]) -> None:
    raw = read(
        "#group,false,false,false,false\n#datatype,string,long,dateTime:RFC3339,double\n#default,_result,,,\n"
        ",result,table,_time,_value\n,,0,2022-01-03,902\n,,0,2022-01-04,930\n"
    )
    assert raw.frame["_value"].tolist() == [902, 930]
    assert raw.frame.columns.tolist() == ["result", "table", "_time", "_value"]
    assert raw.notes[0].startswith("rows 1, 2, 3 are left out")


@pytest.mark.parametrize(
    "text",
    [
        '"ds","y"\n"1","2022-01-03",902\n"2","2022-01-04",930\n',
        '"ds","x","y"\n"1","2022-01-03",1,902\n"2","2022-01-04",1,930\n',  # for no number is called ds
        '"ds";"y"\n"1";"2022-01-03";902\n"2";"2022-01-04";930\n',
        '"ds" "y"\n"1" "2022-01-03" 902\n"2" "2022-01-04" 930\n',
    ],
)
def test_row_numbers_without_a_name_as_r_writes_them_are_no_shift_of_the_columns(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    frame = read_file(tmp_path / "t.csv").frame
    assert frame["ds"].tolist() == ["2022-01-03", "2022-01-04"]
    assert frame["y"].tolist() == [902, 930]
    assert frame["Unnamed: 0"].tolist() == [1, 2]


@pytest.mark.parametrize("text", ["t,y\n1,2,5\n2,3,7\n", "id,date,y\n1,2022-01-03,3,5\n2,2022-01-04,3,6\n"])
def test_row_numbers_or_decimal_commas_are_refused_with_both(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(
        InputError, match=r"begin with row numbers, as R writes them, or '.,.' is one number with a deci"
    ):
        read_file(tmp_path / "t.csv")


@pytest.mark.parametrize("text", ["a,b\n1,5,\n2,6,\n", "a,b,\n1,5,\n2,6,\n"])
def test_row_numbers_before_a_delimiter_at_the_end_of_rows_have_their_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    assert read_file(tmp_path / "t.csv").frame.to_dict("list") == {"a": [1, 2], "b": [5, 6]}
