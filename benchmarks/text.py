"""Text beside torch.nn.LSTM: symbols a second that are learned, and symbols a second that are written.

    python benchmarks/text.py [TURNS]

Training: an embedding of 64, an LSTM with dropout, and a layer of 65 logits read 32 streams of 64 characters a batch,
with AdamW and clipping. Recurra's is `LanguageModel.fit` with its records; torch's is the loop as one writes it, with
the state carried on. Writing: one character at a time, each drawn from the probabilities that the one before gave, and
so of several texts at once. One thread; medians and ratios of turns go to benchmarks/RESULTS.md.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from results import machine, write_section
from timing import Timed, in_turns, table
from torch import Tensor, nn
from torch.nn import functional as F

from recurra import LanguageModel
from recurra.training import Callback, TrainingState

SYMBOLS, EMBEDDING, STREAMS, STEPS, RATE = 65, 64, 32, 64, 0.003
TRAINED, WRITTEN, AT_ONCE = 20, 320, 32  # steps and characters in a turn, and texts that are written at once
TEXT = "".join(map(chr, np.random.default_rng(0).integers(48, 48 + SYMBOLS, STREAMS * (TRAINED * STEPS + 1)).tolist()))
DROPOUT = 0.3


class Plain(nn.Module):
    """The network as one writes it in torch."""

    def __init__(self, units: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(SYMBOLS, EMBEDDING)
        self.lstm = nn.LSTM(EMBEDDING, units, layers, batch_first=True, dropout=DROPOUT if layers > 1 else 0.0)
        self.dropout, self.head = nn.Dropout(DROPOUT), nn.Linear(units, SYMBOLS)

    def forward(self, ids: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        y, state = self.lstm(self.embedding(ids), state)
        return self.head(self.dropout(y)), state


class StepClock(Callback):
    """Times the steps after the first, which makes what the others use."""

    def on_step_end(self, state: TrainingState, step: int, steps: int) -> None:
        now = time.perf_counter()
        if state.step == 1:
            self.started = now
        self.seconds = now - self.started


def model(units: int, layers: int) -> LanguageModel:
    return LanguageModel(
        mode="stream",
        encoding="embedding",
        embedding_dim=EMBEDDING,
        cell="lstm",
        units=[units] * layers,
        dropout=DROPOUT,
        window=STEPS,
        batch_size=STREAMS,
        optimizer="adamw",
        learning_rate=RATE,
        clip_norm=1.0,
        steps=TRAINED,
        record_every=TRAINED,
        shuffle=False,
    )


def learns(units: int, layers: int, _: Path) -> float:
    clock = StepClock()
    model(units, layers).fit(TEXT, callbacks=[clock])
    return clock.seconds


def torch_learns(units: int, layers: int, _: Path) -> float:
    network = Plain(units, layers)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE)
    state = None
    for step, (x, target) in enumerate(batches()):
        logits, state = network(x, state)
        state = (state[0].detach(), state[1].detach())
        optimizer.zero_grad()
        F.cross_entropy(logits.flatten(0, 1), target.flatten()).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if step == 0:
            started = time.perf_counter()
    return time.perf_counter() - started


def batches() -> Iterator[tuple[Tensor, Tensor]]:
    ids = torch.tensor([ord(character) - 48 for character in TEXT]).view(STREAMS, -1)
    for start in range(0, TRAINED * STEPS, STEPS):
        yield ids[:, start : start + STEPS], ids[:, start + 1 : start + STEPS + 1]


def writes(fitted: LanguageModel, _: Path) -> float:
    started = time.perf_counter()
    assert len(list(islice(fitted.generate("0"), WRITTEN))) == WRITTEN
    return time.perf_counter() - started


def writes_several(fitted: LanguageModel, _: Path) -> float:
    started = time.perf_counter()
    assert len(list(islice(fitted.generate_many("0", count=AT_ONCE), WRITTEN // AT_ONCE))) == WRITTEN // AT_ONCE
    return time.perf_counter() - started


@torch.inference_mode()
def torch_writes(network: Plain, _: Path) -> float:
    started = time.perf_counter()
    chosen, state = torch.zeros(1, 1, dtype=torch.int64), None
    for _ in range(WRITTEN):
        logits, state = network(chosen, state)
        chosen = torch.multinomial(torch.softmax(logits[0], dim=-1), 1)
    return time.perf_counter() - started


def rates(heading: str, seconds: dict[str, list[float]], symbols: int) -> list[str]:
    """The table of seconds, with symbols a second."""
    names, line, *rows, end = table(heading, seconds)
    speeds = [symbols / statistics.median(taken) for taken in seconds.values()]
    shown = [f"{row} {speed:,.0f} |" for row, speed in zip(rows, speeds, strict=True)]
    return [f"{names} symbols a second |", f"{line}---|", *shown, end]


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    torch.set_num_threads(1)
    text = [
        "## Text beside torch.nn.LSTM",
        "",
        f"`python benchmarks/text.py`: medians and ranges of {turns} turns, {machine()}. A batch has {STREAMS} streams "
        f"of {STEPS} characters; dropout is {DROPOUT}. A shared machine: ratios hold, seconds do not.",
        "",
    ]
    for units, layers in ((256, 1), (512, 1), (384, 2)):
        name = f"LSTM {layers} × {units}"
        learned: dict[str, Timed] = {
            "recurra, `LanguageModel.fit`": partial(learns, units, layers),
            "torch.nn.LSTM, a loop as one writes it": partial(torch_learns, units, layers),
        }
        fitted, plain = model(units, layers).fit(TEXT), Plain(units, layers).eval()
        written: dict[str, Timed] = {
            "recurra, `LanguageModel.generate`": partial(writes, fitted),
            "torch.nn.LSTM, one character at a time": partial(torch_writes, plain),
        }
        several: dict[str, Timed] = {
            f"recurra, `LanguageModel.generate_many`, {AT_ONCE} texts": partial(writes_several, fitted),
            "torch.nn.LSTM, one character at a time": partial(torch_writes, plain),
        }
        text += rates(f"{name}, training", in_turns(learned, turns), (TRAINED - 1) * STREAMS * STEPS)
        text += rates(f"{name}, writing", in_turns(written, turns), WRITTEN)
        text += rates(f"{name}, writing several texts", in_turns(several, turns), WRITTEN)
    write_section("text", "\n".join(text))


if __name__ == "__main__":
    main()
