"""A run that was killed at any moment ends with the same bytes as one that was never interrupted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("killed_trainings.py")


def killed_trainings(folder: Path, *how: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    command = [sys.executable, str(SCRIPT), str(folder), *how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    return report["uninterrupted"], report["trials"]


def assert_ended_like(uninterrupted: dict[str, Any], trial: dict[str, Any]) -> None:
    assert trial["status"] == 0
    assert trial["model"] == uninterrupted["model"]
    assert trial["metrics"] == uninterrupted["metrics"]
    assert trial["files"] == uninterrupted["files"]  # nothing half-written lies about


@pytest.mark.slow
def test_trainings_killed_at_random_moments_end_with_the_same_bytes(tmp_path: Path) -> None:
    count = 20
    uninterrupted, trials = killed_trainings(tmp_path, "random", str(count), "2026")
    assert len(trials) == count
    assert sum(trial["had_state"] for trial in trials) >= count // 4, "many must have been killed in the middle"
    for trial in trials:
        assert_ended_like(uninterrupted, trial)


@pytest.mark.slow
def test_trainings_killed_inside_an_epoch_repeat_only_the_steps_since_their_last_save(tmp_path: Path) -> None:
    uninterrupted, trials = killed_trainings(tmp_path, "steps")
    assert len(trials) == 7
    for trial in trials:
        assert_ended_like(uninterrupted, trial)
        at_the_end_of_an_epoch = int(trial["run"].removeprefix("step-")) % 3 == 0  # before its record was saved
        assert trial["steps"] == uninterrupted["steps"] + at_the_end_of_an_epoch


@pytest.mark.slow
@pytest.mark.parametrize(("moment", "count"), [("overwriting", 13), ("writes", 30)])
def test_trainings_killed_at_each_step_of_what_they_write_end_with_the_same_bytes(
    tmp_path: Path, moment: str, count: int
) -> None:
    uninterrupted, trials = killed_trainings(tmp_path, moment)
    assert len(trials) == count
    for trial in trials:
        assert_ended_like(uninterrupted, trial)
