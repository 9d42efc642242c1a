"""Settings of a training: their names, defaults and bounds."""

from typing import Any, get_args

import pytest

from recurra.settings.check import check
from recurra.settings.training import OptimizerName, ScheduleName, TrainingOptions, TrainingSettings
from recurra.training.optimizers import OPTIMIZERS
from recurra.training.schedules import SCHEDULES


def test_the_names_of_optimizers_are_those_that_have_one() -> None:
    assert get_args(OptimizerName) == tuple(OPTIMIZERS)


def test_the_names_of_schedules_are_those_that_have_one() -> None:
    assert get_args(ScheduleName) == tuple(SCHEDULES)


@pytest.mark.parametrize(
    ("field", "found", "expected"),
    [
        ("epochs", 0, "expected a whole number above 0"),
        ("epochs", 1.5, "expected a whole number"),
        ("steps", 0, "expected a whole number above 0"),
        ("record_every", 0, "expected a whole number above 0"),
        ("accumulate", 0, "expected a whole number above 0"),
        ("warmup", -1, "expected a number of at least 0"),
        ("warmup", 1.5, "expected a fraction less than 1, or a whole number without a decimal point"),
        ("warmup", 1.0, "expected a fraction less than 1, or a whole number without a decimal point"),
        ("average_decay", 1.0, "expected a number below 1"),
        ("batch_size", 0, "expected a whole number above 0"),
        ("batch_size", -1, "expected a whole number above 0"),
        ("optimizer", "lion", "expected 'adam', 'adamw', 'sgd' or 'rmsprop'"),
        ("learning_rate", 0, "expected a number above 0"),
        ("learning_rate", 1.1e37, "expected a number of at most 1e+37"),
        ("learning_rate", float("nan"), "expected a finite number"),
        ("learning_rate", float("inf"), "expected a finite number"),
        ("weight_decay", -0.1, "expected a number of at least 0"),
        ("weight_decay", float("inf"), "expected a finite number"),
        ("schedule", "linear", "expected 'constant', 'cosine', 'exponential' or 'one-cycle'"),
        ("clip_norm", 0.0, "expected a number above 0"),
        ("shuffle", "maybe", "expected True or False"),
        ("validation", -1, "expected a number of at least 0"),
        ("validation", 1.5, "expected a fraction less than 1"),
        ("patience", 0, "expected a whole number above 0"),
        ("seed", -1, "expected a whole number of at least 0"),
        ("seed", 2**63, "expected a whole number below 9,223,372,036,854,775,808"),
        ("device", 0, "expected text"),
    ],
)
def test_a_value_out_of_bounds_is_refused(refused: Any, field: str, found: Any, expected: str) -> None:
    refused(TrainingSettings, field, found, expected)


@pytest.mark.parametrize(
    ("field", "at_the_bound"),
    [
        ("epochs", 1),
        ("batch_size", 1),
        ("learning_rate", 1e37),
        ("weight_decay", 0.0),
        ("validation", 0),
        ("validation", 0.0),
        ("patience", 1),
        ("seed", 0),
        ("seed", 2**63 - 1),
    ],
)
def test_a_value_at_its_bound_is_taken(field: str, at_the_bound: Any) -> None:
    assert getattr(check(TrainingSettings, {field: at_the_bound}, "test"), field) == at_the_bound


def test_a_function_is_an_optimizer_in_python_and_none_in_the_settings_of_a_model(refused: Any) -> None:
    def optimizer(parameters: Any, lr: float) -> None: ...

    assert check(TrainingOptions, {"optimizer": optimizer}, "test").optimizer is optimizer
    refused(TrainingSettings, "optimizer", optimizer, "expected 'adam', 'adamw', 'sgd' or 'rmsprop'")
