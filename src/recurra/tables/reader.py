"""Read CSV files in any common encoding, and Parquet files, into a DataFrame."""

import csv
import gzip
import io
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from recurra.errors import InputError
from recurra.tables.dates import FULL_WIDTH, holds_dates
from recurra.tables.numbers import NOTHING, SPACES, THOUSANDS

DELIMITERS = ",;\t|"
IDS = ("unique_id",)  # columns of ids, kept as text even if they look like numbers
PARQUET = {".parquet", ".pq"}
TWOFOLD = r"[-+]?[1-9]\d{0,2},\d{3}"  # ambiguous: 1,125 is 1125, or 1.125 with a decimal comma
DECIMAL_COMMA = r"[-+]?(\d+|\d{1,3}(\.\d{3})+),\d*"
DOTTED = r"[-+]?[1-9]\d{0,2}(\.\d{3})+"  # thousands separators of numbers with a decimal comma
DECIMAL_POINT = r"[-+]?\d*\.\d+"


def read_frame(path: str | Path, *, texts: Sequence[str] = ()) -> pd.DataFrame:
    """Read a file into a DataFrame whose index is the row number in the file.

    Rows of a CSV file are numbered as in an editor, starting at 1 with the header. In a Parquet file, the first row of
    data is row 1.

    Args:
        path: a Parquet file, or a CSV file in UTF-8, UTF-16 or GBK, optionally gzipped, delimited by commas,
            semicolons, tabs or vertical bars.
        texts: case-insensitive names of CSV columns to read as text, so that 01 is not read as 1, nor NA as a missing
            value. `unique_id` is always read as text.

    Raises:
        InputError: the file does not exist, cannot be read or has no rows.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file." if not path.exists() else f"{path}: is not a file.")
    frame = _read_parquet(path) if path.suffix.lower() in PARQUET else _read_csv(path, {*texts, *IDS})
    if not len(frame):
        raise InputError(f"{path}: has no rows of data; at least a header and one row are needed.")
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise InputError(
            f"{path}: Parquet needs pyarrow: pip install 'recurra[parquet]', or give a CSV file."
        ) from None
    try:
        frame = _with_index_as_column(pd.read_parquet(path)).rename(columns=str)
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise InputError(f"{path}: is not a Parquet file that can be read ({_first_line(error)}).") from error
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame


def _with_index_as_column(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn the index into columns, unless it only numbers the rows."""
    index = frame.index
    if index.nlevels > 1 or index.name is not None:
        return frame.reset_index()
    if isinstance(index, pd.RangeIndex):
        return frame
    if "ds" not in frame.columns and holds_dates(index.to_series()):
        return frame.assign(ds=index)
    return frame if pd.api.types.is_integer_dtype(index) else frame.reset_index()


def _read_csv(path: Path, texts: set[str]) -> pd.DataFrame:
    whole = _decoded(path)
    if not whole.strip():
        raise InputError(f"{path}: is empty; expected a header and rows of data.")
    text = re.sub(r"\A(?:[^\S\n]*\n)+", "", whole)
    above = whole.count("\n") - text.count("\n")  # blank lines
    header = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=header.count)
    columns = _columns(path, header, delimiter, above + 1)
    asked = {name.strip().lower() for name in texts}
    kept = {name for name in columns if name.strip().lower() in asked}
    read: Callable[..., pd.DataFrame] = pd.read_csv
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas would drop fields without a column
            frame = read(
                io.StringIO(text),
                sep=delimiter,
                skip_blank_lines=False,
                skipinitialspace=True,
                index_col=False,
                low_memory=False,
                na_values=["--", "-"],
                converters=dict.fromkeys(kept, lambda cell: cell.strip() or None),
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        if found := _first_longer(text, delimiter, len(columns)):
            raise InputError(
                f"{path}: row {above + found[0]} has {found[1]} fields, expected {len(columns)} as in the header; "
                "correct the row, and quote numbers that have commas."
            ) from error
        raise InputError(f"{path}: cannot be read as CSV ({_first_line(error)}).") from error
    frame.index += above + 2  # the header is the first row after blank lines
    frame = frame.dropna(how="all")
    return frame if delimiter == "," else _with_decimal_points(frame, kept, path)


def _first_longer(text: str, delimiter: str, expected: int) -> tuple[int, int] | None:
    """Return the number of the first row with more fields than expected, and its number of fields."""
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    try:
        return next(((row, len(fields)) for row, fields in enumerate(rows, start=1) if len(fields) > expected), None)
    except csv.Error:  # an unclosed quote makes the rest a single field
        return None


def _columns(path: Path, header: str, delimiter: str, row: int) -> list[str]:
    """Return the column names as pandas reads them; InputError if one occurs twice."""
    try:
        names = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise InputError(f"{path}: row {row}: is not a header that can be read ({error}).") from error
    plain = [name.strip() for name in names]
    twice = next((name for place, name in enumerate(plain) if name and name in plain[:place]), None)
    if twice is not None:
        raise InputError(f"{path}: row {row}: the column {twice!r} occurs twice; give each column a unique name.")
    return names


def _with_decimal_points(frame: pd.DataFrame, kept: set[str], path: Path) -> pd.DataFrame:
    """Replace decimal commas by points in columns whose values show that their commas are decimal.

    For files whose delimiter is not a comma.
    """
    frame = frame.copy(deep=False)
    for column in frame.columns:
        if column in kept or frame[column].dtype != object:
            continue
        texts = frame[column].astype(str).str.translate(FULL_WIDTH).str.translate(SPACES)
        if not texts.str.contains(",", regex=False).any():
            continue
        twofold, whole = texts.str.fullmatch(TWOFOLD), texts.str.fullmatch(r"[-+]?\d+")
        decimal, dotted = texts.str.fullmatch(DECIMAL_COMMA), texts.str.fullmatch(DOTTED)
        thousands = texts.str.fullmatch(THOUSANDS) & ~decimal | texts.str.fullmatch(DECIMAL_POINT) & ~dotted
        if (decimal & ~twofold).any() and not thousands.any():
            plain = texts.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
            frame[column] = frame[column].mask(decimal | dotted, plain)
        elif twofold.any() and (twofold | whole | texts.str.lower().isin(NOTHING)).all():
            place = int(twofold.to_numpy().argmax())
            text = texts.iloc[place]
            raise InputError(
                f"{path}: row {frame.index[place]}, column {column!r}: {text!r} may be {text.replace(',', '.')} or "
                f"{text.replace(',', '')}, and no other value of the column says which; write it as one of these."
            )
    return frame


def _decoded(path: Path) -> str:
    """Return the text of a file in UTF-16, UTF-8 or GBK, with Unix line endings."""
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be read ({_first_line(error)}).") from error
    encodings = ["utf-16"] if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise InputError(f"{path}: is not text in UTF-8, UTF-16 or GBK; save it as CSV in UTF-8.")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
