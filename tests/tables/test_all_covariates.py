"""Which columns are covariates if all are asked for, and what is said of the others."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra.tables.all_covariates import all_covariates
from recurra.tables.table_builder import make_table

DAYS = pd.date_range("2024-01-01", periods=5)


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("price", ["$5", "$6", "$7", "$8", "$7"], None),
        ("share", ["5%", "6%", "5%", "8%", "-"], None),
        ("open", [True, False, True, True, True], None),
        ("steps", [0, 2, 4, 6, 8], None),
        ("trend", [0.0, 1.0, 2.0, 3.0, 4.0], None),  # row numbers are whole by their type
        ("year", [2020, 2021, 2022, 2023, 2024], None),
        ("volume", [1_640_995_200, 1_640_995_100, 1_640_995_300, 1_640_995_200, 1_640_995_300], None),
        ("late", [np.nan] * 3 + [1.0, 2.0], None),
        ("shop", ["Köln", "Bonn", "Köln", "Bonn", "Köln"], "no numbers"),
        ("when", DAYS, "no numbers"),
        ("day", DAYS.strftime("%d.%m.%Y"), "no numbers"),
        ("row_id", [0, 1, 2, 3, 4], "row numbers"),
        ("index", [1, 2, 3, 4, 5], "row numbers"),
        ("Unnamed: 0", [3, 1, 4, 1, 5], "no name"),
        ("constant", [600519] * 5, "constant"),
        ("same", ["5%", "5%", None, "5%", "5%"], "constant"),
        ("empty", [np.nan] * 5, "constant"),
        ("unix", DAYS.astype("int64") // 10**9, "times"),
        ("float", (DAYS.astype("int64") // 10**9).astype(float), "times"),
        ("close_time", DAYS.astype("int64") // 10**6 + 86_399_999, "times"),
        ("newest first", DAYS.astype("int64")[::-1], "times"),
        ("time", [1_640_995_200, 1_640_995_260] * 2 + [1_640_995_200], "times"),  # of two series
        ("compact", DAYS.strftime("%Y%m%d").astype(int), "times"),
    ],
)
def test_all_columns_of_varying_numbers_are_covariates_and_the_others_are_named(
    name: str, values: Any, reason: str | None
) -> None:
    kept, notes = all_covariates(pd.DataFrame({name: values}), [name])
    assert kept == ((name,) if reason is None else ())
    assert notes == (() if reason is None else (f"all columns are past covariates, except {name!r} ({reason}).",))


def test_the_note_of_a_table_names_what_is_left_out_by_reason() -> None:
    frame = pd.DataFrame(
        {
            "date": DAYS,
            "y": [5, 3, 6, 2, 7],
            "shop": list("abcde"),
            "row_id": range(5),
            "city": list("abcde"),
            "w": list("42423"),
        }
    )
    table = make_table(frame, target="y", past_covariates="all")
    assert table.past_covariates == ("w",)
    assert table.notes == (
        "all columns are past covariates, except 'shop', 'city' (no numbers); 'row_id' (row numbers).",
    )


def test_a_covariate_that_all_would_leave_out_can_be_named() -> None:
    frame = pd.DataFrame({"date": DAYS, "y": [5, 3, 6, 2, 7], "trend": range(5)})
    table = make_table(frame, target="y", past_covariates=["trend"])
    assert table.series[0].values[:, 1].tolist() == [0, 1, 2, 3, 4]
    assert table.notes == ()
