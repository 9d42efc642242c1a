"""What the first and the last rows of a table are: names and units of columns, data, or remarks and totals."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from recurra.tables.dates.one_column import holds_dates
from recurra.tables.dates.which_columns import SEARCHED_COLUMNS
from recurra.tables.files.cells import LONGEST_CELL, Kind, is_comment, is_remark, is_total, is_unit, kind

MOST_LEVELS = 3  # rows of a header
MOST_BELOW = 20  # rows below the data
LONGEST_NAME = 30  # characters of a name in a header that is a comment
PREFERRED: list[Kind] = ["date", "value", "word"]  # where a column has as many cells of two kinds


@dataclass(frozen=True)
class Row:
    """A row that is not blank.

    Attributes:
        number: its number in the file.
        cells: its cells, without space around them.
    """

    number: int
    cells: tuple[str, ...]

    @property
    def filled(self) -> tuple[str, ...]:
        return tuple(cell for cell in self.cells if cell)

    @property
    def begin(self) -> int:
        """Place of the first cell that is not empty."""
        return next(place for place, cell in enumerate(self.cells) if cell)

    @property
    def width(self) -> int:
        """Number of cells up to the last that is not empty."""
        return max((place for place, cell in enumerate(self.cells, start=1) if cell), default=0)


class TableRows:
    """The first rows of a table, and what its columns hold by them.

    Attributes:
        rows: the rows.
        wide: whether it has several columns.
        kinds: what most cells of each column are.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        plain = [row for row in rows if not is_comment(row.cells)]
        self.wide = 3 * sum(len(row.cells) > 1 for row in plain) >= max(len(plain), 1)
        counts: list[Counter[Kind]] = []
        for row in plain:
            kinds = [kind(cell) for cell in row.cells[:SEARCHED_COLUMNS]]
            title = self.wide and len(row.filled) == 1 and "word" in kinds
            if not title and not _is_label(row.filled[0]):
                counts += [Counter() for _ in range(len(kinds) - len(counts))]
                for count, found in zip(counts, kinds, strict=False):
                    count[found] += 1 if found == "word" else 2  # there may be as many rows of names as of data
        self.kinds = [max(PREFERRED, key=count.__getitem__) for count in counts]

    def parts(self) -> tuple[int, list[int], int | None]:
        """Return the places of the first row of data, of the rows of the header, and of the row that names the index.

        The first may be behind the last row.
        """
        begin = self._begin()
        names = [place for place, row in enumerate(self.rows[:begin]) if not self._is_remark(row)]
        index_row = None
        if begin is not None and len(names) > 1 and self._names_first(self.rows[names[-1]]):
            index_row = names.pop()
        names = [place for place in names if not self._names_first(self.rows[place])]  # others are titles
        if begin is None:  # there are only words, or no rows of data
            return min(names, default=0) + 1, [min(names, default=0)], None
        while len(names) > 1 and _describes(self.rows[names[-1]]):
            names.pop()
        names = [place for place in names if place >= self._filled(names, [begin])[0]]
        if names:
            header = max(reversed(names), key=lambda place: self._unlike(self.rows[place]))
            if not self._unlike(self.rows[header]):
                return names[0], [], None
            return (
                min([begin, *(place for place in names if place > header)]),
                self._levels(header, index_row),
                index_row,
            )
        above = begin
        while above > 0 and self._names_in_comment(self.rows[above - 1], self.rows[begin]):
            above -= 1
        return begin, [above] if above < begin else [], None

    def is_data(self, row: Row) -> bool:
        """Return whether a row has a date or value where its column has them, and no word there."""
        if self.wide and len(row.cells) == 1:
            return False
        return self._has("date", row) or (self._has("value", row) and not self._unlike(row))

    def is_line_of_data(self, cells: Sequence[str]) -> bool:
        """Return whether cells have a date in a column of dates, or else values in all columns of them; it is quick."""
        of_dates, of_values = self._typed
        if of_dates:
            return any(kind(cells[place].strip()) == "date" for place in of_dates if place < len(cells))
        there = [place for place in of_values if place < len(cells)]
        return len(there) > 0 and all(kind(cells[place].strip()) == "value" for place in there)

    @cached_property
    def _typed(self) -> tuple[list[int], list[int]]:
        """Places of the columns of dates, and of those of values."""
        of_dates, of_values = (
            [place for place, usual in enumerate(self.kinds) if usual == own] for own in PREFERRED[:2]
        )
        return of_dates, of_values

    def rows_below(self, last_rows: Sequence[Row]) -> list[Row]:
        """Return which of the last rows are below the data: totals, the source, and the like."""
        below: list[Row] = []
        for row in reversed(last_rows):
            label = row.filled[0]
            if self._has("date", row) or not (self._is_note(row) or _is_label(label)) or self._is_of_series(row):
                break
            below.insert(0, row)
        labels = {row.filled[0] for row in below}
        return below if len(labels) == len(below) <= MOST_BELOW else []  # equal ones are the ids of a series

    def _is_note(self, row: Row) -> bool:
        """Return whether a row below the data is a comment, or has a single text that is no date."""
        alone = is_comment(row.cells) or (self.wide and len(row.filled) == 1)
        return alone and kind(row.filled[0]) == "word" and not self._has("value", row) and not _is_date(row.filled[0])

    @cached_property
    def _date_columns(self) -> set[int]:
        """Places of the columns that hold dates in any form."""
        data = [row for row in self.rows if self.is_data(row)]
        columns = [
            pd.Series([row.cells[place][:LONGEST_CELL] for row in data if place < len(row.cells)])
            for place in range(len(self.kinds))
        ]
        return {place for place, cells in enumerate(columns) if holds_dates(cells[cells != ""])}

    def _is_of_series(self, row: Row) -> bool:
        """Return whether a row has an id, a date and a value; a row of totals has its label in place of the date."""
        dated = [place for place in self._date_columns if place < len(row.cells) and _is_date(row.cells[place])]
        others = [cell for place, cell in enumerate(row.cells) if place not in dated]
        return bool(dated) and row.begin not in self._date_columns and "value" in map(kind, others)

    def _begin(self) -> int | None:
        """Return the place of the first row of data."""
        data = [place for place, row in enumerate(self.rows) if self.is_data(row)]
        # a row of a date alone may be a title; it is data if there is data right below it
        sure = [place for place in data if len(self.rows[place].filled) > 1 or not self.wide]
        begin = next(iter(self._filled(sure, sure) or data), None)
        while begin is not None and begin - 1 in data:
            begin -= 1
        return begin

    def _filled(self, places: list[int], rows: list[int]) -> list[int]:
        """Return which rows have more than half as many cells as the fullest of others, if there are any such.

        What stands above a header, such as an account and its owner, has fewer.
        """
        most = max((len(self.rows[place].filled) for place in rows), default=0)
        return [place for place in places if 2 * len(self.rows[place].filled) > most] or places

    def _is_remark(self, row: Row) -> bool:
        """Return whether a row is a comment, or has no delimiter though the table has columns."""
        return is_comment(row.cells) or (self.wide and len(row.cells) == 1)

    def _has(self, wanted: Kind, row: Row) -> bool:
        """Return whether a row has a date, or a value, in a column of them."""
        return any(usual == wanted == kind(cell) for usual, cell in zip(self.kinds, row.cells, strict=False))

    def _unlike(self, row: Row) -> float:
        """Return the fraction of cells that are of another kind than the dates or values of their columns."""
        found = [(usual, kind(cell)) for usual, cell in zip(self.kinds, row.cells, strict=False)]
        unlike = sum(usual != "word" and cell not in {usual, ""} for usual, cell in found)
        return unlike / max(sum(cell != "" for _, cell in found), 1)

    def _levels(self, header: int, index_row: int | None) -> list[int]:
        """Return the places of the rows of a header, of which one is given."""
        lower = self.rows[header].cells
        levels = [header]
        while len(levels) < MOST_LEVELS and levels[0] > 0:
            above = self.rows[levels[0] - 1]
            if len(above.cells) != len(lower) or len(above.filled) < 2 or is_comment(above.cells):
                break
            levels.insert(0, levels[0] - 1)
        if index_row is not None or len(levels) == 1:
            return levels
        upper = self.rows[header - 1].cells
        if lower[0] and len(set(lower)) == len(lower):
            return [header]
        if all(upper) and len(set(upper)) == len(upper):  # of which the row below says more
            return [header - 1]
        return levels[-2:]

    @staticmethod
    def _names_first(row: Row) -> bool:
        """Return whether a row names only the first column, as pandas names an index below other names."""
        return len(row.cells) > 1 and bool(row.cells[0]) and not any(row.cells[1:])

    @staticmethod
    def _names_in_comment(comment: Row, data: Row) -> bool:
        """Return whether a comment above the data has the names of the columns, as NumPy writes them."""
        short = all(len(cell) <= LONGEST_NAME and ":" not in cell for cell in comment.cells)
        return is_comment(comment.cells) and comment.width == len(data.cells) > 1 and short


def _is_label(cell: str) -> bool:
    """Return whether a cell is the first one of a row below the data."""
    return is_total(cell) or is_remark(cell)


def _is_date(cell: str) -> bool:
    """Return whether a cell is a date in any form."""
    return bool(cell) and holds_dates(pd.Series([cell[:LONGEST_CELL]]))


def _describes(row: Row) -> bool:
    """Return whether a row has the units of the columns; the first one, of dates, may have any text."""
    return len(row.filled) > 0 and all(is_unit(cell) for cell in row.cells[1:] if cell)
