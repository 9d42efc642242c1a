"""What future covariates gain: made series whose target depends on them, with them and without.

    python benchmarks/accuracy/future_covariates.py [SEEDS]

Each series has 500 days with a weekly season and noise of standard deviation 1, which no forecast can know: 420 are
trained on (the last 15 % choose the epoch), the others predicted from every origin. `holiday` is 1 on 15 % of the days,
`price` is normal noise. The errors are RMSE, means over the seeds.
"""

import statistics
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from results import machine, write_section

from recurra import Forecaster
from recurra.evaluation.predictions import MODEL_NAME

ROWS, TRAINED = 500, 420
Values = NDArray[np.float64]
EFFECTS: dict[str, Callable[[Values, Values, Values], Values]] = {  # of the weekly season, holidays and prices
    "a holiday adds 15": lambda base, holiday, price: base + 15 * holiday,
    "a holiday adds 40 %": lambda base, holiday, price: base * (1 + 0.4 * holiday),
    "8 times the size of the price": lambda base, holiday, price: base + 8 * np.abs(price),
    "the day after a holiday adds 10": lambda base, holiday, price: base + 10 * np.roll(holiday, 1),
}
BEFORE = {  # RMSE of commit 1e28018, which read them a horizon early; measured once, three seeds
    ("a holiday adds 15", 1): 4.76,
    ("a holiday adds 15", 7): 3.29,
    ("a holiday adds 40 %", 1): 7.19,
    ("a holiday adds 40 %", 7): 4.44,
    ("8 times the size of the price", 1): 5.28,
    ("8 times the size of the price", 7): 5.07,
    ("the day after a holiday adds 10", 1): 3.67,
    ("the day after a holiday adds 10", 7): 3.11,
}


def table(effect: str, seed: int) -> pd.DataFrame:
    rng, t = np.random.default_rng(seed), np.arange(ROWS)
    holiday, price = (rng.random(ROWS) < 0.15).astype(float), rng.normal(0, 1, ROWS)
    base = 50 + 10 * np.sin(2 * np.pi * t / 7) + 0.02 * t
    y = EFFECTS[effect](base, holiday, price) + rng.normal(0, 1, ROWS)
    return pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=ROWS), "y": y, "holiday": holiday, "price": price})


def error(effect: str, horizon: int, seed: int, covariates: list[str]) -> float:
    data = table(effect, seed)
    model = Forecaster(
        "y",
        future_covariates=covariates,
        horizon=horizon,
        window=21,
        units=16,
        loss="mse",
        scaling=["standard", "subtract-last"],
        epochs=60,
        learning_rate=0.005,
        schedule="constant",
        clip_norm=None,
        batch_size=32,
        validation=0.15,
        patience=15,
        seed=seed,
    )
    model.fit(data.iloc[:TRAINED])
    return float(model.evaluate(data).scores.loc[MODEL_NAME, "rmse"])


def main() -> None:
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    lines = ["| the target | horizon | without | with | read early, before |", "|---|---|---|---|---|"]
    for effect in EFFECTS:
        for horizon in (1, 7):
            without, given = (
                statistics.mean(error(effect, horizon, seed, names) for seed in seeds)
                for names in ([], ["holiday", "price"])
            )
            lines.append(f"| {effect} | {horizon} | {without:.2f} | {given:.2f} | {BEFORE[effect, horizon]:.2f} |")
            print(lines[-1], flush=True)
    text = [
        "## Future covariates",
        "",
        f"`python benchmarks/accuracy/future_covariates.py {len(seeds)}`, {machine()}: RMSE on rows after the training "
        "rows; 1 is the noise, which no forecast knows. Until recently the network read future covariates "
        "in its window, one horizon early; now it is given those of the predicted rows, and of the rows around each.",
        "",
        *lines,
    ]
    write_section("future covariates", "\n".join(text))


if __name__ == "__main__":
    main()
