"""Scores, against published tables and hand calculations."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.evaluation.baselines import naive_forecasts
from recurra.evaluation.metrics import Scores, Truth, mase_scale, skill

DATA = Path(__file__).parents[2].parent / "shared" / "data"
published = pytest.mark.skipif(not DATA.is_dir(), reason="the data sets with published scores are not here")
Sets = list[tuple[str, list[float], list[float]]]  # name, training values, horizon


def frame(y: list[float], last: float = 0.0, unique_id: str = "", **models: list[float]) -> pd.DataFrame:
    days = pd.date_range("2020-01-01", periods=len(y))
    return pd.DataFrame({"unique_id": unique_id, "ds": days, "cutoff": days[0], "y": y, "last": last, **models})


def training(y: list[float], unique_id: str = "") -> pd.DataFrame:
    return pd.DataFrame({"unique_id": unique_id, "ds": pd.date_range("2019-01-01", periods=len(y)), "y": y})


def score_table(
    predictions: pd.DataFrame, models: list[str], past: pd.DataFrame, season: int, levels: Sequence[float] = ()
) -> pd.DataFrame:
    """The scores of long frames, such as those of utilsforecast."""
    scored = predictions[predictions["y"].notna()].sort_values("unique_id", kind="stable")
    ids, codes = np.unique(scored["unique_id"], return_inverse=True)
    counts = past.groupby("unique_id").size()[ids].to_numpy()
    past = past[past["unique_id"].isin(ids)].sort_values("unique_id", kind="stable")
    scale = mase_scale(past["y"].to_numpy(), np.cumsum(counts) - counts, counts, season)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    truth = Truth(scored["y"].to_numpy(), scored["last"].to_numpy(), starts, scale)
    scores = Scores()
    for model in models:
        intervals = {
            level: (scored[f"{model}-lo-{level:g}"].to_numpy(), scored[f"{model}-hi-{level:g}"].to_numpy())
            for level in levels
            if f"{model}-lo-{level:g}" in scored
        }
        scores.add(model, truth, scored[model].to_numpy(), intervals)
    return scores.table()


@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from([1, 3, 12]))
@settings(deadline=None, max_examples=30)
def test_scores_are_those_of_utilsforecast(seed: int, count: int, season: int) -> None:
    losses = pytest.importorskip("utilsforecast.losses")
    rng = np.random.default_rng(seed)
    predictions, past = [], []
    for number in range(count):
        known, rows = int(rng.integers(season + 1, 30)), int(rng.integers(1, 8))
        y = rng.normal(50, 9, rows)
        ends = {"m-lo-80": y - rng.normal(2, 4, rows), "m-hi-80": y + rng.normal(2, 4, rows)}
        part = frame(y.tolist(), last=50.0, unique_id=str(number), m=(y + rng.normal(0, 3, rows)).tolist(), **ends)
        predictions.append(part)
        past.append(training(rng.normal(50, 9, known).tolist(), str(number)))
    whole, before = pd.concat(predictions), pd.concat(past)
    found = score_table(whole, ["m"], before, season, levels=[80]).loc["m"]
    expected = {
        "rmse": losses.rmse(whole, ["m"]),
        "mae": losses.mae(whole, ["m"]),
        "mape": losses.mape(whole, ["m"]).assign(m=lambda table: 100 * table["m"]),
        "smape": losses.smape(whole, ["m"]).assign(m=lambda table: 200 * table["m"]),
        "mase": losses.mase(whole, ["m"], season, before),
        "coverage-80": losses.coverage(whole, ["m"], 80),
    }
    for name, by_series in expected.items():
        assert found[name] == pytest.approx(by_series["m"].mean()), name
    ends = [losses.quantile_loss(whole, {f"m-{end}-80": f"m-{end}-80"}, q) for end, q in (("lo", 0.1), ("hi", 0.9))]
    means = [table.iloc[:, -1].mean() for table in ends]
    assert found["pinball"] == pytest.approx(np.mean(means))


def test_a_forecaster_that_failed_in_a_series_is_scored_on_the_others() -> None:
    predictions = pd.concat([frame([1.0], unique_id="a", m=[np.nan]), frame([1.0], unique_id="b", m=[3.0])])
    past = pd.concat([training([1.0, 2.0], "a"), training([1.0, 2.0], "b")])
    assert score_table(predictions, ["m"], past, season=1).loc["m", ["mae", "smape"]].tolist() == [2.0, 100.0]


def test_each_score_is_what_a_hand_calculation_gives() -> None:
    table = score_table(frame([10.0, 20.0], last=12.0, m=[12.0, 16.0]), ["m"], training([1.0, 3.0, 2.0, 6.0]), season=2)
    scores = table.loc["m"]
    assert scores["rmse"] == pytest.approx(np.sqrt((4 + 16) / 2))
    assert scores["mae"] == pytest.approx(3.0)
    assert scores["mape"] == pytest.approx(100 * (0.2 + 0.2) / 2)
    assert scores["smape"] == pytest.approx(100 * (2 * 2 / 22 + 2 * 4 / 36) / 2)
    assert scores["mase"] == pytest.approx(3.0 / ((1 + 3) / 2))  # |2 - 1|, |6 - 3| two rows before
    assert scores["direction"] == pytest.approx(0.5)  # 12 is no change, and the fall to 10 came; 16 and 20 both rise


def test_nothing_over_nothing_counts_nothing_in_smape_and_is_not_defined_in_mape() -> None:
    scores = score_table(frame([0.0, 2.0], m=[0.0, 2.0]), ["m"], training([1.0, 2.0]), season=1).loc["m"]
    assert scores["smape"] == 0.0
    assert np.isnan(scores["mape"])


def test_mase_takes_the_row_before_where_a_series_is_shorter_than_a_season() -> None:
    scores = score_table(frame([4.0], m=[6.0]), ["m"], training([1.0, 2.0, 5.0]), season=12).loc["m"]
    assert scores["mase"] == pytest.approx(2.0 / 2.0)


def test_mase_is_not_defined_by_a_constant_past() -> None:
    assert np.isnan(score_table(frame([4.0], m=[6.0]), ["m"], training([2.0] * 5), season=1).loc["m", "mase"])


def test_scores_are_means_over_series_not_over_rows() -> None:
    predictions = pd.concat([frame([1.0] * 9, unique_id="a", m=[1.0] * 9), frame([1.0], unique_id="b", m=[3.0])])
    past = pd.concat([training([1.0, 2.0], "a"), training([1.0, 2.0], "b")])
    scores = score_table(predictions, ["m"], past, season=1).loc["m"]
    assert scores["mae"] == pytest.approx((0.0 + 2.0) / 2)
    assert scores["rmse"] == pytest.approx((0.0 + 2.0) / 2)


def test_rows_without_a_true_value_are_left_out() -> None:
    whole = score_table(frame([1.0, 2.0], m=[2.0, 4.0]), ["m"], training([1.0, 2.0]), season=1)
    holes = score_table(frame([1.0, np.nan, 2.0], m=[2.0, 99.0, 4.0]), ["m"], training([1.0, 2.0]), season=1)
    pd.testing.assert_frame_equal(whole, holes)


def test_a_forecast_that_never_moves_has_no_direction_and_no_change_is_not_counted() -> None:
    predictions = frame([5.0, 6.0, 4.0], last=5.0, same=[5.0, 5.0, 5.0], up=[6.0, 6.0, 6.0])
    table = score_table(predictions, ["same", "up"], training([1.0, 2.0]), season=1)
    assert np.isnan(table.loc["same", "direction"])
    assert table.loc["up", "direction"] == pytest.approx(0.5)


@pytest.mark.parametrize("level", [90.0, 97.5])
def test_coverage_and_pinball_of_an_interval(level: float) -> None:
    y = [1.0, 2.0, 3.0, 4.0]
    ends = {f"m-lo-{level:g}": [0.0, 2.5, 2.0, 3.0], f"m-hi-{level:g}": [2.0, 3.0, 3.0, 3.5]}
    table = score_table(frame(y, m=y, n=y, **ends), ["m", "n"], training([1.0, 2.0]), season=1, levels=[level])
    assert table.loc["m", f"coverage-{level:g}"] == pytest.approx(0.5)
    tail = (1 - level / 100) / 2
    low = np.mean([max(tail * (t - q), (tail - 1) * (t - q)) for t, q in zip(y, ends[f"m-lo-{level:g}"], strict=True)])
    high = np.mean(
        [max((1 - tail) * (t - q), -tail * (t - q)) for t, q in zip(y, ends[f"m-hi-{level:g}"], strict=True)]
    )
    assert table.loc["m", "pinball"] == pytest.approx((low + high) / 2)
    assert np.isnan(table.loc["n", "pinball"])


def test_skill_is_measured_against_the_best_baseline_of_each_metric() -> None:
    predictions = frame([10.0, 10.0], m=[11.0, 11.0], a=[12.0, 12.0], b=[10.0, 14.0])
    table = score_table(predictions, ["m", "a", "b"], training([1.0, 2.0]), season=1)
    assert skill(table, "m", ["a", "b"])["mae"] == pytest.approx(0.5)
    assert skill(table, "a", ["a"])["rmse"] == pytest.approx(0.0)
    assert np.isnan(skill(score_table(frame([1.0], m=[1.0]), ["m"], training([1.0, 2.0]), 1), "m", ["m"])["rmse"])


def naive_scores(series: Sets, season: int) -> pd.DataFrame:
    """Scores of persistence and the seasonal naive forecast of each series' horizon."""
    predictions, past = [], []
    for name, known, horizon in series:
        whole = np.array(known + horizon)
        forecasts = naive_forecasts(whole, np.array([len(known)]), len(horizon), season)
        part = frame(horizon, unique_id=name, **{model: values[0].tolist() for model, values in forecasts.items()})
        predictions.append(part)
        past.append(training(known, name))
    return score_table(pd.concat(predictions), ["persistence", "seasonal naive"], pd.concat(past), season)


def cif2016() -> Iterator[tuple[str, list[float], list[float]]]:
    rows = (DATA / "cif2016" / "cif-dataset.txt").read_text().splitlines()
    futures = (DATA / "cif2016" / "cif-results.txt").read_text().splitlines()
    for row, future in zip(rows, futures, strict=True):
        name, horizon, _, *values = row.split(";")
        yield name, [float(value) for value in values], [float(v) for v in future.split(";")[-int(horizon) :]]


def tourism(file: str) -> Iterator[tuple[str, list[float], list[float]]]:
    for row in (DATA / "tourism" / file).read_text().splitlines():
        if row and not row.startswith("series"):
            name, _, _, known, values = row.split(";")
            numbers = [float(value) for value in values.split(",")]
            yield name, numbers[: int(known)], numbers[int(known) :]


@published
def test_the_naive_forecasts_of_cif2016_score_as_published() -> None:
    table = naive_scores(list(cif2016()), season=12)
    assert round(table.loc["persistence", "smape"], 2) == 14.59
    assert round(table.loc["persistence", "mase"], 3) == 1.256
    assert round(table.loc["seasonal naive", "smape"], 2) == 19.05
    assert round(table.loc["seasonal naive", "mase"], 3) == 1.291


@published
@pytest.mark.parametrize(
    ("file", "season", "smape", "mase"), [("quarterly.csv", 4, 16.61, 1.699), ("monthly.csv", 12, 21.67, 1.631)]
)
def test_the_seasonal_naive_forecast_of_tourism_scores_as_published(
    file: str, season: int, smape: float, mase: float
) -> None:
    scores = naive_scores(list(tourism(file)), season).loc["seasonal naive"]
    assert (round(scores["smape"], 2), round(scores["mase"], 3)) == (smape, mase)


@published
def test_the_seasonal_naive_forecast_of_nn5_scores_as_published() -> None:
    values = pd.read_csv(DATA / "nn5" / "nn5_daily_all791.csv", index_col="date").to_numpy(dtype=float)
    known, future = values[:-56].copy(), values[-56:]
    for weekday in range(7):
        rows = known[weekday::7]
        rows[np.isnan(rows)] = np.nanmedian(rows)
    series = [(str(i), known[:, i].tolist(), future[:, i].tolist()) for i in range(values.shape[1])]
    scores = naive_scores(series, season=7).loc["seasonal naive"]
    # How the 11 missing values of the last week are filled moves the score by as much as 0.02.
    assert scores["smape"] == pytest.approx(26.46, abs=0.02)
    assert round(scores["mase"], 3) == 1.011


@published
def test_a_table_of_scores_is_plain_enough_for_json() -> None:
    table = naive_scores(list(cif2016())[:3], season=12)
    assert json.loads(table.to_json(orient="index"))["persistence"]["rmse"] > 0
