"""Parse columns of dates in common formats; one pattern applies to the whole column."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError

FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－＋：／", "0123456789.,-+:/")
SAMPLED = 50  # number of values from which the content of a column is inferred
NANOSECOND_YEARS = (1678, 2261)  # full years that datetime64[ns] can represent
PIVOT = 69  # two-digit years below this are 20xx, as in POSIX

ISO = r"\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?)?"  # pandas parses these quickly
OFFSET = re.compile(r"((?::\d{2}|T\d{2,6})(?:[.,]\d+)?)\s*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)$")
TIME = (
    r"(?:[T\s,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
COMPACT_TIME = r"(?:[T\s]?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)"
_Y, _NAME, _BETWEEN = r"(?P<year>(?:1[5-9]|2[0-4])\d\d)", r"(?P<name>[A-Za-z]{3,9})\.?", r"[-/.,\s]*"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?,?\s+)?"
PATTERNS = [
    re.compile(rf"^{pattern}$")
    for pattern in (
        rf"{_Y}\s*[-/.年]\s*(?P<month>\d{{1,2}})(?:\s*[-/.月]\s*(?:(?P<day>\d{{1,2}})日?)?)?{TIME}",
        rf"(?P<first>\d{{1,2}})\s*[-/.]\s*(?P<next>\d{{1,2}})\s*[-/.]\s*(?P<year>\d{{4}}|\d{{2}}){TIME}",
        rf"{_Y}(?P<month>\d{{2}})(?P<day>\d{{2}}){TIME}",
        rf"{_Y}(?P<month>\d{{2}})(?P<day>\d{{2}}){COMPACT_TIME}",
        rf"{_Y}(?P<month>\d{{2}})",
        rf"{_Y}年?",
        rf"(?P<month>\d{{1,2}})[-/]{_Y}",
        rf"{_Y}[-\s]?[Qq](?P<quarter>[1-4])",
        rf"[Qq](?P<quarter>[1-4])[-/\s]?{_Y}",
        rf"{_WEEKDAY}{_DAY}{_BETWEEN}{_NAME}{_BETWEEN}(?P<year>\d{{4}}|\d{{2}}){TIME}",
        rf"{_WEEKDAY}{_NAME}{_BETWEEN}{_DAY}[-/.,\s]+(?P<year>\d{{4}}){TIME}",
        rf"{_NAME}{_BETWEEN}{_Y}",
        rf"{_Y}{_BETWEEN}{_NAME}(?:{_BETWEEN}{_DAY}{TIME})?",
    )
]
NAMES = ["january", "february", "march", "april", "may", "june"]
NAMES += ["july", "august", "september", "october", "november", "december"]
MONTHS = {name[:end]: number for number, name in enumerate(NAMES, start=1) for end in range(3, len(name) + 1)}
ALIKE = [(28, 31), (89, 92), (181, 184), (365, 366)]  # days in one, three, six and twelve months
ABSENT = {"year": -1, "month": 1, "day": 1, "quarter": 1, "hour": 0, "minute": 0, "second": 0}  # defaults


def dates(frame: pd.DataFrame, column: str, source: str, *, gap: float | None = None) -> pd.DatetimeIndex:
    """Return a column as local dates without a time zone, [T].

    All values are parsed with the same pattern. Whether the day or the month comes first is inferred from a value that
    fits only one order; otherwise, the order that gives more evenly spaced dates is taken.

    Args:
        frame: the table; its index gives the row numbers for messages.
        column: name of the column.
        source: the file, for messages.
        gap: usual number of days between dates, if known from earlier rows. It decides if both orders are equally even.

    Raises:
        InputError: a value is not a date (the message gives its row), or the order of day and month is ambiguous.

    >>> frame = pd.DataFrame({"when": ["30/1/2020", "31/1/2020", "1/2/2020"]})
    >>> dates(frame, "when", "visits.csv").strftime("%Y-%m-%d").tolist()
    ['2020-01-30', '2020-01-31', '2020-02-01']
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
    codes, distinct = pd.factorize(_texts(values))  # a long table repeats each date for every series
    texts = pd.Series(distinct, dtype=object)
    if texts.str.fullmatch(ISO).all():
        read = pd.to_datetime(texts, format="ISO8601", errors="coerce").to_numpy(dtype="datetime64[ns]")
    else:
        parts = _parts(texts)
        if "first" in parts:
            rows = [str(frame.index[int((codes == code).argmax())]) for code in (*_telling(parts), 0)]
            parts = _in_order(parts, _day_comes_first(parts, texts, rows, f"{source}: column {column!r}", gap))
        read = _assembled(parts)
    if (wrong := np.isnat(read)[codes]).any():
        place = int(wrong.argmax())
        text = values.iloc[place]
        what = "there is no date" if pd.isna(text) or str(text).strip() == "" else f"{str(text)!r} is not a date"
        raise InputError(
            f"{source}: row {frame.index[place]}, column {column!r}: {what}; expected one such as 2020-01-31, "
            "2020/1/31, 20200131 or 2020年1月31日, written in the same way in every row; correct or drop the row."
        )
    return pd.DatetimeIndex(read[codes])


def holds_dates(values: "pd.Series[str]") -> bool:
    """Return whether at least half of the first values of a column are dates."""
    sample = values.dropna().head(SAMPLED)
    if pd.api.types.is_datetime64_any_dtype(values) or not len(sample):
        return len(sample) > 0
    parts = _parts(_texts(sample))
    readings = [_in_order(parts, day) for day in (False, True)] if "first" in parts else [parts]
    return max(int((~np.isnat(_assembled(reading))).sum()) for reading in readings) >= len(sample) / 2


def _texts(values: "pd.Series[str]") -> "pd.Series[str]":
    """Return dates as texts without their UTC offsets."""
    whole = pd.api.types.is_float_dtype(values) and bool((values.dropna() % 1 == 0).all())
    texts = (
        (values.astype("Int64") if whole else values)
        .astype("string")
        .fillna("")
        .astype(object)
        .str.strip()
        .str.translate(FULL_WIDTH)
    )
    return texts.str.replace(OFFSET, r"\1", regex=True).reset_index(drop=True)


def _parts(texts: "pd.Series[str]") -> pd.DataFrame:
    """Return year, month, day and so on as columns of text, by the pattern that matches most of the first texts."""
    sample = [str(text) for text in texts.head(SAMPLED)]
    fits = [sum(pattern.match(text) is not None for text in sample) for pattern in PATTERNS]
    return texts.str.extract(PATTERNS[int(np.argmax(fits))])


def _telling(parts: pd.DataFrame) -> tuple[int, int]:
    """Return the index of the first value whose first number must be a day, and of the first whose second number must.

    0 if there is no such value.
    """
    first, second = _integers(parts["first"]), _integers(parts["next"])
    return int(((first > 12) & (second <= 12)).argmax()), int(((second > 12) & (first <= 12)).argmax())


def _day_comes_first(
    parts: pd.DataFrame, texts: "pd.Series[str]", rows: list[str], where: str, gap: float | None
) -> bool:
    """Return whether the first number of dates such as 01/02/2020 is the day; InputError if that is ambiguous."""
    first, second = _integers(parts["first"]), _integers(parts["next"])
    if parts["year"].str.len().max() == 2:
        last = _integers(parts["year"])
        year_may_be_first = ((second <= 12) & (last >= 1) & (last <= 31)).all()
        if year_may_be_first and len(np.unique(last)) > len(np.unique(first)):  # the year changes least often
            raise InputError(
                f"{where}: the year is ambiguous in dates such as {texts[0]!r} (row {rows[2]}); "
                "write years with four digits."
            )
    by_day, by_month = _telling(parts)
    day_first, month_first = bool(first[by_day] > 12 >= second[by_day]), bool(second[by_month] > 12 >= first[by_month])
    if day_first and month_first:
        raise InputError(
            f"{where}: the day comes first in {texts[by_day]!r} (row {rows[0]}), and the month in "
            f"{texts[by_month]!r} (row {rows[1]}); write all dates in the same way, best as 2020-01-31."
        )
    if day_first or month_first or (first == second).all():
        return day_first
    by_day_first, by_month_first = (_assembled(_in_order(parts, day)) for day in (True, False))
    day_even, month_even = _evenness(by_day_first), _evenness(by_month_first)
    if (np.isnat(by_day_first) & np.isnat(by_month_first)).any():
        return False  # the caller reports the invalid date with its row
    if day_even == month_even and gap is not None:
        off = [abs(np.log(usual_gap(found) / gap)) for found in (by_day_first, by_month_first)]
        if off[0] != off[1]:
            return bool(off[0] < off[1])
    if day_even == month_even:
        raise InputError(
            f"{where}: the order of day and month is ambiguous in dates such as {texts[0]!r} "
            f"(row {rows[2]}); write dates as 2020-01-31."
        )
    return day_even > month_even


def usual_gap(found: NDArray[np.datetime64]) -> float:
    """Return the median number of days between dates; infinity if there is only one date."""
    gaps = np.diff(np.unique(found[~np.isnat(found)])) / np.timedelta64(1, "D")
    return float(np.median(gaps)) if len(gaps) else np.inf


def _evenness(found: NDArray[np.datetime64]) -> float:
    """Return the fraction of gaps between dates that are equal to the most frequent gap."""
    gaps = np.diff(np.unique(found[~np.isnat(found)])) / np.timedelta64(1, "D")
    for low, high in ALIKE:
        gaps[(gaps >= low) & (gaps <= high)] = low
    return float(np.unique(gaps, return_counts=True)[1].max() / len(gaps)) if len(gaps) else 0.0


def _in_order(parts: pd.DataFrame, day_first: bool) -> pd.DataFrame:
    day, month = ("first", "next") if day_first else ("next", "first")
    return parts.rename(columns={day: "day", month: "month"})


def _assembled(parts: pd.DataFrame) -> NDArray[np.datetime64]:
    """Return the dates [T] of columns of parts; NaT if a part is missing or the date does not exist."""
    blank = pd.Series([""] * len(parts), dtype=object)
    part = {name: _integers(parts.get(name, blank), absent) for name, absent in ABSENT.items()}
    short = parts["year"].str.len().to_numpy() == 2
    year = part["year"] + np.where(short, np.where(part["year"] < PIVOT, 2000, 1900), 0)
    month = part["month"]
    if "name" in parts:
        month = _integers(parts["name"].str.lower().map(MONTHS))
    elif "quarter" in parts:
        month = 3 * part["quarter"] - 2
    hour, half = part["hour"], parts.get("half", blank).str.lower().to_numpy()
    twelve = (half == "a") | (half == "p")
    possible = (
        (year >= NANOSECOND_YEARS[0]) & (year <= NANOSECOND_YEARS[1]) & (month >= 1) & (month <= 12)
        & (part["day"] >= 1) & (part["day"] <= 31) & (part["minute"] < 60) & (part["second"] < 60)
        & np.where(twelve, (hour >= 1) & (hour <= 12), hour < 24)
    )  # fmt: skip
    hour = np.where(twelve, hour % 12 + 12 * (half == "p"), hour)
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (part["day"] - 1)
    possible &= days.astype("datetime64[M]") == months  # there is no 30 February
    seconds = (hour * 60 + part["minute"]) * 60 + part["second"]
    nanoseconds = _integers(parts.get("fraction", blank).str.ljust(9, "0"), 0)
    found: NDArray[np.datetime64] = days.astype("datetime64[ns]") + (seconds * 1_000_000_000 + nanoseconds)
    found[~possible] = np.datetime64("NaT")
    return found


def _integers(texts: "pd.Series[str]", absent: int = -1) -> NDArray[np.int64]:
    return pd.to_numeric(texts, errors="coerce").fillna(absent).to_numpy(dtype=np.int64)
