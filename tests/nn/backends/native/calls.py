"""Random calls of every cell, and what a backend gives for them: outputs and gradients by name."""

import functools
import os
import subprocess
import sys

import pytest
import torch

from recurra.nn import GRU, LSTM, SimpleRNN
from recurra.nn.backends import Call
from recurra.nn.backends.native import kernels
from recurra.nn.backends.native.kernels import Weights
from recurra.nn.scan import scan

CELLS = {name.removeprefix("rnn_"): cell for name, cell in kernels.CELLS.items()}
PLAIN = {
    "tanh": SimpleRNN,
    "relu": lambda *sizes, **options: SimpleRNN(*sizes, activation="relu", **options),
    "gru": GRU,
    "lstm": LSTM,
}
LAYERS = PLAIN | {f"{name}_norm": functools.partial(make, layer_norm=True) for name, make in PLAIN.items()}
RELU = ("relu", "relu_norm")  # a sum that is 0 but for rounding has one slope or the other
EACH_CELL = pytest.mark.parametrize("cell", CELLS)
EACH_PLAIN_CELL = pytest.mark.parametrize("cell", PLAIN)
EACH_NORMALIZED_CELL = pytest.mark.parametrize("cell", [cell for cell in CELLS if cell not in PLAIN])


def problem(cell, B, T, I, H, seed=0):
    """Leaves by name, weights as torch.nn draws them, gains that leave the state no chaos, the rest normal."""
    random = torch.Generator().manual_seed(seed)
    rows = CELLS[cell].parameters(I, H)["weight_ih"].shape[0]
    leaves = {"x": torch.randn(B, T, I, generator=random), "h0": torch.randn(B, H, generator=random)}
    if len(CELLS[cell].states) == 2:
        leaves["c0"] = torch.randn(B, H, generator=random)
    shapes = {"weight_ih": (rows, I), "weight_hh": (rows, H), "bias_ih": (rows,), "bias_hh": (rows,)}
    for name, shape in shapes.items():
        leaves[name] = (2 * torch.rand(shape, generator=random) - 1) / H**0.5
    shapes = {name: spec.shape for name, spec in CELLS[cell].parameters(I, H).items()}
    for name in ("norm_ih", "norm_hh", "norm_c", "bias_c"):
        if name in shapes:
            leaves[name] = 0.3 * name.startswith("norm") + 0.1 * torch.randn(shapes[name], generator=random)
    return leaves


def call(cell, backend, leaves, **options):
    """The outputs by name of a call with leaves by name; what is not there is None."""
    state = tuple(leaves[name] for name in ("h0", "c0") if leaves.get(name) is not None)
    parameters = {name: leaves[name] for name in Weights._fields if leaves.get(name) is not None}
    H = parameters["weight_hh"].shape[1]
    y, last = scan(Call(CELLS[cell], H, parameters, leaves["x"], state or None, **options), backend)
    return {name: t for name, t in zip(("y", "h", "c"), (y, *last), strict=False) if t is not None}


def require_gradients(leaves, dtype=torch.float32):
    return {name: t.detach().to(dtype).requires_grad_() for name, t in leaves.items()}


def upstream(outputs, seed=1):
    """Some gradient for every output."""
    random = torch.Generator().manual_seed(seed)
    return {name: torch.randn(t.shape, generator=random) for name, t in outputs.items()}


def results(cell, backend, leaves, dtype=torch.float32, **options):
    """Outputs, and the gradient of every leaf, by name."""
    leaves = require_gradients(leaves, dtype)
    outputs = call(cell, backend, leaves, **options)
    came = [d.to(dtype) for d in upstream(outputs).values()]
    found = torch.autograd.grad(list(outputs.values()), list(leaves.values()), came)
    return {name: t.detach() for name, t in outputs.items()}, dict(zip(leaves, found, strict=True))


def bits(tensors):
    return {name: t.contiguous().view(torch.int32) for name, t in tensors.items()}


def assert_same_bits(found, expected):
    torch.testing.assert_close([bits(part) for part in found], [bits(part) for part in expected], rtol=0, atol=0)


def error(found, expected):
    """The largest error, in proportion to the largest number."""
    return ((found.double() - expected).abs().max() / expected.abs().max()).item()


def python(code, **environment):
    """Run code in a Python of its own, with one thread."""
    return subprocess.run(
        [sys.executable, "-c", "import torch; torch.set_num_threads(1)\n" + code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


EPSILON = torch.finfo(torch.float32).eps


def draw_mask(kind, B, T, random):
    steps = torch.arange(T).expand(B, T)
    lengths = torch.randint(0, T + 1, (B, 1), generator=random)
    return {
        "none": None,
        "ones": torch.ones(B, T, dtype=torch.bool),
        "lengths": steps < lengths,
        "late": steps >= lengths,
        "holes": torch.rand(B, 2 * T, generator=random)[:, ::2] < 0.6,
        "nothing counts": torch.zeros(B, T, dtype=torch.bool),
    }[kind]
