"""torch's private names: they stand in one module, and without any one of them everything still works."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad

import recurra
from recurra.nn import GRU, LSTM, SimpleRNN, accelerate, torch_internals
from recurra.nn.backends.native import autograd
from recurra.nn.layers import RecurrentLayer

from .each_layer import EACH_LAYER

B, T, I, H = 2, 5, 3, 4
LOOKED_UP = [
    "_get_tracing_state",
    "_are_functorch_transforms_active",
    "_len_torch_dispatch_stack",
    "_is_legacy_batchedtensor",
]


def lack(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let torch be one that lacks this private name, as far as recurra sees it."""
    if name in LOOKED_UP:  # torch itself needs most of them
        assert getattr(torch_internals, name) is not None
        monkeypatch.setattr(torch_internals, name, None)
    elif name == "_current_level":
        monkeypatch.delattr(forward_ad, name)
    else:
        assert name == "apply"
        monkeypatch.setattr(autograd, "_apply", autograd._Scan.apply)


EACH_NAME = pytest.mark.parametrize("name", [*LOOKED_UP, "_current_level", "apply"])


def results(layer: RecurrentLayer, x: torch.Tensor, mask: torch.Tensor | None) -> list[torch.Tensor]:
    x = x.clone().requires_grad_()
    output, *states = layer(x, mask=mask)
    loss = output.square().sum() + sum(s.sum() for s in states)
    (first,) = torch.autograd.grad(loss, x, create_graph=True)
    second = torch.autograd.grad(first.square().sum(), list(layer.parameters()), retain_graph=True)
    many = torch.autograd.grad(output, x, torch.stack([torch.ones_like(output)] * 2), is_grads_batched=True)
    return [t.detach() for t in (output, *states, first, *second, *many)]


@EACH_NAME
@pytest.mark.parametrize("make", [SimpleRNN, GRU, LSTM])
@pytest.mark.parametrize("mask", [None, torch.tensor([[True] * 5, [True, False, True, True, False]])], ids=["", "mask"])
def test_layers_work_without_a_private_name(name, make, mask, monkeypatch):
    layer, x = make(I, H, return_sequences=True, return_state=True), torch.randn(B, T, I)
    expected = results(layer, x, mask)
    lack(monkeypatch, name)
    torch.testing.assert_close(results(layer, x, mask), expected, rtol=1e-4, atol=1e-5)


@EACH_NAME
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_accelerated_layers_work_without_a_private_name(name, kind, monkeypatch):
    module, x = kind(I, H, 2, bidirectional=True), torch.randn(T, B, I)
    expected = module(x)[0]
    lack(monkeypatch, name)
    accelerate(module)
    torch.testing.assert_close(module(x)[0], expected, rtol=1e-5, atol=1e-6)


@EACH_NAME
def test_steppers_and_transforms_work_without_a_private_name(name, monkeypatch):
    layer, x = LSTM(I, H), torch.randn(B, T, I)
    expected = layer(x)
    lack(monkeypatch, name)
    stepper = layer.stepper()
    for x_t in x[0]:
        h = stepper(x_t)
    torch.testing.assert_close(h, expected[0], rtol=1e-5, atol=1e-6)
    batched = torch.vmap(lambda one: layer(one[None])[0])(x)
    torch.testing.assert_close(batched, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_accelerated_layers_work_without_torchs_list_of_the_names_of_weights(kind):
    module, x = kind(I, H, 2, bidirectional=True), torch.randn(T, B, I)
    expected = module(x)[0]
    accelerate(module)
    del module._flat_weights_names
    torch.testing.assert_close(module(x)[0], expected, rtol=1e-5, atol=1e-6)


@EACH_LAYER
def test_layers_work_without_the_dictionary_of_their_parameters(make, monkeypatch):
    layer, x = make(I, H), torch.randn(B, T, I)
    expected = layer(x)
    monkeypatch.setattr(torch_internals, "parameters_of", lambda module: {})
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("lacking", [(), ("_flat_weights_names",), ("_flat_weights_names", "_flat_weights")])
@pytest.mark.parametrize("bias", [True, False])
def test_the_weights_of_torchs_layers_are_found_without_its_private_lists(lacking, bias):
    module = nn.LSTM(I, H, 2, bidirectional=True, bias=bias)
    expected = list(module.parameters())
    for name in lacking:
        delattr(module, name)
    found = torch_internals.flat_weights(module)
    assert len(found) == len(expected)
    assert all(one is other for one, other in zip(found, expected, strict=True))


IMPORTED = [
    "torch._C._functorch.is_legacy_batchedtensor",
    "torch._C._dynamo.eval_frame.set_code_exec_strategy",
    "torch.Tensor.__dlpack_c_exchange_api__",
]


def test_a_function_without_the_class_that_torch_derives_it_from_has_its_own_apply(monkeypatch):
    class Without:
        pass

    class Mine(Without):
        apply = "its own"

    monkeypatch.setattr(torch.autograd, "Function", Without)
    assert torch_internals.apply_of(Mine) == "its own"


@pytest.mark.parametrize(
    "lacking",
    [", ".join(IMPORTED), *(pytest.param(name, marks=pytest.mark.slow) for name in IMPORTED)],
)
def test_the_package_is_imported_and_works_with_a_torch_that_lacks_names(lacking):
    code = f"""
import torch
del {lacking}
import recurra.nn
print(recurra.nn.GRU(3, 4)(torch.zeros(2, 5, 3)).shape)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "torch.Size([2, 4])\n", done.stderr


PRIVATE = {
    "_parameters",
    "_C",
    "forward_ad",
    "_dynamo",
    "_flat_weights",
    "_flat_weights_names",
    "_update_flat_weights",
    "_VF",
}


def private_names(source: str) -> set[str]:
    """The private names of torch that a module reads."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in PRIVATE:
            found.add(node.attr)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch"):
            found |= {part for part in (node.module or "").split(".") if part.startswith("_")}
            found |= {alias.name for alias in node.names if alias.name in PRIVATE or alias.name.startswith("_")}
    return found


def test_no_other_module_reads_a_private_name_of_torch():
    root = Path(recurra.__file__).parent
    found = {path.relative_to(root).as_posix(): private_names(path.read_text()) for path in root.rglob("*.py")}
    assert {path for path, names in found.items() if names} == {"nn/torch_internals.py"}


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (lambda f: f(), [None]),
        (lambda f: torch.compile(f, backend="eager")(), [torch_internals.COMPILER]),
        (lambda f: torch.jit.trace(lambda x: (f(), x)[1], torch.zeros(1), check_trace=False), [torch_internals.TRACER]),
        (lambda f: torch.func.vmap(lambda x: (f(), x)[1])(torch.zeros(1)), [None]),
    ],
    ids=["eager", "compile", "trace", "vmap"],
)
@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_one_function_says_who_records(what, expected):
    seen = []
    what(lambda: seen.append(torch_internals.recorder()))
    assert seen == expected


def test_fake_tensors_are_a_dispatch_mode():
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        assert torch_internals.recorder() == torch_internals.MODE
    assert torch_internals.recorder() is None
