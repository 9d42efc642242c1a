"""Read OpenDocument spreadsheets (.ods) into a DataFrame; OpenDocument 1.3, part 3, describes their elements."""

import re
from datetime import datetime

from recurra.tables.files.sheet import MOST_COLUMNS_OF_SHEET, Sheet, first_with_data
from recurra.tables.files.xml_tags import walk, without_prefixes
from recurra.tables.files.zip_archive import Archive
from recurra.tables.form import RawTable

CONTENT = "content.xml"
CELLS = {"table-cell", "covered-table-cell"}
NUMBERS = {"float", "percentage", "currency"}  # types of values
DURATION = re.compile(r"PT(\d+)H(\d+)M(\d+(?:[.,]\d+)?)S")
LONGEST_SPACE = 1_000  # number of spaces in a row


def read_ods(archive: Archive, sheet: str | None = None) -> RawTable:
    """Read a sheet of an OpenDocument spreadsheet; see `read_workbook`."""
    reader = _Reader(archive)
    walk(archive, CONTENT, reader.start, reader.end, reader.text)
    return first_with_data(archive.path, reader.sheets.items(), list(reader.sheets), sheet)


class _Reader:
    """Reads the part of a spreadsheet that holds the cells of all sheets."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.sheets: dict[str, Sheet] = {}
        self._sheet = self._new_sheet()
        self._row, self._rows, self._column, self._columns = 1, 1, 0, 1
        self._cells: list[tuple[int, object]] = []
        self._value: dict[str, str] = {}
        self._text: list[str] = []
        self._is_text = False  # within a paragraph of a cell
        self._comment = 0  # depth within a comment, whose paragraphs are not the cell's

    def _new_sheet(self) -> Sheet:
        return Sheet(self.archive.path, self.archive.unpacking)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "annotation" or self._comment:
            self._comment += 1
        elif name in CELLS:
            self._value = without_prefixes(attributes)
            self._columns, self._text = int(self._value.get("number-columns-repeated", 1)), []
        elif name == "table-row":
            self._rows = int(without_prefixes(attributes).get("number-rows-repeated", 1))
            self._column, self._cells = 0, []
        elif name == "p":
            self._text += ["\n"] if self._text else []
            self._is_text = True
        elif name == "s" and self._is_text:
            self._text.append(" " * min(int(without_prefixes(attributes).get("c", 1)), LONGEST_SPACE))
        elif name == "table":
            own = without_prefixes(attributes).get("name", "")
            self._sheet, self._row = self.sheets.setdefault(own, self._new_sheet()), 1

    def text(self, text: str) -> None:
        if self._is_text and not self._comment:
            self._text.append(text)

    def end(self, name: str) -> None:
        if self._comment:
            self._comment -= 1
        elif name == "p":
            self._is_text = False
        elif name in CELLS:
            if (value := self._meant()) is not None:
                if not 0 < self._columns <= MOST_COLUMNS_OF_SHEET - self._column:
                    raise ValueError(f"{self._columns} columns from column {self._column + 1} on")
                self._cells += [(column, value) for column in range(self._column, self._column + self._columns)]
            self._column += self._columns
        elif name == "table-row":
            self._sheet.add(self._row, self._cells, self._rows)
            self._row += self._rows

    def _meant(self) -> object:
        """Return the value of a cell: a float, a bool, a datetime or a text; None if it is empty."""
        kind, value = self._value.get("value-type"), self._value
        if kind in NUMBERS:
            return float(value["value"])
        if kind == "date":
            moment = datetime.fromisoformat(value["date-value"])
            return moment if moment.tzinfo is None else value["date-value"]
        if kind == "boolean":
            return value["boolean-value"] == "true"
        if kind == "time" and (parts := DURATION.fullmatch(value["time-value"])):
            hours, minutes, seconds = int(parts[1]), int(parts[2]), float(parts[3].replace(",", "."))
            return f"{hours:02}:{minutes:02}:{seconds:02.0f}"
        return ("".join(self._text) or value.get("string-value", "")).strip() or None
