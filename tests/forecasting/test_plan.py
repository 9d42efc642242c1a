"""What a fit decides about its table."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import InputError
from recurra.forecasting.choices import season_and_window
from recurra.forecasting.plan import Plan
from recurra.settings.check import check, to_json
from recurra.settings.forecasting import ForecasterSettings
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

from .tables import POINT
from .transforms.test_chain import table

DATES = pd.date_range("2020-01-01", periods=40)


def planned(data: Table, **given: Any) -> Plan:
    values = {"window": 6, "horizon": 3, "season": 4, "future_covariates": list(data.future_covariates)} | POINT | given
    settings = check(ForecasterSettings, values, "test")
    training = np.full(len(data.series), 30)
    return Plan.of(settings, data, training, 30, settings.season or 1, settings.window or 1, 0)


def test_prices_share_the_targets_unit_and_volumes_have_their_own() -> None:
    plan = planned(table())
    assert plan.names == ("y", "high", "volume", "holiday")
    assert plan.mask("shared").tolist() == [True, True, False, False]
    assert plan.mask("future").tolist() == [False, False, False, True]
    assert plan.mask("windowed").tolist() == [True, True, True, False]
    assert (plan.past, plan.future_size) == (3, 1)


def test_only_columns_that_were_positive_have_logarithms() -> None:
    plan = planned(table(), scaling=["log", "standard"])
    assert plan.mask("log").tolist() == [True, True, True, False]
    data = table()
    data.series[0].values[3, 2] = -1.0
    assert planned(data, scaling=["log", "standard"]).mask("log").tolist() == [True, True, False, False]


def test_auto_takes_the_forecast_with_the_smallest_error_in_training_that_the_window_shows() -> None:
    t = np.arange(40)
    season = make_table(pd.DataFrame({"ds": DATES, "y": 20 + 5 * np.sin(t * np.pi / 2)}))
    assert planned(season).base == "seasonal"
    assert planned(season, window=3).base == "last"
    shifted = make_table(
        pd.DataFrame({"ds": DATES, "y": 20.0 + t % 7, "ahead": 20.0 + (t + 1) % 7}), past_covariates="all"
    )
    assert (planned(shifted).base, planned(shifted).base_column) == ("last", 1)
    assert (planned(shifted, residual="last").base, planned(shifted, residual="last").base_column) == ("last", 0)
    assert planned(shifted, residual="none").base == "none"


def test_a_season_is_no_base_without_more_than_two_seasons_of_rows() -> None:
    season = make_table(pd.DataFrame({"ds": DATES, "y": 20 + 5 * np.sin(np.arange(40) * np.pi / 7)}))
    for rows, base in ((28, "last"), (29, "seasonal")):
        settings = check(ForecasterSettings, {"horizon": 1, "window": 14, "season": 14, **POINT}, "test")
        assert Plan.of(settings, season, np.array([rows]), rows, 14, 14, 0).base == base


@pytest.mark.parametrize(
    ("usual_rows", "season", "horizon", "expected"),
    [
        (1000, 7, 1, 20),  # two seasons, but 20 at least
        (1000, 24, 1, 48),
        (1000, 300, 1, 200),  # and 200 at most
        (60, 24, 4, 28),  # and half of the rows before a horizon
        (2, 7, 1, 1),
    ],
)
def test_a_window_that_is_not_given_is_two_seasons(usual_rows: int, season: int, horizon: int, expected: int) -> None:
    settings = check(ForecasterSettings, {"season": season, "horizon": horizon, **POINT}, "test")
    assert season_and_window(settings, table(), usual_rows, 1) == (season, expected)


def test_a_season_that_is_not_given_is_that_of_the_dates() -> None:
    assert season_and_window(check(ForecasterSettings, POINT, "test"), table(), 1000, 1) == (7, 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "window is 0; expected a whole number above 0"),
        ({"base": "drift"}, "base is 'drift'; expected 'none', 'last', 'seasonal' or 'level'"),
        ({"base_column": 3}, "base_column and nearest_column are expected to be no future covariates"),
        ({"columns": []}, "columns is "),
        ({"lag": 1}, "lag 1 is not that of the scaling, 0"),
        ({"epochs": 3}, "there is no field 'epochs'"),
        ({"scaling": ["logarithm"]}, r"scaling\[0\] is 'logarithm'; expected "),
    ],
)
def test_a_plan_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    saved = to_json(planned(table()))
    assert check(Plan, saved, "x", noun="field") == planned(table())
    with pytest.raises(InputError, match=message):
        check(Plan, saved | change, "x", noun="field")


def test_a_plan_whose_columns_are_in_another_order_is_refused() -> None:
    saved = to_json(planned(table()))
    with pytest.raises(InputError, match="future covariates are expected to be the last columns"):
        check(Plan, saved | {"columns": [saved["columns"][i] for i in (0, 3, 1, 2)]}, "x")
    with pytest.raises(InputError, match="the first column is expected to be the target"):
        check(Plan, saved | {"columns": [saved["columns"][i] for i in (2, 0, 1, 3)]}, "x")
