"""Read CSV files in any common encoding and layout into a DataFrame."""

import csv
import io
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from recurra.errors import InputError, in_one_line, shortened, shown_path
from recurra.tables.files.delimited import checked_lines, first_rows, last_rows, length_from, split
from recurra.tables.files.delimiters import SPACES
from recurra.tables.files.grouped_numbers import grouped_texts, may_be_grouped, may_be_grouped_texts
from recurra.tables.files.layout import Layout, found_layout
from recurra.tables.files.quotes import begins_of_rows
from recurra.tables.files.raw_table import raw_table
from recurra.tables.files.spreadsheet import unescaped
from recurra.tables.files.table_rows import Row, TableRows
from recurra.tables.files.text_file import TextFile
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.form import RawTable

SHORTEST_ROW = 7  # characters of a year, a delimiter, a digit and a line end
UNCHECKED = 7_500_000  # cells or characters that even a table of empty rows may have, as spreadsheets write them
IN_WORDS = {  # what must be quoted
    ",": "numbers that have commas",
    ";": "cells that have semicolons",
    "\t": "cells that have tabs",
    "|": "cells that have bars",
    SPACES: "cells that have spaces",
}
MARKUP = re.compile(r"\s*<(?:[!?]|(?:html|head|body|meta|div|style|table|workbook)\b)", re.IGNORECASE)
PLAIN = {"ascii", "utf-8-sig"}  # encodings that are not worth a note


def read_csv(
    path: Path, texts: Collection[str], unpacking: Unpacking, encoding: str | None = None, words: Collection[str] = ()
) -> RawTable:
    """Read a CSV file into a frame whose index is the row number in the file, as an editor shows it.

    Numbers that may have points between thousands, such as 1.024, stay texts.

    Args:
        path: the file, packed if it is named *.gz.
        texts: case-insensitive names of columns to read as text.
        unpacking: limit for what a packed file unpacks to.
        encoding: its encoding; None: as its bytes show.
        words: likewise names of columns, in which NA is a missing value.

    Raises:
        InputError: the file cannot be read.
    """
    name, file = shown_path(path), TextFile.checked(path, unpacking, encoding)
    if MARKUP.match(file.head):
        raise InputError(
            f"{name} is a web page or XML, not delimited text; open it in a spreadsheet program and save it as .xlsx."
        )
    delimiter, rows = first_rows(file, name)
    layout = found_layout(rows, last_rows(file, delimiter, rows), name, decimal_commas=delimiter == ",")
    columns = layout.header.columns
    least = max(len(columns), SHORTEST_ROW)
    if file.lines * least > max(file.characters, UNCHECKED):
        raise InputError(
            f"{name}: its {file.lines:,} lines have {file.characters / file.lines:.1f} characters on average, too few "
            f"for {len(columns)} columns with a date in each row; remove the empty rows."
        )
    data = _Data(name, file, layout, delimiter, rows)
    asked, of_words = ({name.strip().lower() for name in names} for names in (texts, words))
    kept = [column for column in columns if column.lower() in asked]
    options: dict[str, Any] = {
        "converters": dict.fromkeys(kept, lambda cell: unescaped(cell.strip()) or None),
        "dtype": {column: str for column in columns if column.lower() in of_words - asked},
    }
    frame = data.read(**options)
    if layout.has_ids_below(frame):
        layout = replace(layout, below=())
        data = replace(data, layout=layout)
        frame = data.read(**options)
    first_cells = zip_longest(*(row.cells for row in rows if row.number >= layout.first), fillvalue="")
    floats = set(frame.columns[frame.dtypes == np.float64])
    possible = [
        column
        for column, cells in zip(columns, first_cells, strict=False)
        if column in floats and may_be_grouped_texts(cells)
    ]
    if doubtful := [column for column in possible if may_be_grouped(frame[column])]:
        without_points = data.read(usecols=doubtful, thousands=".", decimal=",")
        texts_of = {column: grouped_texts(frame[column], without_points[column]) for column in doubtful}
        found = {column: values for column, values in texts_of.items() if values is not None}
        # in one go: to replace one column of many takes time that grows with their number
        frame = pd.DataFrame({column: found.get(str(column), values) for column, values in frame.items()})
    frame.index = data.numbers(len(frame))
    notes = []
    if file.encoding not in PLAIN:
        other = "" if encoding else "; name another encoding with --encoding if its words look wrong"
        notes.append(f"the file is read as {file.encoding}{other}")
    return raw_table(frame, layout, notes, (" " if delimiter == SPACES else delimiter) if len(columns) > 1 else None)


@dataclass(frozen=True)
class _Data:
    """The rows of data of a text.

    Attributes:
        name: the file, for messages.
        file: the text.
        layout: where the rows are in it.
        delimiter: what separates their cells.
        first_rows: the first rows of the text.
    """

    name: str
    file: TextFile
    layout: Layout
    delimiter: str
    first_rows: Sequence[Row]

    @property
    def spare(self) -> int:
        """Number of cells, which must be empty, that a row may have after those of the columns."""
        widest = max((len(row.cells) for row in self.first_rows if row.number >= self.layout.first), default=0)
        return max(widest - len(self.layout.header.columns), 0)

    def read(self, **options: Any) -> pd.DataFrame:
        """Read the rows with options of pandas; InputError if one has more cells than there are columns."""
        columns = list(self.layout.header.columns)
        spare = [f"\n{number}" for number in range(self.spare)]  # no column has such a name
        read: Callable[..., pd.DataFrame] = pd.read_csv
        try:
            with self._opened() as text, warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas would drop fields without a column
                frame = read(
                    text,
                    sep=self.delimiter,
                    header=None,
                    names=[*columns, *spare],
                    index_col=False,
                    skip_blank_lines=False,
                    skipinitialspace=True,
                    low_memory=False,
                    na_values=["--", "-"],
                    **options,
                )
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            self._begins()  # raises an error if a stray quote is the cause
            reason = shortened(in_one_line(str(error)), 200)
            raise self._too_long() or InputError(f"{self.name} cannot be read as CSV ({reason}).") from error
        found = frame.columns.intersection(spare)
        if bool(frame[found].notna().to_numpy().any()):
            raise self._too_long() or InputError(f"{self.name} cannot be read as CSV (rows are too long).")
        return frame.drop(columns=found)

    def numbers(self, count: int) -> "pd.Index[int]":
        """Return the numbers of the lines in which rows begin, of which there are that many.

        Raises:
            InputError: there are fewer since a stray quote makes a cell of several rows.
        """
        first, after = self.layout.first, self.layout.after
        ends = self.file.lines + (not self.file.tail.endswith(("\n", "\r"))) if after is None else after - 1
        plain = pd.RangeIndex(first, first + count)
        if count > ends - first:
            return plain
        begins = self._begins()[:count]
        return pd.Index(begins) if len(begins) == count else plain

    def _begins(self) -> list[int]:
        """Return the numbers of the lines in which rows begin; InputError if a stray quote makes a cell of several."""
        table, fewest, after = TableRows(self.first_rows), len(self.layout.header.columns), self.layout.after
        most = fewest + self.spare

        def is_row(cells: list[str]) -> bool:
            return fewest <= len(cells) <= most and table.is_line_of_data(cells)

        with self.file.opened() as text:
            lines = islice(text, self.layout.first - 1, after and after - 1)
            return begins_of_rows(lines, self.delimiter, self.layout.first, self.name, is_row)

    @contextmanager
    def _opened(self) -> Iterator[TextIO]:
        with self.file.opened() as text:
            above = sum(len(text.readline()) for _ in range(self.layout.first - 1))
            below = 0 if self.layout.after is None else length_from(self.file, self.layout.after)
            yield _Beginning(text, self.file.characters - above - below) if below else text  # type: ignore[misc]

    def _too_long(self) -> InputError | None:
        """Return the error of the first row that has more cells than there are columns."""
        expected = len(self.layout.header.columns)
        with self.file.opened() as text:
            lines = checked_lines(self.name, text)
            for _ in range(self.layout.first - 1):
                next(lines)
            try:
                rows = split(lines, self.delimiter, self.layout.first)
                number, count = next((row.number, row.width) for row in rows if row.width > expected)
            except (csv.Error, StopIteration):  # an unclosed quote makes the rest a single field
                return None
        known = "in the first rows" if self.layout.header_row is None else "in the header"
        return InputError(
            f"{self.name}: row {number} has {count} fields, expected {expected} as {known}; correct the row, and quote "
            f"{IN_WORDS[self.delimiter]}."
        )


class _Beginning(io.TextIOBase):
    """The beginning of a text."""

    def __init__(self, text: TextIO, characters: int) -> None:
        self._text, self._left = text, characters

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        part = self._text.read(self._left if size is None or size < 0 else min(size, self._left))
        self._left -= len(part)
        return part
