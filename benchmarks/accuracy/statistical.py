"""Forecasts of statsforecast, one model for each series.

    python benchmarks/accuracy/statistical.py OUT.npz SET DATA AutoETS|AutoTheta|AutoARIMA

Runs in a process of its own, which records.py starts. A series on which the model fails is forecast by the naive rule.
AutoARIMA approximates where R's does, for series of more than 150 values.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

from records import hand_back, timed
from scoring import PROBABILITIES, Forecast
from sets import read_set
from statsforecast import StatsForecast, models

LEVELS = (20, 40, 60, 80, 95)


def main() -> None:
    path, name, folder, model = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]
    data = read_set(name, folder)
    frame = data.long()

    def forecaster() -> StatsForecast:
        is_long = max(map(len, data.training)) > 150
        more = {"approximation": True} if model == "AutoARIMA" and is_long else {}
        own = getattr(models, model)(season_length=data.season, **more)
        return StatsForecast(models=[own], freq=data.frequency, n_jobs=1, fallback_model=models.Naive(alias=model))

    warm = frame[frame["unique_id"] == data.ids[0]].head(40)
    forecaster().fit(warm).predict(h=2, level=[80])  # all imports are done
    fitted, fit = timed(lambda: forecaster().fit(frame))
    found, predict = timed(lambda: fitted.predict(h=data.horizon, level=list(LEVELS)))

    def array(column: str) -> Any:
        return found[column].to_numpy().reshape(len(data.ids), data.horizon)

    quantiles = {}
    for probability in PROBABILITIES:
        side = "lo" if probability < 0.5 else "hi"
        level = round(abs(probability - 0.5) * 200)
        quantiles[probability] = array(f"{model}-{side}-{level}" if level else model)
    hand_back(path, Forecast(array(model), quantiles), "statsforecast", fit, predict)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
