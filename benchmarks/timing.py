"""How the benchmarks time things: in turns, so that what else the machine does slows all alike."""

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from recurra.training import Callback, TrainingState

Timed = Callable[[Path], float]  # works in a folder of its own, which it makes, and returns seconds


class Terminal(io.StringIO):
    """Where the live line is drawn."""

    def isatty(self) -> bool:
        return True


class Clock(Callback):
    """Times the loop: the epochs, and everything that is done between them, up to the last save.

    It has to be the last callback: the checkpoint's and the progress's work is done before it.
    """

    def on_train_begin(self, state: TrainingState, epochs: int) -> None:
        self.started = time.perf_counter()

    def on_train_end(self, state: TrainingState) -> None:
        self.seconds = time.perf_counter() - self.started


def in_turns(timed: Mapping[str, Timed], turns: int) -> dict[str, list[float]]:
    """Seconds of each in every turn, after one turn that warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(turns + 1):
            for number, (name, run) in enumerate(timed.items()):
                taken = run(Path(folder) / f"{turn}-{number}")
                if turn > 0:
                    seconds[name].append(taken)
    return seconds


def table(heading: str, seconds: Mapping[str, list[float]]) -> list[str]:
    """Median seconds of each, and the median and range of its ratios to the first in the same turn."""
    first = next(iter(seconds.values()))
    rows = []
    for name, taken in seconds.items():
        ratios = [mine / its for mine, its in zip(taken, first, strict=True)]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        rows.append(f"| {name} | {statistics.median(taken):.3f} | {spread} |")
    return [f"| {heading} | seconds | × the first |", "|---|---|---|", *rows, ""]
