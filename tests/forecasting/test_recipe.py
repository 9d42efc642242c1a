"""What the defaults of `recurra forecast` decide by looking at a table, and the second training on all rows."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from recurra import Forecaster, InputError, load
from recurra.cases.catalog import find_case
from recurra.evaluation.conformal import Answers
from recurra.evaluation.conformal_quantiles import QuantileCalibration, calibration_of
from recurra.forecasting.answers import DOUBTFUL, deserved_weight
from recurra.forecasting.predictor import Predictor
from recurra.forecasting.prepare import LEAST_STEPS, MOST_ROWS, MOST_STEPS, PASSES, prepare, prepare_again
from recurra.forecasting.samples import WindowSamples
from recurra.report.parameters import parameters_text
from recurra.runs.train import train_case
from recurra.settings.check import check
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.training import TrainingOptions
from recurra.tables.origins import Origins
from recurra.tables.table_builder import make_table
from recurra.training.batches import batches_of

from .tables import POINT

SETTINGS: dict[str, Any] = {"window": 8, "horizon": 2, "units": 4, "batch_size": 16, "season": 4}


def walk(rows: int, seed: int = 0, start: float = 50.0) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=rows)
    return pd.DataFrame({"ds": days, "y": start + np.random.default_rng(seed).normal(size=rows).cumsum()})


def noise(rows: int, seed: int = 0) -> pd.DataFrame:
    return walk(rows).assign(y=50.0 + np.random.default_rng(seed).normal(size=rows))


def test_auto_takes_no_logarithms_of_series_that_are_often_zero() -> None:
    counts = walk(100).assign(y=np.random.default_rng(0).poisson(0.5, 100).astype(float))
    model = Forecaster(scaling="auto", loss="quantile", steps=60, validation=0.15, **SETTINGS).fit(counts)
    assert model.predictor_.plan.scaling == ("deseasonalize", "standard", "subtract-level")
    found = model.predict(levels=[95])
    assert (found["lo-95"] >= 0.0).all()
    assert (found["hi-95"] < 10.0).all()


@pytest.mark.parametrize(("freq", "window"), [("MS", 12), ("QS", 4), ("D", 28), ("h", 96), ("YS", 20)])
def test_the_window_is_a_season_of_a_year_or_four_shorter_ones(freq: str, window: int) -> None:
    data = walk(400, start=1000.0)
    data["ds"] = pd.date_range("1700-01-01", periods=400, freq=freq)
    settings = check(ForecasterSettings, {"scaling": "auto", "horizon": 2}, "test")
    assert prepare(settings, make_table(data)).plan.window == window


def hours(rows: int, seed: int = 0) -> pd.DataFrame:
    """Demand by day and night, of which Saturdays and Sundays have half."""
    dates = pd.date_range("2024-01-01", periods=rows, freq="h")
    day = 100.0 + 60.0 * np.sin((dates.hour - 6) * np.pi / 12) * np.where(dates.dayofweek < 5, 1.0, 0.3)
    return pd.DataFrame({"ds": dates, "y": day + np.random.default_rng(seed).normal(0, 5, rows)})


def test_hours_have_a_season_of_a_day_and_one_of_a_week() -> None:
    data, horizon = hours(24 * 7 * 7), 72
    past, future = data[:-horizon], data["y"][-horizon:].to_numpy()
    arguments = {"scaling": "auto", "horizon": horizon, "units": 8, "steps": 30, "learning_rate": 0.01}
    errors = []
    for season in (None, 24):  # a season that is given is the only one
        model = Forecaster(season=season, **arguments).fit(past)
        errors.append(np.abs(model.predict()["forecast"] - future).mean())
    assert model.predictor_.plan.long_season is None
    assert errors[0] < 0.5 * errors[1]
    weekly = np.abs(data["y"][-168 - horizon : -168].to_numpy() - future).mean()
    assert errors[0] < weekly


def test_a_day_is_the_longest_season_of_less_than_two_weeks(tmp_path: Path) -> None:
    settings = check(ForecasterSettings, {"scaling": "auto", "horizon": 2}, "test")
    plans = [prepare(settings, make_table(hours(rows))).plan for rows in (335, 336)]
    assert [plan.long_season for plan in plans] == [None, 168]
    assert [plan.season for plan in plans] == [24, 24]
    model = Forecaster(scaling="auto", horizon=2, steps=2).fit(hours(400))
    model.save(tmp_path / "model")
    pd.testing.assert_frame_equal(Forecaster.load(tmp_path / "model").predict(), model.predict())


@pytest.mark.parametrize("short", [3, 40])  # rows, at most a horizon or more
def test_many_short_series_do_not_outvote_long_ones(short: int) -> None:
    lengths = {"a": 672, "b": 700} | {f"short {number}": short for number in range(30)}
    data = pd.concat([hours(rows, seed).assign(unique_id=id_) for seed, (id_, rows) in enumerate(lengths.items())])
    settings = check(ForecasterSettings, {"scaling": "auto", "horizon": 5, "validation": 0.15}, "test")
    both, alone = (make_table(rows) for rows in (data, data[data["unique_id"].isin(["a", "b"])]))
    first, expected = prepare(settings, both), prepare(settings, alone)
    assert (expected.plan.window, expected.plan.long_season) == (96, 168)
    assert first.plan == expected.plan
    assert prepare_again(settings, first.plan, both).plan == expected.plan


def months(rows: int, series: int = 20) -> pd.DataFrame:
    """Sales with seasons of many forms."""
    rng, dates = np.random.default_rng(0), pd.date_range("2022-01-01", periods=rows, freq="MS")
    forms = 100.0 * np.exp(0.4 * rng.normal(size=(series, 12)))
    values = [form[np.arange(rows) % 12] * np.exp(0.05 * rng.normal(size=rows)) for form in forms]
    parts = [pd.DataFrame({"unique_id": f"s{i}", "ds": dates, "y": own}) for i, own in enumerate(values)]
    return pd.concat(parts, ignore_index=True)


def test_a_season_that_was_seen_once_and_a_half_is_what_the_network_corrects() -> None:
    data = months(24)
    past = data.groupby("unique_id").head(18)
    future = data.groupby("unique_id").tail(6)["y"].to_numpy()
    case = find_case("forecast").settings({"horizon": 6})
    names = "scaling", "loss", "steps", "learning_rate", "batch_size", "schedule"
    own = {name: getattr(case, name) for name in names}
    model = Forecaster(horizon=6, validation=0.15, **own).fit(past)
    with pytest.warns(UserWarning, match="corrects another forecast than the one that was scored, and its intervals"):
        model.refit(past)
    plan = model.predictor_.plan
    assert (plan.base, plan.window, plan.scaling) == ("seasonal", 12, ("log", "subtract-last"))
    found = model.predict(levels=[80])
    seasonal_naive = past.groupby("unique_id")["y"].apply(lambda own: own.iloc[-12:-6]).to_numpy()
    error = np.abs(found["forecast"] - future).mean()
    assert error < 1.02 * np.abs(seasonal_naive - future).mean()
    assert 0.7 < ((found["lo-80"] < future) & (future < found["hi-80"])).mean() < 0.9


def test_series_without_rows_for_a_validation_part_have_intervals_of_the_network(tmp_path: Path) -> None:
    data, arguments = months(12), {"horizon": 6, "loss": "quantile", "steps": 5, "validation": 0.15}
    with pytest.warns(UserWarning, match="too short for a validation part; the intervals are those of the network"):
        model = Forecaster(scaling="auto", **arguments).fit(data)
    assert model.predictor_.calibration is None
    with pytest.warns(UserWarning, match="too short for a validation part; there are no intervals"):
        Forecaster(scaling="auto", **(arguments | {"loss": "mae"})).fit(data)
    found = model.predict(levels=[80])
    assert (found["lo-80"] < found["hi-80"]).all()
    with pytest.raises(InputError, match=r"the training part of series 's0' has 6 rows; .* need at least 7 there"):
        Forecaster(scaling=["log", "subtract-last"], **arguments).fit(data)
    data.to_csv(tmp_path / "short.csv", index=False)
    overrides = {"data": str(tmp_path / "short.csv"), "horizon": 4}
    with pytest.warns(UserWarning, match="too short for a validation part"):
        run = train_case(find_case("forecast"), overrides, tmp_path / "run")
    scores = json.loads((run.path / "scores.json").read_text("utf-8"))
    assert "test" in scores
    assert "validation" not in scores


def test_a_second_training_on_more_rows_may_find_a_season_that_the_first_could_not() -> None:
    data = months(18)
    arguments: dict[str, Any] = {"horizon": 6, "units": 4, "steps": 5, "scaling": "auto"}
    model = Forecaster(**arguments).fit(data.groupby("unique_id").head(12))
    assert model.predictor_.plan.base == "level"
    with pytest.warns(UserWarning, match="all rows show what the first rows did not, such as a season"):
        assert model.refit(data).predictor_.plan.base == "seasonal"
    pd.testing.assert_frame_equal(model.predict(), Forecaster(**arguments).fit(data).predict())


@pytest.mark.parametrize(
    ("start", "scaling"),
    [
        (1000.0, ("log", "deseasonalize", "subtract-level")),
        (0.0, ("deseasonalize", "standard", "subtract-level")),
    ],
)
def test_auto_takes_logarithms_of_series_without_negative_values(start: float, scaling: tuple[str, ...]) -> None:
    settings = check(ForecasterSettings, {**SETTINGS, "scaling": "auto"}, "test")
    plan = prepare(settings, make_table(walk(80, start=start))).plan
    assert plan.scaling == scaling
    assert plan.base == "level"


@pytest.mark.parametrize("row", [-1, -25])  # of the test part, and of the validation part
def test_a_value_that_is_negative_later_tells_what_values_can_be(row: int, tmp_path: Path) -> None:
    data = walk(100)
    data.loc[data.index[row], "y"] = -1.0
    data.to_csv(tmp_path / "walk.csv", index=False)
    overrides = {"data": str(tmp_path / "walk.csv"), "horizon": 2, "units": 4, "steps": 2, "window": 8, "refit": False}
    plan = load(train_case(find_case("forecast"), overrides, tmp_path / "run").path).predictor_.plan  # type: ignore[union-attr]
    assert plan.scaling[:2] == ("deseasonalize", "standard")
    found = Forecaster(scaling="auto", steps=2, **SETTINGS).backtest(data, folds=20)
    assert np.isfinite(found.scores["mae"]["recurra"])


@pytest.mark.parametrize(
    ("last", "settings", "message"),
    [
        (-1.0, {"lower": 0.0}, "and lower is 0; expected no value below this bound"),
        (50.5, {"loss": "negative-binomial"}, "and loss negative-binomial needs counts"),
    ],
)
def test_a_later_value_that_the_second_training_would_refuse_is_refused_before_the_first(
    last: float, settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    data = walk(100).round()
    data.loc[99, "y"] = last
    data.to_csv(tmp_path / "walk.csv", index=False)
    overrides = {"data": str(tmp_path / "walk.csv"), "horizon": 2, "units": 4, "steps": 2, **settings}
    with pytest.raises(InputError, match=message):
        train_case(find_case("forecast"), overrides, tmp_path / "run")
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_a_loss_of_counts_is_named_where_a_value_is_no_count_and_not_the_scaling_that_it_takes() -> None:
    data = walk(60, start=100.0).round()
    data.loc[9, "y"] = -1.0
    with pytest.raises(InputError, match="is -1 on 2024-01-10, and loss negative-binomial needs counts: 0, 1, 2 and"):
        Forecaster(loss="negative-binomial", steps=2, units=4).fit(data)


def test_the_level_is_that_of_the_price_nearest_to_the_target() -> None:
    data = walk(200, start=1000.0)
    data = data.rename(columns={"y": "close"}).assign(open=data["y"].shift(1, fill_value=1000.0))
    settings = {**SETTINGS, "scaling": "auto", "target": "open", "past_covariates": ["close"]}
    plan = prepare(
        check(ForecasterSettings, settings, "test"), make_table(data, target="open", past_covariates="close")
    ).plan
    assert plan.names[plan.base_column] == "close"


def test_the_level_of_a_random_walk_is_its_last_value_and_that_of_noise_a_mean() -> None:
    smoothings = []
    for data in (walk(400), noise(400)):
        settings = check(ForecasterSettings, {**SETTINGS, "scaling": ["standard", "subtract-level"]}, "test")
        smoothings.append(prepare(settings, make_table(data)).transform.window.per_window.smoothing)
    assert smoothings[0] >= 0.8
    assert smoothings[1] <= 0.3


def test_what_the_network_corrects_is_simple_exponential_smoothing_of_the_window() -> None:
    settings = check(ForecasterSettings, {**SETTINGS, "scaling": "subtract-level"}, "test")
    prepared = prepare(settings, make_table(noise(100)))
    smoothing = prepared.transform.window.per_window.smoothing
    (samples,) = prepared.parts
    index = torch.tensor([3])
    window = samples.windows.inputs(index)[0, :, 0].double().numpy()
    level, weight = 0.0, 0.0  # of a window: the weights of the recursion, made to sum to 1
    for value in window:
        level, weight = smoothing * value + (1 - smoothing) * level, smoothing + (1 - smoothing) * weight
    answers = prepared.transform.window.inverse(torch.zeros(1, 2), samples.windows, index)
    np.testing.assert_allclose(answers, [[level / weight] * 2], rtol=1e-6)


def test_the_validation_part_decides_how_much_of_the_correction_is_added() -> None:
    arguments = {**SETTINGS, "scaling": ["standard", "subtract-level"], "season": 1, "validation": 40, "horizon": 1}
    wave = walk(200).assign(y=np.sin(np.arange(200) * 2 * np.pi / 7))
    learned = Forecaster(steps=400, learning_rate=0.01, **arguments).fit(wave).predictor_
    assert learned.weight == 1.0
    overfitted = Forecaster(steps=400, learning_rate=0.05, restore_best=False, **arguments).fit(noise(200)).predictor_
    assert overfitted.weight <= DOUBTFUL
    prepared = prepare(overfitted.settings, make_table(noise(200)))
    assert prepared.validation is not None
    errors = []
    for weight in (0.0, overfitted.weight, 1.0):
        chosen = replace(overfitted, weight=weight)
        truth = prepared.table.values[prepared.validation.rows, 0]
        errors.append(np.abs(chosen.forecast(prepared.table, prepared.validation).values[:, 0] - truth).mean())
    assert errors[1] <= min(errors)


def test_intervals_are_calibrated_on_the_forecasts_with_their_weight() -> None:
    arguments = {**SETTINGS, "scaling": "subtract-level", "loss": "quantile", "steps": 50, "validation": 40}
    predictor = Forecaster(**arguments).fit(noise(200)).predictor_
    assert predictor.weight < 1.0
    prepared = prepare(predictor.settings, make_table(noise(200)))
    assert prepared.validation is not None
    before = predictor.transform.before(prepared.table, prepared.validation)
    truth = predictor.transform.truth(prepared.table, prepared.validation)
    expected = calibration_of(predictor.answered(prepared.parts[1], before), truth)
    assert isinstance(expected, QuantileCalibration) and isinstance(predictor.calibration, QuantileCalibration)
    for name, values in vars(expected).items():
        np.testing.assert_allclose(getattr(predictor.calibration, name), values, atol=1e-5, err_msg=name)


def test_a_correction_that_hardly_helps_has_half_of_its_weight() -> None:
    truth = np.array([[1.0, 2.0], [3.0, 4.0]])
    base = np.zeros((2, 2))
    for gain, weight in ((0.02, 1.0), (0.005, DOUBTFUL), (-0.02, 0.0)):
        found = Answers(base + gain * truth, np.ones((2, 1)), {})
        assert deserved_weight(found, base, truth) == weight


def test_a_weight_moves_all_quantiles_by_as_much_as_the_forecast(tmp_path: Path) -> None:
    arguments = {**SETTINGS, "scaling": "subtract-level", "loss": "quantile", "steps": 50}
    predictor = Forecaster(**arguments).fit(noise(100)).predictor_
    half = replace(predictor, weight=0.5)
    table, origins = predictor.context, Origins.after_last(predictor.context)
    whole, found = predictor.forecast(table, origins, [80]), half.forecast(table, origins, [80])
    none = replace(predictor, weight=0.0).forecast(table, origins)
    np.testing.assert_allclose(found.values, (whole.values + none.values) / 2, rtol=1e-6)
    move = found.values - whole.values
    for ends, moved in zip(whole.intervals[80], found.intervals[80], strict=True):
        np.testing.assert_allclose(moved, ends + move, rtol=1e-6)
    half.save(tmp_path / "model")
    np.testing.assert_array_equal(Predictor.load(tmp_path / "model").forecast(table, origins).values, found.values)


def test_a_forecaster_alone_is_the_network_that_the_command_trains_on_all_rows(tmp_path: Path) -> None:
    """Where the validation part halves no correction: its weight and its intervals are what a fit to all rows lacks."""
    data = walk(200).assign(y=50.0 + 9.0 * np.sin(np.arange(200) * 2 * np.pi / 9))
    data.to_csv(tmp_path / "waves.csv", index=False)
    overrides = {"data": str(tmp_path / "waves.csv"), "horizon": 3}
    command = train_case(find_case("forecast"), overrides, tmp_path / "run").model
    assert isinstance(command, Forecaster)
    assert command.predictor_.weight == 1.0
    alone = Forecaster(horizon=3).fit(data)
    assert alone.best_epoch_ == len(alone.history_)  # the command keeps the last weights, not the best
    for name, weights in command.network_.state_dict().items():
        assert torch.equal(alone.network_.state_dict()[name], weights), name
    np.testing.assert_array_equal(alone.predict()["forecast"], command.predict()["forecast"])


def test_the_data_decides_the_number_of_steps_unless_epochs_or_steps_do() -> None:
    data = make_table(walk(100))
    lengths = []
    for given in ({}, {"steps": "auto", "epochs": 3}, {"epochs": 3}, {"epochs": 3, "steps": 7}):
        training = prepare(check(ForecasterSettings, given, "test"), data).training_settings
        lengths.append(("epochs", training.epochs) if training.steps is None else ("steps", training.steps))
    assert lengths == [("steps", LEAST_STEPS), ("steps", LEAST_STEPS), ("epochs", 3), ("steps", 7)]


def test_steps_are_so_many_passes_over_the_samples_within_bounds() -> None:
    found = []
    for rows in (200, 5_000, 40_000):
        settings = check(ForecasterSettings, {**SETTINGS, "batch_size": 128, "steps": "auto"}, "test")
        prepared = prepare(settings, make_table(walk(rows, start=1000.0)))
        found.append((len(prepared.parts[0]), prepared.training_settings.steps))
        assert prepared.settings.steps == "auto"  # as the run records it
    (few, least), (some, between), (_, most) = found
    assert PASSES * few / 128 < LEAST_STEPS == least
    assert most == MOST_STEPS
    settings = check(ForecasterSettings, {**SETTINGS, "batch_size": 128, "steps": "auto", "window": 60}, "test")
    assert prepare(settings, make_table(walk(40_000, start=1000.0))).training_settings.steps == MOST_ROWS // 60
    assert between == max(round(PASSES * some / 128), LEAST_STEPS)


def test_every_series_is_heard_where_the_steps_are_too_few_for_all_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.forecasting.prepare.MOST_STEPS", LEAST_STEPS)
    data = pd.concat([walk(30, start=1000.0).assign(unique_id=f"{number:03}") for number in range(100)])
    prepared = prepare(check(ForecasterSettings, {**SETTINGS, "batch_size": 4}, "test"), make_table(data))
    (windows,) = prepared.parts
    assert prepared.training_settings.steps == 25  # as many as the 100 series need
    heard: list[int] = []
    monkeypatch.setattr(WindowSamples, "__getitem__", lambda self, index: heard.extend(self.windows.series[index]))
    batches = batches_of(windows, TrainingOptions(steps=50, batch_size=4))
    for _ in range(50):
        next(batches)
    assert sorted(heard[:100]) == sorted(heard[100:]) == list(range(100))


def test_a_network_that_is_trained_again_is_one_fitted_to_all_rows_with_the_intervals_of_the_first() -> None:
    data = walk(120)
    arguments = {**SETTINGS, **POINT, "restore_best": False, "steps": 30}
    first = Forecaster(validation=30, **arguments).fit(data)
    widths = [first.predict(levels=[80]).eval("`hi-80` - `lo-80`")]
    first.refit(data)
    widths.append(first.predict(levels=[80]).eval("`hi-80` - `lo-80`"))
    whole = Forecaster(**arguments).fit(data)
    np.testing.assert_array_equal(first.predict()["forecast"], whole.predict()["forecast"])
    scales = [1.0, whole.predictor_.transform.state()["scale"][0, 0]]
    scales[0] = data["y"][:90].std(ddof=0)
    np.testing.assert_allclose(widths[1] / scales[1], widths[0] / scales[0], rtol=1e-9)
    assert first.cutoff_ == data["ds"].iloc[-1]


def test_a_training_that_stopped_early_is_trained_again_for_as_many_epochs() -> None:
    data = noise(120)
    model = Forecaster(validation=30, epochs=40, patience=3, learning_rate=0.02, **SETTINGS, **POINT).fit(data)
    best = model.best_epoch_
    assert isinstance(best, int)
    assert best < 40
    model.refit(data)
    whole = Forecaster(epochs=best, learning_rate=0.02, restore_best=False, **SETTINGS, **POINT)
    plan = prepare(check(ForecasterSettings, whole.get_params(), "test"), make_table(data)).plan
    assert plan == model.predictor_.plan
    np.testing.assert_array_equal(model.predict()["forecast"], whole.fit(data).predict()["forecast"])


def test_a_run_keeps_the_network_that_was_trained_again_and_scores_of_the_one_that_had_not_seen_the_test(
    tmp_path: Path,
) -> None:
    data = walk(150)
    data.to_csv(tmp_path / "walk.csv", index=False)
    overrides = {"data": str(tmp_path / "walk.csv"), "horizon": 2, "units": 4, "steps": 20, "window": 8}
    first = train_case(find_case("forecast"), overrides, tmp_path / "first")
    other = train_case(find_case("forecast"), overrides | {"refit": False}, tmp_path / "other")
    scores = [(run.path / "scores.json").read_text() for run in (first, other)]
    assert scores[0].split('"test"')[1] == scores[1].split('"test"')[1]
    models = [load(run.path) for run in (first, other)]
    assert isinstance(models[0], Forecaster)
    assert isinstance(models[1], Forecaster)
    assert models[0].cutoff_ > models[1].cutoff_
    assert not np.array_equal(models[0].predict()["forecast"], models[1].predict()["forecast"])
    assert (first.path / "parameters.txt").read_text("utf-8") == parameters_text(models[0].network_)
    again = train_case(find_case("forecast"), overrides, tmp_path / "again")
    assert (again.path / "model.safetensors").read_bytes() == (first.path / "model.safetensors").read_bytes()
