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
        frame(v=[0.0, 1.0, 2.0, 3.0, 4.0, np.nan], holiday=np.arange(6.0) * 10), target="v", future_covariates="holiday"
    )
    bounds = [(0, min(first, 5)), (min(first, 5), min(second, 5)), (min(second, 5), 5)]
    parts = [whole.part(np.array([start]), np.array([stop])) for start, stop in bounds]
    assert np.concatenate([part.values for part in parts]).tolist() == whole.values.tolist()
    assert sum(len(part.dates) for part in parts) == 5
    for part, (start, stop) in zip(parts, bounds, strict=True):  # what is known in advance stays known, nothing else
        assert len(part.series) == (start < stop)
        for series in part.series:
            assert series.future[:, 0].tolist() == [10.0 * row for row in range(stop, 6)]
            assert series.future_dates.equals(DAYS[stop:])


def test_head_and_tail_cut_every_series() -> None:
    long = pd.concat([frame(unique_id=["a"] * 6, y=np.arange(6.0)), frame(unique_id=["b"] * 4, y=np.arange(4.0))])
    table = make_table(long)
    assert [series.values[:, 0].tolist() for series in table.head(2).series] == [[0, 1, 2, 3], [0, 1]]
    assert [series.values[:, 0].tolist() for series in table.tail(5).series] == [[1, 2, 3, 4, 5], [0, 1, 2, 3]]


def test_a_line_is_drawn_only_where_both_its_ends_are_known() -> None:
    holes = frame(v=[1.0, np.nan, np.nan, 4.0, np.nan, 9.0], w=[1.0, 2.0, np.nan, np.nan, np.nan, 6.0])
    both = pd.concat([holes.assign(unique_id=id_) for id_ in ("a", "b")])
    table = make_table(both, target="v", past_covariates="w", missing="interpolate")
    lines = {
        6: [[1, 2, 3, 4, 6.5, 9], [1, 2, 3, 4, 5, 6]],
        5: [[1, 2, 3, 4, 4, 9], [1, 2, 2, 2, 2, 6]],
        3: [[1, 1, 1, 4, 4, 9], [1, 2, 2, 2, 2, 6]],
    }
    for rows, of_first in lines.items():
        for others, of_second in lines.items():
            found = table.interpolated(np.array([rows, others]))
            assert [series.values.T.tolist() for series in found.series] == [of_first, of_second]


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
    lower = make_table(pd.DataFrame({"ds": DAYS[:5], "y": [0.0, 1.0, 2.0, 3.0, -4.0]}))
    assert [lower.signed, lower.head(2).signed, lower.between(None, DAYS[3].date()).signed] == [True, True, False]
    with pytest.raises(InputError, match="the table has no rows from 2021-01-01 on"):
        table.between(pd.Timestamp("2021-01-01").date(), None)


def ragged(*ids: str, rows: int = 6, future: int = 0, missing: bool = False) -> Table:
    """A table of series of different lengths, each with the covariate `holiday`."""
    parts = []
    for number, id_ in enumerate(ids):
        count = rows + number + future
        part = {"unique_id": id_, "ds": pd.date_range("2020-01-01", periods=count), "y": np.arange(count) * 1.0}
        part["holiday"] = np.arange(count) * 10.0 + number
        parts.append(pd.DataFrame(part))
        parts[-1].loc[count - future :, "y"] = np.nan
    return make_table(pd.concat(parts), future_covariates="holiday" if future else (), target="y")


def as_lists(table: Table) -> list[Any]:
    return [
        (s.id, s.dates.tolist(), s.values.tolist(), s.observed.tolist(), s.future.tolist(), s.future_dates.tolist())
        for s in table.series
    ]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=3), st.sampled_from([0, 2]))
def test_series_are_cut_together_as_each_alone(bounds: list[tuple[int, int]], future: int) -> None:
    table = ragged("a", "b", "c", future=future)
    first, stop = (np.minimum([pair[place] for pair in bounds], table.lengths) for place in (0, 1))
    alone = [table.only([id_]).part(first[[i]], stop[[i]]) for i, id_ in enumerate(table.ids) if first[i] < stop[i]]
    together = table.part(first, stop)
    assert as_lists(together) == [own for part in alone for own in as_lists(part)]
    assert together.ids == tuple(part.ids[0] for part in alone)


def test_series_of_another_table_replace_those_of_the_same_ids() -> None:
    older, newer = ragged("a", "b", "c", future=2), ragged("b", "d", rows=4, future=1)
    joined = older.with_series(newer)
    assert joined.ids == ("a", "c", "b", "d")
    ordered = joined.in_order(["d", "c", "x", "b", "a"])
    assert as_lists(ordered) == [
        own
        for part in (newer.only(["d"]), older.only(["c"]), newer.only(["b"]), older.only(["a"]))
        for own in as_lists(part)
    ]
    assert older.with_series(ragged("a", "b", "c", rows=3)).ids == ("a", "b", "c")


def test_earlier_rows_precede_the_series_that_they_are_of() -> None:
    whole = ragged("a", "b", "c")
    newer, earlier = whole.tail(4), whole.only(["a", "c"]).head(2)
    joined = newer.after(earlier, at_least=0)
    assert as_lists(joined) == as_lists(newer.with_series(whole.only(["a", "c"])).in_order(["a", "b", "c"]))


def test_the_dates_that_follow_are_those_of_future_rows_where_there_are_enough() -> None:
    table = ragged("a", "b", future=2)
    weekdays = table.following(2)
    assert weekdays.tolist() == [day for series in table.series for day in series.future_dates.tolist()]
    assert table.following(3).tolist() == [
        day for series in table.series for day in pd.date_range(series.dates[-1], periods=4)[1:].tolist()
    ]


@pytest.mark.parametrize("freq", ["MS", "ME", "W-SUN", "W-WED", "D", "h", "QE", "B"])
def test_each_series_goes_on_in_its_own_weekday_day_and_time(freq: str) -> None:
    starts = ["2021-01-04", "2021-02-10 06:00", "2021-03-31", "2021-01-04"]
    parts = []
    for number, start in enumerate(starts):
        days = pd.date_range(start, periods=30, freq=freq)
        parts.append(pd.DataFrame({"unique_id": str(number), "ds": days, "y": np.arange(30.0)}))
    table = make_table(pd.concat(parts))
    alone = [table.frequency.like(series.dates).next_dates(series.dates[-1], 5).tolist() for series in table.series]
    assert table.following(5).tolist() == [day for own in alone for day in own]
