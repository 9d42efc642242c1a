"""Read the data that a forecaster is given, as its settings say, into a checked table."""

import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from recurra.settings.forecasting import ForecasterSettings
from recurra.tables.dates.frequency import Frequency
from recurra.tables.form import Form
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

Data: TypeAlias = "Table | pd.DataFrame | pd.Series[Any] | str | Path"


def read_table(
    settings: ForecasterSettings,
    data: Data,
    columns: Mapping[str, Any] | None = None,
    frequency: Frequency | None = None,
    known_ids: Collection[str] = (),
    earlier: Form | None = None,
) -> Table:
    """Return data as a checked table, and warn of its notes; see `make_table`. A table is returned as it is.

    Args:
        settings: settings that name the columns and say how missing values are treated.
        data: table, DataFrame, Series, or CSV or Parquet file.
        columns: target, past_covariates and future_covariates in place of those of the settings.
        frequency: time between rows; inferred by default.
        known_ids: ids of series that may have few rows; see `make_table`.
        earlier: how the table was read of which these are newer rows.
    """
    if isinstance(data, Table):
        return data
    named = {
        "target": settings.target,
        "past_covariates": settings.past_covariates,
        "future_covariates": settings.future_covariates,
    }
    table = make_table(
        data,
        **(named if columns is None else columns),
        date=settings.date,
        id=settings.id,
        missing=settings.missing,
        calendar=settings.calendar,
        frequency=frequency,
        known_ids=known_ids,
        decimal=settings.decimal,
        thousands=settings.thousands,
        dayfirst=settings.dayfirst,
        encoding=settings.encoding,
        max_unpacked=settings.max_unpacked,
        earlier=earlier,
    )
    for note in table.notes:
        warnings.warn(f"{table.source}: {note}", stacklevel=4)
    return table
