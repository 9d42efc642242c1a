"""Splits in time order: parts are counts or shares, and share no target."""

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
    assert Split.of(1000, validation=0.1, test=250) == Split(650, 100, 250)
    assert Split.of(10) == Split(10, 0, 0)
    assert Split.of_each([4, 1000, 20], validation=0.1, test=10) == [None, Split(890, 100, 10), Split(8, 2, 10)]
    with pytest.raises(InputError, match=r"validation=0 and test=3 take 3 of 3 rows"):
        Split.of_each([3, 1], test=3)
    with pytest.raises(InputError, match=r"a horizon of 1 row needs more than the 1 row that there is; choose"):
        Split.of(1)
    with pytest.raises(InputError, match=r"validation=0\.5 and test=5 take 10 of 10 rows; leave some for training"):
        Split.of(10, validation=0.5, test=5)
