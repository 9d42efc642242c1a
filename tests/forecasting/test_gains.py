"""What each step of the default recipe gains on series that were made to need it.

What the hour of the week gains is in test_recipe.py, and what the spread of a window does in test_spread.py.
"""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from recurra import Forecaster
from recurra.evaluation import conformal_quantiles
from recurra.evaluation.conformal import Answers
from recurra.forecasting import choices, plan, predictor
from recurra.forecasting.answers import WEIGHTS
from recurra.forecasting.transforms import seasonality
from recurra.nn import heads

Values = NDArray[np.float64]
Made = Callable[[np.random.Generator, Values], Values]  # the values of one series in so many months
ROWS, HORIZON, SERIES = 72, 12, 20
SETTINGS: dict[str, Any] = {"horizon": HORIZON, "window": 12, "units": 8, "steps": 60}
RECIPE = ["log", "deseasonalize", "subtract-level"]
UNTRAINED: dict[str, Any] = {"steps": 1, "learning_rate": 1e-9}  # so that the forecast is what the network corrects


def made(one: Made, rows: int = ROWS, horizon: int = HORIZON) -> tuple[pd.DataFrame, Values]:
    """Return monthly series but for their last horizon, and that horizon."""
    rng, months = np.random.default_rng(0), np.arange(rows + horizon, dtype=np.float64)
    values = np.stack([one(rng, months) for _ in range(SERIES)])
    dates = pd.date_range("2015-01-01", periods=rows, freq="MS")
    parts = [
        pd.DataFrame({"unique_id": f"s{place:02d}", "ds": dates, "y": own[:rows]}) for place, own in enumerate(values)
    ]
    return pd.concat(parts, ignore_index=True), values[:, rows:]


def error(data: pd.DataFrame, future: Values, **changed: Any) -> float:
    """Return the mean of |forecast - value| / mean value of the horizon."""
    found = Forecaster(**(SETTINGS | {"scaling": RECIPE} | changed)).fit(data).predict()["forecast"].to_numpy()
    return float(np.mean(np.abs(found.reshape(future.shape) - future) / future.mean(axis=1, keepdims=True)))


def season(rng: np.random.Generator, months: Values) -> Values:
    form = rng.normal(0, 0.3, 12)
    return np.asarray(form[months.astype(np.int64) % 12])


def growing(rng: np.random.Generator, months: Values) -> Values:
    """Growth by a share a month, and a season that grows with it."""
    return np.asarray(
        rng.uniform(10, 100) * np.exp(0.03 * months + season(rng, months) + rng.normal(0, 0.05, len(months)))
    )


def steady(rng: np.random.Generator, months: Values) -> Values:
    """A season of a form of its own about a level."""
    return np.asarray(rng.uniform(10, 100) * np.exp(season(rng, months) + rng.normal(0, 0.05, len(months))))


def restless(rng: np.random.Generator, months: Values) -> Values:
    """Chance about a level, in which the last value says little."""
    return np.asarray(rng.uniform(10, 100) * np.exp(rng.normal(0, 0.3, len(months))))


def lasting(rng: np.random.Generator, months: Values) -> Values:
    """A season that stays as it is, among much chance."""
    return np.asarray(rng.uniform(10, 100) * np.exp(season(rng, months) + rng.normal(0, 0.3, len(months))))


def drifting(rng: np.random.Generator, months: Values) -> Values:
    """A season whose form changes from year to year."""
    forms = rng.normal(0, 0.2, (len(months) // 12 + 1, 12)).cumsum(axis=0).ravel()[: len(months)]
    return np.asarray(rng.uniform(10, 100) * np.exp(forms + rng.normal(0, 0.05, len(months))))


def sometimes_zero(rng: np.random.Generator, months: Values) -> Values:
    """Growth, with a few months of nothing."""
    return growing(rng, months) * (rng.random(len(months)) > 0.04)


def skewed(rng: np.random.Generator, months: Values) -> Values:
    """Chance that now and then leads far up, and never far down."""
    return np.asarray(rng.uniform(10, 100) * np.exp(rng.exponential(0.4, len(months))))


def calm_or_restless(rng: np.random.Generator, months: Values) -> Values:
    """Chance of a size of its own, which doubles after the 60th month."""
    size = rng.choice([0.02, 0.3]) * np.where(months < 60, 1.0, 2.0)
    return np.asarray(rng.uniform(10, 100) * np.exp(size * rng.normal(size=len(months))))


def at_paces(first: float, then: float, last: float) -> Made:
    """Return what makes growth by a share a month that changes after 48 months, and again after 60."""

    def one(rng: np.random.Generator, months: Values) -> Values:
        pace = np.where(months < 48, first, np.where(months < 60, then, last))
        return np.asarray(rng.uniform(10, 100) * np.exp(pace.cumsum() + rng.normal(0, 0.03, len(months))))

    return one


@pytest.mark.parametrize(
    ("one", "without", "gain"),
    [
        (growing, ["deseasonalize", "standard", "subtract-level"], 0.8),
        (steady, ["log", "subtract-level"], 0.5),
    ],
    ids=["logarithms", "seasonal indices"],
)
def test_a_step_of_the_scaling_lowers_the_errors_of_series_that_need_it(
    one: Made, without: list[str], gain: float
) -> None:
    data, future = made(one)
    errors = error(data, future), error(data, future, scaling=without)
    assert errors[0] < gain * errors[1], errors


@pytest.mark.parametrize(
    ("one", "rows", "name", "instead", "gain"),
    [
        (drifting, 120, "HALF_LIFE", 1e9, 0.92),
        (lasting, 1200, "PART", 1e9, 0.985),
        (restless, 36, "_shrunk", lambda means, by_chance: means, 0.9),
    ],
    ids=["recent seasons count more", "in a long series less so", "shrinkage"],
)
def test_how_indices_are_estimated_lowers_the_errors_of_series_that_need_it(
    one: Made, rows: int, name: str, instead: Any, gain: float
) -> None:
    data, future = made(one, rows)
    found = error(data, future, **UNTRAINED)
    with patch.object(seasonality, name, instead):
        errors = found, error(data, future, **UNTRAINED)
    assert errors[0] < gain * errors[1], errors


def test_a_season_that_was_seen_once_and_a_half_is_a_better_forecast_than_the_level() -> None:
    data, future = made(steady, rows=18, horizon=6)
    settings: dict[str, Any] = {"horizon": 6, "scaling": "auto", "window": None, "steps": 30}
    found = error(data, future, **settings)
    with patch.object(choices, "shows_one_season", lambda *given: False):
        errors = found, error(data, future, **settings)
    assert errors[0] < 0.5 * errors[1], errors


def test_logarithms_of_a_few_zeros_need_an_offset_that_is_not_tiny_and_are_better_than_none() -> None:
    data, future = made(sometimes_zero)
    found = error(data, future)
    with patch.object(plan, "OFFSET", 1e-4):
        errors = (
            found,
            error(data, future),
            error(data, future, scaling=["deseasonalize", "standard", "subtract-level"]),
        )
    assert errors[0] < 0.9 * errors[1], errors
    assert errors[0] < 0.95 * errors[2], errors


def test_the_level_is_a_better_forecast_than_the_last_value_of_restless_series() -> None:
    data, future = made(restless)
    last = {"scaling": ["log", "deseasonalize", "subtract-last"], "residual": "last"}
    errors = error(data, future, **UNTRAINED), error(data, future, **UNTRAINED, **last)
    assert errors[0] < 0.85 * errors[1], errors


def test_the_network_lowers_the_errors_of_the_level_where_there_is_something_to_learn() -> None:
    data, future = made(growing)
    errors = error(data, future), error(data, future, **UNTRAINED)
    assert errors[0] < 0.6 * errors[1], errors


def test_a_median_that_weighs_more_than_other_quantiles_is_nearer_where_these_lie_on_one_side() -> None:
    data, future = made(skewed)
    arguments: dict[str, Any] = {"steps": 15, "scaling": ["log", "subtract-level"]}
    found = error(data, future, **arguments)
    with patch.object(heads, "MEDIAN_WEIGHT", 1.0):
        equal = heads.Quantiles()
    with patch.dict(heads.HEADS, {"quantile": equal}):
        errors = found, error(data, future, **arguments)
    assert errors[0] < 0.985 * errors[1], errors


def best_weight(found: Answers, corrected: Values, truth: Values) -> float:
    """Return the weight of the correction with the smallest absolute errors, whatever it takes away."""

    def of(weight: float) -> float:
        return float(np.abs(corrected + weight * (found.point - corrected) - truth).mean())

    return min(WEIGHTS, key=of)


@pytest.mark.parametrize(
    ("paces", "instead", "gain"),
    [((0.03, 0.0, 0.0), lambda *given: 1.0, 0.5), ((0.03, 0.018, 0.03), best_weight, 0.8)],
    ids=["growth that ended, whole weight", "growth that paused, best weight"],
)
def test_a_correction_has_its_whole_weight_where_it_helps_and_little_where_it_does_not(
    paces: tuple[float, float, float], instead: Callable[..., float], gain: float
) -> None:
    """The pause, or the end, is in the validation part; all series have it in common."""
    data, future = made(at_paces(*paces), rows=60)
    arguments: dict[str, Any] = {"validation": 12, "steps": 30, "restore_best": False}
    found = error(data, future, **arguments)
    with patch.object(predictor, "deserved_weight", instead):
        errors = found, error(data, future, **arguments)
    assert errors[0] < gain * errors[1], errors


def test_calibration_in_widths_of_the_own_band_suits_calm_and_restless_series_alike() -> None:
    """In the validation part all series are twice as restless as in training, so that all bands have to grow."""
    data, future = made(calm_or_restless, rows=96)
    arguments: dict[str, Any] = {"validation": 36, "steps": 100, "learning_rate": 0.02, "restore_best": False}
    is_calm = np.log(future).std(axis=1) < 0.12

    def scores() -> tuple[float, float, float]:
        """Return the mean pinball loss of six quantiles, and which share of calm and restless series 80 % hold."""
        model = Forecaster(**(SETTINGS | {"scaling": ["log", "subtract-level"]} | arguments)).fit(data)
        found, ends = model.predict(levels=[50, 80, 95]), {}
        for level in (50, 80, 95):
            for end, probability in (("lo", 0.5 - level / 200), ("hi", 0.5 + level / 200)):
                ends[probability] = found[f"{end}-{level}"].to_numpy().reshape(future.shape)
        losses = [np.maximum(p * (future - own), (p - 1) * (future - own)) for p, own in ends.items()]
        inside = (ends[0.5 - 0.4] <= future) & (future <= ends[0.5 + 0.4])
        loss = np.mean(losses / future.mean(axis=1, keepdims=True))
        return float(loss), float(inside[is_calm].mean()), float(inside[~is_calm].mean())

    loss, calm, restless = scores()
    with patch.object(conformal_quantiles, "_widest", lambda found: found.scale):
        other_loss, other_calm, other_restless = scores()
    assert abs(calm - 0.8) < 0.7 * abs(other_calm - 0.8), (calm, other_calm)
    assert abs(restless - 0.8) < 0.7 * abs(other_restless - 0.8), (restless, other_restless)
    assert loss < 0.97 * other_loss, (loss, other_loss)


def test_a_second_training_on_all_rows_lowers_the_errors_where_the_newest_rows_say_more() -> None:
    """Growth begins in the rows of the validation part, which the first training has not seen."""
    data, future = made(lambda rng, months: steady(rng, months) * np.exp(0.05 * np.maximum(months - 48, 0)))
    model = Forecaster(**SETTINGS, scaling=RECIPE, validation=24, restore_best=False).fit(data)
    found = [model.predict()["forecast"], model.refit(data).predict()["forecast"]]
    errors = [float(np.mean(np.abs(own.to_numpy().reshape(future.shape) - future) / future)) for own in found]
    assert errors[1] < 0.8 * errors[0], errors
