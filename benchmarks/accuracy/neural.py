"""Forecasts of neuralforecast, which has a virtual environment of its own: make .venv-neuralforecast/neuralforecast.

    python benchmarks/accuracy/neural.py OUT.npz SET DATA GRU|LSTM|DeepAR|NHITS WINDOW STEPS [STEPS …]

Runs in a process of its own, which records.py starts. One recurrent layer of 32 units, 128 windows a batch; what is not
said is neuralforecast's default. The forecasts are those of the first number of steps.
"""

import logging
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from neuralforecast import NeuralForecast, models
from neuralforecast.losses.pytorch import DistributionLoss
from records import hand_back, timed
from scoring import Forecast
from sets import SeriesSet, read_set

LEVELS = [20, 40, 60, 80, 95]
OWN: dict[str, dict[str, Any]] = {
    "GRU": {"encoder_n_layers": 1, "encoder_hidden_size": 32},
    "LSTM": {"encoder_n_layers": 1, "encoder_hidden_size": 32},
    "DeepAR": {
        "lstm_n_layers": 1,
        "lstm_hidden_size": 32,
        "loss": DistributionLoss("StudentT", level=LEVELS, return_params=False),
    },
    "NHITS": {},
}


def fitted(data: SeriesSet, frame: pd.DataFrame, model: str, window: int, steps: int) -> NeuralForecast:
    own = getattr(models, model)(
        h=data.horizon,
        input_size=window,
        max_steps=steps,
        windows_batch_size=128,
        start_padding_enabled=True,
        scaler_type="robust",  # as its GRU and LSTM have by default, and without which DeepAR learns nothing
        random_seed=1,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **OWN[model],
    )
    network = NeuralForecast(models=[own], freq=data.frequency)
    network.fit(frame)
    return network


def main() -> None:
    path, name, folder, model = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]
    window, *counts = map(int, sys.argv[5:])
    torch.set_num_threads(1)
    data, small = read_set(name, folder), read_set("short")
    fitted(small, small.long(), model, 4, 1).predict()  # all imports are done
    frame = data.long()
    fits = {steps: timed(partial(fitted, data, frame, model, window, steps)) for steps in counts}
    found, predict = timed(fits[counts[0]][0].predict, times=5)

    def array(column: str) -> Any:
        return found[column].to_numpy().reshape(len(data.ids), data.horizon)

    point, quantiles = array(f"{model}-median" if model == "DeepAR" else model), {}
    if model == "DeepAR":
        quantiles[0.5] = point
        for level in LEVELS:
            for end, side in (("lo", -1), ("hi", 1)):
                quantiles[round(0.5 + side * level / 200, 3)] = array(f"{model}-{end}-{level}")
    more = {f"fit of {steps} steps": seconds for steps, (_, seconds) in fits.items()}
    hand_back(path, Forecast(point, quantiles), "neuralforecast", fits[counts[0]][1], predict, **more)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    main()
