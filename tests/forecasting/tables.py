"""Small tables for the tests of forecasters."""

from typing import Any

import numpy as np
import pandas as pd

SMALL: dict[str, Any] = {"units": 4, "window": 6, "epochs": 2}  # a forecaster that is fitted at once
CONSTANT: dict[str, Any] = {"learning_rate": 0.001, "schedule": "constant"}  # whose training can go on for more epochs
POINT: dict[str, Any] = {"loss": "mse", "scaling": ["standard", "subtract-last"]}  # one value, no quantiles


def days(count: int, freq: str = "D") -> pd.DatetimeIndex:
    return pd.date_range("2020-01-01", periods=count, freq=freq)


def table(count: int = 60, freq: str = "D", seed: int = 0, **columns: Any) -> pd.DataFrame:
    """A random walk, or the columns that are given."""
    walk = 100 * np.exp(np.random.default_rng(seed).normal(0, 0.02, count).cumsum())
    return pd.DataFrame({"date": days(count, freq), **(columns or {"price": walk})})


def bars(count: int = 80, seed: int = 0) -> pd.DataFrame:
    """A share whose every open is the close of the day before, but for a little."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(rng.normal(0, 0.02, count).cumsum())
    opened = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0, 0.002, count))
    return table(count, "B", open=opened, close=close, volume=rng.integers(1000, 9000, count))


def long(lengths: dict[str, int]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unique_id": name, "ds": days(n), "y": np.sin(np.arange(n)) + 3.0}) for name, n in lengths.items()
    ]
    return pd.concat(parts)
