"""Read the data that a forecaster is given, as its settings say, into a checked table."""

import warnings
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from recurra.errors import InputError, counted, shown_path
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.reading import ReadingSettings, said
from recurra.sources.origin import BUNDLED, Origin, origin_of
from recurra.stages import stage
from recurra.tables.data_frame import AnyFrame
from recurra.tables.dates.frequency import Frequency
from recurra.tables.files.reader import is_workbook
from recurra.tables.files.temporary import Source, is_source, name_of
from recurra.tables.form import Form
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

Data: TypeAlias = "Table | AnyFrame | Source"


def read_table(
    settings: ForecasterSettings,
    data: Data,
    columns: Mapping[str, Any] | None = None,
    frequency: Frequency | None = None,
    known_ids: Collection[str] = (),
    earlier: Form | None = None,
    origin: Origin | None = None,
    any_source: bool = False,
) -> Table:
    """Return data as a checked table, and warn of its notes; see `make_table`. A table is returned as it is.

    Args:
        settings: settings that name the columns and say how missing values are treated.
        data: table, frame, path of a file, or open file.
        columns: target and covariates in place of those of the settings; see `Predictor.columns`.
        frequency: time between rows; inferred by default.
        known_ids: ids of series that may have few rows; see `make_table`.
        earlier: how the table was read of which these are newer rows.
        origin: where daily bars come from; None: as a file in the cache of downloads says.
        any_source: whether newer rows may come from another provider, or be adjusted otherwise.

    Raises:
        InputError: if the table is invalid, or comes from another source than the earlier one.
    """
    if isinstance(data, Table):
        return data
    if origin is None and isinstance(data, str | Path):
        origin = origin_of(Path(data))
    if earlier is not None and origin is not None and not any_source:
        _check_origin(origin, earlier, shown_path(data))
    named = {
        "target": settings.target,
        "past_covariates": settings.past_covariates,
        "future_covariates": settings.future_covariates,
        "static_covariates": settings.static_covariates,
    }
    with stage(f"reading {name_of(data) if is_source(data) else 'the table'}"):
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
            sheet=settings.sheet,
            max_unpacked=settings.max_unpacked,
            earlier=earlier,
        )
    if earlier is not None:  # the origin of the training rows is kept
        table = replace(table, form=replace(table.form, provider=earlier.provider, adjust=earlier.adjust))
    elif origin is not None:
        notes = table.notes if origin.provider == BUNDLED else (origin.note, *table.notes)
        form = replace(table.form, provider=origin.provider, adjust=origin.adjust)
        table = replace(table, form=form, notes=notes)
    for note in table.notes:
        warnings.warn(f"{table.source}: {note}", stacklevel=4)
    return table


def settings_of_newer_rows(
    settings: ForecasterSettings, said_of_them: ReadingSettings, data: Data
) -> ForecasterSettings:
    """Return the settings with which newer rows are read: those of the fit, but for what is said.

    A sheet that the fit named is one of spreadsheets; newer rows may also come in another file.
    """
    if settings.sheet is not None and not is_workbook(data):
        settings = replace(settings, sheet=None)
    return replace(settings, **said(said_of_them))


def _check_origin(origin: Origin, earlier: Form, source: str) -> None:
    """Raise an InputError if newer bars come from another provider than the earlier ones, or are adjusted otherwise."""
    if earlier.provider is None or (origin.provider, origin.adjust) == (earlier.provider, earlier.adjust):
        return
    raise InputError(
        f"{source} holds bars from {origin}, and the model was trained on bars from {earlier.provider} "
        f"({earlier.adjust}), whose prices may differ; give bars of that kind, or allow others with --any-source "
        "(in Python any_source=True)."
    )


def with_target(data: Data, y: ArrayLike | None, name: str) -> Data:
    """Return a DataFrame with the values `y` in the column `name`, as scikit-learn passes them; the data if it is None.

    Raises:
        InputError: if the data is not a DataFrame without that column, or `y` has not one value for each row.
    """
    if y is None:
        return data
    import narwhals as nw

    frame: Any = nw.from_native(data, eager_only=True, pass_through=True)
    if not isinstance(frame, nw.DataFrame) or name in frame.columns:
        raise InputError(
            f"Forecaster: y was given, but the data is not a DataFrame without the column {name!r}; "
            "leave y out, or leave the target out of the DataFrame."
        )
    try:
        values = np.asarray(y)
    except ValueError:  # lists of different lengths
        values = np.empty((0, 0))
    if values.shape not in {(len(frame),), (len(frame), 1)}:
        raise InputError(
            f"Forecaster: y has the shape {values.shape}; expected one value for each of {counted(len(frame), 'row')}."
        )
    if isinstance(data, pd.DataFrame):
        return data.assign(**{name: values.reshape(-1)})
    target = nw.new_series(name, values.reshape(-1), backend=frame.implementation)
    return cast("Data", frame.with_columns(target).to_native())
