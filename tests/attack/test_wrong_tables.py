"""What is no table is an InputError of one line, from every method of a Forecaster that takes one."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError
from recurra.tables.table_builder import make_table

DAYS = pd.date_range("2024-01-01", periods=30)
GOOD = pd.DataFrame({"ds": DAYS, "y": np.arange(30.0)})
MODEL = {"epochs": 1, "units": 4, "window": 3, "validation": 4}

NO_TABLES = [None, [], [1, 2], (), {"a": [1]}, {}, 3, True, ..., b"path", np.arange(30), np.array([None]), DAYS]
NO_FILES = ["no such file.csv", "", "\0", "a" * 5_000, "\x1b[31m.csv", "."]
FRAMES = [
    pd.DataFrame(), pd.Series(dtype=float), GOOD[:0], GOOD[:1], pd.concat([GOOD, GOOD], axis=1, keys=["a", "b"]),
    pd.concat([GOOD, GOOD], axis=1), GOOD.T, pd.Series(["a", "b"]), pd.Series([1, 2]),
    GOOD.set_axis(pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), axis=1), GOOD.set_axis([None, None], axis=1),
]  # fmt: skip
DATES: list[Any] = [
    DAYS - DAYS[0], pd.Categorical(["a"] * 30), np.arange(30) * 1j, pd.interval_range(0, 30), np.arange(30) * 1e300,
    pd.Series([10**30] * 30, dtype=object), [None] * 30, [[1]] * 30, [{}] * 30, [b"2024"] * 30, [True] * 30, [""] * 30,
    [pd.NaT] * 30, DAYS.to_numpy().astype("datetime64[s]") + np.timedelta64(10**11, "s"), [...] * 30,
    [np.inf] * 30, pd.Series([*DAYS[:15], *DAYS[14:29].tz_localize("UTC")], dtype=object),
]  # fmt: skip
VALUES: list[Any] = [
    ["x"] * 30, np.arange(30) * 1j, DAYS, DAYS - DAYS[0], [None] * 30, DAYS.to_period("D"), pd.interval_range(0, 30),
    [[1.0]] * 30, [1e160] * 30, pd.Series([10**400] * 30, dtype=object), [np.zeros(2)] * 30, [b"\xff"] * 30,
    pd.Categorical(["a"] * 30), [np.inf] * 30,
]  # fmt: skip
IDS: list[Any] = [["a\0"] * 30, ["\ud800"] * 30, [None] * 30, ["x" * 2_000] * 30]
WRONG = [
    *NO_FILES,
    *FRAMES,
    *(GOOD.assign(ds=column) for column in DATES),
    *(GOOD.assign(y=column) for column in VALUES),
    *(GOOD.assign(unique_id=column) for column in IDS),
]


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return Forecaster(**MODEL).fit(GOOD)


def error_of(act: Callable[[], object]) -> InputError:
    """Return the error that an action raises, after checking that it is one line."""
    with pytest.raises(InputError) as caught, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        act()
    text = str(caught.value)
    assert len(text) <= 500
    assert text.isprintable()
    return caught.value


@pytest.mark.parametrize("table", NO_TABLES, ids=lambda table: type(table).__name__)
def test_another_type_than_that_of_a_table_is_an_input_error_and_a_type_error(table: Any, fitted: Forecaster) -> None:
    acts: list[Callable[[Any], object]] = [Forecaster(**MODEL).fit, Forecaster(**MODEL).backtest, fitted.evaluate]
    for act in [*acts, *([fitted.predict] if table is not None else [])]:
        assert isinstance(error_of(lambda act=act: act(table)), TypeError)


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_table_that_holds_something_else_is_an_input_error(number: int, fitted: Forecaster) -> None:
    table = WRONG[number]
    for act in (Forecaster(**MODEL).fit, Forecaster(**MODEL).backtest, fitted.evaluate, fitted.predict):
        error_of(lambda act=act: act(table))


@pytest.mark.parametrize("name", ["target", "date", "id", "calendar", "past_covariates", "future_covariates"])
@pytest.mark.parametrize("value", [3, 1.5, b"y", ..., {"y": 1}, [3], [None], [["y"]]], ids=repr)
def test_an_argument_of_another_type_is_an_input_error_and_a_type_error(name: str, value: Any) -> None:
    assert isinstance(error_of(lambda: make_table(GOOD, **{name: value})), TypeError)


@pytest.mark.parametrize("y", [[1.0], np.zeros((30, 2)), "text", 3, [None] * 30, [["a"]] * 30], ids=repr)
def test_a_target_that_is_not_one_number_for_each_row_is_an_input_error(y: Any) -> None:
    error_of(lambda: Forecaster(**MODEL).fit(GOOD[["ds"]], y))
