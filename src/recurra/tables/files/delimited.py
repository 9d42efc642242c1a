"""The first and the last lines of a text as rows of cells, and what separates the cells."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from recurra.errors import InputError
from recurra.tables.files.cells import is_comment
from recurra.tables.files.delimiters import DELIMITERS, SPACES, found_delimiter
from recurra.tables.files.layout import FIRST_ROWS, LAST_ROWS
from recurra.tables.files.table_rows import Row
from recurra.tables.files.text_file import TextFile

LONGEST_LINE = 1_000_000  # characters of a header, or of a row that is searched for a fault
MOST_LINES = 1_000  # at the beginning, with blank lines
CELL = re.compile(r'"([^"]*)"|(\S+)')  # between spaces
COMMENT = re.compile(r"^\s*#+\s*")
SEPARATOR = re.compile(rf'"?sep=([{DELIMITERS}])"?\s*', re.IGNORECASE)  # the first line, as spreadsheets read it


def first_rows(file: TextFile, name: str) -> tuple[str, list[Row]]:
    """Return the delimiter of a text, and its first rows.

    Args:
        file: the text.
        name: the file, for messages.

    Raises:
        InputError: the text has no rows, or one that is too long.
    """
    lines, filled = [], 0
    for line in checked_lines(name, io.StringIO(file.head, newline="")):
        filled += not line.isspace()
        lines.append(line)
        if filled == FIRST_ROWS or len(lines) == MOST_LINES:
            break
    else:
        if len(file.head) < file.characters and filled > 1:
            lines.pop()  # the rest of it is not in the head
    if not filled:
        blank = f"has {len(lines):,} blank lines at its beginning" if len(lines) == MOST_LINES else "is empty"
        raise InputError(f"{name} {blank}; expected a header and rows of data.")
    place = next(place for place, line in enumerate(lines) if not line.isspace())
    if separator := SEPARATOR.fullmatch(lines[place]):
        delimiter, place = separator[1], place + 1
    else:
        delimiter = found_delimiter(lines, name)
    rows: list[Row] = []
    try:
        rows += split(lines[place:], delimiter, place + 1)
    except csv.Error as error:  # such as a cell of more than 131,072 characters
        if not rows:
            raise InputError(f"{name}: row {place + 1} is not a header that can be read ({error}).") from error
    if not rows:
        raise InputError(f"{name} has no rows of data; at least a header and one row are needed.")
    return delimiter, _with_texts(rows, rows) if delimiter == SPACES else rows


def last_rows(file: TextFile, delimiter: str, rows: Sequence[Row]) -> list[Row]:
    """Return the last rows of a text, of which the first are given."""
    number, lines = _last_lines(file)
    found = [row for place, line in enumerate(lines, start=number) for row in split([line], delimiter, place)]
    return _with_texts(found, rows) if delimiter == SPACES else found


def length_from(file: TextFile, number: int) -> int:
    """Return the number of characters from one of the last lines on."""
    first, lines = _last_lines(file)
    return sum(map(len, lines[number - first :]))


def _last_lines(file: TextFile) -> tuple[int, list[str]]:
    """Return the last lines of a text, and the number of the first of them."""
    lines = list(io.StringIO(file.tail, newline=""))
    whole = lines if len(file.tail) == file.characters else lines[1:]
    end = file.lines + (not file.tail.endswith(("\n", "\r")))
    return end - len(whole[-LAST_ROWS:]) + 1, whole[-LAST_ROWS:]


def _with_texts(rows: Sequence[Row], first: Sequence[Row]) -> list[Row]:
    """Return rows between whose cells are spaces, with those that are no rows of the table as texts in one cell."""
    usual = Counter(len(row.cells) for row in first).most_common(1)[0][0]
    fitting = {usual, usual - 1}  # a header may not name the numbers of rows
    return [
        row if len(row.cells) in fitting or is_comment(row.cells) else Row(row.number, (" ".join(row.cells),))
        for row in rows
    ]


def split(lines: Iterable[str], delimiter: str, number: int) -> Iterator[Row]:
    """Yield the rows of lines, without blank ones; the number of the first line is given."""
    if delimiter == SPACES:
        for place, line in enumerate(lines, start=number):
            if cells := [quoted or bare for quoted, bare in CELL.findall(COMMENT.sub("#", line, count=1))]:
                yield Row(place, tuple(cells))
        return
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    while True:
        begin = number + reader.line_num
        row = next(reader, None)
        if row is None:
            return
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield Row(begin, tuple(cells))


def checked_lines(name: str, text: TextIO) -> Iterator[str]:
    """Yield the lines of a text; InputError if one is too long to be a row."""
    for number, line in enumerate(iter(lambda: text.readline(LONGEST_LINE + 1), ""), start=1):
        if len(line) > LONGEST_LINE:
            raise InputError(
                f"{name}: row {number} has more than {LONGEST_LINE:,} characters; expected a row of a table."
            )
        yield line
