"""Optimizers and weight decay: against torch's own, and by hand calculation."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from recurra.errors import InputError
from recurra.training import TrainingOptions, TrainingState, train
from recurra.training.optimizers import OPTIMIZERS, make_optimizer

TORCHS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}


def layer() -> nn.Linear:
    torch.manual_seed(3)
    return nn.Linear(4, 2)


def after_steps(network: nn.Module, optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """The parameters after three steps on the same batch."""
    for _ in range(3):
        optimizer.zero_grad()
        network(torch.ones(5, 4)).square().sum().backward()
        optimizer.step()
    return list(network.parameters())


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_is_that_of_torchs_optimizer(name: Any, weight_decay: float) -> None:
    ours, bare = layer(), layer()
    options = TrainingOptions(optimizer=name, learning_rate=0.01, weight_decay=weight_decay)
    theirs = after_steps(bare, TORCHS[name](bare.parameters(), lr=0.01, weight_decay=weight_decay))
    for parameter, expected in zip(after_steps(ours, make_optimizer(ours, options)), theirs, strict=True):
        torch.testing.assert_close(parameter, expected, rtol=1e-6, atol=1e-7)  # adam is fused, and rounds differently


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_a_step_of_adam_is_one_operator_whatever_the_number_of_parameters(name: Any) -> None:
    network = nn.Sequential(*(layer() for _ in range(5)))
    optimizer = make_optimizer(network, TrainingOptions(optimizer=name))
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()  # makes the state
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        optimizer.step()
    names = [event.name for event in profile.events()]
    assert names.count(f"aten::_fused_{name}_") == 1
    assert "aten::addcdiv_" not in names


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_without_a_weight_decay_it_is_the_optimizers_own(name: Any) -> None:
    optimizer = make_optimizer(layer(), TrainingOptions(optimizer=name))
    assert optimizer.defaults["weight_decay"] == (0.01 if name == "adamw" else 0.0)


def test_a_step_of_sgd_with_weight_decay_is_that_of_the_hand_calculation() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 2.0)
    x, y = torch.tensor([[3.0]]), torch.tensor([[5.0]])

    def squared_error(output: Tensor, target: Tensor) -> Tensor:
        return ((output - target) ** 2).mean()  # (2·3 - 5)² = 1, with gradient 2·(2·3 - 5)·3 = 6 at the weight

    options = TrainingOptions(epochs=1, optimizer="sgd", learning_rate=0.125, weight_decay=0.5)
    train(network, (x, y), loss=squared_error, options=options)
    assert network.weight.item() == 2.0 - 0.125 * (6.0 + 0.5 * 2.0)


def test_parameters_that_do_not_train_are_left_out() -> None:
    network = layer()
    network.bias.requires_grad_(False)
    (group,) = make_optimizer(network, TrainingOptions()).param_groups
    assert len(group["params"]) == 1
    assert group["params"][0] is network.weight


def with_momentum(parameters: Any, **options: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, momentum=0.9, **options)


def test_an_optimizer_of_the_callers_own_is_used() -> None:
    state: TrainingState = train(
        layer(),
        (torch.ones(5, 4), torch.ones(5, 2)),
        loss=nn.functional.mse_loss,
        options=TrainingOptions(epochs=2, optimizer=lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)),
    )
    assert state.weights("optimizer").keys() == {f"{i}.momentum_buffer" for i in range(2)}


def test_an_optimizer_of_the_callers_own_gets_the_weight_decay_that_is_set() -> None:
    options = TrainingOptions(optimizer=with_momentum, learning_rate=0.5, weight_decay=0.25)
    (group,) = make_optimizer(layer(), options).param_groups
    assert (group["lr"], group["weight_decay"], group["momentum"]) == (0.5, 0.25, 0.9)


def test_an_unknown_optimizer_names_the_known_ones() -> None:
    options: dict[str, Any] = {"optimizer": "adagrad"}
    with pytest.raises(InputError, match="optimizer is 'adagrad'; expected one of adam, adamw, sgd, rmsprop"):
        make_optimizer(layer(), TrainingOptions(**options))
