"""Calls that the kernels do not support are torch's own, and wrong ones are refused in torch's words."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.utils._python_dispatch import TorchDispatchMode

from recurra import accelerate
from recurra.errors import InputError
from recurra.nn.backends.native import kernels

from .pairs import EACH_KIND, B, H, I, T, pair

WRONG = {
    "features": lambda: (torch.zeros(T, B, I + 1), None),
    "dimensions": lambda: (torch.zeros(T, B, I, 1), None),
    "one dimension": lambda: (torch.zeros(I), None),
    "no steps": lambda: (torch.zeros(0, B, I), None),
    "dtype": lambda: (torch.zeros(T, B, I, dtype=torch.float64), None),
    "state's batch": lambda: (torch.zeros(T, B, I), torch.zeros(1, B + 1, H)),
    "state's layers": lambda: (torch.zeros(T, B, I), torch.zeros(2, B, H)),
    "state's units": lambda: (torch.zeros(T, B, I), torch.zeros(1, B, H + 1)),
    "state's dimensions": lambda: (torch.zeros(T, B, I), torch.zeros(B, H)),
    "state's dtype": lambda: (torch.zeros(T, B, I), torch.zeros(1, B, H, dtype=torch.float64)),
    "state of a batch for one": lambda: (torch.zeros(T, I), torch.zeros(1, 1, H)),
    "packed features": lambda: (PackedSequence(torch.zeros(5, I + 1), torch.tensor([3, 2])), None),
    "packed dimensions": lambda: (PackedSequence(torch.zeros(5, I, 1), torch.tensor([3, 2])), None),
    "packed sizes that grow": lambda: (PackedSequence(torch.zeros(6, I), torch.tensor([3, 1, 2])), None),
    "packed sizes below zero": lambda: (PackedSequence(torch.zeros(5, I), torch.tensor([4, 2, -1])), None),
    "packed sizes too large": lambda: (PackedSequence(torch.zeros(5, I), torch.tensor([3, 3])), None),
    "packed state": lambda: (PackedSequence(torch.zeros(5, I), torch.tensor([3, 2])), torch.zeros(1, B + 1, H)),
    "no tensor": lambda: ([[0.0] * I], None),
}


@EACH_KIND
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_torch_refuses_is_refused_in_the_same_words(kind, wrong, scans):
    theirs, ours = pair(kind)
    x, h = wrong()
    given = (x, (h, h) if kind == "lstm" and h is not None else h)
    with pytest.raises((ValueError, RuntimeError, AttributeError)) as expected:
        theirs(*given)
    with pytest.raises(expected.type) as found:
        ours(*given)
    assert str(found.value) == str(expected.value)
    assert not scans


@pytest.mark.parametrize("hx", [torch.zeros(1, B, H), (torch.zeros(1, B, H),), (torch.zeros(1, B, H),) * 3])
def test_an_lstm_wants_two_states(hx, scans):
    theirs, ours = pair("lstm")
    with pytest.raises((IndexError, RuntimeError)) as expected:
        theirs(torch.zeros(T, B, I), hx)
    with pytest.raises(expected.type) as found:
        ours(torch.zeros(T, B, I), hx)
    assert str(found.value) == str(expected.value)
    assert not scans


@EACH_KIND
@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"])
def test_weights_of_another_shape_are_refused(kind, name):
    _, ours = pair(kind)
    setattr(ours, name, nn.Parameter(torch.zeros(7, 7)))
    with pytest.raises(InputError, match=r"shapes? .*\(7, 7\).*expected"):
        ours(torch.zeros(T, B, I))


@EACH_KIND
@pytest.mark.parametrize("shape", [(7,), (4, 3, 3), (3, 5)], ids=str)
def test_a_state_matrix_that_is_none_of_this_layer_is_refused(kind, shape):
    _, ours = pair(kind)
    ours.weight_hh_l0 = nn.Parameter(torch.zeros(shape))
    with pytest.raises(InputError, match=r"weight_hh has shape .* expected 3 columns for 3 units"):
        ours(torch.zeros(T, B, I))


@pytest.mark.parametrize(("layer", "shape"), [(nn.GRU, (1, 4, 300)), (nn.LSTM, (9, 2, 400))])
def test_what_torch_does_faster_is_left_to_torch(layer, shape, scans):
    steps, batch, hidden = shape
    module = layer(5, hidden)
    accelerate(module)
    module(torch.zeros(steps, batch, 5))
    module(pack_padded_sequence(torch.zeros(steps, batch, 5), [steps] * batch))
    assert not scans


@pytest.mark.parametrize(
    ("options", "on_kernels"),
    [({}, True), ({"num_layers": 2}, False), ({"num_layers": 2, "bidirectional": True}, False)],
    ids=str,
)
def test_the_layer_with_most_inputs_decides_whether_torch_is_faster(options, on_kernels, scans):
    module = nn.GRU(5, 200, **options)
    accelerate(module)
    module(torch.zeros(1, 4, 5))
    assert bool(scans) == on_kernels


def test_both_directions_of_a_layer_are_the_inputs_of_the_next(scans):
    for bidirectional in (False, True):
        module = nn.GRU(5, 160, num_layers=2, bidirectional=bidirectional)
        accelerate(module)
        module(torch.zeros(1, 4, 5))
        assert len(scans) == 2  # of the layers in one direction


def test_a_weight_that_is_none_is_refused(scans):
    _, ours = pair("gru")
    ours.bias_hh_l0 = None
    with pytest.raises(TypeError):
        ours(torch.zeros(T, B, I))
    assert not scans


class Wrapped(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


def by_autocast(module, x):
    with torch.autocast("cpu", torch.bfloat16):
        return module(x)[0]


def by_jvp(module, x):
    return torch.func.jvp(lambda x: module(x)[0], (x,), (torch.ones_like(x),))[1]


def by_dispatch(module, x):
    names = []

    class Record(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            names.append(str(func))
            return func(*args, **(kwargs or {}))

    with Record():
        y = module(x)[0]
    assert any(name.startswith("aten.") for name in names)
    return y


CALLS = {
    "autocast": by_autocast,
    "float64": lambda module, x: module.double()(x.double())[0],
    "bfloat16": lambda module, x: module.bfloat16()(x.bfloat16())[0],
    "float16": lambda module, x: module.half()(x.half())[0],
    "torch.func.grad": lambda module, x: torch.func.grad(lambda x: module(x)[0].sum())(x),
    "torch.func.jvp": by_jvp,
    "torch.jit.trace": lambda module, x: torch.jit.trace(module, (x,), check_trace=False)(x)[0],
    "torch.jit.script": lambda module, x: torch.jit.script(Wrapped(module))(x),
    "operators watched": by_dispatch,
    "empty batch": lambda module, x: module(x[:, :0])[0],
}


@EACH_KIND
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.filterwarnings("ignore:`torch.jit", "ignore::torch.jit.TracerWarning")
def test_calls_that_the_kernels_cannot_do_are_torchs_own(kind, call, scans):
    theirs, ours = pair(kind)
    x = torch.randn(T, B, I)
    try:
        expected = call(theirs, x)
    except RuntimeError as error:  # oneDNN's LSTM lacks bfloat16 on some processors, and forward differentiation
        with pytest.raises(type(error)):
            call(ours, x)
    else:
        torch.testing.assert_close(call(ours, x), expected, rtol=0, atol=0)
    assert not scans


def test_a_meta_device_is_torchs_own(scans):
    _, ours = pair("lstm")
    y, (h, _) = ours.to("meta")(torch.empty(T, B, I, device="meta"))
    assert (y.shape, h.shape, y.device.type) == ((T, B, H), (1, B, H), "meta")
    assert not scans


def test_kernels_that_have_gone_are_done_without(monkeypatch, scans):
    theirs, ours = pair("gru")
    monkeypatch.setattr(kernels, "MISSING", "anything")
    x = torch.randn(T, B, I)
    torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=0)
    assert not scans
