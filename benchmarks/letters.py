"""The one-hot letter case, 100 epochs: recurra with everything switched on, torch's bare loop, and Keras.

    python benchmarks/letters.py [REPEATS]

Everything on means: run folder, checkpoints, accuracy, best weights, progress. The three are timed in turns in one
process on one thread; the medians and their ratios are written to benchmarks/RESULTS.md. Keras runs on the backend
that KERAS_BACKEND names (torch unless set).
"""

import io
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch
from torch import nn

from recurra import LanguageModel
from recurra.training import Progress, Run

EPOCHS = 100
X, Y = torch.eye(5)[:, None], torch.tensor([1, 2, 3, 4, 0])  # [5, 1, 5] → [5]


def ours(folder: Path) -> float:
    """Seconds of the loop: the epochs, and everything that is done between them."""
    with Run(folder, "new") as run:
        clock = Clock()
        LanguageModel(epochs=EPOCHS).fit("abcdea", run=run, callbacks=[Progress(io.StringIO()), clock])
    return clock.seconds


class Clock(Progress):
    """Times the loop from before its first epoch to after the last save."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())

    def on_train_begin(self, state: object, epochs: int) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, state: object) -> None:
        pass

    def on_train_end(self, state: object) -> None:
        self.seconds = time.perf_counter() - self.started


def bare_torch(_: Path) -> float:
    rnn, head = nn.RNN(5, 3, batch_first=True), nn.Linear(3, 5)
    optimizer = torch.optim.Adam([*rnn.parameters(), *head.parameters()], lr=0.01)
    started = time.perf_counter()
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(head(rnn(X)[0][:, -1]), Y)
        loss.backward()
        optimizer.step()
    return time.perf_counter() - started


def keras_fit(folder: Path) -> float:
    model = keras.Sequential(
        [keras.Input((1, 5)), keras.layers.SimpleRNN(3), keras.layers.Dense(5, activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    folder.mkdir()
    best = keras.callbacks.ModelCheckpoint(
        str(folder / "best.weights.h5"), monitor="loss", save_best_only=True, save_weights_only=True
    )
    started = time.perf_counter()
    model.fit(X.numpy(), Y.numpy(), batch_size=32, epochs=EPOCHS, callbacks=[best], verbose=0)
    return time.perf_counter() - started


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    torch.set_num_threads(1)
    loops: dict[str, Callable[[Path], float]] = {
        "recurra, everything on": ours,
        "torch, bare loop": bare_torch,
        f"Keras {keras.__version__} on {keras.backend.backend()}": keras_fit,
    }
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(repeats + 1):
            for number, (name, loop) in enumerate(loops.items()):
                taken = loop(Path(folder) / f"{turn}-{number}")
                if turn > 0:  # the first turn warms up
                    seconds[name].append(taken)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    own = next(iter(medians.values()))
    lines = [
        "# Results",
        "",
        "## The one-hot letter case, 100 epochs",
        "",
        f"`python benchmarks/letters.py`: medians of {repeats} turns, one thread, {platform.machine()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}. Shared machine: ratios hold, seconds do not.",
        "",
        "| loop | seconds | × recurra |",
        "|---|---|---|",
        *(f"| {name} | {value:.3f} | {value / own:.2f} |" for name, value in medians.items()),
        "",
    ]
    text = "\n".join(lines)
    Path(__file__).with_name("RESULTS.md").write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
