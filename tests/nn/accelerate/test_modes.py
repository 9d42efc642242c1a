"""Tensors of inference mode, subclasses of tensors, and modes of torch: torch's own result, or its refusal."""

import copy

import pytest
import torch
from torch import nn
from torch.masked import masked_tensor
from torch.nn.utils import prune
from torch.nn.utils._per_sample_grad import call_for_per_sample_grads
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.overrides import TorchFunctionMode
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils.flop_counter import FlopCounterMode

from recurra import accelerate

from .pairs import EACH_KIND, B, H, I, T, pair, tensors


class Named(torch.Tensor):
    """A subclass that computes what torch.Tensor computes."""


class Watched(torch.Tensor):
    """A subclass that notes which functions are called on it."""

    seen: list[str] = []  # noqa: RUF012

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.seen.append(getattr(func, "__name__", str(func)))
        return super().__torch_function__(func, types, args, kwargs or {})


def inference(make):
    with torch.inference_mode():
        return make()


def cloned(x):
    return inference(x.clone)


def packed(x, lengths=(5, 3, 1), **options):
    return pack_padded_sequence(x, list(lengths)[: x.shape[0]], batch_first=True, **options)


def states(module, make=lambda s: s):
    found = tuple(make(torch.full((1, B, H), value)) for value in (0.5, -0.25))
    return found if module.mode == "LSTM" else found[0]


def frozen(module, trained=()):
    for name, p in module.named_parameters():
        p.requires_grad_(name in trained)
    return module


def with_gradients(module, *given):
    y = module(*given)
    y[0].sum().backward()
    return y, [p.grad for p in module.parameters() if p.grad is not None]


def in_inference_mode(module):
    return inference(lambda: copy.deepcopy(module))


INFERENCE = {
    "input": lambda m, x: with_gradients(m, cloned(x)),
    "input, time first": lambda m, x: m(cloned(x.transpose(0, 1).contiguous()).transpose(0, 1)),
    "input, frozen layer": lambda m, x: frozen(m)(cloned(x)),
    "input, only weight_hh trained": lambda m, x: with_gradients(frozen(m, ["weight_hh_l0"]), cloned(x)),
    "input, only a bias trained": lambda m, x: with_gradients(frozen(m, ["bias_ih_l0"]), cloned(x)),
    "input, no_grad": lambda m, x: torch.no_grad()(m)(cloned(x)),
    "states": lambda m, x: m(x, inference(lambda: states(m))),
    "states, frozen layer": lambda m, x: frozen(m)(x.requires_grad_(), inference(lambda: states(m))),
    "packed": lambda m, x: m(inference(lambda: packed(x))),
    "packed, frozen layer": lambda m, x: frozen(m)(inference(lambda: packed(x, (3, 5, 1), enforce_sorted=False))),
    "layer": lambda m, x: in_inference_mode(m)(x),
    "layer, gradients of the input": lambda m, x: frozen(in_inference_mode(m))(x.requires_grad_()),
    "everything": lambda m, x: inference(lambda: m(x)),
    "everything made inside": lambda m, x: inference(lambda: copy.deepcopy(m)(x.clone())),
}


def per_sample_gradients(module, x):
    y, _ = call_for_per_sample_grads(module)(x)
    y.sum().backward()
    return y, [p.grad_sample for p in module.parameters()]


def called_with(module, x, wrap):
    weights = {name: wrap(p.detach()) for name, p in module.named_parameters()}
    return torch.func.functional_call(module, weights, (x,))


SUBCLASSES = {
    "input": lambda m, x: m(x.as_subclass(Named)),
    "states": lambda m, x: m(x, states(m, lambda s: s.as_subclass(Named))),
    "weights": lambda m, x: called_with(m, x, lambda w: w.as_subclass(Named)),
    "packed": lambda m, x: m(PackedSequence(x.flatten(0, 1).as_subclass(Named), torch.tensor([3] * T))),
    "its own dispatch": lambda m, x: m(TwoTensor(x, x.clone())),
    "masked": lambda m, x: m(masked_tensor(x, x > 0)),
    "nested": lambda m, x: m(torch.nested.nested_tensor([x[0], x[1, :3]])),
    "jagged": lambda m, x: m(torch.nested.nested_tensor([x[0], x[1, :3]], layout=torch.jagged)),
    "per-sample gradients": per_sample_gradients,
    "sparse": lambda m, x: m(x.to_sparse()),
    "list": lambda m, x: m(x.tolist()),
    "array": lambda m, x: m(x.numpy()),
    "array as states": lambda m, x: m(x, states(m, lambda s: s.numpy())),
    "numbers as states": lambda m, x: m(x[0], (1, 2)),
    "None as states": lambda m, x: m(x, (None, None)),
    "lengths as a list": lambda m, x: m(PackedSequence(x.flatten(0, 1), [3] * T)),
    "lengths as int32": lambda m, x: m(PackedSequence(x.flatten(0, 1), torch.tensor([3] * T, dtype=torch.int32))),
    "lengths as floats": lambda m, x: m(PackedSequence(x.flatten(0, 1), torch.tensor([3.0] * T))),
    "lengths in rows": lambda m, x: m(PackedSequence(x.flatten(0, 1), torch.tensor([[3] * T]))),
    "no lengths": lambda m, x: m(PackedSequence(x.flatten(0, 1), torch.tensor([], dtype=torch.int64))),
}


def by_flops(module, x):
    with FlopCounterMode(display=False) as counter:
        y = module(nn.Parameter(x))
    return y, torch.tensor(counter.get_total_flops())


def by_functions(module, x):
    names = []

    class Record(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            names.append(getattr(func, "__name__", str(func)))
            return func(*args, **(kwargs or {}))

    with Record():
        y = module(x)
    return y, torch.tensor([name in {"rnn_tanh", "rnn_relu", "gru", "lstm"} for name in names])


def per_sample_gradients_by_vmap(module, x):
    def loss(weights, x):
        return torch.func.functional_call(module, weights, (x[None],))[0].sum()

    weights = {name: p.detach() for name, p in module.named_parameters()}
    return list(torch.vmap(torch.func.grad(loss), (None, 0))(weights, x).values())


MODES = {
    "flops counted": by_flops,
    "functions watched": by_functions,
    "vmap": lambda m, x: torch.vmap(lambda x: m(x)[0])(x[None].expand(2, B, T, I)),
    "vmap of gradients": per_sample_gradients_by_vmap,
    "jacrev": lambda m, x: torch.func.jacrev(lambda x: m(x)[0])(x),
    "functionalize": lambda m, x: torch.func.functionalize(lambda x: m(x)[0])(x),
}


def attempt(call, module, x):
    torch.manual_seed(1)
    try:
        return call(module, x.clone())
    except Exception as error:
        return error


def assert_as_torch(kind, call):
    theirs, ours = pair(kind, batch_first=True)
    x = torch.randn(B, T, I)
    expected, found = attempt(call, theirs, x), attempt(call, ours, x)
    assert type(found) is type(expected), found
    if isinstance(expected, Exception):
        assert str(found) == str(expected)
        return
    for one, other in zip(tensors(found), tensors(expected), strict=True):
        assert type(one) is type(other)
        assert (one.requires_grad, one.is_inference()) == (other.requires_grad, other.is_inference())
        parts = ([one.a, one.b], [other.a, other.b]) if isinstance(one, TwoTensor) else (one, other)
        torch.testing.assert_close(*parts, rtol=1e-5, atol=1e-5)


@EACH_KIND
@pytest.mark.parametrize("call", INFERENCE.values(), ids=INFERENCE)
def test_tensors_of_inference_mode_are_taken_where_torch_takes_them(kind, call):
    assert_as_torch(kind, call)


def test_tensors_of_inference_mode_run_on_the_kernels_without_gradients(scans):
    _, ours = pair("gru", batch_first=True)
    x = cloned(torch.randn(B, T, I))
    for call in (INFERENCE["input, frozen layer"], INFERENCE["input, no_grad"], INFERENCE["everything"]):
        call(ours, x)
    assert len(scans) == 3


@EACH_KIND
@pytest.mark.parametrize("call", SUBCLASSES.values(), ids=SUBCLASSES)
@pytest.mark.filterwarnings("ignore:The PyTorch API of", "ignore:.*deprecated")
def test_what_is_no_plain_tensor_goes_to_torch_as_it_is(kind, call, scans):
    assert_as_torch(kind, call)
    assert not scans


@EACH_KIND
def test_a_subclass_sees_the_functions_that_torch_calls(kind):
    theirs, ours = pair(kind)
    seen = []
    for module in (theirs, ours):
        Watched.seen = []
        module(torch.zeros(T, B, I).as_subclass(Watched))
        seen.append(Watched.seen)
    assert seen[1] == seen[0]


@EACH_KIND
@pytest.mark.parametrize("call", MODES.values(), ids=MODES)
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_modes_and_transforms_see_what_torch_runs(kind, call, scans):
    assert_as_torch(kind, call)
    assert not scans


@EACH_KIND
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_default_device_changes_nothing(kind, device, scans):
    def call(module, x):
        batch = packed(x)
        with torch.device(device):
            return module(x), module(batch)

    assert_as_torch(kind, call)
    assert len(scans) == 2


@EACH_KIND
def test_pruned_weights(kind, scans):
    theirs, ours = pair(kind)
    for module in (theirs, ours):
        prune.l1_unstructured(module, "weight_hh_l0", amount=0.5)
    x = torch.randn(T, B, I)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)
    assert len(scans) == 1


def test_data_parallel_replicas_run_on_the_kernels(scans):
    model = nn.Sequential(nn.GRU(I, H))
    report = accelerate(model)
    x = torch.randn(T, B, I)
    for _ in range(3):
        replica = model[0]._replicate_for_data_parallel()
        for name, p in model[0].named_parameters():
            setattr(replica, name, p.clone())  # as torch.nn.parallel.replicate does
        replica(x)
    assert len(scans) == 3
    assert report.calls["0"].on_kernels == 3
