"""docs/text.md: its example prints what it says, and its flags and symbols are those of the code."""

import re
from pathlib import Path

import pytest

from recurra.cli import run
from recurra.language.tokenizers import Characters, Words

PAGE = (Path(__file__).parents[1] / "docs" / "text.md").read_text("utf-8")


def test_the_example_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(program, "docs/text.md", "exec"), {})
    written, *surprises = capsys.readouterr().out.splitlines()
    assert f"# {written}" in program
    *expected, wrong = (float(line.split()[1]) for line in surprises)
    assert max(expected) < 0.5
    assert wrong > 3.0


def test_the_flags_are_those_of_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("train text", "generate"):
        assert run([*command.split(), "--help"]) == 0
    known = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) - {"--help"} <= known


def test_the_symbols_are_those_of_the_tokenizers() -> None:
    for tokenizer in (Characters(), Words()):
        symbols = tokenizer.split("Don't go,  天地!")
        assert " ".join(f"`{symbol.replace(' ', '␣')}`" for symbol in symbols) in PAGE
