"""The test of forecasts, against its own formula written out, other packages' way of it, and its promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from recurra.evaluation.significance import DieboldMariano, diebold_mariano, verdict

LOSSES = st.lists(st.floats(0, 1e3), min_size=2, max_size=40)


def written_out(d: np.ndarray, h: int) -> tuple[float, float]:
    """Harvey, Leybourne & Newbold 1997, equations 5 to 9, sum by sum."""
    n, mean = len(d), sum(d) / len(d)
    gamma = [sum((d[t] - mean) * (d[t - k] - mean) for t in range(k, n)) / n for k in range(h)]
    s1 = mean / ((gamma[0] + 2 * sum(gamma[1:])) / n) ** 0.5
    corrected = s1 * ((n + 1 - 2 * h + h * (h - 1) / n) / n) ** 0.5
    return corrected, 2 * stats.t.sf(abs(corrected), n - 1)


@pytest.mark.parametrize("horizon", [1, 2, 4])
def test_it_is_the_published_formula(horizon: int) -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0.2, 1, 80)
    model, baseline = noise + np.convolve(rng.normal(0, 1, 83), np.ones(4) / 4, "valid") + 5, np.full(80, 5.0)
    ours = diebold_mariano(model, baseline, horizon)
    assert (ours.statistic, ours.p_value) == pytest.approx(written_out(model - baseline, horizon))


def test_for_one_step_it_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(25), rng.random(25)
    theirs = stats.ttest_rel(a, b)
    ours = diebold_mariano(a, b)
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue))


@given(LOSSES, st.integers(1, 5), st.randoms())
@settings(deadline=None)
def test_exchanging_the_two_changes_the_sign_alone(losses: list[float], horizon: int, random: object) -> None:
    a = np.array(losses)
    b = np.array(sorted(losses))
    there, back = diebold_mariano(a, b, horizon), diebold_mariano(b, a, horizon)
    np.testing.assert_allclose(there.statistic, -back.statistic)
    np.testing.assert_allclose(there.p_value, back.p_value)


@given(LOSSES, st.integers(1, 60))
@settings(deadline=None)
def test_a_p_value_is_a_probability_or_not_defined(losses: list[float], horizon: int) -> None:
    p = diebold_mariano(np.array(losses), np.array(losses[::-1]), horizon).p_value
    assert np.isnan(p) or 0.0 <= p <= 1.0


def test_of_two_equally_good_forecasts_it_finds_one_in_twenty_different() -> None:
    rng = np.random.default_rng(8)
    found = [diebold_mariano(*rng.normal(0, 1, (2, 60)) ** 2).p_value < 0.05 for _ in range(2000)]
    assert 0.035 < np.mean(found) < 0.065  # four standard errors are 0.02


def test_it_sees_a_real_difference() -> None:
    rng = np.random.default_rng(8)
    result = diebold_mariano(rng.normal(0, 1, 300) ** 2, rng.normal(0, 2, 300) ** 2)
    assert result.p_value < 1e-6
    assert result.statistic < 0


@pytest.mark.parametrize(
    ("model", "baseline", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.0], (0.0, 1.0)),  # the same forecast
        ([1.0], [2.0], (np.nan, np.nan)),  # one forecast tells nothing
        ([1.0, 1.0, 1.0], [2.0, 2.0, 2.0], (np.nan, np.nan)),  # a difference that never varies
    ],
)
def test_where_there_is_nothing_to_test(
    model: list[float], baseline: list[float], expected: tuple[float, float]
) -> None:
    result = diebold_mariano(np.array(model), np.array(baseline))
    np.testing.assert_equal((result.statistic, result.p_value), expected)


def test_as_many_overlapping_forecasts_as_the_horizon_tell_nothing_and_one_more_something() -> None:
    a, b = np.random.default_rng(2).random((2, 12))
    assert np.isnan(diebold_mariano(a, b, horizon=12).p_value)
    assert 0.0 < diebold_mariano(a, b, horizon=11).p_value <= 1.0


@pytest.mark.parametrize(
    ("statistic", "p", "better", "said"),
    [
        (-0.8, 0.41, True, "the network is no better than yesterday's price (p = 0.41)"),
        (0.8, 0.41, False, "the network is no better than yesterday's price (p = 0.41)"),
        (-2.5, 0.0123, True, "the network is better than yesterday's price (p = 0.012)"),
        (9.0, 1e-9, False, "the network is worse than yesterday's price (p < 0.001)"),
        (
            np.nan,
            np.nan,
            True,
            "the network cannot be distinguished from yesterday's price: there are too few forecasts to compare",
        ),
    ],
)
def test_the_verdict_says_in_words_what_the_p_value_says(statistic: float, p: float, better: bool, said: str) -> None:
    assert verdict("the network", "yesterday's price", DieboldMariano(statistic, p), better) == said
