"""Forecasts of recurra's network at the window, size and batch that the peers of neuralforecast have.

    python benchmarks/accuracy/same_size.py OUT.npz SET DATA GRU|LSTM WINDOW STEPS [STEPS …]

Runs in a process of its own, which records.py starts. What is not said is as in the default recipe. The forecasts are
those of the first number of steps.
"""

import sys
import warnings
from functools import partial
from pathlib import Path

import torch
from default import placed
from records import hand_back, timed
from sets import SeriesSet, read_set

from recurra import Forecaster
from recurra.cases.catalog import find_case
from recurra.settings.check import to_json
from recurra.settings.forecasting import ForecasterSettings


def forecaster(data: SeriesSet, cell: str, window: int, steps: int) -> Forecaster:
    same = {"cell": cell.lower(), "units": [32], "batch_size": 128, "window": window, "steps": steps}
    every_row = {"validation": 0, "patience": None, "restore_best": False}
    settings = find_case("forecast").settings(same | every_row | {"horizon": data.horizon})
    return Forecaster(**to_json(settings, ForecasterSettings))


def main() -> None:
    path, name, folder, cell = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]
    window, *counts = map(int, sys.argv[5:])
    torch.set_num_threads(1)
    data, small = read_set(name, folder), read_set("short")
    forecaster(small, cell, 4, 1).fit(small.long()).predict()  # all imports are done
    frame = data.long()
    fits = {steps: timed(partial(forecaster(data, cell, window, steps).fit, frame)) for steps in counts}
    found, predict = timed(fits[counts[0]][0].predict, times=5)
    more = {f"fit of {steps} steps": seconds for steps, (_, seconds) in fits.items()}
    hand_back(path, placed(found, data), "recurra", fits[counts[0]][1], predict, **more)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
