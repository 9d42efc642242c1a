"""Times one piece of work at a time, as it is told through standard input, and answers in seconds.

    stopwatch.py        lines of JSON in: {"prepare": NAME} or {"repeats": N}; a number out for each

`prepare` gets a piece of work ready, does it once to warm up, and answers the seconds of a second time; `repeats` does
the same work N times more and answers the seconds of one. Several builds' stopwatches, told in turns, see the same
changes of the machine's speed.
"""

import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import nn

from recurra import Forecaster, LanguageModel, accelerate
from recurra.nn import GRU, LSTM, SimpleRNN

Work = Callable[[], object]
Shape = tuple[int, int, int, int]
LAYERS = {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
TORCH: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
SHAPES: list[Shape] = [  # (B, T, I, H), those of layers.py
    (64, 60, 1, 80),
    (64, 60, 80, 100),
    (32, 100, 65, 256),
    (128, 30, 32, 32),
    (64, 50, 512, 512),
    (1, 1000, 16, 64),
    (5, 1, 5, 3),
    (256, 24, 8, 48),
    (16, 200, 128, 128),
]
OWN_SHAPES: list[Shape] = [(5, 1, 5, 3), (1, 100, 16, 64), (64, 60, 1, 80), (16, 20, 128, 128)]
ROWS = 2126  # of the tutorial, less those of its test part


def layer(cell: str, shape: Shape, *, accelerated: bool, trains: bool) -> Work:
    """Forward and backward, or inference, of torch's layer after `accelerate` or of recurra's own."""
    batch, steps, inputs, hidden = shape
    if accelerated:
        module: nn.Module = TORCH[cell](inputs, hidden, batch_first=True)
        accelerate(module)
    else:
        module = LAYERS[cell](inputs, hidden, return_sequences=True, return_state=True)
    x = torch.randn(batch, steps, inputs, requires_grad=trains)
    gradient = torch.randn(batch, steps, hidden)
    leaves = [x, *module.parameters()]

    def train() -> None:
        module(x)[0].backward(gradient)
        for leaf in leaves:
            leaf.grad = None

    def infer() -> None:
        with torch.no_grad():
            module(x)

    return train if trains else infer


def stepper(cell: str) -> Work:
    step, x_t = LAYERS[cell](16, 64).stepper(), torch.randn(16)
    return lambda: step(x_t)


def stock_epoch(cell: str) -> Work:
    prices = 100 * np.exp(np.random.default_rng(7).normal(0.0, 0.02, ROWS).cumsum())
    table = pd.DataFrame({"date": pd.bdate_range("2010-01-01", periods=ROWS), "open": prices})

    def fit() -> None:
        model = Forecaster(
            target="open",
            cell=cell,  # type: ignore[arg-type]
            units=(80, 100),
            window=60,
            dropout=0.2,
            scaling=["minmax"],
            residual="none",
            loss="mse",
            epochs=1,
            batch_size=64,
            learning_rate=0.001,
            schedule="constant",
            clip_norm=None,
        )
        model.fit(table)

    return fit


def letters() -> Work:
    return lambda: LanguageModel(epochs=100).fit("abcdea")


def command(*arguments: str) -> Work:
    """A whole process, with all that it writes."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "recurra", *arguments]
            subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)

    return run


def benchmarks() -> dict[str, Callable[[], Work]]:
    """How each piece of work is made ready."""
    found: dict[str, Callable[[], Work]] = {}
    for way, trains in (("forward + backward", True), ("inference", False)):
        for accelerated, shapes in ((True, SHAPES), (False, OWN_SHAPES)):
            for shape in shapes:
                for cell in LAYERS:
                    owner = "accelerated" if accelerated else "recurra.nn"
                    name = f"{owner} {cell}, {way}, {', '.join(map(str, shape))}"
                    found[name] = partial(layer, cell, shape, accelerated=accelerated, trains=trains)
    for cell in LAYERS:
        found[f"stepper {cell}"] = partial(stepper, cell)
    for cell in LAYERS:
        found[f"stock epoch {cell}"] = partial(stock_epoch, cell)
    found["letters, fit"] = letters
    found["recurra train letters-onehot"] = partial(command, "train", "letters-onehot", "--quiet")
    found["recurra --help"] = partial(command, "--help")
    return found


def seconds(work: Work, repeats: int) -> float:
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - started) / repeats


def main() -> None:
    torch.set_num_threads(1)
    prepared = benchmarks()
    print(json.dumps(list(prepared)), flush=True)
    work: Work = letters
    for line in sys.stdin:
        told = json.loads(line)
        if "prepare" in told:
            torch.manual_seed(7)
            work = prepared[told["prepare"]]()
            work()
            gc.collect()
        print(seconds(work, told.get("repeats", 1)), flush=True)


if __name__ == "__main__":
    main()
