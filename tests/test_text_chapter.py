"""docs/text.md: its example prints what it says, and its flags and symbols are those of the code."""

import re
from pathlib import Path

import pytest

from recurra.cli import run
from recurra.language.tokenizers import Characters, Words

PAGE = (Path(__file__).parents[1] / "docs" / "text.md").read_text("utf-8")


def test_the_examples_print_what_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(first, "docs/text.md", "exec"), names)
    written, *surprises = capsys.readouterr().out.splitlines()
    assert f"# {written}" in first
    *expected, wrong = (float(line.split()[1]) for line in surprises)
    assert max(expected) < 0.5
    assert wrong > 3.0
    exec(compile(second, "docs/text.md", "exec"), names)
    assert capsys.readouterr().out.splitlines() == re.findall(r"# (.*)", second)


def test_the_scores_of_units_are_those_that_were_measured() -> None:
    rows = re.findall(r"^\| (?:position|inside|bracket|indentation).*%.*$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    results = (Path(__file__).parents[1] / "benchmarks" / "RESULTS.md").read_text("utf-8")
    assert "\n".join(rows) in results


def test_the_scores_of_the_book_are_those_that_were_measured() -> None:
    rows = re.findall(r"^\| \d \| 1\..*$", PAGE, re.MULTILINE)
    assert len(rows) == 3
    results = (Path(__file__).parents[1] / "benchmarks" / "accuracy" / "RESULTS.md").read_text("utf-8")
    assert "\n".join(rows) in results


def test_the_flags_are_those_of_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("train text", "generate", "show"):
        assert run([*command.split(), "--help"]) == 0
    known = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) - {"--help"} <= known


def test_the_symbols_are_those_of_the_tokenizers() -> None:
    for tokenizer in (Characters(), Words()):
        symbols = tokenizer.split("Don't go,  天地!")
        assert " ".join(f"`{symbol.replace(' ', '␣')}`" for symbol in symbols) in PAGE
