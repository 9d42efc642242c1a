"""Build a checked `Table` from a file or a DataFrame: one series, or many with columns unique_id, ds, y."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from recurra.errors import InputError, InputTypeError, shown
from recurra.settings.reading import Decimal, Missing, Thousands
from recurra.tables.arrays import Floats, Integers, of_equal_length, rows_of, starts_of
from recurra.tables.as_given import GivenTypes
from recurra.tables.columns import ID, Names, chosen_columns, found_column, hint_of_id
from recurra.tables.data_frame import AnyFrame, with_row_numbers
from recurra.tables.dates.column_names import plain_name
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.frequency_inference import infer_frequency, infer_frequency_of_rows
from recurra.tables.dates.parsing import dates, numbered_rows
from recurra.tables.dates.which_columns import date_columns
from recurra.tables.files.reader import read_file
from recurra.tables.files.temporary import Source, is_source, name_of
from recurra.tables.form import Form, RawTable, Reading
from recurra.tables.gaps import filled
from recurra.tables.numbers.evidence import Surroundings
from recurra.tables.numbers.read import read_numbers
from recurra.tables.rows import Notes, Rows, rows_in_order
from recurra.tables.series_ids import read_ids
from recurra.tables.static_columns import read_static
from recurra.tables.static_covariates import StaticCovariates
from recurra.tables.table import Table


def make_table(
    data: AnyFrame | Source,
    *,
    target: str | None = None,
    past_covariates: str | Sequence[str] = (),
    future_covariates: str | Sequence[str] = (),
    static_covariates: str | Sequence[str] = (),
    date: str | Sequence[str] | None = None,
    id: str | Sequence[str] | None = None,
    missing: Missing = "auto",
    calendar: str | None = None,
    frequency: Frequency | None = None,
    known_ids: Collection[str] = (),
    known_words: Collection[str] = (),
    decimal: Decimal | None = None,
    thousands: Thousands | None = None,
    dayfirst: bool | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
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
        past_covariates: columns whose values are known up to the present only; "all": every other column of
            numbers that vary, but for row numbers and times.
        future_covariates: columns whose values are known in advance. Rows after the last value of the target are future
            rows, in which only these columns need values.
        static_covariates: columns of numbers or words that have one value in all rows of a series, in which cells may
            be empty; newer rows of an earlier table may lack them. See `read_static`.
        date: column of dates, or columns that make up the dates, such as those of year and month, or of date and time;
            None: inferred from names and values. A table that has only numbers is read with its rows numbered.
        id: column of series ids, or columns, whose ids are joined as in "1 / north"; None: `unique_id`, if the table
            has it.
        missing: how to treat missing values and absent dates, which become rows of missing values. "auto"
            forward-fills up to 5 % of a series, in runs no longer than a season, and leaves out series with more gaps;
            it raises an error if none is left. "ffill" forward-fills all of them. "interpolate" and "mask" also
            forward-fill them, and let a model interpolate training rows or mask the filled rows. "error" raises an
            error at a missing value, and skips absent dates. Except with "error", a series starts where all its columns
            have values.
        calendar: name of an exchange calendar whose sessions the dates are, such as "XSHG".
        frequency: time between rows; None: inferred from the dates.
        known_ids: ids of series of an earlier table. Many series that are not among them need several rows each, since
            a wrong column of ids has about as many ids as rows.
        known_words: static covariates that an earlier table had as words; texts of numbers in them, such as 01, are
            words too.
        decimal: decimal mark of numbers that are texts, "." or ","; None: as the numbers show.
        thousands: mark between thousands: ".", ",", "'", " " or "none"; None: as the numbers show.
        dayfirst: whether the day comes before the month in dates such as 03/04/2024; None: as the dates show.
        encoding: encoding of a text file, such as "cp1252"; None: as its bytes show.
        sheet: name of the sheet of a spreadsheet; None: the first with data.
        max_unpacked: number of gigabytes to which a packed file, such as csv.gz, zip, Parquet or a spreadsheet, may
            unpack; None: 100 times its size, but at least 10 MB and at most 2 GB.
        earlier: how an earlier table was read whose newer rows these are; they are read in the same way.

    Raises:
        InputTypeError: an argument has the wrong type.
        InputError: the table is invalid; the message names the file, row and column, and how to fix it.

    >>> import pandas as pd
    >>> days = ["2024-01-01", "2024-01-02", "2024-01-03"]
    >>> table = make_table(pd.DataFrame({"date": days, "sales": [5, 7, 6]}))
    >>> table.target, table.frequency.name
    ('sales', 'daily')
    >>> table.series[0].values[:, 0].tolist()
    [5.0, 7.0, 6.0]
    """
    if not isinstance(missing, str) or missing not in get_args(Missing):
        raise InputError(f"missing is {shown(missing)}; expected one of {', '.join(get_args(Missing))}.")
    for name, value, kind in (
        ("target", target, str),
        ("calendar", calendar, str),
        ("frequency", frequency, Frequency),
    ):
        if not isinstance(value, kind | None):
            raise InputTypeError(
                f"{name} is {shown(value)}; expected {'text' if kind is str else kind.__name__} or None."
            )
    reading = Reading(
        encoding=encoding,
        decimal=decimal,
        thousands=thousands,
        dayfirst=dayfirst,
        max_unpacked=max_unpacked,
        sheet=sheet,
    )
    named = _Named(
        target,
        _names("past_covariates", past_covariates),
        _names("future_covariates", future_covariates),
        _names("date", () if date is None else date),
        _names("id", () if id is None else id),
        _names("static_covariates", static_covariates),
    )
    source = name_of(data) if is_source(data) else "the table"
    notes = Notes()
    with notes.told_with_errors(source):
        raw = (
            read_file(data, reading, texts=named.ids, words=known_words) if is_source(data) else with_row_numbers(data)
        )
        notes.quote(raw.notes)
        if not len(raw.frame):
            raise InputError(f"{source} has no rows of data; at least one is needed.")
        columns = _Columns.found(named, raw.frame, source, earlier)
        notes.quote(columns.names.notes)
        unsorted, codes, static = _read(
            raw, columns, source, reading, frequency, known_ids, known_words, earlier, notes
        )

        def hint() -> str:
            values = {*columns.names.all, *columns.names.static_covariates}
            return hint_of_id(raw.frame, columns.dates, columns.ids, values)

        rows = rows_in_order(unsorted, codes, notes, hint)
        frequency = frequency or _frequency(rows, calendar, notes)
        if frequency.calendar is not None:
            rows.check_sessions(frequency.calendar)
        rows.check_values(gaps=missing != "error", empty=missing == "auto")
        rows.check_future(frequency)
        without_gaps = filled(rows.history(), frequency, missing, notes, newer=earlier is not None)
    places = without_gaps.places
    future_counts = (rows.stops - rows.ends)[places]
    future = rows_of(rows.ends[places], future_counts)
    return Table(
        tuple(rows.ids[place] for place in places.tolist()),
        np.append(without_gaps.starts, len(without_gaps.dates)),
        without_gaps.dates,
        without_gaps.values,
        without_gaps.observed,
        starts_of(future_counts),
        rows.dates[future],
        rows.values[future, len(columns.names.all) - len(columns.names.future_covariates) :],
        columns.names.target,
        columns.names.past_covariates,
        columns.names.future_covariates,
        frequency,
        source,
        bool(columns.ids),
        notes.sentences(),
        rows.form,
        None if is_source(data) else GivenTypes.of(raw, columns.dates, columns.ids),
        static=static.at(places),
        signed=bool((without_gaps.values[:, 0] < 0.0).any()),
    )


@dataclass(frozen=True)
class _Named:
    """The columns that the user names."""

    target: str | None
    past_covariates: Sequence[str]
    future_covariates: Sequence[str]
    dates: Sequence[str]
    ids: Sequence[str]
    static_covariates: Sequence[str]


@dataclass(frozen=True)
class _Columns:
    """The columns of a table by their roles, with the names that the table gives them."""

    names: Names
    dates: tuple[str, ...]
    ids: tuple[str, ...]

    @classmethod
    def found(cls, named: _Named, frame: pd.DataFrame, source: str, earlier: Form | None) -> "_Columns":
        """Find the columns that are named; the others by their names and values, or as an earlier table had them."""
        ids = [found_column(frame, name, source, "id") for name in named.ids] or [ID] * (ID in frame.columns)
        if twice := next((name for name in ids if ids.count(name) > 1), None):
            raise InputError(f"{source}: the column {shown(twice)} is given twice as id; give each column of ids once.")
        dates = named.dates
        if not dates and earlier is not None and set(earlier.date_columns) <= set(frame.columns):
            dates = earlier.date_columns
        days = tuple(found_column(frame, name, source, "date") for name in dates) or date_columns(frame, ids, source)
        static = named.static_covariates
        if earlier is not None:  # whose values are known
            there = set(map(plain_name, map(str, frame.columns)))
            static = [name for name in static if plain_name(name) in there]
        names = chosen_columns(
            frame, named.target, named.past_covariates, named.future_covariates, {*days, *ids}, source, static
        )
        return cls(names, days, tuple(ids))


def _read(
    raw: RawTable,
    columns: _Columns,
    source: str,
    reading: Reading,
    frequency: Frequency | None,
    known_ids: Collection[str],
    known_words: Collection[str],
    earlier: Form | None,
    notes: Notes,
) -> tuple[Rows, Integers, StaticCovariates]:
    """Return the rows in the order of the table, the place of the series of each, and the static covariates."""
    frame = raw.frame
    ids = read_ids(frame, columns.ids, source, known_ids, written=raw.delimiter is not None)
    if columns.dates:
        days = dates(frame, columns.dates, source, dayfirst=reading.dayfirst, earlier=earlier, frequency=frequency)
    else:
        days = numbered_rows(ids.places, source, earlier)
    notes.quote(days.notes)
    around = Surroundings(
        reading=reading,
        earlier=earlier,
        delimiter=raw.delimiter,
        apart={*columns.dates, *columns.ids},
        series=ids.places if columns.ids else None,
    )
    read = read_numbers(frame, columns.names.all, source, around)
    notes.quote(read.notes)
    static, notes_of_static = read_static(
        frame, columns.names.static_covariates, ids.places, ids.texts, source, around, known_words
    )
    notes.quote(notes_of_static)
    form = Form(
        decimal=read.decimal,
        thousands=read.thousands,
        dayfirst=earlier.dayfirst if days.dayfirst is None and earlier is not None else days.dayfirst,
        date_unit=days.unit,
        zone=days.zone,
        date_columns=columns.dates,
        id_columns=columns.ids if len(columns.ids) > 1 else (),
        id_kinds=ids.kinds,
        units=read.units,
        instants=days.instants,
        factors=read.factors,
    )
    start = np.zeros(1, dtype=np.int64)
    rows = Rows(source, columns.names, form, ids.texts, start, days.index, read.values, frame.index)
    return rows, ids.places, static


def _names(argument: str, names: object) -> list[str]:
    """Return a name or a sequence of names as a list; InputTypeError if it is neither."""
    if isinstance(names, str):
        return [names]
    if isinstance(names, Iterable) and not isinstance(names, Mapping | Set):  # those of a set have no order
        several = list(names)
        if all(isinstance(name, str) for name in several):
            return several
    raise InputTypeError(f"{argument} is {shown(names)}; expected the name of a column, or a list of names.")


def _frequency(rows: Rows, calendar: str | None, notes: Notes) -> Frequency:
    """Return the frequency of the longest series; series that deviate from it are noted."""
    lengths = rows.stops - rows.starts
    longest = int(lengths.argmax())
    try:
        infer = infer_frequency_of_rows if rows.form.date_unit == "rows" else infer_frequency
        frequency = infer(rows.dates[rows.starts[longest] : rows.stops[longest]], calendar)
    except InputError as error:
        raise InputError(f"{rows.source}: {error}") from error
    if len(lengths) > 1:
        usual = _usual_gaps(rows)
        odd = (lengths >= 5) & ~((usual > usual[longest] / 2) & (usual < usual[longest] * 2))
        text = f"rows are farther apart or closer than those of series {shown(rows.ids[longest])} ({frequency.name})"
        notes.add(text, [rows.ids[place] for place in np.flatnonzero(odd).tolist()])
    return frequency


def _usual_gaps(rows: Rows) -> Floats:
    """Return the median time between the rows of each series, 0 for a series of one row, [S]."""
    usual = np.zeros(len(rows.starts))
    for places, days in of_equal_length(rows.dates.to_numpy().view(np.int64)[:, None], rows.stops - rows.starts):
        if days.shape[1] > 1:
            usual[places] = np.median(np.diff(days[:, :, 0], axis=1), axis=1)
    return usual
