"""Recurrent layers on the CPU: torch.nn's, and the same modules after recurra.accelerate, side by side.

    python benchmarks/layers.py [--threads 2] [--grid] [--cells rnn,gru,lstm]

Tables, which go to benchmarks/RESULTS.md: ratios of times (torch's over ours) at the shapes that the kernels are made
for, forward with backward and inference, with the share of the processor's raw multiply-add speed that ours reach, and
one step of a stream; with --grid, instead, the worst ratios over a grid of 315 shapes a cell.

Forward and backward is what a training step does to a layer: the gradients of the input, of the weights and the biases
from one of all outputs. Medians of calm samples (calm.py), all in one process; a ~ says that
the machine was not calm.
"""

import argparse
import copy
import itertools
import statistics
from collections.abc import Callable, Iterator

import torch
from calm import CalmClock, ratio
from results import machine, write_section
from torch import nn

from recurra import accelerate
from recurra.nn import GRU, LSTM, SimpleRNN
from recurra.nn.backends.native import kernels
from recurra.nn.backends.native.backend import is_slower_than_torch

Shape = tuple[int, int, int, int]
CELLS: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
NAMES = {"rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM"}
LAYERS = {"rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
OPERATORS = {"rnn": "rnn_tanh", "gru": "gru", "lstm": "lstm"}
SHAPES: list[Shape] = [  # (B, T, I, H)
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
GRID = list(itertools.product((1, 2, 7, 32, 128), (1, 10, 100), (1, 16, 200), (1, 3, 16, 50, 100, 200, 400)))
SLOWER = 0.97  # a ratio below this is a shape at which ours are slower; above it, noise


def modules(cell: str, shape: Shape) -> tuple[nn.Module, nn.Module]:
    """A layer of torch's and an accelerated copy of it."""
    _, _, inputs, hidden = shape
    theirs = CELLS[cell](inputs, hidden, batch_first=True)
    ours = copy.deepcopy(theirs)
    accelerate(ours)
    return theirs, ours


def training(module: nn.Module, shape: Shape) -> Callable[[], None]:
    batch, steps, inputs, hidden = shape
    x = torch.randn(batch, steps, inputs, requires_grad=True)
    gradient = torch.randn(batch, steps, hidden)
    leaves = [x, *module.parameters()]

    def work() -> None:
        module(x)[0].backward(gradient)
        for leaf in leaves:
            leaf.grad = None

    return work


def inference(module: nn.Module, shape: Shape) -> Callable[[], None]:
    x = torch.randn(shape[:3])

    def work() -> None:
        with torch.no_grad():
            module(x)

    return work


WAYS = {"forward + backward": (training, 3), "inference": (inference, 1)}  # and how many forwards' work each is


def flop(cell: str, shape: Shape) -> int:
    batch, steps, inputs, hidden = shape
    return 2 * batch * steps * GATES[cell] * hidden * (inputs + hidden)


def at_the_shapes(clock: CalmClock, cells: list[str]) -> Iterator[str]:
    for way, (prepare, times) in WAYS.items():
        yield f"### {way}"
        yield ""
        yield "torch's time over ours; in brackets ours in milliseconds and its share of the raw multiply-add speed."
        yield ""
        yield f"| B, T, I, H | {' | '.join(NAMES[cell] for cell in cells)} |"
        yield f"|---|{'---|' * len(cells)}"
        for shape in SHAPES:
            entries = []
            for cell in cells:
                theirs, ours = (prepare(module, shape) for module in modules(cell, shape))
                taken = clock.compare([theirs, ours], samples=15, seconds=12)
                seconds = taken[1].seconds
                share = times * flop(cell, shape) / seconds / clock.best
                entries.append(f"{ratio(*taken)} ({seconds * 1e3:.3f}, {share:.0%})")
            yield f"| {', '.join(map(str, shape))} | {' | '.join(entries)} |"
        yield ""


def of_a_stream(clock: CalmClock, cells: list[str]) -> Iterator[str]:
    yield "### One step of a stream, B = 1, I = 16, H = 64"
    yield ""
    yield "| | stepper, µs | torch.nn's call, µs | ratio |"
    yield "|---|---|---|---|"
    for cell in cells:
        theirs = inference(CELLS[cell](16, 64, batch_first=True), (1, 1, 16, 64))
        stepper, x_t = LAYERS[cell](16, 64).stepper(), torch.randn(16)
        taken = clock.compare([theirs, lambda s=stepper, x=x_t: s(x)], samples=15, seconds=10)
        call, step = (timing.seconds * 1e6 for timing in taken)
        yield f"| {NAMES[cell]} | {step:.2f} | {call:.1f} | {ratio(*taken)} |"
    yield ""


def over_the_grid(clock: CalmClock, cells: list[str]) -> Iterator[str]:
    yield "B 1, 2, 7, 32, 128 · T 1, 10, 100 · I 1, 16, 200 · H 1, 3, 16, 50, 100, 200, 400."
    yield ""
    yield "What is left to torch runs on torch's operators on both sides; ours has to find that out first."
    yield ""
    yield f"| cell, way | median of all | least of the kernels' | below {SLOWER} | left to torch | least of these |"
    yield "|---|---|---|---|---|---|"
    for cell, (way, (prepare, _)) in itertools.product(cells, WAYS.items()):
        ratios: dict[Shape, float] = {}
        for shape in GRID:
            work = [prepare(module, shape) for module in modules(cell, shape)]
            theirs, ours = clock.compare(work, samples=3, seconds=2)
            if theirs.seconds < 1.1 * ours.seconds:  # near: look twice
                theirs, ours = clock.compare(work, samples=11, seconds=6)
            ratios[shape] = theirs.seconds / ours.seconds
        left = {shape for shape in GRID if is_slower_than_torch(OPERATORS[cell], *shape)}
        ours_alone = {shape: ratio for shape, ratio in ratios.items() if shape not in left}
        slower = sorted((ratio, shape) for shape, ratio in ours_alone.items() if ratio < SLOWER)
        listed = " · ".join(f"{', '.join(map(str, shape))}: {ratio:.2f}" for ratio, shape in slower)
        line = (
            f"| {NAMES[cell]}, {way} | {statistics.median(ratios.values()):.1f} | {min(ours_alone.values()):.2f} | "
            f"{len(slower)}{listed and ': ' + listed} | {len(left)} | {min(ratios[shape] for shape in left):.2f} |"
        )
        print(line, flush=True)
        yield line
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--grid", action="store_true", help="the grid instead, for some ten minutes")
    parser.add_argument("--cells", default="rnn,gru,lstm")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    cells = chosen.cells.split(",")
    clock = CalmClock(chosen.threads)
    lines = (
        list(over_the_grid(clock, cells)) if chosen.grid else [*at_the_shapes(clock, cells), *of_a_stream(clock, cells)]
    )
    heading = [
        "## Layers, over a grid" if chosen.grid else "## Layers",
        "",
        f"`python benchmarks/layers.py{' --grid' * chosen.grid}`: {machine()}, kernels for {kernels.isa()}; raw "
        f"multiply-add speed {clock.best / 1e9:.0f} GFLOP/s; {clock.kept} calm samples, {clock.dropped} dropped.",
        "",
    ]
    write_section("layers grid" if chosen.grid else "layers", "\n".join([*heading, *lines]))


if __name__ == "__main__":
    main()
