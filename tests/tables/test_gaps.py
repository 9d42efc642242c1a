"""Gaps of series: which are filled, which series are left out, and that nothing is filled with a later value."""

from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.dates.frequency import Frequency
from recurra.tables.form import Form
from recurra.tables.table_builder import make_table


def daily(values: Any, first: str = "2020-01-01", **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"ds": pd.date_range(first, periods=len(values)), "y": values, **columns})


def numbered(count: int, *gaps: int) -> Any:
    """1, 2, 3, …, without values in some places."""
    values = np.arange(1.0, count + 1)
    values[list(gaps)] = np.nan
    return values


def many(**series: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame.assign(unique_id=name) for name, frame in series.items()])


def withdrawals(machines: int = 6, days: int = 791) -> pd.DataFrame:
    """A table like NN5: a column for each cash machine, which is out of order on some days, up to a week in a row."""
    dice = np.random.default_rng(0)
    frame = pd.DataFrame({"date": pd.date_range("1996-03-18", periods=days).strftime("%Y-%m-%d")})
    for machine in range(machines):
        column = dice.gamma(9.0, 2.0, days).round(6)
        for length in (1, 1, 2, 2, 2, 3, 7):
            begin = int(dice.integers(1, days - 8))
            column[begin : begin + length] = np.nan
        frame[f"NN5-{machine + 1:03}"] = column
    return frame


def test_a_table_like_nn5_reads_without_a_flag_column_by_column_and_as_one(tmp_path: Path) -> None:
    frame = withdrawals()
    frame.to_csv(tmp_path / "wide.csv", index=False)
    for name in frame.columns[1:]:
        table = make_table(tmp_path / "wide.csv", target=name)
        assert table.series[0].values[:, 0].tolist() == frame[name].ffill().tolist()
        assert table.series[0].observed[:, 0].tolist() == frame[name].notna().tolist()
        missing = frame[name].isna()
        first = frame["date"][missing.idxmax()]
        assert table.notes == (
            f"{missing.sum()} missing values are filled with the values before, the first on {first}.",
        )
    frame.melt("date", var_name="unique_id", value_name="y").to_csv(tmp_path / "long.csv", index=False)
    table = make_table(tmp_path / "long.csv")
    assert len(table.series) == 6
    count = int(frame.isna().to_numpy().sum())
    said = f"{count} missing values are filled with the values before in 6 series, the first is 'NN5-001'."
    assert table.notes == (said,)


@given(st.lists(st.booleans(), min_size=8, max_size=160).map(lambda gone: [*[False] * 7, *gone, False]), st.data())
def test_exactly_five_percent_in_runs_of_a_season_are_filled(gone: list[bool], data: st.DataObject) -> None:
    keep = data.draw(st.lists(st.integers(0, len(gone) - 1), max_size=12))  # most masks have too many gaps
    gone = [is_gone and (not keep or place in keep) for place, is_gone in enumerate(gone)]
    runs = [len(list(run)) for is_gone, run in groupby(gone) if is_gone]
    fits = 20 * sum(gone) <= len(gone) and max(runs, default=0) <= 7
    values = numbered(len(gone), *np.flatnonzero(gone))
    for frame in (daily(values), daily(values).dropna()):  # missing values, and absent dates
        if not fits:
            with pytest.raises(InputError, match=f"has no value in {sum(gone)} of {len(gone)} rows .*--missing ffill"):
                make_table(frame)
            continue
        series = make_table(frame).series[0]
        assert series.values[:, 0].tolist() == pd.Series(values).ffill().tolist()
        assert series.observed[:, 0].tolist() == [not is_gone for is_gone in gone]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (
            daily(numbered(100, 9, 10, 11, 12, 13, 14)),
            "column 'y' has no value in 6 of 100 rows (6 %), up to 6 in a row, first in row 10 (2020-01-10); by "
            "default up to 5 %, in runs of at most 7 rows (a season), are filled: --missing ffill, interpolate or mask "
            "(missing=… in Python) fills all gaps.",
        ),
        (
            daily(numbered(400, *range(50, 58))),
            "column 'y' has no value in 8 of 400 rows (2 %), up to 8 in a row, first in row 51 (2020-02-20)",
        ),
        (
            daily(numbered(10)).drop(index=[4]),
            "column 'y' has no value in 1 of 10 rows (10 %), on the absent date 2020-01-05; by default up to 5 %, in "
            "runs of at most 7 rows (a season), are filled: --missing ffill, interpolate or mask (missing=… in Python) "
            "fills all gaps, and --missing error skips absent dates.",
        ),
        (daily(numbered(10, 3)).drop(index=[6]), "no value in 2 of 10 rows (20 %), up to 1 in a row, first in row 4"),
        (daily([np.nan] * 9), "column 'y' has no value in 9 of 9 rows (100 %), up to 9 in a row, first in row 1"),
        (
            many(a=daily(numbered(30)[:9]).drop(index=[4]), b=daily(numbered(30, 7, 8))),
            "all 2 series have too many gaps: in the first, column 'y' of series 'a' has no value in 1 of 9 rows",
        ),
    ],
)
def test_a_table_without_a_series_with_few_gaps_is_refused_with_its_share_longest_run_and_first_row(
    frame: pd.DataFrame, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        make_table(frame, target="y")
    assert said in str(caught.value)
    assert len(str(caught.value)) <= 500


def test_series_with_too_many_gaps_are_left_out_by_name() -> None:
    table = make_table(
        many(
            whole=daily(numbered(60)),
            gaps=daily(numbered(60, 5, 6, 7, 8)),
            few=daily(numbered(60, 5)).drop(index=[20, 21]),
            none=daily([np.nan] * 60),
        )
    )
    assert [series.id for series in table.series] == ["whole", "few"]
    assert table.notes == (
        "2 of 4 series are left out, as more than 5 %, or 7 rows (a season) in a row, have no value: in the first, "
        "column 'y' of series 'gaps' has no value in 4 of 60 rows (6.67 %), up to 4 in a row, first in row 66 "
        "(2020-01-06) (--missing ffill, interpolate or mask (missing=… in Python) fills all gaps).",
        "1 missing value and 2 absent dates are filled with the values before in 1 series, the first is 'few'.",
    )


def test_newer_rows_may_be_few_and_are_judged_by_their_runs_alone() -> None:
    earlier = make_table(daily(numbered(60)))
    read: dict[str, Any] = {"frequency": earlier.frequency, "earlier": Form()}
    newer = make_table(daily(numbered(10, 3, 4, 6), "2020-03-01"), **read)
    assert newer.series[0].values[:, 0].tolist() == [1, 2, 3, 3, 3, 6, 6, 8, 9, 10]
    with pytest.raises(InputError, match=r"up to 8 in a row, .* by default up to 7 rows .* in a row are filled"):
        make_table(daily(numbered(20, *range(3, 11)), "2020-03-01"), **read)


def test_empty_rows_at_the_ends_are_no_gaps() -> None:
    table = make_table(daily(numbered(30, 0, 1, 2, 27, 28, 29)))
    assert table.series[0].values[:, 0].tolist() == list(range(4, 28))
    assert table.notes == (
        "the first rows are left out, as not all columns have values there.",
        "the last rows are left out, as the target has no values there.",
    )


def test_gaps_of_covariates_count_as_those_of_the_target() -> None:
    frame = daily(numbered(60), x=numbered(60, 5, 6, 7, 8))
    with pytest.raises(InputError, match="column 'x' has no value in 4 of 60 rows"):
        make_table(frame, target="y", past_covariates="x")
    assert make_table(frame, target="y").notes == ()


@pytest.mark.parametrize("missing", ["auto", "ffill"])
def test_a_series_whose_columns_never_had_values_at_once_begins_with_the_last_value_of_each(missing: Any) -> None:
    frame = daily(numbered(40, 2), x=numbered(40, 0, 1))
    series = make_table(frame, target="y", past_covariates="x", missing=missing).series[0]
    assert series.values[:2].tolist() == [[2, 3], [4, 4]]  # the third row has no y, and the second no x
    assert series.observed[:2].tolist() == [[False, True], [True, True]]


@pytest.mark.parametrize(
    ("y", "x"),
    [([1.0, 2.0, np.nan], [np.nan, np.nan, 3.0]), ([1.0, 2.0, 3.0], [np.nan] * 3), ([np.nan] * 3, [1.0] * 3)],
)
def test_a_series_without_a_row_before_which_all_columns_had_values_is_left_out(y: Any, x: Any) -> None:
    frame = many(a=daily(numbered(9), x=numbered(9)), b=daily(y, x=x))
    for earlier in (None, Form()):
        table = make_table(frame, target="y", past_covariates="x", earlier=earlier)
        assert [series.id for series in table.series] == ["a"]
        assert "column" in table.notes[0] and "of series 'b' has no value in" in table.notes[0]


@pytest.mark.parametrize("missing", ["auto", "error", "ffill", "interpolate", "mask"])
def test_future_rows_are_no_gaps(missing: Any) -> None:
    frame = many(a=daily(numbered(30, 28, 29), open=1.0), b=daily(numbered(20), open=0.0))
    table = make_table(frame, target="y", future_covariates="open", missing=missing)
    assert [len(series.dates) for series in table.series] == [28, 20]
    assert [series.future.tolist() for series in table.series] == [[[1.0], [1.0]], []]
    assert table.notes == ()


RHYTHMS = {
    "D": Frequency("day"),
    "2D": Frequency("day", 2),
    "W-FRI": Frequency("week", anchor="Fri"),
    "MS": Frequency("month", anchor="day 1"),
    "ME": Frequency("month", anchor="day -1"),
    "h": Frequency("minute", 60),
}


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(RHYTHMS)), st.sampled_from(["error", "ffill"]))
def test_all_series_at_once_are_filled_as_each_alone(seed: int, rhythm: str, missing: Any) -> None:
    dice = np.random.default_rng(seed)
    parts, expected = [], {}
    for place in range(int(dice.integers(2, 6))):
        days = pd.date_range("2020-01-01", periods=int(dice.integers(9, 60)), freq=rhythm)
        if rhythm != "h":
            days += pd.Timedelta(hours=int(dice.choice([0, 0, 0, 9])))  # a series may have a time of its own
        if rhythm == "W-FRI":
            days += pd.Timedelta(days=int(dice.choice([0, 0, 3])))  # or a weekday
        y = pd.Series(dice.normal(size=len(days)), days)
        gone = dice.random(len(days)) < 0.1
        gone[[0, 1, 2, -1]] = False
        here = y[~gone]
        if missing == "ffill":
            here[dice.random(len(here)) < 0.1] = np.nan
            expected[str(place)] = here.reindex(days).loc[here.first_valid_index() :]
        else:
            expected[str(place)] = here
        parts.append(pd.DataFrame({"unique_id": str(place), "ds": here.index, "y": here.to_numpy()}))
    shuffled = pd.concat(parts).sample(frac=1, random_state=seed)
    table = make_table(shuffled, missing=missing, frequency=RHYTHMS[rhythm])
    assert {series.id for series in table.series} == set(expected)
    for series in table.series:
        own = expected[series.id]
        assert series.dates.equals(own.index)
        assert np.array_equal(series.values[:, 0], own.ffill().to_numpy())
        assert np.array_equal(series.observed[:, 0], own.notna().to_numpy())
