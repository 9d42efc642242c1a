"""The sandbox of the attacks sees what it is there to see."""

from pathlib import Path

import pytest

from .sandbox import Outcome, Sandbox


def test_ends_are_told_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    assert sandbox.run("assert path.endswith('x')", path=tmp_path / "x").end == "returned"
    assert sandbox.run("import recurra; raise recurra.InputError('no.')") == Outcome(
        "refused", "no.", *[pytest.approx(0, abs=1)] * 2
    )
    assert sandbox.run("1 / 0").text.startswith("ZeroDivisionError")
    assert sandbox.run("import os; os.kill(os.getpid(), 11)").text == "SIGSEGV"
    assert sandbox.run("raise SystemExit(2)").end == "exited"


def test_cost_is_measured_beyond_imports(sandbox: Sandbox) -> None:
    nothing = sandbox.run("pass")
    assert nothing.megabytes < 20
    assert nothing.seconds < 1
    assert sandbox.run("b'x' * 300_000_000").megabytes == pytest.approx(286, abs=20)
    assert sandbox.run("import time; t = time.process_time()\nwhile time.process_time() < t + 0.3: pass").seconds > 0.2


def test_runs_leave_nothing_behind(sandbox: Sandbox) -> None:
    sandbox.run("import recurra; recurra.left = 1")
    assert sandbox.run("import recurra; recurra.left").end == "raised"


def test_memory_is_limited(sandbox: Sandbox) -> None:
    assert sandbox.run("b'x' * 10**10").text.startswith("MemoryError")


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome("raised", "KeyError", 0, 0),
        Outcome("refused", "two\nlines", 0, 0),
        Outcome("refused", "x" * 501, 0, 0),
        Outcome("refused", "\x1b[31m", 0, 0),
        Outcome("refused", "no.", 3.1, 0),
        Outcome("returned", "", 0, 201),
    ],
)
def test_faults_are_named(outcome: Outcome) -> None:
    assert outcome.fault()


def test_a_cheap_refusal_is_no_fault() -> None:
    assert Outcome("refused", "path: is damaged.", 0.1, 10).fault() is None
