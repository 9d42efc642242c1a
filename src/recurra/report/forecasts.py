"""Plots of forecasts and of their residuals, beside the best naive forecast and with the verdict."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import StrMethodFormatter

from recurra.errors import printable
from recurra.evaluation.backtest import Evaluation
from recurra.evaluation.predictions import MODEL_NAME
from recurra.report.plots import MUTED, TRAINING, VALIDATION, readable_fonts, save_png
from recurra.report.text import plain
from recurra.tables.dates.zones import local
from recurra.tables.table import Table

SHOWN_SERIES = 4
MOST_ERRORS = 50_000  # that are drawn; of more, those of origins drawn at random
BEFORE = 0.5  # rows shown before the test part, as a fraction of it
REAL, PREDICTED, NAIVE = MUTED, TRAINING, VALIDATION
CLOSE_UP = 40  # number of last forecasts that a second panel enlarges
TINT = 0.15  # opacity of an interval; nested intervals add up
LONGEST_NAME = 40  # maximum number of characters of a label


def forecast_plot(
    table: Table, test: Evaluation, following: pd.DataFrame, path: Path, *, title: str, test_rows: int
) -> None:
    """Plot the real values, the forecasts of the test part, the best naive forecast, and the predicted next values.

    A second panel enlarges the end of a long test part. At most SHOWN_SERIES series are drawn.

    Args:
        table: the series with all rows.
        test: evaluation on the test part.
        following: the next values as returned by `Forecaster.predict`.
        path: the PNG file to write.
        title: title of the figure.
        test_rows: number of rows of the test part, which may start before the first forecast.
    """
    arrays, horizon = test.arrays, test.arrays.horizon
    table = table.only({arrays.table.ids[place] for place in np.unique(arrays.series).tolist()})  # others are too short
    shown = table.series[:SHOWN_SERIES]
    predictions = _in_local_time(arrays.of_series(table.ids[:SHOWN_SERIES]).frame(), table)
    if table.many:
        following = following[following["unique_id"].isin(table.ids[:SHOWN_SERIES])]
    following = _in_local_time(following, table)
    with readable_fonts(title + table.target + "".join(series.id for series in shown) + test.verdict):
        drawn = [_each_row_once(predictions[predictions["unique_id"] == s.id], horizon) for s in shown]
        close_up = len(shown) == 1 and len(drawn[0]) > CLOSE_UP
        rows = 2 if close_up else len(shown)
        figure = Figure(figsize=(11, 1.3 + 3.3 * rows), layout="constrained")
        _headline(figure, title, test)
        if len(table.ids) > len(shown):
            figure.supxlabel(f"the first {len(shown)} of {len(table.ids)} series; the scores are of all", fontsize=9)
        axes = list(figure.subplots(rows, 1, squeeze=False)[:, 0])
        name = _short(test.display_names[test.best_naive])
        for place, (series, own) in enumerate(zip(shown, drawn, strict=True)):
            real = pd.Series(
                np.where(series.observed[:, 0], series.values[:, 0], np.nan), local(series.dates, table.form)
            )
            next_values = following[following["unique_id"] == series.id] if table.many else following
            split = real.index[-test_rows]
            _panel(axes[place], real, own, next_values, test.best_naive, name, split)
            _name(axes[place], f"{series.id}: {table.target}" if series.id else table.target)
            if close_up:
                axes[1].set_title(f"the last {CLOSE_UP} forecasts", loc="left", fontsize=10)
                _panel(axes[1], real, own.tail(CLOSE_UP), next_values, test.best_naive, name, None, marker=".")
                _name(axes[1], table.target)
        _legend(axes[0], _levels(predictions))
        save_png(figure, path)


def residuals_plot(table: Table, test: Evaluation, path: Path, *, title: str) -> None:
    """Plot the residuals on the test part over time and as histograms, beside those of the best naive forecast.

    Of very many, MOST_ERRORS are drawn.

    Args:
        table: the series with all rows.
        test: evaluation on the test part.
        path: the PNG file to write.
        title: title of the figure.
    """
    arrays, origins = test.arrays, len(test.arrays.rows)
    drawn = np.sort(np.random.default_rng(0).permutation(origins)[: max(MOST_ERRORS // arrays.horizon, 1)])
    predictions = arrays.part(drawn).frame()
    scored = _in_local_time(predictions[predictions["y"].notna()], table)
    errors = {name: scored[name] - scored["y"] for name in (MODEL_NAME, test.best_naive)}
    with readable_fonts(title + table.target + test.verdict):
        figure = Figure(figsize=(11, 4.2), layout="constrained")
        _headline(figure, title, test)
        if len(drawn) < origins:
            figure.supxlabel(f"{len(drawn):,} of {origins:,} origins; the scores are of all", fontsize=9)
        over_time, distribution = figure.subplots(1, 2, width_ratios=[2, 1], sharey=True)
        over_time.axhline(0.0, color=MUTED, linewidth=0.8)
        for name, color, size in ((test.best_naive, NAIVE, 14), (MODEL_NAME, PREDICTED, 7)):
            label = _short(test.display_names[name])
            over_time.scatter(scored["ds"], errors[name], s=size, color=color, alpha=0.6, label=label, linewidths=0)
        _name(over_time, f"forecast − {table.target}")
        _legend(over_time)
        _dates(over_time, scored["ds"])
        edges = np.histogram_bin_edges(np.concatenate(list(errors.values())), bins=_bins(len(scored))).tolist()
        for name, color in ((test.best_naive, NAIVE), (MODEL_NAME, PREDICTED)):
            distribution.hist(errors[name], bins=edges, orientation="horizontal", histtype="step", color=color)
        distribution.set_xlabel("forecasts")
        distribution.grid(alpha=0.25)
        distribution.spines[["top", "right"]].set_visible(False)
        save_png(figure, path)


def _headline(figure: Figure, title: str, test: Evaluation) -> None:
    """Set the title of the figure, with the verdict and the RMSE of the model and the best naive forecast."""
    rmse = test.scores["rmse"]
    story = f"{test.verdict[:1].upper()}{test.verdict[1:]}."
    numbers = f"RMSE {plain(rmse[MODEL_NAME], 4)}, best naive forecast {plain(rmse[test.best_naive], 4)}."
    both = f"{story} {numbers}" if len(story) + len(numbers) < 120 else f"{textwrap.fill(story, 120)}\n{numbers}"
    text = f"{textwrap.fill(printable(title), 120)}\n{both}"
    figure.suptitle(text, fontsize=11, parse_math=False)


def _panel(
    axes: Axes,
    real: "pd.Series[float]",
    own: pd.DataFrame,
    following: pd.DataFrame,
    naive: str,
    naive_name: str,
    split: pd.Timestamp | int | None,
    *,
    marker: str = "",
) -> None:
    """Plot one series: real values, forecasts with intervals, the best naive forecast, and the next values."""
    own = _apart(own)
    days = own["ds"]
    first = int(real.index.searchsorted(days.iloc[0] if split is None else split))
    before = 0 if split is None else round(BEFORE * (len(real) - first))
    shown = real.iloc[max(first - before, 0) :]
    axes.plot(shown.index, shown, color=REAL, linewidth=1.4, label="actual", marker=marker)
    axes.plot(days, own[MODEL_NAME], color=PREDICTED, linewidth=1.3, label="the network", marker=marker)
    for values, color in ((shown, REAL), (own.set_index("ds")[MODEL_NAME], PREDICTED)):
        alone = values[values.notna() & values.shift().isna() & values.shift(-1).isna()]
        if len(alone):  # a line shows no value between two gaps
            axes.plot(alone.index, alone, color=color, marker=".", linestyle="")
    # dashed and on top, so that both are visible where they coincide
    axes.plot(days, own[naive], color=NAIVE, linewidth=1.0, dashes=(4, 4), label=naive_name, zorder=2.5)
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
        place = float(date2num(split) if isinstance(split, pd.Timestamp) else split)  # type: ignore[no-untyped-call]
        axes.axvline(place, color=MUTED, linewidth=0.9, linestyle=":")
        axes.text(place, 0.02, " test part →", transform=axes.get_xaxis_transform(), fontsize=8, color=MUTED)
    _dates(axes, days)


def _in_local_time(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return forecasts with dates in local time, or numbers of rows."""
    return frame.assign(ds=local(pd.DatetimeIndex(frame["ds"]), table.form))


def _dates(axes: Axes, days: "pd.Series[Any]") -> None:
    """Label the axis of dates, or of numbers of rows."""
    if pd.api.types.is_datetime64_any_dtype(days):
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _name(axes: Axes, name: str) -> None:
    axes.set_ylabel(_short(name), parse_math=False)


def _legend(axes: Axes, levels: Sequence[str] = ()) -> None:
    """Draw the legend above the axes; each interval has its color on top of the wider intervals."""
    handles, _ = axes.get_legend_handles_labels()
    for number, level in enumerate(levels, start=1):
        tint = 1.0 - (1.0 - TINT) ** number
        handles.append(Patch(facecolor=PREDICTED, alpha=tint, label=f"{level} % interval"))
    above = {"bbox_to_anchor": (0.0, 1.0), "ncols": len(handles), "columnspacing": 1.4, "frameon": False}
    for text in axes.legend(handles=handles, loc="lower left", fontsize=9, **above).get_texts():
        text.set_parse_math(False)


def _levels(predictions: pd.DataFrame) -> list[str]:
    """Return the levels of the intervals in percent, in descending order."""
    names = [name.rsplit("-", 1)[1] for name in predictions.columns if name.startswith(f"{MODEL_NAME}-lo-")]
    return sorted(names, key=float, reverse=True)


def _short(name: str) -> str:
    """Shorten a name to LONGEST_NAME characters, and escape its control characters."""
    name = printable(name)
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _bins(errors: int) -> int:
    """Return the number of bins, odd so that errors near 0 share a bin."""
    return min(41, 2 * math.isqrt(errors // 4) + 5)


def _each_row_once(own: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Select forecasts so that each row has one: horizons that follow one another, the last ending with the series.

    The rows before the first of these horizons come from the first forecast.
    """
    number = own["cutoff"].rank(method="dense").astype(int)
    left = (number.max() - 1) % horizon
    whole = (number.max() - number) % horizon == 0
    return own[whole | ((number == 1) & (own["step"] <= left))]


def _apart(own: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts with a row without values after those of each origin, so that no line joins several origins."""
    if own["step"].max() == 1:
        return own
    gaps = own[~own["cutoff"].duplicated(keep="last")].copy()
    gaps[gaps.select_dtypes("float").columns] = np.nan
    return pd.concat([own, gaps]).sort_index(kind="stable")[:-1]
