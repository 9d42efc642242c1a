"""What separates the cells of the lines of a text: a mark such as a comma, or spaces."""

import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from recurra.errors import InputError, shown
from recurra.tables.dates.one_column import holds_dates
from recurra.tables.files.cells import LONGEST_CELL, is_comment, kind

DELIMITERS = ";\t|,"  # in this order where they separate as many lines: semicolons go with decimal commas
SPACES = r"\s+"  # as pandas calls them
QUOTED = re.compile(r'"[^"]*"')
DECIMAL_COMMA = re.compile(r"[-+]?(?:0|[1-9]\d*),\d+")
GROUPED_BY_SPACES = re.compile(r"[-+]?\d{1,3}(?:\s\d{3})+(?:[.,]\d+)?")


def found_delimiter(lines: Sequence[str], name: str) -> str:
    """Return what separates most lines alike; a comma if there is nothing.

    Args:
        lines: the first lines of a text.
        name: the file, for messages.

    Raises:
        InputError: spaces and commas separate them alike.
    """
    plain = QUOTED.sub("x", "".join(line for line in lines if not is_comment([line.strip()]))).splitlines()
    most = 0, ","
    for delimiter in DELIMITERS:
        counts = Counter(line.count(delimiter) for line in plain)
        del counts[0]
        alike = max(counts.values(), default=0)
        if alike > most[0]:
            most = alike, delimiter
    mark = most[1]
    return SPACES if _are_separated_by_spaces(plain, mark, name) else mark


def _are_separated_by_spaces(lines: Sequence[str], mark: str, name: str) -> bool:
    """Return whether spaces separate all rows alike, and the mark does not, or only within numbers."""
    above, rows = _rows_between_spaces(lines)
    if not rows:
        return False
    header = above if _has_value(rows[0]) else rows[0]
    data = rows if header is above else rows[1:]
    marks = {row.count(mark) for row in data}
    if marks != {0} and len(marks) == 1 and (mark == "\t" or header.count(mark) in marks):
        return False
    cells = [row.split() for row in data]
    if not all(DECIMAL_COMMA.fullmatch(cell) for row in cells for cell in row if mark in cell):
        return False
    whole = [row.strip() for row in data]
    if marks == {0}:
        one_column = header is above and (_hold_dates(whole) or all(map(GROUPED_BY_SPACES.fullmatch, whole)))
        return not one_column
    if len(marks) > 1:
        return True
    # the mark separates them too: 2020-01-01 1,5 may be a day and 1.5, or one o'clock of it and 5
    before = [row.split(mark)[0].strip() for row in data]
    days = [next((cell for cell in row if kind(cell) == "date"), "") for row in cells]
    if not all(days):  # such as Jan 2020,5
        in_names = header is not above and not any(map(GROUPED_BY_SPACES.fullmatch, before))
        return in_names and not _hold_dates(before)
    if len(set(days)) < len(days) and _hold_dates(before):
        raise InputError(
            f"{name}: {shown(whole[0], 60)} may be separated at its spaces, with a number that has a decimal comma, "
            "or at its comma, with an hour behind the date; separate cells by semicolons or tabs."
        )
    return True


def _rows_between_spaces(lines: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the line above the rows, and the rows, which spaces separate alike; no rows if others are between them."""
    filled = [line for line in lines if line.strip()]
    counts = [len(line.split()) for line in filled]
    usual = Counter(counts).most_common(1)[0][0] if counts else 0
    first, last = (counts.index(usual), len(counts) - counts[::-1].index(usual)) if counts else (0, 0)
    if usual < 2 or last - first < 2 or counts[first:last].count(usual) < last - first:
        return "", []
    return filled[first - 1] if first else "", filled[first:last]


def _has_value(line: str) -> bool:
    """Return whether a line has a date or a number, and so is no header."""
    return any(kind(cell) in {"date", "value"} for cell in line.split())


def _hold_dates(cells: Sequence[str]) -> bool:
    return holds_dates(pd.Series([cell[:LONGEST_CELL] for cell in cells]))
