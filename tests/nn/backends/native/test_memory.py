"""The kernels write and read only memory of their own: refused arguments, tapes, leaks, sanitizers."""

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from recurra.errors import InputError
from recurra.nn import LSTM
from recurra.nn.backends.native import autograd, kernels
from recurra.nn.backends.native.kernels import KernelCall, Weights, kernel_of

from .calls import CELLS, EACH_CELL, call, draw_mask, error, problem, require_gradients, results, upstream

CHECKS = Path(__file__).parents[2] / "native_checks"


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


def resident():
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_ten_thousand_calls_need_no_more_memory_than_the_first():
    random = torch.Generator().manual_seed(0)

    def go(calls):
        for index in range(calls):
            B, T, I, H = torch.randint(1, 24, (4,), generator=random).tolist()
            cell = list(CELLS)[index % len(CELLS)]
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
def test_a_mask_of_numbers_is_refused_where_it_is_read_as_memory(cell):
    with pytest.raises(InputError, match=r"the mask is torch\.int64 on cpu; expected torch\.bool on cpu"):
        call(cell, "native", problem(cell, 3, 4, 5, 6), mask=torch.ones(3, 4, dtype=torch.int64))


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
    yield "kernel", 8, "there is no kernel 8"
    yield "x", torch.zeros(B, T, 0), "the weights have shapes"
    yield "norm_hh", torch.zeros(3 * H), "the kernel gru was given gains or a bias of layer normalization"


@pytest.mark.parametrize(("name", "value", "message"), list(refusals_of_backward()), ids=str)
def test_what_would_be_read_past_its_end_is_refused(name, value, message):
    B, T, I, H = 3, 4, 5, 6
    leaves = problem("gru", B, T, I, H)
    given = {"x": leaves["x"], "dy": torch.zeros(B, T, H), "dh": None, "kernel": kernels.KERNELS["gru"]}
    given["tape"] = torch.zeros(T + 1, B, kernels.extension.tape_stride(kernels.KERNELS["gru"], H))
    given[name] = value
    tensors = (None, given["x"], leaves["h0"], None, *[(leaves | given).get(name) for name in Weights._fields])
    found = tuple(None if t is None else torch.empty_like(t) for t in tensors[1:])
    with pytest.raises(InputError, match=message):
        kernels.extension.backward(
            given["kernel"], False, 1, tensors, given["tape"], (given["dy"], given["dh"], None), found
        )


NORMS = {"norm_ih": 4, "norm_hh": 4, "norm_c": 1, "bias_c": 1}  # their sizes in an LSTM, in multiples of H


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("more", [-1, 1])
def test_gains_of_another_size_are_refused(name, more):
    leaves = problem("lstm_norm", 3, 4, 5, 6)
    size = 6 * NORMS[name]
    leaves[name] = torch.ones(size + more)
    with pytest.raises(InputError, match=rf"shape \({size + more},\); expected {size} numbers"):
        call("lstm_norm", "native", leaves)


@pytest.mark.parametrize(
    ("cell", "name"), [(cell, name) for cell in CELLS for name in NORMS if name not in problem(cell, 1, 1, 1, 1)]
)
def test_gains_that_a_cell_has_not_are_refused(cell, name):
    leaves = problem(cell, 3, 4, 5, 6) | {name: torch.ones(6)}
    w = Weights(*(leaves.get(field) for field in Weights._fields))
    with pytest.raises(InputError, match=r"was given gains or a bias of layer normalization that its cell has not"):
        autograd.run(KernelCall(kernel_of(CELLS[cell]), False, True), leaves["x"], None, w, None, None)


@EACH_CELL
def test_no_features_and_no_units_are_refused(cell):
    gates = max(len(CELLS[cell].gates), 1)
    for I, H in ((0, 3), (3, 0)):
        w = Weights(torch.zeros(gates * H, I), torch.zeros(gates * H, H))
        with pytest.raises(InputError, match="no features or no units"):
            autograd.run(KernelCall(kernel_of(CELLS[cell]), False, True), torch.zeros(2, 4, I), None, w, None, None)


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


def test_a_taken_tape_does_not_count_among_those_that_are_kept(spare):
    largest = torch.empty(spare.BYTES // 64, 1, 16)
    for _ in range(3):
        spare.give(largest)
        assert spare.take(tuple(largest.shape)) is largest
