"""Other numbers of rows than the trained horizon, and cross-validation in the form of other libraries."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError
from recurra.evaluation.predictions import Forecasts, Predictions
from recurra.forecasting.transforms.chain import Transform
from recurra.tables.origins import Origins
from recurra.tables.table_builder import make_table

from .tables import SMALL, long


@pytest.fixture(scope="module")
def model() -> Forecaster:
    return Forecaster(horizon=3, validation=10, **SMALL).fit(long({"a": 60, "b": 80}))


def test_fewer_rows_than_the_horizon_are_its_first(model: Forecaster) -> None:
    whole = model.predict(levels=[50])
    first = whole.groupby("unique_id", sort=False).head(2).reset_index(drop=True)
    pd.testing.assert_frame_equal(model.predict(h=2, levels=[50]), first)
    pd.testing.assert_frame_equal(model.predict(h=3, levels=[50]), whole)


def test_rows_within_the_horizon_keep_their_intervals_and_those_beyond_have_none(model: Forecaster) -> None:
    whole, found = model.predict(levels=[50]), model.predict(h=7, levels=[50])
    assert found.columns.tolist() == whole.columns.tolist()
    within = found.groupby("unique_id", sort=False).head(3).reset_index(drop=True)
    pd.testing.assert_frame_equal(within, whole)
    assert found.groupby("unique_id").tail(4)[["lo-50", "hi-50"]].isna().all(axis=None)


def test_rows_beyond_the_horizon_follow_from_the_forecasts_before_them(model: Forecaster) -> None:
    found = model.predict(h=7)
    assert found.groupby("unique_id").size().tolist() == [7, 7]
    for id_, own in found.groupby("unique_id"):
        days = own["ds"].reset_index(drop=True)
        assert (days.diff().dropna() == pd.Timedelta(days=1)).all()
        first = model.predict()
        np.testing.assert_array_equal(own["forecast"][:3], first["forecast"][first["unique_id"] == id_])
    newer = found.groupby("unique_id").head(3).rename(columns={"forecast": "y"})  # as if they had been observed
    later = model.predict(newer)
    expected = found.groupby("unique_id").tail(4).groupby("unique_id").head(3)
    np.testing.assert_allclose(later["forecast"], expected["forecast"], rtol=1e-6)


def test_later_horizons_read_the_last_rows_alone(model: Forecaster, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, transform = [], Transform.transform
    monkeypatch.setattr(
        Transform, "transform", lambda self, table: rows.append(len(table.values)) or transform(self, table)
    )
    model.predict(long({"a": 70, "b": 80}), h=9)
    context = model.predictor_.plan.context
    assert rows == [70 + 80, 2 * (context + 3), 2 * (context + 3)]


def test_the_last_rows_tell_like_all_rows_which_series_are_constant() -> None:
    rows = long({"a": 60, "b": 60, "c": 60})
    rows.loc[rows["unique_id"] != "a", "y"] = 4.0
    predictor = Forecaster(horizon=3, **SMALL).fit(rows).predictor_
    newer = long({"a": 90, "b": 90, "c": 90})
    newer.loc[newer["unique_id"] != "a", "y"] = 4.0
    newer.loc[(newer["unique_id"] == "b") & (newer["ds"] == newer["ds"].iloc[60]), "y"] = 5.0
    table = make_table(newer)
    for seen in (table, predictor.transform.recent(table)):
        assert predictor.transform.is_constant(seen, Origins.after_last(seen)).tolist() == [False, False, True]


def test_future_covariates_reach_as_far_as_the_rows_that_are_predicted() -> None:
    days = pd.date_range("2024-01-01", periods=70)
    rows = pd.DataFrame({"ds": days, "y": np.arange(70) % 7.0, "holiday": np.arange(70) % 5 == 0}).astype(
        {"holiday": float}
    )
    rows.loc[60:, "y"] = np.nan
    model = Forecaster("y", horizon=4, future_covariates="holiday", **SMALL).fit(rows)
    assert model.predict(rows, h=10)["ds"].tolist() == days[60:].tolist()
    with pytest.raises(InputError, match="1 more row with values of 'holiday' is needed after 2024-02-29"):
        model.predict(rows, h=11)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"h": 0}, "h is 0"),
        (
            {"h": 3001},
            "h is 3001; expected 1 to 3,000, which is 1,000 times the horizon that the model was trained for",
        ),
        ({"h": 2.5}, "h is 2.5"),
    ],
)
def test_what_cannot_be_predicted_is_said(model: Forecaster, options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model.predict(**options)


def test_past_covariates_are_not_known_beyond_the_horizon() -> None:
    rows = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=60), "y": np.arange(60) % 7.0, "x": np.arange(60.0)})
    model = Forecaster("y", horizon=2, past_covariates="x", **SMALL).fit(rows)
    with pytest.raises(
        InputError, match="later values of 'x' are not known; predict fewer rows, or train with horizon=3"
    ):
        model.predict(h=3)


def test_the_messages_of_a_cross_validation_name_its_own_arguments() -> None:
    model = Forecaster(**SMALL)
    with pytest.raises(InputError, match="n_windows=90, step_size=2 and a horizon of 3 need more than the 80 "):
        model.cross_validation(long({"a": 60, "b": 80}), h=3, n_windows=90, step_size=2)
    with pytest.raises(InputError, match="folds=90, step=2 and a horizon of 1 need more than the 80 "):
        model.backtest(long({"a": 60, "b": 80}), folds=90, step=2)
    with pytest.warns(UserWarning, match="as no rows remain before the 6 rows of n_windows=2: 'short'") as caught:
        model.cross_validation(long({"a": 60, "short": 6}), h=3, n_windows=2)
    assert caught[0].filename == __file__


def test_a_cross_validation_is_the_backtest_as_utilsforecast_takes_it() -> None:
    evaluation = pytest.importorskip("utilsforecast.evaluation")
    losses = pytest.importorskip("utilsforecast.losses")
    data = long({"a": 60, "b": 80})
    found = Forecaster(**SMALL).cross_validation(data, h=3, n_windows=4, step_size=2)
    expected = Forecaster(horizon=3, **SMALL).backtest(data, folds=4, step=2)
    assert found.columns[:4].tolist() == ["unique_id", "ds", "cutoff", "y"]
    np.testing.assert_array_equal(found["recurra"], expected.plain["recurra"])
    assert found.groupby(["unique_id", "cutoff"]).size().eq(3).all()
    scores = evaluation.evaluate(found.drop(columns="cutoff"), metrics=[losses.mae], agg_fn="mean")
    for name in ("recurra", "persistence", "drift"):
        assert scores[name].item() == pytest.approx(expected.scores.loc[name, "mae"])


def test_utilsforecast_evaluates_the_intervals_of_a_cross_validation_as_it_is() -> None:
    evaluation = pytest.importorskip("utilsforecast.evaluation")
    losses = pytest.importorskip("utilsforecast.losses")
    rng, data = np.random.default_rng(0), long({"a": 400, "b": 300})
    data["y"] = rng.normal(0, 1, 700).cumsum()
    found = Forecaster(season=4, **SMALL).cross_validation(data, h=3, n_windows=30, step_size=3, levels=[80, 95])
    names = ["persistence", "seasonal naive", "drift", "recurra"]
    scores = evaluation.evaluate(found, metrics=[losses.mae, losses.coverage, losses.scaled_crps], level=[80, 95])
    assert scores.columns.tolist() == ["unique_id", "cutoff", "metric", *names]
    assert len(scores) == 2 * 30 * 4
    for level in (80, 95):
        covered = scores.loc[scores["metric"] == f"coverage_level{level}", names]
        assert (covered.mean() * 100).between(level - 8, level + 8).all()
    width = (found["persistence-hi-80"] - found["persistence-lo-80"]).to_numpy().reshape(-1, 3)
    assert width[0] == pytest.approx(2 * 1.2816 * np.sqrt([1, 2, 3]), rel=0.15)  # of a random walk
    before = data[(data["unique_id"] == "b") & (data["ds"] <= found["cutoff"].max())]["y"].iloc[:-90].to_numpy()
    last = found[found["unique_id"] == "b"].head(2)
    assert (last["persistence-hi-95"] - last["persistence"]).tolist() == pytest.approx(
        [1.959964 * np.sqrt(np.mean((before[lag:] - before[:-lag]) ** 2)) for lag in (1, 2)]
    )


def test_naive_intervals_of_series_with_few_rows_and_gaps_use_the_errors_that_are_known() -> None:
    data = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=9), "y": np.arange(9.0) ** 2})
    data.loc[2, "y"] = np.nan
    table = make_table(pd.concat([data.assign(unique_id="huge", y=1e9 * data["y"]), data]), missing="ffill")
    series = np.array([1, 1, 1])
    rows = table.starts[1] + np.array([1, 2, 4])
    forecasts = Forecasts(np.zeros((3, 2)), {80: (np.zeros((3, 2)), np.zeros((3, 2)))})
    found = Predictions(table, rows, series, forecasts, season=1).naive_intervals()["persistence"][80]
    deviation = (found[1] - found[0]) / 2 / 1.2815516
    #             one row: no error;  two rows: 1 - 0, for two steps as well;  four rows: 1 - 0 and 9 - 1; 9 - 1
    expected = [[np.nan, np.nan], [1, 1], [np.sqrt((1 + 64) / 2), 8]]
    np.testing.assert_allclose(deviation, expected, rtol=1e-6)
