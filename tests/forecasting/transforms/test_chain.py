"""From rows to what a network sees and should answer, and back: exactly, whatever the scaling."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra import InputError
from recurra.forecasting.plan import Plan
from recurra.forecasting.samples import WindowSamples
from recurra.forecasting.transforms.chain import Transform
from recurra.settings.check import check
from recurra.settings.forecasting import ForecasterSettings
from recurra.tables.origins import Origins
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

from ..tables import POINT

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


TRAINING = 30  # rows of each series
FROM_20 = Origins.of_each([np.array([20])])


def fitted(data: Table, *, early: int = 0, **given_settings: Any) -> Transform:
    values = {"window": 6, "horizon": 3, "season": 4, "future_covariates": list(data.future_covariates)} | POINT
    chosen = check(ForecasterSettings, values | given_settings, "test")
    training = np.full(len(data.series), TRAINING)
    plan = Plan.of(chosen, data, training, TRAINING, chosen.season or 1, chosen.window or 1, early)
    transform, rows = Transform.fit(plan, data, training)
    ends = Origins.of_part(np.zeros_like(training), training, plan.context, plan.horizon)
    return transform.fit_windows(transform.windows(rows, data, ends, torch.device("cpu")))


def places(transform: Transform, data: Table) -> Origins:
    plan = transform.plan
    return Origins.of_part(np.zeros_like(data.lengths), data.lengths, plan.context, plan.horizon)


def samples(transform: Transform, data: Table, origins: Origins) -> WindowSamples:
    windows = transform.windows(transform.transform(data), data, origins, torch.device("cpu"))
    return WindowSamples(windows, transform.window, transform.plan)


@given(
    st.integers(0, 1000),
    st.sampled_from(SCALINGS),
    st.sampled_from(["none", "last", "seasonal", "auto", "high"]),
)
@settings(deadline=None, max_examples=60)
def test_right_answers_give_the_true_values_back(seed: int, scaling: list[str], residual: str) -> None:
    data = table(seed)
    transform = fitted(data, scaling=scaling, residual=residual)
    origins = places(transform, data)
    own = samples(transform, data, origins)
    index = torch.arange(len(own))
    values = transform.inverse(own[index].target, own.windows, index, transform.before(data, origins))
    truth = np.concatenate([s.values[o[:, None] + np.arange(3), 0] for s, o in zip(data.series, origins, strict=True)])
    np.testing.assert_allclose(
        transform.to_units(values, own.windows.series), truth, rtol=2e-4
    )  # what is between is float32
    np.testing.assert_allclose(transform.to_units(transform.truth(data, origins), own.windows.series), truth)


@pytest.mark.parametrize("scaling", [["log"], ["log", "difference", "standard"], ["log", "subtract-last"]], ids=str)
def test_a_target_with_zeros_has_logarithms_with_an_offset_of_its_mean(scaling: list[str]) -> None:
    data = table()
    data.values[::7, 0] = 0.0
    transform = fitted(data, scaling=scaling, residual="none")
    assert transform.plan.offset == 0.05
    means = [series.values[:TRAINING, 0].mean() for series in data.series]
    np.testing.assert_allclose(transform.state()["levels"], means)
    origins = places(transform, data)
    series = origins.series
    truth = data.values[origins.of_table(data)[:, None] + np.arange(3), 0]
    expected = np.log(truth / np.array(means)[series, None] + 0.05)
    np.testing.assert_allclose(transform.truth(data, origins), expected)
    own = samples(transform, data, origins)
    index = torch.arange(len(own))
    values = transform.inverse(own[index].target, own.windows, index, transform.before(data, origins))
    np.testing.assert_allclose(transform.to_units(values, series), truth, rtol=2e-4, atol=2e-4 * max(means))


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
def test_what_the_network_sees_of_an_origin_is_the_window_and_the_future_covariates_of_the_horizon(
    scaling: list[str],
) -> None:
    data = table(series=1)
    transform = fitted(data, scaling=scaling)
    origin = FROM_20

    def seen() -> dict[str, torch.Tensor]:
        return samples(transform, data, origin).inputs(torch.tensor([0]))

    first = seen()
    assert (first["x"].shape, first["future"].shape) == ((1, 6, 4), (1, 3, 1))
    data.series[0].values[20:, :3] *= 5.0  # target and covariates from the origin on
    data.series[0].values[23:, 3] += 5.0  # holidays after the horizon
    for name, tensor in seen().items():
        torch.testing.assert_close(tensor, first[name], rtol=0, atol=0)
    data.series[0].values[22, 3] += 5.0  # a holiday within the horizon
    again = seen()
    torch.testing.assert_close(again["x"], first["x"], rtol=0, atol=0)
    assert (again["future"] != first["future"]).nonzero().tolist() == [[0, 2, 0]]


def test_future_covariates_of_format_1_stand_in_the_window_a_horizon_early() -> None:
    data = table(series=1)
    transform = fitted(data, scaling="none", residual="none", early=3)
    seen = samples(transform, data, FROM_20).inputs(torch.tensor([0]))
    assert seen.keys() == {"x"}
    holidays = data.series[0].values[:, 3]
    np.testing.assert_array_equal(seen["x"][0, :, 3], holidays[17:23])


@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
def test_nothing_is_fitted_on_rows_after_the_training_part(scaling: list[str]) -> None:
    data = table()
    first = fitted(data, scaling=scaling)
    for series in data.series:
        series.values[TRAINING:] *= 9.0
    second = fitted(data, scaling=scaling)
    assert first.plan == second.plan
    for name, array in first.state().items():
        np.testing.assert_array_equal(second.state()[name], array, err_msg=name)


def test_a_window_is_what_stands_before_the_origin_scaled_by_the_training_rows() -> None:
    data = table(series=1)
    transform = fitted(data, scaling=["standard"], residual="none", horizon=1)
    seen = samples(transform, data, Origins.of_each([np.array([10])])).inputs(torch.tensor([0]))
    training = data.series[0].values[:TRAINING]
    scaled = (data.series[0].values - training.mean(axis=0)) / training.std(axis=0)
    scaled[:, 1] = (data.series[0].values[:, 1] - training[:, 0].mean()) / training[:, 0].std()  # high: as y
    np.testing.assert_allclose(seen["x"][0], scaled[4:10], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(seen["future"][0, 0], scaled[10, 3:], rtol=1e-5, atol=1e-6)


def test_columns_that_windows_do_not_divide_are_standardized() -> None:
    data = table(series=1)
    seen = samples(fitted(data, scaling="divide-last"), data, FROM_20).inputs(torch.tensor([0]))
    holidays = data.series[0].values[:, 3]
    scaled = (holidays - holidays[:TRAINING].mean()) / holidays[:TRAINING].std()
    np.testing.assert_allclose(seen["x"][0, :, 3], scaled[14:20], rtol=1e-5)
    unscaled = samples(fitted(data, scaling="none"), data, FROM_20).inputs(torch.tensor([0]))
    np.testing.assert_array_equal(unscaled["x"][0, :, 3], holidays[14:20])


def test_future_rows_that_are_not_given_are_named() -> None:
    data = table()
    transform = fitted(data)
    ends = Origins.after_last(data)
    with pytest.raises(InputError, match="3 more rows with values of 'holiday' are needed after 2020-02-09; leave"):
        transform.windows(transform.transform(data), data, ends, torch.device("cpu"))


def test_it_is_the_same_after_its_state() -> None:
    transform = fitted(table(), scaling=["log", "standard", "subtract-last"])
    again = Transform.of(transform.plan, transform.ids).with_state(transform.state())
    assert again.state().keys() == {"least", "most", "floor", "center", "scale", "input_gain", "target_gain"}
    for name, array in transform.state().items():
        np.testing.assert_array_equal(again.state()[name], array, err_msg=name)


@pytest.mark.parametrize(
    "change",
    [
        {"scale": np.zeros((2, 4))},
        {"scale": np.ones((2, 3))},
        {"scale": np.full((2, 4), -1.0)},
        {"center": np.full((2, 4), np.nan)},
        {"center": np.zeros((2, 4), dtype=np.float32)},
        {"input_gain": np.full(4, np.inf)},
        {"target_gain": np.array(0.0)},
        {"other": np.zeros(1)},
    ],
    ids=str,
)
def test_a_state_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    transform = fitted(table())
    with pytest.raises(ValueError, match="transform"):
        transform.with_state(transform.state() | change)
