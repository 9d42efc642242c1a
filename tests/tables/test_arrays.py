"""Indices of parts that stand one below the other in an array."""

import numpy as np
import pytest

from recurra.tables import arrays


@pytest.mark.parametrize("at_once", [1, 5, 100])
def test_parts_of_equal_length_are_all_there_however_many_come_at_once(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "AT_ONCE", at_once)
    counts = np.array([2, 0, 3, 2, 2, 3, 0, 2])
    values = np.arange(2.0 * counts.sum()).reshape(-1, 2)
    found: dict[int, list[list[float]]] = {}
    for places, parts in arrays.of_equal_length(values, counts):
        assert parts.shape[:2] == (len(places), counts[places[0]])
        assert len(places) == 1 or parts[:, :, 0].size <= at_once
        found |= dict(zip(places.tolist(), parts.tolist(), strict=True))
    ends = np.cumsum(counts)
    assert found == {i: values[end - counts[i] : end].tolist() for i, end in enumerate(ends.tolist())}
