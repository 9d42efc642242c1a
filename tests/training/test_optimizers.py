"""The optimizers of a training."""

from typing import Any

import pytest
import torch
from torch import nn

from recurra.errors import InputError
from recurra.training import TrainingOptions, TrainingState, train
from recurra.training.optimizers import make_optimizer


def layer() -> nn.Linear:
    torch.manual_seed(3)
    return nn.Linear(4, 2)


def test_parameters_that_do_not_train_are_left_out() -> None:
    network = layer()
    network.bias.requires_grad_(False)
    (group,) = make_optimizer(network, TrainingOptions()).param_groups
    assert len(group["params"]) == 1
    assert group["params"][0] is network.weight


def test_an_optimizer_of_the_callers_own_is_used() -> None:
    state: TrainingState = train(
        layer(),
        (torch.ones(5, 4), torch.ones(5, 2)),
        loss=nn.functional.mse_loss,
        options=TrainingOptions(epochs=2, optimizer=lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)),
    )
    assert state.weights("optimizer").keys() == {f"{i}.momentum_buffer" for i in range(2)}


def test_an_unknown_optimizer_names_the_known_ones() -> None:
    options: dict[str, Any] = {"optimizer": "adagrad"}
    with pytest.raises(InputError, match="optimizer is 'adagrad'; known are adam, adamw, sgd, rmsprop"):
        make_optimizer(layer(), TrainingOptions(**options))
