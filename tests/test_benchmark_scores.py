"""What the benchmark of accuracy scores with: values calculated by hand, and the known figures of naive forecasts."""

from pathlib import Path

import numpy as np
import pytest
from scoring import (
    Forecast,
    autocorrelation,
    coverage,
    ideal_under_half,
    mase,
    naive,
    quantile_loss,
    seasonal_naive,
    smape,
)
from sets import DATA, MADE, SeriesSet, read_set
from spread import DISTRIBUTIONS, Spread, garch_quantiles, pinball

from recurra.nn.heads import PROBABILITIES

MISSING = np.nan


def of(training: list[float], test: list[float], season: int = 2) -> SeriesSet:
    return SeriesSet("one", [np.array(training)], [np.array(test)], season, "D")


def test_smape_skips_what_is_missing_and_zero_by_zero_and_any_other_forecast_of_zero_costs_200() -> None:
    data = of([1.0, 3.0], [4.0, MISSING, 0.0])
    assert smape(data, np.array([[6.0, 9.0, 0.0]])).tolist() == [40.0]  # 200 · 2 / 10
    assert smape(data, np.array([[6.0, 9.0, 1.0]])).tolist() == [120.0]  # (40 + 200) / 2


def test_mase_divides_by_the_mean_change_from_season_to_season_in_training() -> None:
    data = of([1.0, 3.0, 2.0, 6.0], [4.0, MISSING, 0.0])  # changes 1 and 3
    assert mase(data, np.array([[6.0, 9.0, 1.0]])).tolist() == [0.75]


def test_mase_of_a_constant_series_is_zero_where_the_forecast_is_exact_and_infinite_where_it_is_not() -> None:
    data = of([5.0] * 6, [5.0, 5.0])
    assert mase(data, np.array([[5.0, 5.0]])).tolist() == [0.0]
    assert mase(data, np.array([[5.0, 5.1]])).tolist() == [np.inf]


def test_a_series_is_scored_on_its_own_horizon() -> None:
    data = SeriesSet("two", [np.array([1.0, 2.0])] * 2, [np.array([2.0]), np.array([2.0, 4.0])], 1, "D")
    assert mase(data, np.array([[2.0, 100.0], [2.0, 3.0]])).tolist() == [0.0, 0.5]


def test_naive_forecasts_repeat_the_last_value_and_the_last_season_with_quantiles_of_a_random_walk() -> None:
    data = of([1.0, 3.0, 2.0, 6.0], [0.0, 0.0, 0.0])
    assert naive(data).point.tolist() == [[6.0, 6.0, 6.0]]
    found = seasonal_naive(data)
    assert found.point.tolist() == [[2.0, 6.0, 2.0]]
    size = np.sqrt((1 + 9) / 2)
    width = 1.2815515655 * size * np.array([1, 1, np.sqrt(2)])
    np.testing.assert_allclose(found.quantiles[0.9][0] - found.point[0], width)
    np.testing.assert_allclose(found.quantiles[0.1][0] - found.point[0], -width)


def test_the_quantile_loss_weighs_what_lies_above_with_the_probability_and_what_lies_below_with_the_rest() -> None:
    data = of([1.0, 2.0], [10.0, 30.0])
    forecast = Forecast(np.zeros((1, 2)), {0.9: np.array([[20.0, 20.0]]), 0.5: np.array([[10.0, 30.0]])})
    assert quantile_loss(data, forecast) == pytest.approx((2 * (0.1 * 10 + 0.9 * 10) / 40 + 0) / 2)


def test_coverage_is_the_mean_over_the_series_of_the_share_of_known_values_inside() -> None:
    test = [np.array([1.0, 5.0, MISSING]), np.array([5.0, 5.0, 5.0])]
    data = SeriesSet("two", [np.array([1.0, 2.0])] * 2, test, 1, "D")
    bounds = {0.1: np.zeros((2, 3)), 0.9: np.full((2, 3), 2.0)}
    found = coverage(data, Forecast(np.ones((2, 3)), bounds), 80)
    assert found is not None
    assert (found.share, found.under_half) == (0.25, 0.5)
    assert coverage(data, Forecast(np.ones((2, 3)), bounds), 95) is None


def test_the_correlation_of_successive_errors_is_found_whatever_the_scale_of_the_series() -> None:
    random = np.random.default_rng(1)
    errors = random.normal(size=(4000, 12))
    for step in range(1, 12):
        errors[:, step] = 0.6 * errors[:, step - 1] + 0.8 * errors[:, step]
    errors *= 10.0 ** random.integers(-3, 4, (4000, 1))
    assert autocorrelation(errors) == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize(("horizon", "correlation", "share"), [(1, 0.0, 0.2), (2, 0.0, 0.04), (2, 0.999, 0.2)])
def test_an_ideal_forecaster_misses_all_of_a_horizon_as_often_as_its_errors_go_together(
    horizon: int, correlation: float, share: float
) -> None:
    found = ideal_under_half(np.full(500, horizon), 80, correlation ** np.arange(horizon))
    assert found == pytest.approx(share, abs=0.012)


def test_an_omitted_series_is_scored_with_the_forecast_of_another() -> None:
    other = Forecast(np.ones((2, 2)), {0.5: np.ones((2, 2)), 0.9: np.full((2, 2), 3.0)})
    point = np.array([[MISSING, MISSING], [7.0, -8.0]])
    found = Forecast(point, {0.9: point}).completed(other).clipped()
    assert found.point.tolist() == [[1.0, 1.0], [7.0, 0.0]]
    assert found.quantiles[0.9].tolist() == [[3.0, 3.0], [7.0, 0.0]]


@pytest.mark.parametrize("kind", MADE)
def test_a_made_set_is_the_same_every_time_and_has_rows_before_and_after_its_origin(kind: str) -> None:
    first, second = read_set(kind), read_set(kind)
    np.testing.assert_array_equal(first.truth, second.truth)
    table = first.long()
    assert not table.duplicated(["unique_id", "ds"]).any()
    assert table["y"].notna().all()
    assert len(table) == sum(map(len, first.training))


def test_a_folder_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"absent is no folder; expected the one with cif2016, nn5 and tourism"):
        read_set("CIF2016", tmp_path / "absent")


@pytest.mark.skipif(not DATA.is_dir(), reason="the published sets are not in ../shared/data")
@pytest.mark.parametrize(
    ("name", "rule", "known"),
    [
        ("tourism quarterly", seasonal_naive, (16.61, 1.699)),
        ("tourism monthly", seasonal_naive, (21.67, 1.631)),
        ("NN5 daily", seasonal_naive, (26.46, 1.011)),
        ("CIF2016", seasonal_naive, (19.05, 1.291)),
        ("CIF2016", naive, (14.59, 1.256)),
    ],
)
def test_naive_forecasts_of_the_published_sets_have_the_known_scores(name, rule, known) -> None:  # type: ignore[no-untyped-def]
    data = read_set(name)
    point = rule(data).point
    found = round(smape(data, point).mean(), 2), round(mase(data, point).mean(), 3)
    assert found == pytest.approx(known, abs=0.0005)


def test_the_pinball_loss_of_a_share_is_the_mean_over_the_quantiles_of_the_head() -> None:
    quantiles = np.tile(np.log(10.0), (1, len(PROBABILITIES)))
    found = Spread(np.log([12.0]), {"flat": quantiles})
    assert found.pinball("flat") == pytest.approx(np.log(1.2) * np.mean(PROBABILITIES))
    assert found.pinball("flat", in_prices=True) == pytest.approx(2.0 * np.mean(PROBABILITIES))
    assert pinball(np.array([0.0]), np.full((1, 9), 2.0)) == pytest.approx(2.0 * np.mean(1.0 - np.array(PROBABILITIES)))
    wide = Spread(np.array([0.0, 0.9, 5.0]), {"wide": np.tile(2.0 * np.array(PROBABILITIES) - 1.0, (3, 1))})
    assert (wide.coverage("wide", 80), wide.coverage("wide", 95)) == pytest.approx((100 / 3, 200 / 3))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values())
def test_garch_follows_the_errors_and_sees_none_before_it_comes(distribution: str) -> None:
    random = np.random.default_rng(3)
    errors = 0.01 * random.normal(size=600) * np.repeat([1.0, 4.0, 1.0, 4.0, 1.0, 4.0], 100)
    found = garch_quantiles(errors, 500, distribution)
    np.testing.assert_allclose(found[:, 4], 0.0, atol=1e-12)  # the median
    width = found[:, -1] - found[:, 0]
    assert np.median(width[350:400]) > 2.0 * np.median(width[250:300])
    shock = errors.copy()
    shock[550:] *= 10.0
    changed = garch_quantiles(shock, 500, distribution)
    np.testing.assert_array_equal(changed[:551], found[:551])
    assert (changed[551:555, -1] > found[551:555, -1]).all()
