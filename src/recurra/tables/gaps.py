"""Gaps of series, which are missing values and absent dates: which of them are filled, and which series are refused."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, counted, left_out, shown
from recurra.settings.reading import Missing
from recurra.tables.arrays import Floats, Integers
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.many_series import absent_dates
from recurra.tables.dates.zones import shown_date
from recurra.tables.rows import Notes, Rows

MOST_MISSING = 5  # percent of the values of a series that are filled by themselves


@dataclass(frozen=True, eq=False)
class Filled:
    """Series without gaps, one after another.

    Attributes:
        places: their places among all series, [S].
        starts: the first row of each, [S].
        dates: dates of the rows, [N].
        values: values of the columns; missing ones are the last ones before, [N, C].
        observed: which values are not missing, [N, C].
        absent: which rows were added for absent dates, [N].
    """

    places: Integers
    starts: Integers
    dates: pd.DatetimeIndex
    values: Floats
    observed: NDArray[np.bool_]
    absent: NDArray[np.bool_]

    @property
    def lengths(self) -> Integers:
        return np.diff(self.starts, append=len(self.dates))

    def only(self, rows: NDArray[np.bool_]) -> "Filled":
        """Return these rows [N]; series without any are left out."""
        lengths = np.add.reduceat(rows, self.starts, dtype=np.int64)
        kept = lengths > 0
        return Filled(
            self.places[kept],
            (np.cumsum(lengths) - lengths)[kept],
            self.dates[rows],
            self.values[rows],
            self.observed[rows],
            self.absent[rows],
        )


def filled(rows: Rows, frequency: Frequency, missing: Missing, notes: Notes, *, newer: bool) -> Filled:
    """Return the series with their gaps filled by the last values before, never by later ones.

    Args:
        rows: the rows of all series, without future rows.
        frequency: time between rows.
        missing: "auto" fills up to 5 % of a series, in runs no longer than a season, and leaves out other series;
            "error" adds no rows for absent dates, and no value is missing; all others fill every gap.
        notes: notes, to which those about gaps are added.
        newer: whether the rows follow earlier ones; they may be few, so that "auto" judges them by their runs alone.

    Raises:
        InputError: more dates are absent than can be meant, or all series have gaps that "auto" does not fill.
    """
    absent, before = _absent_rows(rows, frequency, missing, notes)
    every = _with_rows(rows, absent, before)
    if every.observed.all():
        return every
    begins, ends = _bounds(every, to_last=missing == "auto")
    cut = {
        "the first rows are left out, as not all columns have values there": begins > every.starts,
        "the last rows are left out, as the target has no values there": ends < every.starts + every.lengths,
    }
    empty = begins >= ends
    begins = np.where(empty, every.starts, begins)
    ends = np.where(empty, every.starts + every.lengths, ends)
    places, last = np.arange(len(every.dates)), np.where(every.observed, np.arange(len(every.dates))[:, None], 0)
    values = np.take_along_axis(every.values, np.maximum.accumulate(last, axis=0), axis=0)
    inside = (places >= np.repeat(begins, every.lengths)) & (places < np.repeat(ends, every.lengths))
    every = replace(every, values=values).only(inside)
    if missing == "auto":
        every = _accepted(every, rows, empty, frequency, notes, newer=newer)
    _note_filled(every, rows, missing, notes)
    for note, whose in cut.items():
        notes.add(note, [rows.ids[place] for place in every.places[whose[every.places]].tolist()])
    return every


def _absent_rows(rows: Rows, frequency: Frequency, missing: Missing, notes: Notes) -> tuple[pd.DatetimeIndex, Integers]:
    """Return the absent dates for which rows are added, and the row before each of them."""
    try:
        absent, before = absent_dates(frequency, rows.dates, rows.starts)
    except InputError as error:
        raise InputError(f"{rows.source}: {error}") from error
    if missing != "error":
        return absent, before
    if len(absent):
        first = shown_date(absent[0], rows.form)
        which = (
            f"1 absent date, {first}, is"
            if len(absent) == 1
            else f"{len(absent):,} absent dates, the first {first}, are"
        )
        how = "skipped, so that the rows around them count as consecutive (--missing ffill fills them)"
        whose = np.unique(rows.starts.searchsorted(before, side="right") - 1).tolist()
        notes.add(f"{which if rows.ids == [''] else 'absent dates are'} {how}", [rows.ids[s] for s in whose])
    return absent[:0], before[:0]


def _with_rows(rows: Rows, absent: pd.DatetimeIndex, before: Integers) -> Filled:
    """Return the rows, and rows without values of the absent dates after the rows `before`."""
    places = np.arange(len(rows.ids))
    if not len(absent):
        observed = ~np.isnan(rows.values)
        none = np.broadcast_to(np.False_, len(rows.dates))
        return Filled(places, rows.starts, rows.dates, rows.values, observed, none)
    added = np.zeros(len(rows.dates) + len(absent), dtype=np.bool_)
    added[before + 1 + np.arange(len(absent))] = True
    dates = np.empty(len(added), dtype="datetime64[ns]")
    dates[added], dates[~added] = absent.to_numpy(), rows.dates.to_numpy()
    values = np.full((len(added), rows.values.shape[1]), np.nan)
    values[~added] = rows.values
    starts = rows.starts + before.searchsorted(rows.starts)
    return Filled(places, starts, pd.DatetimeIndex(dates), values, ~np.isnan(values), added)


def _bounds(every: Filled, *, to_last: bool) -> tuple[Integers, Integers]:
    """Return where each series begins and where it ends, [S].

    A series begins where all its columns have had a value; so does none of which a column has no value at all.

    Args:
        every: the series.
        to_last: whether a series ends with the last value of the target, as empty rows after it are to be forecast.
    """
    places = np.arange(len(every.dates))
    first = np.where(every.observed, places[:, None], len(places))
    ends = every.starts + every.lengths
    if to_last:
        ends = np.maximum.reduceat(np.where(every.observed[:, 0], places + 1, 0), every.starts)
    return np.minimum.reduceat(first, every.starts, axis=0).max(axis=1), ends


def _accepted(
    every: Filled, rows: Rows, empty: NDArray[np.bool_], frequency: Frequency, notes: Notes, *, newer: bool
) -> Filled:
    """Return the series whose gaps are filled by default, without those that are `empty`; see `filled`."""
    starts, lengths, season = every.starts, every.lengths, frequency.season
    counts = np.add.reduceat(~every.observed, starts, axis=0, dtype=np.int64)  # [S, C]
    longest = np.maximum.reduceat(_run_lengths(every), starts, axis=0)
    refused = longest > season
    if not newer:
        refused |= 100 * counts > MOST_MISSING * lengths[:, None]
    refused[empty] = True
    out = np.flatnonzero(refused.any(axis=1))
    if not len(out):
        return every
    first, column = int(out[0]), int(np.where(refused[out[0]], counts[out[0]], 0).argmax())
    lack = _lack(every, rows, first, column, int(longest[first, column]))
    runs = f"{counted(season, 'row')} (a season)"
    fill = "--missing ffill, interpolate or mask (missing=… in Python) fills all gaps"
    if every.observed[~every.absent].all():
        fill += ", and --missing error skips absent dates"
    if len(out) == len(starts):
        all_of = f"all {len(out)} series have too many gaps: in the first, " if len(out) > 1 else ""
        most = f"up to {runs} in a row" if newer else f"up to {MOST_MISSING} %, in runs of at most {runs},"
        raise InputError(f"{rows.source}: {all_of}{lack}; by default {most} are filled: {fill}.")
    least = f"more than {runs} in a row" if newer else f"more than {MOST_MISSING} %, or {runs} in a row,"
    notes.say(f"{left_out(len(out), len(starts))}, as {least} have no value: in the first, {lack} ({fill})")
    return every.only(~np.repeat(refused.any(axis=1), lengths))


def _run_lengths(every: Filled) -> Integers:
    """Return how many values up to each are missing in a row, [N, C]."""
    places = np.arange(len(every.dates))
    before = np.repeat(every.starts - 1, every.lengths)
    last = np.where(every.observed, places[:, None], before[:, None])
    return places[:, None] - np.maximum.accumulate(last, axis=0)


def _lack(every: Filled, rows: Rows, series: int, column: int, longest: int) -> str:
    """Return a clause about the gaps of a column of a series."""
    start, place = int(every.starts[series]), int(every.places[series])
    part = slice(start, start + int(every.lengths[series]))
    gaps = np.flatnonzero(~every.observed[part, column])
    day, count = every.dates[start + gaps[0]], part.stop - start
    first = f"on the absent date {shown_date(day, rows.form)}"
    if not every.absent[start + gaps[0]]:
        own = slice(int(rows.starts[place]), int(rows.stops[place]))
        first = f"in row {rows.numbers[own][rows.dates[own].searchsorted(day)]} ({shown_date(day, rows.form)})"
    whose = f" of series {shown(rows.ids[place])}" if rows.ids[place] else ""
    share = f"{100 * len(gaps) / count:.3g} %"
    where = f", up to {longest} in a row, first {first}" if len(gaps) > 1 else f", {first}"
    return (
        f"column {shown(rows.names.all[column])}{whose} has no value in {len(gaps)} of {counted(count, 'row')} "
        f"({share}){where}"
    )


def _note_filled(every: Filled, rows: Rows, missing: Missing, notes: Notes) -> None:
    """Note how many values and dates are filled, and how."""
    gaps = ~every.observed.all(axis=1)
    if not gaps.any():
        return
    absent = int(every.absent.sum())
    values = every.observed.size - int(every.observed.sum()) - absent * every.observed.shape[1]
    found = [counted(n, what) for n, what in ((values, "missing value"), (absent, "absent date")) if n]
    single = values + absent == 1
    how = f"filled with the value{'s' * (not single)} before"
    how = {"interpolate": f"interpolated in training rows, and otherwise {how}", "mask": "masked"}.get(missing, how)
    note = f"{' and '.join(found)} {'is' if single else 'are'} {how}"
    whose = np.flatnonzero(np.logical_or.reduceat(gaps, every.starts))
    first = f", the first on {shown_date(every.dates[int(gaps.argmax())], rows.form)}" if rows.ids == [""] else ""
    notes.add(f"{note}{first}", [rows.ids[place] for place in every.places[whose].tolist()])
