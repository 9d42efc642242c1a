"""What happens around the loop: hooks that do nothing until a subclass fills the ones it needs."""

import contextlib
import sys
import time
from typing import TextIO

from recurra.training.state import TrainingState

REDRAWS_PER_SECOND = 10
PLAIN_LINES = 20  # at the most, of a training whose epochs are printed line by line


class Callback:
    """Hooks of the training loop."""

    def on_train_begin(self, state: TrainingState, epochs: int) -> None:
        """Before the first epoch of this call; `state.epoch` epochs are already done."""

    def on_batch_end(self, state: TrainingState, batch: int, batches: int) -> None:
        """After batch number `batch` of `batches`, counted from 1."""

    def on_epoch_end(self, state: TrainingState) -> None:
        """After an epoch; `state.history[-1]` is its record."""

    def on_train_end(self, state: TrainingState) -> None:
        """After the last epoch, or when training stopped early."""

    def on_train_abort(self, state: TrainingState) -> None:
        """When an error or Ctrl-C ends the training in the middle of an epoch; `on_train_end` does not follow."""


class EarlyStopping(Callback):
    """Stop when the monitored loss has not become better for `patience` epochs."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_train_begin(self, state: TrainingState, epochs: int) -> None:
        self.on_epoch_end(state)  # a training that had stopped stays stopped when it is resumed

    def on_epoch_end(self, state: TrainingState) -> None:
        if state.epoch - state.best_epoch >= self.patience:
            state.stop = f"no better loss for {self.patience} epochs"


class Progress(Callback):
    """Show each epoch: one live line on a terminal, plain lines otherwise.

    Plain lines are the first and the last epoch and an even choice between, some twenty at most;
    metrics.jsonl of the run has them all.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self._epochs = 0
        self._drawn = 0.0

    def on_train_begin(self, state: TrainingState, epochs: int) -> None:
        self._epochs = epochs
        self._every = -(-epochs // PLAIN_LINES)
        if self.live:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(file=self.stream), auto_refresh=False)
            self._live.start()

    def on_batch_end(self, state: TrainingState, batch: int, batches: int) -> None:
        if self.live and time.monotonic() - self._drawn > 1 / REDRAWS_PER_SECOND:
            self._draw(state, batch / batches)

    def on_epoch_end(self, state: TrainingState) -> None:
        if not self.live and (state.epoch == 1 or state.epoch % self._every == 0 or state.epoch == self._epochs):
            self._print(self._line(state))

    def on_train_end(self, state: TrainingState) -> None:
        if self.live:
            self._draw(state, 0.0)
            self._live.stop()
        if state.stop:
            self._print(f"stopped after epoch {state.epoch}: {state.stop}")

    def on_train_abort(self, state: TrainingState) -> None:
        if self.live:
            self._live.stop()

    def _print(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # a reader that has had enough, as `head` does, ends no training
            print(line, file=self.stream, flush=True)

    def _draw(self, state: TrainingState, share: float) -> None:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        row = Table.grid(padding=(0, 2))
        row.add_row(ProgressBar(self._epochs, state.epoch + share, width=24), self._line(state))
        self._live.update(row, refresh=True)
        self._drawn = time.monotonic()

    def _line(self, state: TrainingState) -> str:
        if not state.history:
            return f"epoch 1/{self._epochs}"
        record = state.history[-1]
        shown = {name: value for name, value in record.items() if name not in {"epoch", "seconds", "learning_rate"}}
        figures = "  ".join(f"{name} {value:.4f}" for name, value in shown.items())
        return f"epoch {record['epoch']}/{self._epochs}  {figures}"
