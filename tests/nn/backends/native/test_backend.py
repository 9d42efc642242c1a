"""What the native backend computes with the kernels, and what it leaves to other backends, with the reason."""

import warnings

import pytest
import torch
from torch.testing._internal.two_tensor import TwoTensor

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, SimpleRNN
from recurra.nn.backends import Call
from recurra.nn.scan import choose_backend

from .calls import CELLS, EACH_CELL, LAYERS, call, problem, python

SUPPORTED = [
    *LAYERS.values(),
    lambda *sizes, **options: GRU(*sizes, bias=False, **options),
    lambda *sizes, **options: LSTM(*sizes, go_backwards=True, stateful=True, **options),
    lambda *sizes, **options: LSTM(*sizes, unit_forget_bias=False, return_state=True, **options),
    lambda *sizes, **options: GRU(*sizes, dropout=0.5, return_sequences=True, **options),
    lambda *sizes, **options: GRU(*sizes, bidirectional=True, return_sequences=True, **options),
    lambda *sizes, **options: LSTM(*sizes, recurrent_dropout=0.5, **options).eval(),
]


@pytest.mark.parametrize("make", SUPPORTED, ids=lambda make: repr(make(2, 3)) if callable(make) else str(make))
@pytest.mark.parametrize("masked", [False, True])
def test_every_option_it_has_runs_on_the_kernels(make, masked, kernel_calls):
    layer = make(3, 5, backend="native")
    mask = torch.ones(2, 4, dtype=torch.bool) if masked else None
    outputs = layer(torch.randn(2, 4, 3), mask=mask)
    (outputs[0] if isinstance(outputs, tuple) else outputs).sum().backward()
    directions = 2 if layer.bidirectional else 1
    assert kernel_calls == ["forward"] * directions + ["backward"] * directions


UNSUPPORTED = {  # a layer that it cannot run, who runs it under "auto", and how the reason is named
    "float64": (lambda **o: GRU(3, 5, **o).double(), "torch", r"torch\.float64 tensors on cpu"),
    "half": (lambda **o: GRU(3, 5, **o).bfloat16(), "torch", r"torch\.bfloat16 tensors on cpu"),
    "activation": (lambda **o: SimpleRNN(3, 5, activation="linear", **o), "reference", "activation 'linear'"),
    "gate": (
        lambda **o: LSTM(3, 5, recurrent_activation="hard_sigmoid", **o),
        "reference",
        "recurrent_activation 'hard_sigmoid'",
    ),
    "reset": (lambda **o: GRU(3, 5, reset_after=False, **o), "reference", "reset_after=False"),
    "dropout": (lambda **o: LSTM(3, 5, recurrent_dropout=0.5, **o), "reference", "recurrent dropout"),
}


@pytest.mark.parametrize(("make", "other", "reason"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_it_cannot_do_another_backend_does_and_insisting_names_it(make, other, reason, kernel_calls):
    x = torch.randn(2, 4, 3)
    layer = make()
    x = x.to(layer.weight_ih.dtype)
    twin = make(backend=other)
    twin.load_state_dict(layer.state_dict())
    torch.manual_seed(5)
    found = layer(x)
    torch.manual_seed(5)
    torch.testing.assert_close(found, twin(x), rtol=0, atol=0)
    layer.backend = "native"
    with pytest.raises(InputError, match=f'backend="native" does not support {reason}; use backend="auto"'):
        layer(x)
    assert kernel_calls == []


def under_autocast(layer, x):
    with torch.autocast("cpu", torch.bfloat16):
        return layer(x)


def under_func_grad(layer, x):
    parameters = {name: p.detach() for name, p in layer.named_parameters()}
    return torch.func.grad(lambda p: torch.func.functional_call(layer, p, x).sum())(parameters)["weight_hh"]


def under_vmap(layer, x):
    return torch.func.vmap(layer)(x[None])


def under_forward_derivative(layer, x):
    return torch.func.jvp(layer, (x,), (torch.ones_like(x),))[1]


def under_dual_numbers(layer, x):
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, torch.ones_like(x))
        return torch.autograd.forward_ad.unpack_dual(layer(dual)).tangent


def under_jit_trace(layer, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(layer, x, check_trace=False)(x)


AROUND = {
    "autocast": (under_autocast, "autocast"),
    "grad": (under_func_grad, r"transforms of torch\.func"),
    "vmap": (under_vmap, r"transforms of torch\.func"),
    "jvp": (under_forward_derivative, r"transforms of torch\.func"),
    "dual numbers": (under_dual_numbers, r"transforms of torch\.func"),
    "jit.trace": (under_jit_trace, r"torch\.jit\.trace"),
}


@EACH_CELL
@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, for its derivatives
@pytest.mark.parametrize(("run", "reason"), AROUND.values(), ids=AROUND)
def test_where_it_cannot_run_another_backend_does_and_insisting_names_it(cell, run, reason, kernel_calls):
    layer = LAYERS[cell](3, 5).requires_grad_(False)
    x = torch.randn(2, 4, 3)
    found = run(layer, x)
    layer.backend = "reference"
    # torch's operators round otherwise under autocast
    atol = 2e-2 if run is under_autocast else 1e-5
    torch.testing.assert_close(found, run(layer, x), rtol=atol, atol=atol)
    layer.backend = "native"
    with pytest.raises(InputError, match=f'backend="native" does not support {reason}; use backend="auto"'):
        run(layer, x)
    assert kernel_calls == []


def test_a_tensor_of_another_device_or_layout_is_named():
    x, w = torch.zeros(2, 4, 3), {"weight_ih": torch.zeros(5, 3), "weight_hh": torch.zeros(5, 5)}
    for other, reason in ((x.to("meta"), "torch.float32 tensors on meta"), (x.to_sparse(), "sparse tensors")):
        with pytest.raises(InputError, match=f'backend="native" does not support {reason}'):
            choose_backend(Call(CELLS["tanh"], 5, w, other), "native")


WITHOUT_KERNELS = """
import sys
sys.modules["recurra.nn.backends.native._kernels"] = None
from recurra.errors import InputError
from recurra.nn import GRU, LSTM, SimpleRNN
from recurra.nn.backends.native import kernels
assert kernels.isa() is None
x, mask = torch.randn(2, 4, 3), torch.tensor([[True] * 4, [True, False, True, False]])
for layer in (
    SimpleRNN(3, 5), GRU(3, 5, bidirectional=True), LSTM(3, 5, return_sequences=True), GRU(3, 5, reset_after=False),
    LSTM(3, 5, layer_norm=True)
):
    found = [layer(x), layer(x, mask=mask)]
    sum(y.sum() for y in found).backward()
    layer.backend = "reference"
    torch.testing.assert_close(found, [layer(x), layer(x, mask=mask)], rtol=1e-5, atol=1e-6)
layer = LSTM(3, 5)
compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
torch.testing.assert_close(compiled(x), layer(x), rtol=1e-5, atol=1e-6)
try:
    LSTM(3, 5, backend="native")(x)
except InputError as error:
    print(error)
"""


@pytest.mark.slow
def test_without_the_kernels_everything_else_works_and_insisting_names_the_mend():
    done = python(WITHOUT_KERNELS)
    assert done.returncode == 0, done.stderr
    (message,) = done.stdout.splitlines()
    assert message.startswith('backend="native" does not support any call, because its kernels are missing')
    assert "install recurra from a wheel" in message
    assert "C++ compiler" in message


@EACH_CELL
@pytest.mark.parametrize("name", ["weight_ih", "weight_hh", "bias_ih", "h0"])
def test_a_subclass_among_the_weights_or_states_is_not_read_as_memory(cell, name):
    leaves = problem(cell, 3, 4, 5, 6)
    expected = call(cell, "auto", leaves)
    wrapped = TwoTensor(leaves[name], leaves[name].clone())
    with torch.no_grad():
        found = call(cell, "auto", {**leaves, name: wrapped})
    torch.testing.assert_close(found["y"].a, expected["y"])
