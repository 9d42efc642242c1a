"""Read a CSV or Parquet file into named columns, whatever its encoding; and columns as numbers and dates."""

import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError

DELIMITERS = ",;\t|"
PARQUET = {".parquet", ".pq"}
NOTHING = {"", "-", "--", "na", "n/a", "nan", "null", "none", "nil", "#n/a", "无", "空"}  # words for no value
SPACES = str.maketrans("", "", " \u00a0\u202f\u3000'")  # between thousands
FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－＋：／", "0123456789.,-+:/")
THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
OFFSET = re.compile(r"(?<=\d)\s*(Z|[+-]\d{2}:?\d{2})$")
CHINESE_DAY = re.compile(r"(\d{4})年(\d{1,2})月(?:(\d{1,2})日)?")
QUARTER = re.compile(r"(\d{4})[-\s]?Q([1-4])", re.IGNORECASE)
YEARS = (1500, 2500)  # a whole number between these is a year


def read_frame(path: str | Path) -> pd.DataFrame:
    """Read a file; the index of the frame is the row of the file, counted from 1 with the header as an editor shows it.

    Args:
        path: a CSV file in UTF-8, UTF-16 or GBK, with commas, semicolons, tabs or bars, perhaps gzipped; or a Parquet
            file, whose first row of data is row 1.

    Raises:
        InputError: there is no such file, it cannot be read, or holds no rows.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file." if not path.exists() else f"{path}: is not a file.")
    frame = _read_parquet(path) if path.suffix.lower() in PARQUET else _read_csv(path)
    if not len(frame):
        raise InputError(f"{path}: holds no rows of data; at least a header and one row are needed.")
    return frame


def numbers(frame: pd.DataFrame, column: str, source: str) -> NDArray[np.float64]:
    """A column as numbers [T], NaN where there is none.

    Args:
        frame: the columns; its index says which row is meant.
        column: which one.
        source: the file, for messages.

    Raises:
        InputError: a value is no number; its row is named.
    """
    values = frame[column]
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    texts = values.astype("string").fillna("").str.strip()
    result = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    for place in np.flatnonzero(np.isnan(result)):
        result[place] = _number(texts.iloc[place], f"{source}: row {frame.index[int(place)]}, column {column!r}")
    return result


def dates(frame: pd.DataFrame, column: str, source: str) -> pd.DatetimeIndex:
    """A column as dates [T], without a time zone: the time is that which a clock on the spot showed.

    Raises:
        InputError: a value is no date; its row is named.
    """
    values = frame[column]
    if pd.api.types.is_datetime64_any_dtype(values):
        if values.isna().any():
            place = int(values.isna().to_numpy().argmax())
            raise InputError(
                f"{source}: row {frame.index[place]}, column {column!r}: has no date; add it or drop the row."
            )
        found = pd.DatetimeIndex(values)
        return found.tz_localize(None) if found.tz is not None else found
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    texts = values.astype("string").fillna("").str.strip().str.translate(FULL_WIDTH)
    texts = texts.str.replace(OFFSET, "", regex=True).reset_index(drop=True)
    texts = _as_iso(texts)
    year_first = re.match(r"\d{4}\D", texts.iloc[0]) is not None
    readings = [_year_first(texts)] if year_first else [_each(texts, day_first=day) for day in (False, True)]
    best = min(readings, key=lambda found: (int(found.isna().sum()), not found.is_monotonic_increasing))
    if best.isna().any():
        place = int(best.isna().to_numpy().argmax())
        text = values.iloc[place]
        what = "there is no date" if pd.isna(text) or str(text).strip() == "" else f"{str(text)!r} is not a date"
        raise InputError(
            f"{source}: row {frame.index[place]}, column {column!r}: {what}; expected one such as 2020-01-31, "
            "2020/1/31, 20200131 or 2020年1月31日; mend or drop the row."
        )
    return pd.DatetimeIndex(best)


def _number(text: str, where: str) -> float:
    """A number as people write it."""
    plain = text.translate(FULL_WIDTH)
    if plain.lower() in NOTHING:
        return np.nan
    plain = plain.translate(SPACES)
    if THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        return float(plain)
    except ValueError:
        raise InputError(f"{where}: found {text!r}, expected a number; mend the cell, or leave it empty.") from None


def _as_iso(texts: "pd.Series[str]") -> "pd.Series[str]":
    """Years, quarters, compact and Chinese dates as year-month-day."""
    whole = texts.str.fullmatch(r"\d+")
    if whole.all():
        values = texts.astype("int64")
        if values.between(*YEARS).all():
            return texts + "-01-01"
        if (texts.str.len() == 6).all():  # 202001
            return texts.str[:4] + "-" + texts.str[4:] + "-01"
        if (texts.str.len() == 8).all():
            return texts.str[:4] + "-" + texts.str[4:6] + "-" + texts.str[6:]
        return texts + "?"  # a number of another kind is no date
    if texts.str.contains("年").any():
        return texts.str.replace(CHINESE_DAY, lambda m: f"{m[1]}-{int(m[2]):02}-{int(m[3] or 1):02}", regex=True)
    if texts.str.contains("q", case=False).any():
        return texts.str.replace(QUARTER, lambda m: f"{m[1]}-{3 * int(m[2]) - 2:02}-01", regex=True)
    return texts


def _year_first(texts: "pd.Series[str]") -> "pd.Series[pd.Timestamp]":
    """Dates as 2020-01-31, 2020/1/31 or 2020.01.31, with a time or without; NaT where a text is none."""
    iso = texts.str.replace(r"^(\d{4})[/.](\d{1,2})[/.]", r"\1-\2-", regex=True)
    return pd.to_datetime(iso, format="ISO8601", errors="coerce").fillna(_each(iso, day_first=False))


def _each(texts: "pd.Series[str]", *, day_first: bool) -> "pd.Series[pd.Timestamp]":
    """Dates as people write them, each read by itself; NaT where a text is none."""
    dated = texts.where(texts.str.contains(r"\d{1,4}\D+\d|\d{8}", regex=True))
    return pd.to_datetime(dated, format="mixed", dayfirst=day_first, errors="coerce")


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise InputError(
            f"{path}: Parquet needs pyarrow: pip install 'recurra[parquet]', or give a CSV file."
        ) from None
    try:
        frame = pd.read_parquet(path).reset_index()
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise InputError(f"{path}: is not a Parquet file that can be read ({_first_line(error)}).") from error
    frame = frame.drop(columns=[name for name in ("index", "level_0") if name in frame.columns])
    frame.index += 1
    return frame.rename(columns=str)


def _read_csv(path: Path) -> pd.DataFrame:
    text = _decoded(path)
    lines = text.split("\n", 1)
    header = lines[0].strip("\r")
    if not text.strip():
        raise InputError(f"{path}: is empty; expected a header and rows of data.")
    delimiter = max(DELIMITERS, key=header.count)
    _check_header(path, header, delimiter)
    read: Callable[..., pd.DataFrame] = pd.read_csv
    try:
        frame = read(
            io.StringIO(text),
            sep=delimiter,
            skip_blank_lines=False,
            skipinitialspace=True,
            index_col=False,
            low_memory=False,
            na_values=["--", "-"],
        )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error)):
            expected, row, saw = found.groups()
            raise InputError(
                f"{path}: row {row} has {saw} fields, expected {expected} as in the header; mend the row."
            ) from error
        raise InputError(f"{path}: cannot be read as CSV ({_first_line(error)}).") from error
    frame.index += 2  # the header is row 1
    return frame.dropna(how="all")


def _check_header(path: Path, header: str, delimiter: str) -> None:
    names = [name.strip().strip('"') for name in header.split(delimiter)]
    twice = next((name for place, name in enumerate(names) if name and name in names[:place]), None)
    if twice is not None:
        raise InputError(f"{path}: row 1: the column {twice!r} comes twice; give each column a name of its own.")


def _decoded(path: Path) -> str:
    """The text of a file in one of the encodings that tables come in."""
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
