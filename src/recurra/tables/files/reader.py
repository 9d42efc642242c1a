"""Read the cells of a CSV or Parquet file."""

from collections.abc import Sequence
from pathlib import Path

from recurra.errors import InputError, shown_path
from recurra.tables.files.csv_reader import read_csv
from recurra.tables.files.parquet_reader import read_parquet
from recurra.tables.files.unpacking import Unpacking
from recurra.tables.form import RawTable, Reading

IDS = ("unique_id",)  # columns of ids, kept as text even if they look like numbers
PARQUET = {".parquet", ".pq"}


def read_file(path: str | Path, reading: Reading | None = None, *, texts: Sequence[str] = ()) -> RawTable:
    """Read the cells of a file; the index of the frame is the row number in the file.

    Rows of a CSV file are numbered as in an editor, starting at 1 with the header. In a Parquet file, the first row of
    data is row 1.

    Args:
        path: a Parquet file, or a CSV file, optionally gzipped, delimited by commas, semicolons, tabs or vertical bars.
        reading: what the user says about the file.
        texts: case-insensitive names of CSV columns to read as text, so that 01 is not read as 1, nor NA as a missing
            value. `unique_id` is always read as text. A text that was written as `'=…` so that no spreadsheet
            calculates it is read as `=…`.

    Raises:
        InputError: the file does not exist, cannot be read or has no rows.
    """
    reading = reading or Reading()
    path, unpacking = Path(path), Unpacking(reading.max_unpacked)
    name = shown_path(path)
    try:
        if not path.is_file():
            raise InputError(f"{name}: there is no such file." if not path.exists() else f"{name}: is not a file.")
        if path.suffix.lower() in PARQUET:
            raw = RawTable(read_parquet(path, unpacking))
        else:
            raw = read_csv(path, {*texts, *IDS}, unpacking, reading.encoding)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        # such as a name with a null character, or longer than names may be
        raise InputError(f"{name}: cannot be read ({type(error).__name__}).") from error
    if not len(raw.frame):
        raise InputError(f"{name}: has no rows of data; at least a header and one row are needed.")
    return raw
