"""Splits in time order: parts are counts or shares, and share no target."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.forecasting.origins import origins_of_part
from recurra.tables.split import Split


@given(st.integers(1, 8), st.integers(1, 4), st.integers(0, 30), st.integers(0, 30), st.booleans())
def test_no_target_is_in_two_parts(window: int, horizon: int, validation: int, test: int, reach_back: bool) -> None:
    split = Split.of(80, validation=validation, test=test)
    targets: list[set[int]] = []
    for start, stop in zip(split.bounds, split.bounds[1:], strict=False):
        places = origins_of_part(start, stop, window, horizon, reach_back=reach_back)
        targets.append({int(row) for place in places for row in range(place, place + horizon)})
        assert all(start <= row < stop for row in targets[-1])
        assert all(place - window >= (0 if reach_back else start) for place in places)
    assert not (targets[0] & targets[1]) and not (targets[0] & targets[2]) and not (targets[1] & targets[2])


def test_the_tutorials_protocol_has_240_predictions_in_300_rows() -> None:
    split = Split.of(2426, test=300)
    places = origins_of_part(*split.bounds[2:], 60, 1, reach_back=False)
    assert (len(places), places[0], places[-1]) == (240, 2186, 2425)
    assert len(origins_of_part(*split.bounds[2:], 60, 1)) == 300


def test_parts_are_counts_or_shares() -> None:
    assert Split.of(1000, validation=0.1, test=250) == Split(675, 75, 250)
    assert Split.of(10) == Split(10, 0, 0)
    assert Split.of_each([4, 1000, 20], validation=0.1, test=10) == [None, Split(891, 99, 10), Split(9, 1, 10)]


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
        Split.of_each([rows, 1], **options) if len(options) == 1 else Split.of(rows, **options)
