"""Permutation importance: what forecasts lose when a covariate is that of another one, as told from outside."""

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
from recurra.evaluation.importance import PermutationImportance
from recurra.forecasting import importance
from recurra.forecasting.predictor import Predictor
from recurra.forecasting.windows import ExchangedWindows, Windows
from recurra.runs.train import train_case
from recurra.tables.origins import Origins
from recurra.tables.table import Table

from .tables import POINT, SMALL, bars, table

VALIDATED: dict[str, Any] = {"validation": 20, "target": "y", **SMALL}


def promoted(count: int = 200, seed: int = 0) -> pd.DataFrame:
    """Sales that the weather of the day before and today's promotion make, and a column of noise."""
    rng = np.random.default_rng(seed)
    weather, noise = rng.normal(0, 1, (2, count))
    promo = rng.integers(0, 2, count).astype(float)
    y = 100 + 9 * promo + 5 * np.concatenate([[0.0], weather[:-1]]) + rng.normal(0, 1, count)
    return table(count, y=y, weather=weather, noise=noise, promo=promo)


def with_rows_of_another(data: Table, column: int, own: int, other: int, before: int, after: int) -> Table:
    """A table whose column has around the row `own` what it has around the row `other`."""
    values = data.values.copy()
    values[own - before : own + after, column] = data.values[other - before : other + after, column]
    return replace(data, values=values)


def loss_by_hand(predictor: Predictor, data: Table, origins: Any, column: int, others: Any) -> float:
    """The mean absolute error of forecasts of altered tables, one for each, in units of the rows' scale."""
    errors = []
    for own, other in zip(origins, others, strict=True):
        altered = with_rows_of_another(data, column, own, other, predictor.plan.window, predictor.plan.horizon)
        forecast = predictor.forecast(altered, Origins(np.array([own]), np.array([1]))).values[0]
        errors.append(np.abs(forecast - data.values[own : own + predictor.plan.horizon, 0]))
    scale = predictor.transform.state()["scale"][0, 0]
    return float(np.mean(errors) / scale)


def test_it_is_the_error_of_forecasts_from_tables_with_the_rows_of_another_forecast() -> None:
    frame = promoted(80)
    model = Forecaster(
        past_covariates=["weather", "noise"], future_covariates="promo", horizon=3, scaling=["standard"], **VALIDATED
    )
    prepared = model.prepare(frame)
    model.fit(prepared)
    found = model.permutation_importance(prepared, n_repeats=2)
    assert found.covariates == ("weather", "noise", "promo")
    assert prepared.validation is not None
    predictor, origins = model.predictor_, prepared.validation.rows
    rng = np.random.default_rng(model.seed)
    rng.permutation(len(origins))  # which of them are drawn: all
    orders = [rng.permutation(len(origins)) for _ in range(2)]
    unchanged = loss_by_hand(predictor, prepared.table, origins, 1, origins)
    assert found.loss == pytest.approx(unchanged, rel=1e-5)
    for column, own in enumerate(found.importances, start=1):
        expected = [loss_by_hand(predictor, prepared.table, origins, column, origins[order]) for order in orders]
        np.testing.assert_allclose(own, np.array(expected) - unchanged, atol=1e-5)
    np.testing.assert_array_equal(found.importances_mean, found.importances.mean(axis=1))
    np.testing.assert_array_equal(found.importances_std, found.importances.std(axis=1))


def test_covariates_that_make_the_target_matter_and_noise_does_not() -> None:
    frame = promoted(300)
    settings = VALIDATED | {"units": 16, "epochs": 25, "validation": 60, **POINT}
    model = Forecaster(past_covariates=["weather", "noise"], future_covariates="promo", **settings).fit(frame)
    found = model.permutation_importance(frame)
    # |N(0, s²)| has the mean s √(2/π); another day's weather adds 2 · 5² to the variance of 1, another day's promotion
    # adds 9 to every second error
    usual, weather, spread = np.sqrt(2 / np.pi), np.sqrt(2 / np.pi * 51), np.std(frame["y"][:240])
    expected = np.array([weather - usual, 0.0, 0.5 * (9 - usual)]) / spread
    np.testing.assert_allclose(found.importances_mean, expected, atol=0.15)  # the network is not perfect
    assert abs(found.importances_mean[1]) < 0.02


def test_the_column_whose_last_value_is_corrected_matters_most() -> None:
    frame = bars(120)
    model = Forecaster(**(VALIDATED | {"target": "open"}), past_covariates=["volume", "close"]).fit(frame)
    assert model.predictor_.plan.names[model.predictor_.plan.base_column] == "close"
    found = model.permutation_importance(frame)
    assert found.covariates == ("volume", "close")
    assert found.importances_mean[1] > 3 * found.loss > 100 * abs(found.importances_mean[0])


def test_it_is_the_same_for_the_same_seed_and_after_loading(tmp_path: Path) -> None:
    frame = promoted()
    model = Forecaster(past_covariates="all", **VALIDATED).fit(frame)
    model.save(tmp_path / "m.safetensors")
    loaded = load(tmp_path / "m.safetensors")
    assert isinstance(loaded, Forecaster)
    first, again, after = (m.permutation_importance(frame) for m in (model, model, loaded))
    assert first.importances.shape == (3, importance.N_REPEATS)
    np.testing.assert_array_equal(first.importances, again.importances)
    np.testing.assert_array_equal(first.importances, after.importances)


def test_of_many_forecasts_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = promoted()
    model = Forecaster(past_covariates="all", **VALIDATED).fit(frame)
    seen: list[int] = []
    answered = Predictor.answered
    monkeypatch.setattr(Predictor, "answered", lambda self, s, before: seen.append(len(s)) or answered(self, s, before))
    monkeypatch.setattr(importance, "MOST_FORECASTS", 7)
    model.permutation_importance(frame, n_repeats=1)
    assert seen == [7] * 4


@pytest.mark.filterwarnings("ignore:the table. 3 missing values are")
def test_forecasts_of_rows_without_a_value_are_left_out() -> None:
    frame = promoted(100)
    frame.loc[[85, 90, 91], "y"] = np.nan
    model = Forecaster(past_covariates="all", missing="ffill", **VALIDATED)
    found = model.fit(frame).permutation_importance(frame)
    assert np.isfinite(found.loss)
    assert np.isfinite(found.importances).all()


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"past_covariates": []}, "0 covariates and validation=20"),
        ({"past_covariates": "noise", "validation": 0}, "1 covariate and validation=0"),
        ({"past_covariates": "all", "validation": 1}, "3 covariates and validation=1"),
    ],
)
def test_where_nothing_can_be_measured_is_said(settings: Any, found: str) -> None:
    frame = promoted(100)
    model = Forecaster(**(VALIDATED | settings)).fit(frame)
    with pytest.raises(InputError, match=f"requires covariates, and two forecasts .* this model has {found}"):
        model.permutation_importance(frame)


def test_where_the_correction_has_no_weight_one_sentence_says_so_in_place_of_zeros(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("recurra.forecasting.predictor.deserved_weight", lambda *_: 0.0)
    promoted(100).to_csv(tmp_path / "t.csv", index=False)
    given = {"target": "y", "past_covariates": ["noise"], "steps": 2, "horizon": 2, "refit": False, "units": 4}
    sentence = "the importance of covariates is not shown, as the forecast does not use the network's correction"
    with pytest.warns(UserWarning, match=sentence):
        trained = train_case(find_case("forecast"), given | {"data": str(tmp_path / "t.csv")}, tmp_path / "run")
    assert "permutation_importance" not in json.loads((trained.path / "scores.json").read_text())
    assert not (trained.path / "importance.png").exists()
    bars(100).to_csv(tmp_path / "bars.csv", index=False)  # whose forecast of the open is the level of the close
    given |= {"target": "open", "past_covariates": ["close"], "data": str(tmp_path / "bars.csv")}
    trained = train_case(find_case("forecast"), given, tmp_path / "bars")
    scores = json.loads((trained.path / "scores.json").read_text())
    assert scores["permutation_importance"]["covariates"]["close"]["importances_mean"] > 0.0


def test_data_that_are_not_those_of_the_fit_are_refused() -> None:
    frame = promoted(100)
    model = Forecaster(past_covariates="all", **VALIDATED).fit(frame)
    for other in (frame[:-1], frame.rename(columns={"noise": "sound"})):
        with pytest.raises(
            InputError, match="its series, rows or columns are not those of the fit; give the same data"
        ):
            model.permutation_importance(other)
    with pytest.raises(InputError, match="n_repeats is 0"):
        model.permutation_importance(frame, n_repeats=0)


def test_a_network_that_saw_the_validation_part_is_not_measured_on_it() -> None:
    frame = promoted(100)
    model = Forecaster(past_covariates="all", **VALIDATED).fit(frame).refit(frame)
    with pytest.raises(InputError, match=r"the network was trained again on all rows.*measure the importance before"):
        model.permutation_importance(frame)


def test_exchanged_windows_have_one_column_of_others_before_and_after_the_origin() -> None:
    rows = torch.arange(60.0).reshape(20, 3)
    own = Windows(rows, torch.tensor([5, 8, 12]), window=4, horizon=2)
    index, order, ahead = torch.tensor([0, 2]), np.array([2, 0, 1]), torch.arange(2)
    for column in range(3):
        exchanged = ExchangedWindows(own, column, order)
        for place, (origin, other) in enumerate([(5, 12), (12, 8)]):
            window, future = rows[origin - 4 : origin].clone(), rows[origin : origin + 2, -2:].clone()
            window[:, column] = rows[other - 4 : other, column]
            if column:
                future[:, column - 1] = rows[other : other + 2, column]
            assert torch.equal(exchanged.inputs(index)[place], window)
            assert torch.equal(exchanged.future(index, 2)[place], future)
            for asked in range(3):
                row = other if asked == column else origin
                assert torch.equal(exchanged.at(index, ahead, asked)[place], rows[row : row + 2, asked])
    assert torch.equal(own.chosen(np.array([2])).inputs(torch.tensor([0])), own.inputs(torch.tensor([2])))


def test_the_importances_are_shown_and_said_as_json() -> None:
    found = PermutationImportance(("price", "promo"), 0.5, np.array([[0.125, 0.375], [0.0, 0.0]]))
    assert repr(found) == "PermutationImportance(price: +0.25, promo: +0)"
    assert found.to_json() == {
        "loss": 0.5,
        "n_repeats": 2,
        "covariates": {
            "price": {"importances_mean": 0.25, "importances_std": 0.125},
            "promo": {"importances_mean": 0.0, "importances_std": 0.0},
        },
    }
