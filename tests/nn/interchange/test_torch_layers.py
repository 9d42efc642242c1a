"""A converted torch layer gives torch's outputs, states and gradients."""

import copy

import pytest
import torch
from torch import nn

from recurra.errors import InputError
from recurra.nn import accelerate, from_torch


def run_by_hand(network, x, states):
    """Output and last states of all layers, begun with the given states: what a torch module takes and returns."""
    last = []
    for layer in network.layers.values():
        if isinstance(layer, nn.Dropout):
            x = layer(x)
            continue
        layer.return_state, layer.return_sequences = True, True
        count = len(layer.cell.states) * (2 if layer.bidirectional else 1)
        given, states = states[:count], states[count:]
        x, *after = layer(x, tuple(given) or None)
        last += after
    return x, last


def our_order(h, c=None):
    """torch's states [D·layers, B, H] as ours: for each layer and direction h, then c."""
    return [s for pair in zip(h, h if c is None else c, strict=True) for s in (pair if c is not None else pair[:1])]


def loss_of(output, states):
    return sum((t * torch.linspace(-1, 2, t.numel(), dtype=t.dtype).view_as(t)).sum() for t in (output, *states))


@pytest.mark.parametrize("backend", ["auto", "torch", "reference"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bidirectional": True},
        {"num_layers": 3, "batch_first": True},
        {"num_layers": 2, "bidirectional": True, "dropout": 0.5},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("kind", "extra"),
    [(nn.RNN, {}), (nn.RNN, {"nonlinearity": "relu"}), (nn.GRU, {}), (nn.LSTM, {})],
    ids=["tanh", "relu", "gru", "lstm"],
)
@pytest.mark.parametrize("given_state", [True, False], ids=["state", "zeros"])
def test_from_torch_gives_the_same_outputs_states_and_gradients(kind, extra, options, bias, backend, given_state):
    B, T, H = 3, 5, 4
    module = kind(2, H, bias=bias, dtype=torch.float64, **options, **extra).eval()
    network = from_torch(module)
    for layer in network.layers.values():
        layer.backend = backend
    count = module.num_layers * (2 if module.bidirectional else 1)
    x = torch.randn(B, T, 2, dtype=torch.float64, requires_grad=True)
    states = [
        torch.randn(count, B, H, dtype=torch.float64, requires_grad=True) for _ in range(2 if kind is nn.LSTM else 1)
    ]
    leaves = [x, *states] if given_state else [x]

    theirs_x = x if module.batch_first else x.transpose(0, 1)
    theirs, last = module(theirs_x, (tuple(states) if len(states) == 2 else states[0]) if given_state else None)
    theirs = theirs if module.batch_first else theirs.transpose(0, 1)
    expected_last = our_order(*last) if len(states) == 2 else our_order(last)
    ours, our_last = run_by_hand(network, x, our_order(*states) if given_state else [])

    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    torch.testing.assert_close(our_last, expected_last, rtol=0, atol=1e-10)
    recurrent = [layer for layer in network.layers.values() if not isinstance(layer, nn.Dropout)]
    pairs = []
    for name, parameter in module.named_parameters():
        kind_of_weight, _, place = name.partition("_l")
        index, _, reverse = place.partition("_")
        names = dict(recurrent[int(index)].named_parameters())
        suffix = "_reverse" if reverse else ""
        pairs.append((parameter, names.get(kind_of_weight + suffix, names.get("bias" + suffix))))
    expected = torch.autograd.grad(loss_of(theirs, expected_last), [*leaves, *(pair[0] for pair in pairs)])
    found = torch.autograd.grad(loss_of(ours, our_last), [*leaves, *(pair[1] for pair in pairs)])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_from_torch_returns_what_was_asked_for_of_the_top_layer(kind):
    module = kind(2, 4, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(3, 5, 2)
    output, last = module(x)
    torch.testing.assert_close(from_torch(module)(x), output)
    top = our_order(*last) if kind is nn.LSTM else our_order(last)
    found, *states = from_torch(module, return_sequences=False, return_state=True)(x)
    torch.testing.assert_close(states, top[len(top) // 2 :])
    torch.testing.assert_close(found, torch.cat([output[:, -1, :4], output[:, 0, 4:]], dim=-1))


def test_from_torch_keeps_dtype_mode_and_dropout_and_shares_nothing():
    module = nn.GRU(2, 4, num_layers=3, dropout=0.3, dtype=torch.float64)
    network = from_torch(module)
    assert network.training
    assert not from_torch(module.eval()).training
    assert [row.kind for row in network.summary_rows()] == ["GRU", "Dropout", "GRU", "Dropout", "GRU"]
    assert network.layers["dropout"].p == 0.3
    assert {p.dtype for p in network.parameters()} == {torch.float64}
    before = copy.deepcopy(network.state_dict())
    nn.init.zeros_(module.weight_ih_l0)
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)


def test_from_torch_names_what_it_cannot_convert():
    with pytest.raises(InputError, match="LSTM has proj_size=2; projections are unsupported"):
        from_torch(nn.LSTM(3, 4, proj_size=2))
    with pytest.raises(InputError, match=r"takes a torch.nn.RNN, GRU or LSTM; got Linear"):
        from_torch(nn.Linear(3, 4))


class Doubled(nn.GRU):
    """A layer that computes something else than torch's."""

    def forward(self, *arguments, **options):
        output, h = super().forward(*arguments, **options)
        return 2 * output, h


class Named(nn.GRU):
    """A layer that computes what torch's does."""


def test_from_torch_refuses_a_layer_with_a_forward_of_its_own():
    with pytest.raises(InputError, match="Doubled has a forward of its own"):
        from_torch(Doubled(3, 4))
    x, plain = torch.randn(2, 5, 3), Named(3, 4, batch_first=True)
    torch.testing.assert_close(from_torch(plain)(x), plain(x)[0])
    before = plain(x)[0]
    accelerate(plain)
    torch.testing.assert_close(from_torch(plain)(x), before)
