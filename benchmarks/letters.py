"""The letter cases: recurra with everything switched on, torch's bare loop, and Keras; and the commands as processes.

    python benchmarks/letters.py [TURNS]

Everything on means: run folder, checkpoints, accuracy, best weights, live progress. The three loops are timed in turns
in one process, with torch's own number of threads; then the commands are timed as whole processes beside the bare
import of torch. Medians and ratios go to benchmarks/RESULTS.md. Keras runs on the backend that KERAS_BACKEND
names (torch unless set).
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from subprocess import DEVNULL

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch
from results import machine, write_section
from timing import Clock, Terminal, Timed, in_turns, table
from torch import nn

from recurra import LanguageModel
from recurra.training import Progress, Run

EPOCHS = 100
X, Y = torch.eye(5)[:, None], torch.tensor([1, 2, 3, 4, 0])  # [5, 1, 5] → [5]
DEMO = Path(__file__).parents[1] / "examples" / "demo.py"


def ours(folder: Path) -> float:
    clock = Clock()
    with Run(folder, "new") as run:
        LanguageModel(epochs=EPOCHS).fit("abcdea", run=run, callbacks=[Progress(Terminal()), clock])
    return clock.seconds


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


def process(*arguments: str) -> Timed:
    def timed(folder: Path) -> float:
        folder.mkdir()
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=folder, stdin=DEVNULL, stdout=DEVNULL, check=True)
        return time.perf_counter() - started

    return timed


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    loops = {
        "recurra, everything on": ours,
        "torch, bare loop": bare_torch,
        f"Keras {keras.__version__} on {keras.backend.backend()}": keras_fit,
    }
    processes = {
        "`python -c 'import torch'`": process("-c", "import torch"),
        "`recurra --help`": process("-m", "recurra", "--help"),
        "`recurra train letters`": process("-m", "recurra", "train", "letters", "--quiet"),
        "`examples/demo.py`, all of `make demo`": process(str(DEMO)),
    }
    text = [
        "## The one-hot letter case, 100 epochs",
        "",
        f"`python benchmarks/letters.py`: medians and ranges of {turns} turns, {machine()}. "
        "A shared machine: ratios hold, seconds do not.",
        "",
        *table("loop", in_turns(loops, turns)),
        "## Commands, as whole processes with a warm disk cache",
        "",
        *table("command", in_turns(processes, turns)),
    ]
    write_section("letters", "\n".join(text))


if __name__ == "__main__":
    main()
