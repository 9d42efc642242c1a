"""An epoch of the tutorial's stock network: recurra, torch's bare loop, Keras on TensorFlow, and JAX.

    python benchmarks/epoch.py [TURNS]

The network is that of the case stock-tutorial, SimpleRNN(80) → Dropout → SimpleRNN(100) → Dropout → Dense(1) on 60
opening prices, and the same with LSTM and with GRU; there are as many samples as the tutorial has. Timed in turns:

- recurra's network in torch's bare loop: shuffled batches of plain tensors, forward, backward, Adam, and nothing else;
- recurra: Forecaster.fit with run folder, checkpoints, best weights and live progress, up to the last save. What it has
  over the line before is what our loop costs;
- torch.nn's layers, as one writes them, in the same bare loop, and the same after recurra.accelerate;
- Keras on TensorFlow: model.fit, by keras_epoch.py in .venv-keras;
- JAX: lax.scan in a jitted training step, by jax_epoch.py in .venv-jax.

`make .venv-keras/keras .venv-jax/jax` sets the two environments up.

Each has one thread, and all the same core: several, on a shared machine, would measure how they wait for each other.
Medians, ratios and their ranges go to benchmarks/RESULTS.md.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from results import machine, write_section
from timing import Clock, Terminal, Timed, in_turns, table
from torch import Tensor, nn
from torch.nn import functional as F

from recurra import Forecaster, accelerate
from recurra.cases.catalog import find_case
from recurra.forecasting.networks import network_of
from recurra.settings.check import check, to_json
from recurra.settings.forecasting import ForecasterSettings
from recurra.sources.bundled import bundled
from recurra.training import Progress, Run

EPOCHS = 3  # of each in a turn
ROWS = bundled("AAPL")[-2426:-300]  # the tutorial's number of rows, less those of its test part
HERE = Path(__file__).parent
KERAS = HERE.parent / ".venv-keras" / "bin" / "python"
JAX = HERE.parent / ".venv-jax" / "bin" / "python"
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
LAYERS = {"rnn": ("SimpleRNN", nn.RNN), "lstm": ("LSTM", nn.LSTM), "gru": ("GRU", nn.GRU)}


class Plain(nn.Module):
    """The network as one writes it in torch."""

    def __init__(self, layer: type[nn.RNNBase]) -> None:
        super().__init__()
        self.first, self.second = layer(1, 80, batch_first=True), layer(80, 100, batch_first=True)
        self.dropout, self.head = nn.Dropout(0.2), nn.Linear(100, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.first(x)[0])  # [B, T, 80]
        x = self.dropout(self.second(x)[0][:, -1])  # [B, 100]
        return self.head(x)


def bare_loop(network: nn.Module, x: Tensor, y: Tensor) -> float:
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    started = time.perf_counter()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            F.mse_loss(network(x[batch]), y[batch]).backward()
            optimizer.step()
    return (time.perf_counter() - started) / EPOCHS


def ours(settings: ForecasterSettings, folder: Path) -> float:
    clock = Clock()
    with Run(folder, "new") as run:
        Forecaster(**to_json(settings)).fit(ROWS, run=run, callbacks=[Progress(Terminal()), clock])
    return clock.seconds / EPOCHS


def in_process(python: Path, script: str, layer: str, x: Tensor, y: Tensor, folder: Path) -> float:
    """Seconds that a script of another environment prints."""
    folder.mkdir()
    np.save(folder / "inputs.npy", x.numpy())
    np.save(folder / "targets.npy", y.numpy())
    command = [python, HERE / script, layer, folder, str(EPOCHS)]
    settings = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "XLA_FLAGS": ONE_THREAD}
    return float(subprocess.run(command, env=os.environ | settings, stdout=subprocess.PIPE, check=True).stdout)


def accelerated(layer: type[nn.RNNBase]) -> nn.Module:
    network = Plain(layer)
    accelerate(network)
    return network


def measured(cell: str, keras: str, jax: str, turns: int) -> list[str]:
    """The table of the network with this cell."""
    name, layer = LAYERS[cell]
    case = find_case("stock-tutorial").settings({"cell": cell, "epochs": EPOCHS})
    settings = check(ForecasterSettings, to_json(case, ForecasterSettings), case.description)
    prepared = Forecaster(**to_json(settings)).prepare(ROWS)
    samples = prepared.parts[0]
    batch = samples[torch.arange(len(samples))]
    x, y = batch.x, batch.target
    loops: dict[str, Timed] = {
        "recurra's network, torch's bare loop": lambda _: bare_loop(network_of(settings, prepared.plan), x, y),
        "recurra, everything on": lambda folder: ours(settings, folder),
        f"torch.nn.{layer.__name__} after accelerate, bare loop": lambda _: bare_loop(accelerated(layer), x, y),
        f"torch.nn.{layer.__name__}, torch's bare loop": lambda _: bare_loop(Plain(layer), x, y),
        keras: lambda folder: in_process(KERAS, "keras_epoch.py", name, x, y, folder),
        jax: lambda folder: in_process(JAX, "jax_epoch.py", name, x, y, folder),
    }
    return table(f"{name}, {len(x)} samples", in_turns(loops, turns))


def version_in(python: Path, package: str) -> str:
    command = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    return subprocess.check_output([python, "-c", command, package], text=True).strip()


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    if not (KERAS.is_file() and JAX.is_file()):
        sys.exit("Keras and JAX have no environments yet: `make .venv-keras/keras .venv-jax/jax` sets them up")
    keras = f"Keras {version_in(KERAS, 'keras')} on TensorFlow {version_in(KERAS, 'tensorflow-cpu')}"
    jax = f"JAX {version_in(JAX, 'jax')}, lax.scan"
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # of the other processes too, whatever they say
    text = [
        "## An epoch of the tutorial's stock network",
        "",
        f"`python benchmarks/epoch.py`: medians and ranges of {turns} turns of {EPOCHS} epochs each, {machine()}. "
        "A shared machine: ratios hold, seconds do not.",
        "",
        *(line for cell in LAYERS for line in measured(cell, keras, jax, turns)),
    ]
    write_section("stock epoch", "\n".join(text))


if __name__ == "__main__":
    main()
