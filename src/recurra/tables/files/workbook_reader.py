"""Read spreadsheets: Excel (.xlsx) or OpenDocument (.ods) files, told apart by what is in them."""

from pathlib import Path

from recurra.tables.files.ods_reader import CONTENT, read_ods
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.files.xlsx_reader import read_xlsx
from recurra.tables.files.zip_archive import OLE, ZIP, Archive
from recurra.tables.form import RawTable


def read_workbook(path: Path, unpacking: Unpacking, sheet: str | None = None) -> RawTable:
    """Read a sheet of a spreadsheet; the index is the row number in it.

    Args:
        path: the file.
        unpacking: limit for what it unpacks to.
        sheet: name of the sheet; None: the first with data.

    Raises:
        InputError: the file cannot be read, unpacks to too much, or has no such sheet.
    """
    with Archive.opened(path, unpacking, "an Excel (.xlsx) or OpenDocument (.ods) file") as archive:
        return (read_ods if CONTENT in archive.entries else read_xlsx)(archive, sheet)


def is_no_workbook(path: Path) -> bool:
    """Return whether a file begins neither as a zip archive nor as an old .xls file."""
    with path.open("rb") as file:
        begin = file.read(len(OLE))
    return not begin.startswith((ZIP, OLE))
