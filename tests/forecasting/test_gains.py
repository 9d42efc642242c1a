"""What each step of the default recipe gains on series that were made to need it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from recurra import Forecaster

Values = NDArray[np.float64]
ROWS, HORIZON, SERIES = 72, 12, 20
SETTINGS: dict[str, Any] = {"horizon": HORIZON, "window": 12, "units": 8, "steps": 60}
RECIPE = ["log", "deseasonalize", "subtract-level"]
UNTRAINED: dict[str, Any] = {"steps": 1, "learning_rate": 1e-9}  # so that the forecast is what the network corrects


def made(one: Callable[[np.random.Generator, Values], Values]) -> tuple[pd.DataFrame, Values]:
    """Return monthly series but for their last horizon, and that horizon."""
    rng, months = np.random.default_rng(0), np.arange(ROWS + HORIZON, dtype=np.float64)
    values = np.stack([one(rng, months) for _ in range(SERIES)])
    dates = pd.date_range("2015-01-01", periods=ROWS, freq="MS")
    parts = [
        pd.DataFrame({"unique_id": f"s{place:02d}", "ds": dates, "y": own[:ROWS]}) for place, own in enumerate(values)
    ]
    return pd.concat(parts, ignore_index=True), values[:, ROWS:]


def error(data: pd.DataFrame, future: Values, **changed: Any) -> float:
    """Return the mean of |forecast - value| / value."""
    found = Forecaster(**(SETTINGS | {"scaling": RECIPE} | changed)).fit(data).predict()["forecast"].to_numpy()
    return float(np.mean(np.abs(found.reshape(future.shape) - future) / future))


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


@pytest.mark.parametrize(
    ("one", "without", "gain"),
    [
        (growing, ["deseasonalize", "standard", "subtract-level"], 0.8),
        (steady, ["log", "subtract-level"], 0.5),
    ],
    ids=["logarithms", "seasonal indices"],
)
def test_a_step_of_the_scaling_lowers_the_errors_of_series_that_need_it(
    one: Callable[[np.random.Generator, Values], Values], without: list[str], gain: float
) -> None:
    data, future = made(one)
    errors = error(data, future), error(data, future, scaling=without)
    assert errors[0] < gain * errors[1], errors


def test_the_level_is_a_better_forecast_than_the_last_value_of_restless_series() -> None:
    data, future = made(restless)
    last = {"scaling": ["log", "deseasonalize", "subtract-last"], "residual": "last"}
    errors = error(data, future, **UNTRAINED), error(data, future, **UNTRAINED, **last)
    assert errors[0] < 0.85 * errors[1], errors


def test_the_network_lowers_the_errors_of_the_level_where_there_is_something_to_learn() -> None:
    data, future = made(growing)
    errors = error(data, future), error(data, future, **UNTRAINED)
    assert errors[0] < 0.6 * errors[1], errors


def test_a_second_training_on_all_rows_lowers_the_errors_where_the_newest_rows_say_more() -> None:
    """Growth begins in the rows of the validation part, which the first training has not seen."""
    data, future = made(lambda rng, months: steady(rng, months) * np.exp(0.05 * np.maximum(months - 48, 0)))
    model = Forecaster(**SETTINGS, scaling=RECIPE, validation=24, restore_best=False).fit(data)
    found = [model.predict()["forecast"], model.refit(data).predict()["forecast"]]
    errors = [float(np.mean(np.abs(own.to_numpy().reshape(future.shape) - future) / future)) for own in found]
    assert errors[1] < 0.8 * errors[0], errors
