"""From rows to what a network sees and should answer, and back: exactly, whatever the scaling."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.forecasting.preparation import Preparation
from recurra.forecasting.samples import WindowSamples
from recurra.settings.check import check
from recurra.settings.forecasting import ForecasterSettings
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

SCALINGS = [
    [],
    ["minmax"],
    ["standard"],
    ["robust", "subtract-mean"],
    ["standard", "subtract-last"],
    ["log", "standard", "subtract-last"],
    ["log", "difference", "standard"],
    ["difference", "minmax", "subtract-mean"],
    ["season-difference", "robust"],
    ["divide-last"],
    ["divide-mean"],
]


def table(seed: int = 0, rows: int = 40, series: int = 2) -> Table:
    """Series of prices and volumes, each of its own size."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(series):
        y = 10.0**number * np.exp(rng.normal(0, 0.03, rows).cumsum()) * 50
        part = {"ds": pd.date_range("2020-01-01", periods=rows), "y": y, "high": y * 1.01, "volume": rng.random(rows)}
        parts.append(pd.DataFrame(part).assign(unique_id=str(number), holiday=rng.integers(0, 2, rows)))
    return make_table(pd.concat(parts), past_covariates=["high", "volume"], future_covariates=["holiday"])


def fitted(data: Table, **given_settings: Any) -> Preparation:
    values = {
        "window": 6,
        "horizon": 3,
        "season": 4,
        "future_covariates": list(data.future_covariates),
    } | given_settings
    return Preparation.fit(check(ForecasterSettings, values, "test"), data, [30] * len(data.series))


def places(preparation: Preparation, data: Table) -> list[Any]:
    horizon = preparation.settings.horizon
    return [np.arange(preparation.context, len(s.dates) - horizon + 1, dtype=np.int64) for s in data.series]


@given(
    st.integers(0, 1000),
    st.sampled_from(SCALINGS),
    st.sampled_from(["none", "last", "seasonal", "auto", "high"]),
)
@settings(deadline=None, max_examples=60)
def test_right_answers_give_the_true_values_back(seed: int, scaling: list[str], residual: str) -> None:
    data = table(seed)
    preparation = fitted(data, scaling=scaling, residual=residual)
    origins = places(preparation, data)
    windows = preparation.samples(data, origins, torch.device("cpu"))
    index = torch.arange(len(windows))
    answers = WindowSamples(preparation, windows).target(index)
    scaled, _ = preparation.restore(answers, windows, index, preparation.series_of(data, origins))
    values = preparation.unlog(preparation.undifference(scaled, data, origins))
    truth = np.concatenate([s.values[o[:, None] + np.arange(3), 0] for s, o in zip(data.series, origins, strict=True)])
    np.testing.assert_allclose(values, truth, rtol=2e-4)  # what is between is float32


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
def test_what_the_network_sees_comes_from_the_window_alone_but_for_what_is_known_in_advance(scaling: list[str]) -> None:
    data = table(series=1)
    preparation = fitted(data, scaling=scaling)
    origins = [np.array([20], dtype=np.int64)]
    seen = WindowSamples(preparation, preparation.samples(data, origins, torch.device("cpu"))).x(torch.tensor([0]))
    data.series[0].values[20:, :3] *= 5.0  # target and covariates from the origin on
    data.series[0].values[23:, 3] += 5.0  # holidays after the horizon
    again = WindowSamples(preparation, preparation.samples(data, origins, torch.device("cpu"))).x(torch.tensor([0]))
    torch.testing.assert_close(again, seen, rtol=0, atol=0)
    data.series[0].values[22, 3] += 5.0  # a holiday within the horizon
    other = WindowSamples(preparation, preparation.samples(data, origins, torch.device("cpu"))).x(torch.tensor([0]))
    assert bool((other != seen).any())


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
def test_nothing_is_fitted_on_rows_after_the_training_part(scaling: list[str]) -> None:
    data = table()
    first = fitted(data, scaling=scaling)
    for series in data.series:
        series.values[30:] *= 9.0
    second = fitted(data, scaling=scaling)
    for name in ("center", "scale", "input_gain", "shared", "log"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)
    assert (first.base, first.base_column, first.target_gain) == (second.base, second.base_column, second.target_gain)


def test_a_window_is_what_stands_before_the_origin_scaled_by_the_training_rows() -> None:
    data = table(series=1)
    preparation = fitted(data, scaling=["standard"], residual="none", horizon=1)
    x = WindowSamples(preparation, preparation.samples(data, [np.array([10])], torch.device("cpu"))).x(
        torch.tensor([0])
    )
    assert x.shape == (1, 6, 4)
    training = data.series[0].values[:30]
    expected = (data.series[0].values[4:10] - training.mean(axis=0)) / training.std(axis=0)
    expected[:, 1] = (data.series[0].values[4:10, 1] - training[:, 0].mean()) / training[:, 0].std()  # high: as y
    expected[:, 3] = ((data.series[0].values[:, 3] - training[:, 3].mean()) / training[:, 3].std())[5:11]  # a row early
    np.testing.assert_allclose(x[0], expected, rtol=1e-5, atol=1e-6)


def test_prices_share_the_targets_unit_and_volumes_have_their_own() -> None:
    assert fitted(table()).shared.tolist() == [True, True, False, False]


def test_auto_takes_the_forecast_with_the_smallest_error_in_training_that_the_window_shows() -> None:
    t = np.arange(40)
    dates = pd.date_range("2020-01-01", periods=40)
    season = make_table(pd.DataFrame({"ds": dates, "y": 20 + 5 * np.sin(t * np.pi / 2)}))
    assert fitted(season).base == "seasonal"
    assert fitted(season, window=3).base == "last"
    shifted = make_table(
        pd.DataFrame({"ds": dates, "y": 20.0 + t % 7, "ahead": 20.0 + (t + 1) % 7}), past_covariates="all"
    )
    assert (fitted(shifted).base, fitted(shifted).base_column) == ("last", 1)
    assert (fitted(shifted, residual="last").base, fitted(shifted, residual="last").base_column) == ("last", 0)
    assert fitted(shifted, residual="none").base == "none"


def test_it_is_the_same_after_tensors_and_json() -> None:
    preparation = fitted(table(), scaling=["log", "standard", "subtract-last"])
    tensors, data = preparation.to_parts()
    again = Preparation.from_parts(preparation.settings, tensors, data)
    for name, value in vars(preparation).items():
        np.testing.assert_array_equal(getattr(again, name), value, err_msg=name)
