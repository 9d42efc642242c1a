"""Tables: how they are cut in time, interpolated and fingerprinted."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

DAYS = pd.date_range("2020-01-01", periods=6)


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"date": DAYS[: len(next(iter(columns.values())))], **columns})


@given(st.integers(0, 6), st.integers(0, 6))
def test_parts_never_overlap_and_together_are_the_whole(a: int, b: int) -> None:
    first, second = sorted((a, b))
    whole = make_table(
        frame(v=np.arange(6.0), holiday=np.arange(6.0) * 10), target="v", future_covariates=["holiday"]
    ).series[0]
    parts = [whole.slice(0, first), whole.slice(first, second), whole.slice(second, 6)]
    assert np.concatenate([part.values for part in parts]).tolist() == whole.values.tolist()
    assert sum(len(part.dates) for part in parts) == 6
    for part, stop in zip(parts, (first, second, 6), strict=True):  # what is known in advance stays known, nothing else
        assert part.future[:, 0].tolist() == [10.0 * row for row in range(stop, 6)]


def test_head_and_tail_cut_every_series() -> None:
    long = pd.concat([frame(unique_id=["a"] * 6, y=np.arange(6.0)), frame(unique_id=["b"] * 4, y=np.arange(4.0))])
    table = make_table(long)
    assert [series.values[:, 0].tolist() for series in table.head(2).series] == [[0, 1, 2, 3], [0, 1]]
    assert [series.values[:, 0].tolist() for series in table.tail(5).series] == [[1, 2, 3, 4, 5], [0, 1, 2, 3]]


def test_a_line_is_drawn_only_where_both_its_ends_are_known() -> None:
    holes = frame(v=[1.0, np.nan, np.nan, 4.0, np.nan, 9.0], w=[1.0, 2.0, np.nan, np.nan, np.nan, 6.0])
    series = make_table(holes, target="v", past_covariates="w", missing="interpolate").series[0]
    assert series.interpolated(6).values.T.tolist() == [[1, 2, 3, 4, 6.5, 9], [1, 2, 3, 4, 5, 6]]
    assert series.interpolated(5).values.T.tolist() == [[1, 2, 3, 4, 4, 9], [1, 2, 2, 2, 2, 6]]
    assert series.interpolated(3).values.T.tolist() == [[1, 1, 1, 4, 4, 9], [1, 2, 2, 2, 2, 6]]


def test_the_fingerprint_changes_with_any_value_name_or_date() -> None:
    table = make_table(frame(v=[1.0, 2.0, 3.0]))
    assert table.fingerprint() == make_table(frame(v=[1.0, 2.0, 3.0])).fingerprint()
    others: list[Table] = [
        make_table(frame(v=[1.0, 2.0, 3.0000001])),
        make_table(frame(w=[1.0, 2.0, 3.0])),
        make_table(frame(v=[1.0, 2.0, 3.0]).assign(date=DAYS[1:4])),
        make_table(frame(v=[1.0, 2.0])),
        make_table(frame(v=[1.0, 2.0, 3.0], w=[1.0, 2.0, 3.0]), target="v", past_covariates=["w"]),
    ]
    assert len({table.fingerprint(), *(other.fingerprint() for other in others)}) == 6


def test_rows_of_some_days_can_be_taken() -> None:
    table = make_table(frame(v=np.arange(6.0)))
    part = table.between(DAYS[1].date(), DAYS[3].date())
    assert part.series[0].values[:, 0].tolist() == [1, 2, 3]
    assert table.between(None, DAYS[0].date()).series[0].values[:, 0].tolist() == [0]
    assert table.between(None, None) is table
    with pytest.raises(InputError, match="the table has no rows from 2021-01-01 on"):
        table.between(pd.Timestamp("2021-01-01").date(), None)
