"""How good the stock cases are on Kweichow Moutai 600519, by the tutorial's protocol, beside what needs no network.

    python benchmarks/accuracy/stock.py FILE [SEEDS]

FILE holds daily bars from 2010-04-26 to 2020-04-24 with columns date, open, close, high, low, volume. The last 300 rows
are the test part; windows of 60 rows lie inside it, so that its last 240 opening prices are predicted, one day ahead.
First the scorer is checked against figures that are known. The choice between variants of our recipe is shown with the
scores of the validation part, on which it was made.
"""

import statistics
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import torch
from results import machine, write_section

from recurra.cases.catalog import find_case
from recurra.evaluation.backtest import Evaluation
from recurra.evaluation.predictions import MODEL_NAME
from recurra.runs.series import SeriesCase

KNOWN = {  # forecast: RMSE and MAE in yuan, of the last 240 opens
    "persistence": (19.62, 14.71),
    "last close": (11.93, 7.46),
}
PROTOCOL = {"test": 300, "test_windows_inside": True}
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "the tutorial's, SimpleRNN": ("stock-tutorial", {}),
    "the tutorial's, LSTM": ("stock-tutorial", {"cell": "lstm"}),
    "ours, from the open alone": ("stock", {"past_covariates": []}),
    "ours, from all columns (the case `stock`)": ("stock", {}),
}
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "three networks": {"ensemble_size": 3},
    "16 units": {"units": [16]},
    "64 units": {"units": [64]},
    "LSTM": {"cell": "lstm"},
    "SimpleRNN": {"cell": "rnn"},
    "learning rate 0.001": {"learning_rate": 0.001},
    "window 20": {"window": 20},
    "without logarithm": {"scaling": ["standard", "subtract-last"]},
    "correction to the last open": {"residual": "last"},
}
SHARES = {"600519": {}, "AAPL": {"data": None, "symbol": "AAPL"}, "MSFT": {"data": None, "symbol": "MSFT"}}


def evaluated(case: str, overrides: Mapping[str, Any], *, validation: bool = False) -> tuple[Evaluation, int]:
    """Scores of a case that is trained anew, and the epoch whose weights were kept."""
    settings = find_case(case).settings({**PROTOCOL, **overrides})
    work = SeriesCase(settings)  # type: ignore[arg-type]
    work.check()
    assert work.prepared is not None
    best = work.model.fit(work.prepared).best_epoch_
    evaluation = work.evaluated_on_validation() if validation else work.evaluated_on_test()
    return evaluation, best if isinstance(best, int) else max(best)


def spread(values: Iterable[float], digits: int = 2) -> str:
    values = list(values)
    return f"{statistics.mean(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def verdicts(evaluations: Iterable[Evaluation]) -> str:
    """What the seeds say, each word on the network once, with its p-values from the smallest to the largest."""
    said: dict[str, list[float]] = {}
    for evaluation in evaluations:
        said.setdefault(evaluation.verdict.split(" (p")[0], []).append(evaluation.comparison.p_value)
    return "; ".join(f"{words} ({len(p)} of the seeds, p = {min(p):.2g}-{max(p):.2g})" for words, p in said.items())


def check_scorer(scores: Any) -> None:
    for name, (rmse, mae) in KNOWN.items():
        found = round(scores["rmse"][name], 2), round(scores["mae"][name], 2)
        assert found == (rmse, mae), f"{name}: {found}, known is {(rmse, mae)}"
    print("the scorer agrees with the known figures:", KNOWN, flush=True)


def accuracy(data: str, seeds: range) -> list[str]:
    rows = []
    naive: dict[str, tuple[float, float]] = {}
    for name, (case, overrides) in RECIPES.items():
        results = [evaluated(case, {"data": data, "seed": seed, **overrides}) for seed in seeds]
        scores = [evaluation.scores.loc[MODEL_NAME] for evaluation, _ in results]
        for row in results[0][0].scores.drop(MODEL_NAME).itertuples():
            naive[str(row.Index)] = (float(row.rmse), float(row.mae))
        cells = [spread(score[metric] for score in scores) for metric in ("rmse", "mae")]
        epochs = sorted({epoch for _, epoch in results})
        verdict = verdicts(evaluation for evaluation, _ in results)
        rows.append(f"| {name} | {cells[0]} | {cells[1]} | {epochs[0]}-{epochs[-1]} | {verdict} |")
        print(rows[-1], flush=True)
    rows += [f"| {name} | {rmse:.2f} | {mae:.2f} | - | |" for name, (rmse, mae) in naive.items()]
    return ["| forecast | RMSE | MAE | epochs | verdict |", "|---|---|---|---|---|", *rows]


def choice(data: str, seeds: range) -> list[str]:
    """Skill of variants on the validation parts: 1 - RMSE / that of the best naive forecast, in percent."""
    rows = []
    for name, overrides in VARIANTS.items():
        cells = []
        for place in SHARES.values():
            results = [
                evaluated("stock", {"data": data, "seed": seed, **place, **overrides}, validation=True)[0]
                for seed in seeds
            ]
            cells.append(spread(100 * result.skill["rmse"] for result in results))
        rows.append(f"| {name} | {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    return [f"| variant | {' | '.join(SHARES)} |", "|---" * (len(SHARES) + 1) + "|", *rows]


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    data, seeds = sys.argv[1], range(int(sys.argv[2]) if len(sys.argv) > 2 else 5)
    warnings.simplefilter("ignore")
    check_scorer(evaluated("stock", {"data": data, "epochs": 1})[0].scores)
    text = [
        "## The stock cases, on 600519",
        "",
        f"`python benchmarks/accuracy/stock.py FILE`: one day ahead, 240 opens up to 2020-04-24, in yuan; mean "
        f"and range over {len(seeds)} seeds; {machine()}. p-values of the Diebold-Mariano test.",
        "",
        *accuracy(data, seeds),
        "",
        "How the recipe was chosen: skill in RMSE on the validation part, the 12 % of rows before the test part, in "
        "percent (0 is the best naive forecast, yesterday's close); mean and range over the same seeds.",
        "",
        *choice(data, seeds),
    ]
    write_section("stock accuracy", "\n".join(text))


if __name__ == "__main__":
    main()
