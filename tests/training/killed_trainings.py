"""Kill trainings with SIGKILL, resume them, and print what became of them as JSON.

Run by test_resume.py as a process of its own: it forks one child a training, before torch has started any thread.

    python killed_trainings.py FOLDER random COUNT SEED      kill after a random time, COUNT times
    python killed_trainings.py FOLDER writes                 kill around each step of some writes
    python killed_trainings.py FOLDER overwriting            kill at each step of emptying an earlier run
    python killed_trainings.py FOLDER steps                  kill after steps inside epochs
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch._dynamo  # noqa: F401  imported once here instead of in every child

import recurra.runs.letters  # noqa: F401
from recurra.cases.catalog import find_case
from recurra.runs.train import train_case
from recurra.training import Callback, TrainingState
from recurra.training.run_folder import Mode

# Two layers, dropout, shuffled batches, a validation part: all that is saved matters. Every step is written.
SETTINGS = {
    "alphabet": "abcdefgh" * 4,
    "ring": False,
    "units": [5, 4],
    "dropout": 0.1,
    "batch_size": 8,
    "epochs": 12,
    "schedule": "cosine",
    "validation": 8,
    "patience": 10,
    "save_every_seconds": 0.0,
}
OTHER_SETTINGS = {"units": [2], "epochs": 3}


class Steps(Callback):
    """Counts the steps of a run in all its processes in a file beside it; has the process killed after one of them."""

    def __init__(self, run: Path, deadly: int | None = None) -> None:
        self.file, self.deadly = run.with_suffix(".steps"), deadly

    def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
        with self.file.open("a") as file:
            file.write(".")
        if state.step == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


def train(folder: Path, mode: Mode = "resume", deadly: int | None = None) -> None:
    train_case(find_case("letters"), SETTINGS, folder, mode=mode, callbacks=[Steps(folder, deadly)])


def start(work: Callable[[], object]) -> int:
    """Fork a child that does the work; its process number."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return child


def end_of(child: int) -> int:
    """Wait for a child: its exit status, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def results(folder: Path) -> dict[str, object]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    metrics = [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]
    files = sorted(file.name for file in folder.iterdir())
    steps = len(folder.with_suffix(".steps").read_text())
    return {
        "steps": steps,
        "model": (folder / "model.safetensors").read_bytes().hex(),
        "metrics": metrics,
        "files": files,
    }


def die_at_call(number: int, owner: object, name: str, *, after: bool = False) -> None:
    """Have this process killed at the call of that number of a function, before it does anything or after it did."""
    function, calls = getattr(owner, name), 0

    def call(*args: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*args, **options)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, call)


def kill_at_random(folder: Path, count: int, seed: int) -> Iterator[Path]:
    started = time.monotonic()
    assert end_of(start(lambda: train(folder / "probe"))) == 0
    duration = time.monotonic() - started
    moments = random.Random(seed)
    killed = 0
    for trial in range(10 * count):
        run = folder / f"random-{trial}"
        child = start(lambda run=run: train(run))
        time.sleep(moments.uniform(0.0, duration))
        os.kill(child, signal.SIGKILL)
        if end_of(child) == -signal.SIGKILL:  # else it had finished before
            yield run
            killed += 1
        if killed == count:
            return


def kill_around_writes(folder: Path) -> Iterator[Path]:
    """Kill before a sync (bytes written, not safe), before a rename and after it, at some of the writes."""
    for place, owner, name, after in (
        ("sync", os, "fsync", False),
        ("rename", Path, "replace", False),
        ("renamed", Path, "replace", True),
    ):
        for number in (1, 2, 3, 4, 5, 6, 20, 21, 22, 23):
            run = folder / f"{place}-{number}"

            deadly = partial(die_at_call, number, owner, name, after=after)
            assert end_of(start(lambda run=run, deadly=deadly: (deadly(), train(run)))) == -signal.SIGKILL
            yield run


def kill_while_overwriting(folder: Path) -> Iterator[Path]:
    """Kill before each file that is removed or replaced while a run of other settings is overwritten."""
    for name, numbers in (("unlink", range(1, 7)), ("replace", range(1, 9))):
        for number in numbers:
            run = folder / f"overwriting-{name}-{number}"

            begin = partial(train_case, find_case("letters"), OTHER_SETTINGS, run)
            deadly = partial(die_at_call, number, Path, name)
            assert end_of(start(begin)) == 0
            assert end_of(start(lambda run=run, deadly=deadly: (deadly(), train(run, "overwrite")))) == -signal.SIGKILL
            if json.loads((run / "run.json").read_text()).get("settings", {}).get("units") == OTHER_SETTINGS["units"]:
                assert (run / "model.safetensors").exists()  # killed before anything was done: the old run is whole
                continue
            yield run


def kill_inside_epochs(folder: Path) -> Iterator[Path]:
    """Kill after some steps: an epoch has three, and each is saved, the last with the record of its epoch."""
    for number in (1, 2, 3, 4, 8, 20, 31):
        run = folder / f"step-{number}"
        assert end_of(start(lambda run=run, number=number: train(run, deadly=number))) == -signal.SIGKILL
        yield run


def main() -> None:
    folder, how = Path(sys.argv[1]), sys.argv[2]
    assert end_of(start(lambda: train(folder / "uninterrupted"))) == 0
    ways: dict[str, Callable[[], Iterator[Path]]] = {
        "random": lambda: kill_at_random(folder, int(sys.argv[3]), int(sys.argv[4])),
        "writes": lambda: kill_around_writes(folder),
        "overwriting": lambda: kill_while_overwriting(folder),
        "steps": lambda: kill_inside_epochs(folder),
    }
    trials = []
    for run in ways[how]():
        had_state = (run / "state.safetensors").exists()
        status = end_of(start(lambda run=run: train(run)))
        trials.append({"run": run.name, "had_state": had_state, "status": status, **results(run)})
    print(json.dumps({"uninterrupted": results(folder / "uninterrupted"), "trials": trials}))


if __name__ == "__main__":
    main()
