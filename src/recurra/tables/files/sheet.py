"""The cells of a sheet of a spreadsheet, and the columns that they are."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.errors import InputError, listed, shown, shown_path
from recurra.tables.columns import check_count
from recurra.tables.files.header import unnamed
from recurra.tables.files.layout import FIRST_ROWS, LAST_ROWS, Layout, found_layout
from recurra.tables.files.raw_table import raw_table
from recurra.tables.files.table_rows import Row
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.form import RawTable
from recurra.tables.numbers.shapes import NOTHING

CELL = 64  # bytes of a cell with its value
CHECKED_AFTER = 10_000  # cells
PLACE = 8  # bytes of a place for a cell that may be empty
MOST_COLUMNS_OF_SHEET = 16_384  # of the formats
MOST_ROWS_OF_SHEET = 1_048_576


@dataclass
class Sheet:
    """The cells of a sheet that are not empty.

    Attributes:
        path: the file.
        unpacking: limit for what it unpacks to.
    """

    path: Path
    unpacking: Unpacking
    _rows: list[int] = field(default_factory=list)  # numbers of the rows that are not empty
    _columns: dict[int, tuple[list[int], list[object]]] = field(default_factory=dict)  # places in `_rows`, and values
    _beside: set[int] = field(default_factory=set)  # columns of rows that have several cells, and so are no titles
    _count: int = 0
    _checked: int = 0  # number of cells from which on it is checked again

    def add(self, row: int, cells: Iterable[tuple[int, object]], repeated: int = 1) -> None:
        """Add the cells of a row, which may stand in several rows.

        Args:
            row: its number, counted from 1.
            cells: column, counted from 0, and value of each cell.
            repeated: number of rows.

        Raises:
            InputError: there are more cells than the file may unpack to.
        """
        filled = [(column, value) for column, value in cells if value is not None]
        if not filled:
            return
        self._count += len(filled) * repeated
        if self._count > self._checked:
            self.unpacking.check(self.path, self._count * CELL)
            self._checked = self._count + CHECKED_AFTER
        if not 0 < row <= MOST_ROWS_OF_SHEET - repeated + 1 or filled[-1][0] >= MOST_COLUMNS_OF_SHEET:
            raise ValueError(f"row {row} or column {filled[-1][0] + 1} is none of a sheet")
        if self._rows and row <= self._rows[-1]:
            raise ValueError(f"row {row} after row {self._rows[-1]}")
        if len(filled) > 1:
            self._beside.update(column for column, _ in filled)
        for number in range(row, row + repeated):
            place = len(self._rows)
            self._rows.append(number)
            for column, value in filled:
                places, values = self._columns.setdefault(column, ([], []))
                places.append(place)
                values.append(value)

    @property
    def has_data(self) -> bool:
        """Whether there is more than a header."""
        return len(self._rows) > 1

    def table(self, notes: Sequence[str] = ()) -> RawTable:
        """Return the table that the sheet holds; the index is the row number in the sheet.

        Raises:
            InputError: two columns have the same name, or the sheet is too large.
        """
        name, rows = shown_path(self.path), len(self._rows)
        if not rows:
            raise InputError(f"{name} is empty; expected a sheet with a header and rows of data.")
        columns = sorted(self._beside or self._columns)
        check_count(f"{name}: row {self._rows[0]}", len(columns))
        self.unpacking.check(self.path, rows * len(columns) * PLACE)
        first_rows = self._as_texts(columns, range(min(rows, FIRST_ROWS)))
        last_rows = self._as_texts(columns, range(max(rows - LAST_ROWS, 0), rows))
        layout = found_layout(first_rows, last_rows, name)
        frame = self._frame(columns, layout)
        if layout.has_ids_below(frame):
            layout = replace(layout, below=())
            frame = self._frame(columns, layout)
        return raw_table(frame, layout, notes)

    def _as_texts(self, columns: Sequence[int], rows: range) -> list[Row]:
        """Return some rows as texts; one of a single cell beside the columns has no other."""
        cells = [[""] * len(columns) for _ in rows]
        for place, column in enumerate(columns):
            for row, value in zip(*self._cells(column, rows), strict=True):
                cells[row][place] = _text(value)
        for column in self._columns.keys() - set(columns):
            for row, value in zip(*self._cells(column, rows), strict=True):
                cells[row] = [_text(value)]
        return [Row(self._rows[row], tuple(own)) for row, own in zip(rows, cells, strict=True)]

    def _frame(self, columns: Sequence[int], layout: Layout) -> pd.DataFrame:
        """Return the rows of data."""
        end = len(self._rows) if layout.after is None else bisect_left(self._rows, layout.after)
        rows = range(bisect_left(self._rows, layout.first), end)
        named = layout.header.columns
        names = [*named, *(unnamed(place, named) for place in range(len(named), len(columns)))]  # filled far below
        found: dict[str, Any] = {}
        for name, column in zip(names, columns, strict=True):
            places, values = self._cells(column, rows)
            found[name] = _column(np.array(places, dtype=np.int64), values, len(rows))
        return pd.DataFrame(found, index=pd.Index(self._rows[rows.start : rows.stop]))

    def _cells(self, column: int, rows: range) -> tuple[list[int], list[object]]:
        """Return the places, counted from the first row, and the values of the cells of a column in some rows."""
        places, values = self._columns[column]
        begin, end = bisect_left(places, rows.start), bisect_left(places, rows.stop)
        return [place - rows.start for place in places[begin:end]], values[begin:end]


def first_with_data(
    path: Path, sheets: Iterable[tuple[str, Sheet]], names: Sequence[str], chosen: str | None
) -> RawTable:
    """Return the table of a sheet: of the chosen one, or else of the first that has more than a header.

    Args:
        path: the file.
        sheets: name and cells of each sheet, read one by one.
        names: the names of all sheets, of which a note says which one was read.
        chosen: the name of one.

    Raises:
        InputError: there is no such sheet, or no sheet at all.
    """
    if chosen is not None:
        for name, sheet in sheets:
            if name == chosen:
                return sheet.table()
        raise InputError(f"{shown_path(path)}: there is no sheet {shown(chosen)}; the sheets are {listed(names)}.")
    first: Sheet | None = None
    for name, sheet in sheets:
        if sheet.has_data:
            others = [other for other in names if other != name]
            note = (
                f"the sheet {shown(name)} was read, the first with data; not {listed(others)}: --sheet NAME reads "
                "another (sheet=… in Python)."
            )
            return sheet.table([note] if others else [])
        first = first or sheet
    if first is None:
        raise InputError(f"{shown_path(path)} has no sheet; expected one with a header and rows of data.")
    return first.table()


def _column(places: Any, values: list[object], rows: int) -> "pd.Series[Any] | np.ndarray[Any, Any]":
    """Return cells at their places as a column of numbers, of dates, or else of texts."""
    told = [not isinstance(value, str) or value.lower() not in NOTHING for value in values]
    kinds = {type(value) for value, tells in zip(values, told, strict=True) if tells}
    if kinds and kinds <= {float, bool}:
        numbers = np.full(rows, np.nan)
        numbers[places[told]] = [value for value, tells in zip(values, told, strict=True) if tells]
        whole = not np.isnan(numbers).any() and bool((np.abs(numbers) < 2**53).all() and (numbers % 1 == 0).all())
        return numbers.astype(np.int64) if whole else numbers
    if kinds == {datetime}:
        dates = np.full(rows, np.datetime64("NaT", "us"), dtype="datetime64[us]")
        dates[places[told]] = [value for value, tells in zip(values, told, strict=True) if tells]
        return dates
    texts = np.full(rows, None, dtype=object)
    texts[places] = list(map(_text, values))
    return texts


def _text(value: object) -> str:
    """Return a cell as a text: whole numbers without a point, and dates without a time at midnight."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return str(value)
