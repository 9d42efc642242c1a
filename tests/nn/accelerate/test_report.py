"""The report: which layers are replaced, which are left and why, and how undo() gives them back."""

import contextlib
import copy
import inspect
import pickle
import sys

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.testing._internal.two_tensor import TwoTensor

import recurra
from recurra import accelerate
from recurra.errors import InputError
from recurra.nn.accelerate.calls import Calls
from recurra.nn.backends.native import kernels

from .pairs import B, H, I, T, arguments, assert_same, on_kernels


def test_undo_gives_the_layers_back(model, scans):
    before = [(type(m), dict(vars(m))) for m in model.modules()]
    report = accelerate(model)
    for _ in range(2):
        report.undo()
        for (cls, attributes), module in zip(before, model.modules(), strict=True):
            assert type(module) is cls
            assert all(vars(module)[name] is value for name, value in attributes.items())
            assert set(vars(module)) == set(attributes)
    model(torch.randn(T, B, I))
    assert not scans
    accelerate(model)
    report.undo()  # another's work now
    on_kernels(scans, model, torch.randn(T, B, I))


def test_accelerating_twice_changes_nothing_but_gives_a_second_report(model, scans):
    first = accelerate(model)
    classes = [type(m) for m in model.modules()]
    second = accelerate(model)
    assert [type(m) for m in model.modules()] == classes
    assert second.replaced == first.replaced
    assert second.left == {}
    assert str(second) == str(first)
    on_kernels(scans, model, torch.randn(T, B, I))
    second.undo()
    assert type(model.encoder) is nn.LSTM
    first.undo()
    assert type(model.encoder) is nn.LSTM


def test_a_copy_can_be_given_back_to_torch_and_the_first_stays(model, scans):
    accelerate(model)
    other = copy.deepcopy(model)
    accelerate(other).undo()
    assert type(other.encoder) is nn.LSTM
    on_kernels(scans, model, torch.randn(T, B, I))


def test_a_layer_under_two_names_is_replaced_once():
    layer = nn.LSTM(I, H)
    layers = nn.ModuleList([layer, layer])
    report = accelerate(layers)
    assert report.replaced == {"0": nn.LSTM}
    report.undo()
    assert type(layers[1]) is nn.LSTM


class OwnForward(nn.LSTM):
    def forward(self, input, hx=None):
        return super().forward(input * 2, hx)


class OwnCheck(nn.GRU):
    def check_input(self, input, batch_sizes):
        raise RuntimeError("mine")


class OnlyNamed(nn.GRU):
    def __init__(self, units):
        super().__init__(I, units)


def with_patched_forward():
    layer = nn.GRU(I, H)
    layer.forward = lambda x: x
    return layer


def parametrized():
    return parametrizations.weight_norm(nn.GRU(I, H), "weight_hh_l0")


LEFT = {
    "projections": (lambda: nn.LSTM(I, H, proj_size=2), "proj_size=2"),
    "precision": (lambda: nn.LSTM(I, H).double(), "torch.float64 parameters on cpu"),
    "device": (lambda: nn.RNN(I, H, device="meta"), "torch.float32 parameters on meta"),
    "forward": (lambda: OwnForward(I, H), "OwnForward overrides forward"),
    "check": (lambda: OwnCheck(I, H), "OwnCheck overrides check_input"),
    "patched": (with_patched_forward, "GRU overrides forward"),
    "parametrized": (parametrized, "its weights are parametrized"),
}


@pytest.mark.parametrize(("build", "reason"), LEFT.values(), ids=LEFT)
def test_a_layer_that_cannot_be_replaced_is_left_with_the_reason(build, reason):
    layer = build()
    cls, attributes = type(layer), dict(vars(layer))
    report = accelerate(nn.Sequential(layer))
    assert report.left == {"0": reason}
    assert report.replaced == {}
    report.undo()
    assert type(layer) is cls
    assert vars(layer) == attributes


def methods_that_torch_calls(kind, form):
    """The names of the methods of a torch layer that its `forward` calls, as Python reports them."""
    layer, names = kind(I, H), set()
    functions = {
        f.__code__: name for cls in (nn.RNNBase, kind) for name, f in vars(cls).items() if inspect.isfunction(f)
    }
    (x, hx), _ = arguments(layer, form, True)

    def note(frame, event, arg):
        names.add(functions.get(frame.f_code))

    weights = {name: p.detach().clone() for name, p in layer.named_parameters()}  # so that it sees that they changed
    sys.setprofile(note)
    try:
        torch.func.functional_call(layer, weights, (x, hx))
    finally:
        sys.setprofile(None)
    return names - {None}


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_a_subclass_that_overrides_a_method_which_torch_calls_is_left(kind):
    called = methods_that_torch_calls(kind, "padded") | methods_that_torch_calls(kind, "packed unsorted")
    assert {"forward", "check_input", "get_expected_hidden_size", "permute_hidden", "flatten_parameters"} < called
    assert ("get_expected_cell_size" in called) == (kind is nn.LSTM)
    called -= {"__setattr__"}  # which sets what functional_call gives, also in an accelerated layer
    called -= {"flatten_parameters"}  # which lays the weights out for CUDA
    for name in called | {"all_weights", "__reduce__", "__reduce_ex__", "__getattr__", "__prepare_scriptable__"}:
        layer = kind(I, H)
        own = type("Own", (kind,), {name: lambda self, *args: None})
        layer.__class__ = own
        report = accelerate(nn.ModuleDict({"layer": layer}))
        assert report.left == {"layer": f"Own overrides {name}"}
        assert type(layer) is own
        patched = kind(I, H)
        vars(patched)[name] = lambda *args: None
        assert accelerate(patched).left == {"": f"{kind.__name__} overrides {name}"}


def test_a_subclass_that_does_not_flatten_its_parameters_is_replaced():
    class Quiet(nn.GRU):
        def flatten_parameters(self):
            pass

    assert accelerate(Quiet(I, H)).replaced == {"": Quiet}


def test_a_subclass_with_names_like_ours_keeps_them(scans):
    class Own(nn.GRU):
        def __init__(self):
            super().__init__(I, H)
            self.run = self._scan = self._weights = self._states = self._calls = "mine"

        def extra_repr(self):
            return "mine"

    layer = Own()
    assert accelerate(layer).replaced == {"": Own}
    layer(torch.zeros(T, B, I))
    assert len(scans) == 1
    assert layer.run == layer._scan == layer._weights == layer._states == layer._calls == layer.extra_repr() == "mine"


class NeedsOption(nn.GRU):
    def __init_subclass__(cls, option):
        super().__init_subclass__()


def test_a_class_that_cannot_have_a_subclass_is_left_and_the_rest_is_replaced():
    layers = nn.ModuleList([nn.GRU(I, H), NeedsOption(I, H), nn.LSTM(I, H)])
    report = accelerate(layers)
    assert list(report.replaced) == ["0", "2"]
    assert report.left["1"].startswith("NeedsOption cannot have a subclass: ")
    assert type(layers[1]) is NeedsOption


class NoKind(nn.RNNBase):
    def forward(self, input, hx=None):
        return input


def test_cells_and_layers_of_no_kind_are_listed():
    model = nn.ModuleDict(
        {
            "layer": nn.GRU(I, H),
            "other": NoKind("GRU", I, H),
            "cell": nn.LSTMCell(I, H),
            "plain": nn.RNNCell(I, H, nonlinearity="relu"),
            "gated": nn.GRUCell(I, H, bias=False),
        }
    )
    classes = [type(module) for module in model.values()]
    report = accelerate(model)
    one_step = "it runs one step at a time; the kernels run whole sequences"
    assert report.left == {
        "other": "NoKind is no torch.nn.RNN, GRU or LSTM",
        "cell": one_step,
        "plain": one_step,
        "gated": one_step,
    }
    assert [type(module) for module in model.values()][1:] == classes[1:]
    lines = str(report).splitlines()
    assert lines[0].startswith("accelerate: 1 of 5 recurrent layers")
    assert lines[3:] == [
        f"  cell: LSTMCell(4, 3) left as it is: {one_step}",
        f"  plain: RNNCell(4, 3, nonlinearity=relu) left as it is: {one_step}",
        f"  gated: GRUCell(4, 3, bias=False) left as it is: {one_step}",
    ]


def under_autocast(module, x):
    with torch.autocast("cpu", torch.bfloat16):
        return module(x)


FELL_BACK = {
    "autocast": under_autocast,
    "torch.float64 tensors on cpu": lambda m, x: m(x.double()),
    "an empty batch": lambda m, x: m(x[:, :0]),
    "arguments of type TwoTensor": lambda m, x: m(TwoTensor(x, x)),
    "arguments of type list": lambda m, x: m(x.tolist()),
    "arguments that do not fit the layer": lambda m, x: m(x[..., 1:]),
    "sizes for which torch is faster": lambda m, x: m(torch.zeros(1, 4, I)),
    "gradients with tensors of inference mode": lambda m, x: m(torch.inference_mode()(torch.zeros_like)(x)),
    "transforms of torch.func": lambda m, x: torch.vmap(lambda x: m(x)[0])(x[None]),
    "torch.jit.trace": lambda m, x: torch.jit.trace(m, (x,), check_trace=False),
    "sparse tensors": lambda m, x: m(x.to_sparse()),
}


@pytest.mark.parametrize(("reason", "call"), FELL_BACK.items(), ids=FELL_BACK)
@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_the_report_counts_the_calls_that_fell_back_by_reason(reason, call):
    model = nn.Sequential(nn.GRU(I, 300 if reason.startswith("sizes") else H))
    report = accelerate(model)
    for _ in range(2):
        with contextlib.suppress(Exception):  # what torch refuses is counted, too
            call(model[0], torch.randn(T, B, I))
    assert report.calls["0"] == Calls(0, {reason: 2})
    assert str(report).endswith(f"; calls: 2 in torch ({reason})")


def test_the_report_counts_the_calls_of_each_layer(model):
    report = accelerate(model)
    x = torch.randn(T, B, I)
    assert "calls" not in str(report)
    model(x)
    model(x)
    under_autocast(model.last, torch.randn(T, B, H))
    assert {name: calls.on_kernels for name, calls in report.calls.items()} == {
        "encoder": 2,
        "inner.decoder": 2,
        "last": 2,
    }
    assert str(report).splitlines()[1:] == [
        "  encoder: LSTM(4, 3, num_layers=2, bidirectional=True); calls: 2 on the kernels",
        "  inner.decoder: GRU(6, 3, bias=False); calls: 2 on the kernels",
        "  last: RNN(3, 4); calls: 2 on the kernels, 1 in torch (autocast)",
    ]
    again = accelerate(model)
    model(x)
    assert again.calls["last"].on_kernels == report.calls["last"].on_kernels == 3
    report.undo()
    model(x)
    assert report.calls["last"].on_kernels == 3


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"])
def test_a_copy_counts_its_own_calls_from_zero(copied):
    layer = nn.GRU(I, H)
    report = accelerate(layer)
    x = torch.randn(T, B, I)
    layer(x)
    other = copied(layer)
    for _ in range(2):
        other(x)
    assert report.calls[""] == Calls(1)
    assert accelerate(other).calls[""] == Calls(2)
    assert dict(layer.state_dict()).keys() == dict(nn.GRU(I, H).state_dict()).keys()


def test_without_kernels_everything_is_left(model, monkeypatch):
    monkeypatch.setattr(kernels, "MISSING", "any call, because there is no compiler")
    report = accelerate(model)
    assert set(report.left.values()) == {"recurra does not support any call, because there is no compiler"}
    assert len(report.left) == 3
    assert str(report).startswith("accelerate: 0 of 3 recurrent layers on recurra's kernels\n")


def test_a_subclass_that_computes_nothing_else_is_replaced(scans):
    theirs = OnlyNamed(H)
    ours = copy.deepcopy(theirs)
    report = accelerate(ours)
    assert report.replaced == {"": OnlyNamed}
    assert isinstance(ours, OnlyNamed)
    given, leaves = arguments(theirs, "padded", True)
    assert_same(theirs, ours, given, leaves)
    assert_same(theirs, pickle.loads(pickle.dumps(ours)), given, leaves)
    assert len(scans) == 2
    report.undo()
    assert type(ours) is OnlyNamed


def test_the_report_has_a_line_for_each_layer(model):
    model.odd = nn.LSTM(I, H, proj_size=2)
    report = accelerate(model)
    layers = [
        "  encoder: LSTM(4, 3, num_layers=2, bidirectional=True)",
        "  inner.decoder: GRU(6, 3, bias=False)",
        "  last: RNN(3, 4)",
        "  odd: LSTM(4, 3, proj_size=2) left as it is: proj_size=2",
    ]
    head = f"accelerate: 3 of 4 recurrent layers on recurra's kernels ({kernels.isa()})"
    assert str(report).splitlines() == [head, *layers]
    assert repr(report) == str(report)
    report.undo()
    assert str(report).splitlines() == [f"{head}, undone", *layers]


def test_the_report_of_a_single_layer_and_of_none():
    assert "  (the model itself): GRU(4, 3)" in str(accelerate(nn.GRU(I, H))).splitlines()
    assert str(accelerate(nn.Linear(2, 2))) == "accelerate: there is no torch.nn.RNN, GRU or LSTM in this model"


def test_only_a_module_can_be_accelerated():
    with pytest.raises(InputError, match=r"accelerate takes a torch.nn.Module; got dict"):
        accelerate({})


def test_the_public_name_is_the_function():
    assert recurra.accelerate is recurra.nn.accelerate is accelerate
    assert accelerate.__module__ == "recurra.nn.accelerate.report"
