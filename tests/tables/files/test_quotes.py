"""Cells with line breaks, and stray quotes that make one cell of several rows."""

from pathlib import Path

import pytest

from recurra import InputError
from recurra.tables.files.reader import read_file

DAYS = [f"2020-01-{day:02}" for day in range(1, 31)]


def read(text: str, folder: Path) -> tuple[list[int], list[list[object]]]:
    (folder / "t.csv").write_text(text, "utf-8", newline="")
    frame = read_file(folder / "t.csv").frame
    return frame.index.tolist(), frame.to_numpy(object).tolist()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_after_a_cell_with_line_breaks_have_the_numbers_that_an_editor_shows(end: str, tmp_path: Path) -> None:
    text = 'ds,note,y\n2020-01-01,"rain, wind\nand, again, sun",1\n2020-01-02,"5"" pipe",2\n\n2020-01-03,"a\n\nb",3\n'
    numbers, rows = read(text.replace("\n", end), tmp_path)
    assert numbers == [2, 4, 6]
    assert [row[2] for row in rows] == [1, 2, 3]
    assert rows[1][1] == '5" pipe'


def test_lines_of_a_text_that_have_as_many_commas_as_rows_are_no_rows_without_a_date(tmp_path: Path) -> None:
    _, rows = read('ds,note,y\n2020-01-01,"a, b\nc, d, e",1\n2020-01-02,x,2\n', tmp_path)
    assert rows == [["2020-01-01", "a, b\nc, d, e", 1], ["2020-01-02", "x", 2]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " "])
@pytest.mark.parametrize("quoted", [(5, 6), (5, 20), (5, 6, 7), (5,)])
@pytest.mark.parametrize("header", ["ds,note,y\n", ""])
def test_a_stray_quote_that_swallows_rows_is_an_error_that_names_the_first(
    header: str, quoted: tuple[int, ...], delimiter: str, tmp_path: Path
) -> None:
    rows = [f"{day},{chr(34) * (place in quoted)}{place}-inch,{place}\n" for place, day in enumerate(DAYS, start=1)]
    row = quoted[0] + len(header.splitlines())
    with pytest.raises(InputError, match=rf"t\.csv: row {row}: a quote opens a cell that goes on over the rows"):
        read(f"{header}{''.join(rows)}".replace(",", delimiter), tmp_path)


def test_a_stray_quote_far_below_the_first_rows_is_found(tmp_path: Path) -> None:
    rows = ["2020-01-01,x,1\n"] * 5_000
    rows[3_000] = rows[3_001] = '2020-01-01,"x,1\n'
    with pytest.raises(InputError, match=r"row 3002: a quote opens"):
        read("ds,note,y\n" + "".join(rows), tmp_path)
