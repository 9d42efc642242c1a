"""Train an ensemble in a run folder, and have this process killed after a number of steps: FOLDER STEPS."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from recurra import Forecaster
from recurra.training import Callback, Run, TrainingState

from .tables import CONSTANT, bars

SETTINGS: dict[str, Any] = {
    "target": "open",
    "ensemble_size": 3,
    "units": 4,
    "window": 6,
    "epochs": 2,
    "batch_size": 32,
    "dropout": 0.2,
    "validation": 20,
    **CONSTANT,
}


class Steps(Callback):
    """Counts the steps of all processes in a file beside the run; kills this one after `deadly` of its own."""

    def __init__(self, run: Path, deadly: int = 0) -> None:
        self.file, self.deadly, self.done = run.with_suffix(".steps"), deadly, 0

    def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
        with self.file.open("a") as file:
            file.write(".")
        self.done += 1
        if self.done == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


def train(folder: Path, deadly: int = 0) -> Forecaster:
    with Run(folder, "resume") as run:
        callbacks = [Steps(folder, deadly)]
        return Forecaster(**SETTINGS).fit(bars(), run=run, callbacks=callbacks, save_every_seconds=0)


if __name__ == "__main__":
    train(Path(sys.argv[1]), int(sys.argv[2]))
