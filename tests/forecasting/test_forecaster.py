"""A forecaster: what it learns, that it never looks ahead, and what it says when it is asked wrongly."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra import Forecaster, InputError, load
from recurra.nn.network import Ensemble
from recurra.training import Run

from .tables import CONSTANT, POINT, SMALL, bars, days, long, table


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_it_learns_a_rule_that_no_naive_forecast_knows(cell: Any) -> None:
    y = [0.1, 0.3]
    for _ in range(300):  # Hénon's map: chaotic, so that no last value, season or line tells what comes
        y.append(1.0 - 1.4 * y[-1] ** 2 + 0.3 * y[-2])
    data = table(len(y), v=y)
    model = Forecaster(cell=cell, units=16, window=5, epochs=60, learning_rate=0.01, batch_size=32, scaling="standard")
    evaluation = model.fit(data.iloc[:240]).evaluate(data)
    assert evaluation.skill["rmse"] > 0.8
    assert evaluation.verdict.startswith("the network is better than ")
    assert evaluation.predictions["ds"].min() == days(241)[-1]  # nothing that was learnt from is scored


def test_several_steps_are_forecast_at_once_with_their_dates() -> None:
    t = np.arange(240)
    data = table(240, "MS", sales=50 + 10 * np.sin(2 * np.pi * t / 12) + 0.1 * t)
    model = Forecaster(horizon=6, window=12, units=16, epochs=30, validation=24, **POINT).fit(data)
    following = model.predict(levels=[50])
    assert following["ds"].tolist() == list(pd.date_range(data["date"].iloc[-1], periods=7, freq="MS")[1:])
    t = np.arange(240, 246)
    np.testing.assert_allclose(following["forecast"], 50 + 10 * np.sin(2 * np.pi * t / 12) + 0.1 * t, atol=1.5)
    assert (following["lo-50"] < following["forecast"]).all()
    assert (following["forecast"] < following["hi-50"]).all()


def test_a_series_that_a_season_and_a_trend_explain_wholly_is_no_trouble() -> None:
    t = np.arange(150)
    data = table(150, "MS", sales=200.0 + t + 40 * np.sin(2 * np.pi * t / 12))
    model = Forecaster(epochs=20, units=8, batch_size=64, schedule="constant", **POINT).fit(data)
    assert model.history_[0]["loss"] < 2.0  # in units of what is left to answer
    assert model.predict()["forecast"][0] == pytest.approx(350.0, abs=3.0)


def test_one_network_serves_many_series_of_different_lengths_and_sizes() -> None:
    data = long({"a": 90, "b": 50})
    data.loc[data["unique_id"] == "b", "y"] *= 1000
    model = Forecaster(horizon=2, window=8, units=16, epochs=30, learning_rate=0.01, batch_size=16).fit(data)
    following = model.predict()
    assert following["unique_id"].tolist() == ["a", "a", "b", "b"]
    assert following["ds"].tolist() == [*days(92)[-2:], *days(52)[-2:]]
    expected = [math.sin(90) + 3, math.sin(91) + 3, 1000 * math.sin(50) + 3000, 1000 * math.sin(51) + 3000]
    np.testing.assert_allclose(following["forecast"], expected, rtol=0.1)


def test_columns_known_in_advance_are_learnt_from_on_the_day_itself() -> None:
    holiday = np.random.default_rng(0).integers(0, 2, 200).astype(float)
    data = table(200, y=5.0 + 3.0 * holiday, holiday=holiday)
    model = Forecaster("y", future_covariates="holiday", horizon=2, window=4, units=8, epochs=40, learning_rate=0.02)
    model.fit(data.iloc[:190])
    coming = data.iloc[185:194].copy()
    coming.loc[coming.index >= 190, "y"] = np.nan  # 190 to 193 are the future, of which the holidays are known
    with pytest.raises(InputError, match="1 more row with values of 'holiday' is needed after 2020-07-08"):
        model.predict(coming.iloc[:6])
    forecast = model.predict(coming.iloc[:7])["forecast"]
    np.testing.assert_allclose(forecast, 5.0 + 3.0 * holiday[190:192], atol=0.3)


def test_a_covariate_is_learnt_from_a_row_late() -> None:
    signal = np.random.default_rng(1).normal(0, 1, 300)
    data = table(300, y=np.concatenate([[0.0], signal[:-1]]), signal=signal)
    arguments: dict[str, Any] = {"window": 4, "units": 8, "epochs": 40, "learning_rate": 0.02, "scaling": "standard"}
    arguments["batch_size"] = 16
    assert Forecaster("y", past_covariates="signal", **arguments).fit(data[:250]).score(data) > 0.8
    assert Forecaster("y", **arguments).fit(data[:250]).score(data) < 0.4  # the mean alone is better than the last


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"scaling": ["log", "standard", "subtract-mean"], "residual": "seasonal", "season": 5},
        {"scaling": "divide-last", "residual": "last"},
        {"loss": "mse", "scaling": ["difference", "robust"], "residual": "none"},
        {"loss": "mse", "scaling": ["season-difference", "minmax"], "season": 3},
        {"past_covariates": "all", "residual": "close", "validation": 12, "horizon": 3},
        {"missing": "mask", "ensemble_size": 2},
        {"missing": "interpolate"},
        {"missing": "ffill"},
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else str(value),
)
@pytest.mark.filterwarnings("ignore:the table. 4 missing values are")
def test_no_prediction_changes_when_something_later_does(arguments: dict[str, Any], refit: bool) -> None:
    data, model = bars(), Forecaster("open", **{**SMALL, "epochs": 1, **arguments})
    row = 73  # among the folds' rows
    if "missing" in arguments:
        data.loc[[20, 21, 71, 72], "open"] = np.nan
    planted = data.copy()
    planted.loc[row:, ["open", "close", "volume"]] *= 7.0
    how: dict[str, Any] = {"folds": 10, "step": 1, "refit": refit}
    true, other = (model.backtest(d, **how).predictions for d in (data, planted))
    before = true["cutoff"] < data["date"][row]
    assert 0 < before.sum() < len(true)
    np.testing.assert_array_equal(true["recurra"][before], other["recurra"][before])
    assert (true["recurra"][~before] != other["recurra"][~before]).all()  # what came was seen from then on


def test_nothing_that_is_learnt_depends_on_the_validation_rows_but_the_choice_of_the_epoch() -> None:
    data = bars()
    planted = data.copy()
    planted.loc[60:, ["open", "close"]] *= 50.0
    models = [Forecaster("open", validation=20, restore_best=False, **SMALL).fit(d) for d in (data, planted)]
    for name, weights in models[0].network_.state_dict().items():
        torch.testing.assert_close(models[1].network_.state_dict()[name], weights, rtol=0, atol=0)
    (first, second) = (model.predictor_.transform.state() for model in models)
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array, err_msg=name)


@given(st.floats(0.01, 1000))
@settings(max_examples=20, deadline=None)
def test_a_price_that_is_a_multiple_of_another_has_the_multiple_as_its_forecast(factor: float) -> None:
    model = Forecaster("open", past_covariates="close", scaling=["log", "standard", "subtract-last"], **SMALL)
    data = bars()
    model.fit(data)
    scaled = data.assign(open=data["open"] * factor, close=data["close"] * factor)
    forecast = model.predict(scaled)["forecast"][0]
    assert forecast == pytest.approx(factor * model.predict(data)["forecast"][0], rel=1e-5)


def test_a_network_that_corrects_a_forecast_begins_as_that_forecast() -> None:
    data, arguments = bars(), {**POINT, **SMALL, "learning_rate": 1e-30}
    for residual, column in (("last", "open"), ("close", "close"), ("auto", "close")):
        model = Forecaster("open", past_covariates="close", residual=residual, **arguments).fit(data)
        assert model.predict()["forecast"][0] == pytest.approx(data[column].iloc[-1], rel=1e-6)
        assert model.predictor_.baseline_columns == ("close",)  # whatever is corrected: it is the forecast to beat
    seasonal = Forecaster("open", residual="seasonal", season=5, horizon=7, **arguments).fit(data)
    last = data["open"].to_numpy()[-5:]
    np.testing.assert_allclose(seasonal.predict()["forecast"], [*last, *last[:2]], rtol=1e-6)


def test_an_ensemble_is_single_networks_of_successive_seeds_whose_mean_it_predicts() -> None:
    arguments: dict[str, Any] = {**SMALL, "dropout": 0.2, "epochs": 3, "validation": 20}
    model = Forecaster(ensemble_size=3, seed=5, **arguments).fit(table())
    singles = [Forecaster(seed=seed, **arguments).fit(table()) for seed in (5, 6, 7)]
    assert isinstance(model.network_, Ensemble)
    for member, single in zip(model.network_.members, singles, strict=True):
        for name, weights in single.network_.state_dict().items():
            assert torch.equal(member.state_dict()[name], weights), name
    np.testing.assert_allclose(
        model.predict()["forecast"], np.mean([single.predict()["forecast"] for single in singles], axis=0), rtol=1e-6
    )
    assert model.best_epoch_ == [single.best_epoch_ for single in singles]
    records = [{name: value for name, value in record.items() if name != "seconds"} for record in model.history_]
    assert records == [
        {"member": number, **{name: value for name, value in record.items() if name != "seconds"}}
        for number, single in enumerate(singles, start=1)
        for record in single.history_
    ]


def test_intervals_hold_as_many_new_values_as_they_say() -> None:
    noise = np.random.default_rng(5).normal(10, 1, 3000)
    model = Forecaster(window=2, units=2, epochs=2, batch_size=256, horizon=2, validation=1000, scaling="standard")
    model.fit(table(2000, v=noise[:2000]))
    scores = model.evaluate(table(3000, v=noise), levels=[50, 90]).scores.loc["recurra"]
    assert scores["coverage-50"] == pytest.approx(0.5, abs=0.06)
    assert scores["coverage-90"] == pytest.approx(0.9, abs=0.04)


def test_intervals_are_in_the_units_of_the_series_and_lie_around_the_forecast() -> None:
    noise = np.random.default_rng(5).normal(10, 1, 400)
    predictions = []
    for factor in (1.0, 1000.0):
        model = Forecaster(validation=100, loss="mse", scaling="standard", **SMALL).fit(table(400, v=factor * noise))
        predictions.append(model.predict(levels=[80]).iloc[0])
    small, large = predictions
    for row in predictions:
        assert row["hi-80"] - row["forecast"] == pytest.approx(row["forecast"] - row["lo-80"])
    assert large["hi-80"] - large["lo-80"] == pytest.approx(1000.0 * (small["hi-80"] - small["lo-80"]), rel=1e-3)
    assert 2.0 < small["hi-80"] - small["lo-80"] < 4.0  # of a normal distribution 2.6 standard deviations


def test_intervals_of_logarithms_are_as_wide_in_percent_at_any_price() -> None:
    data = bars(300)
    model = Forecaster("open", scaling=["log", "standard", "subtract-last"], validation=60, **SMALL).fit(data)
    low, high = (model.predict(data.assign(open=data["open"] * f), levels=[90]).iloc[0] for f in (1.0, 10.0))
    assert high["hi-90"] / high["lo-90"] == pytest.approx(low["hi-90"] / low["lo-90"], rel=1e-5)


@pytest.mark.filterwarnings("ignore:the table. 116 missing values are masked")
def test_a_covariate_that_is_seldom_there_hides_no_target() -> None:
    data = table(120, y=np.sin(np.arange(120.0)), seldom=np.where(np.arange(120) % 30 == 0, 1.0, np.nan))
    model = Forecaster("y", past_covariates="seldom", missing="mask", scaling="standard", **SMALL)
    samples = model.prepare(data).parts[0]
    every = samples[torch.arange(len(samples))]
    assert bool(torch.isfinite(every.target).all())
    assert every.mask is not None
    assert bool(every.mask.all())


def test_a_covariate_that_falls_to_zero_after_training_is_no_end_of_a_logarithm() -> None:
    data = bars()
    model = Forecaster(
        "open", past_covariates=["close", "volume"], scaling=["log", "standard", "subtract-last"], **SMALL
    )
    model.fit(data[:70])
    data.loc[75, "volume"] = 0
    least = data.assign(volume=data["volume"].mask(data["volume"] == 0, data["volume"][:70].min()))
    assert model.predict(data)["forecast"][0] == model.predict(least)["forecast"][0]
    data.loc[76, "open"] = 0.0
    as_the_day_before = data.assign(open=data["open"].mask(data["open"] == 0, data["open"][75]))
    assert model.predict(data)["forecast"][0] == model.predict(as_the_day_before)["forecast"][0]
    data.loc[76, "open"] = -1.0
    with pytest.warns(UserWarning, match="scaling log, standard, subtract-last takes no negative values, and the"):
        assert model.predict(data)["forecast"].tolist() == [data["open"].iloc[-1]]


def test_one_zero_in_one_series_refuses_no_logarithm_for_the_others() -> None:
    data = long({"a": 60, "b": 60})
    data.loc[data["unique_id"] == "a", "y"] += 100.0
    data.loc[data["unique_id"] == "b", "y"] = [0.0, 3.0] * 30
    model = Forecaster(scaling=["log", "subtract-last"], horizon=2, season=2, **SMALL).fit(data)
    assert model.predictor_.plan.offset == 0.05
    forecasts = model.predict().set_index("unique_id")["forecast"]
    assert (forecasts["a"] > 90.0).all()
    assert (forecasts["b"] >= 0.0).all()


def test_a_backtest_leaves_out_series_without_rows_before_its_folds_and_names_them() -> None:
    arguments: dict[str, Any] = {"horizon": 2, "validation": 0.15, **SMALL}
    data = long({"a": 60, "b": 60, "new": 6, "newer": 4})
    with pytest.warns(UserWarning, match="1 of 4 series is left out, as no rows remain before the 4 rows of folds=2:"):
        found = Forecaster(**arguments).backtest(data, folds=2)
    assert found.predictions["unique_id"].unique().tolist() == ["a", "b", "new"]
    with pytest.raises(InputError, match="the table: 3 rows are too few for a horizon of 1 with validation=3, wh"):
        Forecaster(**(arguments | {"horizon": 1, "validation": 3})).fit(long({"a": 3, "new": 2}))


@pytest.mark.filterwarnings("ignore:the table. 4 missing values are")
def test_rows_without_values_are_passed_over_or_filled() -> None:
    y = np.sin(np.arange(120.0))
    holes = y.copy()
    holes[[30, 31, 77, 110]] = np.nan
    with pytest.raises(InputError, match="found no value"):
        Forecaster(missing="error", **SMALL).fit(table(120, v=holes))
    for missing in ("auto", "ffill", "interpolate", "mask"):
        arguments: dict[str, Any] = {"window": 6, "units": 12, "epochs": 40, "learning_rate": 0.01, "batch_size": 16}
        model = Forecaster(missing=missing, scaling="standard", **arguments).fit(table(120, v=holes))  # type: ignore[arg-type]
        assert model.predict()["forecast"][0] == pytest.approx(math.sin(120), abs=0.15), missing


@pytest.mark.filterwarnings("ignore:the table. 1 missing value is masked")
def test_what_stands_in_a_masked_row_changes_nothing() -> None:
    data = table(60, v=np.sin(np.arange(60.0)))
    data.loc[57, "v"] = np.nan
    model = Forecaster(missing="mask", residual="none", scaling="standard", **SMALL).fit(data)
    context = model.context_.series[0]
    before = model.predict()["forecast"][0]
    context.values[-3] = 99.0  # row 57, which was not observed
    assert model.predict()["forecast"][0] == before
    context.values[-2] = 99.0  # row 58, which was
    assert model.predict()["forecast"][0] != before


def test_a_loaded_model_predicts_the_same_and_two_saves_are_the_same_bytes(tmp_path: Path) -> None:
    model = Forecaster("open", past_covariates="all", validation=20, ensemble_size=2, horizon=2, **SMALL).fit(bars())
    for name in ("a", "b"):
        model.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    loaded = load(tmp_path / "a")
    assert isinstance(loaded, Forecaster)
    pd.testing.assert_frame_equal(loaded.predict(levels=[80]), model.predict(levels=[80]))
    later = bars(100).tail(25)
    pd.testing.assert_frame_equal(loaded.predict(later), model.predict(later))
    assert loaded.score(bars(100)) == model.score(bars(100))
    assert loaded.get_params() == model.get_params() | {
        "past_covariates": ["all"],
        "future_covariates": [],
        "static_covariates": [],
        "units": [4],
    } | {"scaling": ["auto"]}


def test_the_same_seed_gives_the_same_network_and_another_seed_another() -> None:
    first, again, other = (Forecaster(seed=seed, **SMALL).fit(table()).predict()["forecast"][0] for seed in (1, 1, 2))
    assert first == again != other


def test_newer_rows_follow_on_those_that_the_model_remembers() -> None:
    data = bars(90)
    model = Forecaster("open", **SMALL).fit(data[:80])
    whole = model.predict(data)
    for begin in (0, 75, 80, 82, 89):  # whole, overlapping, adjoining: and with a gap only if that is over a weekend
        pd.testing.assert_frame_equal(model.predict(data[min(begin, 80) :]), whole)
    model.update_context(data[80:])
    pd.testing.assert_frame_equal(model.predict(), whole)


def test_a_gap_before_newer_rows_is_said() -> None:
    data = table(60)
    model = Forecaster(**SMALL).fit(data[:50])
    with pytest.warns(
        UserWarning, match="5 dates are absent between .* the first is 2020-02-20; .* add the missing rows"
    ):
        model.predict(data[55:])
    model.predict(data[54:])  # six rows are a window: nothing is reached over


def test_forecasts_of_a_share_have_the_dates_of_its_exchanges_sessions() -> None:
    pytest.importorskip("exchange_calendars")
    data = pd.DataFrame({"日期": pd.bdate_range("2019-08-01", "2019-09-30"), "收盘": np.arange(43.0) + 50})
    data = data[data["日期"] != "2019-09-13"]  # Mid-Autumn Festival
    following = Forecaster("close", calendar="XSHG", horizon=2, **SMALL).fit(data).predict()
    assert following["ds"].dt.strftime("%m-%d").tolist() == ["10-08", "10-09"]  # after the National Day holidays


def test_a_run_goes_on_where_it_was_and_its_model_has_intervals(tmp_path: Path) -> None:
    data = bars()
    arguments: dict[str, Any] = {"target": "open", "validation": 20, "units": 4, "window": 6, **CONSTANT}
    with Run(tmp_path / "whole", "new") as run:
        Forecaster(epochs=4, **arguments).fit(data, run=run, save_every_seconds=0)
    with Run(tmp_path / "parts", "new") as run:
        Forecaster(epochs=1, **arguments).fit(data, run=run)
    with Run(tmp_path / "parts", "resume") as run:
        Forecaster(epochs=4, **arguments).fit(data, run=run)
    whole, parts = (load(tmp_path / name) for name in ("whole", "parts"))
    assert isinstance(whole, Forecaster)
    assert isinstance(parts, Forecaster)
    pd.testing.assert_frame_equal(whole.predict(levels=[80]), parts.predict(levels=[80]))
    changed = data.assign(open=data["open"] + 1)
    with Run(tmp_path / "parts", "resume") as run, pytest.raises(InputError, match="began with other data"):
        Forecaster(epochs=5, **arguments).fit(changed, run=run)


def test_parameters_that_are_set_after_fit_count_from_the_next_fit_on() -> None:
    model = Forecaster("open", **SMALL).fit(bars()).set_params(target="close", horizon=2)
    assert len(model.predict()) == 1
    assert model.fit(bars()).context_.target == "close"
    assert len(model.predict()) == 2


@pytest.mark.parametrize("loss", ["mae", "huber"])
def test_a_robust_loss_is_not_led_astray_by_a_few_wild_values(loss: Any) -> None:
    y = np.full(200, 10.0) + np.random.default_rng(0).normal(0, 0.1, 200)
    y[::10] += 300.0
    arguments: dict[str, Any] = {"window": 2, "units": 2, "epochs": 30, "learning_rate": 0.02, "residual": "none"}
    robust, squared = (
        Forecaster(loss=chosen, scaling="standard", **arguments).fit(table(200, v=y)).predict()["forecast"][0]
        for chosen in (loss, "mse")
    )
    assert abs(robust - 10.0) < abs(squared - 10.0)


def test_whoever_fits_or_predicts_is_told_what_was_filled() -> None:
    values = np.sin(np.arange(60.0))
    values[30] = np.nan
    with pytest.warns(UserWarning, match="the table: 1 missing value is filled with the value before, the first on 20"):
        model = Forecaster(**SMALL).fit(table(60, v=values))
    with pytest.warns(UserWarning, match="the table: 1 missing value is filled with the value before, the first on 20"):
        model.predict(table(64, v=np.append(values, np.zeros(4))))


def test_a_series_without_an_origin_may_be_shorter_than_a_difference() -> None:
    data = long({"a": 60, "b": 60})
    model = Forecaster(**SMALL, loss="mse", scaling=["season-difference", "standard"], missing="mask")
    model.fit(data[data["ds"] < "2020-02-20"])
    short = pd.concat([data[data["unique_id"] == "a"], data[data["unique_id"] == "b"].head(3)])
    assert set(model.evaluate(short).predictions["unique_id"]) == {"a"}
