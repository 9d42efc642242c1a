"""The cases on tables of series: the tutorial's recipe and ours, their runs, and what stands in a run folder."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from recurra import Forecaster
from recurra.cases.catalog import find_case
from recurra.errors import InputError
from recurra.runs.series import SeriesCase
from recurra.runs.show import scores_text
from recurra.runs.train import TrainedRun, train_case
from recurra.settings.cases import SeriesSettings
from recurra.settings.check import to_json
from recurra.training.run_folder import MODEL, Run

pytestmark = pytest.mark.usefixtures("empty_pictures")

QUICK: dict[str, Any] = {"epochs": 2, "units": [4], "test": 40}


def bars(path: Path, count: int = 300, seed: int = 0) -> str:
    """Daily bars whose price doubles on the way, in a file."""
    rng = np.random.default_rng(seed)
    close = 100 * 2 ** (np.arange(count) / count) * np.exp(rng.normal(0, 0.01, count).cumsum())
    opened = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0, 0.002, count))
    frame = pd.DataFrame({"date": pd.bdate_range("2020-01-01", periods=count), "open": opened, "close": close})
    frame["high"], frame["low"] = np.maximum(opened, close) * 1.01, np.minimum(opened, close) * 0.99
    frame["volume"] = rng.integers(1000, 9000, count)
    frame.round(4).to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return bars(tmp_path_factory.mktemp("data") / "bars.csv")


@pytest.fixture(scope="module")
def stock(file: str, tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    folder = tmp_path_factory.mktemp("runs") / "stock"
    return train_case(find_case("stock"), {"data": file, **QUICK}, folder)


def test_the_tutorials_case_is_its_recipe_to_the_letter() -> None:
    settings = find_case("stock-tutorial").settings({})
    assert isinstance(settings, SeriesSettings)
    recipe = {
        "target": "open",
        "past_covariates": [],
        "window": 60,
        "horizon": 1,
        "cell": "rnn",
        "units": [80, 100],
        "dropout": 0.2,
        "scaling": ["minmax"],
        "residual": "none",
        "optimizer": "adam",
        "learning_rate": 0.001,
        "loss": "mse",
        "epochs": 10,
        "batch_size": 64,
        "shuffle": True,
        "seed": 7,
        "test": 300,
        "test_windows_inside": True,
        "validation": 0,  # without its peeking
        "restore_best": False,
    }
    assert to_json(settings) | recipe == to_json(settings)


def test_the_tutorials_network_is_trained_on_all_rows_before_the_last_300_and_asked_for_240() -> None:
    settings = find_case("stock-tutorial").settings({"epochs": 1, "units": [2, 2]})
    assert isinstance(settings, SeriesSettings)
    case = SeriesCase(settings)
    rows = len(case.table.series[0].dates)
    case.check()
    prepared = case.prepared
    assert prepared is not None
    assert list(map(len, prepared.parts)) == [rows - 300 - 60]
    x, y, *_ = prepared.parts[0][torch.arange(rows - 360)]
    both = torch.cat([x[0, :, 0], y[:, 0]])  # all training rows, scaled to the range from 0 to 1
    assert (float(both.min()), float(both.max())) == (0.0, 1.0)
    assert x.shape == (rows - 360, 60, 1)
    case.model.fit(prepared)
    predictions = case.evaluated_on_test().predictions
    assert len(predictions) == 240
    assert predictions["ds"].tolist() == case.table.series[0].dates[-240:].tolist()


def test_every_row_of_the_test_part_is_predicted_by_a_window_that_may_reach_back(stock: TrainedRun) -> None:
    predictions = pd.read_csv(stock.path / "predictions.csv", parse_dates=["ds", "cutoff"])
    assert len(predictions) == 40
    assert predictions["ds"].is_monotonic_increasing
    assert (predictions["cutoff"] < predictions["ds"]).all()


def test_a_run_of_the_stock_case_holds_what_a_run_folder_should(stock: TrainedRun) -> None:
    assert sorted(p.name for p in stock.path.iterdir()) == [
        "forecast.csv",
        "forecast.png",
        "importance.png",
        "metrics.jsonl",
        "model.safetensors",
        "parameters.txt",
        "predictions.csv",
        "residuals.png",
        "run.json",
        "scores.json",
        "state.safetensors",
        "training.png",
    ]
    for plot in stock.path.glob("*.png"):
        assert plot.read_bytes().startswith(b"\x89PNG")
    scores = json.loads((stock.path / "scores.json").read_text())
    for part in ("validation", "test"):
        assert set(scores[part]["scores"]) == {"recurra", "persistence", "seasonal naive", "drift", "last close"}
        assert scores[part]["best_naive"] == "last close"
        assert scores[part]["verdict"].startswith("the network is ")
    importance = scores["permutation_importance"]
    assert set(importance["covariates"]) == {"close", "high", "low", "volume"}
    assert max(importance["covariates"], key=lambda name: importance["covariates"][name]["importances_mean"]) == "close"
    assert "Permuting a covariate adds to the mean absolute error" in scores_text(Run(stock.path))
    test = scores["test"]["scores"]
    predictions = pd.read_csv(stock.path / "predictions.csv")
    for name in ("recurra", "persistence", "last close"):
        error = predictions[name] - predictions["y"]
        assert test[name]["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)
        assert test[name]["mae"] == pytest.approx(np.mean(np.abs(error)), rel=1e-6)
    assert "W_xh" in (stock.path / "parameters.txt").read_text()


def test_the_scores_choose_nothing_from_the_test_part(file: str, tmp_path: Path) -> None:
    frame = pd.read_csv(file)
    frame.loc[260:, ["open", "close", "high", "low"]] *= 3.0
    frame.to_csv(tmp_path / "planted.csv", index=False)
    runs = [
        train_case(find_case("stock"), {"data": data, **QUICK}, tmp_path / name)
        for name, data in (("a", file), ("b", str(tmp_path / "planted.csv")))
    ]
    first, second = (run.model for run in runs)
    assert isinstance(first, Forecaster)
    assert isinstance(second, Forecaster)
    assert first.history_[0]["val_loss"] == second.history_[0]["val_loss"]
    assert first.best_epoch_ == second.best_epoch_
    for name, weights in first.network_.state_dict().items():
        np.testing.assert_array_equal(second.network_.state_dict()[name], weights)


def test_the_next_values_come_after_the_last_row_of_the_file(stock: TrainedRun, file: str) -> None:
    following = pd.read_csv(stock.path / "forecast.csv", parse_dates=["ds"])
    last = pd.read_csv(file, parse_dates=["date"]).iloc[-1]
    assert following["ds"].tolist() == [last["date"] + pd.offsets.BusinessDay(1)]
    assert following["forecast"][0] == pytest.approx(last["close"], rel=0.02)


def test_resuming_a_finished_run_does_nothing_and_reads_no_rows_twice(
    stock: TrainedRun, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in stock.path.iterdir()}
    monkeypatch.setattr(Forecaster, "fit", None)
    again = train_case(find_case("stock"), {}, stock.path, mode="resume")
    assert again.was_finished
    assert {p.name: p.stat().st_mtime_ns for p in stock.path.iterdir()} == before


def test_very_many_predictions_are_written_when_they_are_asked_for(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, values, out = find_case("stock"), {"data": file, **QUICK}, tmp_path / "run"
    train_case(case, values, tmp_path / "few")
    monkeypatch.setattr("recurra.runs.series.MOST_PREDICTIONS", 39)
    with pytest.warns(UserWarning, match=r"predictions.csv is not written, as it would have 40 rows; the same comm"):
        train_case(case, values, out)
    assert not (out / "predictions.csv").exists()
    assert train_case(case, {}, out, mode="resume").was_finished  # nobody asked for the file
    assert not train_case(case, {"predictions": True}, out, mode="resume").was_finished
    for name in ("predictions.csv", MODEL, "scores.json"):
        assert (out / name).read_bytes() == (tmp_path / "few" / name).read_bytes(), name
    assert train_case(case, {"predictions": True}, out, mode="resume").was_finished


def test_predictions_that_are_not_wanted_are_not_kept_from_a_shorter_training(file: str, tmp_path: Path) -> None:
    case, values = find_case("stock"), {"data": file, **QUICK, "schedule": "constant"}
    train_case(case, values, tmp_path)
    assert (tmp_path / "predictions.csv").exists()
    train_case(case, {"epochs": 3, "predictions": False}, tmp_path, mode="resume")
    assert not (tmp_path / "predictions.csv").exists()
    assert train_case(case, {}, tmp_path, mode="resume").was_finished  # the file is not missing


@pytest.mark.slow
def test_more_epochs_end_as_if_they_had_been_asked_for_at_once(file: str, tmp_path: Path) -> None:
    case = find_case("stock")
    values = {"data": file, **QUICK, "ensemble_size": 2, "schedule": "constant"}
    train_case(case, values | {"epochs": 1}, tmp_path / "parts")
    train_case(case, {"epochs": 3}, tmp_path / "parts", mode="resume")
    train_case(case, values | {"epochs": 3}, tmp_path / "whole")
    for name in (MODEL, "scores.json", "predictions.csv", "forecast.csv", "parameters.txt"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_run_refuses_other_rows_even_in_its_test_part(file: str, tmp_path: Path) -> None:
    data = tmp_path / "mine.csv"
    frame = pd.read_csv(file)
    frame.to_csv(data, index=False)
    train_case(find_case("stock"), {"data": str(data), **QUICK}, tmp_path / "run")
    frame.loc[299, "close"] += 1.0
    frame.to_csv(data, index=False)
    with pytest.raises(InputError, match=r"the run began with other data than .*mine.csv now holds; .* --overwrite"):
        train_case(find_case("stock"), {"epochs": 3}, tmp_path / "run", mode="resume")


@pytest.mark.slow
def test_a_stock_training_that_is_killed_ends_with_the_same_bytes(file: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "recurra",
        "train",
        "stock",
        "--data",
        file,
        "--test",
        "40",
        "--epochs",
        "6",
        "--units",
        "8",
    ]
    command += ["--patience", "6", "--save-every-seconds", "0", "--quiet", "--out"]
    began = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    seconds = time.monotonic() - began
    rng = np.random.default_rng(3)
    for number in range(5):
        folder = tmp_path / str(number)
        for kill_after in (seconds * rng.uniform(0.3, 1.0), seconds * rng.uniform(0.3, 1.0), None):
            process = subprocess.Popen([*command, str(folder), "--resume"], stdout=subprocess.DEVNULL)
            try:
                assert process.wait(kill_after) == 0
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in (MODEL, "scores.json", "predictions.csv", "forecast.csv", "parameters.txt", "forecast.png"):
            assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), (number, name)
        assert not list(folder.glob(".*.tmp"))


def test_a_table_of_short_series_alone_is_forecast_without_scores(tmp_path: Path) -> None:
    days = [f"2024-01-{day:02}" for day in range(1, 6)]
    ids = [f"s{number}" for number in range(10)]
    data = pd.DataFrame({"unique_id": np.repeat(ids, 5), "ds": days * 10, "y": np.arange(50.0)})
    data.to_csv(tmp_path / "short.csv", index=False)
    values: dict[str, Any] = {"data": str(tmp_path / "short.csv"), "horizon": 3, "units": [4]}
    for given in ({"test": 3}, {"validation": 3}):
        with pytest.raises(InputError, match=r"5 rows are too few .* or hold out nothing \(validation=0, test=0\)"):
            train_case(find_case("forecast"), {**values, **given}, tmp_path / "run")
    train_case(find_case("forecast"), {**values, "validation": 0, "test": 0}, tmp_path / "as said")
    with (
        pytest.warns(UserWarning, match="short.csv: its series are too short for a test part; nothing is scored"),
        pytest.warns(UserWarning, match="too short for a validation part; the intervals are those of the network"),
    ):
        train_case(find_case("forecast"), values, tmp_path / "run")
    assert json.loads((tmp_path / "run" / "scores.json").read_text()).keys() == {"best_epoch", "sha256"}
    assert len(pd.read_csv(tmp_path / "run" / "forecast.csv")) == 30
    assert not (tmp_path / "run" / "predictions.csv").exists()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"test": 5, "horizon": 6}, r"a test part of 5 rows is shorter than the horizon of 6"),
        ({"test": 50, "test_windows_inside": True}, "a test part of 50 rows holds no window of 60 and horizon of 1"),
        ({"test": 0.99}, "the training part has .* rows; a window of 60"),
        ({"test": 300}, "300 rows are too few for a horizon of 1 with validation=0.2 and test=300, which leave none"),
        ({"past_covariates": ["adjusted"]}, "there is no column 'adjusted' for the past covariates"),
        ({"data": "nowhere.csv"}, "nowhere.csv: there is no such file"),
        ({"data": None, "symbol": None}, "there is no data: give --data FILE, or --symbol"),
        ({"levels": [100.0]}, "--levels is 100.0; expected a number below 100"),
        ({"scaling": ["minmax", "minmax"]}, "scaling is .*; expected each of these at most once"),
    ],
)
def test_a_faulty_setting_is_found_before_there_is_a_folder(
    values: dict[str, Any], message: str, file: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        train_case(find_case("stock"), {"data": file, **values}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_table_of_ones_own_needs_nothing_but_the_file(tmp_path: Path) -> None:
    t = np.arange(120)
    frame = pd.DataFrame({"month": pd.date_range("2010-01-01", periods=120, freq="MS").strftime("%Y-%m")})
    frame["sales"] = 100 + 20 * np.sin(2 * np.pi * t / 12)
    frame.to_csv(tmp_path / "sales.csv", index=False)
    run = train_case(
        find_case("forecast"), {"data": str(tmp_path / "sales.csv"), "horizon": 3, "epochs": 2}, tmp_path / "run"
    )
    assert isinstance(run.model, Forecaster)
    assert run.model.predictor_.plan.window == 12
    following = pd.read_csv(tmp_path / "run" / "forecast.csv")
    assert list(following.columns) == ["ds", "forecast", "lo-80", "hi-80", "lo-95", "hi-95"]
    assert following["ds"].tolist() == ["2020-01-01", "2020-02-01", "2020-03-01"]


def test_an_interval_that_the_validation_part_is_too_short_for_is_said_and_left_out(file: str, tmp_path: Path) -> None:
    with pytest.warns(
        UserWarning, match=r"no 99 % interval: it needs 199 validation forecasts per step, and there are"
    ):
        run = train_case(find_case("stock"), {"data": file, **QUICK, "levels": [80.0, 99.0]}, tmp_path / "run")
    assert "lo-80" in pd.read_csv(run.path / "forecast.csv").columns
    assert "lo-99" not in pd.read_csv(run.path / "forecast.csv").columns


def test_several_series_in_one_table_share_a_network(tmp_path: Path) -> None:
    t = np.arange(100)
    frames = [
        pd.DataFrame({"unique_id": n, "ds": pd.date_range("2020-01-01", periods=100), "y": np.sin(t) * f + 5 * f})
        for n, f in (("a", 1.0), ("b", 50.0))
    ]
    pd.concat(frames).to_csv(tmp_path / "many.csv", index=False)
    run = train_case(
        find_case("forecast"), {"data": str(tmp_path / "many.csv"), "horizon": 2, "epochs": 2}, tmp_path / "run"
    )
    following = pd.read_csv(run.path / "forecast.csv")
    assert following["unique_id"].tolist() == ["a", "a", "b", "b"]
    predictions = pd.read_csv(run.path / "predictions.csv")
    assert predictions.groupby("unique_id").size().tolist() == [28, 28]  # 14 origins of 2 rows in 15 rows each


def test_prices_that_a_provider_has_taken_below_zero_are_named_with_the_mend(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.read_csv(file)
    frame[["open", "close", "high", "low"]] -= 110.0  # as dividends that are subtracted do
    frame.to_csv(tmp_path / "600519.csv", index=False)
    monkeypatch.setattr("recurra.runs.series.download", lambda *_, **__: tmp_path / "600519.csv")
    with pytest.raises(
        InputError, match=r"prices are not positive, as the provider subtracts dividends .* --adjust hfq"
    ):
        train_case(find_case("stock"), {"symbol": "600519", **QUICK}, tmp_path / "run")
    train_case(find_case("stock-tutorial"), {"symbol": "600519", **QUICK, "test": 70}, tmp_path / "tutorial")
