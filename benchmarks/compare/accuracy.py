"""The table of accuracy/stock.py in both builds: recipes on the daily bars of 600519, by the tutorial's protocol."""

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compare.commands import Command

RECIPES = {  # as in accuracy/stock.py
    "the tutorial's, SimpleRNN": ["stock-tutorial"],
    "the tutorial's, LSTM": ["stock-tutorial", "--cell", "lstm"],
    "ours, from the open alone": ["stock", "--past-covariates", "none"],
    "ours, from all columns": ["stock"],
}
PROTOCOL = ["--test", "300", "--test-windows-inside"]


def commands(data: Path, seeds: int) -> list[Command]:
    """A training for each recipe and seed."""
    found: list[Command] = []
    for number, recipe in enumerate(RECIPES.values()):
        for seed in range(seeds):
            run = f"{number}-{seed}"
            given = ["--data", str(data), "--seed", str(seed), "--out", f"runs/{run}", "--quiet"]
            found.append((run, ["train", *recipe, *PROTOCOL, *given], ""))
    return found


def table(old: Path, new: Path, seeds: int) -> tuple[list[str], bool]:
    """The recipes with the scores of both builds, and whether all scores are equal to the bit."""
    lines = [
        "| forecast | RMSE, OLD | RMSE, NEW | MAE, OLD | MAE, NEW | epochs, OLD | epochs, NEW | equal |",
        "|---" * 8 + "|",
    ]
    all_equal = True
    for number, name in enumerate(RECIPES):
        scores = [_scores(runs, number, seeds) for runs in (old, new)]
        equal = scores[0] == scores[1]
        all_equal &= equal
        cells = [_spread(its, metric) for metric in (_rmse, _mae) for its in scores]
        epochs = [_epochs(its) for its in scores]
        lines.append(f"| {' | '.join([name, *cells, *epochs, 'yes' if equal else 'NO'])} |")
    naive = [_scores(runs, len(RECIPES) - 1, 1)[0]["test"]["scores"] for runs in (old, new)]
    for name in naive[0]:
        if name != "recurra":
            cells = [f"{its[name][metric]:.2f}" for metric in ("rmse", "mae") for its in naive]
            lines.append(
                f"| {' | '.join([name, *cells, '-', '-', 'yes' if naive[0][name] == naive[1][name] else 'NO'])} |"
            )
    return lines, all_equal


def _scores(runs: Path, number: int, seeds: int) -> list[Any]:
    return [json.loads((runs / f"{number}-{seed}" / "scores.json").read_text("utf-8")) for seed in range(seeds)]


def _rmse(scores: Any) -> float:
    return float(scores["test"]["scores"]["recurra"]["rmse"])


def _mae(scores: Any) -> float:
    return float(scores["test"]["scores"]["recurra"]["mae"])


def _spread(scores: list[Any], metric: Callable[[Any], float]) -> str:
    values = [metric(score) for score in scores]
    return f"{statistics.mean(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def _epochs(scores: list[Any]) -> str:
    epochs = [score["best_epoch"] for score in scores]
    return f"{min(epochs)}-{max(epochs)}"
