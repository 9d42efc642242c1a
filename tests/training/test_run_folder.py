"""The run folder: modes, lock, files replaced whole, and what damage says."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from recurra.errors import InputError
from recurra.folder_lock import FolderLock
from recurra.json_objects import with_digest
from recurra.tensor_files import read_tensors, write_tensors
from recurra.training import Checkpoint, Run, TrainingState
from recurra.training.run_folder import METRICS
from recurra.training.state_names import STATE

WITHOUT_DIGESTS = pytest.mark.filterwarnings("ignore::recurra.json_objects.MissingDigestWarning")  # older runs


def a_state(epoch: int = 2) -> TrainingState:
    tensors = {"model.w": torch.arange(3.0), "best.w": torch.ones(3), "generator.cpu": torch.get_rng_state()}
    history = [{"epoch": n + 1, "loss": 1 / (n + 1), "seconds": 0.1 * n} for n in range(epoch)]
    return TrainingState(epoch, best_epoch=1, best_value=0.1 + 0.2, history=history, tensors=tensors)


def test_a_state_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    with Run(tmp_path / "r", "new") as run:
        assert run.load_state() is None
        run.save_state(a_state())
        loaded = run.load_state()
    assert loaded is not None
    assert loaded.history == a_state().history
    assert loaded.to_parts()[1] == a_state().to_parts()[1]
    assert loaded.tensors.keys() == a_state().tensors.keys()
    assert torch.equal(loaded.tensors["model.w"], torch.arange(3.0))


def test_metrics_have_one_line_an_epoch(tmp_path: Path) -> None:
    with Run(tmp_path / "r", "new") as run:
        run.save_state(a_state(3))
    lines = (tmp_path / "r" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == a_state(3).history


def test_the_same_content_gives_the_same_bytes_and_one_metadata_key(tmp_path: Path) -> None:
    tensors = {"b": torch.randn(3), "a": torch.randn(2, 2, dtype=torch.float64)}
    write_tensors(tmp_path / "1", tensors, {"y": 1, "x": "汉"})
    write_tensors(tmp_path / "2", dict(reversed(tensors.items())), {"x": "汉", "y": 1})
    content = (tmp_path / "1").read_bytes()
    assert content == (tmp_path / "2").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    (text,) = header["__metadata__"].values()
    assert re.fullmatch(r'{"sha256": "[0-9a-f]{64}", "x": "\\u6c49", "y": 1}', text)


def test_tied_weights_are_written_each_on_its_own(tmp_path: Path) -> None:
    weight = torch.randn(3, 3)
    write_tensors(tmp_path / "t", {"a": weight, "b": weight, "transposed": weight.T}, {})
    tensors, _ = read_tensors(tmp_path / "t")
    assert torch.equal(tensors["a"], weight)
    assert torch.equal(tensors["b"], weight)
    assert torch.equal(tensors["transposed"], weight.T)


def test_a_new_run_refuses_a_folder_that_is_one(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        run.record(status="training")
    with pytest.raises(InputError, match="is already a run; continue it with --resume, or start over"):
        Run(tmp_path, "new")


@pytest.mark.parametrize("mode", ["new", "resume", "overwrite"])
def test_a_folder_of_other_files_is_left_alone(tmp_path: Path, mode: str) -> None:
    (tmp_path / "thesis.txt").write_text("do not lose me")
    with pytest.raises(InputError, match="holds files and is not a run folder; choose another --out"):
        Run(tmp_path, mode)  # type: ignore[arg-type]
    assert (tmp_path / "thesis.txt").read_text() == "do not lose me"


def test_overwriting_removes_what_the_run_wrote_and_nothing_else(tmp_path: Path) -> None:
    mine = ["my notes.md", "my data.csv", "my plot.png", "scores.json"]
    with Run(tmp_path, "new") as run:
        run.record(status="finished")
        run.save_state(a_state())
        run.file("training.png").write_bytes(b"")
    for name in mine:
        (tmp_path / name).write_text("mine")
    with Run(tmp_path, "overwrite") as run:
        assert run.load_state() is None
        assert run.info == {"status": "begun", "files": []}
        assert (tmp_path / "run.json").exists()  # until it is replaced, so that the folder stays a run
    assert {name: (tmp_path / name).read_text() for name in mine} == dict.fromkeys(mine, "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["run.json", *mine])


@WITHOUT_DIGESTS
def test_overwriting_a_run_that_recorded_no_files_removes_those_that_runs_then_wrote(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"status": "finished"}')
    for name in ["model.safetensors", "forecast.csv", "residuals.png", "mine.csv", "mine.png"]:
        (tmp_path / name).write_bytes(b"")
    Run(tmp_path, "overwrite").close()
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["mine.csv", "mine.png", "run.json"]


@WITHOUT_DIGESTS
def test_a_file_with_a_name_that_an_older_run_might_have_written_later_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"status": "finished"}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    with Run(tmp_path, "resume") as run:
        run.record(status="training")
    (tmp_path / "forecast.csv").write_text("mine")
    Run(tmp_path, "overwrite").close()
    assert (tmp_path / "forecast.csv").read_text() == "mine"
    assert not (tmp_path / "model.safetensors").exists()


def test_overwriting_a_run_whose_description_has_another_digest_removes_the_files_that_it_lists(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        for name in ["model.safetensors", "forecast.csv"]:
            run.file(name).write_bytes(b"")
    text = (tmp_path / "run.json").read_text("utf-8")
    (tmp_path / "run.json").write_text(text.replace('"sha256": "', '"sha256": "0'), "utf-8")
    with pytest.raises(InputError, match="does not match its digest"):
        Run(tmp_path)
    Run(tmp_path, "overwrite").close()
    assert [path.name for path in tmp_path.glob("[!.]*")] == ["run.json"]


def test_overwriting_a_run_with_a_damaged_description_removes_only_files_of_unmistakable_names(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{")
    for name in ["model.safetensors", "forecast.csv"]:
        (tmp_path / name).write_bytes(b"")
    Run(tmp_path, "overwrite").close()
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == ["forecast.csv", "run.json"]


def test_a_file_that_takes_the_place_of_one_that_a_killed_run_did_not_come_to_write_is_kept(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        run.check_free("scores.json")
        run.save_state(a_state())
    (tmp_path / "scores.json").write_text("mine")
    with Run(tmp_path, "resume") as run, pytest.raises(InputError, match=r"scores.json was not written by this run"):
        run.check_free("scores.json")
    Run(tmp_path, "overwrite").close()
    assert (tmp_path / "scores.json").read_text() == "mine"


def test_a_file_that_was_removed_is_no_longer_the_runs(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        run.write_json("scores.json", {})
    (tmp_path / "scores.json").unlink()
    Run(tmp_path, "resume").close()
    with Run(tmp_path, "resume") as run:
        run.record(status="training")
    (tmp_path / "scores.json").write_text("mine")
    Run(tmp_path, "overwrite").close()
    assert (tmp_path / "scores.json").read_text() == "mine"


def test_a_file_that_the_run_did_not_write_is_not_replaced(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        run.record(status="training")
        (tmp_path / "scores.json").write_text("mine")
        with pytest.raises(InputError, match=r"scores.json was not written by this run, which would replace it; move"):
            run.write_json("scores.json", {})
    assert (tmp_path / "scores.json").read_text() == "mine"


@WITHOUT_DIGESTS
@pytest.mark.parametrize("files", ['["../../thesis.txt"]', '["/etc/passwd"]', '["run.json"]', "[3]", '"abc"'])
def test_a_list_of_files_that_reaches_outside_the_folder_is_damage(tmp_path: Path, files: str) -> None:
    (tmp_path / "run.json").write_text(f'{{"files": {files}}}')
    with pytest.raises(InputError, match=r"run\.json is damaged .files is .*start over with another --out"):
        Run(tmp_path, "resume")
    Run(tmp_path, "overwrite").close()
    assert (tmp_path / "run.json").is_file()


def test_resuming_reads_what_was_recorded_and_sweeps_temporary_files(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        run.record(status="training", answer=42)
    (tmp_path / ".state.safetensors.0123abcd.tmp").write_bytes(b"half")
    (tmp_path / ".notes.tmp").write_bytes(b"mine")
    with Run(tmp_path, "resume") as run:
        assert run.info == {"status": "training", "answer": 42, "files": []}
    assert [path.name for path in tmp_path.glob(".*.tmp")] == [".notes.tmp"]


@pytest.mark.slow
def test_a_second_process_is_told_to_wait(tmp_path: Path) -> None:
    other = "import sys; from recurra.training import Run; Run(sys.argv[1], 'resume')"
    with Run(tmp_path, "new"):
        refused = subprocess.run([sys.executable, "-c", other, tmp_path], capture_output=True, text=True, check=False)
    assert "another process is writing to this run" in refused.stderr
    assert subprocess.run([sys.executable, "-c", other, tmp_path], check=False).returncode == 0


def test_reading_takes_no_lock(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        run.record(status="training")
        assert Run(tmp_path).info == {"status": "training", "files": []}


def test_what_is_no_run_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere is not a run folder \(no run.json\)"):
        Run(tmp_path / "nowhere")


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be used as a run folder"):
        Run(tmp_path / "file" / "run", "new")


@pytest.mark.parametrize("content", [b"", b"\x00" * 40, bytes(range(250)) * 2, b"\xff" * 8 + b"{}"])
def test_a_damaged_state_says_so(tmp_path: Path, content: bytes) -> None:
    with Run(tmp_path, "new") as run:
        (tmp_path / "state.safetensors").write_bytes(content)
        with pytest.raises(InputError, match=r"state\.safetensors is damaged"):
            run.load_state()


def test_a_damaged_run_json_says_so(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(b'{"status": "fin')
    with pytest.raises(InputError, match=r"run\.json is damaged"):
        Run(tmp_path)


@pytest.mark.parametrize(("every_seconds", "written_at"), [(0.0, [1, 2, 3, 3]), (3600.0, [3])])
def test_a_checkpoint_is_written_by_time_and_at_the_end(
    tmp_path: Path, every_seconds: float, written_at: list[int]
) -> None:
    written: list[int] = []
    with Run(tmp_path, "new") as run:
        checkpoint = Checkpoint(run, lambda state: written.append(state.epoch), every_seconds)
        checkpoint.on_step_end(a_state(0), 1, 2)  # saved, and no model yet
        for epoch in (1, 2, 3):
            checkpoint.on_epoch_end(a_state(epoch))
        checkpoint.on_train_end(a_state(3))
    assert written == written_at


def test_a_run_that_another_process_made_meanwhile_is_not_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SlowLock(FolderLock):  # between the first look and the lock, another process begins and ends
        def __init__(self, folder: Path) -> None:
            (folder / "run.json").write_text(json.dumps(with_digest({"status": "finished"})))
            super().__init__(folder)

    monkeypatch.setattr("recurra.training.run_folder.FolderLock", SlowLock)
    with pytest.raises(InputError, match="is already a run"):
        Run(tmp_path, "new")
    with Run(tmp_path, "resume"):
        pass  # the lock was given back


def test_an_overwriting_that_was_killed_is_finished_by_the_next_one(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        run.record(status="emptying")
        run.save_state(a_state())
    with Run(tmp_path, "resume") as run:
        assert run.load_state() is None
        assert run.info == {"status": "begun", "files": []}


@pytest.mark.parametrize("data", [{"format": 2}, {"format": 1}, {"format": 3}, {}, {"format": 1, "epoch": 1}])
def test_a_state_of_another_version_says_so(tmp_path: Path, data: dict[str, Any]) -> None:
    with Run(tmp_path, "new") as run:
        write_tensors(tmp_path / "state.safetensors", {"model.w": torch.ones(2)}, data)
        with pytest.raises(InputError, match="is damaged, or of another version of recurra"):
            run.load_state()


def test_durations_are_not_in_the_metadata(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        run.save_state(a_state())
    _, data = read_tensors(tmp_path / "state.safetensors")
    assert "seconds" not in json.dumps(data)


def test_a_damaged_run_can_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(b'{"status": "fin')
    with Run(tmp_path, "overwrite") as run:
        assert run.info == {"status": "begun", "files": []}


def test_a_run_that_ended_before_its_first_state_was_written_begins_again(tmp_path: Path) -> None:
    with Run(tmp_path / "run", "new") as run:
        run.settle({"epochs": 3})
        run.file(STATE)  # recorded, and then the disk was full
    with Run(tmp_path / "run", "resume") as run:
        assert run.missing == [STATE]
        assert run.load_state() is None


def test_damaged_metrics_of_an_ensemble_do_not_keep_it_from_resuming(tmp_path: Path) -> None:
    with Run(tmp_path / "run", "new") as run:
        run.settle({"epochs": 3})
        run.save_state(TrainingState(member=1))
    (tmp_path / "run" / METRICS).write_text("{")
    with Run(tmp_path / "run", "resume") as run:
        assert run.load_state(1, 2) is not None
