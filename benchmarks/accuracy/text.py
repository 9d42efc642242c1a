"""The case `book` on tinyshakespeare: scores of its last tenth over several seeds, and the loss against minutes.

    python benchmarks/accuracy/text.py --data FILE --keep FOLDER [--seeds 1 2 3]

Each seed is one command, `recurra train book`, on two threads. It scores the validation part, the last tenth of the
text, once: at the end. How the loss falls is recorded in another run, which reads the training part alone and is scored
on the last tenth of that, where the recipe was chosen too. A run in FOLDER that is finished is made again only where
the case or its flags have changed since; each holds the speed of the processor before and after it. A section of
benchmarks/accuracy/RESULTS.md and docs/text-loss.png are written.
"""

import argparse
import importlib.resources
import json
import os
import statistics
import subprocess
import sys
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import RESULTS, table
from calm import CalmClock
from results import machine, write_section

PLOT = Path(__file__).parents[2] / "docs" / "text-loss.png"
THREADS = 2
KNOWN = {"nanoGPT, a few minutes on a CPU": 1.88, "nanoGPT, on a GPU": 1.4697}  # nats, of its README
MADE = "made.json"  # of each run: the case and the flags that it was made with, and the speed of the processor


def trained(run: Path, clock: CalmClock, data: Path, *flags: str) -> dict[str, Any]:
    """Return the scores of a run, its records, and the speed of the processor before and after it."""
    case = importlib.resources.files("recurra.cases").joinpath("book.toml").read_text("utf-8")
    wanted = {"case": case, "flags": list(flags)}
    made = json.loads((run / MADE).read_text("utf-8")) if (run / MADE).is_file() else {}
    if not wanted.items() <= made.items():
        command = [Path(sys.executable).with_name("recurra"), "train", "book", "--data", data, "--out", run, *flags]
        before = clock.probe()
        subprocess.run(
            [*map(str, command), "--overwrite"], check=True, env=os.environ | {"OMP_NUM_THREADS": str(THREADS)}
        )
        made = wanted | {"speeds": [before, clock.probe()]}
        (run / MADE).write_text(json.dumps(made), "utf-8")
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    return {
        "scores": json.loads((run / "scores.json").read_text("utf-8"))["validation"],
        "minutes": [seconds / 60 for seconds in accumulate(record["seconds"] for record in records)],
        "losses": [record["val_loss"] for record in records],
        "steps": records[-1]["step"],
        "gflops": statistics.mean(made["speeds"]) / 1e9,
    }


def plot(curve: dict[str, Any], finals: list[dict[str, Any]]) -> None:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(curve["minutes"], curve["losses"], color="#1b6ca8", label="recurra, last tenth of the training part")
    axes.scatter(
        [final["minutes"][-1] for final in finals],
        [final["scores"]["carried"]["nats_per_character"] for final in finals],
        color="#d1495b",
        zorder=3,
        label="recurra, validation part, one point a seed",
    )
    for (name, loss), style in zip(KNOWN.items(), ("--", ":"), strict=True):
        axes.axhline(loss, color="#6c757d", linestyle=style, label=name)
    axes.set(xlabel="minutes of training on two cores", ylabel="nats a character", ylim=(1.35, 2.2), xlim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PLOT, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the text of tinyshakespeare")
    parser.add_argument("--keep", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(THREADS)
    clock = CalmClock(THREADS)
    text = given.data.read_text("utf-8")
    training = given.keep / "training.txt"
    training.write_text(text[: len(text) * 9 // 10], "utf-8")
    curve = trained(given.keep / "curve", clock, training, "--record-every", "95")
    finals = []
    for seed in given.seeds:
        flags = ["--seed", str(seed), "--record-every", str(curve["steps"]), "--dynamic"]
        finals.append(trained(given.keep / f"seed{seed}", clock, given.data, *flags))
    plot(curve, finals)
    rows = []
    for seed, final in zip(given.seeds, finals, strict=True):
        nats = [final["scores"][name]["nats_per_character"] for name in ("carried", "cold", "dynamic")]
        bits = final["scores"]["carried"]["bits_per_character"]
        minutes, gflops = f"{final['minutes'][-1]:.1f}", f"{final['gflops']:.0f}"
        rows.append((str(seed), *(f"{score:.4f}" for score in nats), f"{bits:.3f}", minutes, gflops))
    lines = [
        "## A book in ten minutes",
        "",
        f"`recurra train book --data FILE` on tinyshakespeare, {curve['steps']:,} steps; {machine()}. Nats a character "
        "of the last tenth, scored once a seed, at the end: with the state carried on, in cold windows of 256, and by "
        "dynamic evaluation; the first in bits too. Minutes of training; GFLOP/s are the raw speed of multiply-adds "
        f"of both cores around the run, at best {clock.best / 1e9:.0f}. On the last tenth of the training part, where "
        f"the recipe was chosen, the network that is trained on the rest reaches {curve['losses'][-1]:.4f}.",
        "",
        *table(("seed", "carried", "cold", "dynamic", "bits", "minutes", "GFLOP/s"), rows),
    ]
    write_section("book", "\n".join(lines), RESULTS)


if __name__ == "__main__":
    main()
