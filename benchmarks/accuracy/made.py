"""The default recipe on made series of many kinds and on the bundled shares, beside naive rules, AutoETS and Theta.

    python benchmarks/accuracy/made.py [--sets NAME …]

The section of benchmarks/accuracy/RESULTS.md is written with all sets; with fewer, to try it, it is only printed.
"""

import argparse
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import RESULTS, Bench, table
from results import machine, write_section
from scoring import Forecast, mase, naive, seasonal_naive
from sets import DATA, MADE, read_set

TOLERANCE = 1.02  # of the better naive forecast


def row(bench: Bench, name: str) -> tuple[str, ...]:
    """Return the MASE of every forecaster, and whether the default is worse than the better of the naive ones."""
    data = read_set(name)
    default, cost = bench.default(name, bench.seeds[0])
    statistical = [bench.statistical(name, model) for model in ("AutoETS", "AutoTheta")]
    others = [result[0] if result else Forecast(np.full_like(data.truth, np.nan)) for result in statistical]
    own, *rules = (
        float(mase(data, forecast.point).mean()) for forecast in (default, naive(data), seasonal_naive(data))
    )
    verdict = (
        "no" if own <= TOLERANCE * min(rules) else "yes" if min(rules) == 0 else f"yes, {own / min(rules) - 1:.0%}"
    )
    if cost.more["omitted"] == len(data.ids):
        verdict = "refused"
    figures = [own, *rules, *(float(mase(data, forecast.point).mean()) for forecast in others)]
    shape = f"{len(data.ids)} of {len(data.training[0])}, horizon {data.horizon}"
    cells = ["∞" if np.isinf(figure) else f"{figure:.3f}" for figure in figures]
    return name, shape, *cells, verdict, f"{cost.more['omitted']:.0f}", f"{cost.fit:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=MADE, default=list(MADE))
    parser.add_argument("--keep", type=Path, help="folder of forecasts; those that are there are not made again")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(DATA, tuple(given.sets), seeds=(1,), minutes=60, keep=given.keep or Path(temporary))
        rows = [row(bench, name) for name in bench.names]
    text = "\n".join(
        [
            "## Made series of many kinds, and shares",
            "",
            f"MASE of the default recipe, one seed, beside others; {machine()}; statsforecast "
            f"{version('statsforecast')}. Worse: by more than {TOLERANCE - 1:.0%} of the MASE of the better of naive "
            "and seasonal naive; ∞: a constant series is not forecast exactly. Series that the command omits are "
            "scored with the seasonal naive forecast. Seconds of processor time of the whole command.",
            "",
            *table(
                (
                    "set", "series", "recurra", "naive", "seasonal naive", "AutoETS", "Theta", "recurra is worse",
                    "omitted", "command, s",
                ),
                rows,
            ),
        ]
    )  # fmt: skip
    write_section("made", text, RESULTS) if set(bench.names) == set(MADE) else print(text)


if __name__ == "__main__":
    main()
