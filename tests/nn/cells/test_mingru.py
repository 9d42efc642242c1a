"""A minGRU against steps calculated by hand, and its own scan against its steps."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra import InputError, LanguageModel
from recurra.nn import MinGRUCell, RecurrentLayer, build_network, to_keras
from recurra.nn.backends.backend import Call
from recurra.nn.backends.reference import Reference, run_steps
from recurra.nn.encoders import OneHot

from .one_step import sigmoid, step_of


def test_a_mingru_step_by_hand():
    cell = step_of(MinGRUCell, 1, 1).double()
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor([[0.2], [0.3]]))  # z, n
        cell.bias.copy_(torch.tensor([-0.08, 0.09]))
    x, h = 2.0, -0.7
    z, n = sigmoid(0.2 * x - 0.08), 0.3 * x + 0.09
    (h_t,) = cell(torch.tensor([[x]]).double(), (torch.tensor([[h]]).double(),))
    assert h_t.item() == pytest.approx((1 - z) * h + z * n, abs=1e-7)


def call_of(steps: int, *, given_state: bool, reverse: bool, seed: int = 0) -> Call:
    random = torch.Generator().manual_seed(seed)
    cell, shapes = MinGRUCell(), MinGRUCell().parameters(3, 4)
    parameters = {
        name: torch.randn(spec.shape, generator=random, dtype=torch.float64).requires_grad_()
        for name, spec in shapes.items()
    }
    x = torch.randn(2, steps, 3, generator=random, dtype=torch.float64).requires_grad_()
    state = (torch.randn(2, 4, generator=random, dtype=torch.float64).requires_grad_(),) if given_state else None
    return Call(cell, 4, parameters, x, state, reverse=reverse)


@settings(deadline=None)
@given(steps=st.integers(1, 40), given_state=st.booleans(), reverse=st.booleans(), seed=st.integers(0, 9))
def test_all_steps_at_once_are_the_steps_one_by_one(steps: int, given_state: bool, reverse: bool, seed: int) -> None:
    call = call_of(steps, given_state=given_state, reverse=reverse, seed=seed)
    leaves = [call.x, *call.parameters.values(), *(call.state or ())]
    found = []
    for outputs, last in (Reference().scan(call), run_steps(call, call.cell.input_part(call.x, call.parameters))):
        gradients = torch.autograd.grad(outputs.square().sum() + last[0].sum(), leaves)
        found.append([outputs, *last, *gradients])
    for at_once, one_by_one in zip(*found, strict=True):
        torch.testing.assert_close(at_once, one_by_one)


def test_a_long_sequence_takes_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.nn.backends.reference.run_steps", None)
    layer = RecurrentLayer(MinGRUCell(), 2, 3, return_sequences=True)
    assert torch.isfinite(layer(100 * torch.randn(1, 2000, 2))).all()


def test_masked_steps_keep_the_state() -> None:
    layer = RecurrentLayer(MinGRUCell(), 2, 3, return_sequences=True)
    x, mask = torch.randn(1, 5, 2), torch.tensor([[True, False, True, True, False]])
    found = layer(x, mask=mask)
    expected = layer(x[:, mask[0]])
    torch.testing.assert_close(found[:, [0, 2, 3]], expected)
    torch.testing.assert_close(found[:, [1, 4]], expected[:, [0, 2]])


def test_it_runs_step_by_step() -> None:
    layer = RecurrentLayer(MinGRUCell(), 2, 3, return_sequences=True)
    x, stepper = torch.randn(1, 6, 2), layer.stepper()
    with torch.no_grad():
        torch.testing.assert_close(torch.stack([stepper(x_t) for x_t in x[0]]), layer(x)[0])


def test_a_model_with_it_learns_is_saved_and_writes(tmp_path: Path) -> None:
    settings = {"units": [16, 16], "window": 8, "batch_size": 4, "epochs": 60, "learning_rate": 0.03}
    model = LanguageModel(mode="stream", cell="mingru", **settings).fit("abcde" * 60)
    assert model.score("abcdeabcde") == 1.0
    model.save(tmp_path / "m.safetensors")
    writer = LanguageModel.load(tmp_path / "m.safetensors").generate("abc", temperature=0)
    assert [next(writer) for _ in range(7)] == list("deabcde")


def test_keras_has_no_such_layer(tmp_path: Path) -> None:
    network = build_network(encoder=OneHot(3), cell="mingru", units=[4], outputs=3)
    with pytest.raises(InputError, match="MinGRU"):
        to_keras(network, tmp_path / "m.weights.h5")
