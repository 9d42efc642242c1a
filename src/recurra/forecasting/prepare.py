"""What a fit begins with: a checked table, its plan, the fitted transform, and samples."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import torch

from recurra.errors import InputError, counted, shown
from recurra.forecasting.choices import season_and_window, usual_rows_of
from recurra.forecasting.plan import (
    Plan,
    context_of,
    lag_of,
    lower_of,
    require_counts,
    require_positive,
)
from recurra.forecasting.samples import WindowSamples
from recurra.forecasting.transforms.chain import Transform
from recurra.forecasting.transforms.steps import Rows
from recurra.forecasting.transforms.window import Base
from recurra.settings.forecasting import COUNTING, PREDICTING_QUANTILES, ForecasterSettings, transformations_of
from recurra.settings.training import TrainingOptions
from recurra.tables.arrays import Booleans, Integers
from recurra.tables.origins import Origins
from recurra.tables.split import Splits
from recurra.tables.table import Table
from recurra.threads import one_thread

PASSES, LEAST_STEPS, MOST_STEPS = 7, 15, 1500  # over the samples; steps, where the settings leave them open
MOST_ROWS = 30_000  # of all steps, in the window of a sample: long windows take fewer steps, which take longer


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table prepared for a fit, with everything decided and checked; `Forecaster.fit` takes it in place of data.

    Attributes:
        settings: the checked settings.
        table: the series.
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

    @property
    def training_settings(self) -> ForecasterSettings:
        """The settings, with as many steps as the training samples ask for if the settings leave that open."""
        steps = self.settings.steps
        if steps is None and self.settings.epochs is not None:
            return self.settings
        if steps is None or steps == "auto":
            passes = PASSES * len(self.parts[0]) / self.settings.batch_size
            most = max(min(MOST_STEPS, MOST_ROWS // self.plan.window), LEAST_STEPS)
            steps = round(min(max(passes, LEAST_STEPS), most))
        return replace(self.settings, steps=steps, epochs=TrainingOptions.epochs)  # a number, though it is not used

    @property
    def has_missing_targets(self) -> bool:
        """Whether targets of the samples may be missing."""
        return self.plan.masked or any(part.windows.after is not None for part in self.parts)

    def check_made_for(self, settings: ForecasterSettings, *, early: bool) -> None:
        """Raise an InputError if it was not made with these settings.

        Args:
            settings: checked settings.
            early: whether future covariates are read early; see `prepare`.
        """
        if self.settings != settings:
            raise InputError("Forecaster: the data was prepared with other parameters; call prepare again.")
        if (early and bool(self.table.future_covariates)) != bool(self.plan.early):
            raise InputError(
                "Forecaster: the data was prepared for another run; call prepare(data, run=run) with this one."
            )

    def check_next(self, table: Table) -> None:
        """Raise the errors that training again on a table, or predicting the rows after its last ones, would raise.

        Args:
            table: the series of the fit, with newer rows.
        """
        require_positive(table, self.plan.scaling)
        lower_of(self.settings, table)
        if self.settings.loss == COUNTING:
            require_counts(table)
        self.transform.check_size(self.transform.transform(table), table)
        self.transform.check_future(table, Origins.after_last(table))
        table.following(self.plan.horizon)


def prepare(settings: ForecasterSettings, table: Table, *, early: bool = False) -> Prepared:
    """Split a table, plan, fit the transform to the training rows, and cut samples.

    A series that is too short for a whole window and horizon in each part is trained on with what it has, padded; one
    that is too short for a validation part has none. If all are, and scaling is auto, there is no validation part.

    Args:
        settings: checked settings.
        table: the series.
        early: whether to read future covariates one horizon early, as runs of format 1 do.

    Raises:
        InputError: if every series is too short, or one does not suit the scaling.
    """
    ahead = settings.horizon if early and table.future_covariates else 0
    splits = splits_of(settings, table)
    usual_rows, season, window, long = _long_enough(settings, table, splits, max(ahead, 1))
    if not long.any() and settings.validation and transformations_of(settings) == ("auto",):
        without = Splits.of(table.lengths, horizon=settings.horizon)
        usual_rows, season, window, found = _long_enough(settings, table, without, max(ahead, 1))
        if found.any():
            splits, long = without, found
            own = settings.loss in PREDICTING_QUANTILES
            intervals = "the intervals are those of the network, not calibrated" if own else "there are no intervals"
            warnings.warn(f"{table.source}: its series are too short for a validation part; {intervals}.", stacklevel=2)
    if not long.any():
        raise _too_short(settings, table, splits, season, window)
    training = np.where(long, splits.training, table.lengths)
    validated = np.where(long, training + splits.validation, table.lengths)
    filled = table.interpolated(training) if settings.missing == "interpolate" else table
    plan = Plan.of(settings, filled, training, usual_rows, season, window, ahead)
    prepared, rows = _prepared(settings, plan, filled, training, padded=not long.all())
    if not splits.validation.any():
        return replace(prepared, table=table)
    validation = Origins.of_part(training, validated, plan.context, plan.horizon)
    transform = prepared.transform
    rows = rows if filled is table else transform.transform(table)
    windows = transform.windows(rows, table, validation, torch.device(settings.device))
    samples = WindowSamples(windows, transform.window, plan)
    return replace(prepared, table=table, parts=(*prepared.parts, samples), validation=validation)


def prepare_again(settings: ForecasterSettings, plan: Plan, table: Table) -> Prepared:
    """Fit the transform to all rows of a table, and cut samples of all of them, by the plan of an earlier fit.

    What scaling auto decides is decided again, as more rows may show a season that fewer did not.

    Args:
        settings: the settings of the earlier fit.
        plan: its plan, but for the lower bound, which the new rows may change.
        table: the series, with all their rows.

    Raises:
        InputError: if a value does not suit the scaling, the loss or the lower bound, or all series are too short.
    """
    filled = table.interpolated(table.lengths) if settings.missing == "interpolate" else table
    if transformations_of(settings) == ("auto",):
        usual_rows = usual_rows_of(table.lengths, settings.horizon)
        season, window = season_and_window(settings, table, usual_rows, max(plan.early, 1))
        plan = Plan.of(settings, filled, table.lengths, usual_rows, season, window, plan.early)
    else:
        plan = replace(plan, lower=lower_of(settings, table))
    if settings.loss == COUNTING:
        require_counts(table)
    if table.lengths.max() <= plan.needed:
        raise InputError(
            f"{table.source}: the longest series has {counted(int(table.lengths.max()), 'row')}; training needs "
            f"{plan.needed + 1}: give more rows."
        )
    padded = bool((table.lengths < plan.context + plan.horizon).any())
    return replace(_prepared(settings, plan, filled, table.lengths, padded=padded)[0], table=table)


def _prepared(
    settings: ForecasterSettings, plan: Plan, table: Table, training: Integers, *, padded: bool
) -> tuple[Prepared, Rows]:
    """Fit the transform to the first `training` [S] rows of each series, and cut samples of them.

    Returns:
        What was prepared, without a validation part; and the scaled rows of the table.
    """
    transform, rows = Transform.fit(plan, table, training)
    origins, stops = _training_origins(plan, training, padded=padded)
    windows = transform.windows(rows, table, origins, torch.device(settings.device), stops)
    with one_thread():
        transform = transform.fit_windows(windows)
    samples = WindowSamples(windows, transform.window, plan)
    return Prepared(settings, table, plan, transform, (samples,), None), rows


def _training_origins(plan: Plan, training: Integers, *, padded: bool) -> tuple[Origins, Integers | None]:
    """Return the origins of the training samples, and where the rows of each series end with which they are compared.

    Args:
        plan: the plan.
        training: number of training rows of each series, [S].
        padded: whether windows may begin, and horizons may end, outside the training rows.
    """
    start = np.zeros_like(training)
    if not padded:
        return Origins.of_part(start, training, plan.context, plan.horizon), None
    if plan.future_size or plan.early:  # which are known for whole horizons
        return Origins.of_part(start, training, plan.needed, plan.horizon), None
    return Origins.of_part(start, training, plan.needed, 1), training


def splits_of(settings: ForecasterSettings, table: Table) -> Splits:
    """Return how each series is split into training and validation rows."""
    try:
        return Splits.of(table.lengths, horizon=settings.horizon, validation=settings.validation)
    except InputError as error:
        raise InputError(f"{table.source}: {error}") from error


def _long_enough(
    settings: ForecasterSettings, table: Table, splits: Splits, at_least: int
) -> tuple[int, int, int, Booleans]:
    """Return the rows of a usual series, season, window, and which series have a whole sample in each part, [S]."""
    usual_rows = usual_rows_of(splits.training[splits.enough], settings.horizon)
    season, window = season_and_window(settings, table, usual_rows, at_least)
    needed = _needed(settings, season, window)
    validated = (splits.validation == 0) | (splits.validation >= settings.horizon)
    return usual_rows, season, window, splits.enough & (splits.training >= needed) & validated


def _needed(settings: ForecasterSettings, season: int, window: int) -> int:
    """Return the number of training rows of a series that make a whole sample."""
    base: Base = "seasonal" if settings.residual == "seasonal" else "last"
    return context_of(window, season, lag_of(transformations_of(settings), season), base) + settings.horizon


def _too_short(settings: ForecasterSettings, table: Table, splits: Splits, season: int, window: int) -> InputError:
    """Return the error that says which part of the longest series is too short."""
    needed = _needed(settings, season, window)
    longest = int(table.lengths.argmax())
    training, validation = int(splits.training[longest]), int(splits.validation[longest])
    whose = f" of series {shown(table.ids[longest])}" if table.ids[longest] else ""
    if training < needed:
        return InputError(
            f"{table.source}: the training part{whose} has {counted(training, 'row')}; a window of {window} and "
            f"a horizon of {settings.horizon} need at least {needed} there: give more rows, a smaller window, or "
            "smaller parts for validation and test."
        )
    return InputError(
        f"{table.source}: the validation part{whose} has {counted(validation, 'row')}, and a horizon of "
        f"{settings.horizon} needs at least as many: make validation larger, or 0 for none."
    )
