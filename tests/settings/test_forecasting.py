"""Settings of a forecaster: what is documented, and what is accepted."""

from typing import Any, get_args

import pytest

from recurra import Forecaster
from recurra.nn.heads import HEADS
from recurra.settings.check import check, to_json
from recurra.settings.forecasting import PREDICTING_QUANTILES, ForecasterSettings, LossName

DEFAULTS: dict[str, Any] = {
    "target": None,
    "horizon": 1,
    "window": None,
    "past_covariates": (),
    "future_covariates": (),
    "date": None,
    "id": None,
    "static_covariates": (),
    "season": None,
    "calendar": None,
    "missing": "auto",
    "scaling": "auto",
    "residual": "auto",
    "ensemble_size": 1,
    "loss": "quantile",
    "lower": None,
    "restore_best": True,
    "cell": "gru",
    "units": 32,
    "decimal": None,
    "thousands": None,
    "dayfirst": None,
    "encoding": None,
    "sheet": None,
    "max_unpacked": None,
    "dropout": 0.0,
    "validation": 0,
    "patience": None,
    "device": "cpu",
    "epochs": None,
    "steps": None,
    "record_every": 100,
    "batch_size": 128,
    "accumulate": 1,
    "optimizer": "adam",
    "learning_rate": 0.01,
    "weight_decay": None,
    "schedule": "cosine",
    "warmup": 0,
    "average_decay": 0.0,
    "clip_norm": 1.0,
    "shuffle": True,
    "seed": 7,
}


def test_the_names_of_losses_are_those_that_have_one() -> None:
    assert get_args(LossName) == tuple(HEADS)
    assert {name for name, head in HEADS.items() if head.probabilities} == PREDICTING_QUANTILES


def test_a_forecaster_alone_has_the_documented_defaults() -> None:
    assert Forecaster().get_params() == DEFAULTS


def test_the_settings_of_a_forecaster_are_its_constructor_arguments_with_the_same_defaults() -> None:
    lists: dict[str, Any] = {f"{kind}_covariates": [] for kind in ("past", "future", "static")}
    lists |= {"scaling": ["auto"], "units": [32]}
    assert to_json(check(ForecasterSettings, {}, "test")) == {
        name: value for name, value in (DEFAULTS | lists).items() if name != "max_unpacked"
    }


@pytest.mark.parametrize(
    ("field", "found", "expected"),
    [
        ("target", 1, "expected text"),
        ("horizon", 0, "expected a whole number above 0"),
        ("window", 0, "expected a whole number above 0"),
        ("past_covariates", 3, "expected a list"),
        ("future_covariates", 3, "expected a list"),
        ("date", 1, "expected text"),
        ("id", 1, "expected text"),
        ("season", 0, "expected a whole number above 0"),
        ("calendar", 1, "expected text"),
        ("missing", "drop", "expected 'auto', 'error', 'ffill', 'interpolate' or 'mask'"),
        (
            "scaling",
            ["minmax", "log"],
            "expected each of these at most once and in this order: log; then deseasonalize; then diff",
        ),
        ("scaling", ["minmax", "standard"], "expected each of these at most once"),
        ("scaling", ["none", "log"], "'none' cannot be combined with other transformations"),
        ("scaling", ["standard", "divide-last"], "divide-last requires positive values and cannot be"),
        ("scaling", ["divide-last", "divide-spread"], "divide-last requires positive values and cannot be"),
        ("scaling", ["standard", "divide-spread"], "divide-spread is expected after subtract-last, subtract-mean"),
        ("residual", 1, "expected text"),
        ("ensemble_size", 0, "expected a whole number above 0"),
        ("loss", "rmse", "expected 'mse', 'mae', 'huber', 'quantile', 'student-t' or 'negative-binomial'"),
        ("lower", "zero", "expected a number"),
        ("restore_best", "first", "expected True or False"),
    ],
)
def test_a_value_out_of_bounds_is_refused(refused: Any, field: str, found: Any, expected: str) -> None:
    refused(ForecasterSettings, field, found, expected)


@pytest.mark.parametrize("field", ["past_covariates", "future_covariates", "scaling"])
@pytest.mark.parametrize(
    ("given", "kept"), [("log", ["log"]), (("log",), ["log"]), ("none", []), (["none"], []), ((), [])]
)
def test_names_are_a_list_and_none_is_the_empty_one(field: str, given: Any, kept: list[str]) -> None:
    assert getattr(check(ForecasterSettings, {field: given}, "test"), field) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [(None, None), ([], None), ("day", "day"), (["day"], "day"), (["year", "month"], ["year", "month"])],
)
def test_one_column_of_dates_is_a_name_and_several_are_a_list(given: Any, kept: Any) -> None:
    assert check(ForecasterSettings, {"date": given}, "test").date == kept
