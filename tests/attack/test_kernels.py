"""Whatever is given to the kernels is computed, or refused in one sentence, and nothing else is read or written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import recurra
from recurra.nn.backends.native import kernels

from . import kernel_fuzzer
from .sandbox import Sandbox

pytestmark = pytest.mark.skipif(kernels.MISSING is not None, reason="the kernels are not installed")

HERE = Path(__file__).parent


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the fuzzer in a process of its own, in which a crash is a failure and not the end of the tests."""
    paths = [str(Path(recurra.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", HERE / "kernel_fuzzer.py", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_once_crashed_or_passed_in_silence_ends_as_it_should() -> None:
    done = fuzz("--replay", str(HERE / "corpus" / "kernels.jsonl"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_random_calls_work_or_are_refused() -> None:
    done = fuzz("--calls", "20000")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("20000 calls: ")


def test_a_call_is_the_same_in_every_run() -> None:
    assert [kernel_fuzzer.draw(number) for number in range(50)] == [kernel_fuzzer.draw(number) for number in range(50)]


SMALL = """
import copy, torch, recurra
from recurra.nn import GRU
torch.manual_seed(0)
x, h0, dy = torch.randn(2, 3, 4), torch.randn(2, 5), torch.randn(2, 3, 5)
layer = GRU(4, 5, return_sequences=True)
theirs = torch.nn.GRU(4, 5, batch_first=True)
ours = copy.deepcopy(theirs)
recurra.accelerate(ours)
def free(tensor, size=0):
    tensor.untyped_storage().resize_(size)
"""
REFUSED = {
    "an input": "free(x); layer(x, h0)",
    "an input that is too short": "free(x, 8); layer(x, h0)",
    "a view": "view = x[1:]; free(x); layer(view, h0[1:])",
    "a state": "free(h0); layer(x, h0)",
    "a weight": "free(layer.weight_hh); layer(x, h0)",
    "a bias": "free(layer.bias_ih); layer(x, h0)",
    "a mask": "mask = torch.ones(2, 3, dtype=torch.bool); free(mask); layer(x, mask=mask)",
    "a gradient": "y = layer(x, h0); free(dy); y.backward(dy)",
    "a weight before backward": "y = layer(x, h0); free(layer.weight_hh); y.backward(dy)",
    "an input before backward": "y = layer(x, h0); free(x); y.backward(dy)",
    "a tape": "y = layer(x, h0); free(y.grad_fn.saved_tensors[-1]); y.backward(dy)",
    "a weight of a stepper": "free(layer.weight_hh); layer.stepper()",
    "an input of a stepper": "stepper, x_t = layer.stepper(), x[0, 0]; free(x); stepper(x_t)",
    "an input of an accelerated layer": "free(x); ours(x)",
    "a weight of an accelerated layer": "free(ours.weight_hh_l0); ours(x)",
    "a gradient of an accelerated layer": "y, _ = ours(x); free(dy); y.backward(dy)",
}


@pytest.mark.parametrize("code", REFUSED.values(), ids=REFUSED)
def test_a_tensor_whose_storage_was_freed_or_shrunk_is_refused(sandbox: Sandbox, code: str) -> None:
    outcome = sandbox.run(SMALL + code)
    assert outcome.fault() is None
    assert "storage holds" in outcome.text


def test_a_packed_sequence_whose_storage_was_freed_ends_as_in_torch(sandbox: Sandbox) -> None:
    code = "packed = torch.nn.utils.rnn.pack_sequence([x[0], x[1, :2]]); free(packed.data); MODULE(packed)"
    for module in ("theirs", "ours"):
        outcome = sandbox.run(SMALL + code.replace("MODULE", module))
        assert (outcome.end, outcome.text[:12]) == ("raised", "RuntimeError"), module


@pytest.mark.parametrize("output", ["y.data", "h"])
@pytest.mark.parametrize("steps", ["x[0], x[1, :2]", "x[1, :2], x[0]"], ids=["sorted", "unsorted"])
def test_a_freed_gradient_of_a_packed_sequence_is_refused(sandbox: Sandbox, output: str, steps: str) -> None:
    code = f"""{SMALL}
y, h = ours(torch.nn.utils.rnn.pack_sequence([{steps}], enforce_sorted=False))
gradient = torch.ones_like({output})
free(gradient)
{output}.backward(gradient)
"""
    outcome = sandbox.run(code)
    assert outcome.end in {"raised", "refused"}, outcome


WORKS = {
    "an input": "x = zeros(2, 3, 4)",
    "a state": "h0 = zeros(1, 2, 5)",
    "a gradient": "dy = zeros(2, 3, 5)",
}


@pytest.mark.parametrize("code", WORKS.values(), ids=WORKS)
def test_lazy_zeros_are_zeros_as_in_torch(sandbox: Sandbox, code: str) -> None:
    code = f"""{SMALL}
zeros, h0 = torch._efficientzerotensor, h0[None]
{code}
for module in (theirs, ours):
    y, _ = module(x, h0)
    y.backward(dy)
for ours_grad, theirs_grad in zip(ours.parameters(), theirs.parameters(), strict=True):
    torch.testing.assert_close(ours_grad.grad, theirs_grad.grad)
"""
    outcome = sandbox.run(code)
    assert outcome.end == "returned", outcome.text


def test_a_stepper_writes_only_into_memory_that_is_there(sandbox: Sandbox) -> None:
    outcome = sandbox.run(
        SMALL
        + """
for harm in (lambda h: h.resize_(10**6), free, lambda h: free(h, 4), lambda h: h.set_(torch.zeros(1))):
    stepper = layer.stepper()
    h = stepper(x[0, 0])
    harm(h)
    for _ in range(100):
        stepper(x[0, 0])
"""
    )
    assert outcome.end == "returned", outcome.text
