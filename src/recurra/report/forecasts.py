"""Plots of forecasts: the test part with its truth, the baseline and the verdict beside it; and what was left over."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import StrMethodFormatter

from recurra.data.table import Table
from recurra.evaluation.backtest import MODEL_NAME, Evaluation
from recurra.report.plots import MUTED, TRAINING, VALIDATION, readable_fonts, save_png
from recurra.report.text import plain

SHOWN_SERIES = 4
BEFORE = 0.5  # rows shown before the test part, as a share of it
REAL, PREDICTED, NAIVE = MUTED, TRAINING, VALIDATION
CLOSE_UP = 40  # last predictions that are shown once more, large
TINT = 0.15  # of an interval; where one lies on another they add up
LONGEST_NAME = 40  # letters beside an axis


def forecast_plot(
    table: Table, test: Evaluation, following: pd.DataFrame, path: Path, *, title: str, test_rows: int
) -> None:
    """Draw the real values, the forecasts of the test part with interval and best naive forecast, and the next values.

    Of a long test part a whole picture says little; its last rows are drawn once more at large. Of many series the
    first four are drawn.

    Args:
        table: all rows.
        test: the forecasts of the test part.
        following: the next values, as `Forecaster.predict` gives them.
        path: the PNG file.
        title: what was trained.
        test_rows: rows of the test part, which may begin before the first forecast.
    """
    horizon = int(test.predictions["step"].max())
    shown = table.series[:SHOWN_SERIES]
    with readable_fonts(title + table.target + "".join(series.id for series in shown) + test.verdict):
        drawn = [_each_row_once(test.predictions[test.predictions["unique_id"] == s.id], horizon) for s in shown]
        close_up = len(shown) == 1 and len(drawn[0]) > CLOSE_UP
        rows = 2 if close_up else len(shown)
        figure = Figure(figsize=(11, 1.3 + 3.3 * rows), layout="constrained")
        _headline(figure, title, test)
        if len(table.series) > len(shown):
            figure.supxlabel(f"the first {len(shown)} of {len(table.series)} series; the scores are of all", fontsize=9)
        axes = list(figure.subplots(rows, 1, squeeze=False)[:, 0])
        name = _short(test.display_names[test.best_naive])
        for place, (series, own) in enumerate(zip(shown, drawn, strict=True)):
            real = pd.Series(np.where(series.observed[:, 0], series.values[:, 0], np.nan), series.dates)
            next_values = following[following["unique_id"] == series.id] if table.many else following
            split = series.dates[-test_rows]
            _panel(axes[place], real, own, next_values, test.best_naive, name, split)
            _name(axes[place], f"{series.id}: {table.target}" if series.id else table.target)
            if close_up:
                axes[1].set_title(f"the last {CLOSE_UP} forecasts", loc="left", fontsize=10)
                _panel(axes[1], real, own.tail(CLOSE_UP), next_values, test.best_naive, name, None, marker=".")
                _name(axes[1], table.target)
        _legend(axes[0], _levels(test.predictions))
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
    errors = {name: scored[name] - scored["y"] for name in (MODEL_NAME, test.best_naive)}
    with readable_fonts(title + table.target + test.verdict):
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        _headline(figure, title, test)
        over_time, distribution = figure.subplots(1, 2, width_ratios=[2, 1], sharey=True)
        over_time.axhline(0.0, color=MUTED, linewidth=0.8)
        for name, color, size in ((test.best_naive, NAIVE, 14), (MODEL_NAME, PREDICTED, 7)):
            label = _short(test.display_names[name])
            over_time.scatter(scored["ds"], errors[name], s=size, color=color, alpha=0.6, label=label, linewidths=0)
        _name(over_time, f"forecast - real {table.target}")
        _legend(over_time)
        _dates(over_time)
        edges = np.histogram_bin_edges(np.concatenate(list(errors.values())), bins=_bins(len(scored))).tolist()
        for name, color in ((test.best_naive, NAIVE), (MODEL_NAME, PREDICTED)):
            distribution.hist(errors[name], bins=edges, orientation="horizontal", histtype="step", color=color)
        distribution.set_xlabel("forecasts")
        distribution.grid(alpha=0.25)
        distribution.spines[["top", "right"]].set_visible(False)
        save_png(figure, path)


def _headline(figure: Figure, title: str, test: Evaluation) -> None:
    """What was trained, and how it fared: a plot without its verdict tells half of the story."""
    rmse = test.scores["rmse"]
    story = f"{test.verdict[:1].upper()}{test.verdict[1:]}."
    numbers = f"RMSE {plain(rmse[MODEL_NAME], 4)}, and {plain(rmse[test.best_naive], 4)} without a network."
    both = f"{story} {numbers}" if len(story) + len(numbers) < 120 else f"{textwrap.fill(story, 120)}\n{numbers}"
    text = f"{textwrap.fill(title, 120)}\n{both}"
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
    alone = shown[shown.notna() & shown.shift().isna() & shown.shift(-1).isna()]
    axes.plot(alone.index, alone, color=REAL, marker=".", linestyle="")  # no line shows a value between two gaps
    axes.plot(days, own[MODEL_NAME], color=PREDICTED, linewidth=1.3, label="the network", marker=marker)
    # on top, and with gaps: where both are the same, both are seen
    axes.plot(days, own[naive], color=NAIVE, linewidth=1.0, dashes=(4, 4), label=naive_in_words, zorder=2.5)
    for level in _levels(own):
        low, high = own[f"{MODEL_NAME}-lo-{level}"], own[f"{MODEL_NAME}-hi-{level}"]
        axes.fill_between(days, low, high, color=PREDICTED, alpha=TINT, linewidth=0)
        low, high = following[f"lo-{level}"], following[f"hi-{level}"]
        axes.fill_between(following["ds"], low, high, color=PREDICTED, alpha=TINT, linewidth=0)
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
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _name(axes: Axes, name: str) -> None:
    axes.set_ylabel(_short(name), parse_math=False)


def _legend(axes: Axes, levels: Sequence[str] = ()) -> None:
    """Above the axes, in one row; each interval in the tint that it has where the wider ones lie under it."""
    handles, _ = axes.get_legend_handles_labels()
    for number, level in enumerate(levels, start=1):
        tint = 1.0 - (1.0 - TINT) ** number
        handles.append(Patch(facecolor=PREDICTED, alpha=tint, label=f"{level} % interval"))
    above = {"bbox_to_anchor": (0.0, 1.0), "ncols": len(handles), "columnspacing": 1.4, "frameon": False}
    for text in axes.legend(handles=handles, loc="lower left", fontsize=9, **above).get_texts():
        text.set_parse_math(False)


def _levels(predictions: pd.DataFrame) -> list[str]:
    """The levels of the intervals, the widest first."""
    names = [name.rsplit("-", 1)[1] for name in predictions.columns if name.startswith(f"{MODEL_NAME}-lo-")]
    return sorted(names, key=float, reverse=True)


def _short(name: str) -> str:
    """A name as far as there is room for it."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _bins(errors: int) -> int:
    """An odd number, so that errors about 0 share a bin."""
    return min(41, 2 * math.isqrt(errors // 4) + 5)


def _each_row_once(own: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """The last forecasts whose horizons follow one another, and before them as much of the first one as is left."""
    number = own["cutoff"].rank(method="dense").astype(int)
    left = (number.max() - 1) % horizon
    whole = (number.max() - number) % horizon == 0
    return own[whole | ((number == 1) & (own["step"] <= left))]
