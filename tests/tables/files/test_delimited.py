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
