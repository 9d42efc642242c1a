"""Every series gets a forecast: short, very short and constant ones, and those that the model was not fitted to."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from recurra import Forecaster, InputError, load
from recurra.evaluation.conformal_quantiles import QuantileCalibration
from recurra.forecasting.prepare import prepare
from recurra.forecasting.windows import Windows
from recurra.settings.check import check
from recurra.settings.forecasting import ForecasterSettings
from recurra.tables.table_builder import make_table
from recurra.tensor_files import read_tensors, write_tensors

from .tables import CONSTANT, long

SETTINGS: dict[str, Any] = {"window": 8, "horizon": 4, "units": 4, "steps": 20, "season": 4, "batch_size": 16}


def waves(lengths: dict[str, int]) -> pd.DataFrame:
    """Series about 3, each of its own size."""
    return long(lengths).assign(y=lambda frame: frame["y"] * (1.0 + frame["unique_id"].map(len)))


def test_short_series_are_forecast_by_the_network_and_very_short_ones_by_their_last_value() -> None:
    data = waves({"a": 60, "bb": 50, "short": 7, "very short": 2, "one": 1})
    model = Forecaster(**SETTINGS).fit(data)
    found = model.predict()
    assert found.groupby("unique_id", sort=False)["method"].agg(["first", "nunique", "size"]).values.tolist() == [
        ["network", 1, 4],
        ["network", 1, 4],
        ["network", 1, 4],
        ["last value", 1, 4],
        ["last value", 1, 4],
    ]
    for name in ("very short", "one"):
        last = data.loc[data["unique_id"] == name, "y"].iloc[-1]
        assert found.loc[found["unique_id"] == name, "forecast"].tolist() == [last] * 4
    assert np.isfinite(found["forecast"]).all()


def test_what_stands_before_a_short_series_changes_nothing_of_its_forecast() -> None:
    data = waves({"a": 60, "short": 5, "z": 60})
    model = Forecaster(scaling=["standard", "subtract-mean"], **SETTINGS).fit(data)
    first = model.predict(data).set_index("unique_id")["forecast"]["short"]
    other = data.assign(y=np.where(data["unique_id"] == "short", data["y"], 7.0 * data["y"] + 1.0))
    second = model.predict(other).set_index("unique_id")["forecast"]["short"]
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(model.predict(other)["forecast"][:4], model.predict(data)["forecast"][:4])


def test_a_constant_series_is_forecast_exactly_until_it_changes() -> None:
    data = pd.concat([waves({"a": 60}), waves({"flat": 40}).assign(y=5.0)])
    model = Forecaster(validation=12, **SETTINGS).fit(data)
    flat = model.predict(levels=[50]).set_index("unique_id").loc["flat"]
    assert flat[["forecast", "lo-50", "hi-50"]].to_numpy().tolist() == [[5.0, 5.0, 5.0]] * 4
    assert flat["method"].tolist() == ["constant"] * 4
    data.iloc[-1, data.columns.get_loc("y")] = 6.0
    changed = model.predict(data).set_index("unique_id").loc["flat"]
    assert changed["method"].tolist() == ["network"] * 4


def test_series_that_the_model_was_not_fitted_to_are_forecast_from_their_own_rows(tmp_path: Path) -> None:
    data = waves({"a": 60, "bb": 60})
    arguments = {**SETTINGS, **CONSTANT, "loss": "mse"}
    model = Forecaster(scaling=["log", "standard", "subtract-level"], **arguments).fit(data)
    twice = data[data["unique_id"] == "a"].assign(unique_id="unseen", y=lambda frame: 2.0 * frame["y"])
    found = model.predict(pd.concat([data, twice])).set_index("unique_id")["forecast"]
    np.testing.assert_allclose(found["unseen"], 2.0 * found["a"], rtol=1e-5)
    np.testing.assert_array_equal(model.predict(twice)["forecast"], found["unseen"])
    assert model.predict()["unique_id"].unique().tolist() == ["a", "bb"]  # a prediction changes no model
    model.update_context(twice).save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, Forecaster)
    np.testing.assert_array_equal(loaded.predict().set_index("unique_id")["forecast"]["unseen"], found["unseen"])


@pytest.mark.parametrize("rows", [2, 3, 5, 12])
@pytest.mark.parametrize("ensemble_size", [1, 2])
def test_a_table_of_series_no_longer_than_the_horizon_is_forecast(rows: int, ensemble_size: int) -> None:
    data = long(dict.fromkeys("abcdefghij", rows)).assign(y=lambda frame: 100.0 * 1.2**frame.index)
    model = Forecaster(horizon=12, units=4, ensemble_size=ensemble_size).fit(data)
    expected = model.predict(levels=[80])
    assert len(expected) == 120
    assert np.isfinite(expected.select_dtypes("number")).all(axis=None)
    later = expected.groupby("unique_id")["forecast"].last() / data.groupby("unique_id")["y"].last()
    assert (later > 1.01).all()  # the growth that was learned, in the steps that no row shows too
    pd.testing.assert_frame_equal(model.refit(data).predict(levels=[80]), expected)


def test_a_window_or_a_number_of_rows_that_cannot_be_had_is_an_error_that_says_what_can() -> None:
    data = waves({"a": 5, "bb": 4})
    with pytest.raises(InputError, match="5 rows are too few for a horizon of 5 with validation=2, which leave 3 of"):
        Forecaster(horizon=5, validation=2, units=4).fit(data)
    with pytest.raises(InputError, match="a window of 4 and a horizon of 4 need at least 8 there"):
        Forecaster(horizon=4, window=4, units=4).fit(data)


@pytest.mark.parametrize("with_zero", [False, True])  # which gives the logarithm an offset
def test_a_series_without_logarithms_is_forecast_by_its_last_value_and_the_others_by_the_network(
    with_zero: bool, tmp_path: Path
) -> None:
    data = waves({"a": 60, "bb": 60, "ccc": 60})
    data.loc[(data["unique_id"] == "a") & (data.index == 9) & with_zero, "y"] = 0.0
    model = Forecaster(validation=20, **SETTINGS).fit(data)
    assert "log" in model.predictor_.plan.scaling
    newer = pd.concat([data, waves({"new": 60}), waves({"twin": 60})])
    expected = model.predict(newer, levels=[80]).set_index("unique_id")
    negative = (newer["unique_id"] == "bb") & (newer.index >= 58) | (newer["unique_id"] == "new") & (newer.index == 30)
    newer["y"] = np.where(negative, -newer["y"], newer["y"])
    with pytest.warns(
        UserWarning,
        match=r"scaling log, deseasonalize, subtract-level takes no negative values, and the smallest of series 'bb' "
        r"is -\d.*; the last value is the forecast of this and 1 other series; train again on these rows",
    ):
        found = model.predict(newer, levels=[80]).set_index("unique_id")
    others = ["a", "ccc", "twin"]
    pd.testing.assert_frame_equal(found.loc[others], expected.loc[others])
    assert set(found.loc["bb", "method"]) == set(found.loc["new", "method"]) == {"last value"}
    last = newer.groupby("unique_id")["y"].last()
    for name in ("bb", "new"):
        assert (found.loc[name, "forecast"] == last[name]).all()
        assert (found.loc[name, "lo-80"] < last[name]).all()
        assert (found.loc[name, "hi-80"] > last[name]).all()
    with pytest.warns(UserWarning, match="the last value is the forecast of this and 1 other series"):
        model.update_context(newer).save(tmp_path / "model")
    with warnings.catch_warnings(action="error"):
        again = Forecaster.load(tmp_path / "model").predict(h=9).set_index("unique_id")
    assert again["method"].groupby(level=0).first().to_dict() == {
        **dict.fromkeys(others, "network"),
        "bb": "last value",
        "new": "network",  # whose last rows have logarithms
    }


def test_an_unseen_series_is_scored_from_rows_of_its_own_before_the_first_origin() -> None:
    data = waves({"a": 60, "bb": 60})
    model = Forecaster(scaling=["standard", "subtract-last"], **SETTINGS).fit(data[data["unique_id"] == "a"])
    scored = model.evaluate(data[data["unique_id"] == "bb"]).predictions
    assert scored["cutoff"].nunique() == 60 - 8 - 4 + 1
    later = data.assign(y=np.where(data["ds"] >= scored["ds"].min(), 100.0, data["y"]))
    again = model.evaluate(later[later["unique_id"] == "bb"]).predictions
    assert again["recurra"][0] == scored["recurra"][0]  # before the first origin nothing is different


def test_windows_before_the_first_row_are_masked_and_rows_after_the_last_are_not_compared() -> None:
    table = make_table(waves({"a": 20, "bb": 6}))
    settings = check(ForecasterSettings, {**SETTINGS, "scaling": "none", "residual": "none"}, "test")
    prepared = prepare(settings, table)
    (samples,) = prepared.parts
    windows = samples.windows
    assert len(samples) == (20 - 3) + (6 - 3)
    last = torch.tensor([len(samples) - 1])  # from row 5 of 6
    batch = samples[last]
    assert batch.mask is not None
    assert batch.mask[0].tolist() == [False] * 3 + [True] * 5
    own = table.series[1].values[:, 0]
    np.testing.assert_allclose(batch.x[0, :, 0], [0.0, 0.0, 0.0, *own[:5]], rtol=1e-6)
    np.testing.assert_allclose(batch.target[0], [own[5], np.nan, np.nan, np.nan], rtol=1e-6)
    assert windows.after is not None
    assert windows.after[last].tolist() == [1]


def test_a_window_with_padding_has_the_level_of_its_own_rows() -> None:
    table = make_table(waves({"a": 40, "bb": 5}))
    values = {**SETTINGS, "scaling": "subtract-mean", "residual": "none"}
    samples = prepare(check(ForecasterSettings, values, "test"), table).parts[0]
    index = torch.tensor([len(samples) - 1])  # from row 4 of 5
    own = table.series[1].values[:, 0]
    np.testing.assert_allclose(samples[index].target[0, 0], own[4] - own[:4].mean(), rtol=1e-5)
    gain = samples.scaling.input_gain
    np.testing.assert_allclose(samples[index].x[0, 4:, 0], (own[:4] - own[:4].mean()) / gain, rtol=1e-4)


def test_padded_windows_are_views_with_a_mask() -> None:
    values = torch.arange(10.0)[:, None]
    windows = Windows(values, torch.tensor([2, 7]), 4, 2, before=torch.tensor([2, 7]), after=torch.tensor([8, 1]))
    both = torch.tensor([0, 1])
    assert windows.inputs(both)[:, :, 0].tolist() == [[0.0, 0.0, 0.0, 1.0], [3.0, 4.0, 5.0, 6.0]]
    inside, known = windows.mask(both), windows.observed_ahead(both)
    assert inside is not None
    assert known is not None
    assert inside.tolist() == [[False, False, True, True], [True] * 4]
    assert known.tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize("scaling", [["standard"], ["log", "standard", "subtract-last"]])
def test_a_model_of_format_3_predicts_what_it_did(scaling: list[str], tmp_path: Path) -> None:
    model = Forecaster(scaling=scaling, **SETTINGS).fit(waves({"a": 60, "bb": 50}))
    model.save(tmp_path / "new")
    tensors, described = read_tensors(tmp_path / "new")
    described["format"] = 3
    for name in ("offset", "least"):
        del described["plan"][name]
    for name in ("transform.least", "transform.most", "weight"):
        del tensors[name]
    write_tensors(tmp_path / "old", tensors, described)
    loaded = load(tmp_path / "old")
    assert isinstance(loaded, Forecaster)
    pd.testing.assert_frame_equal(loaded.predict(), model.predict())


def with_holidays(lengths: dict[str, int], coming: int) -> pd.DataFrame:
    """Series with a column that is known some days ahead."""
    parts = []
    for name, count in lengths.items():
        own = waves({name: count + coming}).assign(holiday=(np.arange(count + coming) % 5 == 0).astype(float))
        own.loc[own.index[count:], "y"] = np.nan
        parts.append(own)
    return pd.concat(parts)


@pytest.mark.parametrize("scaling", [["standard", "subtract-mean"], ["season-difference", "standard", "subtract-last"]])
def test_a_padded_window_sees_nothing_of_the_future_rows_of_the_series_before(scaling: list[str]) -> None:
    data = with_holidays({"a": 60, "short": 5, "z": 60}, coming=6)
    model = Forecaster(loss="mse", scaling=scaling, future_covariates=["holiday"], **SETTINGS).fit(data)
    found = model.predict()
    assert np.isfinite(found["forecast"]).all()
    moved = data.assign(holiday=np.where(data["unique_id"] == "a", 1.0, data["holiday"]))
    again = model.predict(moved).set_index("unique_id")["forecast"]
    np.testing.assert_array_equal(again["short"], found.set_index("unique_id")["forecast"]["short"])


def test_a_table_of_very_short_series_alone_is_forecast_by_their_last_values() -> None:
    model = Forecaster(loss="quantile", **SETTINGS).fit(waves({"a": 60, "bb": 60}))
    found = model.predict(waves({"new": 2, "newer": 1}), levels=[80])
    assert found["method"].tolist() == ["last value"] * 8
    assert (found["lo-80"] <= found["forecast"]).all()


def test_constant_series_say_nothing_of_the_intervals_of_others() -> None:
    rng = np.random.default_rng(0)
    noisy = long(dict.fromkeys("abcd", 120)).assign(y=lambda frame: 100.0 + 5.0 * rng.normal(size=len(frame)))
    flat = long({f"flat {number}": 120 for number in range(12)}).assign(y=7.0)
    arguments = {**SETTINGS, "scaling": "auto", "loss": "quantile", "validation": 30, "horizon": 1, "steps": 100}
    alone = Forecaster(**arguments).fit(noisy).predictor_
    together = Forecaster(**arguments).fit(pd.concat([noisy, flat])).predictor_
    assert isinstance(alone.calibration, QuantileCalibration)
    assert isinstance(together.calibration, QuantileCalibration)
    seen = [np.isfinite(predictor.calibration.errors).sum() for predictor in (alone, together)]
    assert seen[0] == seen[1]


def test_newer_rows_of_a_context_end_no_earlier_than_those_it_has() -> None:
    data = waves({"a": 60, "bb": 60})
    model = Forecaster(**SETTINGS).fit(data)
    with pytest.raises(InputError, match="its last date of series 'a', 2020-02-09, is before the last that the model"):
        model.update_context(data.groupby("unique_id").head(40))
    assert len(model.context_.dates) == 2 * model.predictor_.plan.context


def test_a_series_that_is_negative_at_last_is_not_cut_off_at_zero() -> None:
    y = np.concatenate([np.full(90, 10.0), np.full(30, -15.0)]) + np.random.default_rng(0).normal(size=120)
    data = long({"a": 120}).assign(y=y)
    model = Forecaster(validation=20, **SETTINGS).fit(data[:110])
    assert (model.predict()["forecast"] < 0.0).all()
    positive = Forecaster(validation=20, **SETTINGS).fit(data[:80])
    with pytest.warns(UserWarning, match="its intervals are not calibrated"):  # as there are no logarithms any more
        assert (positive.refit(data).predict()["forecast"] < 0.0).all()


def test_each_series_has_a_bound_at_zero_unless_it_was_ever_negative(tmp_path: Path) -> None:
    low = {
        name: waves({name: 60}).assign(y=lambda frame: np.maximum(frame["y"] - 3.0, 0.0)) for name in ("a", "b", "c")
    }
    row = {"a": None, "b": 5, "c": 50}  # one negative value, of the training part and of the validation part
    for name, data in low.items():
        data.loc[data.index == row[name], "y"] = -0.1
    settings = {"scaling": ["standard", "subtract-level"], "validation": 20, **SETTINGS}
    model = Forecaster(**settings).fit(pd.concat(low.values()))
    path = tmp_path / "model.safetensors"
    model.save(path)

    def least(found: pd.DataFrame) -> list[bool]:
        return [bool((own < 0.0).any()) for _, own in found.groupby("unique_id")["lo-95"]]

    assert least(model.predict(levels=[95])) == [False, True, True]
    assert least(Forecaster.load(path).predict(levels=[95])) == [False, True, True]
    unseen = pd.concat([low["b"].assign(unique_id="new"), low["a"].assign(unique_id="positive")])
    assert least(model.predict(unseen, levels=[95])) == [True, False]
    turned = low["a"].assign(
        ds=lambda frame: frame["ds"] + pd.Timedelta(days=60), y=lambda frame: frame["y"].where(frame.index != 9, -0.1)
    )
    model.update_context(turned)
    model.save(path)
    assert least(Forecaster.load(path).predict(levels=[95])) == [True, True, True]
    strict = Forecaster(lower=-0.1, **settings).fit(pd.concat(low.values())).predict(levels=[95])
    assert strict["lo-95"].min() == -0.1


def test_a_second_training_refuses_other_columns_and_too_few_rows() -> None:
    data = waves({"a": 60}).assign(price=np.arange(60.0), rain=1.0)
    model = Forecaster("y", past_covariates=["price", "rain"], **SETTINGS).fit(data)
    with pytest.raises(InputError, match="no column 'rain' for the past covariates"):
        model.refit(data.drop(columns="rain"))
    with pytest.raises(InputError, match="the longest series has 3 rows; training needs 4: give more rows"):
        model.refit(data[:3])
    swapped = make_table(data, target="y", past_covariates=["rain", "price"])
    with pytest.raises(InputError, match="its columns are 'y', 'rain', 'price'; the model was fitted to"):
        model.refit(swapped)
