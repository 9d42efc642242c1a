"""Origins of forecasts: of all series at once as of each alone, and never before a cutoff."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.errors import InputError
from recurra.tables.origins import Origins, check_later
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table


def table(*lengths: int) -> Table:
    parts = [
        pd.DataFrame({"unique_id": str(n), "ds": pd.date_range("2020-01-01", periods=rows), "y": np.arange(rows) * 1.0})
        for n, rows in enumerate(lengths)
    ]
    return make_table(pd.concat(parts))


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=5),
    st.integers(1, 6),
    st.integers(1, 4),
    st.booleans(),
)
def test_the_origins_of_a_part_are_those_of_each_series(
    bounds: list[tuple[int, int]], context: int, horizon: int, reach_back: bool
) -> None:
    start, stop = np.array(bounds).T
    found = Origins.of_part(start, stop, context, horizon, reach_back=reach_back)
    assert len(found) == len(bounds)
    for place, (first, last) in enumerate(bounds):
        begin = max(first, context) if reach_back else first + context
        expected = list(range(begin, last - horizon + 1))
        assert found[place].tolist() == expected
        assert found.first[place] == (expected[0] if expected else -1)
    assert found.series.tolist() == [place for place in range(len(bounds)) for _ in found[place]]


def test_origins_are_rows_of_the_table() -> None:
    data = table(5, 3, 4)
    origins = Origins.of_each([np.array([1, 4]), np.array([], dtype=np.int64), np.array([2])])
    assert origins.of_table(data).tolist() == [1, 4, 10]
    assert data.values[origins.of_table(data), 0].tolist() == [1.0, 4.0, 2.0]
    assert Origins.after_last(data).rows.tolist() == [5, 3, 4]
    assert Origins.rolling(data.lengths, 1, folds=2, step=1).fold(1).rows.tolist() == [4, 2, 3]


@given(st.lists(st.integers(-1, 9), min_size=1, max_size=4), st.integers(1, 4), st.integers(1, 3))
def test_no_origin_after_the_cutoffs_predicts_a_row_up_to_them(seen: list[int], context: int, horizon: int) -> None:
    """`seen` is the last training row of each series of ten; -1: the series was not in training."""
    data = table(*[10] * len(seen))
    days = [pd.Timestamp.min if row < 0 else data.series[0].dates[row] for row in seen]
    cutoffs = pd.DatetimeIndex(days)
    expected = [list(range(max(row + 1, context), 10 - horizon + 1)) for row in seen]
    if not any(expected):
        with pytest.raises(InputError, match=r"after|later"):
            Origins.after(data, cutoffs, context, horizon)
        return
    found = Origins.after(data, cutoffs, context, horizon)
    assert [own.tolist() for own in found] == expected
    check_later(data, found, cutoffs)
    if (rows := [row for row in seen if row >= 0]) and (row := max(rows)) < 10:
        early = Origins.of_each([np.array([own]) if own == row else np.array([], dtype=np.int64) for own in seen])
        with pytest.raises(InputError, match="scores on training rows would be too good"):
            check_later(data, early, cutoffs)
