"""Forecasts whose plots can be calculated by hand, and what a test reads off a plot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.evaluation.backtest import evaluate
from recurra.evaluation.predictions import Forecasts
from recurra.report.forecasts import forecast_plot
from recurra.tables.origins import Origins
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

Draw = Callable[..., Figure]

RISE = 0.25  # that the model adds to the last value with each row


@dataclass(frozen=True)
class LastAndRise:
    """A model that can be calculated by hand: the last value and a little more with each row, give or take a tenth of
    the level.
    """

    horizon: int = 1
    baseline_columns: Sequence[str] = ()

    def fit(self, data: Table, /) -> "LastAndRise":
        return self

    def forecast(self, table: Table, origins: Origins, levels: Sequence[float] = (), **_: bool) -> Forecasts:
        last = [series.values[rows - 1, 0] for series, rows in zip(table.series, origins, strict=True)]
        values = np.concatenate(last)[:, None] + RISE * np.arange(1, self.horizon + 1)
        return Forecasts(values, {level: (values - level / 10, values + level / 10) for level in levels})


def walk(rows: int, seed: int = 0) -> Any:
    """A random walk: nothing beats its last value."""
    return 100 + np.random.default_rng(seed).normal(0, 1, rows).cumsum()


def weekly(rows: int) -> Any:
    """What every week is nearly the same: nothing beats the value of a week before."""
    return 100 + 9 * np.sin(2 * np.pi * np.arange(rows) / 7) + np.random.default_rng(1).normal(0, 0.1, rows)


def one_series(y: Any, name: str = "sales", freq: str = "D", **options: Any) -> Table:
    frame = pd.DataFrame({"date": pd.date_range("2020-01-01", periods=len(y), freq=freq), name: y})
    return make_table(frame, target=name, **options)


def many_series(*ids: str, rows: int = 40) -> Table:
    """Series of different levels and lengths."""
    parts = [
        pd.DataFrame(
            {"unique_id": name, "ds": pd.date_range("2020-01-01", periods=rows + n), "y": walk(rows + n, n) + 100 * n}
        )
        for n, name in enumerate(ids)
    ]
    return make_table(pd.concat(parts))


def evaluated(table: Table, model: LastAndRise | None = None, *, test: int = 20, levels: Sequence[float] = ()) -> Any:
    """Every forecast whose horizon lies within the last `test` rows."""
    model = model or LastAndRise()
    origins = Origins.of_part(table.lengths - test, table.lengths, 1, model.horizon)
    return evaluate(
        model, table, origins, horizon=model.horizon, season=table.frequency.season, step=1, levels=list(levels)
    )


def next_of(table: Table, horizon: int = 1, levels: Sequence[float] = ()) -> pd.DataFrame:
    """The next values, as a forecaster predicts them."""
    parts = []
    for series in table.series:
        part = pd.DataFrame({"ds": table.frequency.next_dates(series.dates[-1], horizon)})
        if table.many:
            part.insert(0, "unique_id", series.id)
        part["forecast"] = series.values[-1, 0] + RISE * np.arange(1, horizon + 1)
        for level in levels:
            part[f"lo-{level:g}"], part[f"hi-{level:g}"] = part["forecast"] - level, part["forecast"] + level
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def draw_to(
    path: Path,
    table: Table,
    *,
    horizon: int = 1,
    test: int = 20,
    levels: Sequence[float] = (),
    baseline_columns: Sequence[str] = (),
    title: str = "shop",
) -> None:
    """Draw the forecasts of the last `test` rows."""
    evaluation = evaluated(table, LastAndRise(horizon, baseline_columns), test=test, levels=levels)
    forecast_plot(table, evaluation, next_of(table, horizon, levels), path, title=title, test_rows=test)


def line(axes: Axes, label: str) -> Line2D:
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return found


def curve(axes: Axes, label: str) -> "pd.Series[float]":
    """What a line shows: its values over their dates."""
    found = line(axes, label)
    return pd.Series(np.asarray(found.get_ydata(), dtype=float), pd.DatetimeIndex(np.asarray(found.get_xdata())))


def forecast_curve(axes: Axes) -> "pd.Series[float]":
    """All forecasts of the network, without the breaks between those of several origins."""
    return curve(axes, "the network").dropna()


def legend(axes: Axes) -> list[str]:
    found = axes.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def bands(axes: Axes) -> set[tuple[float, float]]:
    """All corners of all bands, as day number and value."""
    found = [path for c in axes.collections if isinstance(c, PolyCollection) for path in c.get_paths()]
    return {(float(x), round(float(y), 6)) for path in found for x, y in np.asarray(path.vertices)}


def corners(dates: Any, values: Any) -> set[tuple[float, float]]:
    days = date2num(pd.DatetimeIndex(dates).to_numpy())
    return {(float(x), round(float(y), 6)) for x, y in zip(days, values, strict=True)}


def splits(axes: Axes) -> list[float]:
    """Where vertical lines stand over the whole height."""
    places = [np.asarray(line.get_xdata()) for line in axes.lines if line.get_transform() != axes.transData]
    return [float(x[0]) for x in places if len(x) == 2 and x[0] == x[1]]


def words(figure: Figure) -> str:
    """The words over a figure, however they are broken into lines."""
    return " ".join(figure.get_suptitle().split())
