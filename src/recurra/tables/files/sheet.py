"""The cells of a sheet of a spreadsheet, and the columns that they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.errors import InputError, listed, shown, shown_path
from recurra.tables.columns import check_count
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
        """Return the rows below the first one, which is the header; the index is the row number in the sheet.

        Raises:
            InputError: two columns have the same name, or the sheet is too large.
        """
        name = shown_path(self.path)
        if not self._rows:
            raise InputError(f"{name}: is empty; expected a sheet with a header and rows of data.")
        where = f"{name}: row {self._rows[0]}"
        check_count(where, len(self._columns))
        self.unpacking.check(self.path, len(self._rows) * len(self._columns) * PLACE)
        columns: dict[str, Any] = {}
        for number in sorted(self._columns):
            places, values = self._columns[number]
            header = _text(values[0]) if places[0] == 0 else f"Unnamed: {number}"
            if header in columns:
                raise InputError(f"{where}: the column {shown(header)} occurs twice; give each column a unique name.")
            below = int(places[0] == 0)
            columns[header] = _column(np.array(places[below:], dtype=np.int64) - 1, values[below:], len(self._rows) - 1)
        return RawTable(pd.DataFrame(columns, index=pd.Index(self._rows[1:])), tuple(notes))


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
        raise InputError(f"{shown_path(path)}: has no sheet; expected one with a header and rows of data.")
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
        dates = np.full(rows, np.datetime64("NaT"), dtype="datetime64[us]")
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
