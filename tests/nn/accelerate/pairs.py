"""A torch layer and its accelerated copy: what to call both with, and the comparison of what they return."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from recurra import accelerate

B, T, I, H = 3, 5, 4, 3
KINDS = {
    "tanh": (nn.RNN, {}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "gru": (nn.GRU, {}),
    "lstm": (nn.LSTM, {}),
}
FORMS = ("padded", "unbatched", "packed", "packed unsorted")
EACH_KIND = pytest.mark.parametrize("kind", KINDS)
EACH_FORM = pytest.mark.parametrize("form", FORMS)


def pair(kind, sizes=(I, H), **options):
    """A torch layer, and a copy of it that is accelerated."""
    cls, own = KINDS[kind]
    theirs = cls(*sizes, **own, **options)
    ours = copy.deepcopy(theirs)
    accelerate(ours)
    return theirs, ours


def leaf(*shape):
    return torch.randn(shape, requires_grad=True)


def arguments(module, form, with_state, *, batch=B, steps=T, lengths=None):
    """What to call a layer with, and the leaves that it is made of."""
    if form == "unbatched":
        x = leaf(steps, module.input_size)
    else:
        x = leaf(*((batch, steps) if module.batch_first else (steps, batch)), module.input_size)
    leaves, hx = [x], None
    if with_state:
        rows = module.num_layers * (2 if module.bidirectional else 1)
        shape = (rows, module.hidden_size) if form == "unbatched" else (rows, batch, module.hidden_size)
        leaves += [leaf(*shape) for _ in range(2 if module.mode == "LSTM" else 1)]
        hx = tuple(leaves[1:]) if module.mode == "LSTM" else leaves[1]
    if form.startswith("packed"):
        lengths = lengths or [2, steps, *[1] * (batch - 2)][:batch]
        if form == "packed":
            lengths = sorted(lengths, reverse=True)
        x = pack_padded_sequence(x, lengths, module.batch_first, enforce_sorted=form == "packed")
    return (x, hx), leaves


def tensors(found):
    """All tensors of an output, however it is nested."""
    return [found] if torch.is_tensor(found) else [t for part in found if part is not None for t in tensors(part)]


def gradients(found, leaves):
    loss = sum((y * torch.linspace(-1, 2, y.numel()).view_as(y)).sum() for y in tensors(found) if y.requires_grad)
    return torch.autograd.grad(loss, leaves, retain_graph=True)  # what packs is of both graphs


def assert_same(theirs, ours, given, leaves, seed=0):
    torch.manual_seed(seed)
    expected = theirs(*given)
    after = torch.get_rng_state()
    torch.manual_seed(seed)
    found = ours(*given)
    assert torch.equal(torch.get_rng_state(), after)
    assert type(found[0]) is type(expected[0])
    assert type(found[1]) is type(expected[1])
    torch.testing.assert_close(tensors(found), tensors(expected), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        gradients(found, [*leaves, *ours.parameters()]),
        gradients(expected, [*leaves, *theirs.parameters()]),
        rtol=1e-5,
        atol=1e-5,
    )
    return found


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(I, H, num_layers=2, bidirectional=True)
        self.inner = nn.ModuleDict({"decoder": nn.GRU(2 * H, H, bias=False)})
        self.last = nn.RNN(H, I, nonlinearity="relu")
        self.head = nn.Linear(I, 2)

    def forward(self, x):
        return self.head(self.last(self.inner["decoder"](self.encoder(x)[0])[0])[0])


def on_kernels(scans, module, x):
    """What a module gives; all its scans have to be on the kernels."""
    scans.clear()
    found = module(x)
    assert len(scans) == 6
    return found
