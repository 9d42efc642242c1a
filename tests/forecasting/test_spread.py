"""Windows in units of their own spread: hand-calculated values, and intervals that follow the spread of made data."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from recurra import Forecaster
from recurra.forecasting.predictor import Predictor
from recurra.forecasting.transforms.window import PerWindow, WindowScaling, WindowSpread
from recurra.forecasting.windows import Windows
from recurra.tables.arrays import Floats
from recurra.tables.origins import Origins
from recurra.tables.table_builder import make_table

SETTINGS: dict[str, Any] = {
    "cell": "rnn",
    "units": 2,
    "epochs": 3,
    "loss": "quantile",
    "target": "y",
    "validation": 300,
}
SPREAD = WindowSpread(smoothing=0.5, share=0.5, usual=1.0)


def scaling(windows: Windows, spread: WindowSpread, shared: list[bool]) -> WindowScaling:
    columns, masks = len(shared), np.array(shared)
    last = PerWindow("subtract-last")
    return WindowScaling(last, 1, "last", 0, masks, np.ones(columns, np.bool_), np.ones(columns), spread=spread)


def garch(count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """A random walk whose changes are of GARCH(1,1), and the standard deviations of the changes."""
    random = np.random.default_rng(seed)
    variances, changes = np.ones(count), np.zeros(count)
    for row in range(count):
        if row:
            variances[row] = 0.05 + 0.2 * changes[row - 1] ** 2 + 0.75 * variances[row - 1]
        changes[row] = np.sqrt(variances[row]) * random.normal()
    return 1000.0 + changes.cumsum(), np.sqrt(variances)


def pinball(truth: Floats, quantile: Floats, probability: float) -> float:
    error = truth - quantile
    return float(np.maximum(probability * error, (probability - 1.0) * error).mean())


def of(values: Floats) -> pd.DataFrame:
    return pd.DataFrame({"ds": pd.date_range("2000-01-01", periods=len(values)), "y": values})


def test_a_spread_is_the_weighted_mean_of_the_changes_that_are_known_and_the_usual_one_in_part() -> None:
    sizes = torch.tensor([[1.0, 4.0, 2.0]])
    weighted = (0.25 * 1 + 0.5 * 4 + 1 * 2) / 1.75
    assert SPREAD.of(sizes).item() == pytest.approx(0.5 * weighted + 0.5 * 1)
    known = torch.tensor([[False, True, True]])
    assert SPREAD.of(sizes, known).item() == pytest.approx(0.5 * (0.5 * 4 + 1 * 2) / 1.5 + 0.5 * 1)
    assert SPREAD.of(sizes, torch.zeros(1, 3, dtype=torch.bool)).item() == 1.0


def test_prices_and_corrections_are_in_units_of_the_spread_and_other_columns_are_not() -> None:
    rows = torch.tensor([[10.0, 7.0], [11.0, 8.0], [13.0, 6.0], [15.0, 9.0]])
    windows, first = Windows(rows, torch.tensor([3]), window=3, horizon=1), torch.tensor([0])
    own = scaling(windows, SPREAD, [True, False])
    spread = 0.5 * (0.5 * 1 + 1 * 2) / 1.5 + 0.5 * 1  # the changes are 1 and 2
    np.testing.assert_allclose(own.inputs(windows, first)[0, :, 0], np.array([-3.0, -2.0, 0.0]) / spread, rtol=1e-6)
    np.testing.assert_allclose(own.inputs(windows, first)[0, :, 1], [0.0, 1.0, -1.0])
    target = own.targets(windows, first)
    assert target.item() == pytest.approx(2.0 / spread)
    assert own.inverse(target, windows, first).item() == pytest.approx(15.0)
    assert own.scale(windows, first).item() == pytest.approx(spread)


def test_rows_before_a_series_are_no_changes_of_it() -> None:
    rows = torch.tensor([[500.0], [10.0], [12.0], [15.0]])
    windows = Windows(rows, torch.tensor([3]), window=3, horizon=1, before=torch.tensor([2]))
    assert scaling(windows, SPREAD, [True]).scale(windows, torch.tensor([0])).item() == pytest.approx(0.5 * 2 + 0.5 * 1)


def test_the_weights_of_the_changes_are_those_that_suit_the_series() -> None:
    noise = 1000.0 + np.random.default_rng(1).normal(size=2000).cumsum()
    found = []
    for values in (garch(2000)[0], noise):
        windows = Windows(torch.from_numpy(values)[:, None], torch.arange(40, 1999), window=40, horizon=1)
        found.append(scaling(windows, WindowSpread(), [True]).fit(windows).spread)
    restless, steady = found
    assert restless is not None
    assert steady is not None
    assert restless.share <= 0.3
    assert steady.share >= 0.5
    assert steady.usual == pytest.approx(np.sqrt(2 / np.pi), rel=0.05)


def test_the_quantiles_of_a_series_of_garch_are_clearly_better_than_constant_widths() -> None:
    values, deviations = garch(3500)
    arguments = {
        **SETTINGS,
        "window": 40,
        "learning_rate": 0.01,
        "scaling": ["standard", "subtract-last", "divide-spread"],
    }
    model = Forecaster(**arguments).fit(of(values[:2500]))
    table, origins = make_table(of(values), target="y"), Origins.of_each([np.arange(2500, 3500)])
    forecasts = model.predictor_.forecast(table, origins, [80])
    truth = values[2500:]
    steady = np.quantile(np.diff(values[:2500]), list(forecasts.quantiles))

    ours = sum(pinball(truth, found[:, 0], probability) for probability, found in forecasts.quantiles.items())
    constant = sum(pinball(truth, values[2499:-1] + q, p) for p, q in zip(forecasts.quantiles, steady, strict=True))
    assert ours < 0.96 * constant
    low, high = (ends[:, 0] for ends in forecasts.intervals[80])
    assert np.corrcoef(high - low, deviations[2500:])[0, 1] > 0.9
    restless = deviations[2500:] > np.median(deviations[2500:])
    for part in (restless, ~restless):
        assert 0.74 <= np.mean((truth >= low) & (truth <= high), where=part) <= 0.86


def test_the_spread_lowers_the_loss_of_a_network_that_has_few_steps_to_learn_it() -> None:
    values, _ = garch(2000)
    table, origins = make_table(of(values), target="y"), Origins.of_each([np.arange(1500, 2000)])
    losses = []
    for more in (["divide-spread"], []):
        arguments = SETTINGS | {"window": 40, "steps": 60, "scaling": ["standard", "subtract-last", *more]}
        model = Forecaster(**arguments).fit(of(values[:1500]))
        quantiles = model.predictor_.forecast(table, origins).quantiles
        losses.append(sum(pinball(values[1500:], found[:, 0], p) for p, found in quantiles.items()))
    assert losses[0] < 0.98 * losses[1], losses


def test_a_model_that_is_loaded_knows_the_spread(tmp_path: Path) -> None:
    arguments = {**SETTINGS, "window": 10, "scaling": ["log", "standard", "subtract-last", "divide-spread"]}
    predictor = Forecaster(**arguments).fit(of(garch(700)[0])).predictor_
    predictor.save(tmp_path / "model")
    table, origins = predictor.context, Origins.after_last(predictor.context)
    loaded = Predictor.load(tmp_path / "model")
    assert loaded.transform.window.spread == predictor.transform.window.spread
    for own, found in zip(
        predictor.forecast(table, origins, [80]).intervals[80],
        loaded.forecast(table, origins, [80]).intervals[80],
        strict=True,
    ):
        np.testing.assert_array_equal(found, own)


@pytest.mark.parametrize("place", [0, 1])
def test_a_weight_above_one_is_no_state_of_a_spread(place: int) -> None:
    arguments = {**SETTINGS, "window": 10, "scaling": ["log", "standard", "subtract-last", "divide-spread"]}
    transform = Forecaster(**arguments).fit(of(garch(700)[0])).predictor_.transform
    state = transform.state()
    state["spread"][place] = 7.0
    with pytest.raises(ValueError, match="spread of the transform is not as expected"):
        transform.with_state(state)


def test_very_short_and_constant_series_get_intervals_of_the_usual_spread() -> None:
    long = [of(garch(400, seed)[0]).assign(unique_id=name) for seed, name in enumerate("ab")]
    short = of(np.array([500.0, 501.0])).assign(unique_id="s")
    still = of(np.full(400, 7.0)).assign(unique_id="c")
    arguments = {**SETTINGS, "validation": 100, "window": 10, "scaling": ["subtract-last", "divide-spread"]}
    model = Forecaster(**arguments).fit(pd.concat([*long, still, short]))
    found = model.predict(levels=[80]).set_index("unique_id")
    width = found["hi-80"] - found["lo-80"]
    assert found.loc["s", "method"] == "last value"
    assert width["c"] == 0.0
    assert found.loc["c", "forecast"] == 7.0
    assert 0.3 < width["s"] / width[["a", "b"]].mean() < 3.0


def test_a_table_that_never_changes_has_no_spread() -> None:
    arguments = {**SETTINGS, "validation": 20, "window": 5, "scaling": ["subtract-last", "divide-spread"]}
    found = Forecaster(**arguments).fit(of(np.full(60, 7.0))).predict(levels=[80])
    assert found[["forecast", "lo-80", "hi-80"]].to_numpy().tolist() == [[7.0, 7.0, 7.0]]
