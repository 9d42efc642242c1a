"""Results do not depend on the number of threads, and nobody's number of threads changes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from recurra.nn.backends.native import kernels
from recurra.nn.cells import CELLS
from recurra.nn.layers import GRU, layer_of
from recurra.threads import kernel_threads, one_thread

from .thread_counts import digest, quick

PROGRAM = Path(__file__).with_name("thread_counts.py")
COUNTS = (1, 2, 3, 8)
needs_kernels = pytest.mark.skipif(kernels.MISSING is not None, reason="the kernels are missing")


@pytest.fixture(autouse=True)
def threads() -> Iterator[Callable[[int], None]]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_torch_has_one_thread_and_the_kernels_have_those_that_torch_had() -> None:
    with one_thread():
        assert (torch.get_num_threads(), kernel_threads()) == (1, 3)
        with one_thread():
            assert (torch.get_num_threads(), kernel_threads()) == (1, 3)
        with one_thread(kernels=True):
            assert (torch.get_num_threads(), kernel_threads()) == (1, 1)
            with one_thread():
                assert kernel_threads() == 1
        assert (torch.get_num_threads(), kernel_threads()) == (1, 3)
    assert (torch.get_num_threads(), kernel_threads()) == (3, 3)


def test_the_threads_come_back_after_an_error() -> None:
    with pytest.raises(KeyboardInterrupt), one_thread(kernels=True):
        raise KeyboardInterrupt
    assert (torch.get_num_threads(), kernel_threads()) == (3, 3)


def in_python_thread(function: Callable[[], Any]) -> Any:
    """Return what a function returns in a new Python thread."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_a_python_thread_that_begins_meanwhile_has_the_threads_of_its_caller() -> None:
    def both() -> tuple[int, int]:
        return torch.get_num_threads(), kernel_threads()

    with one_thread():
        assert in_python_thread(both) == (3, 3)
    with one_thread(brief=True):
        assert both() == (1, 3)
    assert in_python_thread(both) == (3, 3)


def test_python_threads_whose_work_overlaps_each_get_their_threads_back() -> None:
    entered, left = threading.Event(), threading.Event()

    def other() -> list[int]:
        found = [torch.get_num_threads()]
        with one_thread():
            entered.set()
            found.append(torch.get_num_threads())
            left.wait(60)
        return [*found, torch.get_num_threads()]

    found: list[list[int]] = []
    thread = threading.Thread(target=lambda: found.append(other()))
    with one_thread():
        thread.start()
        assert entered.wait(60)
    assert torch.get_num_threads() == 3  # left first, entered first
    left.set()
    thread.join()
    assert found == [[3, 1, 3]]
    assert (torch.get_num_threads(), in_python_thread(torch.get_num_threads)) == (3, 3)


@needs_kernels
def test_the_kernels_are_called_with_their_threads_forward_and_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    for name in ("forward", "backward"):
        kernel = getattr(kernels.extension, name)
        spy = lambda *args, kernel=kernel: (asked.append(args[2]), kernel(*args))[1]  # noqa: E731
        monkeypatch.setattr(kernels.extension, name, spy)
    layer = GRU(2, 3, backend="native")
    with one_thread():
        layer(torch.zeros(4, 5, 2)).sum().backward()
    with one_thread(kernels=True):
        layer(torch.zeros(4, 5, 2)).sum().backward()
    assert asked == [3, 3, 1, 1]


@pytest.mark.parametrize("cell", CELLS)
def test_initial_weights_are_those_of_one_thread(cell: Any, threads: Callable[[int], None]) -> None:
    found = []
    for count in COUNTS:
        threads(count)
        torch.manual_seed(0)
        found.append(layer_of(cell, 20, 100).state_dict())
    for weights in found[1:]:
        assert all(torch.equal(weights[name], tensor) for name, tensor in found[0].items())
    threads(1)
    torch.manual_seed(0)
    one = found[-1]
    assert torch.equal(one["weight_ih"], nn.init.xavier_uniform_(torch.empty_like(one["weight_ih"])))
    if "weight_hh" in one:
        assert torch.equal(one["weight_hh"], nn.init.orthogonal_(torch.empty_like(one["weight_hh"])))


@pytest.mark.parametrize(("name", "result"), list(quick()), ids=[name for name, _ in quick()])
def test_results_are_the_same_bytes_with_any_number_of_threads(
    name: str, result: Callable[[], Any], threads: Callable[[int], None]
) -> None:
    found = set()
    for count in (1, 2, 8):
        threads(count)
        found.add(digest(result()))
        assert torch.get_num_threads() == count
    assert len(found) == 1, name


@pytest.fixture(scope="module")
def digests() -> dict[int, dict[str, str]]:
    """Digests of every result by name, from a process for each number of threads."""
    found = {}
    for count in COUNTS:
        environment = os.environ | {"OMP_NUM_THREADS": str(count)}
        done = subprocess.run(
            [sys.executable, str(PROGRAM)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        found[count] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_every_cell_case_and_head_gives_the_same_bytes_in_processes_with_any_number_of_threads(
    digests: dict[int, dict[str, str]],
) -> None:
    assert len(digests[1]) > 80
    for count in COUNTS[1:]:
        differing = [name for name, value in digests[count].items() if value != digests[1][name]]
        assert not differing, f"{count} threads"


@pytest.mark.slow
def test_a_run_that_resumes_with_another_number_of_threads_ends_with_the_same_bytes(
    digests: dict[int, dict[str, str]],
) -> None:
    resumed = [name for name in digests[1] if name.startswith("resumed ")]
    assert len(resumed) == 2
    for name in resumed:
        assert digests[1][name] == digests[1][name.replace("resumed", "whole")]
