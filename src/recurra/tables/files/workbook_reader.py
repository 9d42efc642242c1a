"""Read spreadsheets: Excel (.xlsx) or OpenDocument (.ods) files, told apart by what is in them."""

from pathlib import Path

from recurra.tables.files.ods_reader import CONTENT, read_ods
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.files.xlsx_reader import read_xlsx
from recurra.tables.files.zip_archive import OLE, ZIP, Archive
from recurra.tables.form import RawTable


def read_workbook(path: Path, unpacking: Unpacking) -> RawTable:
    """Read the first sheet with data of a spreadsheet; the index is the row number in it.

    Args:
        path: the file.
        unpacking: limit for what it unpacks to.

    Raises:
        InputError: the file cannot be read or unpacks to too much.
    """
    with Archive.opened(path, unpacking, "an Excel (.xlsx) or OpenDocument (.ods) file") as archive:
        return read_ods(archive) if CONTENT in archive.entries else read_xlsx(archive)


def is_no_workbook(path: Path) -> bool:
    """Return whether a file begins neither as a zip archive nor as an old .xls file."""
    with path.open("rb") as file:
        begin = file.read(len(OLE))
    return not begin.startswith((ZIP, OLE))
