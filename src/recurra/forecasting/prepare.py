"""What a fit begins with: a checked table, its plan, the fitted transform, and samples."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch

from recurra.errors import InputError, counted, series_left_out, shown
from recurra.forecasting.plan import Plan, context_of, lag_of, require_positive, season_and_window
from recurra.forecasting.samples import WindowSamples
from recurra.forecasting.transforms.chain import Transform
from recurra.forecasting.transforms.window import Base
from recurra.settings.forecasting import ForecasterSettings, transformations_of
from recurra.tables.origins import Origins
from recurra.tables.split import Splits
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
        validation: the origins of the validation part; None if there is none.
    """

    settings: ForecasterSettings
    table: Table
    plan: Plan
    transform: Transform
    parts: tuple[WindowSamples, ...]
    validation: Origins | None

    def check_next(self, table: Table) -> None:
        """Raise the errors that predicting the rows after the last ones of a table would raise.

        Args:
            table: the series of the fit, with newer rows.
        """
        require_positive(table, self.plan.scaling)
        self.transform.check_series(table)
        self.transform.check_size(self.transform.transform(table), table)
        self.transform.check_future(table, Origins.after_last(table))
        table.following(self.plan.horizon)


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
    splits = splits_of(settings, table)
    usual_rows = int(np.median(splits.training[splits.enough]))
    ahead = settings.horizon if early and table.future_covariates else 0
    season, window = season_and_window(settings, table, usual_rows, max(ahead, 1))
    table, splits = _long_enough(table, splits, settings, season, window)
    training = splits.training
    training_table = table.interpolated(training) if settings.missing == "interpolate" else table
    plan = Plan.of(settings, training_table, training, season, window, ahead)
    transform, rows = Transform.fit(plan, training_table, training)
    device = torch.device(settings.device)
    validated = training + splits.validation
    trained_on = Origins.of_part(np.zeros_like(training), training, plan.context, plan.horizon)
    validation = Origins.of_part(training, validated, plan.context, plan.horizon) if settings.validation else None
    windows = [transform.windows(rows, training_table, trained_on, device)]
    with one_thread():
        transform = transform.fit_windows(windows[0])
    if validation is not None:
        rows = rows if training_table is table else transform.transform(table)
        windows.append(transform.windows(rows, table, validation, device))
    parts = tuple(WindowSamples(part, transform.window, plan.future_size) for part in windows)
    return Prepared(settings, table, plan, transform, parts, validation)


def splits_of(settings: ForecasterSettings, table: Table) -> Splits:
    """Return how each series is split into training and validation rows."""
    try:
        return Splits.of(table.lengths, horizon=settings.horizon, validation=settings.validation)
    except InputError as error:
        raise InputError(f"{table.source}: {error}") from error


def _long_enough(
    table: Table, splits: Splits, settings: ForecasterSettings, season: int, window: int
) -> tuple[Table, Splits]:
    """Return the series that have a sample in each part, with their splits; InputError if none has."""
    base: Base = "seasonal" if settings.residual == "seasonal" else "last"
    needed = context_of(window, season, lag_of(transformations_of(settings), season), base) + settings.horizon
    validated = (splits.validation == 0) | (splits.validation >= settings.horizon)
    kept = splits.enough & (splits.training >= needed) & validated
    if kept.any():
        if not kept.all():
            gone = [table.ids[place] for place in np.flatnonzero(~kept).tolist()]
            why = f"too short for a window of {window} and a horizon of {settings.horizon} in each part"
            rows = f" with {counted(int(table.lengths[kept.argmin()]), 'row')} to learn from"
            warnings.warn(f"{table.source}: {series_left_out(gone, len(kept), why, rows)}", stacklevel=2)
        return table.where(kept), splits.where(kept)
    longest = int(table.lengths.argmax())
    training, validation = int(splits.training[longest]), int(splits.validation[longest])
    whose = f" of series {shown(table.ids[longest])}" if table.ids[longest] else ""
    if training < needed:
        raise InputError(
            f"{table.source}: the training part{whose} has {counted(training, 'row')}; a window of {window} and "
            f"a horizon of {settings.horizon} need at least {needed} there: give more rows, a smaller window, or "
            "smaller parts for validation and test."
        )
    raise InputError(
        f"{table.source}: the validation part{whose} has {counted(validation, 'row')}, and a horizon of "
        f"{settings.horizon} needs at least as many: make validation larger, or 0 for none."
    )
