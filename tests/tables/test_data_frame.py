"""Frames of other libraries than pandas as tables."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import InputError
from recurra.tables.table_builder import make_table

pl = pytest.importorskip("polars")

DAYS = [dt.date(2024, 1, day) for day in range(1, 7)]


def frame(**columns: Any) -> Any:
    return pl.DataFrame({"day": DAYS, **columns})


@pytest.mark.parametrize(
    "other",
    [
        lambda f: f,
        lambda f: f.lazy(),
        lambda f: f.to_arrow(),
        lambda f: f.with_columns(pl.col("day").cast(pl.Datetime("ms"))),
        lambda f: f.with_columns(pl.col("day").cast(pl.String)),
        lambda f: f.with_columns(pl.col("y").cast(pl.Decimal(10, 2)), pl.col("shop").cast(pl.Categorical)),
        lambda f: f.with_columns(pl.col("shop").cast(pl.Enum(["a", "b"]))).to_arrow(),
    ],
)
def test_a_frame_of_another_library_is_the_table_that_it_is_in_pandas(other: Any) -> None:
    own = frame(y=[0.0, 1.5, 2, 3, 4, 5], shop=["a", "b", "a", "b", "a", "b"])
    plain = pd.DataFrame({"day": DAYS, "y": own["y"].to_list(), "shop": own["shop"].to_list()})
    table = make_table(other(own), target="y", id="shop")
    assert table.fingerprint() == make_table(plain, target="y", id="shop").fingerprint()
    assert table.source == "the table"


@pytest.mark.parametrize("other", [lambda f: f, lambda f: f.to_arrow()])
def test_what_is_missing_in_another_library_is_missing(other: Any) -> None:
    own = frame(y=[1, None, 3, None, 5, 6], open=[True, None, False, True, True, False])
    series = make_table(other(own), target="y", past_covariates="open", missing="ffill").series[0]
    np.testing.assert_array_equal(series.observed[:, 0], [True, False, True, False, True, True])
    np.testing.assert_array_equal(series.values[:, 1], [1, 1, 0, 1, 1, 0])
    ids = frame(y=[1.0] * 6, unique_id=pl.Series(["a", None, "b", "a", "b", "a"], dtype=pl.Categorical))
    with pytest.raises(InputError, match="row 2, column 'unique_id': has no series id"):
        make_table(other(ids))


@pytest.mark.parametrize("series", [pl.Series("v", [1.0, 2.0]), pl.Series([1.0, 2.0])])
def test_a_series_of_another_library_has_no_dates_but_numbered_rows(series: Any) -> None:
    table = make_table(series)
    assert (table.form.date_unit, table.series[0].values[:, 0].tolist()) == ("rows", [1.0, 2.0])
