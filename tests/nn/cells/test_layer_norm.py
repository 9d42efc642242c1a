"""Layer normalization inside the cells: the equations by hand, what is learned, and what is refused."""

import pytest
import torch
from torch.nn.functional import layer_norm, linear

from recurra.errors import InputError
from recurra.nn import GRU, OneStep, RecurrentLayer, SimpleRNN, from_keras, to_keras, trace
from recurra.nn.cells import GRUCell, LSTMCell, NormalizedCell, SimpleRNNCell, recurrent_part
from recurra.nn.layers import layer_of
from recurra.nn.network import build_network
from recurra.nn.stepper import Stepper

from ..each_layer import EACH_LAYER, random_like

B, T, I, H = 3, 4, 5, 7
EACH_CELL = pytest.mark.parametrize("make", [SimpleRNNCell, GRUCell, LSTMCell])


def normalized(a, gains, bias=None):
    return layer_norm(a, a.shape[-1:], gains, bias, eps=1e-5)


def step_by_hand(layer, x, h, c, kept=1.0):
    """One step, written out with torch's layer norm; `kept` is what recurrent dropout leaves of h."""
    p = layer.direction()
    a = normalized(linear(x, p["weight_ih"]), p["norm_ih"])
    g = normalized(linear(h * kept, p["weight_hh"]), p["norm_hh"])
    if isinstance(layer, SimpleRNN):
        return torch.tanh(a + g + p.get("bias", 0.0)), None
    if isinstance(layer, GRU):
        (a_r, a_z, a_n), (g_r, g_z, g_n) = (
            (a + p.get("bias_ih", 0.0)).chunk(3, -1),
            (g + p.get("bias_hh", 0.0)).chunk(3, -1),
        )
        r, z = torch.sigmoid(a_r + g_r), torch.sigmoid(a_z + g_z)
        return z * h + (1 - z) * torch.tanh(a_n + r * g_n), None
    i, f, candidate, o = (a + g + p.get("bias", 0.0)).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(candidate)
    return torch.sigmoid(o) * torch.tanh(normalized(c, p["norm_c"], p.get("bias_c"))), c


def by_hand(layer, x, kept=1.0):
    """The outputs and the last states; the cell state is not normalized where it is carried over."""
    h = c = x.new_zeros(x.shape[0], layer.hidden_size)
    outputs = []
    for x_t in x.unbind(1):
        h, c = step_by_hand(layer, x_t, h, c, kept)
        outputs.append(h)
    return [torch.stack(outputs, 1), h] + ([] if c is None else [c])


@EACH_LAYER
@pytest.mark.parametrize("bias", [True, False])
def test_a_layer_computes_the_equations_written_out_with_torchs_layer_norm(make, bias):
    layer = make(I, H, layer_norm=True, bias=bias, return_sequences=True, return_state=True)
    layer = random_like(layer).double()
    x = torch.randn(B, T, I, dtype=torch.float64)
    torch.testing.assert_close(list(layer(x)), by_hand(layer, x), rtol=1e-12, atol=1e-12)


@EACH_LAYER
def test_gradients_of_every_parameter_are_the_slopes(make):
    layer = random_like(make(2, 3, layer_norm=True, return_sequences=True)).double()
    names, values = zip(*layer.named_parameters(), strict=True)

    def run(x, *parameters):
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x,))

    x = torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(run, (x, *values))


@EACH_LAYER
def test_outputs_depend_on_the_direction_of_the_input_and_not_on_its_size(make):
    layer = random_like(make(I, H, layer_norm=True)).double()
    x = 1000 * torch.randn(B, T, I, dtype=torch.float64)
    torch.testing.assert_close(layer(7 * x), layer(x), rtol=1e-6, atol=1e-6)


@EACH_CELL
def test_gains_start_at_one_and_biases_as_without(make):
    plain, cell = make().parameters(I, H), make(layer_norm=True).parameters(I, H)
    rows = plain["weight_ih"].shape[0]
    more = {"norm_ih": (rows,), "norm_hh": (rows,)}
    more |= {"norm_c": (H,), "bias_c": (H,)} if make is LSTMCell else {}
    assert {name: spec.shape for name, spec in cell.items()} == {n: s.shape for n, s in plain.items()} | more
    step = OneStep(make(layer_norm=True), I, H)
    for name in more:
        expected = torch.zeros if name == "bias_c" else torch.ones
        assert torch.equal(step.get_parameter(name), expected(*more[name]))


def test_without_biases_the_cell_state_has_none_either():
    assert list(LSTMCell(layer_norm=True, bias=False).parameters(I, H)) == [
        "weight_ih",
        "weight_hh",
        "norm_ih",
        "norm_hh",
        "norm_c",
    ]


def test_a_gru_that_resets_before_the_product_has_nothing_to_normalize():
    with pytest.raises(InputError, match=r"layer_norm is True and reset_after is False.*use reset_after=True"):
        GRU(I, H, layer_norm=True, reset_after=False)


def test_a_cell_that_has_no_such_option_refuses_it():
    class OwnCell(SimpleRNNCell):
        pass

    for cell, shown in ((OwnCell(), "test_a_cell.*"), ("mingru", "'mingru'")):
        with pytest.raises(InputError, match=f"^layer_norm is True and cell is {shown}; layer_norm is for the cells"):
            layer_of(cell, I, H, layer_norm=True)


def test_a_cell_of_ones_own_may_have_it_as_an_option():
    class Adder(NormalizedCell):
        name = "adder"

        def step(self, a_t, state, h_seen, p):
            return (a_t + recurrent_part(h_seen, p),), {}

    layer = random_like(RecurrentLayer(Adder(layer_norm=True), I, H))
    p, x = layer.direction(), torch.randn(B, 2, I)
    h = normalized(linear(x[:, 0], p["weight_ih"]), p["norm_ih"], p["bias"])
    h = normalized(linear(x[:, 1], p["weight_ih"]), p["norm_ih"], p["bias"]) + normalized(
        linear(h, p["weight_hh"]), p["norm_hh"]
    )
    torch.testing.assert_close(layer(x), h, rtol=1e-5, atol=1e-6)


@EACH_LAYER
@pytest.mark.parametrize(("backend", "dtype"), [("torch", torch.float32), ("native", torch.float64)])
def test_a_backend_that_cannot_is_refused_with_the_reason_and_auto_takes_one_that_can(make, backend, dtype, called):
    layer = random_like(make(I, H, layer_norm=True, backend=backend)).to(dtype)
    x = torch.randn(B, T, I, dtype=dtype)
    reason = "layer_norm=True" if backend == "torch" else "torch.float64 tensors on cpu"
    with pytest.raises(InputError, match=f'backend="{backend}" does not support {reason}; use backend="auto"'):
        layer(x)
    layer.backend = "auto"
    found = layer(x)
    assert [name.startswith("native ") for name in called] == [True] * (dtype == torch.float32)
    layer.backend = "reference"
    torch.testing.assert_close(found, layer(x), rtol=1e-5, atol=1e-6)


@EACH_LAYER
def test_with_recurrent_dropout_the_product_is_that_with_what_is_left_of_h(make):
    layer = random_like(make(I, H, layer_norm=True, recurrent_dropout=0.5, return_sequences=True)).double()
    x = torch.randn(B, T, I, dtype=torch.float64)
    torch.manual_seed(3)
    found = layer(x)
    torch.manual_seed(3)
    kept = torch.nn.functional.dropout(torch.ones(B, H, dtype=torch.float64), 0.5)
    torch.testing.assert_close(found, by_hand(layer, x, kept)[0], rtol=1e-12, atol=1e-12)


@EACH_LAYER
def test_gains_of_another_size_are_refused_where_they_are_given(make):
    layer = make(I, H, layer_norm=True)
    for name in (name for name, _ in layer.named_parameters() if name.startswith("norm")):
        parameters = dict(layer.named_parameters())
        parameters[name] = torch.ones(len(parameters[name]) + 1)
        with pytest.raises(InputError, match="Stepper: parameters have shapes"):
            Stepper(layer.cell, I, H, parameters)
        with pytest.raises(InputError, match=rf"shape \({len(parameters[name])},\); expected \d+ numbers"):
            torch.func.functional_call(layer, parameters, (torch.randn(B, T, I),))


@EACH_LAYER
def test_a_stepper_gives_the_outputs_of_the_layer(make):
    layer = random_like(make(I, H, layer_norm=True, return_sequences=True))
    x = torch.randn(1, T, I)
    stepper = layer.stepper()
    found = torch.stack([stepper(x_t).clone() for x_t in x[0]])
    torch.testing.assert_close(found[None], layer(x).detach(), rtol=1e-5, atol=1e-6)


@EACH_LAYER
def test_a_trace_shows_the_gates_of_the_normalized_products(make):
    layer = random_like(make(I, H, layer_norm=True, return_sequences=True, bidirectional=True))
    x = torch.randn(B, T, I)
    (values,) = trace(layer, x).values.values()
    expected = layer(x).detach()
    torch.testing.assert_close(
        torch.cat([values["output"], values["output_reverse"]], -1), expected, rtol=1e-5, atol=1e-6
    )
    assert all(name in values for gate in layer.cell.gates for name in (gate, gate + "_reverse"))


def test_keras_has_no_place_for_it(tmp_path):
    network = build_network(encoder=None, input_size=I, cell="lstm", units=[H], outputs=2, layer_norm=True)
    with pytest.raises(InputError, match="Keras have no layer normalization, and this network has"):
        to_keras(network, tmp_path / "x.weights.h5")
    plain = build_network(encoder=None, input_size=I, cell="lstm", units=[H], outputs=2)
    to_keras(plain, tmp_path / "plain.weights.h5")
    with pytest.raises(InputError, match="Keras have no layer normalization, and this network has"):
        from_keras(tmp_path / "plain.weights.h5", network)
