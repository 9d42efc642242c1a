"""Stages that take long are shown on standard error, on a terminal as a line that disappears."""

import io
import sys
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recurra import stages
from recurra.cli import run
from recurra.stages import stage, watched
from recurra.tables.table_builder import make_table

pytestmark = pytest.mark.usefixtures("empty_pictures")


class Stream(io.StringIO):
    """A stream that tells when it is written to."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal, self.written = terminal, threading.Event()

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        count = super().write(text)
        if "…" in text:
            self.written.set()
        return count


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "SILENT", 0.0)


@pytest.mark.usefixtures("at_once")
def test_a_long_stage_is_one_plain_line_where_there_is_no_terminal() -> None:
    stream = Stream(terminal=False)
    with watched(stream):
        for name in ("a", "b"):
            with stage(f"reading {name}.csv"):
                assert stream.written.wait(30)
                stream.written.clear()
    assert stream.getvalue() == "recurra: reading a.csv …\nrecurra: reading b.csv …\n"


@pytest.mark.usefixtures("at_once")
def test_a_stage_within_another_is_a_part_of_it() -> None:
    stream = Stream(terminal=False)
    with watched(stream), stage("scoring a.csv"):
        assert stream.written.wait(30)
        with stage("forecasting a.csv"):
            pass
        with stage("forecasting a.csv again"):
            pass
    assert stream.getvalue() == "recurra: scoring a.csv …\n"


def test_a_run_says_each_of_its_stages_in_other_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    begin = stages.Watcher.begin
    monkeypatch.setattr(stages.Watcher, "begin", lambda self, what: (said.append(what), begin(self, what)))
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"date": pd.date_range("2024-01-01", periods=600), "v": range(600)}).to_csv("v.csv", index=False)
    assert run(["forecast", "v.csv", "--out", "run"]) == 0
    assert said == [
        "reading v.csv",
        "preparing v.csv",
        "scoring the validation part of v.csv",
        "scoring the test part of v.csv",
        "preparing all rows of v.csv",
        "forecasting v.csv",
    ]


@pytest.mark.usefixtures("at_once")
def test_on_a_terminal_the_line_disappears() -> None:
    stream = Stream(terminal=True)
    with watched(stream), stage("reading [red]a.csv"):
        assert stream.written.wait(30)
    shown = stream.getvalue()
    assert "reading [red]a.csv …" in shown  # names are no markup
    assert shown.endswith("\x1b[2K")  # the terminal's code that erases a line


def test_a_short_stage_is_not_shown() -> None:
    stream = Stream(terminal=False)
    with watched(stream), stage("reading a.csv"):
        pass
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("at_once")
def test_nothing_is_shown_unless_someone_watches() -> None:
    stream = Stream(terminal=False)
    with watched(stream), watched(None), stage("reading a.csv"):
        assert not stream.written.wait(0.1)
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("flags", "is_shown"), [([], True), (["--quiet"], False)])
def test_the_command_line_shows_that_it_reads_a_table(
    flags: list[str], is_shown: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, stream = tmp_path / "sales.csv", Stream(terminal=False)
    pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=200), "y": range(200)}).to_csv(path, index=False)

    def after_it_is_shown(*arguments: Any, **named: Any) -> Any:
        assert stream.written.wait(30 if is_shown else 0.1) == is_shown
        return make_table(*arguments, **named)

    monkeypatch.setattr("recurra.forecasting.read.make_table", after_it_is_shown)
    monkeypatch.setattr(sys, "stderr", stream)
    out = ["--out", str(tmp_path / "run"), "--window", "4", "--units", "2", "--epochs", "1", "--test", "0"]
    assert run(["forecast", str(path), *out, *flags]) == 0
    assert (f"recurra: reading {path} …\n" in stream.getvalue()) == is_shown
