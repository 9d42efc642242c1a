"""The lock of a run folder cannot be removed, and a folder that is removed or replaced is noticed."""

import gc
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from recurra import InputError, LanguageModel
from recurra.folder_lock import FolderLock
from recurra.training import Callback, Run, TrainingState


def opened_by_another_process(folder: Path) -> str:
    """Return what another process is told that opens a run."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            Run(folder, "resume").close()
            os.write(write, b"opened")
        except InputError as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)  # never on to other tests
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as pipe:
        return pipe.read()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_no_second_process_comes_in_after_hidden_files_were_removed(tmp_path: Path) -> None:
    with Run(tmp_path, "new") as run:
        run.record(status="training")
        for path in tmp_path.glob(".*"):
            path.unlink()
        assert "another process is writing to this run; wait until it ends" in opened_by_another_process(tmp_path)
    assert opened_by_another_process(tmp_path) == "opened"


def test_one_process_opens_a_run_once(tmp_path: Path) -> None:
    with Run(tmp_path, "new"), pytest.raises(InputError, match="another process is writing to this run"):
        Run(tmp_path, "new")


class Remove(Callback):
    """Remove the folder after the second epoch; make it anew, as another process would, if `replace`."""

    def __init__(self, folder: Path, *, replace: bool) -> None:
        self.folder, self.replace = folder, replace

    def on_epoch_end(self, state: TrainingState) -> None:
        if state.epoch == 2:
            shutil.rmtree(self.folder)
            if self.replace:
                self.folder.mkdir()


@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_that_is_removed_during_training_is_noticed_at_the_next_write(tmp_path: Path, replace: bool) -> None:
    folder, epochs = tmp_path / "run", []
    count: Any = type("Count", (Callback,), {"on_epoch_end": lambda self, state: epochs.append(state.epoch)})
    with (
        Run(folder, "new") as run,
        pytest.raises(InputError, match="run was removed or replaced while this run was writing to it; start it again"),
    ):
        LanguageModel(epochs=9).fit(
            "abc", run=run, callbacks=[count(), Remove(folder, replace=replace)], save_every_seconds=0
        )
    assert epochs == [1, 2]
    assert not folder.exists() or not list(folder.iterdir())


def test_where_folders_cannot_be_locked_a_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.folder_lock.fcntl", None)  # as on Windows
    lock = FolderLock(tmp_path)
    with pytest.raises(BlockingIOError):
        FolderLock(tmp_path)
    assert (tmp_path / ".lock").exists()
    assert lock.covers(tmp_path)
    lock.release()
    FolderLock(tmp_path).release()
    shutil.rmtree(tmp_path)
    assert not lock.covers(tmp_path)


def test_a_run_that_was_closed_is_not_written_to(tmp_path: Path) -> None:
    with Run(tmp_path / "run", "new") as run:
        pass
    with Run(tmp_path / "run", "resume"), pytest.raises(InputError, match="is not open for writing"):
        LanguageModel(epochs=2, units=2).fit("abcde" * 3, run=run)
    assert not list((tmp_path / "run").glob("*.safetensors"))


def test_a_run_that_nobody_holds_any_more_is_released(tmp_path: Path) -> None:
    Run(tmp_path / "run", "new")
    gc.collect()
    Run(tmp_path / "run", "resume").close()


def test_a_folder_whose_parent_is_replaced_by_a_file_is_noticed(tmp_path: Path) -> None:
    with Run(tmp_path / "runs" / "a", "new") as run:
        (tmp_path / "runs").rename(tmp_path / "other")
        (tmp_path / "runs").write_text("")
        with pytest.raises(InputError, match="was removed or replaced"):
            run.record(status="training")


def test_a_changed_working_directory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    with Run("run", "new") as run:
        monkeypatch.chdir(tmp_path / "elsewhere")
        with pytest.raises(
            InputError, match="or the working directory has changed; start it again, with an absolute path"
        ):
            run.record(status="training")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_neither_keeps_nor_releases_the_lock(tmp_path: Path) -> None:
    run = Run(tmp_path / "run", "new")
    child = os.fork()
    if child == 0:
        try:
            run.close()
            time.sleep(60)
        finally:
            os._exit(0)  # never on to other tests
    try:
        time.sleep(0.2)
        with pytest.raises(InputError, match="another process is writing"):
            Run(tmp_path / "run", "resume")
        run.close()
        Run(tmp_path / "run", "resume").close()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
