"""The kernels give the same bits with any number of threads, whoever calls them."""

import concurrent.futures
import ctypes
import sys
import threading

import pytest
import torch

from recurra.nn.backends.native import kernels

from .calls import EACH_CELL, assert_same_bits, call, draw_mask, problem, python, require_gradients, results, upstream

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
