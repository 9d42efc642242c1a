"""The rows of all series of a table: one series after another, each in the order of its dates, and checked."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, counted, shown
from recurra.tables.arrays import Floats, Integers
from recurra.tables.columns import Names
from recurra.tables.dates.calendars import sessions
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.zones import shown_date
from recurra.tables.form import Form


class Notes:
    """Notes about a table, and about some of its series, each said once for all of them."""

    def __init__(self) -> None:
        self._of_cells: list[str] = []  # sentences about how cells were read
        self._whose: dict[str, list[str]] = {}  # note → ids of the series

    def quote(self, sentences: Iterable[str]) -> None:
        """Add sentences, which come before the other notes."""
        self._of_cells += [f"{sentence.removesuffix('.')}." for sentence in sentences]

    def say(self, note: str) -> None:
        self._whose[note] = []

    def add(self, note: str, ids: Collection[str]) -> None:
        """Note something about the series with these ids, if there are any."""
        if ids:
            self._whose.setdefault(note, []).extend(ids)

    def sentences(self) -> tuple[str, ...]:
        return tuple(self._of_cells) + tuple(
            f"{note} in {len(ids)} series, the first is {shown(ids[0])}." if any(ids) else f"{note}."
            for note, ids in self._whose.items()
        )

    @contextmanager
    def told_with_errors(self, source: str) -> Iterator[None]:
        """Add the notes so far to an InputError within the context, which they may explain."""
        try:
            yield
        except InputError as error:
            for sentence in self.sentences():
                error.add_note(f"{source}: {sentence}")
            raise


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of all series.

    Attributes:
        source: the file, for messages.
        names: the columns.
        form: how the table was read, for messages.
        ids: ids of the series, each of which has a row; an empty one if the table has a single series.
        starts: the first row of each series, [S].
        dates: dates of the rows, [L].
        values: values of the columns, NaN if missing, [L, C].
        numbers: row numbers in the file, [L].
    """

    source: str
    names: Names
    form: Form
    ids: Sequence[str]
    starts: Integers
    dates: pd.DatetimeIndex
    values: Floats
    numbers: "pd.Index[int]"

    @cached_property
    def stops(self) -> Integers:
        """The row after the last of each series, [S]."""
        return np.append(self.starts[1:], len(self.dates))

    @cached_property
    def ends(self) -> Integers:
        """The row after the last with a value of the target, of each series, [S]; later rows are future rows.

        Without future covariates there are no future rows, nor are there in a series without any value of the target.
        """
        if not self.names.future_covariates:
            return self.stops
        after = np.where(np.isnan(self.values[:, 0]), 0, np.arange(1, len(self.values) + 1))
        ends = np.maximum.reduceat(after, self.starts)
        return np.where(ends > self.starts, ends, self.stops)

    def history(self) -> "Rows":
        """Return the rows without future rows."""
        if self.ends is self.stops:
            return self
        rows = np.flatnonzero(~self._are_future())
        lengths = self.ends - self.starts
        return Rows(
            self.source,
            self.names,
            self.form,
            self.ids,
            np.cumsum(lengths) - lengths,
            self.dates[rows],
            self.values[rows],
            self.numbers[rows],
        )

    def check_values(self, *, gaps: bool, empty: bool) -> None:
        """Raise an InputError if a value is infinite, a value of a future row is missing, or another one may not be.

        Args:
            gaps: whether values before the future rows may be missing.
            empty: whether all values of a column may be missing in a series.
        """
        finite = np.isfinite(self.values)
        if finite.all():
            return
        future, known = self._are_future(), len(self.names.future_covariates)
        wrong = np.isinf(self.values) if gaps else ~finite
        if gaps and not empty:
            lost = np.logical_and.reduceat(np.isnan(self.values) | future[:, None], self.starts, axis=0)
            wrong |= np.repeat(lost, self.stops - self.starts, axis=0)
        wrong[future] = ~finite[future] & (np.arange(wrong.shape[1]) >= wrong.shape[1] - known)
        if wrong.any():
            series = int(self.starts.searchsorted(wrong.any(axis=1).argmax(), side="right")) - 1
            start, end, stop = (int(places[series]) for places in (self.starts, self.ends, self.stops))
            part = slice(start, end) if wrong[start:end].any() else slice(end, stop)
            raise self._fault(part, wrong[part], mend=not gaps)

    def check_future(self, frequency: Frequency) -> None:
        """Raise an InputError if future rows skip dates, except for business days without a calendar of holidays."""
        if frequency.name == "business-daily" and frequency.calendar is None:
            return
        for end, stop in zip(self.ends.tolist(), self.stops.tolist(), strict=True):
            if end == stop:
                continue
            coming, expected = self.dates[end:stop], frequency.next_dates(self.dates[end - 1], stop - end)
            if (other := np.asarray(coming != expected)).any():
                first = int(other.argmax())
                found, wanted = (shown_date(dates[first], self.form) for dates in (coming, expected))
                raise InputError(
                    f"{self.source}: row {self.numbers[end + first]}: a future row has the date {found}, expected "
                    f"{wanted}, the next date; give every future row its date."
                )

    def check_sessions(self, calendar: str) -> None:
        """Raise an InputError if a row is on a day on which an exchange is closed, or its calendar has not that day."""
        days = self.dates.normalize()
        try:
            closed = ~days.isin(sessions(calendar, days.min(), days.max()))
        except InputError as error:
            raise InputError(f"{self.source}: {error}") from error
        if closed.any():
            place, more = int(closed.argmax()), int(closed.sum()) - 1
            others = f", as {counted(more, 'other row is', 'other rows are')}" if more else ""
            day = shown_date(self.dates[place], self.form)
            raise InputError(
                f"{self.source}: row {self.numbers[place]} ({day}) is on a day that is no session of {calendar}"
                f"{others}; drop such rows, or leave out --calendar (calendar=… in Python)."
            )

    def _are_future(self) -> NDArray[np.bool_]:
        return np.arange(len(self.dates)) >= np.repeat(self.ends, self.stops - self.starts)

    def _fault(self, part: slice, wrong: NDArray[np.bool_], *, mend: bool) -> InputError:
        """Return the error about the first column that has a wrong value in a part of a series."""
        column = int(wrong.any(axis=0).argmax())
        infinite = wrong[:, column] & np.isinf(self.values[part, column])
        found = "infinity" if infinite.any() else "no value"
        places = np.flatnonzero(infinite if infinite.any() else wrong[:, column])
        place = part.start + int(places[0])
        more = f" ({len(places)} such rows in all)" if len(places) > 1 else ""
        how = ", or allow it with --missing auto, ffill, interpolate or mask" if mend and found == "no value" else ""
        date, name = shown_date(self.dates[place], self.form), shown(self.names.all[column])
        where = f"{self.source}: row {self.numbers[place]} ({date}), column {name}"
        return InputError(f"{where}: found {found}{more}, expected a number; correct the cell{how}.")


def rows_in_order(rows: Rows, codes: Integers, notes: Notes, hint: Callable[[], str]) -> Rows:
    """Return the rows of a file series by series, each in the order of its dates.

    Args:
        rows: the rows as they stand in the file.
        codes: place in `Rows.ids` of each row's series, [L].
        notes: notes, to which one is added if rows are sorted.
        hint: function that returns what to do before a row is dropped, for the message about a date that occurs twice.

    Raises:
        InputError: a date occurs twice in a series.
    """
    ids = rows.ids
    days = rows.dates.to_numpy().view(np.int64)
    same, later = codes[1:] == codes[:-1], days[1:] > days[:-1]
    if not np.where(same, later, codes[1:] > codes[:-1]).all():
        together, order = np.argsort(codes, kind="stable"), np.lexsort((days, codes))
        moved = np.unique(codes[order[order != together]])
        notes.add("the rows were not in the order of their dates; they are sorted", [ids[code] for code in moved])
        codes, days = codes[order], days[order]
        rows = replace(rows, dates=rows.dates[order], values=rows.values[order], numbers=rows.numbers[order])
        if (twice := (days[1:] == days[:-1]) & (codes[1:] == codes[:-1])).any():
            raise _twice(rows, int(twice.argmax()), ids[codes[int(twice.argmax())]], hint)
    counts = np.bincount(codes, minlength=len(ids)) if len(ids) > 1 else np.array([len(codes)])
    return replace(rows, starts=np.cumsum(counts) - counts)


def _twice(rows: Rows, first: int, id_: str, hint: Callable[[], str]) -> InputError:
    """Return the error about a row and the next one, which have the same date."""
    a, b, day = *rows.numbers[[first, first + 1]], rows.dates[first]
    whose = f" of series {shown(id_)}" if id_ else ""
    clock = ", or, where a clock was set back, give dates with their offsets from UTC"
    clock = "" if rows.form.date_unit == "rows" or day == day.normalize() else clock
    return InputError(
        f"{rows.source}: rows {a} and {b}{whose} have the same date {shown_date(day, rows.form)}; "
        f"expected each date once: {hint()}drop one{clock}."
    )
