"""Seasonal indices: found where they were put, taken away and given back, at the right date of newer rows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import Forecaster
from recurra.forecasting.transforms.seasonality import HALF_LIFE, Deseasonalize, seasonal_indices
from recurra.forecasting.transforms.steps import Rows
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.frequency_inference import infer_frequency
from recurra.tables.origins import Origins

SMALL: dict[str, Any] = {"units": 4, "window": 8, "epochs": 2}


@given(st.integers(2, 13), st.integers(0, 12), st.integers(2, 6), st.floats(-3, 3), st.integers(0, 1000))
def test_indices_on_a_line_are_found_exactly(season: int, first: int, seasons: int, slope: float, seed: int) -> None:
    """A moving average over a season passes a line, and takes away what sums to zero over the season."""
    put = np.random.default_rng(seed).normal(0, 5, season)
    put -= put.mean()
    phases = (np.arange(seasons * season) + first) % season
    values = 100 + slope * np.arange(len(phases)) + put[phases]
    found = seasonal_indices(np.stack([values, 2 * values]), np.stack([phases, phases]), season)
    np.testing.assert_allclose(found, [put, 2 * put], atol=1e-9)


def test_less_than_two_seasons_show_none() -> None:
    assert not seasonal_indices(np.arange(7.0)[None], np.arange(7)[None] % 4, season=4).any()


def test_a_season_counts_half_of_one_that_is_four_seasons_later() -> None:
    put, later = np.array([-1.0, 1.0]), np.array([-3.0, 3.0])
    values = np.concatenate([np.tile(put, 5 * HALF_LIFE), np.tile(later, HALF_LIFE)])
    found = seasonal_indices(values[None], np.arange(len(values))[None] % 2, season=2)[0]
    assert found[1] == pytest.approx(2.0, abs=0.15)  # four recent seasons weigh as much as all before them


@pytest.mark.parametrize(
    ("freq", "season"),
    [("MS", 12), ("ME", 12), ("QS", 4), ("D", 7), ("W-SUN", 52), ("h", 24), ("B", 5), ("15min", 96), ("2D", 3)],
)
def test_dates_a_season_apart_have_the_same_place_in_it(freq: str, season: int) -> None:
    dates = pd.date_range("2021-03-01", periods=3 * season + 5, freq=freq)
    phases = infer_frequency(dates).phases(dates, season)
    assert set(phases[:season]) == set(range(season))
    np.testing.assert_array_equal(np.diff(phases) % season, 1)


@pytest.mark.parametrize("week", ["Mon Tue Wed Thu Fri", "Sun Mon Tue Wed Thu"])
def test_the_days_of_an_exchange_have_places_of_their_own(week: str) -> None:
    dates = pd.bdate_range("2024-01-01", periods=20, freq="C", weekmask=week)
    phases = Frequency("day", calendar="XTAE").phases(dates, 5)
    np.testing.assert_array_equal(np.diff(phases) % 5, 1)


def test_what_a_season_difference_is_added_to_lost_the_index_of_its_own_day() -> None:
    dates = pd.bdate_range("2024-01-01", periods=80).delete(77)  # a holiday
    sales = pd.Series([10.0, 20.0, 40.0, 20.0, 10.0] * 16, pd.bdate_range("2024-01-01", periods=80))[dates]
    model = Forecaster(**SMALL, loss="mse", scaling=["deseasonalize", "season-difference", "standard"], season=5)
    model.fit(sales)
    transform, table = model.predictor_.transform, model.predictor_.context
    before = transform.before(table, Origins.after_last(table))
    np.testing.assert_allclose(before, transform.steps[3].transform(transform._rows_of(table)).values[-5:, 0][None])
    assert before.std() < 1.0  # the season is gone


def test_covariates_in_other_units_are_left_alone() -> None:
    values = np.column_stack([np.tile([1.0, 5.0], 10), np.tile([3.0, 8.0], 10), np.tile([2.0, 6.0], 10)])
    rows = Rows(values, np.array([0, 20]), np.array([0]), np.arange(20) % 2)
    step = Deseasonalize(2, 2, np.array([True, False, True]), np.zeros((1, 2))).fit(rows, np.array([20]))
    found = step.transform(rows).values
    assert found[:, 0].tolist() == [3.0] * 20
    assert found[:, 1].tolist() == values[:, 1].tolist()
    assert found[:, 2].tolist() == [4.0] * 20  # a price beside the target keeps its distance from it


def sales(rows: int) -> pd.DataFrame:
    """Monthly sales of two shops that rise and double every December."""
    dates = pd.date_range("2012-01-01", periods=rows, freq="MS")
    growth = np.exp(0.01 * np.arange(rows)) * np.where(dates.month == 12, 2.0, 1.0)
    parts = [
        pd.DataFrame({"unique_id": id_, "ds": dates, "y": level * growth}) for id_, level in (("a", 10.0), ("b", 500.0))
    ]
    return pd.concat(parts)


@pytest.mark.parametrize("scaling", [("log", "deseasonalize", "subtract-last"), ("log", "deseasonalize", "difference")])
def test_a_season_that_no_window_shows_is_forecast(scaling: Any, tmp_path: Any) -> None:
    data = sales(102)  # up to June
    early = data[data["ds"] < "2020-01-01"]
    model = Forecaster(horizon=6, loss="mse", scaling=scaling, residual="last", steps=1, learning_rate=1e-9, **SMALL)
    model.fit(early)
    model.save(tmp_path / "model")
    model = Forecaster.load(tmp_path / "model")
    later = model.update_context(data[data["ds"] < "2020-06-01"]).predict(h=12)
    december = later["ds"].dt.month == 12
    for id_, own in later.groupby("unique_id"):
        others = own.loc[~december, "forecast"].mean()
        assert own.loc[december, "forecast"].item() == pytest.approx(2 * others, rel=0.1), id_
    pd.testing.assert_frame_equal(model.predict(data[data["ds"] < "2020-06-01"], h=12), later)


def test_indices_that_chance_explains_are_shrunk_away_and_strong_ones_stay() -> None:
    rng, phases = np.random.default_rng(0), np.tile(np.arange(120) % 4, (200, 1))
    noise = rng.normal(size=(200, 120))
    season = np.array([3.0, -1.0, 0.5, -2.5])
    assert np.abs(seasonal_indices(noise, phases, 4)).mean() < 0.06  # the means alone vary by 0.2
    strong = seasonal_indices(noise + season[phases], phases, 4)
    np.testing.assert_allclose(strong.mean(axis=0), season, atol=0.1)


@given(st.integers(2, 5), st.integers(2, 4), st.integers(0, 30), st.integers(2, 5), st.integers(0, 1000))
def test_indices_of_a_season_within_a_longer_one_are_found_exactly(
    shorter: int, number: int, first: int, seasons: int, seed: int
) -> None:
    season = shorter * number
    put = np.random.default_rng(seed).normal(0, 5, season)
    put -= put.mean()
    phases = (np.arange(seasons * season) + first) % season
    found = seasonal_indices((100 + put[phases])[None], phases[None], season, shorter)
    np.testing.assert_allclose(found, [put], atol=1e-9)


def test_days_that_differ_by_chance_alone_share_the_indices_of_the_day() -> None:
    rng, phases = np.random.default_rng(0), np.tile(np.arange(5 * 168) % 168, (50, 1))
    day = 3.0 * np.sin(np.arange(24) * 2 * np.pi / 24)
    noise = rng.normal(size=phases.shape)
    alike = seasonal_indices(day[phases % 24] + noise, phases, 168, 24)
    assert np.abs(alike - np.tile(day, 7)).mean() < 0.2  # means of five hours alone miss by 0.36
    rest = np.where(np.arange(168) >= 5 * 24, -4.0, 0.0)  # of two days
    differing = seasonal_indices(day[phases % 24] + rest[phases] + noise, phases, 168, 24)
    expected = np.tile(day, 7) + rest - rest.mean()
    assert np.abs(differing - expected).mean() < 0.45
    weekend = differing.reshape(50, 7, 24)[:, 5:].mean() - differing.reshape(50, 7, 24)[:, :5].mean()
    assert weekend == pytest.approx(-4.0, rel=0.1)


def test_series_with_fewer_than_two_weeks_have_the_indices_of_their_days() -> None:
    phases = np.arange(300)[None] % 168
    values = np.sin(phases * 2 * np.pi / 24)
    found = seasonal_indices(values, phases, 168, 24)
    np.testing.assert_array_equal(found, np.tile(seasonal_indices(values, phases % 24, 24), 7))


@pytest.mark.parametrize("rows", [24, 30, 35, 36, 48])
def test_two_seasons_of_noise_have_small_indices_too(rows: int) -> None:
    noise = np.random.default_rng(0).normal(size=(200, rows))
    found = seasonal_indices(noise, np.tile(np.arange(rows) % 12, (200, 1)), 12)
    assert np.sqrt((found**2).mean()) < 0.3  # means of two values alone vary by 0.7


def test_an_hour_that_is_never_seen_has_an_index_that_is_a_number() -> None:
    hours = np.arange(4 * 168)
    seen = hours[hours % 24 != 3]
    found = seasonal_indices(np.sin(seen)[None], (seen % 168)[None], 168, 24)
    assert np.isfinite(found).all()
