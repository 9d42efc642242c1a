"""The callback that saves a training to its run folder."""

import time
from collections.abc import Callable

from recurra.training.callbacks import Callback
from recurra.training.run_folder import Run
from recurra.training.state import TrainingState


class Checkpoint(Callback):
    """Save the state and the model of a run, at any step, at most every `every_seconds` seconds, and at the end.

    Args:
        run: run folder.
        write_model: function called with the state to write the model, once there is a best one; None writes none, as
            for a network of an ensemble that others follow.
        every_seconds: minimum number of seconds between two saves; 0 saves after every step.
    """

    def __init__(
        self, run: Run, write_model: Callable[[TrainingState], None] | None, every_seconds: float = 1.0
    ) -> None:
        self.run, self.write_model, self.every_seconds = run, write_model, every_seconds
        self._last = time.monotonic()

    def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
        if step < steps:  # the last step of an epoch is saved with the record of the epoch
            self._save_if_due(state)

    def on_epoch_end(self, state: TrainingState) -> None:
        self._save_if_due(state)

    def on_train_end(self, state: TrainingState) -> None:
        self.run.save_state(state)
        if state.epoch and self.write_model is not None:
            self.write_model(state)
        self._last = time.monotonic()

    def _save_if_due(self, state: TrainingState) -> None:
        if time.monotonic() - self._last >= self.every_seconds:
            self.on_train_end(state)
