"""The text cases, from a file to a finished run folder: scores, resume after a kill, and what is said of bad input."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recurra import load
from recurra.cases.catalog import find_case
from recurra.errors import InputError
from recurra.language.text_sources import standard_library
from recurra.runs.show import run_text
from recurra.runs.train import train_case

pytestmark = pytest.mark.usefixtures("empty_pictures")

BOOK = "天地玄黄，宇宙洪荒。\n日月盈昃，辰宿列张。\n" * 60
SMALL = {
    "units": [12, 12],
    "embedding_dim": 12,
    "residual": True,
    "tied": True,
    "window": 8,
    "batch_size": 4,
    "steps": 40,
    "record_every": 10,
    "learning_rate": 0.02,
}
KILLED = """
import os, signal, sys
from recurra.cases.catalog import find_case
from recurra.runs.train import train_case
from recurra.training import Callback

class Deadly(Callback):
    def on_step_end(self, state, step, steps):
        if state.step == 17:
            os.kill(os.getpid(), signal.SIGKILL)

train_case(find_case("text"), {settings!r}, __import__("pathlib").Path(sys.argv[1]), callbacks=[Deadly()])
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text(BOOK)
    return path


def settings_of(book: Path, **changed: object) -> dict[str, object]:
    return {**SMALL, "data": str(book), "save_every_seconds": 0.0, **changed}


def test_a_run_reads_a_text_and_is_scored_beside_the_frequencies(tmp_path: Path, book: Path) -> None:
    train_case(find_case("text"), settings_of(book, dynamic=True), tmp_path / "run")
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())["validation"]
    assert scores["symbols"] == scores["characters"] == round(0.1 * len(BOOK)) - 1
    assert scores["carried"]["nats"] < scores["frequencies"]["nats"]
    assert set(scores) == {"symbols", "characters", "carried", "cold", "dynamic", "frequencies"}
    assert load(tmp_path / "run").vocabulary_.symbols[-1] == "\ufffd"
    text = run_text(tmp_path / "run")
    assert "with the state carried on" in text
    assert "dynamic evaluation" in text


@pytest.mark.parametrize(
    "changed",
    [{}, {"variational": True, "recurrent_dropout": 0.1, "weight_dropout": 0.1, "layer_norm": False}],
    ids=str,
)
def test_a_run_killed_inside_an_epoch_ends_with_the_same_bytes(
    tmp_path: Path, book: Path, changed: dict[str, object]
) -> None:
    settings = settings_of(book, **changed)
    program = KILLED.replace("{settings!r}", repr(settings))
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "killed")], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    for name, mode in (("killed", "resume"), ("whole", "new")):
        train_case(find_case("text"), settings, tmp_path / name, mode=mode)
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("killed", "whole")]
    assert models[0] == models[1]


def test_a_run_does_not_go_on_with_another_text(tmp_path: Path, book: Path) -> None:
    train_case(find_case("text"), settings_of(book, steps=10), tmp_path / "run")
    book.write_text(BOOK + "天")
    with pytest.raises(InputError, match="the run began with another text"):
        train_case(find_case("text"), settings_of(book, steps=20), tmp_path / "run", mode="resume")


@pytest.mark.parametrize("tokens", ["words", "bpe"])
def test_scores_of_words_and_codes_are_given_by_character_too(tmp_path: Path, book: Path, tokens: str) -> None:
    book.write_text("the cat sat on the mat.\n" * 200)
    settings = settings_of(book, tokens=tokens, vocabulary_size=300, unknown=None if tokens == "bpe" else "?")
    train_case(find_case("text"), settings, tmp_path / "run")
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())["validation"]
    assert scores["symbols"] < scores["characters"] <= 480
    assert scores["carried"]["nats_per_character"] < scores["carried"]["nats"]
    assert "perplexity of a symbol" in run_text(tmp_path / "run")


def test_the_standard_library_is_about_a_megabyte_of_source() -> None:
    files = standard_library()
    assert 0.8e6 < sum(file.stat().st_size for file in files) < 1.4e6
    assert all(file.suffix == ".py" for file in files)


def test_bad_bytes_leave_no_run(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"abc\xff")
    with pytest.raises(InputError, match=r"bad\.txt is not utf-8: byte 3 is 0xFF"):
        train_case(find_case("text"), settings_of(tmp_path / "bad.txt"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the memory of one process is known on POSIX systems only")
def test_a_text_of_a_gigabyte_is_read_and_learned_in_less_memory(tmp_path: Path) -> None:
    page, large = BOOK.encode() * 1000, tmp_path / "large.txt"
    with large.open("wb") as file:
        while file.tell() < 1e9:
            file.write(page)
    sizes = ["--units", "32", "--steps", "100", "--validation", "100000"]
    command = [sys.executable, "-m", "recurra", "train", "text", "--data", str(large), *sizes]
    process = subprocess.Popen([*command, "--out", str(tmp_path / "run"), "--quiet"])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) < 1e9
