"""What a fit begins with: a checked table, its plan, the fitted transform, and samples."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from recurra.errors import InputError, counted, series_left_out, shown
from recurra.forecasting.origins import origins_of_part
from recurra.forecasting.plan import Plan, context_of, lag_of, require_positive, season_and_window
from recurra.forecasting.samples import WindowSamples
from recurra.forecasting.transforms.chain import Transform
from recurra.forecasting.transforms.window import Base
from recurra.settings.forecasting import ForecasterSettings, transformations_of
from recurra.tables.arrays import Origins
from recurra.tables.split import Split
from recurra.tables.table import Table
from recurra.threads import one_thread


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table prepared for a fit, with everything decided and checked; `Forecaster.fit` takes it in place of data.

    Attributes:
        settings: the checked settings.
        table: the series that are long enough.
        plan: what was decided about them.
        transform: the chain of transforms, fitted to the training rows.
        parts: samples for training and, if there is a validation part, for validation.
        validation: for each series, the origins of the validation part; empty if there is none.
    """

    settings: ForecasterSettings
    table: Table
    plan: Plan
    transform: Transform
    parts: tuple[WindowSamples, ...]
    validation: tuple[Origins, ...]

    def check_next(self, table: Table) -> None:
        """Raise the errors that predicting the rows after the last ones of a table would raise.

        Args:
            table: the series of the fit, with newer rows.
        """
        require_positive(table, self.plan.scaling)
        self.transform.check_series(table)
        self.transform.check_size(self.transform.transform(table), table)
        self.transform.check_future(table, [np.array([len(series.dates)]) for series in table.series])
        for series in table.series:
            table.following(series, self.plan.horizon)


def prepare(settings: ForecasterSettings, table: Table, *, early: bool = False) -> Prepared:
    """Split a table, plan, fit the transform to the training rows, and cut samples.

    A series that is too short for one sample of each part is left out, and a warning says so.

    Args:
        settings: checked settings.
        table: the series.
        early: whether to read future covariates one horizon early, as runs of format 1 do.

    Raises:
        InputError: if every series is too short, or one does not suit the scaling.
    """
    cuts = splits_of(settings, table)
    usual_rows = int(np.median([cut.training for cut in cuts if cut is not None]))
    ahead = settings.horizon if early and table.future_covariates else 0
    season, window = season_and_window(settings, table, usual_rows, max(ahead, 1))
    table, splits = _long_enough(table, cuts, settings, season, window)
    training = np.array([split.training for split in splits], dtype=np.int64)
    training_table = table
    if settings.missing == "interpolate":
        lines = (series.interpolated(rows) for series, rows in zip(table.series, training, strict=True))
        training_table = replace(table, series=tuple(lines))
    plan = Plan.of(settings, training_table, training, season, window, ahead)
    transform, rows = Transform.fit(plan, training_table, training)
    device = torch.device(settings.device)
    places = [
        [origins_of_part(s.bounds[part], s.bounds[part + 1], plan.context, plan.horizon) for s in splits]
        for part in (0, 1)
    ]
    windows = [transform.windows(rows, training_table, places[0], device)]
    with one_thread():
        transform = transform.fit_windows(windows[0])
    if settings.validation:
        rows = rows if training_table is table else transform.transform(table)
        windows.append(transform.windows(rows, table, places[1], device))
    parts = tuple(WindowSamples(part, transform.window, plan.future_size) for part in windows)
    return Prepared(settings, table, plan, transform, parts, tuple(places[1]) if settings.validation else ())


def splits_of(settings: ForecasterSettings, table: Table) -> list[Split | None]:
    """Return how each series is split into training and validation rows; None for one that is too short for that."""
    lengths = [len(series.dates) for series in table.series]
    try:
        return Split.of_each(lengths, horizon=settings.horizon, validation=settings.validation)
    except InputError as error:
        raise InputError(f"{table.source}: {error}") from error


def _long_enough(
    table: Table, splits: Sequence[Split | None], settings: ForecasterSettings, season: int, window: int
) -> tuple[Table, list[Split]]:
    """Return the series that have a sample in each part, with their splits; InputError if none has."""
    base: Base = "seasonal" if settings.residual == "seasonal" else "last"
    needed = context_of(window, season, lag_of(transformations_of(settings), season), base) + settings.horizon
    kept = [
        (series, split)
        for series, split in zip(table.series, splits, strict=True)
        if split is not None
        and split.training >= needed
        and (not split.validation or split.validation >= settings.horizon)
    ]
    if kept:
        ids = {series.id for series, _ in kept}
        if gone := [series for series in table.series if series.id not in ids]:
            why = f"too short for a window of {window} and a horizon of {settings.horizon} in each part"
            rows = f" with {counted(len(gone[0].dates), 'row')} to learn from"
            said = series_left_out([series.id for series in gone], len(splits), why, rows)
            warnings.warn(f"{table.source}: {said}", stacklevel=2)
        return replace(table, series=tuple(series for series, _ in kept)), [split for _, split in kept]
    series, split = max(zip(table.series, splits, strict=True), key=lambda pair: len(pair[0].dates))
    assert split is not None  # the longest series
    whose = f" of series {shown(series.id)}" if series.id else ""
    if split.training < needed:
        raise InputError(
            f"{table.source}: the training part{whose} has {counted(split.training, 'row')}; a window of {window} and "
            f"a horizon of {settings.horizon} need at least {needed} there: give more rows, a smaller window, or "
            "smaller parts for validation and test."
        )
    raise InputError(
        f"{table.source}: the validation part{whose} has {counted(split.validation, 'row')}, and a horizon of "
        f"{settings.horizon} needs at least as many: make validation larger, or 0 for none."
    )
