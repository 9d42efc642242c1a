"""Read the dates of a table: from one column, from several that make up the dates, or as numbers of rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recurra.errors import InputError, shown
from recurra.tables.arrays import Integers, ranges
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.numbered import UNIX, dates_of
from recurra.tables.dates.one_column import Column, LocalDates
from recurra.tables.dates.several_columns import joined
from recurra.tables.dates.zones import Zoned, instants_of, kept, kept_as
from recurra.tables.form import DateUnit, Form


@dataclass(frozen=True)
class Dates:
    """The dates of a table, and how they were read.

    Attributes:
        index: the dates without a zone, [T]; see `recurra.tables.dates.zones`.
        dayfirst, unit, zone, instants: see `Form`.
        notes: sentences about how they were read.
    """

    index: pd.DatetimeIndex
    dayfirst: bool | None = None
    unit: DateUnit | None = None
    zone: str | None = None
    instants: bool = False
    notes: tuple[str, ...] = ()


def dates(
    frame: pd.DataFrame,
    columns: Sequence[str],
    source: str,
    *,
    dayfirst: bool | None = None,
    earlier: Form | None = None,
    frequency: Frequency | None = None,
) -> Dates:
    """Read the dates of a table.

    All values of a column are read with the same pattern, that of most of the first ones. For the order of day and
    month, see `order_of`; for dates with offsets from UTC, see `recurra.tables.dates.zones`.

    Args:
        frame: the table; its index gives the row numbers for messages.
        columns: names of the columns: one of dates, or several that make up the dates.
        source: the file, for messages.
        dayfirst: whether the day comes before the month; None: as the dates show.
        earlier: how an earlier table was read of which these are newer rows.
        frequency: time between the rows of the earlier table.

    Raises:
        InputError: a value is not a date (the message gives its row), or two readings remain.

    >>> frame = pd.DataFrame({"when": ["30/1/2020", "31/1/2020", "1/2/2020"]})
    >>> dates(frame, ["when"], "visits.csv").index.strftime("%Y-%m-%d").tolist()
    ['2020-01-30', '2020-01-31', '2020-02-01']
    """
    gap = None if frequency is None else frequency.days
    read = [Column(frame, column, source, dayfirst, earlier, gap) for column in columns]
    found = read[0].read() if len(read) == 1 else joined(read)
    named = ", ".join(map(shown, columns))
    where = f"{source}: column {named}"
    if earlier is not None and (earlier.date_unit == "rows") != (found.unit == "rows"):
        kinds = ("numbers of rows", "dates")
        had, has = kinds if earlier.date_unit == "rows" else reversed(kinds)
        raise InputError(f"{where} holds {has}, and the earlier rows have {had}; give newer rows of the same table.")
    zoned, notes = _zoned(found, earlier, frequency, where), list(found.notes)
    if found.utc is not None and found.zone is None and earlier is None and len(np.unique(found.local - found.utc)) > 1:
        unknown = "no time zone that is known; the dates are read as "
        zone = {"UTC": f"{unknown}UTC", None: f"{unknown}local times"}.get(zoned.zone, zoned.zone)
        notes.append(f"the offsets from UTC in the column {named} are those of {zone}.")
    return Dates(pd.DatetimeIndex(zoned.dates), found.dayfirst, found.unit, zoned.zone, zoned.instants, tuple(notes))


def numbered_rows(codes: Integers, source: str, earlier: Form | None) -> Dates:
    """Return numbers of rows as dates, from 1 on in the order of each series, [T].

    Args:
        codes: number of each row's series, [T].
        source: the file, for messages.
        earlier: how an earlier table was read of which these are newer rows.

    Raises:
        InputError: the earlier table has dates.
    """
    if earlier is not None and earlier.date_unit != "rows":
        raise InputError(
            f"{source}: there is no column of dates, and the earlier rows have dates; give newer rows with them."
        )
    together = np.argsort(codes, kind="stable")
    numbers = np.empty(len(codes), dtype=np.int64)
    numbers[together] = 1 + ranges(np.bincount(codes))
    note = "there is no column of dates; rows are numbered in their order."
    return Dates(pd.DatetimeIndex(dates_of(numbers, "rows")), unit="rows", notes=(note,))


def _zoned(found: LocalDates, earlier: Form | None, frequency: Frequency | None, where: str) -> Zoned:
    """Return dates as they are kept."""
    if earlier is None:
        is_unix = found.unit in UNIX
        return Zoned(found.local, None) if found.utc is None or is_unix else kept(found.local, found.utc, found.zone)
    if found.utc is not None:
        by_clock = frequency is not None and (frequency.unit != "minute" or frequency.slots is not None)
        return kept_as(earlier, found.local, found.utc, by_clock=by_clock)
    if earlier.zone is None or not earlier.instants:
        return Zoned(found.local, earlier.zone)
    utc = instants_of(found.local, earlier.zone)
    if (unclear := np.isnat(utc)).any():
        time = str(found.local[unclear.argmax()].astype("datetime64[s]")).replace("T", " ")
        raise InputError(
            f"{where}: {time} is shown twice or never in {earlier.zone}, where clocks are turned; write dates with "
            "their offset from UTC."
        )
    return Zoned(utc, earlier.zone, True)
