"""The torch module that holds a cell's parameters: names, initial values, directions and refusals."""

import pytest
import torch
from torch import nn

from recurra.errors import InputError
from recurra.nn import Cell, GRUCell, LSTMCell, OneStep, RecurrentLayer, SimpleRNNCell
from recurra.nn.recurrent_module import RecurrentModule


def test_parameters_have_the_names_shapes_and_initial_values_that_the_cell_declares():
    module = RecurrentModule(LSTMCell(), 3, 5)
    assert {name: tuple(p.shape) for name, p in module.named_parameters()} == {
        "weight_ih": (20, 3),
        "weight_hh": (20, 5),
        "bias": (20,),
    }
    assert module.bias.tolist() == [0.0] * 5 + [1.0] * 5 + [0.0] * 10
    product = module.weight_hh.T @ module.weight_hh
    torch.testing.assert_close(product, torch.eye(5), rtol=1e-5, atol=1e-5)
    assert module.weight_ih.abs().max() <= (6 / 23) ** 0.5


def test_each_direction_has_parameters_of_its_own_under_the_names_of_the_cell():
    layer = RecurrentLayer(GRUCell(), 3, 5, bidirectional=True)
    forward, reverse = layer.direction(), layer.direction("_reverse")
    assert forward.keys() == reverse.keys() == {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
    assert forward["weight_ih"] is layer.weight_ih
    assert reverse["weight_ih"] is layer.weight_ih_reverse
    assert not torch.equal(forward["weight_ih"], reverse["weight_ih"])


def test_a_parametrized_parameter_is_the_computed_one():
    layer = RecurrentLayer(SimpleRNNCell(), 3, 5)
    nn.utils.parametrizations.weight_norm(layer, "weight_hh")
    assert torch.equal(layer.direction()["weight_hh"], layer.weight_hh)


@pytest.mark.parametrize(("sizes", "message"), [((0, 5), "GRU: input_size is 0"), ((3, -1), "GRU: hidden_size is -1")])
def test_a_size_below_one_is_refused(sizes, message):
    with pytest.raises(InputError, match=message):
        RecurrentModule(GRUCell(), *sizes)


class Mean(Cell):
    """h_t = (h_{t-1} + mean of x_t) / 2: a cell without parameters."""

    name = "mean"

    def parameters(self, input_size, hidden_size):
        return {}

    def input_part(self, x, p):
        return x.mean(dim=-1, keepdim=True)

    def step(self, a_t, state, h_seen, p):
        return ((state[0] + a_t) / 2,), {}


def test_a_cell_may_have_no_parameters():
    x = torch.randn(2, 7, 3)
    layer, step = RecurrentLayer(Mean(), 3, 5), OneStep(Mean(), 3, 5)
    state, stepper = (torch.zeros(2, 5),), layer.stepper()
    for x_t in x.unbind(1):
        state = step(x_t, state)
        h_t = stepper(x_t[0])
    torch.testing.assert_close(layer(x), state[0])
    torch.testing.assert_close(h_t, state[0][0])
    torch.testing.assert_close(layer(x.double()), state[0].double(), rtol=1e-5, atol=1e-6)
