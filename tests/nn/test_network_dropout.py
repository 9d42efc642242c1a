"""The Dropout behind a recurrent layer in a network: done by the layer where nobody sees the difference."""

import pytest
import torch
from torch import nn

from recurra.nn import GRU, LSTM, Dense, Embedding, Network, build_network, trace
from recurra.nn.backends.native import kernels

needs_kernels = pytest.mark.skipif(kernels.MISSING is not None, reason="the kernels are missing")
UNMASKED = torch.tensor([[True] * 6, [False, True, True, False, True, False], [False] * 6])


def two_layers(**options):
    torch.manual_seed(0)
    return build_network(encoder=None, input_size=2, cell="gru", units=[6, 5], outputs=3, dropout=0.4, **options)


@pytest.fixture
def drops(monkeypatch):
    """How each dropout was done, in order: the rate inside of a kernel, or "torch"."""
    seen = []
    forward, dropout = kernels.extension.forward, nn.functional.dropout

    def spy_on_kernel(*args):
        seen.extend([args[8]] if args[8] else [])
        return forward(*args)

    def spy_on_torch(x, p=0.5, training=True, inplace=False):
        seen.extend(["torch"] if training and p else [])
        return dropout(x, p, training, inplace)

    monkeypatch.setattr(kernels.extension, "forward", spy_on_kernel)
    monkeypatch.setattr(nn.functional, "dropout", spy_on_torch)
    return seen


@needs_kernels
def test_the_layers_of_a_network_drop_their_outputs_in_training_only(drops):
    network, x = two_layers(return_sequences=True), torch.randn(4, 7, 2)
    first, second = network(x), network(x)
    assert drops == [0.4] * 4
    assert not torch.equal(first, second)
    assert torch.equal(network.eval()(x), network(x))
    assert len(drops) == 4
    torch.manual_seed(1)
    again = [network.train()(x)]
    torch.manual_seed(1)
    assert torch.equal(network(x), again[0])


@needs_kernels
def test_a_network_may_drop_outputs_outside_of_training_and_the_other_way_round(drops):
    network, x = two_layers(return_sequences=True).eval(), torch.randn(4, 7, 2)
    network.layers["dropout"].train()
    assert not torch.equal(network(x), network(x))
    network.train()
    network.layers["dropout"].eval()
    network.layers["dropout_1"].p = 0.0
    assert torch.equal(network(x), network(x))
    assert drops == [0.4] * 2


def watch(network, name):
    """Let a hook see what goes into a module and out of it."""
    seen = []
    handle = network.layers[name].register_forward_hook(lambda _, args, output: seen.append((args[0], output)))
    return seen, handle


@needs_kernels
def test_hooks_see_what_they_saw_before(drops):
    network, x = two_layers(return_sequences=True), torch.randn(4, 7, 2)
    seen, handle = watch(network, "dropout")
    network(x)
    ((before, after),) = seen
    assert ((after == 0) & (before != 0)).any()
    torch.testing.assert_close(after[after != 0], before[after != 0] / 0.6)
    handle.remove()
    seen, handle = watch(network, "gru")
    network(x)
    assert (seen[0][1] != 0).all()
    handle.remove()
    assert drops == ["torch", 0.4] * 2
    handle = nn.modules.module.register_module_forward_hook(lambda *_: None)
    network(x)
    handle.remove()
    network(x)
    assert drops[4:] == ["torch", "torch", 0.4, 0.4]


@needs_kernels
def test_a_trace_shows_whole_outputs_of_the_layer_and_dropped_ones_behind_it():
    seen = trace(two_layers(return_sequences=True), torch.randn(4, 7, 2))
    assert (seen["gru"]["output"] != 0).all()
    assert (seen["dropout"]["output"] == 0).any()


class Halved(nn.Dropout):
    def forward(self, x):
        return x / 2


class Doubled(GRU):
    def forward(self, x, initial_state=None, mask=None, *, return_state=None):
        return 2 * super().forward(x, initial_state, mask, return_state=return_state)


def test_modules_of_others_are_called_as_they_are():
    x = torch.randn(4, 7, 2)
    layer = GRU(2, 5, return_sequences=True)
    assert torch.equal(Network([layer, Halved(0.5)])(x), layer(x) / 2)
    network = Network([Doubled(2, 5, return_sequences=True), nn.Dropout(0.5)])
    assert (network(x) == 0).any()


def test_one_dropout_may_stand_in_several_places():
    layer, dropout = GRU(2, 5, return_sequences=True), nn.Dropout(0.5)
    x = torch.randn(40, 7, 2)
    y = Network([layer, dropout, dropout, Dense(5, 50, bias=False), dropout])(x)
    dropped = (y == 0).double().mean()
    assert dropped == pytest.approx(0.5 + 0.5 * 0.75**5, abs=0.05)  # or all five features of a step were dropped


def test_a_dropout_of_everything_is_torchs():
    network = Network([GRU(2, 5, return_sequences=True), nn.Dropout(1.0)])
    assert network(torch.randn(4, 7, 2)).count_nonzero() == 0


@pytest.mark.parametrize("mask", [None, UNMASKED], ids=["whole", "masked"])
@pytest.mark.parametrize(
    "options", [{}, {"bidirectional": True}, {"go_backwards": True}, {"return_sequences": False}], ids=str
)
@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_what_is_kept_is_the_output_divided_and_states_stay_whole(backend, options, mask):
    layer = LSTM(2, 50, backend=backend, **{"return_sequences": True} | options)
    network, x = Network([layer, nn.Dropout(0.4)]), torch.randn(3, 6, 2)
    found, states = network(x, mask=mask, state=None)
    whole, *last = layer(x, mask=mask, return_state=True)
    assert all(torch.equal(a, b) for a, b in zip(states, last, strict=True))
    torch.testing.assert_close(found, torch.where(found != 0, whole / 0.6, 0.0))
    assert (found[whole != 0] == 0).double().mean() == pytest.approx(0.4, abs=0.1)


def test_the_other_backends_draw_torchs_numbers():
    layer, x = GRU(2, 5, return_sequences=True, backend="reference"), torch.randn(3, 6, 2)
    torch.manual_seed(2)
    found = Network([layer, nn.Dropout(0.4)])(x)
    torch.manual_seed(2)
    assert torch.equal(found, nn.functional.dropout(layer(x), 0.4))


def test_a_stateful_layer_carries_a_whole_state():
    layer, x = GRU(2, 5, return_sequences=True, stateful=True), torch.randn(3, 6, 2)
    Network([layer, nn.Dropout(0.9)])(x)
    after_dropout = layer(x)
    layer.reset_state()
    layer(x)
    assert torch.equal(after_dropout, layer(x))


def test_padding_is_dropped_like_anything_else():
    network = Network([Embedding(9, 4, mask_zero=True), GRU(4, 50, return_sequences=True), nn.Dropout(0.5)])
    y = network(torch.tensor([[0, 3, 1, 0, 0]]))
    assert y[0, 0].count_nonzero() == 0
    assert not torch.equal(y[0, 2] == 0, y[0, 3] == 0)  # the masked step repeats the output, not what was kept of it


@needs_kernels
def test_what_records_a_network_records_torchs_dropout(drops, fresh_compiler):
    network, x = two_layers(return_sequences=True), torch.randn(4, 7, 2)
    compiled = torch.compile(network, backend="aot_eager", fullgraph=True)
    assert not torch.equal(compiled(x), compiled(x))
    exported = torch.export.export(network, (x,)).module()
    assert not torch.equal(exported(x), exported(x))
    assert not {0.4} & set(drops)
