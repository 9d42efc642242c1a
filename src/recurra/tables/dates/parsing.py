"""Parse columns of dates in common formats; one pattern applies to the whole column."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, shown
from recurra.tables.arrays import Integers

FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－＋：／", "0123456789.,-+:/")
SAMPLED = 50  # number of values from which the content of a column is inferred
SEARCHED = 10_000  # number of rows in which they are searched
NANOSECOND_YEARS = (1678, 2261)  # full years that datetime64[ns] can represent
PIVOT = 69  # two-digit years below this are 20xx, as in POSIX

YEAR_FIRST = re.compile(r"(\d{4})-\d{2}", re.ASCII)
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
ABSENT = {"year": -1, "month": 1, "day": 1, "quarter": 1, "hour": 0, "minute": 0, "second": 0, "fraction": 0, "half": 0}
HALVES = {"a": 1, "p": 2}  # of a day
LAST_OF_ZONES, SIGNS = set("ZCT"), set("+-")  # which a text with an offset ends with, or has in its last six characters
AT_ONCE = 50_000  # number of texts that are read together
LONGEST_TEXT = 100  # characters; a longer text is no date
LONGEST_DATE, SHAPES = 32, 32  # characters of texts that are read by shape, and maximum number of shapes among them
MOST_WHOLE = 1e15  # a larger float is no date

Parts: TypeAlias = dict[str, Integers]  # by the names of a pattern's groups, [T] each; `digits` are those of the year


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
    if isinstance(values.dtype, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    if pd.api.types.is_datetime64_any_dtype(values):
        found = pd.DatetimeIndex(values)
        years = found.year.to_numpy()  # NaN where there is no date
        if not (fine := (years >= NANOSECOND_YEARS[0]) & (years <= NANOSECOND_YEARS[1])).all():
            place = int(fine.argmin())
            raise _no_date(frame, column, source, place, "" if pd.isna(found[place]) else str(found[place]))
        found = found.tz_localize(None) if found.tz is not None else found
        return found if found.unit == "ns" else found.as_unit("ns")
    codes, texts = distinct_texts(_whole(values), _text)  # a long table repeats each date for every series
    parts = _parts(texts)
    if "first" in parts:
        rows = [str(frame.index[int((codes == code).argmax())]) for code in (*_telling(parts), 0)]
        parts = _in_order(parts, _day_comes_first(parts, texts, rows, f"{source}: column {shown(column)}", gap))
    read = _assembled(parts)
    if (wrong := np.isnat(read)[codes]).any():
        place = int(wrong.argmax())
        raise _no_date(frame, column, source, place, texts[codes[place]] and str(values.iloc[place]).strip())
    return pd.DatetimeIndex(read[codes])


def _no_date(frame: pd.DataFrame, column: str, source: str, place: int, text: str) -> InputError:
    """Return the error of a cell that holds no date, or one that is too early or late."""
    what = "there is no date"
    if text:
        year = YEAR_FIRST.match(text)
        outside = year is not None and not NANOSECOND_YEARS[0] <= int(year[1]) <= NANOSECOND_YEARS[1]
        what = f"{shown(text)} is {'outside the years 1678 to 2261' if outside else 'not a date'}"
    return InputError(
        f"{source}: row {frame.index[place]}, column {shown(column)}: {what}; expected one such as 2020-01-31, "
        "2020/1/31, 20200131 or 2020年1月31日, written in the same way in every row; correct or drop the row."
    )


def holds_dates(values: "pd.Series[Any]") -> bool:
    """Return whether at least half of the first values of a column are dates."""
    sample = values.head(SEARCHED).dropna().head(SAMPLED)
    if pd.api.types.is_datetime64_any_dtype(values) or isinstance(values.dtype, pd.PeriodDtype) or not len(sample):
        return len(sample) > 0
    codes, texts = distinct_texts(_whole(sample), _text)
    parts = _parts(texts)
    readings = [_in_order(parts, day) for day in (False, True)] if "first" in parts else [parts]
    return max(int((~np.isnat(_assembled(reading)))[codes].sum()) for reading in readings) >= len(sample) / 2


def distinct_texts(values: "pd.Series[Any]", text: Callable[[object], str]) -> tuple[Integers, list[str]]:
    """Return the texts of distinct values, and the place of each row's among them, [T]; a missing value is empty.

    A few values of different types may have the same text.
    """
    places: dict[object, int] = {}  # it hashes a long text once, however often it occurs
    cells = values.tolist()
    try:
        codes = [places.setdefault(cell, len(places)) for cell in cells]
    except TypeError:  # values such as lists have no hash
        places, cells = {}, list(map(str, cells))
        codes = [places.setdefault(cell, len(places)) for cell in cells]
    distinct = np.empty(len(places), dtype=object)
    distinct[:] = list(places)
    texts = ["" if missing else text(value) for value, missing in zip(distinct, pd.isna(distinct), strict=True)]
    return np.array(codes, dtype=np.int64), texts


def _whole(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return floats that are all whole numbers, such as years, as integers."""
    if not pd.api.types.is_float_dtype(values):
        return values
    whole = ((values % 1 == 0) & (values.abs() < MOST_WHOLE) | values.isna()).all()
    return values.astype("Int64") if whole else values


def _text(value: object) -> str:
    text = str(value).strip()[:LONGEST_TEXT]
    if not text.isascii():
        text = text.translate(FULL_WIDTH)
    ends_in_offset = text[-1:] in LAST_OF_ZONES or not SIGNS.isdisjoint(text[-6:])
    return OFFSET.sub(r"\1", text) if ends_in_offset else text


def _parts(texts: Sequence[str]) -> Parts:
    """Return year, month, day and so on as numbers, by the pattern that matches most of the first texts.

    A part is -1 where a text does not match, and has its default where only the part is absent.
    """
    fits = [sum(pattern.match(text) is not None for text in texts[:SAMPLED]) for pattern in PATTERNS]
    pattern = PATTERNS[int(np.argmax(fits))]
    parts = {name: np.full(len(texts), -1, dtype=np.int64) for name in pattern.groupindex} | {
        "digits": np.zeros(len(texts), dtype=np.int64)
    }
    for start in range(0, len(texts), AT_ONCE):
        now = {name: values[start : start + AT_ONCE] for name, values in parts.items()}
        _match(pattern, texts[start : start + AT_ONCE], now)
    return parts


def _match(pattern: "re.Pattern[str]", texts: Sequence[str], parts: Parts) -> None:
    """Write the parts of texts that match a pattern.

    Texts that differ in nothing but their digits have their parts at the same places, and are read together.
    """
    left = np.arange(len(texts))
    if max(map(len, texts)) <= LONGEST_DATE:
        characters = np.array(texts, dtype=f"U{LONGEST_DATE}").view(np.uint32).reshape(len(texts), -1)
        shapes = np.where((characters >= ord("0")) & (characters <= ord("9")), ord("0"), characters)
        for _ in range(SHAPES):
            match = pattern.match(texts[left[0]])
            if match is not None and all(cell is None or cell.isascii() for cell in match.groups()):
                alike = (shapes[left] == shapes[left[0]]).all(axis=1)
                rows = left[alike]
                _read_alike(match, characters[rows].astype(np.int64) - ord("0"), rows, parts)
            else:
                alike = np.arange(len(left)) == 0
                _read(match, int(left[0]), parts)
            left = left[~alike]
            if not len(left):
                return
    matches = {row: match for row in left.tolist() if (match := pattern.match(texts[row]))}
    rows = list(matches)
    for name, cells in zip(
        pattern.groupindex, zip(*(match.groups() for match in matches.values()), strict=True), strict=False
    ):
        parts[name][rows] = [_number(name, cell) for cell in cells]
        if name == "year":
            parts["digits"][rows] = [len(cell) for cell in cells]


def _read_alike(match: "re.Match[str]", digits: Integers, rows: Integers, parts: Parts) -> None:
    """Write the parts of texts of one shape, of which the first one's match is given."""
    _read(match, rows, parts)
    for name, cell in match.groupdict().items():
        if cell and cell.isdecimal():
            first, stop = match.span(name)
            scale = 10 ** (9 - len(cell)) if name == "fraction" else 1
            parts[name][rows] = digits[:, first:stop] @ (10 ** np.arange(len(cell))[::-1]) * scale


def _read(match: "re.Match[str] | None", rows: "int | Integers", parts: Parts) -> None:
    """Write the parts of one text to rows."""
    if match is None:
        return
    for name, cell in match.groupdict().items():
        parts[name][rows] = _number(name, cell)
    parts["digits"][rows] = len(match["year"])


def _number(name: str, cell: str | None) -> int:
    """Return a part of a date as a number."""
    if not cell:
        return ABSENT.get(name, -1)
    if name == "name":
        return MONTHS.get(cell.lower(), -1)
    if name == "half":
        return HALVES.get(cell.lower(), 0)
    return int(cell.ljust(9, "0") if name == "fraction" else cell)


def _telling(parts: Parts) -> tuple[int, int]:
    """Return the index of the first value whose first number must be a day, and of the first whose second number must.

    0 if there is no such value.
    """
    first, second = parts["first"], parts["next"]
    return int(((first > 12) & (second <= 12)).argmax()), int(((second > 12) & (first <= 12)).argmax())


def _day_comes_first(parts: Parts, texts: Sequence[str], rows: list[str], where: str, gap: float | None) -> bool:
    """Return whether the first number of dates such as 01/02/2020 is the day; InputError if that is ambiguous."""
    first, second, last = parts["first"], parts["next"], parts["year"]
    if parts["digits"].max() == 2:
        year_may_be_first = ((second <= 12) & (last >= 1) & (last <= 31)).all()
        if year_may_be_first and len(np.unique(last)) > len(np.unique(first)):  # the year changes least often
            raise InputError(
                f"{where}: the year is ambiguous in dates such as {shown(texts[0])} (row {rows[2]}); "
                "write years with four digits."
            )
    by_day, by_month = _telling(parts)
    day_first, month_first = bool(first[by_day] > 12 >= second[by_day]), bool(second[by_month] > 12 >= first[by_month])
    if day_first and month_first:
        raise InputError(
            f"{where}: the day comes first in {shown(texts[by_day])} (row {rows[0]}), and the month in "
            f"{shown(texts[by_month])} (row {rows[1]}); write all dates in the same way, best as 2020-01-31."
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
            f"{where}: the order of day and month is ambiguous in dates such as {shown(texts[0])} "
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


def _in_order(parts: Parts, day_first: bool) -> Parts:
    day, month = ("first", "next") if day_first else ("next", "first")
    return parts | {"day": parts[day], "month": parts[month]}


def _assembled(parts: Parts) -> NDArray[np.datetime64]:
    """Return the dates [T] of parts; NaT if a part is missing or the date does not exist."""
    part = {name: parts.get(name, np.full(len(parts["year"]), absent)) for name, absent in ABSENT.items()}
    year = part["year"] + np.where(parts["digits"] == 2, np.where(part["year"] < PIVOT, 2000, 1900), 0)
    month = part["month"]
    if "name" in parts:
        month = parts["name"]
    elif "quarter" in parts:
        month = 3 * part["quarter"] - 2
    hour, twelve = part["hour"], part["half"] > 0
    possible = (
        (year >= NANOSECOND_YEARS[0]) & (year <= NANOSECOND_YEARS[1]) & (month >= 1) & (month <= 12)
        & (part["day"] >= 1) & (part["day"] <= 31) & (part["minute"] < 60) & (part["second"] < 60)
        & np.where(twelve, (hour >= 1) & (hour <= 12), hour < 24)
    )  # fmt: skip
    hour = np.where(twelve, hour % 12 + 12 * (part["half"] == HALVES["p"]), hour)
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (part["day"] - 1)
    possible &= days.astype("datetime64[M]") == months  # there is no 30 February
    seconds = (hour * 60 + part["minute"]) * 60 + part["second"]
    found: NDArray[np.datetime64] = days.astype("datetime64[ns]") + (seconds * 1_000_000_000 + part["fraction"])
    found[~possible] = np.datetime64("NaT")
    return found
