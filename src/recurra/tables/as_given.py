"""Forecasts as the table came of which they are: its ids, its time zone, and the library of its frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from recurra.tables.columns import DATE, ID
from recurra.tables.dates.numbered import UNIX, numbers_of
from recurra.tables.dates.zones import zoned
from recurra.tables.form import Form, RawTable
from recurra.tables.series_ids import parts_of_ids

DATES_OF_FORECASTS = (DATE, "cutoff")


@dataclass(frozen=True)
class GivenTypes:
    """The library of a frame, and in which types it gave its dates and ids.

    Attributes:
        library: the library, as narwhals names it; None for pandas.
        date: type of the dates, of narwhals or of pandas; None if they are in several columns, or in none.
        ids: types of the columns of ids.
    """

    library: Any
    date: Any
    ids: tuple[Any, ...]

    @classmethod
    def of(cls, raw: RawTable, dates: Sequence[str], ids: Sequence[str]) -> "GivenTypes":
        """Return the types of the columns of dates and ids of a frame."""
        single = dates[0] if len(dates) == 1 else None
        if raw.kind is None:
            own = None if single is None else _date_type(raw.frame[single])
            return cls(None, own, tuple(raw.frame.dtypes[name] for name in ids))
        own = None if single is None else raw.kind.types[single]
        return cls(raw.kind.library, own, tuple(raw.kind.types[name] for name in ids))


def _date_type(values: "pd.Series[Any]") -> Any:
    """Return the type of dates in pandas: that of the values if the column has objects."""
    return type(values.iloc[0]) if values.dtype == object else values.dtype


def as_given(frame: pd.DataFrame, form: Form, given: GivenTypes | None = None) -> Any:
    """Return forecasts with ids, dates and columns as the table gave them.

    Args:
        frame: forecasts, with local dates in the columns `ds` and `cutoff`, and ids as texts in `unique_id`.
        form: how the table was read.
        given: types of the frame; None for a file.

    Returns:
        A frame of pandas, or of the library of the table. Ids and dates that were integers are integers, and dates have
        the zone of the table; dates that were texts are datetimes. If there are several columns of ids, they follow
        `unique_id`.
    """
    own = {name: frame[name] for name in frame.columns}
    columns: dict[str, Any] = {}
    for name, values in own.items():
        if name in DATES_OF_FORECASTS:
            columns[name] = _dates(pd.DatetimeIndex(values), form, None if given is None else given.date)
        elif name == ID and form.id_columns:
            columns |= {ID: values} | {id_: part for id_, part in _several(values, form).items() if id_ not in frame}
        elif name == ID and form.id_kinds == ("integer",):
            columns[ID] = values.astype(np.int64)
        else:
            columns[name] = values
    if given is not None and given.library is not None:
        return _of_library(columns, given, dict(zip(form.id_columns or (ID,), given.ids, strict=False)))
    changed = {name: values for name, values in columns.items() if values is not own.get(name)}
    return pd.DataFrame(columns) if form.id_columns else frame.assign(**changed)  # which copies the others at once


def _dates(dates: pd.DatetimeIndex, form: Form, given: Any) -> "pd.Index[Any]":
    """Return dates as a table gave them, of which `given` is the type."""
    found = zoned(dates, form)
    if form.date_unit is not None and isinstance(found, pd.DatetimeIndex):
        instants = found if found.tz is None else found.tz_convert("UTC").tz_localize(None)
        return numbers_of(instants if form.date_unit in UNIX else dates, form.date_unit)
    if isinstance(given, pd.PeriodDtype):
        return pd.DatetimeIndex(found).tz_localize(None).astype(given)
    return pd.Index(pd.DatetimeIndex(found).date, dtype=object) if given is date else found


def _several(ids: "pd.Series[Any]", form: Form) -> dict[str, Any]:
    """Return the columns of which ids are joined."""
    codes, distinct = pd.factorize(ids)
    parts = np.array(parts_of_ids(list(distinct), len(form.id_columns)), dtype=object).reshape(len(distinct), -1)
    return {
        name: parts[codes, place].astype(np.int64 if kind == "integer" else object)
        for place, (name, kind) in enumerate(zip(form.id_columns, form.id_kinds, strict=True))
    }


def _of_library(columns: Mapping[str, Any], given: GivenTypes, ids: Mapping[str, Any]) -> Any:
    """Return columns as a frame of a library, with dates and ids in their types."""
    import narwhals as nw

    plain, zones = {}, {}
    for name, values in columns.items():
        zones[name] = str(zone) if (zone := getattr(values, "tz", None)) is not None else None
        plain[name] = np.asarray(values.tz_convert("UTC").tz_localize(None) if zones[name] else values)
    frame = nw.from_dict(plain, backend=given.library)
    for name in columns:
        column = nw.col(name)
        if name in DATES_OF_FORECASTS and isinstance(columns[name], pd.DatetimeIndex):
            if zone := zones[name]:
                column = column.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            unit: Any = getattr(given.date, "time_unit", "us")  # of dates that were texts, microseconds
            column = column.cast(nw.Date if given.date == nw.Date else nw.Datetime(unit, zone))
            frame = frame.with_columns(column)
        elif name in DATES_OF_FORECASTS and given.date is not None and given.date.is_integer():
            frame = frame.with_columns(column.cast(given.date))
        elif name in ids and (ids[name].is_integer() or ids[name] in {nw.String, nw.Categorical, nw.Enum}):
            frame = frame.with_columns(column.cast(ids[name]))
    return frame.to_native()
