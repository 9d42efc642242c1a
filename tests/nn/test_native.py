"""The native backend: it computes what the reference computes, whoever calls it and however the tensors lie in memory.

Exactness is measured against the reference in float64; where a value has to come from elsewhere (infinities, NaN),
torch's own operators say what it is. The kernels without Python, under sanitizers: native_checks/.
"""

import concurrent.futures
import ctypes
import gc
import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.testing._internal.two_tensor import TwoTensor
from torch.utils.checkpoint import checkpoint

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, SimpleRNN
from recurra.nn.backends import Call
from recurra.nn.backends.native import autograd, kernels
from recurra.nn.backends.native.kernels import KernelCall, Weights
from recurra.nn.backends.torch import OPERATORS, operator_of
from recurra.nn.scan import choose_backend, scan

CHECKS = Path(__file__).parent / "native_checks"
CELLS = {
    "tanh": OPERATORS["rnn_tanh"],
    "relu": OPERATORS["rnn_relu"],
    "gru": OPERATORS["gru"],
    "lstm": OPERATORS["lstm"],
}
LAYERS = {
    "tanh": SimpleRNN,
    "relu": lambda *sizes, **options: SimpleRNN(*sizes, activation="relu", **options),
    "gru": GRU,
    "lstm": LSTM,
}
EACH_CELL = pytest.mark.parametrize("cell", CELLS)


def problem(cell, B, T, I, H, seed=0):
    """Leaves by name, weights as torch.nn draws them, the rest normal."""
    random = torch.Generator().manual_seed(seed)
    rows = CELLS[cell].parameters(I, H)["weight_ih"].shape[0]
    leaves = {"x": torch.randn(B, T, I, generator=random), "h0": torch.randn(B, H, generator=random)}
    if cell == "lstm":
        leaves["c0"] = torch.randn(B, H, generator=random)
    shapes = {"weight_ih": (rows, I), "weight_hh": (rows, H), "bias_ih": (rows,), "bias_hh": (rows,)}
    for name, shape in shapes.items():
        leaves[name] = (2 * torch.rand(shape, generator=random) - 1) / H**0.5
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


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def kernel_calls(monkeypatch):
    """The names of the kernels that run, in order: forward, backward."""
    names = []

    def spy_on(name):
        kernel = getattr(kernels.extension, name)

        def spy(*args):
            names.append(name)
            return kernel(*args)

        return spy

    for name in ("forward", "backward"):
        monkeypatch.setattr(kernels.extension, name, spy_on(name))
    return names


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


def pytest_here(*args, **environment):
    """Run tests of this file in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__)), *args]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=600
    )


# --- Exactness


OUTPUTS, GRADIENTS = 3e-6, 5e-6  # errors that nothing may reach
EPSILON = torch.finfo(torch.float32).eps
SHAPES = [  # batch, time, inputs, units
    (64, 60, 1, 80),
    (64, 60, 80, 100),
    pytest.param((32, 100, 65, 256), marks=pytest.mark.slow),
    (128, 30, 32, 32),
    pytest.param((64, 50, 512, 512), marks=pytest.mark.slow),
    (1, 1000, 16, 64),
    (5, 1, 5, 3),
    (256, 24, 8, 48),
    pytest.param((16, 200, 128, 128), marks=pytest.mark.slow),
]


@EACH_CELL
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_as_exact_as_torchs_operators(cell, shape):
    for seed in range(5):
        leaves = problem(cell, *shape, seed=seed)
        expected, expected_gradients = results(cell, "reference", leaves, torch.float64)
        found, found_gradients = results(cell, "native", leaves)
        of_torch, torchs_gradients = results(cell, "torch", leaves)
        errors = {name: (error(found[name], t), error(of_torch[name], t)) for name, t in expected.items()}
        assert max(ours for ours, _ in errors.values()) <= OUTPUTS, errors
        # a relu's sum that is 0 but for rounding has one slope or the other: such numbers say nothing of gradients
        if cell != "relu" or all(torch.equal(y["y"] > 0, expected["y"] > 0) for y in (found, of_torch)):
            break
    else:
        pytest.fail("all five draws have a sum within rounding of 0")
    gradients = {
        name: (error(found_gradients[name], t), error(torchs_gradients[name], t))
        for name, t in expected_gradients.items()
    }
    assert max(ours for ours, _ in gradients.values()) <= GRADIENTS, gradients
    for name, (ours, torchs) in (errors | gradients).items():
        assert ours <= max(1.5 * torchs, 6 * EPSILON), (name, errors, gradients)


# --- Every shape, option and layout


LAYOUTS = {  # the base that x is a view of, and the view
    "plain": (lambda B, T, I: (B, T, I), lambda x, T: x),
    "time first": (lambda B, T, I: (T, B, I), lambda x, T: x.transpose(0, 1)),
    "features before time": (lambda B, T, I: (B, I, T), lambda x, T: x.transpose(1, 2)),
    "every second step": (lambda B, T, I: (B, 2 * T, I), lambda x, T: x[:, ::2]),
    "every second sequence": (lambda B, T, I: (2 * B, T, I), lambda x, T: x[1::2]),
    "every second feature": (lambda B, T, I: (B, T, 2 * I), lambda x, T: x[..., 1::2]),
    "a part": (lambda B, T, I: (B + 1, T + 2, I + 3), lambda x, T: x[1:, 1 : T + 1, 3:]),
    "all sequences the same": (lambda B, T, I: (1, T, I), lambda x, T: x),
    "all steps the same": (lambda B, T, I: (B, 1, I), lambda x, T: x.expand(-1, T, -1)),
    "all features the same": (lambda B, T, I: (B, T, 1), lambda x, T: x),
    "negative": (lambda B, T, I: (B, T, I), lambda x, T: torch._neg_view(x)),
    "windows": (lambda B, T, I: (B + T, I), lambda x, T: x.unfold(0, T, 1).transpose(1, 2)[1:]),
}
SMALL_LAYOUTS = {  # the same of states and weights, whatever their rank
    "plain": lambda t: t,
    "transposed": lambda t: t.mT.contiguous().mT if t.dim() == 2 else t,
    "every second": lambda t: t.repeat_interleave(2, -1)[..., ::2],
    "all the same": lambda t: t[..., :1].expand(t.shape),
    "negative": torch._neg_view,
}
MASKS = ("none", "ones", "lengths", "late", "holes", "nothing counts")


def lay_out(layout, base, B, T, I):
    return LAYOUTS[layout][1](base, T).expand(B, T, I)


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


SIZES = {  # around the registers' widths (4, 8, 16 floats), the tiles' heights (6, 8 rows) and the blocks (48, 192)
    "B": st.sampled_from([0, 1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 17, 24, 50]),
    "T": st.sampled_from([1, 2, 3, 4, 5, 7, 9, 26]),
    "I": st.sampled_from([1, 2, 3, 4, 5, 8, 9, 17, 193]),
    "H": st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 48]),
}


def check_a_random_call(cell, data):
    B, T, I, H = (data.draw(sizes, name) for name, sizes in SIZES.items())
    random = torch.Generator().manual_seed(data.draw(st.integers(0, 9999), "seed"))
    options = {
        "mask": draw_mask(data.draw(st.sampled_from(MASKS), "mask"), B, T, random),
        "reverse": data.draw(st.booleans(), "reverse"),
        "sequences": data.draw(st.booleans(), "sequences"),
    }
    bases = problem(cell, B, T, I, H, int(torch.randint(9999, (), generator=random)))
    layout = data.draw(st.sampled_from(sorted(LAYOUTS)), "layout of x")
    bases["x"] = torch.randn(LAYOUTS[layout][0](B, T, I), generator=random)
    small = {name: data.draw(st.sampled_from(sorted(SMALL_LAYOUTS)), name) for name in bases if name != "x"}
    if small["weight_hh"] == "all the same":
        bases["weight_hh"] /= H**0.5  # or else the state is chaos, and rounding with it
    for names in (("h0", "c0"), ("bias_ih",), ("bias_hh",)):
        if data.draw(st.booleans(), f"without {names[0]}"):
            for name in names:
                bases.pop(name, None)
    wanted = data.draw(st.lists(st.sampled_from(sorted(bases)), min_size=1, unique=True), "wanted")
    names = ["y", "h", "c"] if cell == "lstm" else ["y", "h"]
    names = names if options["sequences"] else names[1:]
    came = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True), "gradients of")
    layout_dy = data.draw(st.sampled_from(sorted(LAYOUTS)), "layout of dy")
    layout_dh = data.draw(st.sampled_from(sorted(SMALL_LAYOUTS)), "layout of dh and dc")
    dy = torch.randn(LAYOUTS[layout_dy][0](B, T, H), generator=random)
    d_last = torch.randn(2, B, H, generator=random)

    def run(backend, dtype):
        leaves = {name: t.to(dtype).requires_grad_(name in wanted) for name, t in bases.items()}
        seen = {name: SMALL_LAYOUTS[small[name]](t) for name, t in leaves.items() if name != "x"}
        outputs = call(cell, backend, {"x": lay_out(layout, leaves["x"], B, T, I), **seen}, **options)
        if not options["sequences"]:
            outputs.pop("y", None)  # the reference has it all the same
        gradients = {"y": lay_out(layout_dy, dy.to(dtype), B, T, H)}
        gradients["h"], gradients["c"] = (SMALL_LAYOUTS[layout_dh](d.to(dtype)) for d in d_last)
        found = torch.autograd.grad(
            [outputs[name] for name in came],
            [leaves[name] for name in wanted],
            [gradients[name] for name in came],
            materialize_grads=True,
        )
        return outputs, dict(zip(wanted, found, strict=True))

    found, expected = run("native", torch.float32), run("reference", torch.float64)
    for part, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        assert ours.keys() == theirs.keys()
        if part == 1 and cell == "relu":  # a sum that is 0 but for rounding has one slope or the other
            assume(all(torch.equal(found[0][name] > 0, t > 0) for name, t in expected[0].items()))
            assume(all((t == 0).logical_or(t > 1e-6).all() for t in expected[0].values()))
        for name, t in theirs.items():
            assert ours[name].shape == t.shape
            assert ours[name].dtype == torch.float32
            if t.numel():
                worst = (ours[name].double() - t).abs().max().item()
                assert worst <= 1e-5 * max(1.0, t.abs().max().item()), (part, name, worst)


@EACH_CELL
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_shapes_options_and_layouts_agree_with_the_reference(cell, data):
    check_a_random_call(cell, data)


@pytest.mark.slow
@EACH_CELL
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_many_random_shapes_options_and_layouts_agree_with_the_reference(cell, data):
    check_a_random_call(cell, data)


@EACH_CELL
@pytest.mark.parametrize(
    "loss",
    [
        lambda y, h: y.sum(),
        lambda y, h: y[:, -1].square().sum(),
        lambda y, h: y[:, 0].sum(),
        lambda y, h: y[:, 1::2].sum(),
        lambda y, h: (y.transpose(0, 1) * torch.arange(4.0)[:, None]).sum(),
        lambda y, h: y[..., ::2].mean() + h[0].sum(),
        lambda y, h: (y.flatten(1) @ torch.ones(20, 1)).sum(),
        lambda y, h: h.mean(),
        lambda y, h: (y[:, -1] - h).sum() + y[1].sum(),
    ],
    ids=range(9),
)
def test_a_loss_of_any_part_of_the_output_has_the_gradients_of_the_reference(cell, loss):
    found = {}
    for backend in ("native", "reference"):
        leaves = require_gradients(problem(cell, 4, 4, 3, 5))
        outputs = call(cell, backend, leaves)
        found[backend] = torch.autograd.grad(loss(outputs["y"], outputs["h"]), list(leaves.values()))
    torch.testing.assert_close(found["native"], found["reference"], rtol=1e-5, atol=1e-6)


@EACH_CELL
@pytest.mark.parametrize("name", ["x", "h0", "weight_ih", "weight_hh", "bias_ih", "bias_hh"])
def test_a_gradient_is_the_same_bits_whatever_else_is_wanted(cell, name):
    leaves = problem(cell, 7, 5, 3, 9)
    _, expected = results(cell, "native", leaves)
    leaf = leaves[name].clone().requires_grad_()
    outputs = call(cell, "native", leaves | {name: leaf})
    (alone,) = torch.autograd.grad(list(outputs.values()), leaf, list(upstream(outputs).values()))
    assert_same_bits([{name: alone}], [{name: expected[name]}])


@EACH_CELL
def test_arguments_are_left_as_they_are(cell):
    leaves = problem(cell, 7, 5, 3, 9)
    mask = draw_mask("holes", 7, 5, torch.Generator().manual_seed(0))
    before = {name: t.clone() for name, t in leaves.items()}, mask.clone()
    results(cell, "native", leaves, mask=mask, reverse=True)
    assert_same_bits([leaves], [before[0]])
    assert torch.equal(mask, before[1])


@EACH_CELL
@pytest.mark.parametrize("options", [{}, {"reverse": True}], ids=str)
def test_outputs_that_lie_in_memory_step_after_step_are_the_same_bits(cell, options):
    leaves = require_gradients(problem(cell, 7, 5, 3, 9))
    w = Weights(*(leaves[name] for name in Weights._fields))
    outputs, gradients = [], []
    for time_major in (False, True):
        how = KernelCall(operator_of(CELLS[cell]), options.get("reverse", False), sequences=True, time_major=time_major)
        y, _ = autograd.run(how, leaves["x"], None, w, None, None)
        assert y.shape == (7, 5, 9)
        assert (y.transpose(0, 1) if time_major else y).is_contiguous()
        outputs.append({"y": y.detach()})
        gradients.append(dict(enumerate(torch.autograd.grad(y.square().sum(), [leaves["x"], *w]))))
    assert_same_bits(outputs[:1] + gradients[:1], outputs[1:] + gradients[1:])


# --- Numbers at the edge


SPECIAL = [float("inf"), float("-inf"), float("nan"), 1e30, -1e30, 200.0, -200.0, 88.5, -88.5, 1e-40, -1e-45]


@EACH_CELL
@pytest.mark.parametrize("name", ["x", "h0", "c0", "weight_ih", "weight_hh", "bias_ih", "bias_hh"])
@pytest.mark.parametrize("value", SPECIAL, ids=str)
def test_a_special_number_comes_out_as_from_torchs_operator(cell, name, value):
    leaves = problem(cell, 9, 4, 3, 5)
    if name not in leaves:
        assert (name, cell != "lstm") == ("c0", True)
        leaves["x"][0, 0, 0] = value
    else:
        leaves[name].flatten()[3] = value
    found, expected = (results(cell, backend, leaves) for backend in ("native", "torch"))
    for ours, torchs in zip(found, expected, strict=True):
        for key, t in torchs.items():
            finite = t[t.isfinite()].abs()
            scale = max(1.0, finite.max().item()) if len(finite) else 1.0
            torch.testing.assert_close(ours[key], t, rtol=2e-5, atol=3e-5 * scale, equal_nan=True)


@EACH_CELL
@pytest.mark.parametrize("size", [0.0, 1e-44, 1e-39, 1e-30, 30.0, 1e4, 1e15])
def test_numbers_all_tiny_or_all_huge_come_out_as_from_torchs_operator(cell, size):
    leaves = problem(cell, 9, 4, 3, 5)
    leaves = leaves | {name: leaves[name] * size for name in ("x", "h0", "bias_ih", "bias_hh")}
    if cell == "lstm":
        leaves["c0"] *= size
    (found, found_gradients), (expected, gradients) = (results(cell, b, leaves) for b in ("native", "torch"))
    scale = size if cell == "relu" else 1.0
    for name, t in expected.items():
        torch.testing.assert_close(found[name], t, rtol=1e-5, atol=1e-6 * max(scale, 1.0, t.abs().max().item()))
    for name, t in gradients.items():
        atol = max(1e-4 * t.abs().max().item(), 1e-25)
        torch.testing.assert_close(found_gradients[name], t, rtol=1e-4, atol=atol)


def test_gates_and_candidates_are_exact_to_a_few_units_in_the_last_place_everywhere():
    x = torch.cat([torch.linspace(-100, 100, 40001), torch.logspace(-45, 0, 4001), -torch.logspace(-45, 0, 4001)])
    zero, one = torch.zeros(1, 1), torch.ones(1, 1)
    tanh = call("tanh", "native", {"x": x[:, None, None], "weight_ih": one, "weight_hh": zero})["h"]
    # an LSTM's memory c = f·c0 + i·g, with i = 0 and c0 = 1
    w, bias = torch.tensor([[0.0], [1.0], [0.0], [0.0]]), torch.tensor([-200.0, 0.0, 0.0, 0.0])
    start = {"h0": torch.zeros(len(x), 1), "c0": torch.ones(len(x), 1)}
    weights = {"weight_ih": w, "weight_hh": torch.zeros(4, 1), "bias_ih": bias}
    sigmoid = call("lstm", "native", {"x": x[:, None, None], **start, **weights})["c"]
    for found, exact in ((tanh, x.double().tanh()), (sigmoid, x.double().sigmoid())):
        allowed = 4 * EPSILON * exact.abs() + torch.finfo(torch.float32).tiny
        assert ((found[:, 0].double() - exact).abs() <= allowed).all()


def test_gates_shut_and_open_all_the_way():
    big = torch.tensor([-1e38, -1e30, -200.0, -120.0, 120.0, 200.0, 1e30, 1e38])
    weights = {"weight_ih": torch.tensor([[0.0], [1.0], [0.0], [0.0]]), "weight_hh": torch.zeros(4, 1)}
    start = {"h0": torch.zeros(8, 1), "c0": torch.full((8, 1), 1e30)}
    found = call("lstm", "native", {"x": big[:, None, None], **start, **weights})["c"][:, 0]
    assert (found / 1e30).tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


@EACH_CELL
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_wrong_with_one_sequence_stays_in_it(cell, value):
    leaves = problem(cell, 9, 4, 3, 5)
    expected, expected_gradients = results(cell, "native", leaves)
    leaves["x"][4, 1] = value
    found, gradients = results(cell, "native", leaves)
    others = torch.arange(9) != 4
    for name in found:
        assert_same_bits([{name: found[name][others]}], [{name: expected[name][others]}])
    for name in ("x", "h0"):
        assert_same_bits([{name: gradients[name][others]}], [{name: expected_gradients[name][others]}])
    assert not torch.equal(found["y"][4], expected["y"][4])


@EACH_CELL
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_outputs_do_not_see_what_stands_at_masked_steps(cell, value):
    leaves = problem(cell, 9, 6, 3, 5)
    mask = draw_mask("holes", 9, 6, torch.Generator().manual_seed(0))
    expected, _ = results(cell, "native", leaves, mask=mask)
    leaves["x"][~mask] = value
    outputs = call(cell, "native", leaves, mask=mask)
    assert_same_bits([outputs], [expected])


# --- The same bits, always


BIG = {"B": 33, "T": 20, "I": 17, "H": 40}  # enough for many threads


@EACH_CELL
@pytest.mark.parametrize("masked", [False, True])
def test_results_are_the_same_bits_with_any_number_of_threads(cell, masked, threads):
    leaves = problem(cell, **BIG)
    mask = draw_mask("holes", BIG["B"], BIG["T"], torch.Generator().manual_seed(0)) if masked else None
    expected = results(cell, "native", leaves, mask=mask)
    for count in (1, 2, 3, 5, 5, 64, 1):
        threads(count)
        assert_same_bits(results(cell, "native", leaves, mask=mask), expected)


@EACH_CELL
def test_results_are_the_same_bits_with_one_long_sequence_and_threads_to_spare(cell, threads):
    leaves = problem(cell, 1, 300, 17, 40)
    expected = results(cell, "native", leaves)
    for count in (2, 3, 5):
        threads(count)
        assert_same_bits(results(cell, "native", leaves), expected)


THREADED = """
import os
from recurra.nn import LSTM
x = torch.randn(33, 20, 17)
torch.manual_seed(0)
layer = LSTM(17, 40, backend="native", return_sequences=True)
def run(count):
    torch.set_num_threads(count)
    y = layer(x)
    with torch.inference_mode():
        alone = layer(x)
    return [alone, y.detach(), *torch.autograd.grad(y.sum(), list(layer.parameters()))]
"""


def test_a_big_call_really_uses_the_threads_that_torch_allows():
    done = python(
        THREADED + "run(1); before = len(os.listdir('/proc/self/task')); torch.set_num_threads(4)\n"
        "with torch.no_grad(): layer(x)\nprint(len(os.listdir('/proc/self/task')) - before)"
    )
    assert done.stdout == "3\n", done.stderr


@pytest.mark.parametrize(
    "limit",
    [
        {"OMP_THREAD_LIMIT": "3"},
        pytest.param({"OMP_THREAD_LIMIT": "2"}, marks=pytest.mark.slow),
        pytest.param({"OMP_DYNAMIC": "true"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_results_are_right_where_openmp_gives_fewer_threads_than_asked_for(limit):
    done = python(
        THREADED + "expected = run(1)\n"
        "print(all(torch.equal(a, b) for n in (4, 5, 7) for a, b in zip(run(n), expected)))",
        **limit,
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.slow
def test_a_forked_child_computes_with_one_thread_after_its_parent_used_several():
    done = python(
        THREADED + "expected = run(4)\nchild = os.fork()\n"
        "if child == 0: os._exit(0 if all(torch.equal(a, b) for a, b in zip(run(1), expected)) else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    assert done.stdout == "0\n", done.stderr


@EACH_CELL
def test_several_python_threads_at_once_compute_the_same_bits_as_one(cell):
    problems = [problem(cell, B, 12, 9, H, seed) for seed, (B, H) in enumerate([(1, 9), (7, 33), (20, 16), (9, 40)])]
    expected = [results(cell, "native", leaves) for leaves in problems]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda leaves: results(cell, "native", leaves), problems * 15))
    for index, result in enumerate(found):
        assert_same_bits(result, expected[index % 4])


def test_several_python_threads_may_go_back_through_one_graph():
    leaves = require_gradients(problem("lstm", 9, 12, 9, 16))
    outputs = call("lstm", "native", leaves)
    came = list(upstream(outputs).values())

    def backward(_):
        return torch.autograd.grad(list(outputs.values()), list(leaves.values()), came, retain_graph=True)

    expected = results("lstm", "native", leaves)[1]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for found in pool.map(backward, range(40)):
            assert_same_bits([dict(zip(leaves, found, strict=True))], [expected])


@pytest.mark.parametrize("part", ["forward", "backward"])
def test_the_interpreter_is_free_while_a_kernel_works(part, monkeypatch):
    ticks, stop = [0], threading.Event()

    def tick():
        while not stop.wait(1e-4):
            ticks[0] += 1

    seen = {}

    def watch(name, function):
        def watched(*args):
            before = ticks[0]
            function(*args)
            seen[name] = ticks[0] - before

        return watched

    monkeypatch.setattr(kernels.extension, part, watch("kernel", getattr(kernels.extension, part)))
    hold = watch("holding", ctypes.PyDLL(None).usleep)  # keeps the interpreter locked: so nothing ticks
    leaves = require_gradients(problem("lstm", 32, 400, 64, 128))
    interval = sys.getswitchinterval()
    ticker = threading.Thread(target=tick)
    try:
        sys.setswitchinterval(100.0)  # nobody is made to let go
        ticker.start()
        outputs = call("lstm", "native", leaves)
        outputs["y"].sum().backward()
        hold(100_000)
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        ticker.join()
    assert seen["holding"] == 0
    assert seen["kernel"] > 0


# --- Autograd


@EACH_CELL
def test_going_back_through_a_retained_graph_gives_the_same_bits_again(cell):
    leaves = problem(cell, 9, 12, 9, 16)
    expected = results(cell, "native", leaves)[1]
    leaves = require_gradients(leaves)
    outputs = call(cell, "native", leaves)
    came = list(upstream(outputs).values())
    for _ in range(3):
        found = torch.autograd.grad(list(outputs.values()), list(leaves.values()), came, retain_graph=True)
        assert_same_bits([dict(zip(leaves, found, strict=True))], [expected])
    for name in reversed(leaves):
        (found,) = torch.autograd.grad(list(outputs.values()), leaves[name], came, retain_graph=True)
        assert_same_bits([{name: found}], [{name: expected[name]}])


def test_a_graph_that_was_not_retained_is_gone():
    layer = GRU(2, 3, backend="native")
    loss = layer(torch.ones(1, 4, 2)).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        loss.backward()


def second_order(cell, backend, leaves, make=call, **options):
    """The gradients, and those of the sum of their squares."""
    leaves = require_gradients(leaves)
    outputs = make(cell, backend, leaves, **options)
    came = [d.requires_grad_() for d in upstream(outputs).values()]
    used = {"materialize_grads": True}  # zeros for a leaf that had no part
    first = torch.autograd.grad(list(outputs.values()), list(leaves.values()), came, create_graph=True, **used)
    second = torch.autograd.grad(sum(g.square().sum() for g in first), [*leaves.values(), *came], **used)
    return first, second


@EACH_CELL
@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"mask": True}, {"sequences": False}], ids=str)
def test_gradients_of_gradients_are_those_of_the_reference(cell, options):
    leaves = problem(cell, 4, 5, 3, 6)
    if "mask" in options:
        options = {"mask": draw_mask("holes", 4, 5, torch.Generator().manual_seed(0))}

    def without_y(cell, backend, leaves, **options):
        outputs = call(cell, backend, leaves, **options)
        return {name: t for name, t in outputs.items() if name != "y" or options.get("sequences", True)}

    found, expected = (second_order(cell, b, leaves, without_y, **options) for b in ("native", "reference"))
    torch.testing.assert_close(found, expected, rtol=2e-5, atol=2e-5)


@EACH_CELL
def test_gradients_of_gradients_are_the_slopes_of_the_gradients(cell):
    directions = problem(cell, 4, 5, 3, 6, seed=7)
    step = 1e-3 if cell == "relu" else 1e-2
    for seed in range(20):
        leaves = problem(cell, 4, 5, 3, 6, seed=seed)
        ahead, behind = (
            results(cell, "native", {name: t + shift * directions[name] for name, t in leaves.items()})
            for shift in (step, -step)
        )
        if cell != "relu" or torch.equal(ahead[0]["y"] > 0, behind[0]["y"] > 0):  # no kink between them
            break
    else:
        pytest.fail("a kink between all twenty pairs")
    inputs = require_gradients(leaves)
    outputs = call(cell, "native", inputs)
    first = torch.autograd.grad(
        list(outputs.values()), list(inputs.values()), list(upstream(outputs).values()), create_graph=True
    )
    along = sum((g * directions[name]).sum() for g, name in zip(first, inputs, strict=True))
    found = torch.autograd.grad(along, list(inputs.values()))
    for name, g in zip(inputs, found, strict=True):
        slope = (ahead[1][name] - behind[1][name]) / (2 * step)
        torch.testing.assert_close(g, slope, rtol=1e-2, atol=1e-2 * slope.abs().max().item())


def stack_with_the_same_weights(cell, backend, leaves, **options):
    first = call(cell, backend, leaves)
    return call(cell, backend, leaves | {"x": first["y"]})


def state_made_of_the_input(cell, backend, leaves, **options):
    return call(cell, backend, leaves | {"h0": leaves["x"][:, 0].tanh()})


def one_tensor_for_two_states(cell, backend, leaves, **options):
    return call(cell, backend, leaves | {name: leaves["x"][:, -1].tanh() for name in ("h0", "c0") if name in leaves})


def one_tensor_for_two_biases(cell, backend, leaves, **options):
    return call(cell, backend, leaves | {"bias_hh": leaves["bias_ih"]})


@EACH_CELL
@pytest.mark.parametrize(
    "make", [stack_with_the_same_weights, state_made_of_the_input, one_tensor_for_two_states, one_tensor_for_two_biases]
)
def test_gradients_of_gradients_count_each_way_once_where_arguments_hang_together(cell, make):
    leaves = problem(cell, 4, 5, 6, 6)
    found, expected = (second_order(cell, backend, leaves, make) for backend in ("native", "reference"))
    torch.testing.assert_close(found, expected, rtol=2e-5, atol=2e-5)


@EACH_CELL
def test_an_input_that_is_a_parameter_has_the_same_gradients_and_gradients_of_gradients(cell):
    def with_parameter(cell, backend, leaves):
        leaves["x"] = torch.nn.Parameter(leaves["x"].detach())
        return call(cell, backend, leaves)

    leaves = problem(cell, 4, 5, 3, 6)
    expected = second_order(cell, "reference", leaves)
    torch.testing.assert_close(second_order(cell, "native", leaves, with_parameter), expected, rtol=2e-5, atol=2e-5)


@EACH_CELL
def test_many_gradients_at_once_are_those_one_by_one(cell):
    leaves = require_gradients(problem(cell, 4, 5, 3, 6))
    outputs = call(cell, "auto", leaves)
    came = torch.randn(3, *outputs["y"].shape)
    together = torch.autograd.grad(
        outputs["y"], list(leaves.values()), came, retain_graph=True, is_grads_batched=True, allow_unused=True
    )
    for index, d in enumerate(came):
        alone = torch.autograd.grad(outputs["y"], list(leaves.values()), d, retain_graph=True, allow_unused=True)
        torch.testing.assert_close([g[index] for g in together], list(alone), rtol=1e-5, atol=1e-5)


def trained(layer, x, run):
    """The output, and the gradients of x and the parameters."""
    x = x.clone().requires_grad_()
    y = run(layer, x)
    return {"y": y.detach()}, dict(enumerate(torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])))


@EACH_CELL
@pytest.mark.parametrize(
    "run",
    [
        lambda layer, x: checkpoint(layer, x, use_reentrant=False),
        lambda layer, x: checkpoint(layer, x * 1, use_reentrant=False),
    ],
    ids=["a leaf", "not a leaf"],
)
def test_a_checkpoint_gives_the_same_bits(cell, run, kernel_calls):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    x = torch.randn(4, 6, 3)
    expected = trained(layer, x, lambda layer, x: layer(x))
    assert kernel_calls == ["forward", "backward"]
    assert_same_bits(trained(layer, x, run), expected)
    assert kernel_calls[2:] == ["forward", "forward", "backward"]


@EACH_CELL
def test_a_reentrant_checkpoint_gives_the_same_bits(cell):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    x = torch.randn(4, 6, 3, requires_grad=True)
    found = []
    for run in (layer, lambda x: checkpoint(layer, x, use_reentrant=True)):
        layer.zero_grad()
        x.grad = None
        run(x).square().sum().backward()
        found.append({"x": x.grad, **{name: p.grad for name, p in layer.named_parameters()}})
    assert_same_bits(found[:1], found[1:])


@EACH_CELL
def test_tensors_saved_elsewhere_give_the_same_bits(cell):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    x = torch.randn(4, 6, 3)
    expected = trained(layer, x, lambda layer, x: layer(x))
    with torch.autograd.graph.save_on_cpu():
        assert_same_bits(trained(layer, x, lambda layer, x: layer(x)), expected)
    packed = []

    def pack(tensor):
        packed.append(tensor)
        return tensor.numpy(force=True).copy()

    with torch.autograd.graph.saved_tensors_hooks(pack, torch.from_numpy):
        assert_same_bits(trained(layer, x, lambda layer, x: layer(x)), expected)
    assert len(packed) > 3


@EACH_CELL
def test_inference_mode_and_no_grad_give_the_same_bits_and_no_graph(cell, kernel_calls):
    leaves = require_gradients(problem(cell, 7, 5, 3, 9))
    expected = call(cell, "native", leaves)
    assert all(t.requires_grad for t in expected.values())
    for mode in (torch.inference_mode, torch.no_grad):
        with mode():
            found = call(cell, "native", leaves)
        assert not any(t.requires_grad for t in found.values())
        assert_same_bits([found], [{name: t.detach() for name, t in expected.items()}])
    assert kernel_calls == ["forward"] * 3


@EACH_CELL
@pytest.mark.parametrize("name", ["x", "h0", "weight_ih", "weight_hh", "mask"])
def test_an_argument_changed_in_place_before_backward_is_an_error(cell, name):
    leaves = require_gradients(problem(cell, 4, 5, 3, 6))
    mask = torch.ones(4, 5, dtype=torch.bool)
    outputs = call(cell, "native", leaves, mask=mask)
    with torch.no_grad():
        (mask if name == "mask" else leaves[name]).zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs["y"].sum().backward()


@EACH_CELL
def test_an_output_may_be_changed_in_place(cell):
    found = []
    for backend in ("native", "reference"):
        leaves = require_gradients(problem(cell, 4, 5, 3, 6))
        outputs = call(cell, backend, leaves)
        y = outputs["y"].mul_(2.0) if backend == "native" else outputs["y"] * 2.0
        found.append(torch.autograd.grad(y.square().sum() + outputs["h"].sum(), list(leaves.values())))
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


def test_a_graph_lets_go_of_its_memory():
    layer = LSTM(3, 5, backend="native")
    for _ in range(3):
        layer(torch.ones(2, 4, 3)).sum().backward()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(50):
        layer(torch.ones(2, 4, 3)).sum()
    gc.disable()
    try:
        assert len(gc.get_objects()) - before < 50
    finally:
        gc.enable()


# --- Compilers and fake tensors


COMPILED = {  # layer options; whether a mask, whether a state is given
    "plain": ({"return_sequences": True}, False, False),
    "last": ({"return_state": True, "go_backwards": True}, False, True),
    "both ways, masked": ({"return_sequences": True, "bidirectional": True}, True, True),
    "without bias": ({"bias": False}, True, False),
}


def layer_call(layer, B, T, masked, given):
    """A layer's arguments."""
    count = len(layer.cell.states) * (2 if layer.bidirectional else 1)
    state = tuple(torch.randn(B, layer.hidden_size, requires_grad=True) for _ in range(count)) if given else None
    mask = draw_mask("holes", B, T, torch.Generator().manual_seed(0)) if masked else None
    return torch.randn(B, T, layer.input_size, requires_grad=True), state, mask


def outputs_and_gradients(function, layer, args):
    outputs = function(*args)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    leaves = [args[0], *(args[1] or ()), *layer.parameters()]
    return outputs, torch.autograd.grad(sum(o.square().sum() for o in outputs), leaves)


@EACH_CELL
@pytest.mark.parametrize(("options", "masked", "given"), COMPILED.values(), ids=COMPILED)
def test_a_compiled_layer_trains_alike_and_in_one_graph(cell, options, masked, given, kernel_calls, fresh_compiler):
    layer = LAYERS[cell](3, 5, backend="native", **options)
    args = layer_call(layer, 4, 6, masked, given)
    expected = outputs_and_gradients(layer, layer, args)
    eager = list(kernel_calls)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(outputs_and_gradients(compiled, layer, args), expected, rtol=1e-6, atol=1e-6)
    assert sorted(kernel_calls) == sorted(2 * eager)


@pytest.mark.slow
@EACH_CELL
def test_a_compiled_layer_takes_other_sizes_without_compiling_anew(cell, fresh_compiler):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    graphs = []

    def count(graph, inputs):
        graphs.append(graph)
        return graph

    compiled = torch.compile(layer, backend=count, fullgraph=True, dynamic=True)
    for B, T in ((4, 6), (7, 9), (2, 30)):
        args = layer_call(layer, B, T, True, True)
        torch.testing.assert_close(compiled(*args), layer(*args), rtol=1e-6, atol=1e-6)
    assert len(graphs) == 1
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True, dynamic=True)
    for B, T in ((4, 6), (7, 9)):
        args = layer_call(layer, B, T, True, True)
        found, expected = (outputs_and_gradients(f, layer, args) for f in (compiled, layer))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@EACH_CELL
def test_inductor_compiles_a_layer_that_trains_alike(cell, fresh_compiler):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True)
    args = layer_call(layer, 4, 6, True, True)
    expected = outputs_and_gradients(layer, layer, args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = outputs_and_gradients(torch.compile(layer, fullgraph=True), layer, args)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@EACH_CELL
def test_an_exported_layer_takes_any_batch_and_time(cell):
    layer = LAYERS[cell](3, 5, backend="native", return_sequences=True).eval()
    batch, steps = torch.export.Dim("batch"), torch.export.Dim("steps")
    x, mask = torch.randn(4, 6, 3), torch.ones(4, 6, dtype=torch.bool)
    exported = torch.export.export(
        layer, (x, None, mask), dynamic_shapes=({0: batch, 1: steps}, None, {0: batch, 1: steps})
    )
    assert any(node.target is torch.ops.recurra.scan.default for node in exported.graph.nodes)
    for B, T in ((4, 6), (2, 31), (9, 2)):
        x, mask = torch.randn(B, T, 3), draw_mask("holes", B, T, torch.Generator().manual_seed(0))
        torch.testing.assert_close(exported.module()(x, None, mask), layer(x, None, mask), rtol=0, atol=0)


@EACH_CELL
def test_fake_tensors_have_the_shapes_of_real_ones(cell, kernel_calls):
    with FakeTensorMode():
        layer = LAYERS[cell](3, 5, backend="native", return_sequences=True, return_state=True)
        x = torch.randn(4, 6, 3, requires_grad=True)
        outputs = layer(x)
        assert [tuple(o.shape) for o in outputs] == [(4, 6, 5)] + [(4, 5)] * len(layer.cell.states)
        gradients = torch.autograd.grad(outputs[0].sum(), [x, *layer.parameters()])
        assert [g.shape for g in gradients] == [x.shape, *(p.shape for p in layer.parameters())]
    assert kernel_calls == []


@EACH_CELL
def test_a_recorded_graph_holds_the_whole_computation(cell):
    layer = LAYERS[cell](3, 5).requires_grad_(False)
    graph = make_fx(layer)(torch.randn(4, 6, 3))
    x = torch.randn(4, 6, 3)
    torch.testing.assert_close(graph(x), layer(x), rtol=1e-6, atol=1e-6)


def operator_arguments(operator, cell, sequences=True, given=True, wanted=None, **tensors):
    """The operator's arguments by name; flags that are not named here are off."""
    leaves = problem(cell, 4, 5, 3, 6) | tensors
    leaves |= {"mask": draw_mask("holes", 4, 5, torch.Generator().manual_seed(0))}
    if not given:
        leaves = {name: t for name, t in leaves.items() if name not in {"h0", "c0"}}
    leaves |= {"kernel": operator_of(CELLS[cell]), "sequences": sequences, "keep_tape": True, "wanted": wanted}
    arguments = {}
    for argument in operator.default._schema.arguments:
        is_flag = str(argument.type) == "bool"
        arguments[argument.name] = leaves.get(argument.name, False if is_flag else None)
    return arguments


@pytest.fixture
def nothing_uninitialized(monkeypatch):
    """The tape has floats that nobody writes or reads; opcheck compares them all the same."""
    monkeypatch.setattr(torch.Tensor, "new_empty", lambda self, *size, **options: self.new_zeros(*size, **options))


@EACH_CELL
@pytest.mark.parametrize("case", [{}, {"sequences": False}, {"given": False}], ids=str)
def test_the_operator_keeps_torchs_rules(cell, case, nothing_uninitialized):
    arguments = operator_arguments(torch.ops.recurra.scan, cell, **case)
    for t in arguments.values():
        if isinstance(t, torch.Tensor) and t.is_floating_point():
            t.requires_grad_()
    torch.library.opcheck(torch.ops.recurra.scan.default, (), arguments)


@EACH_CELL
def test_the_backward_operator_keeps_torchs_rules(cell, nothing_uninitialized):
    forward = operator_arguments(torch.ops.recurra.scan, cell)
    y, h, c, tape = torch.ops.recurra.scan(**forward)
    came = {"dy": torch.randn_like(y), "dh": torch.randn_like(h), "dc": torch.randn_like(c) if cell == "lstm" else None}
    wanted = [forward[name] is not None for name in ("x", "h0", "c0", *Weights._fields)]
    arguments = operator_arguments(torch.ops.recurra.scan_backward, cell, tape=tape, wanted=wanted, **came)
    torch.library.opcheck(torch.ops.recurra.scan_backward.default, (), arguments)


# --- What it does and what it leaves to others


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
    with pytest.raises(InputError, match=f'backend="native" cannot do {reason}; backend="auto" finds a way'):
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
    with pytest.raises(InputError, match=f'backend="native" cannot do {reason}; backend="auto" finds a way'):
        run(layer, x)
    assert kernel_calls == []


def test_a_tensor_of_another_device_or_layout_is_named():
    x, w = torch.zeros(2, 4, 3), {"weight_ih": torch.zeros(5, 3), "weight_hh": torch.zeros(5, 5)}
    for other, reason in ((x.to("meta"), "torch.float32 tensors on meta"), (x.to_sparse(), "sparse tensors")):
        with pytest.raises(InputError, match=f'backend="native" cannot do {reason}'):
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
    SimpleRNN(3, 5), GRU(3, 5, bidirectional=True), LSTM(3, 5, return_sequences=True), GRU(3, 5, reset_after=False)
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
    assert message.startswith('backend="native" cannot do anything, for its kernels are not there')
    assert "install recurra from a wheel" in message
    assert "C++ compiler" in message


# --- Instruction sets


def test_the_instruction_set_is_the_one_asked_for_or_else_the_best():
    asked = os.environ.get("RECURRA_ISA")
    assert kernels.isa() == (asked or kernels.extension.isas[0])


@pytest.mark.slow
@pytest.mark.parametrize("isa", kernels.extension.isas)
def test_each_instruction_set_of_this_processor_passes_the_core_of_these_tests(isa):
    core = "exact or random_shapes or special or threads or instruction_set_is or layouts or sequence"
    done = pytest_here("-m", "not slow", "-k", core, RECURRA_ISA=isa)
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.splitlines()[-1].split(" passed")[0].split()[-1]) > 300


def test_an_instruction_set_that_is_not_there_is_an_error_of_one_line():
    done = python("from recurra.nn import GRU\nGRU(2, 3)(torch.zeros(1, 2, 2))", RECURRA_ISA="avx9000")
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert f"InputError: RECURRA_ISA is 'avx9000'; this processor can run {', '.join(kernels.extension.isas)}" in last


# --- At length


def resident():
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_ten_thousand_calls_need_no_more_memory_than_the_first():
    random = torch.Generator().manual_seed(0)

    def go(calls):
        for index in range(calls):
            B, T, I, H = torch.randint(1, 24, (4,), generator=random).tolist()
            cell = list(CELLS)[index % 4]
            mask = draw_mask("holes", B, T, random) if index % 3 else None
            results(cell, "native", problem(cell, B, T, I, H), mask=mask, reverse=index % 2 == 0)

    go(1000)
    gc.collect()
    before = resident()
    go(10_000)
    gc.collect()
    assert resident() - before < 4 * 2**20


@pytest.mark.slow
def test_the_kernels_run_clean_under_sanitizers_with_registers_of_every_width():
    started = time.monotonic()
    done = subprocess.run([sys.executable, CHECKS / "run.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no difference, no error" in done.stdout
    assert time.monotonic() - started < 300


@EACH_CELL
@pytest.mark.parametrize(
    ("I", "H", "number"), [(64, 65, 1), (65, 64, 1), (128, 143, 1), (129, 40, 2), (40, 129, 2), (130, 131, 2)]
)
def test_sizes_around_multiples_of_64_share_no_memory(cell, I, H, number, threads):
    leaves = problem(cell, 8, 60, I, H)
    threads(number)
    found, expected = results(cell, "native", leaves), results(cell, "reference", leaves, torch.float64)
    for mine, theirs in zip(found, expected, strict=True):
        for name, tensor in mine.items():
            assert error(tensor, theirs[name]) < 5e-6, name


@EACH_CELL
@pytest.mark.parametrize("name", ["weight_ih", "weight_hh", "bias_ih", "h0"])
def test_a_subclass_among_the_weights_or_states_is_not_read_as_memory(cell, name):
    leaves = problem(cell, 3, 4, 5, 6)
    expected = call(cell, "auto", leaves)
    wrapped = TwoTensor(leaves[name], leaves[name].clone())
    with torch.no_grad():
        found = call(cell, "auto", {**leaves, name: wrapped})
    torch.testing.assert_close(found["y"].a, expected["y"])


@EACH_CELL
def test_a_mask_of_numbers_is_refused_where_it_is_read_as_memory(cell):
    with pytest.raises(InputError, match=r"the mask is torch\.int64 on cpu; expected torch\.bool on cpu"):
        call(cell, "native", problem(cell, 3, 4, 5, 6), mask=torch.ones(3, 4, dtype=torch.int64))


@EACH_CELL
def test_the_operator_refuses_other_types_and_no_time_steps(cell):
    leaves = problem(cell, 3, 4, 5, 6)
    kernel = operator_of(CELLS[cell])

    def operator(x, h0):
        w = [leaves[name] for name in Weights._fields]
        return torch.ops.recurra.scan(None, x, h0, leaves.get("c0"), *w, kernel, False, True, False, False, False)

    operator(leaves["x"], leaves["h0"])
    for x, h0 in ((leaves["x"].double(), leaves["h0"]), (leaves["x"], leaves["h0"].double())):
        with pytest.raises(
            InputError, match=r"were given a tensor of torch\.float64 on cpu; they compute in torch\.float32"
        ):
            operator(x, h0)
    with pytest.raises(InputError, match="the input has no time steps"):
        operator(leaves["x"][:, :0], leaves["h0"])


def refusals_of_backward():
    """Arguments that a kernel would read or write past their end: what they replace, and what is said."""
    B, T, H = 3, 4, 6
    stride = kernels.extension.tape_stride(kernels.KERNELS["gru"], H)
    yield "dy", torch.zeros(B * T * H), rf"shape \({B * T * H},\); expected \({B}, {T}, {H}\)"
    yield "dy", torch.zeros(1, 1, B * T * H), rf"shape \(1, 1, {B * T * H}\); expected \({B}, {T}, {H}\)"
    yield "dh", torch.zeros(B, H + 1), f"expected {B * H} numbers"
    yield "tape", torch.zeros(T, B, stride), rf"expected \({T + 1}, {B}, {stride}\)"
    yield "tape", torch.zeros(T + 1, B, stride).half(), r"torch\.float16 on cpu with shape"
    yield "tape", torch.zeros(B, T + 1, stride).transpose(0, 1), "the tape is not contiguous"
    yield "kernel", 4, "there is no kernel 4"
    yield "x", torch.zeros(B, T, 0), "the weights have shapes"


@pytest.mark.parametrize(("name", "value", "message"), list(refusals_of_backward()), ids=str)
def test_what_would_be_read_past_its_end_is_refused(name, value, message):
    B, T, I, H = 3, 4, 5, 6
    leaves = problem("gru", B, T, I, H)
    given = {"x": leaves["x"], "dy": torch.zeros(B, T, H), "dh": None, "kernel": kernels.KERNELS["gru"]}
    given["tape"] = torch.zeros(T + 1, B, kernels.extension.tape_stride(kernels.KERNELS["gru"], H))
    given[name] = value
    tensors = (None, given["x"], leaves["h0"], None, *[leaves[name] for name in Weights._fields])
    found = tuple(None if t is None else torch.empty_like(t) for t in tensors[1:])
    with pytest.raises(InputError, match=message):
        kernels.extension.backward(
            given["kernel"], False, 1, tensors, given["tape"], (given["dy"], given["dh"], None), found
        )


@EACH_CELL
def test_no_features_and_no_units_are_refused(cell):
    gates = max(len(CELLS[cell].gates), 1)
    for I, H in ((0, 3), (3, 0)):
        w = Weights(torch.zeros(gates * H, I), torch.zeros(gates * H, H))
        with pytest.raises(InputError, match="no features or no units"):
            autograd.run(KernelCall(operator_of(CELLS[cell]), False, True), torch.zeros(2, 4, I), None, w, None, None)


@EACH_CELL
def test_vmap_over_the_gradient_is_the_jacobian(cell):
    leaves = require_gradients(problem(cell, 2, 3, 4, 2))
    y = call(cell, "native", leaves)["y"].flatten()
    jacobian = torch.vmap(lambda v: torch.autograd.grad(y, leaves["x"], v, retain_graph=True)[0])(torch.eye(len(y)))
    for row, output in zip(jacobian, y, strict=True):
        torch.testing.assert_close(row, torch.autograd.grad(output, leaves["x"], retain_graph=True)[0])


class NoGradient(torch.autograd.Function):
    """Lets nothing back."""

    @staticmethod
    def forward(ctx, y):
        return y.clone()

    @staticmethod
    def backward(ctx, d):
        return None


@EACH_CELL
@pytest.mark.parametrize("create_graph", [False, True])
def test_where_no_gradient_comes_none_goes_on(cell, create_graph):
    leaves = require_gradients(problem(cell, 2, 3, 4, 2))
    y = NoGradient.apply(call(cell, "native", leaves)["y"])
    found = torch.autograd.grad(y.sum(), leaves["x"], create_graph=create_graph, allow_unused=True)[0]
    assert found is None or not found.any()


@pytest.fixture
def spare(monkeypatch):
    """No tapes kept from before."""
    spare = kernels.Spare()
    monkeypatch.setattr(kernels, "spare", spare)
    return spare


@EACH_CELL
def test_a_consumed_tape_is_written_again_and_a_live_one_is_not(cell, spare):
    first, second = (require_gradients(problem(cell, 3, 4, 5, 6, seed)) for seed in (1, 2))
    expected = [results(cell, "reference", leaves)[1] for leaves in (first, second)]

    def backward(leaves, outputs):
        came = list(upstream(outputs).values())
        found = torch.autograd.grad(list(outputs.values()), list(leaves.values()), came, retain_graph=True)
        return dict(zip(leaves, found, strict=True))

    both = [call(cell, "native", leaves) for leaves in (first, second)]  # two graphs alive at once
    assert spare._tapes == []
    for leaves, outputs, gradients in zip((first, second), both, expected, strict=True):
        torch.testing.assert_close(backward(leaves, outputs), gradients, rtol=1e-4, atol=1e-5)
    kept = [tape.data_ptr() for tape in spare._tapes]
    assert len(kept) == 2
    again = call(cell, "native", first)
    assert [tape.data_ptr() for tape in spare._tapes] == kept[1:]
    torch.testing.assert_close(backward(second, both[1]), expected[1], rtol=1e-4, atol=1e-5)  # once more: forward again
    torch.testing.assert_close(backward(first, again), expected[0], rtol=1e-4, atol=1e-5)


def test_few_consumed_tapes_are_kept_and_none_that_is_large(spare):
    for steps in range(1, 2 * spare.MOST):
        spare.give(torch.empty(steps, 1, 16))
    assert [len(tape) for tape in spare._tapes] == list(range(spare.MOST, 2 * spare.MOST))
    assert spare.take((spare.MOST, 1, 16)) is not None
    assert spare.take((spare.MOST, 1, 16)) is None
    spare.give(torch.empty(spare.BYTES // 64 + 1, 1, 16))
    assert spare._tapes == []
