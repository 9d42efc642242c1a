"""The learning-rate range test against what is known of quadratic losses, and on a language model."""

import contextlib
import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from recurra import InputError, LanguageModel
from recurra.training import SampleBatches, TensorSamples, TrainingOptions, learning_rate_range_test

SGD = TrainingOptions(optimizer="sgd", batch_size=1, shuffle=False)


def line(curvature: float) -> tuple[nn.Linear, tuple[torch.Tensor, torch.Tensor]]:
    """A weight w whose loss has this curvature, (w - 1)² · curvature / 2 and (w + 1)² · curvature / 2 in turn."""
    network = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        network.weight.fill_(5.0)
    x = torch.full((8, 1), math.sqrt(curvature / 2))
    return network, (x, x * torch.tensor([1.0, -1.0] * 4)[:, None])


@pytest.mark.parametrize("curvature", [0.5, 5.0, 50.0])
def test_gradient_descent_on_a_quadratic_loss_diverges_above_two_by_its_curvature(curvature: float) -> None:
    network, data = line(curvature)
    found = learning_rate_range_test(network, data, loss=F.mse_loss, options=SGD, steps=400, first=1e-4, last=100.0)
    stable = 2 / curvature
    assert found.rates[0] == pytest.approx(1e-4)
    assert found.losses[0] == pytest.approx(16 * curvature / 2)
    assert 0.1 * stable < found.lowest < 2 * stable
    assert found.rates[-1] < 100.0  # where the loss becomes infinite, the test ends
    assert found.suggestion == pytest.approx(found.lowest / 10, rel=0.05)


def test_the_rates_grow_by_the_same_factor_from_the_first_to_the_last() -> None:
    network, data = line(1.0)
    found = learning_rate_range_test(network, data, loss=F.mse_loss, options=SGD, steps=5, first=1e-6, last=1e-2)
    assert found.rates == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1e-2])


def test_network_and_generator_stay_as_they_are() -> None:
    network, data = line(1.0)
    before = torch.get_rng_state()
    learning_rate_range_test(network, data, loss=F.mse_loss, options=SGD)
    assert network.weight.item() == 5.0
    assert torch.equal(torch.get_rng_state(), before)


def test_what_is_added_to_a_loss_changes_no_rate() -> None:
    network, data = line(1.0)
    plain = learning_rate_range_test(network, data, loss=F.mse_loss, options=SGD)
    shifted = learning_rate_range_test(network, data, loss=lambda y, t: F.mse_loss(y, t) - 100.0, options=SGD)
    assert shifted.rates == plain.rates
    assert shifted.lowest == plain.lowest
    assert shifted.losses == pytest.approx([loss - 100.0 for loss in plain.losses], abs=1e-3)


@pytest.mark.parametrize("loss", [F.mse_loss, lambda *_: 1 / 0])
def test_batches_go_on_where_they_stood(loss: Any) -> None:
    network, (x, target) = line(1.0)
    batches = SampleBatches(TensorSamples(x, target), 3, shuffle=True, seed=1)
    next(batches)
    before = batches.state_dict()
    with contextlib.suppress(ZeroDivisionError):
        learning_rate_range_test(network, batches, loss=loss, options=SGD, steps=4)
    assert batches.position == 1
    after = batches.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 1}, "steps is 1; expected a whole number of at least 2"),
        ({"steps": 5.5}, "steps is 5.5; expected a whole number"),
        ({"first": 0.0}, "first is 0.0; expected a number above 0"),
        ({"first": 2.0}, "first is 2 and last is 1; expected a last rate above the first"),
        ({"last": math.inf}, "last is inf; expected"),
        ({"first": math.nan}, "first is nan; expected"),
    ],
)
def test_a_range_that_is_none_is_refused(wrong: dict[str, Any], message: str) -> None:
    network, data = line(1.0)
    with pytest.raises(InputError, match=f"learning_rate_range_test: {message}"):
        learning_rate_range_test(network, data, loss=F.mse_loss, options=SGD, **wrong)


def test_a_loss_that_is_nan_at_once_is_refused() -> None:
    network, (x, _) = line(1.0)
    with pytest.raises(InputError, match="the loss is NaN or infinite before the first update"):
        learning_rate_range_test(network, (x, x * math.nan), loss=F.mse_loss, options=SGD)


def test_a_language_model_learns_at_the_suggested_rate() -> None:
    text = "abcde" * 40
    model = LanguageModel(mode="stream", units=16, window=5, batch_size=4, epochs=30)
    model.learning_rate = model.learning_rate_range_test(text).suggestion
    assert model.fit(text).score(text) > 0.99
