"""How the learning rate changes: by hand calculation, and in a training."""

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from recurra.errors import InputError
from recurra.training import TrainingOptions, train
from recurra.training.schedules import SCHEDULES

X = torch.linspace(-1, 1, 20).reshape(10, 2)
Y = X.sum(dim=1, keepdim=True) ** 2


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [0.1, 0.1, 0.1, 0.1]),
        ("cosine", [0.1, 0.1 * (1 + math.sqrt(0.5)) / 2, 0.05, 0.1 * (1 - math.sqrt(0.5)) / 2]),
        ("exponential", [0.1, 0.1 / 10**0.5, 0.01, 0.01 / 10**0.5]),
    ],
)
def test_the_learning_rate_follows_its_schedule(schedule: Any, rates: list[float]) -> None:
    options = TrainingOptions(epochs=4, learning_rate=0.1, schedule=schedule)
    state = train(nn.Linear(2, 1), (X, Y), loss=F.mse_loss, options=options)
    assert [record["learning_rate"] for record in state.history] == pytest.approx(rates)


@pytest.mark.parametrize(
    ("name", "factors"),
    [("constant", [1.0, 1.0, 1.0]), ("cosine", [1.0, 0.5, 0.0]), ("exponential", [1.0, 0.1, 0.01])],
)
def test_a_schedule_maps_what_is_over_of_a_training_to_a_factor(name: Any, factors: list[float]) -> None:
    assert [SCHEDULES[name](passed) for passed in (0.0, 0.5, 1.0)] == pytest.approx(factors)


def test_an_unknown_schedule_names_the_known_ones() -> None:
    options: dict[str, Any] = {"schedule": "linear"}
    with pytest.raises(InputError, match="schedule is 'linear'; known are constant, cosine, exponential"):
        train(nn.Linear(2, 1), (X, Y), loss=F.mse_loss, options=TrainingOptions(**options))
