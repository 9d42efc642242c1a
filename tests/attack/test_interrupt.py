"""Ctrl-C at any moment, also while modules are imported, ends in one line."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recurra.cases.catalog import find_case
from recurra.runs.train import train_case

START = "import sys; from recurra.__main__ import main; print('started', flush=True); main()"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    train_case(find_case("letters-onehot"), {"epochs": 3}, out)
    return out


@pytest.mark.parametrize("seed", range(8))
def test_ctrl_c_is_one_line_whatever_it_interrupts(finished: Path, seed: int) -> None:
    command = [sys.executable, "-c", START, "show", str(finished)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(random.Random(seed).uniform(0, 2.5))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    if process.returncode != 0:  # it was not quicker than the signal
        assert (process.returncode, err) == (130, "\nrecurra: interrupted.\n")


def test_ctrl_c_that_a_shell_ignores_stays_ignored(finished: Path) -> None:
    command = [sys.executable, "-c", f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {START}"]
    with subprocess.Popen([*command, "show", str(finished)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        for _ in range(20):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        assert process.wait(timeout=60) == 0


def test_ctrl_c_that_some_code_swallows_is_received_again_when_it_is_repeated() -> None:
    code = """
import contextlib, signal, sys, time
from recurra.cli import entry as cli

def work(tokens):
    with contextlib.suppress(KeyboardInterrupt):
        print("started", flush=True)
        time.sleep(60)
    print("swallowed", flush=True)
    time.sleep(60)

cli.app = lambda tokens, **_: work(tokens)
cli.SECONDS_TO_END = 0.2
cli.main()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"started\n"
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == b"swallowed\n"
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, err) == (130, b"\nrecurra: interrupted.\n")
