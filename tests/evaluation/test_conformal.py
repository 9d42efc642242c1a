"""Prediction intervals: the right order statistic, by hand, and the promised coverage, by drawing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import InputError
from recurra.evaluation.conformal import MAX_ERRORS, Calibration


@pytest.mark.parametrize(
    ("level", "n", "rank"),
    [(90, 9, 9), (90, 10, 10), (90, 19, 18), (90, 99, 90), (95, 19, 19), (80, 4, 4), (50, 3, 2), (1, 10, 1)],
)
def test_the_interval_reaches_as_far_as_the_right_one_of_the_sorted_errors(level: float, n: int, rank: int) -> None:
    errors = np.random.default_rng(0).permutation(np.arange(1.0, n + 1))[:, None]
    assert Calibration.of(-errors).half_width(level).tolist() == [rank]


@pytest.mark.parametrize(("level", "needed"), [(90, 9), (95, 19), (80, 4), (99, 99), (99.5, 199), (50, 1)])
def test_too_few_errors_for_a_level_are_an_error_that_says_how_many_there_must_be(level: float, needed: int) -> None:
    enough, too_few = Calibration.of(np.ones((needed, 2))), Calibration.of(np.ones((needed - 1, 2)))
    assert enough.supports(level)
    assert not too_few.supports(level)
    with pytest.raises(
        InputError, match=f"needs {needed} validation forecasts per step, and there are {needed - 1}; make valid"
    ):
        too_few.half_width(level)


def test_each_step_has_its_own_width_and_passes_over_what_was_not_observed() -> None:
    errors = np.array([[1.0, 10.0], [2.0, np.nan], [3.0, 30.0], [4.0, 40.0]])
    assert Calibration.of(errors).half_width(50).tolist() == [3.0, 30.0]  # ⌈5 · 0.5⌉ = 3 of 4, ⌈4 · 0.5⌉ = 2 of 3


@pytest.mark.parametrize("level", [0, 0.9, 100, -5, 120, np.nan])
def test_a_level_is_in_percent(level: float) -> None:
    meant = r"; did you mean 90\?" if level == 0.9 else r"\.$"
    with pytest.raises(InputError, match="expected percent from 1 to below 100" + meant):
        Calibration.of(np.ones((50, 1))).half_width(level)


@given(st.integers(5, 300), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_a_higher_level_is_never_narrower(n: int, seed: int) -> None:
    calibration = Calibration.of(np.random.default_rng(seed).standard_cauchy((n, 1)))
    widths = [calibration.half_width(level)[0] for level in (10, 30, 50, 70, 80)]
    assert widths == sorted(widths)


@pytest.mark.parametrize("level", [50, 80, 90])
def test_it_covers_a_new_value_as_often_as_it_says(level: float) -> None:
    rng = np.random.default_rng(4)
    inside = []
    for _ in range(4000):
        errors = rng.standard_t(3, 40)
        inside.append(abs(errors[-1]) <= Calibration.of(errors[:-1, None]).half_width(level)[0])
    exact = np.ceil(40 * level / 100) / 40  # the theorem's equality, for errors without ties
    assert np.mean(inside) == pytest.approx(exact, abs=4 * 0.5 / 4000**0.5)


def test_of_very_many_errors_an_even_choice_is_kept_that_says_the_same() -> None:
    errors = np.random.default_rng(0).normal(0, 1, (MAX_ERRORS * 5, 1))
    calibration = Calibration.of(errors)
    assert len(calibration.errors) == MAX_ERRORS
    for level in (50, 90, 99):
        assert calibration.half_width(level)[0] == pytest.approx(np.quantile(np.abs(errors), level / 100), rel=0.01)
