"""How good the default recipe is on four sets with published scores, beside peers on the same machine.

    python benchmarks/accuracy/published.py [--data FOLDER] [--sets NAME …] [--seeds N] [--parts PART …]

Parts: `scorer` checks the scorer with known figures, `scores` those of the default recipe, `intervals` their coverage
and quantile loss, `peers` neuralforecast and statsforecast, `same-size` the time beside neuralforecast at the same
sizes. Sections of benchmarks/accuracy/RESULTS.md are written with all sets; with fewer, to try it, they are only
printed. The neural peers need `make .venv-neuralforecast/neuralforecast`.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import RESULTS, STEPS, WINDOWS, Bench, Result, Scores, scores_of, shown, spread, table
from records import NEURAL_PYTHON, Cost
from results import machine, write_section
from scoring import LEVELS, Forecast, coverage, naive, quantile_loss, seasonal_naive
from sets import DATA, PUBLISHED, SeriesSet

SEEDS = 5

KNOWN: dict[str, dict[str, Scores]] = {  # the figures of others for naive forecasts
    "tourism quarterly": {"seasonal naive": (16.61, 1.699)},
    "tourism monthly": {"seasonal naive": (21.67, 1.631)},
    "NN5 daily": {"seasonal naive": (26.46, 1.011)},
    "CIF2016": {"naive": (14.59, 1.256), "seasonal naive": (19.05, 1.291)},
}
PAPERS: dict[str, dict[str, str]] = {  # Hewamalage, Bergmeir, Bandara 2021, and the Monash archive
    "tourism quarterly": {"best RNN": "–", "ETS": "15.07 / 1.592", "DeepAR": "15.29 / 1.597", "best": "14.45 / 1.475"},
    "tourism monthly": {
        "best RNN": "19.437 / 1.586", "ETS": "19.02 / 1.526", "DeepAR": "18.35 / 1.409", "best": "18.35 / 1.409"
    },
    "NN5 daily": {
        "best RNN": "21.529 / 0.859", "ETS": "21.57 / 0.865", "DeepAR": "23.85 / 0.919", "best": "21.19 / 0.858"
    },
    "CIF2016": {
        "best RNN": "10.235 / 0.802", "ETS": "12.18 / 0.841", "DeepAR": "13.58 / 1.159", "best": "11.70 / 0.841"
    },
}  # fmt: skip
AIMS: dict[str, tuple[Scores, Scores]] = {  # what the default must reach, and what it should
    "tourism quarterly": ((14.45, 1.475), (13.9, 1.46)),
    "tourism monthly": ((18.35, 1.409), (17.3, 1.34)),
    "NN5 daily": ((21.53, 0.859), (21.19, 0.855)),
    "CIF2016": ((11.1, 0.84), (10.235, 0.80)),
}
NEURAL, STATISTICAL = ("LSTM", "GRU", "DeepAR", "NHITS"), ("AutoETS", "AutoTheta", "AutoARIMA")


def scorer_part(bench: Bench) -> list[str]:
    rows = []
    for name, data in bench.sets().items():
        for rule, forecast in (("naive", naive(data)), ("seasonal naive", seasonal_naive(data))):
            found = scores_of(data, forecast)
            known = KNOWN[name].get(rule)
            agrees = known is not None and abs(found[0] - known[0]) < 0.006 and abs(found[1] - known[1]) < 0.0006
            assert known is None or agrees, f"{name}, {rule}: found {shown(found)}, known is {shown(known)}"
            rows.append((name, rule, shown(found), "–" if known is None else f"{shown(known)}, the same"))
    return [
        "## The scorer",
        "",
        "sMAPE / MASE of naive forecasts beside the known figures, before anything else is scored. sMAPE is the mean "
        "over the series of 100 · mean of 2 |F − Y| / (|F| + |Y|), MASE the mean of MAE / MAE of the seasonal naive "
        "forecast on the training values. Negative forecasts are clipped to 0; missing true values and 0 / 0 are "
        "skipped.",
        "",
        *table(("set", "forecast", "found", "known"), rows),
    ]


def scores_part(bench: Bench) -> list[str]:
    rows, costs = [], []
    for name, data in bench.sets().items():
        results = [bench.default(name, seed) for seed in bench.seeds]
        found = [scores_of(data, forecast) for forecast, _ in results]
        medians = statistics.median(score[0] for score in found), statistics.median(score[1] for score in found)
        must, goal = AIMS[name]
        reached = ("the goal", "what it must", "neither")[(_beyond(medians, goal) + _beyond(medians, must))]
        paper = PAPERS[name]
        rows.append(
            (
                name,
                spread((score[0] for score in found), 2),
                spread((score[1] for score in found), 3),
                shown(must),
                shown(goal),
                reached,
                shown(scores_of(data, seasonal_naive(data))),
                *(paper[column] for column in ("best RNN", "ETS", "DeepAR", "best")),
            )
        )
        cost = [own for _, own in results]
        omitted = statistics.median(own.more["omitted"] for own in cost)
        costs.append(
            (
                name,
                f"{len(data.ids)}",
                f"{omitted:.0f}",
                spread((own.fit for own in cost), 1),
                spread((own.predict for own in cost), 2),
                spread((own.memory for own in cost), 0),
            )
        )
    seeds = f"{len(bench.seeds)} seed{'s' * (len(bench.seeds) > 1)}"
    return [
        "## The default recipe on four published sets",
        "",
        f"`recurra forecast LONG.csv --horizon H` with no other flag, median and range of {seeds}; {machine()}. Beside "
        "it sMAPE / MASE of Hewamalage, Bergmeir and Bandara 2021 (best RNN, the best of some 40 as seen on the test "
        "part; ETS) and of the Monash archive (DeepAR; best). Series that the command omits are scored with the "
        "seasonal naive forecast.",
        "",
        *table(
            (
                "set", "sMAPE", "MASE", "must be under", "goal", "reached", "seasonal naive", "best RNN", "ETS",
                "DeepAR", "best of Monash",
            ),
            rows,
        ),
        "Seconds of processor time with one thread of the whole command, without imports: reading, training, scoring, "
        "prediction, intervals and plots; and of the prediction with intervals from the saved model. Memory is the "
        "peak of the process, imports included.",
        "",
        *table(
            ("set", "series", "omitted", "command, s", "prediction, s", "memory, MB"), costs
        ),
    ]  # fmt: skip


def _beyond(found: Scores, aim: Scores) -> int:
    return int(found[0] >= aim[0] or found[1] >= aim[1])


def intervals_part(bench: Bench) -> list[str]:
    rows = []
    for name, data in bench.sets().items():
        forecasters = {
            "recurra": [bench.default(name, seed)[0] for seed in bench.seeds],
            "seasonal naive": [seasonal_naive(data).clipped()],
            "AutoETS": [result[0] for result in [bench.statistical(name, "AutoETS")] if result is not None],
        }
        for forecaster, forecasts in forecasters.items():
            if not forecasts:
                continue
            loss = statistics.median(quantile_loss(data, forecast) for forecast in forecasts)
            cells = [cell for level in LEVELS for cell in _coverage_cells(data, forecasts, level)]
            rows.append((name, forecaster, f"{loss:.4f}", *cells))
    columns = ("covered ± 2 errors", "right", "under half", "ideal")
    heading = [f"{level} %: {column}" for level in LEVELS for column in columns]
    return [
        "## Intervals",
        "",
        f"Medians of {len(bench.seeds)} seeds of the default recipe; {machine()}; statsforecast "
        f"{version('statsforecast')}. Quantile loss: mean over the quantiles 0.1 … 0.9 of 2 · sum of losses / sum of "
        "|Y|. Covered: percent of the true values, with two standard errors over the series; right: within 3 points or "
        "two errors of the level, whichever is wider. Under half: percent of the series covered under half of the "
        "level; ideal: what that would be for intervals that are exactly right, if successive errors are as correlated "
        "as these (a simulated first-order autoregression, `ideal_under_half` in scoring.py), and if errors at every "
        "distance are; more: it is over 1.25 × the first of these. The seasonal naive forecast has the normal "
        "quantiles of its errors in training.",
        "",
        *table(("set", "forecast", "quantile loss", *heading), rows),
    ]


def _coverage_cells(data: SeriesSet, forecasts: Sequence[Forecast], level: int) -> tuple[str, ...]:
    found = [own for forecast in forecasts if (own := coverage(data, forecast, level)) is not None]
    if not found:
        return ("–",) * 4
    share, error, under, ideal, ideal_all = (
        100 * statistics.median(getattr(own, field) for own in found)
        for field in ("share", "error", "under_half", "ideal", "ideal_all")
    )
    right = "yes" if abs(share - level) <= max(3, 2 * error) else "no"
    more = ", more" if under > 1.25 * ideal else ""
    return f"{share:.1f} ± {2 * error:.1f}", right, f"{under:.1f}{more}", f"{ideal:.1f}; {ideal_all:.1f}"


def peers_part(bench: Bench) -> list[str]:
    forecasters: dict[str, Callable[[str], Result | None]] = {
        "recurra, default": lambda name: bench.default(name, bench.seeds[0]),
        **{f"recurra, {model} as peers": partial(bench.same_size, model=model) for model in ("LSTM", "GRU")},
        **{f"neuralforecast {model}": partial(bench.neural, model=model) for model in NEURAL},
        **{f"statsforecast {model}": partial(bench.statistical, model=model) for model in STATISTICAL},
    }
    data = bench.sets()
    scores, costs = [], []
    for forecaster, found in forecasters.items():
        results = {name: found(name) for name in bench.names}
        known = [cost for _, cost in filter(None, results.values())]
        too_long = f"over {bench.minutes:g} min"
        scores.append(
            (forecaster, *(shown(scores_of(data[name], own[0])) if own else "–" for name, own in results.items()))
        )
        seconds = [f"{own[1].fit:.1f} + {own[1].predict:.2f}" if own else too_long for own in results.values()]
        memory, installed = (
            max((getattr(cost, field) for cost in known), default=0) for field in ("memory", "installed")
        )
        costs.append((forecaster, *seconds, f"{memory:.0f}", f"{installed:.0f}"))
    return [
        "## Peers",
        "",
        f"sMAPE / MASE of one seed; {machine()}; recurra {version('recurra')}, statsforecast "
        f"{version('statsforecast')}, {_neural_version(bench)}. The neural peers have one recurrent layer of 32 units "
        f"(NHITS: its own sizes), windows of {_windows(bench)} values, scaled by median and deviation (robust), "
        f"batches of 128 windows, {STEPS} steps, and otherwise their defaults; the statistical ones choose a model for "
        "each series.",
        "",
        *table(("forecaster", *bench.names), scores),
        "Seconds of processor time with one thread, of the fit + the prediction, each in a process of its own; for "
        "recurra's default of the whole command, plots included. Memory is the largest peak, imports included; "
        "installed is the package with all it needs.",
        "",
        *table(("forecaster", *(f"{name}, s" for name in bench.names), "memory, MB", "installed, MB"), costs),
    ]


def _neural_version(bench: Bench) -> str:
    found = bench.neural(bench.names[0], "GRU")
    return f"neuralforecast {found[1].version}" if found else "neuralforecast"


def _windows(bench: Bench) -> str:
    return ", ".join(f"{WINDOWS[name]} ({name})" for name in bench.names)


def same_size_part(bench: Bench) -> list[str]:
    rows, ratios = [], []
    for name, data in bench.sets().items():
        for model in ("GRU", "LSTM"):
            ours, peer = bench.same_size(name, model), bench.neural(name, model)
            if ours is None or peer is None:
                continue
            (own, cost), (theirs, their_cost) = ours, peer
            pairs = [
                (their_cost.fit, cost.fit),
                (_marginal(their_cost), _marginal(cost)),
                (1000 * their_cost.predict, 1000 * cost.predict),
            ]
            ratios.append([first / second for first, second in pairs])
            cells = [f"{first:.1f} / {second:.1f} = {first / second:.1f}" for first, second in pairs]
            rows.append((name, model, *cells, shown(scores_of(data, theirs)), shown(scores_of(data, own))))
    means = [f"**{statistics.geometric_mean(column):.1f}**" for column in zip(*ratios, strict=True)]
    rows.append(("**geometric mean**", "", *means, "", ""))
    return [
        "## Time beside neuralforecast at the same sizes",
        "",
        f"neuralforecast / recurra = how many times as long, in processor time; {machine()}; "
        f"{_neural_version(bench)}. The same windows of {_windows(bench)} values, one layer of 32 units, batches of "
        f"128 windows, {STEPS} steps. The whole fit from a table in memory; a step more, from 200 to 1,000 steps; the "
        "prediction, median of five.",
        "",
        *table(
            ("set", "cell", "fit, s", "a step, ms", "prediction, ms", "neuralforecast", "recurra, sMAPE / MASE"),
            rows,
        ),
    ]


def _marginal(cost: Cost) -> float:
    """Return the milliseconds of a step more."""
    return 1000 * (cost.more["fit of 1000 steps"] - cost.more["fit of 200 steps"]) / 800


PARTS: dict[str, Callable[[Bench], list[str]]] = {
    "scorer": scorer_part,
    "scores": scores_part,
    "intervals": intervals_part,
    "same-size": same_size_part,
    "peers": peers_part,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the sets")
    parser.add_argument("--sets", nargs="+", choices=PUBLISHED, default=list(PUBLISHED))
    parser.add_argument("--seeds", type=int, default=SEEDS, help="number of seeds of the default recipe")
    parser.add_argument("--minutes", type=float, default=60, help="that a peer may take for a set")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--keep", type=Path, help="folder of forecasts; those that are there are not made again")
    given = parser.parse_args()
    if {"peers", "same-size"} & set(given.parts) and not NEURAL_PYTHON.is_file():
        sys.exit(
            f"{NEURAL_PYTHON} is absent; make .venv-neuralforecast/neuralforecast, or leave out peers and same-size."
        )
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        seeds = tuple(range(1, given.seeds + 1))
        bench = Bench(given.data, tuple(given.sets), seeds, given.minutes, given.keep or Path(temporary))
        scorer_part(bench)  # nothing is scored by a scorer that is wrong
        for part in given.parts:
            text = "\n".join(PARTS[part](bench))
            write_section(part, text, RESULTS) if set(bench.names) == set(PUBLISHED) else print(text)


if __name__ == "__main__":
    main()
