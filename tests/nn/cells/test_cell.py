"""One step of each cell against torch's cells, and against the layers; activations and checks."""

import math

import pytest
import torch
from torch import nn

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, GRUCell, LSTMCell, SimpleRNN, SimpleRNNCell
from recurra.nn.cells import ACTIVATIONS
from recurra.nn.cells.cell import snake_case

from .one_step import sigmoid, step_of

CELLS = {"SimpleRNN": SimpleRNNCell, "GRU": GRUCell, "LSTM": LSTMCell}
EACH_CELL = pytest.mark.parametrize("make", CELLS.values(), ids=CELLS)


def randomize(module):
    with torch.no_grad():
        for p in module.parameters():
            p.uniform_(-0.8, 0.8)
    return module.double()


def gradients(outputs, *leaves):
    loss = sum((output * torch.linspace(-1, 2, output.numel()).view_as(output)).sum() for output in outputs)
    return torch.autograd.grad(loss, leaves)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("given_state", [True, False])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda bias: step_of(SimpleRNNCell, 4, 3, bias=bias), lambda bias: nn.RNNCell(4, 3, bias)),
        (
            lambda bias: step_of(SimpleRNNCell, 4, 3, bias=bias, activation="relu"),
            lambda bias: nn.RNNCell(4, 3, bias, nonlinearity="relu"),
        ),
        (lambda bias: step_of(GRUCell, 4, 3, bias=bias), lambda bias: nn.GRUCell(4, 3, bias)),
        (lambda bias: step_of(LSTMCell, 4, 3, bias=bias), lambda bias: nn.LSTMCell(4, 3, bias)),
    ],
    ids=["tanh", "relu", "gru", "lstm"],
)
def test_equals_the_torch_cell_in_state_and_every_gradient(ours, theirs, bias, given_state):
    cell, oracle = randomize(ours(bias)), randomize(theirs(bias))
    joined_bias = bias and not isinstance(cell.cell, GRUCell)  # two biases of torch's are one of ours
    with torch.no_grad():
        for name, p in cell.named_parameters():
            p.copy_(oracle.bias_ih + oracle.bias_hh if name == "bias" else oracle.get_parameter(name))
    x = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    count = len(cell.cell.states)
    state = tuple(torch.randn(5, 3, dtype=torch.float64, requires_grad=True) for _ in range(count))
    leaves = (x, *state) if given_state else (x,)

    found = cell(x, state if given_state else None)
    expected = oracle(x, (state if count == 2 else state[0]) if given_state else None)
    expected = expected if count == 2 else (expected,)

    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
    names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if bias else [])]
    our_names = ["weight_ih", "weight_hh", *(["bias", "bias"] if joined_bias else names[2:])]
    torch.testing.assert_close(
        gradients(found, *leaves, *(cell.get_parameter(name) for name in our_names)),
        gradients(expected, *leaves, *(oracle.get_parameter(name) for name in names)),
        rtol=0,
        atol=1e-10,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tanh", [math.tanh(-4), math.tanh(-1), 0, math.tanh(1), math.tanh(4)]),
        ("relu", [0, 0, 0, 1, 4]),
        ("sigmoid", [sigmoid(-4), sigmoid(-1), 0.5, sigmoid(1), sigmoid(4)]),
        ("hard_sigmoid", [0, 1 / 3, 0.5, 2 / 3, 1]),
        ("linear", [-4, -1, 0, 1, 4]),
    ],
)
def test_activations_are_the_known_functions(name, expected):
    assert ACTIVATIONS[name](torch.tensor([-4.0, -1, 0, 1, 4])).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("cell", "layer"),
    [
        (step_of(SimpleRNNCell, 4, 3, activation="hard_sigmoid"), SimpleRNN(4, 3, activation="hard_sigmoid")),
        (
            step_of(GRUCell, 4, 3, activation="linear", reset_after=False),
            GRU(4, 3, activation="linear", reset_after=False),
        ),
        (step_of(GRUCell, 4, 3), GRU(4, 3)),
        (step_of(LSTMCell, 4, 3, recurrent_activation="hard_sigmoid"), LSTM(4, 3, recurrent_activation="hard_sigmoid")),
        (step_of(LSTMCell, 4, 3, bias=False), LSTM(4, 3, bias=False)),
    ],
    ids=lambda module: type(module).__name__,
)
def test_steps_of_a_cell_are_a_layer_with_the_same_parameter_names(cell, layer):
    layer.load_state_dict(randomize(cell).state_dict())
    layer.double().return_state = True
    x = torch.randn(5, 7, 4, dtype=torch.float64)
    state = None
    for x_t in x.unbind(1):
        state = cell(x_t, state)
    output, *last = layer(x)
    torch.testing.assert_close(last, list(state), rtol=0, atol=1e-10)
    torch.testing.assert_close(output, state[0], rtol=0, atol=1e-10)


@EACH_CELL
def test_a_step_of_an_empty_batch_is_empty(make):
    assert {s.shape for s in step_of(make, 4, 3)(torch.zeros(0, 4))} == {(0, 3)}


@EACH_CELL
@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0, 3), {}, "input_size is 0; it must be at least 1"),
        ((4, 0), {}, "hidden_size is 0; it must be at least 1"),
        ((4, 3), {"activation": "softmax"}, "activation is 'softmax'; expected one of tanh, relu"),
    ],
)
def test_sizes_and_activations_are_checked(make, arguments, options, message):
    with pytest.raises(InputError, match=f"{make.__name__.removesuffix('Cell')}: {message}"):
        step_of(make, *arguments, **options)


@pytest.mark.parametrize("make", [GRUCell, LSTMCell])
def test_an_unknown_recurrent_activation_is_refused(make):
    with pytest.raises(InputError, match=f"{make.__name__.removesuffix('Cell')}: recurrent_activation is 'softmax'"):
        step_of(make, 4, 3, recurrent_activation="softmax")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("SimpleRNN", "simple_rnn"), ("GRU", "gru"), ("OneHot", "one_hot"), ("Leaky2Gate", "leaky2_gate")],
)
def test_the_name_of_a_class_in_snake_case_is_that_of_keras(name, expected):
    assert snake_case(name) == expected
