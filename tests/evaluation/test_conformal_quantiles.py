"""Calibrated quantiles: the right order statistic, by hand, the promised coverage, by drawing, and no crossing."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import InputError
from recurra.evaluation.conformal import MAX_ERRORS, Answers
from recurra.evaluation.conformal_quantiles import QuantileCalibration, calibration_of
from recurra.tables.arrays import Floats

PROBABILITIES = 0.05, 0.25, 0.5, 0.75, 0.95


def answers(loc: Floats, spread: Floats, shrunk: float = 1.0) -> Answers:
    """Normal quantiles with this loc and spread [n, H], too narrow by the factor `shrunk`."""
    quantiles = {p: loc + shrunk * spread * scipy.stats.norm.ppf(p) for p in PROBABILITIES}
    return Answers(loc, np.ones((len(loc), 1)), quantiles)


def made(n: int, seed: int, shrunk: float = 1.0) -> tuple[Answers, Floats]:
    rng = np.random.default_rng(seed)
    loc, spread = rng.normal(0, 10, (n, 1)), rng.uniform(0.1, 10, (n, 1))
    return answers(loc, spread, shrunk), rng.normal(loc, spread)


@pytest.mark.parametrize(("level", "n", "rank"), [(90, 19, 19), (90, 39, 38), (50, 19, 15), (50, 3, 3), (80, 39, 36)])
def test_an_interval_ends_where_the_right_one_of_the_sorted_errors_puts_it(level: float, n: int, rank: int) -> None:
    found = Answers(np.zeros((n, 1)), np.ones((n, 1)), {p: np.full((n, 1), 10 * (p - 0.5)) for p in PROBABILITIES})
    truth = np.random.default_rng(0).permutation(np.arange(1.0, n + 1))[:, None]
    lower, upper = QuantileCalibration.of(found, truth).intervals(found, [level])[level]
    assert upper[0, 0] == pytest.approx(rank)  # a quantile that is the same everywhere becomes the order statistic
    assert lower[0, 0] == pytest.approx(min(n + 1 - rank, 0.0))  # but stays on its side of the median


@pytest.mark.parametrize("level", [50, 60, 80, 90, 98])
@pytest.mark.parametrize("shrunk", [0.2, 1.0, 5.0])
def test_quantiles_that_are_too_narrow_or_too_wide_cover_as_often_as_they_say(level: float, shrunk: float) -> None:
    calibration = calibration_of(*made(20_000, 0, shrunk))
    found, truth = made(20_000, 1, shrunk)
    lower, upper = calibration.intervals(found, [level])[level]
    assert np.mean(truth < lower) == pytest.approx((100 - level) / 200, abs=0.015)
    assert np.mean(truth > upper) == pytest.approx((100 - level) / 200, abs=0.015)
    width, spread = (upper - lower)[:, 0], (found.quantiles[0.95] - found.quantiles[0.05])[:, 0]
    np.testing.assert_allclose(width / spread, width[0] / spread[0], rtol=1e-9)  # where there is little noise, narrow


def test_it_covers_a_new_value_at_least_as_often_as_it_says_however_few_errors_there_are() -> None:
    inside = []
    for seed in range(4_000):
        found, truth = made(20, seed, 0.5)
        before = Answers(found.point[:-1], found.scale[:-1], {p: q[:-1] for p, q in found.quantiles.items()})
        lower, upper = QuantileCalibration.of(before, truth[:-1]).intervals(found, [90])[90]
        inside.append(lower[-1, 0] <= truth[-1, 0] <= upper[-1, 0])
    assert np.mean(inside) == pytest.approx(0.9, abs=4 * 0.3 / 4_000**0.5)  # 19 errors: exactly 18 of 20


@given(st.integers(0, 300), st.integers(0, 2**32 - 1), st.floats(0.01, 100.0))
@settings(deadline=None)
def test_neither_quantiles_nor_intervals_ever_cross(n: int, seed: int, shrunk: float) -> None:
    found, truth = made(max(n, 1), seed, shrunk)
    calibration = QuantileCalibration.of(found, truth) if n else QuantileCalibration.none(PROBABILITIES, 1)
    quantiles = calibration.quantiles(found)
    assert (np.diff(list(quantiles.values()), axis=0) >= 0.0).all()
    assert np.array_equal(quantiles[0.5], found.point)
    levels = [level for level in (10, 30, 50, 70, 80, 90, 95) if calibration.supports(level)]
    ends = calibration.intervals(found, levels).values()
    assert (np.diff([lower for lower, _ in ends], axis=0) <= 0.0).all()
    assert (np.diff([upper for _, upper in ends], axis=0) >= 0.0).all()


@pytest.mark.parametrize(("shrunk", "as_predicted"), [(10.0, True), (0.01, False)])
def test_with_too_few_errors_a_quantile_is_as_predicted_or_covers_them_all(shrunk: float, as_predicted: bool) -> None:
    found, truth = made(18, 0, shrunk)
    truth[3] = np.nan
    quantiles = QuantileCalibration.of(found, truth).quantiles(found)
    for probability, within in ((0.05, truth >= quantiles[0.05]), (0.95, truth <= quantiles[0.95])):
        assert within.sum() == 17
        assert np.array_equal(quantiles[probability], found.quantiles[probability]) == as_predicted
    nothing = QuantileCalibration.of(found, np.full_like(truth, np.nan)).quantiles(found)
    assert all(np.array_equal(nothing[p], found.quantiles[p]) for p in PROBABILITIES)


@pytest.mark.parametrize(("level", "needed"), [(95, 39), (98, 99)])
def test_too_few_errors_for_a_level_wider_than_all_that_are_predicted_are_an_error(level: float, needed: int) -> None:
    found, truth = made(needed, 0)
    assert QuantileCalibration.of(found, truth).supports(level)
    truth[0] = np.nan
    calibration = QuantileCalibration.of(found, truth)
    assert calibration.supports(90)
    with pytest.raises(InputError, match=f"needs {needed} validation forecasts per step, and there are {needed - 1}"):
        calibration.intervals(found, [level])


def test_without_errors_a_level_has_its_own_quantiles_or_those_of_the_nearest_wider_band() -> None:
    found, _ = made(5, 0)
    ends = QuantileCalibration.none(PROBABILITIES, 1).intervals(found, [90, 60, 50])
    for level, low, high in ((90, 0.05, 0.95), (60, 0.05, 0.95), (50, 0.25, 0.75)):
        assert np.array_equal(ends[level], (found.quantiles[low], found.quantiles[high]))
    with pytest.raises(
        InputError, match="95 % needs a validation part, as the widest that the network predicts has 90 "
    ):
        QuantileCalibration.none(PROBABILITIES, 1).intervals(found, [95])


def test_a_band_without_width_is_measured_in_scaled_units() -> None:
    flat = {p: np.zeros((99, 1)) for p in PROBABILITIES}  # as of counts that are nearly always 0
    found = Answers(np.zeros((99, 1)), np.full((99, 1), 2.0), flat)
    truth = np.repeat([0.0, 6.0], [80, 19])[:, None]
    quantiles = QuantileCalibration.of(found, truth).quantiles(found)
    assert quantiles[0.75].max() == 0.0
    assert quantiles[0.95].min() == 6.0


def test_of_very_many_errors_an_even_choice_is_kept() -> None:
    found, truth = made(5 * MAX_ERRORS, 0)
    calibration = QuantileCalibration.of(found, truth)
    assert calibration.errors.size <= MAX_ERRORS
    for probability, values in calibration.quantiles(found).items():
        assert np.mean(truth <= values) == pytest.approx(probability, abs=0.01)


def test_with_too_few_errors_an_outer_quantile_moves_as_far_as_the_next_inner_one() -> None:
    found, truth = made(3, 0, 0.5)
    calibration, widest = QuantileCalibration.of(found, truth), found.quantiles[0.95] - found.quantiles[0.05]
    quantiles = calibration.quantiles(found)
    moves = {p: (quantiles[p] - found.quantiles[p]) / widest for p in PROBABILITIES}
    np.testing.assert_allclose(moves[0.95], moves[0.75])  # which needs 3 errors, and 0.95 needs 19
    np.testing.assert_allclose(moves[0.05], moves[0.25])
    assert (quantiles[0.95] > quantiles[0.75]).all()
    assert calibration.doubt(90) == "needs 19 validation forecasts per step, and there are 3"
    assert calibration.doubt(50) == QuantileCalibration.none(PROBABILITIES, 1).doubt(90) == ""
    for level in (60, 88):  # other intervals that are asked for change nothing
        assert np.array_equal(calibration.intervals(found, [level, 90])[90][1], quantiles[0.95])
