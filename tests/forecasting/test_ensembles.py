"""The networks of an ensemble are parts of a run, each of which resumes exactly."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recurra import Forecaster, InputError
from recurra.training import Callback, Run, TrainingState

from .killed_ensemble import SETTINGS, train
from .tables import bars

ROOT = Path(__file__).parents[2]
STEPS_OF_EPOCH = 2  # 54 windows in batches of 32


def results(folder: Path) -> tuple[bytes, list[dict[str, Any]], list[str]]:
    records = [{k: v for k, v in record.items() if k != "seconds"} for record in Run(folder).read_metrics()]
    return (folder / "model.safetensors").read_bytes(), records, sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ensembles") / "whole"
    train(folder)
    return folder


def test_a_run_of_an_ensemble_has_a_state_for_each_network(whole: Path) -> None:
    _, records, names = results(whole)
    assert names == [
        "metrics.jsonl",
        "model.safetensors",
        "run.json",
        *(f"state-{number}.safetensors" for number in (1, 2, 3)),
    ]
    assert [(record["member"], record["epoch"]) for record in records] == [
        (1, 1),
        (1, 2),
        (2, 1),
        (2, 2),
        (3, 1),
        (3, 2),
    ]


@pytest.mark.parametrize(
    "deadly", [4, *(pytest.param(steps, marks=pytest.mark.slow) for steps in (1, 5, 7, 12))], ids="step {}".format
)
def test_an_ensemble_that_was_killed_ends_with_the_same_bytes(whole: Path, tmp_path: Path, deadly: int) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "tests.forecasting.killed_ensemble", str(folder), str(deadly)]
    killed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(list(folder.glob("state-*"))) == -(-deadly // (2 * STEPS_OF_EPOCH))
    train(folder)
    assert results(folder) == results(whole)
    steps = len(folder.with_suffix(".steps").read_text())
    # every step is saved, but the last of an epoch with its record, before which the process was killed
    assert steps - len(whole.with_suffix(".steps").read_text()) <= 1


def test_a_resumed_run_never_lacks_the_records_of_its_networks(tmp_path: Path) -> None:
    train(tmp_path / "run")
    lines: list[int] = []

    class Watch(Callback):
        def on_train_end(self, state: TrainingState) -> None:
            lines.append(len(Run(tmp_path / "run").read_metrics()))

    with Run(tmp_path / "run", "resume") as run:
        Forecaster(**SETTINGS).fit(bars(), run=run, callbacks=[Watch()])
    assert lines == [6, 6, 6]


@pytest.mark.parametrize("lost", ["state-1.safetensors", "state-3.safetensors"])
def test_a_state_that_is_lost_is_named(tmp_path: Path, lost: str) -> None:
    train(tmp_path / "run")
    (tmp_path / "run" / lost).unlink()
    (tmp_path / "run" / "state-mine.safetensors").touch()
    with pytest.raises(InputError, match=f"lacks {lost}, without which it cannot be resumed"):
        train(tmp_path / "run")


def test_overwriting_an_ensemble_whose_info_is_damaged_begins_anew(tmp_path: Path) -> None:
    train(tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text("{")
    with Run(tmp_path / "run", "overwrite") as run:
        assert not list((tmp_path / "run").glob("state*"))
        Forecaster(**SETTINGS).fit(bars(), run=run)


def test_more_epochs_train_each_network_on(whole: Path, tmp_path: Path) -> None:
    longer = {**SETTINGS, "epochs": 3}
    fresh = Forecaster(**longer).fit(bars())
    with Run(tmp_path / "run", "new") as run:
        Forecaster(**SETTINGS).fit(bars(), run=run)
    with Run(tmp_path / "run", "resume") as run:
        resumed = Forecaster(**longer).fit(bars(), run=run)
    for name, weights in fresh.network_.state_dict().items():
        assert bool((resumed.network_.state_dict()[name] == weights).all()), name
