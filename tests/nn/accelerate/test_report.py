"""The report: which layers are replaced, which are left and why, and how undo() gives them back."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import recurra
from recurra import accelerate
from recurra.errors import InputError
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


@pytest.mark.parametrize(
    "name",
    [
        "forward",
        "check_input",
        "check_forward_args",
        "check_hidden_size",
        "get_expected_hidden_size",
        "permute_hidden",
        "__reduce__",
        "__reduce_ex__",
    ],
)
def test_a_subclass_that_overrides_a_method_of_the_computation_is_left(name):
    own = type("Own", (nn.GRU,), {name: lambda self, *args: None})
    report = accelerate(nn.ModuleDict({"layer": own(I, H)}))
    assert report.left == {"layer": f"Own overrides {name}"}


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
