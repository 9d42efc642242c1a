"""Forecasts from many origins: which rows are predicted, what they are compared with, and the word on them."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import InputError
from recurra.evaluation.backtest import backtest, evaluate
from recurra.evaluation.predictions import MODEL_NAME, Forecasts
from recurra.evaluation.significance import DieboldMariano, SignedRanks, diebold_mariano, signed_ranks
from recurra.tables.origins import Origins
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table


class Guess:
    """A model that knows the truth but for an error."""

    ids = ("",)

    def __init__(self, error: float = 0.0, horizon: int = 1, columns: Sequence[str] = ()) -> None:
        self.error, self.horizon, self.baseline_columns = error, horizon, columns

    def forecast(self, table: Table, origins: Origins, levels: Sequence[float] = (), **_: bool) -> Forecasts:
        parts = [
            series.values[places[:, None] + np.arange(self.horizon), 0]
            for series, places in zip(table.series, origins, strict=True)
        ]
        values = np.concatenate(parts)
        values = values + self.error * np.where(np.arange(len(values)) % 2, 1.0, -1.2)[:, None]
        return Forecasts(values, {level: (values - level / 50, values + level / 50) for level in levels})


def table(y: Any, freq: str = "D", **columns: Any) -> Table:
    dates = pd.date_range("2020-01-01", periods=len(y), freq=freq)
    return make_table(pd.DataFrame({"date": dates, "y": y, **columns}), past_covariates="all")


def at(*rows: Any) -> Origins:
    """The origins of each series."""
    return Origins.of_each(rows)


WALK = np.random.default_rng(0).normal(0, 1, 60).cumsum() + 100


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 100))
def test_the_last_horizon_ends_with_the_series_and_the_others_stand_a_step_apart(
    horizon: int, folds: int, step: int, rows: int
) -> None:
    needed = horizon + (folds - 1) * step + 1
    if rows < needed:
        with pytest.raises(InputError, match=f"need more than the {rows} available rows"):
            Origins.rolling(np.array([rows]), horizon, folds, step)
        return
    origins = Origins.rolling(np.array([rows]), horizon, folds, step)[0]
    assert len(origins) == folds
    assert origins[-1] + horizon == rows
    assert (np.diff(origins) == step).all()
    assert origins[0] >= 1


@pytest.mark.parametrize(("refit", "expected"), [(False, [50]), (True, [50, 53, 56])])
def test_a_model_is_fitted_on_the_rows_before_the_first_origin_or_before_each(refit: bool, expected: list[int]) -> None:
    fitted_on: list[int] = []

    def fit(data: Table) -> Guess:
        fitted_on.append(len(data.series[0].dates))
        return Guess(horizon=4)

    result = backtest(fit, table(WALK), horizon=4, season=1, folds=3, step=3, refit=refit)
    assert fitted_on == expected
    assert result.predictions["cutoff"].unique().tolist() == list(pd.date_range("2020-01-01", periods=60)[[49, 52, 55]])
    assert result.predictions["step"].tolist() == [1, 2, 3, 4] * 3
    np.testing.assert_array_equal(result.predictions["y"], result.predictions[MODEL_NAME])


def test_an_evaluation_is_shown_in_one_line() -> None:
    result = evaluate(Guess(horizon=2), table(WALK), at(np.array([50, 57])), horizon=2, season=7)
    assert repr(result) == f"Evaluation(4 predictions: {result.verdict})"


def test_each_row_says_which_value_it_is_of_and_what_was_known() -> None:
    result = evaluate(Guess(horizon=2), table(WALK), at(np.array([50, 57])), horizon=2, season=7)
    assert result.predictions["ds"].tolist() == list(pd.date_range("2020-01-01", periods=60)[[50, 51, 57, 58]])
    np.testing.assert_array_equal(result.predictions["y"], WALK[[50, 51, 57, 58]])
    np.testing.assert_array_equal(result.predictions["last"], WALK[[49, 49, 56, 56]])
    np.testing.assert_array_equal(result.predictions["persistence"], WALK[[49, 49, 56, 56]])
    np.testing.assert_array_equal(result.predictions["seasonal naive"], WALK[[43, 44, 50, 51]])


def test_the_model_is_compared_with_the_naive_forecast_that_is_best() -> None:
    ahead = np.concatenate([WALK[1:], WALK[-1:]]) + 0.01 * np.sin(np.arange(60))
    data = table(WALK, close=ahead)
    origins = at(np.arange(30, 60))
    result = evaluate(Guess(0.3, columns=["close"]), data, origins, horizon=1, season=7)
    assert result.best_naive == "last close"
    assert result.scores["rmse"].drop(MODEL_NAME).idxmin() == "last close"
    assert result.verdict == "the network is worse than yesterday's close (p < 0.001)"
    assert result.skill["rmse"] == 1 - result.scores.loc[MODEL_NAME, "rmse"] / result.scores.loc["last close", "rmse"]
    errors = result.predictions[[MODEL_NAME, "last close"]].sub(result.predictions["y"], axis=0) ** 2
    expected = diebold_mariano(errors[MODEL_NAME].to_numpy(), errors["last close"].to_numpy())
    # their losses are divided by the size of the series' changes, which changes no p-value
    assert result.comparison.p_value == pytest.approx(expected.p_value)
    assert evaluate(Guess(0.3), data, origins, horizon=1, season=7).verdict.startswith("the network is better than")


@pytest.mark.parametrize(("horizon", "step", "overlap"), [(1, 1, 1), (4, 1, 4), (4, 3, 2), (4, 4, 1)])
def test_the_comparison_allows_for_as_many_forecasts_as_overlap(horizon: int, step: int, overlap: int) -> None:
    """Forecasts of H rows from origins S rows apart share rows with the ⌈H / S⌉ - 1 before them."""
    origins = at(np.arange(10, 56, step))
    errors = np.random.default_rng(1).normal(0, 1, 90).cumsum()  # of an origin, and near those of the next one

    class Drifting(Guess):
        def forecast(self, table: Table, origins: Origins, levels: Sequence[float] = (), **_: bool) -> Forecasts:
            exact = super().forecast(table, origins, levels).values
            return Forecasts(exact + errors[origins[0]][:, None])

    result = evaluate(Drifting(horizon=horizon), table(WALK), origins, horizon=horizon, season=60, step=step)
    frame = result.predictions
    squared = frame[[MODEL_NAME, result.best_naive]].sub(frame["y"], axis=0) ** 2
    losses = squared.groupby(frame["cutoff"]).mean()
    found = {
        lags: diebold_mariano(losses[MODEL_NAME].to_numpy(), losses[result.best_naive].to_numpy(), lags).p_value
        for lags in range(1, 6)
    }
    assert result.comparison.p_value == pytest.approx(found[overlap])
    assert all(abs(p - found[overlap]) > 1e-6 for lags, p in found.items() if lags != overlap)


@pytest.mark.parametrize(
    ("freq", "horizon", "said"),
    [("D", 1, "yesterday's y"), ("D", 2, "the last y"), ("h", 1, "the last y"), ("B", 1, "yesterday's y")],
)
def test_yesterday_is_only_said_of_a_day_before(freq: str, horizon: int, said: str) -> None:
    data, origins = table(WALK, freq), at(np.arange(40, 55))
    evaluation = evaluate(Guess(horizon=horizon), data, origins, horizon=horizon, season=1)
    assert evaluation.display_names["persistence"] == said


def test_rows_that_have_no_value_are_predicted_and_not_scored() -> None:
    y = WALK.copy()
    y[55] = np.nan
    frame = pd.DataFrame({"date": pd.date_range("2020-01-01", periods=60), "y": y})
    result = evaluate(Guess(0.5), make_table(frame, missing="ffill"), at(np.arange(50, 60)), horizon=1, season=1)
    assert result.predictions["y"].isna().sum() == 1
    assert result.to_json()["predictions"] == 9
    assert np.isfinite(result.scores.loc[MODEL_NAME, "rmse"])


def test_rows_that_all_have_no_value_cannot_be_scored() -> None:
    days = pd.date_range("2024-01-01", periods=30)
    table = make_table(pd.Series([1.0, 2.0] * 14 + [np.nan] * 2, days, name="y"), missing="ffill")
    with pytest.raises(InputError, match="the target has no value in any predicted row"):
        evaluate(Guess(), table, Origins(np.array([28, 29]), np.array([2])), horizon=1, season=7)


def test_every_series_counts_the_same_whatever_its_size() -> None:
    parts = [
        pd.DataFrame({"unique_id": n, "ds": pd.date_range("2020-01-01", periods=60), "y": WALK * f})
        for n, f in (("small", 1.0), ("large", 1e6))
    ]
    data = make_table(pd.concat(parts))

    class Skewed(Guess):
        def forecast(self, table: Table, origins: Origins, levels: Sequence[float] = (), **_: bool) -> Forecasts:
            values = super().forecast(table, origins).values
            values[: len(origins[0])] *= 1.5  # far off on the small series, right on the large one
            return Forecasts(values)

    result = evaluate(Skewed(), data, at(np.arange(30, 60), np.arange(30, 60)), horizon=1, season=1)
    assert result.verdict.startswith("the network is worse than")


def panel(count: int, rows: int = 40) -> Table:
    """Random walks of all sizes."""
    rng = np.random.default_rng(4)
    days = pd.date_range("2020-01-01", periods=rows)
    parts = [
        pd.DataFrame(
            {"unique_id": f"{n:03}", "ds": days, "y": 10.0 ** (n % 5) * (100 + rng.normal(0, 1, rows).cumsum())}
        )
        for n in range(count)
    ]
    return make_table(pd.concat(parts))


def test_where_cutoffs_are_few_the_series_are_compared() -> None:
    data = panel(12)
    origins = at(*[np.array([36])] * 11, np.array([], int))  # nothing is forecast in the last series
    result = evaluate(Guess(0.3, horizon=4), data, origins, horizon=4, season=1)
    frame = result.plain
    size = {s.id: np.mean(np.diff(s.values[:36, 0]) ** 2) for s in data.series}
    squared = frame[[MODEL_NAME, result.best_baseline]].sub(frame["y"], axis=0) ** 2
    losses = squared.div(frame["unique_id"].map(size), axis=0).groupby(frame["unique_id"]).mean()
    expected = signed_ranks(losses[MODEL_NAME].to_numpy(), losses[result.best_baseline].to_numpy())
    assert isinstance(result.comparison, SignedRanks)
    assert result.comparison.p_value == pytest.approx(expected.p_value)
    assert (result.comparison.series, result.comparison.better_in) == (11, expected.better_in)
    assert (
        f"across 11 series ({'' if expected.statistic < 0 else 'better '}in {expected.better_in} of them"
        in result.verdict
    )
    said = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert said["significance_test"] == "Wilcoxon signed-rank"
    assert (said["p_value"], said["series"], said["better_in"]) == (expected.p_value, 11, expected.better_in)


def test_losses_by_series_are_the_same_whatever_is_scored_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data, origins = panel(12), at(*[np.array([32, 36])] * 12)
    whole = evaluate(Guess(0.3, horizon=4), data, origins, horizon=4, season=1)
    monkeypatch.setattr("recurra.evaluation.predictions.AT_ONCE", 20)
    parts = evaluate(Guess(0.3, horizon=4), data, origins, horizon=4, season=1)
    assert isinstance(parts.comparison, SignedRanks)
    assert parts.comparison == whole.comparison


def test_many_cutoffs_are_compared_over_time_however_many_series_there_are() -> None:
    result = evaluate(Guess(0.3), panel(12), at(*[np.arange(28, 40)] * 12), horizon=1, season=1)
    assert isinstance(result.comparison, DieboldMariano)
    assert "across" not in result.verdict
    assert result.to_json()["significance_test"] == "Diebold-Mariano"


def test_series_may_have_no_origin_and_a_season_that_is_not_over_for_one_is_its_last_value() -> None:
    parts = [
        pd.DataFrame({"unique_id": n, "ds": pd.date_range("2020-01-01", periods=r), "y": WALK[:r]})
        for n, r in (("a", 60), ("b", 12), ("c", 5))
    ]
    data = make_table(pd.concat(parts))
    result = evaluate(Guess(0.1), data, at(np.arange(50, 60), np.arange(8, 12), np.array([], int)), horizon=1, season=9)
    assert set(result.predictions["unique_id"]) == {"a", "b"}
    found = result.predictions.set_index("unique_id")[["seasonal naive", "persistence"]]
    assert (found["seasonal naive"] == found["persistence"])[found.index == "b"].tolist() == [True, False, False, False]
    assert (found["seasonal naive"] != found["persistence"])["a"].all()


def test_intervals_are_scored_beside_what_has_none() -> None:
    result = evaluate(Guess(0.5), table(WALK), at(np.arange(40, 60)), horizon=1, season=1, levels=[20, 90])
    assert result.scores.loc[MODEL_NAME, "coverage-90"] == 1.0  # 1.8 to either side, and the errors are at most 0.6
    assert result.scores.loc[MODEL_NAME, "coverage-20"] == 0.0  # 0.4
    assert np.isnan(result.scores.loc["persistence", "coverage-90"])


def test_the_statistical_forecasts_stand_in_the_table_when_asked_for() -> None:
    pytest.importorskip("statsforecast")
    t = np.arange(48)
    data = table(100 + 0.1 * t + 10 * np.sin(2 * np.pi * t / 12), "MS")
    result = evaluate(
        Guess(5.0, horizon=3),
        data,
        at(np.array([36, 42])),
        horizon=3,
        season=12,
        step=6,
        statistical=True,
    )
    assert {"AutoETS", "AutoARIMA", "Theta"} < set(result.scores.index)
    assert result.best_naive == "seasonal naive"  # they are no naive forecasts
    assert result.scores.loc["AutoETS", "rmse"] < result.scores.loc["seasonal naive", "rmse"]
    others = result.scores["rmse"].drop(MODEL_NAME)
    assert result.best_baseline == others.idxmin()  # the verdict compares with the best of the table
    assert result.best_baseline in result.verdict
    assert result.to_json()["best_baseline"] == result.best_baseline


@pytest.mark.parametrize(("off", "exact"), [(7e-8, True), (-1e-5, True), (0.01, False)])
def test_rounding_errors_are_no_difference(off: float, exact: bool) -> None:
    values = np.tile([10.0, 20.0, 30.0, 40.0], 10)
    data, origins = table(values), at(np.arange(30, 40))
    result = evaluate(Guess(off), data, origins, horizon=1, season=4)
    assert result.best_naive == "seasonal naive"
    said = "the network and the value one season earlier are both exact, but for rounding"
    assert (result.verdict == said) == exact


def test_what_is_said_as_json_is_plain() -> None:
    data = table(np.full(60, 5.0), "MS")
    text = json.dumps(evaluate(Guess(), data, at(np.array([50])), horizon=1, season=12).to_json(), allow_nan=False)
    said = json.loads(text)
    assert (said["from"], said["to"], said["predictions"]) == ("2024-03-01", "2024-03-01", 1)
    assert said["scores"][MODEL_NAME]["rmse"] == 0.0
    assert said["scores"][MODEL_NAME]["mase"] is None
    assert said["skill"]["rmse"] is None
