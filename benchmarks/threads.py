"""What it costs that results do not depend on the number of threads: torch's operators on one thread, and on all.

    python benchmarks/threads.py [TURNS]

In the estimators torch's operators run on one thread (`recurra.threads.one_thread`), and the kernels, whose results do
not depend on it, on all. The same trainings are timed in turns with all threads for torch's operators too, and so.

Small networks, such as those of the built-in cases, run on one thread either way. What costs something is large dense
layers, embeddings and optimizer steps, as those of a language model with a large vocabulary.

Seconds need a machine with idle cores: on a busy one, threads that wait for each other are the slower ones. So the
share of torch's operators in the processor time of one thread is measured too. If they shared their work among n
threads without any loss, one thread for them would take 1 + (n - 1) · share times as long: what it costs at most.

Medians, ratios and their ranges go to benchmarks/RESULTS.md.
"""

import os
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from results import machine, write_section
from timing import Clock, in_turns, table
from torch import nn

from recurra import Forecaster
from recurra.cases.catalog import find_case
from recurra.forecasting.networks import loss_of, network_of
from recurra.nn import Embedding, build_network
from recurra.nn.backends.native import kernels
from recurra.nn.heads import Categorical
from recurra.settings.check import check, to_json
from recurra.settings.forecasting import ForecasterSettings
from recurra.sources.bundled import bundled
from recurra.threads import one_thread
from recurra.training import TrainingOptions, train
from recurra.training.batches import Samples, TensorSamples
from recurra.training.loop import Loss
from recurra.training.process import WORTH_SHARING, work_of_step

Training = tuple[Callable[[], nn.Module], Samples, Loss, TrainingOptions]


def words(vocabulary: int, units: int, *, batch_size: int, window: int, targets: str, steps: int = 3) -> Training:
    """A language model of so many words with an embedding of 64 numbers and a GRU, and some batches of random words."""
    head, every = Categorical(vocabulary), targets == "every"
    torch.manual_seed(0)
    x = torch.randint(vocabulary, (steps * batch_size, window))
    target = torch.randint(vocabulary, x.shape if every else x.shape[:1])

    def network() -> nn.Module:
        encoder = Embedding(vocabulary, 64)
        return build_network(encoder=encoder, cell="gru", units=[units], outputs=vocabulary, return_sequences=every)

    return network, TensorSamples(x, target), head.loss, TrainingOptions(epochs=1, batch_size=batch_size)


def stock(case: str, epochs: int) -> Training:
    """A stock case on the bundled bars."""
    found = find_case(case).settings({"epochs": epochs})
    settings = check(ForecasterSettings, to_json(found, ForecasterSettings), case)
    prepared = Forecaster(**to_json(settings)).prepare(bundled("AAPL")[-2000:])
    return lambda: network_of(settings, prepared.plan), prepared.parts[0], loss_of(settings, prepared.plan), settings


TRAININGS: dict[str, Callable[[], Training]] = {
    "letters-window with 64 units": lambda: words(11, 64, batch_size=8, window=3, targets="last", steps=100),
    "stock": lambda: stock("stock", 1),
    "stock-tutorial": lambda: stock("stock-tutorial", 1),
    "1,000 words, 128 units, batch 64": lambda: words(1_000, 128, batch_size=64, window=20, targets="last", steps=15),
    "5,000 words, 256 units, batch 512": lambda: words(5_000, 256, batch_size=512, window=20, targets="last"),
    "5,000 words, 256 units, batch 64, every step a target": lambda: words(
        5_000, 256, batch_size=64, window=20, targets="every"
    ),
}


def seconds(training: Training, threads: Callable[[], AbstractContextManager[None]]) -> float:
    network, samples, loss, options = training
    clock = Clock()
    torch.manual_seed(0)
    made = network()
    with threads():
        train(made, samples, loss=loss, options=options, callbacks=[clock])
    return clock.seconds


def share_of_operators(training: Training) -> float:
    """The fraction of the processor time of a training on one thread that the kernels do not take."""
    in_kernels = 0.0

    def timed(kernel: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            nonlocal in_kernels
            started = time.thread_time()
            found = kernel(*arguments)
            in_kernels += time.thread_time() - started
            return found

        return run

    network, samples, loss, options = training
    torch.manual_seed(0)
    made = network()
    with (
        mock.patch.object(kernels, "forward", timed(kernels.forward)),
        mock.patch.object(kernels, "backward", timed(kernels.backward)),
        one_thread(kernels=True),
    ):
        started = time.thread_time()
        train(made, samples, loss=loss, options=options)
        return 1.0 - in_kernels / (time.thread_time() - started)


def bounds() -> list[str]:
    """The table of what one thread for torch's operators costs at most."""
    rows = []
    for name, training in TRAININGS.items():
        network, samples, _, options = made = training()
        share = share_of_operators(made)
        small = work_of_step(network(), samples[torch.arange(options.batch_size)].x) < WORTH_SHARING
        most = "1, on one thread either way" if small else f"{1 + share:.2f}, {1 + 3 * share:.2f}, {1 + 7 * share:.2f}"
        rows.append(f"| {name} | {share:.2f} | {most} |")
    heading = "| training | share of torch's operators | × at most with 2, 4, 8 threads |"
    return [heading, "|---|---|---|", *rows]


def measured(name: str, training: Training, turns: int) -> list[str]:
    def of(threads: Callable[[], AbstractContextManager[None]]) -> Callable[[Path], float]:
        return lambda _: seconds(training, threads)

    ways = {"all threads for torch's operators": of(nullcontext), "one thread for torch's operators": of(one_thread)}
    return table(name, in_turns(ways, turns))


def main() -> None:
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    text = [
        "## What the same bytes with any number of threads cost",
        "",
        f"`python benchmarks/threads.py`: medians and ranges of {turns} turns, {machine()}. "
        f"The kernels have all threads either way. The load average was {os.getloadavg()[0]:.0f} at the beginning; "
        "where it exceeds the number of cores, threads wait for each other, and more of them are slower.",
        "",
        *(line for name, training in TRAININGS.items() for line in measured(name, training(), turns)),
        "The share of torch's operators in the processor time on one thread, and what follows from it:",
        "",
        *bounds(),
    ]
    write_section("threads", "\n".join(text))


if __name__ == "__main__":
    main()
