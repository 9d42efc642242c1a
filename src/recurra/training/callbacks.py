"""Callbacks of the training loop: the base class, early stopping and progress output."""

import contextlib
import sys
import time
from typing import TextIO

from recurra.errors import counted
from recurra.training.state import TrainingState

REDRAWS_PER_SECOND = 10
PLAIN_LINES = 20  # maximum number of progress lines without a terminal


class Callback:
    """Base class of callbacks. All methods do nothing; a subclass overrides those it needs.

    The networks of an ensemble are trained one after the other: all methods are called for each of them, and
    `state.member` is its number.
    """

    def on_train_begin(self, state: TrainingState, epochs: int) -> None:
        """Called before the first step; `state.epoch` of `epochs` epochs are already done."""

    def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
        """Called after step number `step` of the `steps` of the epoch, counted from 1."""

    def on_epoch_end(self, state: TrainingState) -> None:
        """Called after each epoch, or record in a training by steps; `state.history[-1]` is its record."""

    def on_train_end(self, state: TrainingState) -> None:
        """Called after the last step, or when training stops early."""

    def on_train_abort(self, state: TrainingState) -> None:
        """Called instead of `on_train_end` if an error or Ctrl-C ends training."""


class EarlyStopping(Callback):
    """Stop training if the monitored loss does not improve for `patience` epochs."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_train_begin(self, state: TrainingState, epochs: int) -> None:
        self.on_epoch_end(state)  # training that stopped early stays stopped when resumed

    def on_epoch_end(self, state: TrainingState) -> None:
        if state.epoch - state.best_epoch >= self.patience:
            state.stop = f"no better loss for {counted(self.patience, 'epoch')}"


class Progress(Callback):
    """Show progress: one live line on a terminal, with the time that is left, and plain lines otherwise.

    Plain lines show the first and the last epoch and about twenty evenly spaced ones between them; metrics.jsonl of the
    run records all epochs.

    Args:
        stream: where to write; None for stderr.
        unit: what the targets are, in the plural, such as "symbols": plain lines too show how many of them a second are
            trained on, and the time that is left. Empty: the rate is not shown.
    """

    def __init__(self, stream: TextIO | None = None, *, unit: str = "") -> None:
        self.stream, self.unit = stream or sys.stderr, unit
        self.live = self.stream.isatty()
        self._epochs = 0
        self._drawn = self._begun = 0.0
        self._done = 0.0  # epochs when the training began, or went on

    def on_train_begin(self, state: TrainingState, epochs: int) -> None:
        self._epochs, self._done, self._begun = epochs, float(state.epoch), time.monotonic()
        self._every = -(-epochs // PLAIN_LINES)
        if self.live:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(file=self.stream), auto_refresh=False)
            self._live.start()

    def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
        if self.live and time.monotonic() - self._drawn > 1 / REDRAWS_PER_SECOND:
            self._draw(state, step / steps)

    def on_epoch_end(self, state: TrainingState) -> None:
        if not self.live and (state.epoch == 1 or state.epoch % self._every == 0 or state.epoch == self._epochs):
            self._print("  ".join(filter(None, [self._line(state), *self._speed(state, 0.0)])))

    def on_train_end(self, state: TrainingState) -> None:
        if self.live:
            self._draw(state, 0.0)
            self._live.stop()
        if state.stop:
            network = f"network {state.member}: " if state.member else ""
            self._print(f"{network}stopped after epoch {state.epoch}: {state.stop}")

    def on_train_abort(self, state: TrainingState) -> None:
        if self.live:
            self._live.stop()

    def _print(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # training continues if the reader, such as `head`, closes the pipe
            print(line, file=self.stream, flush=True)

    def _draw(self, state: TrainingState, share: float) -> None:
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        row = Table.grid(padding=(0, 2))
        bar = ProgressBar(self._epochs, state.epoch + share, width=24)
        row.add_row(bar, self._line(state), *self._speed(state, share))
        self._live.update(row, refresh=True)
        self._drawn = time.monotonic()

    def _speed(self, state: TrainingState, share: float) -> list[str]:
        """Return how many targets a second are trained on, if they have a unit, and how long the rest takes."""
        if not self.unit:
            return [self._left(state.epoch + share)] if self.live else []
        passed = time.monotonic() - self._begun
        rate = f"{state.seen / passed:,.0f} {self.unit}/s" if state.seen and passed > 0.0 else ""
        return [rate, self._left(state.epoch + share)]

    def _left(self, done: float) -> str:
        """Return how long the rest takes, if it goes on as it did since the training began; empty at its end."""
        passed, new = time.monotonic() - self._begun, done - self._done
        if new <= 0.0 or done >= self._epochs:
            return ""
        seconds = round(passed / new * (self._epochs - done))
        return f"{seconds // 60} min {seconds % 60} s left" if seconds >= 60 else f"{seconds} s left"

    def _line(self, state: TrainingState) -> str:
        network = f"network {state.member}, " if state.member else ""
        if not state.history:
            return f"{network}epoch 1/{self._epochs}"
        record = state.history[-1]
        hidden = {"member", "epoch", "step", "seconds", "learning_rate"}
        figures = "  ".join(f"{name} {value:.4f}" for name, value in record.items() if name not in hidden)
        done = f"step {record['step']}" if "step" in record else f"epoch {record['epoch']}/{self._epochs}"
        return f"{network}{done}  {figures}"
