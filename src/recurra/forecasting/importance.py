"""Permutation importance of the covariates of a fitted forecaster, measured on its validation part."""

import numpy as np
import torch

from recurra.errors import InputError, counted
from recurra.evaluation.importance import PermutationImportance
from recurra.forecasting.arguments import ImportanceArguments
from recurra.forecasting.predictor import Predictor
from recurra.forecasting.prepare import Prepared, prepare
from recurra.forecasting.read import Data, read_table
from recurra.forecasting.samples import WindowSamples
from recurra.forecasting.windows import ExchangedSeries, ExchangedWindows, Windows
from recurra.settings.check import check
from recurra.stages import stage
from recurra.tables.arrays import Integers

N_REPEATS = 5
MOST_FORECASTS = 10_000  # of more, so many are drawn


def importance_on_data(predictor: Predictor, data: "Data | Prepared", n_repeats: int) -> PermutationImportance:
    """Measure how much each covariate matters; see `Forecaster.permutation_importance`."""
    name, settings, plan = "Forecaster.permutation_importance", predictor.settings, predictor.plan
    arguments = check(ImportanceArguments, {"n_repeats": n_repeats}, name, noun="argument")
    if not isinstance(data, Prepared):
        data = prepare(settings, read_table(settings, data), early=plan.early > 0)
    same_series = data.transform.ids == predictor.ids and data.table.last_dates.equals(predictor.cutoffs)
    if not same_series or data.plan != plan:
        raise InputError(
            f"{data.table.source}: its series, rows or columns are not those of the fit; give the same data."
        )
    fitted, state = predictor.transform.state(), data.transform.state()
    if any(not np.array_equal(fitted[key], state[key]) for key in state):
        raise InputError(
            f"{name}: the network was trained again on all rows, those of the validation part included; measure the "
            "importance before refit."
        )
    found = permutation_importance(predictor, data, arguments.n_repeats)
    if found is None:
        raise InputError(
            f"{name} requires covariates, and two forecasts in the validation part at least; this model has "
            f"{counted(len(plan.names) - 1 + len(plan.static), 'covariate')} and validation={settings.validation}."
        )
    return found


def no_covariate_matters(predictor: Predictor) -> bool:
    """Return whether there are covariates, and forecasts do without, as the network's correction has no weight."""
    plan = predictor.plan
    has_covariates = len(plan.names) > 1 or len(plan.static) > 0
    return has_covariates and predictor.weight == 0.0 and plan.base_column == 0


def permutation_importance(
    predictor: Predictor, prepared: Prepared, n_repeats: int = N_REPEATS
) -> PermutationImportance | None:
    """Measure how much each covariate matters to the forecasts of the validation part.

    A covariate's importance is the increase of the mean absolute error when its values are permuted among the forecasts
    (Breiman 2001; Fisher, Rudin & Dominici 2019): each forecast is given all that another one was given of the
    covariate: the rows of its window and those after its origin, or the one value of its series if it is static. Errors
    are scaled by series and window, as in the calibration of intervals.

    It says what the fitted network relies on, not what causes the target. A covariate that moves with others, as the
    prices of a share do, is torn from them, so that its importance is that of values which never occur together
    (Hooker, Mentch & Zhou 2021); and of two that say the same, each may seem to matter little.

    Args:
        predictor: the fitted predictor.
        prepared: what it was fitted to.
        n_repeats: number of permutations, which are the same for all covariates; the seed of the fit draws them.

    Returns:
        The importances; None if there is no covariate, or the validation part has fewer than two forecasts.
    """
    plan, validation, transform = predictor.plan, prepared.validation, predictor.transform
    names = (*plan.names[1:], *(own.name for own in plan.static))
    if validation is None or not names:
        return None
    truth = transform.truth(prepared.table, validation)
    scored = np.flatnonzero(np.isfinite(truth).any(axis=1))
    if len(scored) < 2:
        return None
    rng = np.random.default_rng(predictor.settings.seed)
    chosen = np.sort(rng.permutation(scored)[:MOST_FORECASTS])
    samples = prepared.parts[1]
    windows, truth = samples.windows.chosen(chosen), truth[chosen]
    before = transform.before(prepared.table, validation)[chosen]
    scale = transform.error_scale(windows, torch.arange(len(windows), device=windows.device))

    def loss(given: Windows) -> float:
        found = predictor.answered(WindowSamples(given, samples.scaling, plan), before)
        return float(np.nanmean(np.abs(found.point - truth) / scale))

    def exchanged(place: int, order: Integers) -> Windows:
        """Return the samples with a covariate of others, whose place among the names is given."""
        if (column := place + 1) < len(plan.names):
            return ExchangedWindows(windows, column, order)
        return ExchangedSeries(windows, column - len(plan.names), order)

    orders = [rng.permutation(len(windows)) for _ in range(n_repeats)]
    with stage(f"permuting the covariates of {prepared.table.source}"):
        unchanged = loss(windows)
        increases = [[loss(exchanged(place, order)) - unchanged for order in orders] for place in range(len(names))]
    return PermutationImportance(names, unchanged, np.array(increases))
