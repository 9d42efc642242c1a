"""Plots of forecasts: the test part with its truth, the baseline and the verdict beside it; and what was left over."""

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from recurra.data.series import Table
from recurra.evaluation.backtest import MODEL, Evaluation
from recurra.report.plots import MUTED, TRAINING, VALIDATION, readable_fonts, save_png

SHOWN_SERIES = 4
BEFORE = 0.5  # rows shown before the test part, as a share of it
REAL, PREDICTED, NAIVE = MUTED, TRAINING, VALIDATION
CLOSE_UP = 40  # last predictions that are shown once more, large


def forecast_plot(table: Table, test: Evaluation, following: pd.DataFrame, path: Path, *, title: str) -> None:
    """Draw the real values, the forecasts of the test part with interval and best naive forecast, and the next values.

    A one-step forecast follows the real line so closely that a whole test part says little; its last rows are drawn
    once more at large. Of many series the first four are drawn.

    Args:
        table: all rows.
        test: the forecasts of the test part.
        following: the next values, as `Forecaster.predict` gives them.
        path: the PNG file.
        title: what was trained.
    """
    horizon = int(test.predictions["step"].max())
    shown = table.series[:SHOWN_SERIES]
    with readable_fonts(title + table.target + "".join(series.id for series in shown) + test.verdict):
        close_up = len(shown) == 1 and horizon == 1
        rows = 2 if close_up else len(shown)
        figure = Figure(figsize=(11, 1.3 + 3.3 * rows), layout="constrained")
        _headline(figure, title, test)
        axes = list(figure.subplots(rows, 1, squeeze=False)[:, 0])
        for place, series in enumerate(shown):
            own = test.predictions[test.predictions["unique_id"] == series.id]
            split = own["ds"].min()
            own = own[_not_overlapping(own, horizon)]
            real = pd.Series(np.where(series.observed[:, 0], series.values[:, 0], np.nan), series.dates)
            next_values = following[following["unique_id"] == series.id] if table.many else following
            name = test.in_words[test.best_naive]
            _panel(axes[place], real, own, next_values, test.best_naive, name, split)
            axes[place].set_ylabel(f"{series.id}: {table.target}" if series.id else table.target, parse_math=False)
            if close_up:
                axes[1].set_title(f"the last {min(CLOSE_UP, len(own))} of them", loc="left", fontsize=10)
                _panel(axes[1], real, own.tail(CLOSE_UP), next_values, test.best_naive, name, None, marker=".")
                axes[1].set_ylabel(table.target, parse_math=False)
        axes[0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, ncols=5, fontsize=9)
        save_png(figure, path)


def residuals_plot(table: Table, test: Evaluation, path: Path, *, title: str) -> None:
    """Draw the errors of the test part over time, and how they are distributed beside the best naive forecast's.

    Args:
        table: all rows.
        test: the forecasts of the test part.
        path: the PNG file.
        title: what was trained.
    """
    scored = test.predictions[test.predictions["y"].notna()]
    errors = {name: scored[name] - scored["y"] for name in (MODEL, test.best_naive)}
    with readable_fonts(title + table.target):
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        _headline(figure, title, test)
        over_time, distribution = figure.subplots(1, 2, width_ratios=[2, 1], sharey=True)
        over_time.axhline(0.0, color=MUTED, linewidth=0.8)
        for name, color, size in ((test.best_naive, NAIVE, 14), (MODEL, PREDICTED, 7)):
            over_time.scatter(
                scored["ds"], errors[name], s=size, color=color, alpha=0.6, label=test.in_words[name], linewidths=0
            )
        over_time.set_ylabel(f"forecast - real {table.target}", parse_math=False)
        over_time.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, ncols=2, fontsize=9)
        _dates(over_time)
        edges = np.histogram_bin_edges(np.concatenate(list(errors.values())), bins=41).tolist()
        for name, color in ((test.best_naive, NAIVE), (MODEL, PREDICTED)):
            distribution.hist(errors[name], bins=edges, orientation="horizontal", histtype="step", color=color)
        distribution.set_xlabel("forecasts")
        distribution.grid(alpha=0.25)
        distribution.spines[["top", "right"]].set_visible(False)
        save_png(figure, path)


def _headline(figure: Figure, title: str, test: Evaluation) -> None:
    """What was trained, and how it fared: a plot without its verdict tells half of the story."""
    rmse = test.scores["rmse"]
    story = f"{test.verdict}: RMSE {rmse[MODEL]:.4g}, and {rmse[test.best_naive]:.4g} without a network"
    text = textwrap.fill(title, 120) + "\n" + textwrap.fill(story[:1].upper() + story[1:], 120)
    figure.suptitle(text, fontsize=11, parse_math=False)


def _panel(
    axes: Axes,
    real: "pd.Series[float]",
    own: pd.DataFrame,
    following: pd.DataFrame,
    naive: str,
    naive_in_words: str,
    split: pd.Timestamp | None,
    *,
    marker: str = "",
) -> None:
    """One series: real values, forecasts, interval, the best naive forecast, and the next values."""
    days = own["ds"]
    first = int(real.index.searchsorted(days.iloc[0] if split is None else split))
    before = 0 if split is None else round(BEFORE * (len(real) - first))
    shown = real.iloc[max(first - before, 0) :]
    axes.plot(shown.index, shown, color=REAL, linewidth=1.4, label="real", marker=marker)
    axes.plot(days, own[naive], color=NAIVE, linewidth=0.9, linestyle="--", label=naive_in_words, marker=marker)
    axes.plot(days, own[MODEL], color=PREDICTED, linewidth=1.1, label="the network", marker=marker)
    for lower in (name for name in own.columns if name.startswith(f"{MODEL}-lo-")):
        level = lower.rsplit("-", 1)[1]
        upper = own[f"{MODEL}-hi-{level}"]
        axes.fill_between(
            days, own[lower], upper, color=PREDICTED, alpha=0.15, linewidth=0, label=f"{level} % interval"
        )
        low, high = following[f"lo-{level}"], following[f"hi-{level}"]
        axes.fill_between(following["ds"], low, high, color=PREDICTED, alpha=0.15, linewidth=0)
        if len(following) == 1:
            axes.vlines(following["ds"], low, high, color=PREDICTED, alpha=0.4, linewidth=2)
    axes.plot(
        following["ds"], following["forecast"], color=PREDICTED, marker="o", markersize=4, linestyle=":", label="next"
    )
    if split is not None:
        place = float(date2num(split))  # type: ignore[no-untyped-call]
        axes.axvline(place, color=MUTED, linewidth=0.9, linestyle=":")
        axes.text(place, 0.02, " test part →", transform=axes.get_xaxis_transform(), fontsize=8, color=MUTED)
    _dates(axes)


def _dates(axes: Axes) -> None:
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _not_overlapping(own: pd.DataFrame, horizon: int) -> "pd.Series[bool]":
    """The last forecasts whose horizons follow one another, so that each row is drawn once."""
    number = own["cutoff"].rank(method="dense").astype(int)
    return (number.max() - number) % horizon == 0
