"""Every form of table that docs/tables.md says is read: an example of each, and what it means.

python tests/tables/documented_forms.py     prints the tables of docs/tables.md
"""

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from recurra.tables.table import Table
from recurra.tables.table_builder import make_table


@dataclass(frozen=True)
class Form:
    """One form.

    Attributes:
        group: heading in the documentation.
        name: what it is.
        text: a table in this form, or the dates or numbers of one.
        first, last: the first and the last date and target, as text.
        flags: arguments of `make_table`.
        encoding: encoding of the file.
    """

    group: str
    name: str
    text: str
    first: str
    last: str
    flags: dict[str, Any] = field(default_factory=dict)
    encoding: str = "utf-8"

    def table(self) -> Table:
        """Read it."""
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = Path(folder) / "table.csv"
            path.write_bytes(self.text.encode(self.encoding))
            return make_table(path, **self.flags)

    def read(self) -> tuple[str, str]:
        """Return the first and the last date and target as read."""
        series = self.table().series
        first, last = series[0], series[-1]
        return (
            f"{first.dates[0]:%Y-%m-%d %H:%M}  {first.values[0, 0]:.10g}",
            f"{last.dates[-1]:%Y-%m-%d %H:%M}  {last.values[-1, 0]:.10g}",
        )


def dates(name: str, *texts: str, first: str, last: str, **flags: Any) -> Form:
    """Return a form of dates, in a table with the numbers 1, 2, 3."""
    delimiter = "\t" if any("," in text for text in texts) else ","
    lines = [f"date{delimiter}y", *(f"{text}{delimiter}{number}" for number, text in enumerate(texts, start=1))]
    return Form("Dates", name, "\n".join([*lines, ""]), f"{first}  1", f"{last}  {len(texts)}", flags)


def numbers(name: str, *texts: str, first: float, last: float, delimiter: str = ",", **flags: Any) -> Form:
    """Return a form of numbers, in a table of the days from 2024-01-01."""
    cells = [f'"{text}"' if delimiter in text else text for text in texts]
    lines = [f"date{delimiter}y", *(f"2024-01-{day:02}{delimiter}{cell}" for day, cell in enumerate(cells, start=1))]
    return Form(
        "Numbers", name, "\n".join([*lines, ""]), f"2024-01-01 00:00  {first:.10g}",
        f"2024-01-{len(texts):02} 00:00  {last:.10g}", flags,
    )  # fmt: skip


def layout(
    name: str, text: str, first: str = "2024-01-01 00:00  5", last: str = "2024-01-03 00:00  7", **flags: Any
) -> Form:
    """Return a form of layout, which has the numbers 5, 6 and 7 on three days by default."""
    return Form("Layout", name, text, first, last, flags)


ROWS = "2024-01-01,5\n2024-01-02,6\n2024-01-03,7\n"
DAY = "{} 00:00".format
FORMS = [
    dates("ISO 8601", "2024-01-30", "2024-01-31", "2024-02-01", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("year first", "2024/1/30", "2024/1/31", "2024/2/1", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("digits alone", "20240130", "20240131", "20240201", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("day first", "30.01.2024", "31.01.2024", "01.02.2024", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("month first", "1/30/2024", "1/31/2024", "2/1/2024", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("day or month first, with `dayfirst`", "03/04/2024", "04/04/2024", first=DAY("2024-04-03"), last=DAY("2024-04-04"), dayfirst=True),
    dates("Chinese", "2024年1月30日", "2024年1月31日", "2024年2月1日", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("a weekday beside the date", "2024-01-30 星期二", "2024-01-31 星期三", "2024-02-01 星期四", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("a Japanese weekday", "2024/1/5(金)", "2024/1/6(土)", "2024/1/7(日)", first=DAY("2024-01-05"), last=DAY("2024-01-07")),
    dates("a Korean weekday", "2024-01-02 (화)", "2024-01-03 (수)", "2024-01-04 (목)", first=DAY("2024-01-02"), last=DAY("2024-01-04")),
    dates("Korean, with points", "2024. 1. 30.", "2024. 1. 31.", "2024. 2. 1.", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("Korean", "2024년 1월 30일", "2024년 1월 31일", "2024년 2월 1일", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("halves of a day before the time", "2024/1/2 上午 11:00", "2024/1/2 下午 12:00", "2024/1/2 下午 01:00", first="2024-01-02 11:00", last="2024-01-02 13:00"),
    dates("English months", "30 Jan 2024", "31 Jan 2024", "1 Feb 2024", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("German months", "30. Januar 2024", "31. Januar 2024", "1. Februar 2024", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("French months", "30 janvier 2024", "31 janvier 2024", "1 février 2024", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("Spanish months", "30 de enero de 2024", "31 de enero de 2024", "1 de febrero de 2024", first=DAY("2024-01-30"), last=DAY("2024-02-01")),
    dates("month and year", "Jan-49", "Feb-49", "Mar-49", first=DAY("1949-01-01"), last=DAY("1949-03-01")),
    dates("months of a year", "2012M01", "2012M02", "2012M03", first=DAY("2012-01-01"), last=DAY("2012-03-01")),
    dates("quarters", "2012Q1", "2012Q2", "2012Q3", first=DAY("2012-01-01"), last=DAY("2012-07-01")),
    dates("ISO weeks", "2018-W01", "2018-W02", "2018-W03", first=DAY("2018-01-01"), last=DAY("2018-01-15")),
    dates("years", "2018", "2019", "2020", first=DAY("2018-01-01"), last=DAY("2020-01-01")),
    dates("fiscal years, of which the first counts", "2001-02", "2002-03", "2003-04", first=DAY("2001-01-01"), last=DAY("2003-01-01")),
    dates("decimal years", "1991.583", "1991.667", "1991.750", "1991.833", first=DAY("1991-08-01"), last=DAY("1991-11-01")),
    dates("times of day", "2024-01-30 22:00", "2024-01-30 23:00", "2024-01-31 00:00", first="2024-01-30 22:00", last="2024-01-31 00:00"),
    dates("midnight as 24:00", "2024-01-30 22:00", "2024-01-30 23:00", "2024-01-30 24:00", first="2024-01-30 22:00", last="2024-01-31 00:00"),
    dates("intervals, of which the start counts", "2024-01-30 22:00 - 2024-01-30 23:00", "2024-01-30 23:00 - 2024-01-31 00:00", first="2024-01-30 22:00", last="2024-01-30 23:00"),
    dates("hours as digits alone", "2024013022", "2024013023", "2024013100", first="2024-01-30 22:00", last=DAY("2024-01-31")),
    dates("Unix seconds", "1704067200", "1704153600", "1704240000", first=DAY("2024-01-01"), last=DAY("2024-01-03")),
    dates("Unix milliseconds", "1704067200000", "1704153600000", "1704240000000", first=DAY("2024-01-01"), last=DAY("2024-01-03")),
    dates("serial days of Excel", "45292", "45293", "45294", first=DAY("2024-01-01"), last=DAY("2024-01-03")),
    numbers("thousands with commas", "1,024.22", "1,025.5", first=1024.22, last=1025.5),
    numbers("decimal commas", "0,394", "0,408", first=0.394, last=0.408),
    numbers("decimal commas and points between thousands", "1.024,22", "987,5", first=1024.22, last=987.5, delimiter=";"),
    numbers("points between thousands, as the steps show", "902", "978", "1.000", "1.018", first=902, last=1018, delimiter=";"),
    numbers("apostrophes", "1'024.22", "1'025.50", first=1024.22, last=1025.5),
    numbers("Indian groups", "12,34,567.5", "12,34,999.5", first=1234567.5, last=1234999.5),
    numbers("K, M, B", "394.55K", "1.46M", first=394550, last=1460000),
    numbers("万, 亿", "3.5万", "1.2亿", first=35000, last=120000000),
    numbers("percent", "0.52%", "-1.28%", first=0.52, last=-1.28),
    numbers("currencies", "$1,024.22", "-$5.00", first=1024.22, last=-5),
    numbers("brackets for negative numbers", "(1,234.50)", "12.25", first=-1234.5, last=12.25),
    numbers("a typographic minus", "−12.5", "3.25", first=-12.5, last=3.25),
    numbers("full-width digits", "１２．５", "３．２５", first=12.5, last=3.25),
    numbers("scientific", "1.2E+05", "1.3E+05", first=120000, last=130000),
    numbers("units behind the numbers", "902 kWh", "930 kWh", first=902, last=930),
    numbers("marks for missing values, here filled with `missing`", "5", ":", "..", "n/a", "7", first=5, last=7, missing="ffill"),
    layout("a header", "date,y\n" + ROWS),
    layout("no header", ROWS),
    layout("comments above", "# source: somewhere\n# unit: MW\ndate,y\n" + ROWS),
    layout("a title above and a source below", "门店日报\n\n日期,销量\n" + ROWS + "\n数据来源：门店\n"),
    layout("`sep=`", "sep=;\ndate;y\n" + ROWS.replace(",", ";")),
    layout("a row of units", "date,y\n,kWh\n" + ROWS),
    layout("totals below", "date,y\n" + ROWS + "Total,18\n"),
    layout("padded names and cells", " date , y \n" + ROWS.replace(",", ", ")),
    layout("semicolons, tabs or bars", "date\ty\n" + ROWS.replace(",", "\t")),
    layout("columns between spaces, with decimal commas too", "date y\n2024-01-01 5,0\n2024-01-02 6,5\n2024-01-03 7,0\n"),
    layout("tables of databases and Markdown", " date       | y\n------------+---\n " + ROWS.replace(",", " | ").replace("\n2", "\n 2") + "(3 rows)\n"),
    layout("row numbers without a name, as R writes them", '"date","y"\n"1","2024-01-01",5\n"2","2024-01-02",6\n"3","2024-01-03",7\n'),
    layout("year and month in two columns", "year,month,y\n2024,1,5\n2024,2,6\n2024,3,7\n", last="2024-03-01 00:00  7"),
    layout("date and time in two columns", "date,time,y\n2024-01-01,00:00,5\n2024-01-01,01:00,6\n2024-01-01,02:00,7\n", last="2024-01-01 02:00  7"),
    layout("date and time as digits in two columns", "<DATE>,<TIME>,<CLOSE>\n20240101,93000,5\n20240101,100000,6\n20240101,103000,7\n", first="2024-01-01 09:30  5", last="2024-01-01 10:30  7", target="close"),
    layout("date, hour and minute in three columns", "date,hour,minute,y\n2024-01-01,9,0,5\n2024-01-01,9,30,6\n2024-01-01,10,0,7\n", first="2024-01-01 09:00  5", last="2024-01-01 10:00  7", target="y"),
    layout("year and period in two columns", "year,period,y\n2024,M01,5\n2024,M02,6\n2024,M03,7\n", last="2024-03-01 00:00  7"),
    layout("many series", "unique_id,ds,y\na,2024-01-01,5\na,2024-01-02,6\nb,2024-01-01,3\nb,2024-01-02,4\nb,2024-01-03,7\n"),
    layout("several columns of ids, with `id`", "store,item,date,y\n1,1,2024-01-01,5\n1,1,2024-01-02,6\n1,2,2024-01-01,3\n1,2,2024-01-02,4\n1,2,2024-01-03,7\n", id=["store", "item"]),
    layout("yfinance, one share", ",Close\n,ACME\nDate,\n" + ROWS),
    Form("Encodings", "UTF-8, with or without a mark", "date,销量\n" + ROWS, "2024-01-01 00:00  5", "2024-01-03 00:00  7", {}, "utf-8-sig"),
    Form("Encodings", "UTF-16", "date,销量\n" + ROWS, "2024-01-01 00:00  5", "2024-01-03 00:00  7", {}, "utf-16"),
    Form("Encodings", "GB 18030, GBK", "日期,销量\n" + ROWS, "2024-01-01 00:00  5", "2024-01-03 00:00  7", {}, "gb18030"),
    Form("Encodings", "Big5", "日期,銷售量\n" + ROWS, "2024-01-01 00:00  5", "2024-01-03 00:00  7", {}, "cp950"),
    Form("Encodings", "Shift JIS", "日付,売上高\n" + ROWS, "2024-01-01 00:00  5", "2024-01-03 00:00  7", {}, "cp932"),
    Form("Encodings", "EUC-KR", "날짜,판매량\n" + ROWS, "2024-01-01 00:00  5", "2024-01-03 00:00  7", {}, "cp949"),
    Form("Encodings", "Windows-1252, Latin-1", "Datum,Stückzahl\n" + ROWS, "2024-01-01 00:00  5", "2024-01-03 00:00  7", {}, "cp1252"),
    Form("Encodings", "Windows-1250", "Data,Sprzedaż\n" + ROWS, "2024-01-01 00:00  5", "2024-01-03 00:00  7", {}, "cp1250"),
]  # fmt: skip


def documentation() -> Iterator[str]:
    """Yield the lines of the tables of docs/tables.md."""
    for group, forms in groupby(FORMS, key=lambda form: form.group):
        yield f"\n### {group}\n"
        yield "| form | example | read as |"
        yield "|---|---|---|"
        for form in forms:
            example = "<br>".join(f"`{line}`" if line.strip() else "" for line in form.text.rstrip("\n").split("\n"))
            shown = example.replace("|", "\\|").replace("\t", " → ")
            yield f"| {form.name} | {shown} | {form.read()[0].replace(' 00:00', '')} … {form.read()[1].replace(' 00:00', '')} |"


if __name__ == "__main__":
    print("\n".join(documentation()))
