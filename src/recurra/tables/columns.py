"""Find the columns of a table by their English or Chinese names, or by their values."""

import difflib
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from shlex import quote
from typing import Any

import numpy as np
import pandas as pd

from recurra.errors import InputError, listed, printable, shown
from recurra.tables.all_covariates import all_covariates, is_row_number
from recurra.tables.arrays import Integers
from recurra.tables.dates.clock_times import has_times, holds_times
from recurra.tables.dates.column_names import (
    DATE_NAMES,
    DATE_OR_TIME_NAMES,
    PART_NAMES,
    TIME_NAMES,
    part_of,
    plain_name,
)
from recurra.tables.dates.one_column import SEARCHED, holds_dates
from recurra.tables.dates.parts import SAMPLED
from recurra.tables.dates.several_columns import role_of
from recurra.tables.dates.which_columns import SEARCHED_COLUMNS
from recurra.tables.numbers.read import number_columns
from recurra.tables.whole_numbers import whole
from recurra.tables.wide import check_not_wide

ID, DATE, TARGET = "unique_id", "ds", "y"
MANY_SERIES, FEWEST_ROWS = 10_000, 20  # more series need so many rows each on average: fewer are a wrong column of ids
LONGEST_ID = 1_000  # characters
MOST_COLUMNS = 5_000
NAMES_OF_WEEKDAYS = {"weekday", "星期"}
CLOCK_TIME = re.compile(r"\s*\d{1,2}:\d{2}.*", re.ASCII)
TIMES_OF_A_DAY = re.compile(  # in names
    r"^(?:hour|hora|heure)|(?:hour|uhrzeit|period|interval|minute|时段|时刻|(?:^|[\W_])time)$"
)
TIMES_PER_DAY = {24, 48, 96, 144, 288}  # of an hour, a half, a quarter, 10 and 5 minutes
WRITE_TIMES = "write these times into the dates"
PAIRED_COLUMNS = 8  # number of columns of which two are tried together as ids
SAME: list[set[str]] = [  # synonyms in English and Chinese
    DATE_NAMES | DATE_OR_TIME_NAMES,
    *PART_NAMES.values(),
    {"open", "开盘", "开盘价"},
    {"close", "收盘", "收盘价"},
    {"high", "最高", "最高价"},
    {"low", "最低", "最低价"},
    {"volume", "成交量"},
    {"amount", "turnover", "成交额"},
]


@dataclass(frozen=True)
class Names:
    """The columns to use, with the names that the table gives them, and notes about the others."""

    target: str
    past_covariates: tuple[str, ...]
    future_covariates: tuple[str, ...]
    notes: tuple[str, ...] = ()
    static_covariates: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """The columns that have a number in each row."""
        return (self.target, *self.past_covariates, *self.future_covariates)


def check_count(where: str, count: int) -> None:
    """Raise an InputError if a table has too many columns."""
    if count > MOST_COLUMNS:
        raise InputError(
            f"{where} has {count:,} columns, and a table may have {MOST_COLUMNS:,}; leave out those that are not "
            "needed, or give one column of ids and one of values."
        )


def _same(name: str) -> set[str]:
    """Return all synonyms of a column name."""
    plain = plain_name(name)
    return next((names for names in SAME if plain in names), {plain})


def found_column(frame: pd.DataFrame, name: str, source: str, what: str) -> str:
    """Return the column with a name or one of its synonyms.

    Args:
        frame: the table.
        name: name of the column, case-insensitive.
        source: the file, for messages.
        what: role of the column, for messages.

    Raises:
        InputError: there is no such column; the message suggests the closest name.
    """
    columns = [str(column) for column in frame.columns]
    if name in columns:
        return name
    for names in ({plain_name(name)}, _same(name)):
        for column in columns:
            if plain_name(column) in names:
                return column
    near = difflib.get_close_matches(name, columns, n=1)
    hint = f" (did you mean {shown(near[0])}?)" if near else ""
    raise InputError(f"{source}: there is no column {shown(name)} for {what}{hint}; the columns are {listed(columns)}.")


def chosen_columns(
    frame: pd.DataFrame,
    target: str | None,
    past_covariates: Sequence[str],
    future_covariates: Sequence[str],
    others: Collection[str],
    source: str,
    static_covariates: Sequence[str] = (),
) -> Names:
    """Choose the target and the covariates.

    Args:
        frame: the table.
        target: column to predict; None: `y`, or the only column of numbers.
        past_covariates: columns whose values are known up to the present only; ["all"]: every other column of
            numbers that vary, but for row numbers and times.
        future_covariates: columns whose values are known in advance.
        others: columns of dates and ids, which cannot be chosen.
        source: the file, for messages.
        static_covariates: columns that have one value for each series.

    Raises:
        InputError: a column does not exist, has two roles or is in `others`, or the target is ambiguous.
    """
    static = tuple(found_column(frame, name, source, "the static covariates") for name in static_covariates)
    free = [str(column) for column in frame.columns if column not in {*others, *static}]
    plain = [name for name in free if not is_row_number(name)]
    if target is None:
        numeric = [TARGET] if TARGET in plain else number_columns(frame, plain)
        if len(numeric) > 1:
            numeric = [name for name in numeric if frame[name].notna().any()]
        if TARGET not in numeric and len(numeric) != 1:
            beside = f" beside the static covariates {listed(static)}" if static else ""
            if not numeric:
                columns = [str(column) for column in frame.columns]
                raise InputError(
                    f"{source}: no numeric column was found for the target{beside}; the columns are {listed(columns)}."
                )
            check_not_wide(numeric, source)
            raise InputError(
                f"{source}: which column is the target{beside}? found {listed(numeric)}; name it with --target "
                "(target=… in Python)."
            )
        target = TARGET if TARGET in numeric else numeric[0]
    target = found_column(frame, target, source, "the target")
    coming = tuple(found_column(frame, name, source, "the future covariates") for name in future_covariates)
    notes: tuple[str, ...] = ()
    if past_covariates == ["all"]:
        rest = [name for name in free if name not in {target, *coming}]
        past, notes = all_covariates(frame, rest)
    else:
        past = tuple(found_column(frame, name, source, "the past covariates") for name in past_covariates)
    roles = {
        "the target": (target,), "a past covariate": past, "a future covariate": coming, "a static covariate": static
    }  # fmt: skip
    used = [name for names in roles.values() for name in names]
    uses = Counter(used)
    for name in used:
        if name in others:
            raise InputError(
                f"{source}: the column {shown(name)} contains the dates or the series ids; choose another."
            )
        if uses[name] > 1:
            own = " and ".join(role for role, names in roles.items() if name in names)
            raise InputError(f"{source}: the column {shown(name)} is used twice, as {own}; name each column once.")
    return Names(target, past, coming, notes, static)


def ids(
    frame: pd.DataFrame, column: str | None, source: str, known: Collection[str] = ()
) -> tuple[Integers, list[str]]:
    """Return the ids of the series in order of first occurrence, and the place among them of each row's, [T].

    Integers stored as floats have no decimal point. Without a column, all rows are of one series with an empty id.

    Args:
        frame: the table.
        column: name of the column; None: there is one series.
        source: the file, for messages.
        known: ids of which there may be many with few rows.

    Raises:
        InputError: an id is missing, has a character that no file can hold, or there are too many ids.
    """
    if column is None:
        return np.broadcast_to(np.int64(0), len(frame)), [""]
    names = frame[column]
    if names.isna().any():
        raise _no_id(frame, column, source, int(names.isna().to_numpy().argmax()), "has no series id; add it or drop")
    names = whole(names)
    if names.dtype == object and pd.api.types.infer_dtype(names) != "string":
        names = names.map(str)  # so that 1 and 1.0, which are equal, stay two ids
    codes, texts = distinct_texts(names, lambda name: str(name)[: LONGEST_ID + 1])
    merged, found = pd.factorize(np.array(texts, dtype=object))
    if len(found) < len(texts):
        codes = merged[codes]
    new = len(set(found).difference(known)) if len(found) > MANY_SERIES else 0
    if new > MANY_SERIES and new * FEWEST_ROWS > len(names):
        raise InputError(
            f"{source}: column {shown(column)} names {len(found):,} series, which have {len(names) / len(found):.1f} "
            f"rows on average; more than {MANY_SERIES:,} series need {FEWEST_ROWS} each: name another column with --id "
            "(id=… in Python), or leave out short series."
        )
    if not all(fits := [storable(name) for name in found]):
        place = int(np.argmin(fits))
        row = int((codes == place).argmax())
        raise _no_id(frame, column, source, row, f"{shown(found[place])} cannot be stored as text; change it or drop")
    return codes, list(found)


def distinct_texts(values: "pd.Series[Any]", text: Callable[[object], str]) -> tuple[Integers, list[str]]:
    """Return the texts of distinct values, and the place of each row's among them, [T]; a missing value is empty.

    A few values of different types may have the same text.
    """
    places: dict[object, int] = {}  # it hashes a long text once, however often it occurs
    begins = _begins_of_runs(values)
    cells = values.iloc[begins].tolist()
    try:
        codes = [places.setdefault(cell, len(places)) for cell in cells]
    except TypeError:  # values such as lists have no hash
        places, cells = {}, list(map(str, cells))
        codes = [places.setdefault(cell, len(places)) for cell in cells]
    distinct = np.empty(len(places), dtype=object)
    distinct[:] = list(places)
    texts = ["" if missing else text(value) for value, missing in zip(distinct, pd.isna(distinct), strict=True)]
    return np.repeat(np.array(codes, dtype=np.int64), np.diff(begins, append=len(values))), texts


def _begins_of_runs(values: "pd.Series[Any]") -> Integers:
    """Return the first row of each run of equal values: the rows of a series mostly stand together."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        keys = values.cat.codes.to_numpy()
    elif isinstance(values.dtype, np.dtype | pd.StringDtype):
        keys = values.to_numpy()
    else:
        return np.arange(len(values))
    return np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))


def storable(text: str) -> bool:
    """Return whether an id is not too long, UTF-8 can encode it, and it has no null character."""
    return len(text) <= LONGEST_ID and "\x00" not in text and text.encode("utf-8", "ignore").decode() == text


def _no_id(frame: pd.DataFrame, column: str, source: str, place: int, fault: str) -> InputError:
    return InputError(f"{source}: row {frame.index[place]}, column {shown(column)}: {fault} the row.")


def hint_of_id(frame: pd.DataFrame, dates: Sequence[str], ids: Sequence[str], values: Collection[str]) -> str:
    """Return the advice to use more columns as --id, or one for the time of day, if they make the dates unique.

    A column without repetition, row numbers, times and measured values are never advised as ids.

    Args:
        frame: the table.
        dates: columns of dates.
        ids: columns of ids, which do not make the dates unique.
        values: columns that are no ids.
    """
    used = {*dates, *ids, *values}
    others = [str(column) for column in frame.columns[:SEARCHED_COLUMNS] if column not in used]
    for column in others:
        if _may_be_time(frame[column]) and not frame.duplicated([*dates, *ids, column]).any():
            return _advice_of_times(frame, dates, column)
    likely = [column for column in others if not is_row_number(column) and not _may_be_time(frame[column])]
    likely = [column for column in likely if _may_be_id(frame[column])]
    for columns in [*combinations(likely, 1), *combinations(likely[:PAIRED_COLUMNS], 2)]:
        if not frame.duplicated([*dates, *ids, *columns]).any():
            return _advice(frame, dates, ids, columns)
    return ""


def _advice(frame: pd.DataFrame, dates: Sequence[str], ids: Sequence[str], more: Sequence[str]) -> str:
    too, flags = " too" * bool(ids), " ".join(f"--id {quote(printable(name))}" for name in (*ids, *more))
    if len(more) > 1:
        columns = f"the columns {shown(more[0])} and {shown(more[1])} tell series apart{too}"
        return f"if {columns}, name them with {flags} (id=[…] in Python); otherwise "
    values = f"the {frame[more[0]].nunique()} values of the column {shown(more[0])} tell series apart{too}"
    how = f"with {flags} (id=[…] in Python)" if ids else "with --id (id=… in Python)"
    times = f"if they count the times of a day, {WRITE_TIMES}; " if _counts_times(frame, dates, more[0]) else ""
    return f"if {values}, name it {how}; {times}otherwise "


def _advice_of_times(frame: pd.DataFrame, dates: Sequence[str], column: str) -> str:
    of_year = part_of(dates[0]) == "year" and role_of(column, frame[column])
    if of_year or (holds_times(frame[column]) and not has_times(frame[dates[0]])):
        flags = " ".join(f"--date {quote(printable(name))}" for name in (*dates, column))
        how = f"join them with {flags} (date=[…] in Python)"
        return f"if the column {shown(column)} completes the dates, {how}; otherwise "
    if pd.api.types.is_numeric_dtype(frame[column]):
        return f"if the column {shown(column)} counts the times of a day, {WRITE_TIMES}; otherwise "
    return ""


def _may_be_time(values: "pd.Series[Any]") -> bool:
    """Return whether values are times of day or other parts of dates by their name, or as 09:30."""
    name = str(values.name)
    plain, sample = plain_name(name), values.head(SAMPLED)
    if plain in TIME_NAMES or part_of(name) or TIMES_OF_A_DAY.search(plain):
        return True
    is_text = not pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_datetime64_any_dtype(values)
    return is_text and bool(sample.astype(str).str.fullmatch(CLOCK_TIME).any())


def _counts_times(frame: pd.DataFrame, dates: Sequence[str], column: str) -> bool:
    """Return whether a column counts up by one within each date, to a number of times that a day may have."""
    first = frame.head(SEARCHED)
    if not pd.api.types.is_numeric_dtype(first[column]):
        return False
    same = ~first[list(dates)].ne(first[list(dates)].shift()).any(axis=1)
    return (
        bool((first[column].diff()[same] == 1).all()) and first.groupby(list(dates)).size().mode()[0] in TIMES_PER_DAY
    )


def _may_be_id(values: "pd.Series[Any]") -> bool:
    """Return whether values may name series: several of them, which occur again and again, and are no dates."""
    if not pd.api.types.is_hashable(values.iloc[0]) or values.isna().any():
        return False
    count = values.nunique()
    if not 1 < count < len(values) or plain_name(str(values.name)) in DATE_NAMES | NAMES_OF_WEEKDAYS:
        return False
    if pd.api.types.is_numeric_dtype(values):  # measured values seldom repeat
        return bool((values % 1 == 0).all()) and 2 * count <= len(values)
    return not holds_dates(values)
