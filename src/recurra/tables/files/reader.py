"""Read the cells of a table: a CSV, Parquet, Feather or spreadsheet file, packed or not, or an open file."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from recurra.errors import InputError, shown, shown_path
from recurra.tables.files.arrow_reader import read_arrow
from recurra.tables.files.csv_reader import read_csv
from recurra.tables.files.parquet_reader import read_parquet
from recurra.tables.files.temporary import Source, file_of, is_source, name_of, only_file_in
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.files.workbook_reader import is_no_workbook, read_workbook
from recurra.tables.form import RawTable, Reading

IDS = ("unique_id",)  # columns of ids, kept as text even if they look like numbers
XLS = ".xls"  # as many programs name a text, so that a spreadsheet program opens it
READERS: dict[str, Callable[[Path, Unpacking], RawTable]] = {  # of files that are not text, by the end of their names
    ".parquet": read_parquet,
    ".pq": read_parquet,
    ".feather": read_arrow,
    ".arrow": read_arrow,
    ".ipc": read_arrow,
}
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")  # the reader says that an .xls file is too old
ZIP = ".zip"


def read_file(
    source: Source, reading: Reading | None = None, *, texts: Sequence[str] = (), words: Collection[str] = ()
) -> RawTable:
    """Read the cells of a file; the index of the frame is the row number in the file.

    Rows of a CSV file are numbered as in an editor, starting at 1 with the header, and those of a sheet as in a
    spreadsheet program. In a Parquet or Feather file, the first row of data is row 1.

    Args:
        source: a CSV file, optionally gzipped, delimited by commas, semicolons, tabs, vertical bars or spaces; a
            Parquet, Feather, Arrow IPC, Excel (.xlsx) or OpenDocument (.ods) file; or a .zip with one of these in it.
            "-" reads CSV from standard input, and an open file is read as its name says, as CSV if it has none. A text
            that is named .xls is read as CSV.
        reading: what the user says about the file.
        texts: case-insensitive names of CSV columns to read as text, so that 01 is not read as 1, nor NA as a missing
            value. `unique_id` is always read as text. A text that was written as `'=…` so that no spreadsheet
            calculates it is read as `=…`.
        words: likewise, of columns in which NA is a missing value.

    Raises:
        InputError: the file does not exist, cannot be read, has no rows, or has no sheet that `reading` names.
    """
    reading, name = reading or Reading(), name_of(source)
    Unpacking(reading.max_unpacked)  # raises an error before anything is read
    try:
        with file_of(source, reading) as (path, own):
            if not path.is_file():
                raise InputError(f"{name}: there is no such file." if not path.exists() else f"{name} is not a file.")
            raw = _read(path, own, texts, words)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        # such as a name with a null character, or longer than names may be
        raise InputError(f"{name} cannot be read ({type(error).__name__}).") from error
    if not len(raw.frame):
        raise InputError(f"{name} has no rows of data; at least a header and one row are needed.")
    return raw


def is_workbook(source: object) -> bool:
    """Return whether data is a spreadsheet, which may have several sheets."""
    return is_source(source) and Path(name_of(source)).suffix.lower() in WORKBOOKS


def _read(path: Path, reading: Reading, texts: Sequence[str], words: Collection[str]) -> RawTable:
    kind = path.suffix.lower()
    if kind == ZIP:
        with only_file_in(path, reading) as (inner, own):
            return _read(inner, own, texts, words)
    unpacking = Unpacking(reading.max_unpacked)
    is_text = kind not in READERS and (kind not in WORKBOOKS or (kind == XLS and is_no_workbook(path)))
    if kind in WORKBOOKS and not is_text:
        return read_workbook(path, unpacking, reading.sheet)
    if reading.sheet is not None:
        raise InputError(
            f"{shown_path(path)}: a sheet {shown(reading.sheet)} was asked for, and only spreadsheets have sheets "
            f"({', '.join(WORKBOOKS)}); leave out --sheet (sheet=… in Python)."
        )
    if not is_text:
        return READERS[kind](path, unpacking)
    raw = read_csv(path, {*texts, *IDS}, unpacking, reading.encoding, words)
    named_otherwise = [f"the file is read as text, though its name ends in {XLS}."] if kind == XLS else []
    return replace(raw, notes=(*named_otherwise, *raw.notes))
