"""How good the stock cases are: the spread of three shares, and 600519 by the tutorial's protocol.

    python benchmarks/accuracy/stock.py [FILE] [SEEDS]

The spread is measured on the last 300 opening prices of AAPL and MSFT, which are bundled, and of Kweichow Moutai 600519
if FILE is given: daily bars from 2010-04-26 to 2020-04-24 with columns date, open, close, high, low, volume. So is the
choice between variants of our recipe, with the scores of the validation part, on which it was made.

With FILE the point forecasts are scored as well. The last 300 rows are the test part; windows of 60 rows lie inside it,
so that its last 240 opening prices are predicted, one day ahead. First the scorer is checked against known figures.
"""

import statistics
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import torch
from results import machine, write_section
from spread import CONSTANT, DISTRIBUTIONS, GARCH, OURS, RECENT, Spread, measured

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
    "not divided by the spread": {"scaling": ["log", "standard", "subtract-last"]},
    "from the open alone, corrected to the last open": {"past_covariates": []},
    "Student's t in place of quantiles": {"loss": "student-t"},
    "three networks": {"ensemble_size": 3},
    "16 units": {"units": [16]},
}
ACCURACY = Path(__file__).with_name("RESULTS.md")


def evaluated(case: str, overrides: Mapping[str, Any]) -> Evaluation:
    """Scores on the test part of a case that is trained anew."""
    work = SeriesCase(find_case(case).settings({**PROTOCOL, **overrides}))  # type: ignore[arg-type]
    work.check()
    work.model.fit(work.prepared)
    return work.evaluated_on_test()


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
        scores = [evaluation.scores.loc[MODEL_NAME] for evaluation in results]
        for row in results[0].scores.drop(MODEL_NAME).itertuples():
            naive[str(row.Index)] = (float(row.rmse), float(row.mae))
        cells = [spread(score[metric] for score in scores) for metric in ("rmse", "mae")]
        rows.append(f"| {name} | {cells[0]} | {cells[1]} | {verdicts(results)} |")
        print(rows[-1], flush=True)
    rows += [f"| {name} | {rmse:.2f} | {mae:.2f} | |" for name, (rmse, mae) in naive.items()]
    return ["| forecast | RMSE | MAE | verdict |", "|---|---|---|---|", *rows]


def spreads(shares: Mapping[str, dict[str, Any]], seeds: range) -> list[str]:
    """The spread of the test parts: pinball losses, those of the rivals as ratios, and coverage."""
    found = {name: [measured({**place, "seed": seed}) for seed in seeds] for name, place in shares.items()}
    rows = []
    for forecaster in (OURS, CONSTANT, RECENT, *DISTRIBUTIONS):
        for name, own in found.items():
            ratios = [each.pinball(OURS) / each.pinball(forecaster) for each in own]
            cells = [
                middle(1e4 * each.pinball(forecaster) for each in own),
                middle((each.pinball(forecaster, in_prices=True) for each in own), 4),
                "" if forecaster == OURS else middle(ratios, 3),
                *(middle((each.coverage(forecaster, level) for each in own), 1) for level in (80, 95)),
            ]
            rows.append(f"| {forecaster} | {name} | {' | '.join(cells)} |")
            print(rows[-1], flush=True)
    rows += ["", "Ratios, mean over the shares, median and range of the seeds:", ""]
    for forecaster in (CONSTANT, RECENT, *DISTRIBUTIONS):
        in_logs, in_prices = (
            middle((mean_ratio(own, forecaster, is_price) for own in zip(*found.values(), strict=True)), 3)
            for is_price in (False, True)
        )
        rows.append(f"- to {forecaster}: {in_logs} in logarithms, {in_prices} in prices")
        print(rows[-1], flush=True)
    head = "| forecast | share | pinball, 1e-4 of the price | in prices | ours / its | inside 80 % | inside 95 % |"
    return [head, "|---" * 7 + "|", *rows]


def mean_ratio(own: Sequence[Spread], rival: str, in_prices: bool = False) -> float:
    """The mean over shares of our pinball loss divided by the rival's."""
    return statistics.mean(
        each.pinball(OURS, in_prices=in_prices) / each.pinball(rival, in_prices=in_prices) for each in own
    )


def middle(values: Iterable[float], digits: int = 2) -> str:
    values = list(values)
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def choice(shares: Mapping[str, dict[str, Any]], seeds: range) -> list[str]:
    """Pinball losses of variants on the validation parts, without calibration, divided by those of GARCH."""
    rows = []
    for name, overrides in VARIANTS.items():
        found = [
            [measured({**place, **overrides, "seed": seed}, validation=True) for place in shares.values()]
            for seed in seeds
        ]
        cells = [middle((mean_ratio([own], GARCH) for own in each), 3) for each in zip(*found, strict=True)]
        cells += [middle((mean_ratio(own, rival) for own in found), 3) for rival in (GARCH, CONSTANT)]
        rows.append(f"| {name} | {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    head = f"| variant | {', to GARCH | '.join(shares)}, to GARCH | mean, to GARCH | mean, to constant width |"
    return [head, "|---" * (len(shares) + 3) + "|", *rows]


def main() -> None:
    torch.set_num_threads(1)
    given = sys.argv[1:]
    seeds = range(int(given.pop()) if given and given[-1].isdigit() else 5)
    file = given[0] if given else None
    warnings.simplefilter("ignore")
    shares: dict[str, dict[str, Any]] = {"AAPL": {"symbol": "AAPL"}, "MSFT": {"symbol": "MSFT"}}
    if file is not None:
        shares["600519"] = {"data": file, "symbol": None}
    text = [
        "## What can be predicted about a share",
        "",
        "Its spread. `python benchmarks/accuracy/stock.py [FILE]`: the last 300 opening prices of each share, one day "
        f"ahead; median and range of {len(seeds)} seeds; {machine()}. The pinball loss is the mean over the nine "
        "quantiles of the head, of logarithms or of prices. Constant widths are quantiles of earlier errors around the "
        "same medians. GARCH(1,1), by `arch`, predicts the change from the last close to the next open; its parameters "
        "are fitted to all rows before the test part, and stay.",
        "",
        *spreads(shares, seeds),
        "",
        "How the recipe was chosen: pinball loss on the validation part, the 20 % of rows before the test part, of "
        "quantiles that are not calibrated, divided by that of GARCH(1,1) with Student's t, of errors of the same last "
        f"price, or of constant widths, which see training rows alone; {len(seeds[:3])} seeds.",
        "",
        *choice(shares, seeds[:3]),
    ]
    write_section("spread of shares", "\n".join(text), ACCURACY)
    if file is not None:
        check_scorer(evaluated("stock", {"data": file, "epochs": 1}).scores)
        text = [
            "## The stock cases, on 600519",
            "",
            f"`python benchmarks/accuracy/stock.py FILE`: one day ahead, 240 opens up to 2020-04-24, in yuan; mean "
            f"and range over {len(seeds)} seeds; {machine()}. p-values of the Diebold-Mariano test. What can be "
            "predicted is the spread: [accuracy/RESULTS.md](accuracy/RESULTS.md).",
            "",
            *accuracy(file, seeds),
        ]
        write_section("stock accuracy", "\n".join(text))


if __name__ == "__main__":
    main()
