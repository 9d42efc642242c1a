"""Commands and Python expressions run as a person would type them, and the transcripts that record what they answer."""

import contextlib
import io
import json
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

SETTINGS = {"COLUMNS": "120", "TERM": "dumb", "NO_COLOR": "1"}
FORCING = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")  # variables that make rich draw for a terminal


class Command(NamedTuple):
    """A command line and what it answers.

    Attributes:
        line: as typed: `recurra predict run a`; `< FILE` at its end gives standard input.
        stdout: what it prints.
        stderr: progress, warnings and errors.
        status: exit status.
    """

    line: str
    stdout: str
    stderr: str
    status: int


class Expression(NamedTuple):
    """A Python expression and its value as text, or its error as `ErrorName: message`."""

    line: str
    answer: str


def run(line: str, folder: Path) -> Command:
    """Run a command in this process."""
    arguments, stdin = _parsed(line, folder)
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        _environment(),
        patch.object(sys, "argv", arguments),
        patch.object(sys, "stdin", io.StringIO(stdin)),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
        _warnings_as_in_a_process(),
        _same_handler_of_ctrl_c(),
    ):
        try:
            runpy.run_module("recurra", run_name="__main__")
        except SystemExit as exit_:
            status = int(exit_.code or 0)
    return Command(line, stdout.getvalue(), stderr.getvalue(), status)


def run_apart(line: str, folder: Path) -> Command:
    """Run a command in a process of its own."""
    arguments, stdin = _parsed(line, folder)
    with _environment():
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, cwd=folder, input=stdin, capture_output=True, text=True, check=False)
    return Command(line, done.stdout, done.stderr, done.returncode)


def evaluate(line: str, names: Mapping[str, Any]) -> Expression:
    """Evaluate an expression; only errors that mean faulty input count as an answer."""
    from recurra import InputError

    try:
        value = eval(line, dict(names))
    except InputError as error:
        return Expression(line, f"{type(error).__name__}: {error}")
    return Expression(line, value if isinstance(value, str) else json.dumps(value, indent=1, default=str))


def to_text(commands: list[Command]) -> str:
    """Commands as a transcript: `$ command`, then `| stdout`, `! stderr`, and the exit status where it is not 0."""
    blocks = []
    for command in commands:
        lines = [f"$ {command.line}", *_prefixed("|", command.stdout), *_prefixed("!", command.stderr)]
        blocks.append("\n".join(lines + ([f"exit status {command.status}"] if command.status else [])))
    return "\n\n".join(blocks) + "\n"


def from_text(text: str) -> list[Command]:
    """The commands of a transcript."""
    commands = []
    for block in _blocks(text, "$ "):
        line, *lines = block.splitlines()
        status = [int(words.split()[-1]) for words in lines if words.startswith("exit status ")]
        commands.append(Command(line, _unprefixed("|", lines), _unprefixed("!", lines), status[0] if status else 0))
    return commands


def expressions_to_text(expressions: list[Expression]) -> str:
    """Expressions as a transcript: `>>> expression`, then its answer."""
    return "\n\n".join(f">>> {expression.line}\n{expression.answer}" for expression in expressions) + "\n"


def expressions_from_text(text: str) -> list[Expression]:
    """The expressions of a transcript."""
    return [Expression(*block.split("\n", 1)) for block in _blocks(text, ">>> ")]


def _blocks(text: str, prompt: str) -> list[str]:
    return [block.rstrip("\n") for block in re.split(rf"^{re.escape(prompt)}", text, flags=re.MULTILINE)[1:]]


def _prefixed(mark: str, text: str) -> list[str]:
    return [f"{mark} {line}".rstrip() for line in text.splitlines()]


def _unprefixed(mark: str, lines: list[str]) -> str:
    return "".join(f"{line[2:]}\n" for line in lines if line[:1] == mark)


def _parsed(line: str, folder: Path) -> tuple[list[str], str]:
    """The arguments, and what standard input gives."""
    command, _, file = line.partition(" < ")
    return shlex.split(command), (folder / file).read_text("utf-8") if file else ""


@contextlib.contextmanager
def _same_handler_of_ctrl_c() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    with patch.dict(os.environ, SETTINGS):
        for name in FORCING:
            os.environ.pop(name, None)
        yield


@contextlib.contextmanager
def _warnings_as_in_a_process() -> Iterator[None]:
    """Python's own filters, whatever the test runner has set."""
    with warnings.catch_warnings():
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        yield
