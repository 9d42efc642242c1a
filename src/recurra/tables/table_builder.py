"""Build a checked `Table` from a file or a DataFrame: one series, or many with columns unique_id, ds, y."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, InputTypeError, shown
from recurra.tables.arrays import Floats, Integers
from recurra.tables.as_given import GivenTypes
from recurra.tables.columns import ID, Names, chosen_columns, date_column, found_column, hint_of_id
from recurra.tables.data_frame import AnyFrame, with_row_numbers
from recurra.tables.dates.date_numbers import date_text
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.frequency_inference import infer_frequency
from recurra.tables.dates.parsing import dates
from recurra.tables.files.reader import read_file
from recurra.tables.files.temporary import Source, is_source, name_of
from recurra.tables.form import Decimal, Form, Reading, Thousands
from recurra.tables.numbers import numbers
from recurra.tables.series_ids import read_ids
from recurra.tables.table import Series, Table

Missing = Literal["error", "ffill", "interpolate", "mask"]


def make_table(
    data: AnyFrame | Source,
    *,
    target: str | None = None,
    past_covariates: str | Sequence[str] = (),
    future_covariates: str | Sequence[str] = (),
    date: str | None = None,
    id: str | Sequence[str] | None = None,
    missing: Missing = "error",
    calendar: str | None = None,
    frequency: Frequency | None = None,
    known_ids: Collection[str] = (),
    decimal: Decimal | None = None,
    thousands: Thousands | None = None,
    dayfirst: bool | None = None,
    encoding: str | None = None,
    max_unpacked: float | None = None,
    earlier: Form | None = None,
) -> Table:
    """Build a checked table from a file or a DataFrame.

    Column names are case-insensitive; dates and prices are also found by their English or Chinese names.

    Args:
        data: a DataFrame or Series of pandas, polars, pyarrow or another library that narwhals reads; the path of a
            file, of which `read_file` says what it may be, "-" for standard input; or an open file. A single series has
            a column (or index) of dates and columns of numbers; a long table of several series also has columns of ids.
        target: column to predict; None: `y`, or the only column of numbers.
        past_covariates: columns whose values are known up to the present only; "all": every other numeric column that
            is not constant.
        future_covariates: columns whose values are known in advance. Rows after the last value of the target are future
            rows, in which only these columns need values.
        date: column of dates; None: inferred from names and values.
        id: column of series ids, or columns, whose ids are joined as in "1 / north"; None: `unique_id`, if the table
            has it.
        missing: how to treat missing values. "error" raises an error. "ffill" forward-fills them. "interpolate" and
            "mask" also forward-fill them, and let a model interpolate training rows or mask the filled rows. Except
            with "error", absent dates become rows of missing values, and a series starts where all its columns have
            values.
        calendar: name of an exchange calendar whose sessions the dates are, such as "XSHG".
        frequency: time between rows; None: inferred from the dates.
        known_ids: ids of series of an earlier table. Many series that are not among them need several rows each, since
            a wrong column of ids has about as many ids as rows.
        decimal: decimal mark of numbers that are texts, "." or ","; None: as the numbers show.
        thousands: mark between thousands: ".", ",", "'", " " or "none"; None: as the numbers show.
        dayfirst: whether the day comes before the month in dates such as 03/04/2024; None: as the dates show.
        encoding: encoding of a text file, such as "cp1252"; None: as its bytes show.
        max_unpacked: number of gigabytes to which a packed file, such as csv.gz, zip, Parquet or a spreadsheet, may
            unpack; None: 100 times its size, but at least 10 MB and at most 2 GB.
        earlier: how an earlier table was read whose newer rows these are; they are read in the same way.

    Raises:
        InputTypeError: an argument has the wrong type.
        InputError: the table is invalid; the message names the file, row and column, and how to fix it.

    >>> days = ["2024-01-01", "2024-01-02", "2024-01-03"]
    >>> table = make_table(pd.DataFrame({"date": days, "sales": [5, 7, 6]}))
    >>> table.target, table.frequency.name
    ('sales', 'daily')
    >>> table.series[0].values[:, 0].tolist()
    [5.0, 7.0, 6.0]
    """
    _check_arguments(target=target, date=date, calendar=calendar, encoding=encoding)
    for name, value, known in (("decimal", decimal, Decimal), ("thousands", thousands, Thousands)):
        if value is not None and value not in get_args(known):
            raise InputError(f"{name} is {shown(value)}; expected one of {', '.join(map(shown, get_args(known)))}.")
    if not isinstance(dayfirst, bool | None):
        raise InputTypeError(f"dayfirst is {shown(dayfirst)}; expected True, False or None.")
    reading = Reading(
        encoding=encoding, decimal=decimal, thousands=thousands, dayfirst=dayfirst, max_unpacked=max_unpacked
    )
    if not isinstance(frequency, Frequency | None):
        raise InputTypeError(f"frequency is {shown(frequency)}; expected a Frequency or None.")
    if missing not in get_args(Missing):
        raise InputError(f"missing is {shown(missing)}; expected one of {', '.join(get_args(Missing))}.")
    past, future = _names("past_covariates", past_covariates), _names("future_covariates", future_covariates)
    own_ids = [] if id is None else _names("id", id)
    if is_source(data):
        source, raw = name_of(data), read_file(data, reading, texts=own_ids)
    else:
        source, raw = "the table", with_row_numbers(data)
    frame = raw.frame
    if not len(frame):
        raise InputError(f"{source}: has no rows of data; at least one is needed.")
    id_columns = [found_column(frame, name, source, "id") for name in own_ids] or [ID] * (ID in frame.columns)
    if twice := next((name for name in id_columns if id_columns.count(name) > 1), None):
        raise InputError(f"{source}: the column {shown(twice)} is given twice as id; give each column of ids once.")
    days_column = found_column(frame, date, source, "date") if date else date_column(frame, id_columns, source)
    names = chosen_columns(frame, target, past, future, {days_column, *id_columns}, source)
    series_ids = read_ids(frame, id_columns, source, known_ids, written=raw.delimiter is not None)
    codes, whose = series_ids.places, series_ids.texts
    days = dates(frame, days_column, source, gap=None if frequency is None else frequency.days)
    values = np.stack([numbers(frame, name, source) for name in names.all], axis=1)

    def hint() -> str:
        return "" if id_columns else hint_of_id(frame, days_column, {days_column, *names.all})

    rows, parts = _sorted(_Rows(source, names, days, values, frame.index, missing), codes, whose, hint)
    frequency = frequency or _frequency(parts, rows.dates, calendar, source, rows.notes)
    whole = rows.whole([part.start for part in parts.values()], frequency)
    series = tuple(
        rows.series(name, part, frequency, whole=bool(is_whole))
        for (name, part), is_whole in zip(parts.items(), whole, strict=True)
    )
    notes = (*raw.notes, *(_of_many(note, whose) for note, whose in rows.notes.items()))
    return Table(
        series,
        names.target,
        names.past_covariates,
        names.future_covariates,
        frequency,
        source,
        bool(id_columns),
        notes,
        Form(
            zone=_zone(frame[days_column]),
            id_columns=tuple(id_columns) if len(id_columns) > 1 else (),
            id_kinds=series_ids.kinds,
        ),
        GivenTypes.of(raw.kind, days_column, id_columns),
    )


def _zone(dates: "pd.Series[Any]") -> str | None:
    """Return the name of the time zone of a column of dates with one."""
    return str(dates.dt.tz) if isinstance(dates.dtype, pd.DatetimeTZDtype) else None


@dataclass
class _Rows:
    """All rows of a table."""

    source: str
    names: Names
    dates: pd.DatetimeIndex
    values: Floats  # [L, C], NaN if missing
    numbers: "pd.Index[int]"  # row numbers in the file
    missing: Missing
    notes: dict[str, list[str]] = field(default_factory=dict)  # note → ids of the series it is about
    absent: int = 0  # number of absent dates so far

    def note(self, text: str, id_: str) -> None:
        self.notes.setdefault(text, []).append(id_)

    @cached_property
    def no_dates(self) -> pd.DatetimeIndex:
        return self.dates[:0]

    def whole(self, starts: Sequence[int], frequency: Frequency) -> NDArray[np.bool_]:
        """Return which series, of which the first rows are given, have all values and all dates, [S].

        Some that have them all may be left out; for a table of many series this is the fast way to most of them.
        """
        if self.names.future_covariates:
            return np.zeros(len(starts), dtype=np.bool_)
        complete = np.asarray(np.isfinite(self.values).all(axis=1))
        complete[1:] &= frequency.follow(self.dates) | np.isin(np.arange(1, len(complete)), starts)
        return np.logical_and.reduceat(complete, starts)

    def series(self, id_: str, part: slice, frequency: Frequency, *, whole: bool) -> Series:
        if whole:
            values = self.values[part]
            return Series(id_, self.dates[part], values, ~np.isnan(values), values[:0, :0], self.no_dates)
        values, days, known = self.values[part], self.dates[part], len(self.names.future_covariates)
        end = len(values)
        if known:  # rows after the last value of the target are future rows
            has_target = np.flatnonzero(~np.isnan(values[:, 0]))
            end = int(has_target[-1]) + 1 if len(has_target) else 0
        future = values[end:, values.shape[1] - known :] if known else values[:0, :0]
        lenient = self.missing != "error"
        self._check(values[:end], part.start, range(values.shape[1]), lenient=lenient)
        self._check(values[end:], part.start + end, range(values.shape[1] - known, values.shape[1]), lenient=False)
        coming = days[end:] if known else days[:0]
        self._check_coming(part.start + end, coming, days[:end], frequency)
        values, days = values[:end], days[:end]
        whose = f" of series {shown(id_)}" if id_ else ""
        if not end:
            raise InputError(f"{self.source}: the target {shown(self.names.target)}{whose} has no values.")
        try:
            absent = frequency.absent(days)
            self.absent += len(absent)
            frequency.check_absent(self.absent, len(self.dates))
        except InputError as error:
            raise InputError(f"{self.source}: {error}") from error
        if len(absent):
            count = "some dates are" if id_ else "1 date is" if len(absent) == 1 else f"{len(absent)} dates are"
            first = "" if id_ else f", the first is {date_text(absent[0])}"
            passed = "skipped: the rows before and after count as consecutive (--missing ffill fills them)"
            self.note(f"{count} absent{first}, and {'filled' if lenient else passed}", id_)
            if lenient:
                every = np.concatenate([days.to_numpy(), absent.to_numpy()])
                order = np.argsort(every)
                days = pd.DatetimeIndex(every[order])
                values = np.concatenate([values, np.full((len(absent), values.shape[1]), np.nan)])[order]
        observed = ~np.isnan(values)
        begin = int(observed.argmax(axis=0).max())  # no value is filled with a later one
        if begin:
            self.note("the first rows are left out, as not all columns have values there", id_)
        values = _filled_forward(values[begin:]) if lenient else values
        return Series(id_, days[begin:], values, observed[begin:], future, coming)

    def _check_coming(self, begin: int, coming: pd.DatetimeIndex, days: pd.DatetimeIndex, frequency: Frequency) -> None:
        """Raise InputError if future rows skip dates, except for business days without a calendar of holidays."""
        if not len(coming) or not len(days) or (frequency.name == "business-daily" and frequency.calendar is None):
            return
        expected = frequency.next_dates(days[-1], len(coming))
        if (other := np.asarray(coming != expected)).any():
            first = int(other.argmax())
            raise InputError(
                f"{self.source}: row {self.numbers[begin + first]}: a future row has the date "
                f"{date_text(coming[first])}, expected {date_text(expected[first])}, the next date; "
                "give every future row its date."
            )

    def _check(self, values: Floats, begin: int, columns: Sequence[int], *, lenient: bool) -> None:
        """Raise InputError if a value from row `begin` on is infinite, or is missing and `lenient` is False."""
        if np.isfinite(values).all():
            return
        for column in columns:
            name = self.names.all[column]
            for wrong, found in ((np.isinf(values[:, column]), "infinity"), (np.isnan(values[:, column]), "no value")):
                if not wrong.any() or (lenient and found == "no value" and not wrong.all()):
                    continue
                place = begin + int(wrong.argmax())
                more = f" ({int(wrong.sum())} such rows in all)" if wrong.sum() > 1 else ""
                mend = "" if found == "infinity" else ", or allow it with --missing ffill, interpolate or mask"
                where = (
                    f"{self.source}: row {self.numbers[place]} ({date_text(self.dates[place])}), column {shown(name)}"
                )
                raise InputError(f"{where}: has {found}{more}, expected a number; correct the cell{mend}.")


def _check_arguments(**texts: object) -> None:
    """Raise an InputTypeError if an argument is neither text nor None."""
    for name, value in texts.items():
        if not isinstance(value, str | None):
            raise InputTypeError(f"{name} is {shown(value)}; expected text or None.")


def _names(argument: str, names: object) -> list[str]:
    """Return a name or a sequence of names as a list; InputTypeError if it is neither."""
    if isinstance(names, str):
        return [names]
    if isinstance(names, Iterable) and not isinstance(names, Mapping | Set):  # those of a set have no order
        several = list(names)
        if all(isinstance(name, str) for name in several):
            return several
    raise InputTypeError(f"{argument} is {shown(names)}; expected the name of a column, or a list of names.")


def _sorted(
    rows: _Rows, codes: Integers, ids: Sequence[str], hint: Callable[[], str]
) -> tuple[_Rows, dict[str, slice]]:
    """Return the rows of each series together and sorted by date, and which they are.

    Args:
        rows: rows in the order of the file.
        codes: place in `ids` of each row's series, [L].
        ids: ids of the series.
        hint: function that returns the end of the message about a date that occurs twice.

    Raises:
        InputError: a date occurs twice in a series.
    """
    days = rows.dates.to_numpy().view(np.int64)
    same, later = codes[1:] == codes[:-1], days[1:] > days[:-1]
    if not np.where(same, later, codes[1:] > codes[:-1]).all():
        rows, codes = _in_order(rows, codes, days, ids, hint)
    ends = np.cumsum(np.bincount(codes, minlength=len(ids))) if len(ids) > 1 else np.array([len(codes)])
    starts = [0, *ends[:-1].tolist()]
    return rows, {id_: slice(*bounds) for id_, *bounds in zip(ids, starts, ends.tolist(), strict=True)}


def _in_order(
    rows: _Rows, codes: Integers, days: Integers, ids: Sequence[str], hint: Callable[[], str]
) -> tuple[_Rows, Integers]:
    """Return rows and codes sorted by code and date; see `_sorted`."""
    together, order = np.argsort(codes, kind="stable"), np.lexsort((days, codes))
    if (moved := order != together).any():
        for code in np.unique(codes[order[moved]]):
            rows.note("the rows were not in the order of their dates; they are sorted", ids[code])
    codes, days = codes[order], days[order]
    rows = replace(rows, dates=rows.dates[order], values=rows.values[order], numbers=rows.numbers[order])
    if (twice := (days[1:] == days[:-1]) & (codes[1:] == codes[:-1])).any():
        first = int(twice.argmax())
        a, b, day, id_ = *rows.numbers[[first, first + 1]], rows.dates[first], ids[codes[first]]
        whose = f" of series {shown(id_)}" if id_ else ""
        clock = "" if day == day.normalize() else ", or, where a clock was set back, give UTC"
        raise InputError(
            f"{rows.source}: rows {a} and {b}{whose} have the same date {date_text(day)}; "
            f"expected each date once: drop one{clock}{hint()}."
        )
    return rows, codes


def _filled_forward(values: Floats) -> Floats:
    """Replace missing values by the last ones before, [T, C]."""
    last = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    np.maximum.accumulate(last, axis=0, out=last)
    return np.take_along_axis(values, last, axis=0)


def _of_many(note: str, whose: Sequence[str]) -> str:
    """Return a note as a sentence, with the number of series it is about and the first of them."""
    if whose == [""]:
        return f"{note}."
    return f"{note} in {len(whose)} series, the first is {shown(whose[0])}."


def _frequency(
    parts: Mapping[str, slice],
    days: pd.DatetimeIndex,
    calendar: str | None,
    source: str,
    notes: dict[str, list[str]],
) -> Frequency:
    """Return the frequency of the longest series; series that deviate from it are noted."""
    longest = max(parts, key=lambda name: parts[name].stop - parts[name].start)
    try:
        frequency = infer_frequency(days[parts[longest]], calendar)
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    if len(parts) == 1:
        return frequency
    usual = dict(zip(parts, _usual_gaps(days, parts.values()), strict=True))
    for name, part in parts.items():
        if part.stop - part.start >= 5 and not usual[longest] / 2 < usual[name] < usual[longest] * 2:
            text = f"rows are farther apart or closer than the {frequency.name} ones of series {shown(longest)}"
            notes.setdefault(text, []).append(name)
    return frequency


def _usual_gaps(days: pd.DatetimeIndex, parts: Collection[slice]) -> list[float]:
    """Return the median time between the rows of each part, which follow one another; 0 for a part of one row."""
    starts, stops = (np.array([getattr(part, end) for part in parts]) for end in ("start", "stop"))
    gaps = np.diff(days.to_numpy().view(np.int64), prepend=0)
    gaps[starts] = -1  # before all others
    gaps = gaps[np.lexsort((gaps, np.repeat(np.arange(len(starts)), stops - starts)))].clip(0)
    lower, upper = (starts + stops) // 2, np.minimum((starts + stops + 1) // 2, stops - 1)
    found: list[float] = ((gaps[np.minimum(lower, upper)] + gaps[upper]) / 2).tolist()
    return found
