"""The tests of forecasts, against their formulas written out, other packages' way of them, and their promise."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from recurra.evaluation.significance import (
    EXACT,
    DieboldMariano,
    SignedRanks,
    diebold_mariano,
    is_over_series,
    signed_ranks,
    verdict,
)

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


@pytest.mark.parametrize("count", [1, 6, 7, 30, EXACT, EXACT + 1, 400])
def test_signed_ranks_are_those_of_scipy(count: int) -> None:
    d = np.random.default_rng(count).normal(0.1, 1, count)
    ours, theirs = (
        signed_ranks(d, np.zeros(count)),
        stats.wilcoxon(d, method="exact" if count <= EXACT else "asymptotic"),
    )
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert abs(ours.statistic) == count * (count + 1) / 2 - 2 * theirs.statistic  # which is the smaller sum of ranks
    assert (ours.series, ours.better_in) == (count, int((d < 0).sum()))


def test_many_series_with_equal_differences_and_none_are_ranked_as_pratt_does() -> None:
    d = np.random.default_rng(1).integers(-5, 7, 300).astype(float)
    theirs = stats.wilcoxon(d, zero_method="pratt", method="asymptotic")
    assert signed_ranks(d, 0 * d).p_value == pytest.approx(theirs.pvalue)


def test_a_p_value_of_few_series_counts_all_choices_of_signs() -> None:
    d = np.array([0.0, -1, -1, 3, -4, -4, -4, 5, -6])
    ranks = np.array([1, 2.5, 2.5, 4, 6, 6, 6, 8, 9])
    found = signed_ranks(d, 0 * d)
    assert found.statistic == 4 + 8 - (2.5 + 2.5 + 6 + 6 + 6 + 9)
    sums = [abs(ranks[1:] @ signs) for signs in product((-1, 1), repeat=8)]
    assert found.p_value == np.mean(np.array(sums) >= abs(found.statistic))
    assert (found.series, found.better_in) == (9, 6)


@given(LOSSES, st.randoms())
@settings(deadline=None)
def test_exchanging_the_two_changes_the_sign_of_the_ranks_alone(losses: list[float], random: object) -> None:
    a, b = np.array(losses), np.array(sorted(losses))
    there, back = signed_ranks(a, b), signed_ranks(b, a)
    assert (there.statistic, there.p_value) == (-back.statistic, back.p_value)
    assert 0.0 < there.p_value <= 1.0


@pytest.mark.parametrize("count", [10, 40, 200])
def test_of_two_equally_good_forecasts_signed_ranks_find_one_in_twenty_different(count: int) -> None:
    rng = np.random.default_rng(count)
    found = [signed_ranks(*rng.standard_t(2, (2, count)) ** 2).p_value < 0.05 for _ in range(2000)]
    assert 0.03 < np.mean(found) < 0.07  # four standard errors are 0.02


def test_signed_ranks_see_a_difference_that_one_huge_loss_hides_from_the_mean() -> None:
    rng = np.random.default_rng(5)
    model, baseline = rng.normal(0, 1, 60) ** 2, rng.normal(0, 2, 60) ** 2
    model[7] = 1e6
    assert stats.ttest_rel(model, baseline).pvalue > 0.1
    found = signed_ranks(model, baseline)
    assert found.p_value < 0.05
    assert found.statistic < 0


def test_series_without_any_difference_tell_nothing() -> None:
    assert signed_ranks(np.ones(9), np.ones(9)) == SignedRanks(0.0, 1.0, series=9, better_in=0)


@pytest.mark.parametrize(
    ("series", "cutoffs", "overlap", "expected"),
    [
        (1, 1, 1, False),  # one series has nothing else
        (5, 1, 1, False),  # no signs of five series are significant
        (6, 1, 12, True),
        (300, 1, 12, True),
        (300, 9, 1, True),
        (300, 10, 1, False),  # many cutoffs
        (300, 100, 12, True),  # which overlap
        (300, 120, 12, False),
        (7, 8, 1, False),  # more cutoffs than series
    ],
)
def test_the_test_is_over_series_where_cutoffs_are_few(series: int, cutoffs: int, overlap: int, expected: bool) -> None:
    assert is_over_series(series, cutoffs, overlap) == expected


@pytest.mark.parametrize(
    ("statistic", "p", "better", "said"),
    [
        (-9.0, 0.0123, True, "the network is better than the last y across 1,200 series (in 700 of them, p = 0.012)"),
        (
            9.0,
            1e-9,
            False,
            "the network is worse than the last y across 1,200 series (better in 700 of them, p < 0.001)",
        ),
        (
            -9.0,
            0.41,
            True,
            "the network is no better than the last y across 1,200 series (better in 700 of them, p = 0.41)",
        ),
        (
            -9.0,
            0.0123,
            False,
            "the network is better than the last y across 1,200 series (in 700 of them, p = 0.012), though not in the "
            "mean of their squared errors",
        ),
        (
            9.0,
            0.0123,
            True,
            "the network is worse than the last y across 1,200 series (better in 700 of them, p = 0.012), though not "
            "in the mean of their squared errors",
        ),
    ],
)
def test_a_verdict_over_series_counts_them(statistic: float, p: float, better: bool, said: str) -> None:
    assert verdict("the network", "the last y", SignedRanks(statistic, p, 1200, 700), better) == said
