"""Anchors of dates in their months."""

import numpy as np
import pandas as pd
import pytest

from recurra.tables.dates.anchors import at_anchor
from recurra.tables.dates.date_numbers import date_numbers


@pytest.mark.parametrize(
    "anchor", ["day -1", "day 30", "day 1", "business day -1", "business day 1", "Tue 2", "Fri -1"]
)
def test_days_of_many_rows_are_at_their_anchor_as_each_alone_is(anchor: str) -> None:
    days = pd.date_range("1969-11-20 18:30", periods=130)
    rows = days[np.random.default_rng(0).integers(0, len(days), 400)]
    alone = [at_anchor(rows[[place]], anchor).item() for place in range(len(rows))]
    assert 0 < sum(alone) < len(rows)
    assert at_anchor(rows, anchor).tolist() == alone
    assert at_anchor(rows[:0], anchor).tolist() == []


def test_months_of_many_rows_are_counted_from_1970() -> None:
    rows = pd.DatetimeIndex(["1969-12-31 23:59", "1970-01-01", "1970-02-28", "1970-01-31"] * 60)
    assert date_numbers(rows, "M").tolist() == [-1, 0, 1, 0] * 60
    assert date_numbers(rows[:0], "M").tolist() == []
