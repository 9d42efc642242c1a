"""A trace has every gate, state and output: what the kernels compute, what the equations say, and true gradients."""

import copy

import pytest
import torch
from torch import nn

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, Dense, Embedding, Network, SimpleRNN, build_network, trace
from recurra.nn.backends.native import kernels

B, T, I, H = 3, 6, 4, 5
MASK = torch.tensor([[True] * 6, [True, False, True, True, False, True], [False, False, True, True, True, False]])
LAYERS = {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
EACH_LAYER = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


def network_of(cell: str, **options: object) -> Network:
    return build_network(encoder=None, input_size=I, cell=cell, units=[H, H], outputs=2, **options)  # type: ignore[arg-type]


@EACH_LAYER
@pytest.mark.parametrize("mask", [None, MASK], ids=["all steps", "masked"])
@pytest.mark.parametrize("options", [{}, {"go_backwards": True}, {"bidirectional": True}], ids=str)
def test_states_and_outputs_are_those_of_the_kernels(make, mask, options):
    assert kernels.MISSING is None
    x = torch.randn(B, T, I)
    layer = make(I, H, return_sequences=True, return_state=True, backend="native", **options)
    output, *states = layer(x, mask=mask)
    seen = trace(layer, x, mask)
    torch.testing.assert_close(seen.output, output)
    values = seen[{SimpleRNN: "simple_rnn", GRU: "gru", LSTM: "lstm"}[make]]
    if "bidirectional" in options:
        both = torch.cat([values["output"], values["output_reverse"]], dim=-1)
        torch.testing.assert_close(both if mask is None else both.where(mask[:, :, None], 0.0), output)
    else:
        in_order = values["output"].flip(1) if "go_backwards" in options else values["output"]
        torch.testing.assert_close(in_order, output)
    # the state after the last step that is read is the one returned
    first_read = {"": T - 1, "_reverse": 0}
    if "go_backwards" in options:
        first_read = {"": 0}
    names = [f"{state}{suffix}" for suffix in ("", "_reverse") for state in layer.cell.states]
    for name, state in zip(names, states, strict=False):
        torch.testing.assert_close(values[name][:, first_read["_reverse" if "reverse" in name else ""]], state)


def test_the_gates_of_an_lstm_are_those_of_its_equations():
    layer = LSTM(I, H)
    x = torch.randn(B, T, I)
    seen = trace(layer, x)["lstm"]
    h = torch.cat([torch.zeros(B, 1, H), seen["h"][:, :-1]], dim=1)
    c = torch.cat([torch.zeros(B, 1, H), seen["c"][:, :-1]], dim=1)
    i, f, g, o = (x @ layer.weight_ih.T + h @ layer.weight_hh.T + layer.bias).chunk(4, dim=-1)
    torch.testing.assert_close(seen["i"], i.sigmoid())
    torch.testing.assert_close(seen["f"], f.sigmoid())
    torch.testing.assert_close(seen["g"], g.tanh())
    torch.testing.assert_close(seen["o"], o.sigmoid())
    torch.testing.assert_close(seen["c"], seen["f"] * c + seen["i"] * seen["g"])
    torch.testing.assert_close(seen["h"], seen["o"] * seen["c"].tanh())
    torch.testing.assert_close(seen["input"], x)


def test_the_gates_of_a_gru_are_those_of_its_equations():
    layer = GRU(I, H)
    seen = trace(layer, torch.randn(B, T, I))["gru"]
    before = torch.cat([torch.zeros(B, 1, H), seen["h"][:, :-1]], dim=1)
    torch.testing.assert_close(seen["h"], seen["z"] * before + (1 - seen["z"]) * seen["n"])


@pytest.mark.parametrize("cell", LAYERS)
def test_a_network_has_the_values_of_each_layer_in_its_order(cell):
    network = network_of(cell)
    x = torch.randn(B, T, I)
    seen = trace(network, x)
    assert list(seen.values) == list(network.layers)
    torch.testing.assert_close(seen.output, network(x))
    torch.testing.assert_close(seen["dense"]["output"], network(x))
    first, second, _ = network.layers
    torch.testing.assert_close(seen[second]["input"], seen[first]["output"])


def test_gates_of_masked_steps_are_nan_and_states_are_carried_over():
    seen = trace(GRU(I, H), torch.randn(B, T, I), MASK)["gru"]
    assert torch.equal(seen["r"].isnan().any(dim=-1), ~MASK)
    assert torch.equal(seen["h"][1, 1], seen["h"][1, 0])
    assert not seen["h"].isnan().any()


@pytest.mark.parametrize("cell", LAYERS)
@pytest.mark.parametrize("mask", [None, MASK], ids=["all steps", "masked"])
def test_gradients_are_the_slopes_of_the_chosen_output(cell, mask):
    network = network_of(cell).double()
    x = torch.randn(B, T, I, dtype=torch.float64)
    gradients = trace(network, x, mask, gradient_of=1).gradients
    first, second, _ = network.layers
    changed = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(network(changed, mask=mask)[:, 1].sum(), changed)
    torch.testing.assert_close(gradients[first]["input"], expected)
    # the last state of the last layer goes into the head, and nowhere else
    last = gradients[second]["h"][:, -1]
    torch.testing.assert_close(last, network.layers["dense"].weight[1].expand(B, H))
    assert gradients[first]["h"].shape == (B, T, H)
    assert gradients[first]["h"].abs().sum() > 0


@pytest.mark.parametrize("cell", LAYERS)
def test_a_mask_that_masks_nothing_changes_no_gradient(cell):
    network, x = network_of(cell, return_sequences=True), torch.randn(B, T, I)
    everything = trace(network, x, torch.ones(B, T).bool(), gradient_of=(2, 1)).gradients
    for layer, gradients in trace(network, x, gradient_of=(2, 1)).gradients.items():
        for name, gradient in gradients.items():
            torch.testing.assert_close(everything[layer][name], gradient)


@EACH_LAYER
@pytest.mark.parametrize("masked", [False, True], ids=["all steps", "masked"])
def test_the_gradient_of_a_state_is_the_slope_of_what_follows_from_it(make, masked):
    mask = MASK.clone() if masked else torch.ones_like(MASK)
    mask[:, -1] = True
    layer, head = make(I, H).double(), Dense(H, 1).double()
    x = torch.randn(B, T, I, dtype=torch.float64)
    seen = trace(Network([layer, head], ["layer", "dense"]), x, mask, gradient_of=0)
    for t in range(T - 1):
        states = [seen["layer"][name][:, t].clone().requires_grad_() for name in layer.cell.states]
        rest = head(layer(x[:, t + 1 :], states, mask=mask[:, t + 1 :]))
        slopes = list(torch.autograd.grad(rest.sum(), states))
        if len(states) == 2:  # h at a computed step depends on c at the same step
            o, c = seen["layer"]["o"][:, t], seen["layer"]["c"][:, t]
            through_h = slopes[0] * o * (1 - c.tanh().square())
            slopes[1] = slopes[1] + through_h.where(mask[:, t, None], 0.0)
        for name, slope in zip(layer.cell.states, slopes, strict=True):
            torch.testing.assert_close(seen.gradients["layer"][name][:, t], slope)


def test_an_output_at_one_step_depends_on_no_later_step():
    network = network_of("lstm", return_sequences=True)
    gradients = trace(network, torch.randn(B, T, I), gradient_of=(2, 0)).gradients["lstm"]
    for name in ("input", "h", "c"):
        assert gradients[name][:, :3].abs().sum() > 0
        assert torch.equal(gradients[name][:, 3:], torch.zeros_like(gradients[name][:, 3:]))


def test_symbols_are_traced_through_their_encoder_and_its_mask():
    network = Network([Embedding(7, I, mask_zero=True), LSTM(I, H), Dense(H, 2)])
    ids = torch.tensor([[1, 2, 3, 0], [4, 5, 0, 0]])
    seen = trace(network, ids, gradient_of=0)
    torch.testing.assert_close(seen.output, network(ids))
    torch.testing.assert_close(seen["embedding"]["output"], network.layers["embedding"](ids))
    assert torch.equal(seen["lstm"]["i"].isnan().any(dim=-1), ids == 0)
    assert torch.equal(seen.gradients["lstm"]["input"][ids == 0], torch.zeros(3, I))


def test_the_network_is_left_as_it_was():
    network = Network([LSTM(I, H, stateful=True, backend="native"), Dense(H, 2)])
    network(torch.randn(B, T, I))
    before = copy.deepcopy(network.layers["lstm"]._carried)
    trace(network, torch.randn(B, T, I), gradient_of=0)
    assert network.layers["lstm"].backend == "native"
    torch.testing.assert_close(network.layers["lstm"]._carried, before, rtol=0, atol=0)
    assert all(p.grad is None and not p._backward_hooks for p in network.parameters())
    assert not network.layers["lstm"]._forward_pre_hooks
    assert not network.layers["dense"]._forward_hooks


def test_any_module_with_our_layers_can_be_traced():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.memory = GRU(I, H, bidirectional=True, return_sequences=True)
            self.head = nn.Linear(2 * H, 2)

        def forward(self, x):
            return self.head(self.memory(x))

    model, x = Tagger(), torch.randn(B, T, I)
    seen = trace(model, x, gradient_of=(0, 1))
    torch.testing.assert_close(seen.output, model(x))
    assert {"input", "h", "h_reverse", "z", "z_reverse", "output", "output_reverse"} <= seen["memory"].keys()
    assert seen.gradients["memory"].keys() == {"input", "h", "h_reverse"}
    assert seen["head"].keys() == {"output"}


def test_what_cannot_be_traced_is_said():
    with pytest.raises(InputError, match=r"this LSTM has no recurrent layer of recurra\.nn; from_torch converts"):
        trace(nn.LSTM(I, H), torch.zeros(B, T, I))
    for index in (2, -3, (0, 0), ()):
        with pytest.raises(InputError, match=r"gradient_of is .*; the output has shape \(3, 2\), so expected 1 ind"):
            trace(network_of("gru"), torch.zeros(B, T, I), gradient_of=index)


def test_an_input_given_by_name_is_traced_and_a_second_call_of_a_layer_is_refused():
    class ByName(nn.Module):
        def __init__(self, calls):
            super().__init__()
            self.layer, self.calls = GRU(I, H), calls

        def forward(self, x):
            return sum(self.layer(x=x) for _ in range(self.calls))

    once, x = ByName(1), torch.randn(B, T, I)
    torch.testing.assert_close(trace(once, x).output, once(x).detach())
    with pytest.raises(InputError, match="trace: the network calls a GRU layer twice; expected one call of each"):
        trace(ByName(2), x)


def test_an_initial_state_given_by_place_is_traced_too():
    class Continued(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = GRU(I, H)

        def forward(self, x):
            return self.layer(x, torch.ones(len(x), H))

    module, x = Continued(), torch.randn(B, T, I)
    torch.testing.assert_close(trace(module, x).output, module(x).detach())
