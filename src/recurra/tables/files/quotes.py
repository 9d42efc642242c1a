"""Rows of several lines, as a quoted cell with line breaks makes them, and stray quotes, which swallow rows."""

import csv
from collections.abc import Callable, Iterable, Iterator

from recurra.errors import InputError
from recurra.tables.files.delimiters import SPACES
from recurra.tables.files.table_rows import Row


def begins_of_rows(
    lines: Iterable[str], delimiter: str, number: int, where: str, is_row: Callable[[Row], bool]
) -> list[int]:
    """Return the numbers of the lines in which rows begin, blank ones too.

    Args:
        lines: the lines of the data.
        delimiter: what separates cells.
        number: number of the first line.
        where: the file, for messages.
        is_row: whether a line, split without regard to quotes, is a row of the table.

    Raises:
        InputError: a quoted cell goes over lines that are rows.
    """
    begins: list[int] = []
    for own in _lines_of_rows(lines, delimiter):
        begins.append(number)
        parts = [_without_quotes(line, delimiter, place) for place, line in enumerate(own, start=number)]
        if len(parts) > 1 and is_row(parts[0]) and any(map(is_row, parts[1:])):
            raise InputError(
                f"{where}: row {number}: a quote opens a cell that goes on over the rows below; double each quote that "
                'belongs to a text and put such a text in quotes ("5"" pipe"), or remove the quote.'
            )
        number += len(own)
    return begins


def _lines_of_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the lines of each row."""
    own: list[str] = []

    def noted() -> Iterator[str]:
        for line in lines:
            own.append(line)
            yield line.replace("\t", " ") if delimiter == SPACES else line

    # csv does not take several spaces for one delimiter, and only the quotes matter here
    reader = csv.reader(
        noted(), delimiter=" " if delimiter == SPACES else delimiter, skipinitialspace=delimiter != SPACES
    )
    while True:
        own.clear()
        try:
            if next(reader, None) is None:
                return
        except csv.Error:  # a cell of more than 131,072 characters
            pass
        yield own


def _without_quotes(line: str, delimiter: str, number: int) -> Row:
    plain = line.replace('"', "")
    cells = plain.split() if delimiter == SPACES else plain.split(delimiter)
    return Row(number, tuple(cell.strip() for cell in cells))
