"""Rows of several lines, as a quoted cell with line breaks makes them, and stray quotes, which swallow rows."""

import csv
from collections.abc import Callable, Iterable, Iterator

from recurra.errors import InputError
from recurra.tables.files.delimiters import SPACES


def begins_of_rows(
    lines: Iterable[str], delimiter: str, number: int, where: str, is_row: Callable[[list[str]], bool]
) -> list[int]:
    """Return the numbers of the lines in which rows begin, blank ones too.

    Args:
        lines: the lines of the data.
        delimiter: what separates cells.
        number: number of the first line.
        where: the file, for messages.
        is_row: whether cells are a row of the table.

    Raises:
        InputError: a quoted cell goes on over lines that are rows of the table themselves.
    """
    begins: list[int] = []
    own: list[str] = []  # the lines of one row

    def noted() -> Iterator[str]:
        for line in lines:
            own.append(line)
            yield line.replace("\t", " ") if delimiter == SPACES else line

    def is_line_of_row(line: str) -> bool:
        plain = line.replace('"', "")
        return is_row(plain.split() if delimiter == SPACES else plain.split(delimiter))

    if delimiter == SPACES:  # csv takes no run of them for one delimiter, but only the quotes matter here
        reader = csv.reader(noted(), delimiter=" ")
    else:
        reader = csv.reader(noted(), delimiter=delimiter, skipinitialspace=True)
    while True:
        own.clear()
        begin = number + reader.line_num
        try:
            if next(reader, None) is None:
                return begins
        except csv.Error:  # a cell of more than 131,072 characters
            pass
        begins.append(begin)
        if len(own) > 1 and any(map(is_line_of_row, own[1:])) and is_line_of_row(own[0]):
            raise InputError(
                f"{where}: row {begin}: a quote opens a cell that goes on over the rows below; double each quote that "
                'belongs to a text and put such a text in quotes ("5"" pipe"), or remove the quote.'
            )
