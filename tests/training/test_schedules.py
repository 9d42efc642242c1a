"""How the learning rate changes: by hand calculation, and in a training."""

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from recurra.errors import InputError
from recurra.training import Callback, TrainingOptions, TrainingState, train
from recurra.training.schedules import SCHEDULES, learning_rate_of

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


def test_one_cycle_is_torchs() -> None:
    steps = 10_000
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=steps, cycle_momentum=False)
    for step in range(0, steps - 1):
        if step % 997 == 0:
            assert SCHEDULES["one-cycle"](step / steps) == pytest.approx(theirs.get_last_lr()[0], abs=1e-3)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize(("warmup", "steps"), [(4, 4), (0.4, 4), (0, 0), (1, 1)])
def test_the_learning_rate_rises_by_the_same_amount_in_each_step_of_the_warm_up(warmup: Any, steps: int) -> None:
    rate = learning_rate_of(TrainingOptions(learning_rate=0.5, warmup=warmup), 10)
    expected = [0.5 * (step + 1) / (steps + 1) for step in range(steps)] + [0.5] * (10 - steps)
    assert [rate(step) for step in range(10)] == pytest.approx(expected)


def test_the_learning_rate_changes_at_each_step() -> None:
    rates: list[float] = []

    class Rates(Callback):
        def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
            rates.append(optimizers[0].param_groups[0]["lr"])

    optimizers: list[torch.optim.Optimizer] = []

    def sgd(parameters: Any, lr: float) -> torch.optim.Optimizer:
        optimizers.append(torch.optim.SGD(parameters, lr=lr))
        return optimizers[0]

    options = TrainingOptions(epochs=2, batch_size=5, learning_rate=0.1, schedule="cosine", optimizer=sgd)
    train(nn.Linear(2, 1), (X, Y), loss=F.mse_loss, options=options, callbacks=[Rates()])
    assert rates == pytest.approx([0.1 * (1 + math.cos(math.pi * done / 4)) / 2 for done in range(4)])


def test_an_unknown_schedule_names_the_known_ones() -> None:
    options: dict[str, Any] = {"schedule": "linear"}
    with pytest.raises(InputError, match="schedule is 'linear'; expected one of constant, cosine, exponential"):
        train(nn.Linear(2, 1), (X, Y), loss=F.mse_loss, options=TrainingOptions(**options))
