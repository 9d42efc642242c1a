"""The default recipe: what `recurra forecast LONG.csv --horizon H` does with no other flag but a seed.

    python benchmarks/accuracy/default.py OUT.npz SET DATA SEED

Runs in a process of its own, which records.py starts.
"""

import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from records import hand_back, timed
from scoring import Forecast
from sets import SeriesSet, read_set

from recurra import Forecaster
from recurra.cli import run as recurra
from recurra.training.run_folder import MODEL

REFUSED = 2  # the status that says that the input is at fault
LEVELS = (20, 40, 60, 80, 95)


def forecast_command(table: Path, horizon: int, seed: int, out: Path) -> bool:
    """Run the command: it reads the table, trains, scores, predicts and plots. Return whether it takes the table."""
    status = recurra(
        ["forecast", str(table), "--horizon", str(horizon), "--seed", str(seed), "--out", str(out), "--quiet"]
    )
    assert status in {0, REFUSED}, f"recurra forecast ended with the status {status}"
    return status == 0


def placed(frame: pd.DataFrame, data: SeriesSet) -> Forecast:
    """Return predictions as arrays in the order of the set, NaN where a series has none."""
    ids = frame["unique_id"].to_numpy() if "unique_id" in frame else np.repeat(data.ids, len(frame) // len(data.ids))
    rows = pd.Index(data.ids).get_indexer(pd.Index(ids[:: data.horizon]))

    def array(column: str) -> Any:
        values = np.full((len(data.ids), data.horizon), np.nan)
        values[rows] = frame[column].to_numpy().reshape(-1, data.horizon)
        return values

    point = array("forecast")
    quantiles = {0.5: point}
    for level in LEVELS:
        if f"lo-{level}" in frame:
            quantiles |= {
                round(0.5 + side * level / 200, 3): array(f"{end}-{level}") for end, side in (("lo", -1), ("hi", 1))
            }
    return Forecast(point, quantiles)


def main() -> None:
    path, name, folder, seed = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    data = read_set(name, folder)
    with tempfile.TemporaryDirectory() as temporary:
        table, out = Path(temporary) / "LONG.csv", Path(temporary) / "run"
        read_set("one series").long().head(60).to_csv(table, index=False)
        assert forecast_command(table, 2, 0, Path(temporary) / "warm")  # its flags exist, and all imports are done
        data.long().to_csv(table, index=False)
        is_taken, command = timed(partial(forecast_command, table, data.horizon, seed, out))
        if not is_taken:
            hand_back(path, Forecast(np.full_like(data.truth, np.nan)), "recurra", command, 0.0)
            return
        model = Forecaster.load(out / MODEL)
        levels = [level for level in LEVELS if model.predictor_.supports(level)]
        found, predict = timed(partial(model.predict, levels=levels), times=5)
        written = pd.read_csv(out / "forecast.csv")
        np.testing.assert_allclose(found["forecast"], written["forecast"], rtol=1e-6)
    hand_back(path, placed(found, data), "recurra", command, predict)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
