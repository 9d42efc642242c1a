"""Splits in time order: parts are counts or shares, and share no target."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.origins import Origins
from recurra.tables.split import Split, Splits


@given(st.integers(1, 8), st.integers(1, 4), st.integers(0, 30), st.integers(0, 30), st.booleans())
def test_no_target_is_in_two_parts(window: int, horizon: int, validation: int, test: int, reach_back: bool) -> None:
    split = Split.of(80, validation=validation, test=test)
    targets: list[set[int]] = []
    for start, stop in zip(split.bounds, split.bounds[1:], strict=False):
        places = Origins.of_part(np.array([start]), np.array([stop]), window, horizon, reach_back=reach_back).rows
        targets.append({int(row) for place in places for row in range(place, place + horizon)})
        assert all(start <= row < stop for row in targets[-1])
        assert all(place - window >= (0 if reach_back else start) for place in places)
    assert not (targets[0] & targets[1]) and not (targets[0] & targets[2]) and not (targets[1] & targets[2])


def test_the_tutorials_protocol_has_240_predictions_in_300_rows() -> None:
    split = Split.of(2426, test=300)
    start, stop = (np.array([bound]) for bound in split.bounds[2:])
    places = Origins.of_part(start, stop, 60, 1, reach_back=False).rows
    assert (len(places), places[0], places[-1]) == (240, 2186, 2425)
    assert len(Origins.of_part(start, stop, 60, 1).rows) == 300


def test_parts_are_counts_or_shares() -> None:
    assert Split.of(1000, validation=0.1, test=250) == Split(675, 75, 250)
    assert Split.of(10) == Split(10, 0, 0)
    splits = Splits.of(np.array([4, 1000, 20]), validation=0.1, test=10)
    assert splits.enough.tolist() == [False, True, True]
    parts = splits.where(splits.enough)
    assert (parts.training.tolist(), parts.validation.tolist(), parts.test.tolist()) == ([891, 9], [99, 1], [10, 10])


@given(st.lists(st.integers(1, 200), min_size=1), st.integers(1, 9), *[st.integers(0, 30) | st.floats(0.01, 0.5)] * 2)
def test_all_series_are_split_as_each_of_them(
    lengths: list[int], horizon: int, validation: float | int, test: float | int
) -> None:
    try:
        splits = Splits.of(np.array(lengths), horizon=horizon, validation=validation, test=test)
    except InputError:
        return
    for place, rows in enumerate(lengths):
        split = Split.cut(rows, horizon=horizon, validation=validation, test=test)
        own = splits.training[place], splits.validation[place], splits.test[place]
        assert own == (split.training, split.validation, split.test)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (3, {"test": 3}, "3 rows are too few for a horizon of 1 with test=3, which leave none of them for training; g"),
        (1, {}, "1 row is too few for a horizon of 1; give more rows, or choose a smaller horizon."),
        (
            10,
            {"validation": 5, "test": 0.5},
            "10 rows are too few for a horizon of 1 with validation=5 and test=0.5, wh",
        ),
        (200, {"validation": 0.15, "test": 0.15, "horizon": 150}, "200 rows are too few for a horizon of 150 with val"),
        (200, {"validation": 0.15, "test": 300}, "with validation=0.15 and test=300, which leave none of them for"),
        (200, {"validation": 100, "test": 150}, "with validation=100 and test=150, which leave none of them for"),
        (200, {"test": 0.15, "horizon": 150}, "with test=0.15, which leave 50 of them for training; give more rows"),
    ],
)
def test_too_few_rows_are_all_rows_beside_the_parts_as_given(rows: int, options: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        Splits.of(np.array([rows, 1]), **options) if len(options) == 1 else Split.of(rows, **options)
