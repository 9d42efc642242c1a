"""Every instruction set of this processor passes the tests of the kernels, and the fastest one is used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recurra.nn.backends.native import kernels

from .calls import python


def pytest_here(*args, **environment):
    """Run the tests of this folder in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__).parent), *args]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=600
    )


def test_the_instruction_set_is_the_one_asked_for_or_else_the_best():
    asked = os.environ.get("RECURRA_ISA")
    assert kernels.isa() == (asked or kernels.extension.isas[0])


@pytest.mark.slow
@pytest.mark.parametrize("isa", kernels.extension.isas)
def test_each_instruction_set_of_this_processor_passes_the_core_of_these_tests(isa):
    core = "exact or random_shapes or special or dropout or threads or instruction_set_is or layouts or sequence"
    done = pytest_here("-m", "not slow", "-k", core, RECURRA_ISA=isa)
    assert done.returncode == 0, done.stdout
    assert int(done.stdout.splitlines()[-1].split(" passed")[0].split()[-1]) > 300


def test_an_instruction_set_that_is_not_there_is_an_error_of_one_line():
    done = python("from recurra.nn import GRU\nGRU(2, 3)(torch.zeros(1, 2, 2))", RECURRA_ISA="avx9000")
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert f"InputError: RECURRA_ISA is 'avx9000'; this processor can run {', '.join(kernels.extension.isas)}" in last
