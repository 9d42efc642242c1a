"""Read CSV files in any common encoding into a DataFrame."""

import csv
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TextIO

import pandas as pd

from recurra.errors import InputError, in_one_line, shortened, shown, shown_path
from recurra.tables.columns import check_count
from recurra.tables.files.spreadsheet import unescaped
from recurra.tables.files.text_file import TextFile
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.form import RawTable

DELIMITERS = ",;\t|"
LONGEST_LINE = 1_000_000  # characters of a header, or of a row that is searched for a fault
SHORTEST_ROW = 7  # characters of a year, a delimiter, a digit and a line end
UNCHECKED = 7_500_000  # cells or characters that even a table of empty rows may have, as spreadsheets write them
QUOTED = re.compile(r'"[^"]*"')


def read_csv(path: Path, texts: Collection[str], unpacking: Unpacking) -> RawTable:
    """Read a CSV file into a frame whose index is the row number in the file, as an editor shows it.

    Args:
        path: the file, in UTF-8, UTF-16 or GBK, packed if it is named *.gz.
        texts: case-insensitive names of columns to read as text.
        unpacking: limit for what a packed file unpacks to.

    Raises:
        InputError: the file cannot be read.
    """
    name, file = shown_path(path), TextFile.checked(path, unpacking)
    with file.opened() as text:
        header, above = _first_line(name, text)
    delimiter = max(DELIMITERS, key=QUOTED.sub("", header).count)
    with file.opened() as text:
        columns = _columns(name, _rows(name, text, above), delimiter, above + 1)
    least = max(len(columns), SHORTEST_ROW)
    if file.lines * least > max(file.characters, UNCHECKED):
        raise InputError(
            f"{name}: its {file.lines:,} lines have {file.characters / file.lines:.1f} characters on average, too few "
            f"for {len(columns)} columns with a date in each row; remove the empty rows."
        )
    asked = {text.strip().lower() for text in texts}
    kept = {column for column in columns if column.strip().lower() in asked}
    read: Callable[..., pd.DataFrame] = pd.read_csv
    try:
        with file.opened() as text, warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas would drop fields without a column
            for _ in range(above):
                text.readline()
            frame = read(
                text,
                sep=delimiter,
                skip_blank_lines=False,
                skipinitialspace=True,
                index_col=False,
                low_memory=False,
                na_values=["--", "-"],
                converters=dict.fromkeys(kept, lambda cell: unescaped(cell.strip()) or None),
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        with file.opened() as text:
            found = _first_longer(_rows(name, text, above), delimiter, len(columns))
        if found:
            raise InputError(
                f"{name}: row {above + found[0]} has {found[1]} fields, expected {len(columns)} as in the header; "
                "correct the row, and quote numbers that have commas."
            ) from error
        raise InputError(f"{name}: cannot be read as CSV ({shortened(in_one_line(str(error)), 200)}).") from error
    frame.columns = frame.columns.map(unescaped)
    frame.index += above + 2  # the header is the first row after blank lines
    frame = frame.dropna(how="all")
    return RawTable(frame, delimiter=delimiter)


def _first_line(name: str, text: TextIO) -> tuple[str, int]:
    """Return the first line that is not blank, and the number of blank lines above it."""
    for above, line in enumerate(_rows(name, text, 0)):
        if line.strip():
            return line.rstrip("\r\n"), above
    raise InputError(f"{name}: is empty; expected a header and rows of data.")


def _rows(name: str, text: TextIO, above: int) -> Iterator[str]:
    """Yield the lines of a text after the first `above`; InputError if one is too long to be a row."""
    for number, line in enumerate(iter(lambda: text.readline(LONGEST_LINE + 1), ""), start=1):
        if len(line) > LONGEST_LINE:
            raise InputError(
                f"{name}: row {number} has more than {LONGEST_LINE:,} characters; expected a row of a table."
            )
        if number > above:
            yield line


def _first_longer(lines: Iterator[str], delimiter: str, expected: int) -> tuple[int, int] | None:
    """Return the number of the first row with more fields than expected, and its number of fields."""
    rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        return next(((row, len(fields)) for row, fields in enumerate(rows, start=1) if len(fields) > expected), None)
    except csv.Error:  # an unclosed quote makes the rest a single field
        return None


def _columns(name: str, lines: Iterator[str], delimiter: str, row: int) -> list[str]:
    """Return the column names as pandas reads them; InputError if one occurs twice, or there are too many."""
    try:
        names = next(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise InputError(f"{name}: row {row}: is not a header that can be read ({error}).") from error
    check_count(f"{name}: row {row}", len(names))
    seen: set[str] = set()
    for plain in (column.strip() for column in names):
        if plain in seen:
            raise InputError(
                f"{name}: row {row}: the column {shown(plain)} occurs twice; give each column a unique name."
            )
        seen |= {plain} - {""}
    return names
