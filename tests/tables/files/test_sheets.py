"""Spreadsheets as other programs write them: which sheet is read, what its cells are, and what is at fault in them."""

import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError
from recurra.errors import InputTypeError
from recurra.tables.dates.parsing import dates
from recurra.tables.files.reader import read_file
from recurra.tables.table_builder import make_table

openpyxl = pytest.importorskip("openpyxl")

KINDS = ["openpyxl", "xlsxwriter", "odf"]
MOMENTS = pd.to_datetime(["2024-01-01 09:30", "2024-01-02 09:30", "2024-01-03 09:30"])
FRAME = pd.DataFrame(
    {
        "day": pd.date_range("2024-01-01", periods=3),
        "moment": MOMENTS,
        "shop": [7, 8, 9],
        "sales": [1.5, np.nan, 2.5],
        "open": [True, False, True],
        "note": ["a <b>", "  c d ", None],
    }
)


def relations(attributes: str) -> str:
    return f"<Relationships><Relationship {attributes}/></Relationships>"


XLSX = {
    "_rels/.rels": relations('Id="r" Type="x/officeDocument" Target="xl/workbook.xml"'),
    "xl/workbook.xml": '<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": relations('Id="a" Type="x/worksheet" Target="/xl/s.xml"'),
}
HEADER = '<row r="1"><c r="A1" t="str"><v>ds</v></c><c r="B1" t="str"><v>y</v></c></row>'


def written(frame: pd.DataFrame, engine: str, folder: Path, name: str = "Sheet1") -> Path:
    path = folder / f"t.{'ods' if engine == 'odf' else 'xlsx'}"
    frame.to_excel(path, index=False, engine=engine, sheet_name=name)  # type: ignore[call-overload]
    return path


def xlsx(path: Path, rows: str, **parts: str) -> Path:
    """Write a workbook of one sheet with the XML of its rows, and other parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in XLSX.items():
            file.writestr(name, content)
        file.writestr("xl/s.xml", f"<worksheet><sheetData>{rows}</sheetData></worksheet>")
        for name, content in parts.items():
            file.writestr(f"xl/{name}.xml", content)
    return path


def ods(path: Path, rows: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        spaces = 'xmlns:o="o" xmlns:table="t" xmlns:text="x"'
        file.writestr("content.xml", f'<o:body {spaces}><table:table table:name="S">{rows}</table:table></o:body>')
    return path


@pytest.mark.parametrize("engine", KINDS)
def test_cells_have_the_types_that_the_spreadsheet_gives_them(engine: str, tmp_path: Path) -> None:
    frame = read_file(written(FRAME, engine, tmp_path)).frame
    assert list(frame.columns) == list(FRAME.columns)
    assert frame.index.tolist() == [2, 3, 4]  # as a spreadsheet program numbers them
    assert dates(frame, ["day"], "t").index.equals(pd.DatetimeIndex(FRAME["day"]))
    assert dates(frame, ["moment"], "t").index.equals(MOMENTS)
    assert frame["shop"].tolist() == [7, 8, 9]
    assert frame["shop"].dtype == np.int64
    np.testing.assert_array_equal(frame["sales"], FRAME["sales"])
    assert frame["open"].tolist() == [1, 0, 1]
    assert frame["note"].tolist() == ["a <b>", "c d", None]


@pytest.mark.parametrize("engine", KINDS)
def test_a_spreadsheet_is_the_table_that_the_same_csv_file_is(engine: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"日期": pd.date_range("2020-01-01", periods=9), "收盘": np.arange(9) / 8, "shop": "001"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    tables = [make_table(p, target="收盘", id="shop") for p in (tmp_path / "t.csv", written(frame, engine, tmp_path))]
    assert tables[0].fingerprint() == tables[1].fingerprint()
    assert tables[1].notes == ()


@pytest.mark.parametrize("engine", ["openpyxl", "odf"])
def test_the_first_sheet_with_data_is_read_and_named(engine: str, tmp_path: Path) -> None:
    path = tmp_path / ("t.ods" if engine == "odf" else "t.xlsx")
    with pd.ExcelWriter(path, engine=engine) as writer:  # type: ignore[call-overload]
        for name, frame in {"Cover": pd.DataFrame({"Report": []}), "Data": FRAME, "More": FRAME}.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    raw = read_file(path)
    assert raw.frame["shop"].tolist() == [7, 8, 9]
    assert raw.notes == (
        "the sheet 'Data' was read, the first with data; not 'Cover', 'More': --sheet NAME reads another (sheet=… in "
        "Python).",
    )


@pytest.mark.parametrize("engine", ["openpyxl", "odf"])
def test_a_sheet_is_chosen_by_its_name(engine: str, tmp_path: Path) -> None:
    path = tmp_path / ("t.ods" if engine == "odf" else "t.xlsx")
    days = pd.date_range("2024-01-01", periods=3)
    with pd.ExcelWriter(path, engine=engine) as writer:  # type: ignore[call-overload]
        for name, factor in {"Costs": 1.0, "Sales": 10.0}.items():
            frame = pd.DataFrame({"day": days, "v": np.arange(3) * factor})
            frame.to_excel(writer, sheet_name=name, index=False)
    table = make_table(path, sheet="Sales")
    assert table.series[0].values[:, 0].tolist() == [0.0, 10.0, 20.0]
    assert table.notes == ()
    with pytest.raises(InputError, match=r"t\.\w+: there is no sheet 'Sale'; the sheets are 'Costs', 'Sales'\."):
        make_table(path, sheet="Sale")
    csv = tmp_path / "t.csv"
    csv.write_text("day,v\n2024-01-01,1\n2024-01-02,2\n")
    with pytest.raises(InputError, match=r"t\.csv: a sheet 'Sales' was asked for, and only spreadsheets have sheets"):
        make_table(csv, sheet="Sales")
    with pytest.raises(InputTypeError, match="sheet is 2; expected text or None"):
        make_table(path, sheet=2)  # type: ignore[arg-type]


def test_newer_rows_are_read_from_the_sheet_of_the_fit_or_from_another_file(tmp_path: Path) -> None:
    days, path = pd.date_range("2024-01-01", periods=20), tmp_path / "t.xlsx"
    with pd.ExcelWriter(path) as writer:
        for name, factor in {"Costs": 1.0, "Sales": 10.0}.items():
            frame = pd.DataFrame({"day": days, "v": np.arange(20) * factor})
            frame.to_excel(writer, sheet_name=name, index=False)
    model = Forecaster(sheet="Sales", window=3, units=2, epochs=1).fit(path)
    assert model.update_context(path).context_.series[0].values[-1, 0] == 190.0
    assert model.update_context(path, sheet="Costs").context_.series[0].values[-1, 0] == 19.0
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert model.update_context(tmp_path / "t.csv").context_.series[0].values[-1, 0] == 190.0


@pytest.mark.parametrize(("engine", "row"), [("openpyxl", 5), ("odf", 5)])
def test_empty_rows_and_columns_before_a_table_are_passed_over_and_counted(
    engine: str, row: int, tmp_path: Path
) -> None:
    path = tmp_path / ("t.ods" if engine == "odf" else "t.xlsx")
    FRAME.to_excel(path, index=False, engine=engine, startrow=3, startcol=2)  # type: ignore[call-overload]
    frame = read_file(path).frame
    assert frame.index.tolist() == [row, row + 1, row + 2]
    assert list(frame.columns) == list(FRAME.columns)


@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
@pytest.mark.parametrize("beside", [0, 1, 6])
def test_what_is_written_around_a_table_is_left_out_and_its_cells_keep_their_types(
    beside: int, suffix: str, tmp_path: Path
) -> None:
    path, days = tmp_path / f"t.{suffix}", pd.date_range("2024-01-01", periods=3)
    rows = [[None] * 7 for _ in range(9)]  # the table begins in the cell B3
    rows[0][beside] = "Sales of 2024"
    rows[2][1:4] = "day", "shop", "sales"
    rows[3][3] = "kWh"
    for place, day in enumerate(days):
        rows[4 + place][1:4] = day, place, place / 2
    rows[7][1:4] = "Total", None, 1.5
    rows[8][beside] = "Source: the shop"
    pd.DataFrame(rows, dtype=object).to_excel(str(path), header=False, index=False)
    raw = read_file(path)
    assert raw.frame.columns.tolist() == ["day", "shop", "sales"]
    assert raw.frame["day"].tolist() == days.tolist()
    assert raw.frame["shop"].dtype == np.int64
    assert raw.frame["sales"].tolist() == [0, 0.5, 1]
    assert raw.frame.index.tolist() == [5, 6, 7]
    assert raw.notes == (
        "rows 1, 4 are left out: they stand above the data, and the first begins with 'Sales of 2024'",
        "rows 8, 9 are left out: they stand below the data, and the first begins with 'Total'",
    )


@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
def test_a_sheet_without_a_header_keeps_its_first_row(suffix: str, tmp_path: Path) -> None:
    path, days = tmp_path / f"t.{suffix}", pd.date_range("2024-01-01", periods=200)
    pd.DataFrame({"a": days, "b": np.arange(200) + 0.5}).to_excel(str(path), header=False, index=False)
    table = make_table(path)
    assert table.target == "c2"
    assert table.series[0].dates.equals(days)
    assert table.series[0].values[:, 0].tolist() == (np.arange(200) + 0.5).tolist()
    assert "the file has no header, so that its columns are named 'c1', 'c2'." in table.notes


def test_a_cell_far_below_that_is_beyond_the_header_becomes_a_column(tmp_path: Path) -> None:
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=300), "y": 1.5, "": None})
    frame.iloc[250, 2] = "holiday"
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    raw = read_file(tmp_path / "t.xlsx").frame
    assert raw.columns.tolist() == ["ds", "y", "Unnamed: 2"]
    assert raw["Unnamed: 2"].dropna().to_dict() == {252: "holiday"}


@pytest.mark.parametrize(
    ("format_", "serial", "read"),
    [
        ("yyyy-mm-dd", 45292, "2024-01-01"),
        ('yyyy"年"m"月"d"日"', 45292, "2024-01-01"),
        ("[$-409]d-mmm-yy;@", 45292.395833333336, "2024-01-01 09:30:00"),
        ("yyyy-mm-dd", 61, "1900-03-01"),
        ("yyyy-mm-dd", 59, "1900-02-28"),  # before the 29 February 1900 that Excel counts
        ("yyyy-mm-dd", 2958465, "9999-12-31"),
        ("hh:mm", 0.395833333333333, "09:30:00"),
    ],
)
def test_a_number_shown_as_a_date_is_the_date_that_excel_shows(
    format_: str, serial: float, read: str, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["when"])
    for _ in range(2):
        book.active.append([serial])
    book.active["A2"].number_format = book.active["A3"].number_format = format_
    book.save(tmp_path / "t.xlsx")
    found = read_file(tmp_path / "t.xlsx").frame["when"].iloc[0]
    assert (found if isinstance(found, str) else str(found).removesuffix(" 00:00:00")) == read


@pytest.mark.parametrize("format_", ["0.00", "[Red]0", '0" days"', "[h]:mm", "General", "#,##0 [$€-407]", "@"])
def test_a_number_that_is_not_shown_as_a_date_stays_a_number(format_: str, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for value in ["v", 45292.5, 1.25]:
        book.active.append([value])
    for cell in ("A2", "A3"):
        book.active[cell].number_format = format_
    book.save(tmp_path / "t.xlsx")
    assert read_file(tmp_path / "t.xlsx").frame["v"].tolist() == [45292.5, 1.25]


def test_a_workbook_whose_days_count_from_1904_has_the_same_days(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = dt.datetime(1904, 1, 1)
    book.active.append(["ds"])
    book.active.append([dt.datetime(2024, 2, 29)])
    book.save(tmp_path / "t.xlsx")
    assert read_file(tmp_path / "t.xlsx").frame["ds"].tolist() == [pd.Timestamp("2024-02-29")]


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!"])
def test_a_formula_has_the_value_that_was_calculated_and_an_error_is_a_missing_value(
    error: str, tmp_path: Path
) -> None:
    rows = f'<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="e"><v>{error}</v></c></row>'
    rows += '<row r="3"><c r="A3" t="n"><v>3</v></c><c r="B3"><v>4</v></c></row>'
    frame = read_file(xlsx(tmp_path / "t.xlsx", HEADER + rows)).frame
    assert frame["ds"].tolist() == [2, 3]
    np.testing.assert_array_equal(frame["y"], [np.nan, 4.0])


def test_shared_texts_leave_out_how_they_are_spoken(tmp_path: Path) -> None:
    strings = (
        "<sst><si><t>ds</t></si><si><r><t>to</t></r><r><t>kyo</t></r></si>"
        "<si><t>東京</t><rPh><t>トウキョウ</t></rPh></si><si><t>a_x000D_b</t></si></sst>"
    )
    rows = '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row><row><c t="s"><v>2</v></c><c t="s"><v>3</v></c></row>'
    frame = read_file(xlsx(tmp_path / "t.xlsx", rows, sharedStrings=strings)).frame
    assert frame.to_dict("list") == {"ds": ["東京"], "tokyo": ["a\rb"]}


def test_names_with_the_prefix_of_a_namespace_are_read(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "t.xlsx", "")
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        rows = "".join(f'<x:row><x:c t="str"><x:v>{text}</x:v></x:c></x:row>' for text in ("a", "b"))
        file.writestr("xl/s.xml", f'<x:worksheet xmlns:x="x"><x:sheetData>{rows}</x:sheetData></x:worksheet>')
    assert read_file(path).frame.to_dict("list") == {"a": ["b"]}


def test_an_ods_cell_has_its_paragraphs_and_spaces_but_not_its_comment(tmp_path: Path) -> None:
    cell = "<text:p>a<text:s text:c='2'/><text:span>b</text:span></text:p><text:p>c</text:p>"
    comment = "<o:annotation><text:p>not this</text:p></o:annotation>"
    rows = "<table:table-row><table:table-cell><text:p>v</text:p></table:table-cell></table:table-row>"
    rows += f"<table:table-row><table:table-cell>{comment}{cell}</table:table-cell></table:table-row>"
    assert read_file(ods(tmp_path / "t.ods", rows)).frame["v"].tolist() == ["a  b\nc"]


def test_repeated_ods_cells_and_rows_stand_in_each_place(tmp_path: Path) -> None:
    number = '<table:table-cell o:value-type="float" o:value="{}" table:number-columns-repeated="2"/>'
    rows = (
        "<table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p>"
    )
    rows += '</table:table-cell></table:table-row><table:table-row table:number-rows-repeated="3"/>'
    rows += f'<table:table-row table:number-rows-repeated="2">{number.format(7)}</table:table-row>'
    rows += '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>'
    frame = read_file(ods(tmp_path / "t.ods", rows)).frame
    assert frame.index.tolist() == [5, 6]
    assert frame.to_dict("list") == {"a": [7, 7], "b": [7, 7]}


def test_column_letters_and_rows_place_a_cell(tmp_path: Path) -> None:
    rows = HEADER + '<row r="7"><c r="B7"><v>1</v></c><c r="AA7"><v>2</v></c></row>'
    frame = read_file(xlsx(tmp_path / "t.xlsx", rows)).frame
    assert frame.index.tolist() == [7]
    assert frame["y"].tolist() == [1]
    assert frame["Unnamed: 2"].tolist() == [2]


DOCTYPE = '<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]>'


def text(path: Path, rows: str) -> Path:
    return xlsx(path, f"{HEADER}{rows}")


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no zip": (
        lambda path: path.write_bytes(b"no zip"),
        "is not an Excel (.xlsx) or OpenDocument (.ods) file that can be read (File is not",
    ),
    "cut off": (
        lambda path: path.write_bytes(written(FRAME, "openpyxl", path.parent).read_bytes()[:-300]),
        "is not an Excel (.xlsx) or OpenDocument (.ods) file that can be read",
    ),
    "encrypted": (
        lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99),
        "is encrypted, or an old .xl",
    ),
    "no rows": (lambda path: xlsx(path, HEADER), "has no rows of data"),
    "empty": (lambda path: xlsx(path, ""), "is empty; expected a sheet with a header and rows of data"),
    "twice": (
        lambda path: xlsx(path, HEADER.replace("ds", "y") + "<row><c><v>1</v></c><c><v>2</v></c></row>"),
        "row 1: the column 'y' occurs twice",
    ),
    "upwards": (lambda path: xlsx(path, HEADER + HEADER), "(row 1 after row 1)"),
    "no XML": (lambda path: xlsx(path, "<row>"), "that can be read (XML: mismatched tag"),
    "no text": (lambda path: text(path, '<row><c t="s"><v>9</v></c></row>'), "(list index out of range)"),
    "no number": (lambda path: text(path, "<row><c><v>x</v></c></row>"), "could not convert string to float"),
    "no column": (lambda path: text(path, '<row><c r="É1"><v>1</v></c></row>'), "(a column 'É')"),
    "far right": (lambda path: text(path, '<row><c r="ZZZ2"><v>1</v></c></row>'), "row 2 or column 18278 is none of a"),
    "far below": (lambda path: text(path, '<row r="1048577"><c><v>1</v></c></row>'), "row 1048577 or column 1 is none"),
    "entities": (lambda path: xlsx(path, "", sharedStrings=f"{DOCTYPE}<a>&b;</a>"), "(it defines a document type)"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_is_no_workbook_is_refused_in_one_sentence(fault: str, tmp_path: Path) -> None:
    write, said = FAULTS[fault]
    write(tmp_path / "t.xlsx")
    with pytest.raises(InputError) as error:
        read_file(tmp_path / "t.xlsx")
    assert str(error.value).startswith(str(tmp_path / "t.xlsx"))
    assert said in str(error.value)


def test_an_old_xls_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "t.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99)
    with pytest.raises(
        InputError, match=r"t\.xls is encrypted, or an old \.xls file; save it as \.xlsx without a pass"
    ):
        read_file(tmp_path / "t.xls")


def test_a_spreadsheet_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    written(FRAME, "openpyxl", tmp_path).rename(tmp_path / "t.ods")  # as pandas names it for a pathlib.Path
    assert read_file(tmp_path / "t.ods").frame["shop"].tolist() == [7, 8, 9]


def test_ods_files_without_content_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.ods", "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    with pytest.raises(
        InputError, match=r"t\.ods is not an Excel \(\.xlsx\) or OpenDocument \(\.ods\) file that can be"
    ):
        read_file(tmp_path / "t.ods")
