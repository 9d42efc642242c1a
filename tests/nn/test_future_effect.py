"""The effect of features that are known in advance: equations, its first effect, and networks that have one."""

import pytest
import torch
from torch import nn

from recurra import InputError
from recurra.nn import build_network
from recurra.nn.future_effect import FutureEffect
from recurra.nn.network import Network

B, H, F, S = 2, 4, 3, 5


def test_it_is_the_equation_of_its_docstring():
    effect = FutureEffect(S, F, H, width=2, hidden_size=6)
    nn.init.normal_(effect.output.weight)
    state, future = torch.randn(B, S), torch.randn(B, H, F)
    found = effect(state, future).unflatten(1, (H, 2))
    for b in range(B):
        for k in range(H):
            around = [future[b, j] if 0 <= j < H else torch.zeros(F) for j in (k - 1, k, k + 1)]
            hidden = effect.state.weight @ state[b] + effect.future.weight @ torch.cat(around) + effect.future.bias
            torch.testing.assert_close(found[b, k], effect.output.weight @ torch.tanh(hidden))


def test_it_begins_without_an_effect_but_learns_one():
    effect = FutureEffect(S, F, H)
    state, future = torch.randn(B, S), torch.randn(B, H, F)
    assert not effect(state, future).any()
    effect(state, future).sum().backward()
    assert effect.output.weight.grad.abs().min() > 0


def network_with_effect() -> Network:
    network = build_network(encoder=None, input_size=2, cell="gru", units=[S], outputs=H)
    network.layers["future_effect"] = FutureEffect(S, F, H)
    nn.init.normal_(network.layers["future_effect"].output.weight)
    return network


def test_a_network_adds_it_to_its_output_from_the_state_that_the_dense_layer_reads():
    network = network_with_effect()
    x, future = torch.randn(B, 7, 2), torch.randn(B, H, F)
    h = network.layers["gru"](x)
    expected = network.layers["dense"](h) + network.layers["future_effect"](h, future)
    torch.testing.assert_close(network(x, future=future), expected)
    output, state = network(x, state=None, future=future)
    torch.testing.assert_close(output, expected)
    assert [tuple(tensor.shape) for tensor in state] == [(B, S)]
    assert network.summary_rows(7)[-1][1:] == (
        "FutureEffect",
        (None, H),
        sum(p.numel() for p in network.layers["future_effect"].parameters()),
    )


@pytest.mark.parametrize(
    ("future", "found"),
    [(None, "none were given"), (torch.zeros(B, H + 1, F), r"their shape is \[2, 5, 3\]")],
)
def test_features_that_are_missing_or_of_another_shape_are_named(future, found):
    with pytest.raises(InputError, match=rf"features of the predicted steps are expected, \[2, 4, 3\]; {found}\."):
        network_with_effect()(torch.randn(B, 7, 2), future=future)


def test_a_network_without_it_takes_no_future_features():
    network = build_network(encoder=None, input_size=2, cell="gru", units=[S], outputs=H)
    with pytest.raises(InputError, match="future features were given, but its last layer is not a FutureEffect"):
        network(torch.randn(B, 7, 2), future=torch.zeros(B, H, F))
