"""Trainings end as recorded; recorded runs answer as recorded; runs that were killed in the middle go on and end so."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from .comparison import assert_same_run, assert_same_text
from .faults import copy_run
from .terminal import from_text, run

pytestmark = [
    pytest.mark.filterwarnings("ignore::recurra.json_objects.MissingDigestWarning"),  # recorded before digests
    pytest.mark.usefixtures("empty_pictures"),
]
GOLDEN = Path(__file__).parent
RUNS, KILLED, TRAININGS, QUESTIONS = (
    GOLDEN / name for name in ("runs", "killed", "texts/trainings", "texts/questions")
)
NAMES = sorted(path.stem for path in TRAININGS.iterdir())
QUICK = {"letters-onehot-rnn", "letters-embedding-gru", "letters-window-lstm", "stock-tutorial-rnn", "sales-lstm"}
QUICK |= {"stock-gru", "letters-interrupted-0", "letters-interrupted-5", "stock-interrupted-2"}


def slow_but(quick: set[str], names: Iterable[str]) -> list[Any]:
    """The names as parameters of a test, marked as slow but for the quick ones."""
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in sorted(names)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the small tables."""
    shutil.copytree(GOLDEN / "data", tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_every_recorded_run_is_trained_anew_and_questioned() -> None:
    assert NAMES == sorted(path.name for path in RUNS.iterdir()) == sorted(path.stem for path in QUESTIONS.iterdir())


@pytest.mark.parametrize("name", slow_but(QUICK, NAMES))
def test_a_training_says_and_writes_what_was_recorded(name: str, folder: Path) -> None:
    (recorded,) = from_text((TRAININGS / f"{name}.txt").read_text("utf-8"))
    found = run(recorded.line, folder)
    assert found.status == 0
    assert_same_text(found.stderr, recorded.stderr)
    assert_same_text(found.stdout, recorded.stdout)
    assert_same_run(folder / "run", RUNS / name)


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_run_answers_as_recorded_and_is_left_as_it_is(name: str, folder: Path) -> None:
    copy_run(RUNS / name, folder / "run")
    before = contents(folder / "run")
    for recorded in from_text((QUESTIONS / f"{name}.txt").read_text("utf-8")):
        found = run(recorded.line, folder)
        assert found.status == 0
        assert_same_text(found.stdout, recorded.stdout)
        assert without_other_versions(found.stderr) == recorded.stderr
    assert contents(folder / "run") == before


@pytest.mark.parametrize("killed", slow_but(QUICK, (path.name for path in KILLED.iterdir())))
def test_a_killed_run_goes_on_and_ends_like_one_that_was_not(killed: str, folder: Path) -> None:
    name = killed.rpartition("-")[0]
    (uninterrupted,) = from_text((TRAININGS / f"{name}.txt").read_text("utf-8"))
    shutil.copytree(KILLED / killed, folder / "run")
    found = run(f"{uninterrupted.line} --resume", folder)
    assert found.status == 0
    progress = without(" has no digest, ", without_other_versions(found.stderr))
    assert progress
    assert_same_text(progress, uninterrupted.stderr[uninterrupted.stderr.index(progress.split("  ")[0]) :])
    assert_same_text(found.stdout, uninterrupted.stdout)
    assert_same_run(folder / "run", RUNS / name)


def contents(run_folder: Path) -> dict[str, bytes]:
    """The files without pictures, which no recorded run has: a resumed one draws them again."""
    paths = (path for path in run_folder.iterdir() if not path.name.startswith(".") and path.suffix != ".png")
    return {path.name: path.read_bytes() for path in paths}


def without_other_versions(stderr: str) -> str:
    """What is printed, but for warnings that recurra, torch or Python were of other versions when this was recorded."""
    return without(" and goes on with ", stderr)


def without(note: str, stderr: str) -> str:
    return "".join(f"{line}\n" for line in stderr.splitlines() if note not in line)
