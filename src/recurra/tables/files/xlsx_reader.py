"""Read Excel workbooks (.xlsx) into a DataFrame; ECMA-376, part 1, describes their parts."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from posixpath import join, normpath

from recurra.tables.files.sheet import MOST_COLUMNS_OF_SHEET, Sheet, first_with_data
from recurra.tables.files.xml_tags import walk, without_prefixes
from recurra.tables.files.zip_archive import Archive
from recurra.tables.form import RawTable

# numbers of built-in formats of dates and times: in all languages, and in Chinese, Japanese, Korean and Thai
DATE_FORMATS = {*range(14, 23), *range(27, 37), 45, 47, *range(50, 59), *range(71, 82)}
UNMEANT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)  # of a format: texts, colors, places
ELAPSED = re.compile(r"\[[hms]+\]", re.IGNORECASE)  # hours or minutes that passed, which is a number and no date
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
LAST_DAY = 2_958_466  # the day after 9999-12-31, counted from 1899-12-30
MILLISECONDS = 86_400_000  # of a day


def read_xlsx(archive: Archive, sheet: str | None = None) -> RawTable:
    """Read a sheet of an Excel workbook; see `read_workbook`."""
    workbook = _target(archive, "", "officeDocument", "xl/workbook.xml")
    sheets, since_1904 = _sheets(archive, workbook)
    strings = _strings(archive, _target(archive, workbook, "sharedStrings", "xl/sharedStrings.xml"))
    dated = _date_styles(archive, _target(archive, workbook, "styles", "xl/styles.xml"))

    def each() -> Iterator[tuple[str, Sheet]]:
        for name, part in sheets.items():
            reader = _SheetReader(Sheet(archive.path, archive.unpacking), strings, dated, since_1904)
            walk(archive, part, reader.start, reader.end, reader.text)
            yield name, reader.sheet

    return first_with_data(archive.path, each(), list(sheets), sheet)


class _SheetReader:
    """Reads the part of a workbook that holds the cells of a sheet."""

    def __init__(self, sheet: Sheet, strings: list[str | None], dated: set[str], since_1904: bool) -> None:
        self.sheet, self._strings, self._dated = sheet, strings, dated
        self._later = 1462 if since_1904 else 0  # days
        self._row, self._column, self._phonetic = 0, -1, False
        self._cells: list[tuple[int, object]] = []
        self._cell: dict[str, str] = {}  # attributes
        self._value: list[str] = []
        self._texts: list[str] = []
        self.text = self._texts.append

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            reference = attributes.get("r")
            self._column = _column(reference.rstrip("0123456789")) if reference else self._column + 1
            self._cell, self._value = attributes, []
        elif name in {"v", "t"}:
            self._texts.clear()
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column, self._cells = -1, []
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        if name == "v" or (name == "t" and not self._phonetic):
            self._value += self._texts
        elif name == "c":
            if self._value:
                self._cells.append((self._column, self._meant("".join(self._value).strip())))
        elif name == "row":
            if self._cells:
                self.sheet.add(self._row, self._cells)
        elif name == "rPh":
            self._phonetic = False

    def _meant(self, text: str) -> object:
        """Return the value of a cell: a float, a bool, a datetime or a text; None if it is empty."""
        if not text:
            return None
        kind = self._cell.get("t", "n")
        if kind == "n":
            number = float(text)
            return _moment(number + self._later) if self._cell.get("s", "0") in self._dated else number
        if kind == "s":
            if not text.isdecimal():
                raise ValueError(f"a text number {text[:20]!r}")
            return self._strings[int(text)]
        if kind == "b":
            return text in {"1", "true"}
        return _unescaped(text)


def _moment(days: float) -> object:
    """Return a number of days since 1899-12-30 as a date, or as a time of day as a text; else the number."""
    if not 0.0 <= days < LAST_DAY:
        return days
    passed = timedelta(milliseconds=round(days * MILLISECONDS))
    if days < 1.0:
        return (datetime.min + passed).time().isoformat()
    # Excel counts a 29 February 1900, as Lotus 1-2-3 did
    return datetime(1899, 12, 30 + (days < 60)) + passed


@lru_cache(MOST_COLUMNS_OF_SHEET)
def _column(letters: str) -> int:
    """Return the number of a column, counted from 0.

    >>> [_column(letters) for letters in ("A", "Z", "AA", "XFD")]
    [0, 25, 26, 16383]
    """
    number = 0
    for letter in letters[:4].upper():
        if not "A" <= letter <= "Z":
            raise ValueError(f"a column {letters[:9]!r}")
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _target(archive: Archive, part: str, kind: str, usual: str) -> str:
    """Return the part of a kind to which another part refers; the usual one if it refers to none."""
    return next((target for type_, target in _relations(archive, part).values() if type_ == kind), usual)


def _relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Return kind and name of the parts to which a part refers, by the names that it gives them."""
    folder, _, file = part.rpartition("/")
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            kind, target = attributes["Type"].rpartition("/")[2], attributes["Target"]
            found[attributes["Id"]] = kind, normpath(join("/", folder, target)).lstrip("/")

    about = join(folder, "_rels", f"{file}.rels")
    if about in archive.entries:
        walk(archive, about, start, _nothing, _nothing)
    return found


def _sheets(archive: Archive, workbook: str) -> tuple[dict[str, str], bool]:
    """Return the parts with the cells of the sheets by their names, and whether dates count from 1904."""
    relations = _relations(archive, workbook)
    sheets: dict[str, str] = {}
    since_1904 = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal since_1904
        if name == "workbookPr":
            since_1904 = attributes.get("date1904") in {"1", "true"}
        elif name == "sheet":
            kind, part = relations[without_prefixes(attributes)["id"]]
            if kind == "worksheet":  # and no sheet of a chart
                sheets[attributes["name"]] = part

    walk(archive, workbook, start, _nothing, _nothing)
    return sheets, since_1904


def _strings(archive: Archive, part: str) -> list[str | None]:
    """Return the texts to which cells refer; None for an empty one."""
    found: list[str | None] = []
    own: list[str] = []  # of one text, whose parts may look differently
    texts: list[str] = []
    phonetic = False  # how Chinese or Japanese characters are spoken

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal phonetic
        texts.clear()
        phonetic = phonetic or name == "rPh"

    def end(name: str) -> None:
        nonlocal phonetic, own
        if name == "t" and not phonetic:
            own += texts
        elif name == "rPh":
            phonetic = False
        elif name == "si":
            found.append(_unescaped("".join(own)).strip() or None)
            own = []

    if part in archive.entries:
        walk(archive, part, start, end, texts.append)
    return found


def _date_styles(archive: Archive, part: str) -> set[str]:
    """Return the numbers of the styles of cells in which a number is a date."""
    formats: dict[str, str] = {}
    used: list[str] = []
    of_cells = False

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal of_cells
        if name == "numFmt":
            formats[attributes["numFmtId"]] = attributes["formatCode"]
        elif name == "cellXfs":
            of_cells = True
        elif name == "xf" and of_cells:
            used.append(attributes.get("numFmtId", "0"))

    def end(name: str) -> None:
        nonlocal of_cells
        of_cells = of_cells and name != "cellXfs"

    if part in archive.entries:
        walk(archive, part, start, end, _nothing)
    dated = {number for number, code in formats.items() if _is_of_dates(code)}
    dated |= {str(number) for number in DATE_FORMATS} - formats.keys()
    return {str(style) for style, number in enumerate(used) if number in dated}


def _is_of_dates(code: str) -> bool:
    """Return whether a format shows a number as a date.

    >>> [_is_of_dates(code) for code in ("yyyy-mm-dd", 'yyyy"年"m"月"', "0.00", "[Red]0", '0" days"', "[h]:mm")]
    [True, True, False, False, False, False]
    """
    plain = UNMEANT.sub("", code.split(";", maxsplit=1)[0])
    return not ELAPSED.search(plain) and any(letter in "dmyhs" for letter in plain.lower().replace("general", ""))


def _unescaped(text: str) -> str:
    """Return a text with the characters that XML cannot hold, which are written as _x000D_."""
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _nothing(_: str) -> None:
    """Do nothing with the end of an element, or with text."""
