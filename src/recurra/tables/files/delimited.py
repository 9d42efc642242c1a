"""The first and the last lines of a text as rows of cells, and what separates the cells."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from recurra.errors import InputError
from recurra.tables.files.cells import is_comment
from recurra.tables.files.layout import FIRST_ROWS, LAST_ROWS, Row
from recurra.tables.files.text_file import TextFile

DELIMITERS = ";\t|,"  # in this order where they separate as many lines: semicolons go with decimal commas
LONGEST_LINE = 1_000_000  # characters of a header, or of a row that is searched for a fault
MOST_LINES = 1_000  # at the beginning, with blank lines
QUOTED = re.compile(r'"[^"]*"')
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
        raise InputError(f"{name}: {blank}; expected a header and rows of data.")
    place = next(place for place, line in enumerate(lines) if not line.isspace())
    if separator := SEPARATOR.fullmatch(lines[place]):
        delimiter, place = separator[1], place + 1
    else:
        delimiter = _delimiter(lines)
    rows: list[Row] = []
    try:
        rows += split(lines[place:], delimiter, place + 1)
    except csv.Error as error:  # such as a cell of more than 131,072 characters
        if not rows:
            raise InputError(f"{name}: row {place + 1}: is not a header that can be read ({error}).") from error
    if not rows:
        raise InputError(f"{name}: has no rows of data; at least a header and one row are needed.")
    return delimiter, rows


def last_lines(file: TextFile) -> list[str]:
    """Return the last lines of a text."""
    lines = list(io.StringIO(file.tail, newline=""))
    whole = lines if len(file.tail) == file.characters else lines[1:]
    return whole[-LAST_ROWS:]


def split(lines: Iterable[str], delimiter: str, number: int) -> Iterator[Row]:
    """Yield the rows of lines, without blank ones; the number of the first line is given."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    while True:
        begin = number + reader.line_num
        cells = next(reader, None)
        if cells is None:
            return
        cells = [cell.strip() for cell in cells]
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


def _delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that occurs equally often in most lines; a comma if there is none."""
    plain = QUOTED.sub("", "".join(line for line in lines if not is_comment([line.strip()]))).splitlines()
    most = 0, ","
    for delimiter in DELIMITERS:
        counts = Counter(line.count(delimiter) for line in plain)
        del counts[0]
        alike = max(counts.values(), default=0)
        if alike > most[0]:
            most = alike, delimiter
    return most[1]
