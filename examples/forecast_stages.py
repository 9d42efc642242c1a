"""Draw what `recurra forecast` does with one series, stage by stage: the pictures of docs/forecast.md.

    python examples/forecast_stages.py [FOLDER]

The table is made: ten years of monthly sales of 40 shops, the same in every run. The pictures show one of them; what
they draw comes from the objects of a run: its plan, its transform, its windows and its predictor. FOLDER, where the
pictures go, is docs by default.
"""

import sys
import tempfile
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from recurra.cases.catalog import find_case
from recurra.forecasting.predictor import Predictor
from recurra.forecasting.samples import WindowSamples
from recurra.forecasting.transforms.seasonality import Deseasonalize
from recurra.forecasting.transforms.steps import Logarithm
from recurra.forecasting.transforms.window import SMOOTHINGS, WindowScaling, smoothing_weights
from recurra.nn.heads import HEADS
from recurra.report.plots import MUTED, TRAINING, VALIDATION, save_png
from recurra.runs.series import SeriesCase
from recurra.tables.origins import Origins
from recurra.tables.table import Table

Floats = NDArray[np.float64]

DOCS = Path(__file__).parents[1] / "docs"
SHOPS, MONTHS, HORIZON = 40, 120, 12
SHOWN, EVEN = "shop 07", "shop 40"  # the series of the pictures; one that sells the same all year round
BLUE, RED, GREY = TRAINING, VALIDATION, MUTED
WIDE, NARROW = 0.18, 0.36  # opacity of bands


def sales() -> pd.DataFrame:
    """Return the sales of the shops: growth that changes slowly, a season of each shop's own, and chance."""
    random, dates = np.random.default_rng(7), pd.date_range("2015-01-01", periods=MONTHS, freq="MS")
    turns = 2 * np.pi * np.arange(MONTHS)[:, None] * np.array([1, 2]) / 12
    parts = []
    for number in range(1, SHOPS + 1):
        growth = np.zeros(MONTHS)
        for month in range(1, MONTHS):
            growth[month] = 0.9 * growth[month - 1] + random.normal(0.0009, 0.004)
        season = np.sin(turns + random.uniform(0, 2 * np.pi, 2)) @ np.array([0.3, 0.12])
        logs = random.uniform(4.0, 6.5) + growth.cumsum() + season * (f"shop {number:02d}" != EVEN)
        values = np.exp(logs + random.normal(0, 0.05, MONTHS)).round(1)
        parts.append(pd.DataFrame({"unique_id": f"shop {number:02d}", "ds": dates, "y": values}))
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True, eq=False)
class Stages:
    """A run of the case `forecast`, scored but not yet trained again, and what it makes of the series that is shown.

    Attributes:
        case: the run.
        predictor: what its first training led to.
    """

    case: SeriesCase
    predictor: Predictor

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Stages":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sales.csv"
            frame.to_csv(path, index=False)
            case = SeriesCase(find_case("forecast").settings({"data": str(path), "horizon": HORIZON}))
        case.check()
        assert case.prepared is not None
        return cls(case, case.model.fit(case.prepared).predictor_)

    @cached_property
    def own(self) -> Table:
        """The table of the series that is shown."""
        return self.case.table.only({SHOWN})

    @property
    def dates(self) -> pd.DatetimeIndex:
        return self.own.dates

    @property
    def values(self) -> Floats:
        return self.own.values[:, 0]

    @property
    def validation(self) -> int:
        """The row at which the validation part begins."""
        prepared = self.case.prepared
        assert prepared is not None
        assert prepared.validation is not None
        return int(prepared.validation[self.case.table.places[SHOWN]][0])

    @property
    def test(self) -> int:
        """The row at which the test part begins."""
        return MONTHS - self.case.test

    @cached_property
    def logs(self) -> Floats:
        """The series on the additive scale."""
        (step,) = (step for step in self.predictor.transform.steps if isinstance(step, Logarithm))
        return step.additive(self.values, self.predictor.transform.places(self.own).repeat(MONTHS))

    @cached_property
    def deseasonalized(self) -> Floats:
        return self.predictor.transform.transform(self.own).values[:, 0]

    def indices(self, id_: str) -> Floats:
        """Return the seasonal indices of a series, January first."""
        (step,) = (step for step in self.predictor.transform.steps if isinstance(step, Deseasonalize))
        phases = self.own.frequency.phases(self.dates[:12], step.season)
        return step.indices[self.predictor.transform.place_of[id_], phases]

    @cached_property
    def scaling(self) -> WindowScaling:
        return self.predictor.transform.window

    def error(self, smoothing: float) -> float:
        """Return the mean absolute error of levels with this smoothing, in training, on the additive scale."""
        assert self.case.prepared is not None
        windows = self.case.prepared.parts[0].windows
        other = replace(self.scaling, per_window=replace(self.scaling.per_window, smoothing=smoothing))
        return float(other.targets(windows, torch.arange(len(windows))).abs().nanmean()) * other.target_gain

    @cached_property
    def origin(self) -> Origins:
        """The origin of the last horizon of the test part."""
        return Origins.of_each([np.array([MONTHS - HORIZON])])

    @cached_property
    def answers(self) -> dict[str, Any]:
        """The level at the origin, and the quantiles that the network adds to it, without season, by probability."""
        transform = self.predictor.transform
        windows = transform.windows(transform.transform(self.own), self.own, self.origin, torch.device("cpu"))
        index = torch.tensor([0])
        with torch.inference_mode():
            output = self.predictor.network(**WindowSamples(windows, self.scaling, transform.plan).inputs(index))
        found = HEADS[self.case.settings.loss].forecast(output).quantiles
        level = self.scaling.inverse(torch.zeros(1, HORIZON), windows, index)[0]
        return {"level": level} | {f"{p:g}": self.scaling.inverse(q, windows, index)[0] for p, q in found.items()}


def panels(left: str, right: str) -> tuple[Figure, Axes, Axes]:
    """Return a figure of two panels with these titles."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    first, second = figure.subplots(1, 2)
    for axes, title in ((first, left), (second, right)):
        axes.set_title(title, loc="left", fontsize=11, pad=10)
        axes.tick_params(labelsize=9)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    return figure, first, second


def over_time(axes: Axes) -> None:
    """Write few and short dates below the panel."""
    locator = AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))


def band(axes: Axes, dates: Any, ends: Any, opacity: float, label: str = "") -> None:
    axes.fill_between(dates, *ends, color=BLUE, alpha=opacity, linewidth=0, label=label)


def parts(stages: Stages, path: Path) -> None:
    """Draw the parts of the series, and its logarithms."""
    figure, left, right = panels(f"1  The parts of {SHOWN}", "2  Its logarithms")
    edges = [0, stages.validation, stages.test, MONTHS - 1]
    for axes, values in ((left, stages.values), (right, stages.logs)):
        axes.plot(stages.dates, values, color=GREY, linewidth=1.2)
        for start, stop, color in ((edges[1], edges[2], BLUE), (edges[2], edges[3], RED)):
            axes.axvspan(stages.dates[start], stages.dates[stop], color=color, alpha=0.12, linewidth=0)
        for (start, stop), name in zip(pairwise(edges), ("training", "validation", "test"), strict=True):
            middle = stages.dates[start] + (stages.dates[stop] - stages.dates[start]) / 2
            height = axes.get_xaxis_transform()  # from 0 to 1
            axes.text(middle, 0.99, name, transform=height, ha="center", va="bottom", fontsize=8)
        over_time(axes)
    left.set_ylabel("sales")
    right.set_ylabel("logarithm of the sales")
    save_png(figure, path)


def season(stages: Stages, path: Path) -> None:
    """Draw the series with and without its season, and the seasonal indices."""
    figure, left, right = panels("3  Without its season", "Seasonal indices")
    left.plot(stages.dates, stages.logs, color=GREY, linewidth=1.0, label="logarithms")
    left.plot(stages.dates, stages.deseasonalized, color=BLUE, linewidth=1.6, label="minus the index of each month")
    left.set_ylabel("logarithm of the sales")
    left.legend(frameon=False, fontsize=9)
    over_time(left)
    months = np.arange(12)
    for offset, id_, color, hatch in ((-0.2, SHOWN, BLUE, ""), (0.2, EVEN, RED, "///")):
        label = id_ if id_ == SHOWN else f"{id_}, made without a season"
        bars = right.bar(months + offset, np.expm1(stages.indices(id_)), width=0.4, color=color, label=label)
        for bar in bars:
            bar.set_hatch(hatch)
    right.set_xticks(months, list("JFMAMJJASOND"))
    right.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    right.set_ylabel("against the moving average")
    right.margins(y=0.2)
    right.legend(frameon=False, fontsize=9)
    save_png(figure, path)


def level(stages: Stages, path: Path) -> None:
    """Draw how the smoothing is chosen, and what the network adds to the level of one window."""
    figure, left, right = panels("4  The smoothing of the level", "5  The level, and the network's correction")
    errors = [stages.error(smoothing) for smoothing in SMOOTHINGS]
    chosen = stages.scaling.per_window.smoothing
    left.plot(SMOOTHINGS, errors, color=GREY, marker="o", markersize=4)
    ring = errors[SMOOTHINGS.index(chosen)]
    left.plot([chosen], [ring], color=RED, marker="o", markersize=11, fillstyle="none", markeredgewidth=2)
    left.annotate(f"chosen: {chosen:g}", (chosen, ring), (0, 16), textcoords="offset points", ha="center", color=RED)
    left.set_xlabel("smoothing: the weight of the last value")
    left.set_ylabel("mean absolute error in training")
    before = np.arange(MONTHS - HORIZON - stages.predictor.plan.window, MONTHS - HORIZON)
    ahead = np.arange(MONTHS - HORIZON, MONTHS)
    dates, known, answers = stages.dates, stages.deseasonalized, stages.answers
    weights = smoothing_weights(chosen, len(before))
    right.scatter(dates[before], known[before], s=12 + 90 * weights, color=GREY, label="window, larger: more weight")
    right.plot(dates[ahead], answers["level"], color=RED, linestyle="--", label="level")
    right.plot(dates[ahead], answers["0.5"], color=BLUE, linewidth=1.8, label="with the correction")
    band(right, dates[ahead], (answers["0.025"], answers["0.975"]), WIDE, "95 % and 80 %")
    band(right, dates[ahead], (answers["0.1"], answers["0.9"]), WIDE)
    right.plot(dates[ahead], known[ahead], "x", color="black", markersize=5, label="what came")
    right.set_ylabel("logarithm, without season")
    right.legend(frameon=False, fontsize=8, loc="upper left")
    right.margins(y=0.3)
    over_time(right)
    save_png(figure, path)


def forecasts(stages: Stages, path: Path) -> None:
    """Draw the forecast in units of the table, before and after calibration, and the one that is handed over."""
    figure, left, right = panels("6  The test part: calibrated, in units again", "7  Trained again on all rows")
    own, predictor, ahead = stages.own, stages.predictor, np.arange(MONTHS - HORIZON, MONTHS)
    found = predictor.forecast(own, stages.origin, [80.0])
    as_predicted = replace(predictor, calibration=None).forecast(own, stages.origin, [80.0])
    level_alone = replace(predictor, weight=0.0).forecast(own, stages.origin).values[0]
    dates = stages.dates[ahead]
    left.plot(dates, stages.values[ahead], "x", color="black", markersize=5, label="what came")
    left.plot(dates, level_alone, color=RED, linestyle="--", label="level and season")
    left.plot(dates, found.values[0], color=BLUE, linewidth=1.8, label="forecast")
    band(left, dates, [ends[0] for ends in found.intervals[80.0]], WIDE, "80 %, calibrated")
    for ends, label in zip(as_predicted.intervals[80.0], ("80 %, as the network says", None), strict=True):
        left.plot(dates, ends[0], color=BLUE, linestyle=":", linewidth=1.2, label=label)
    following = copy(stages.case.model).refit(stages.case.table).predict(levels=[80, 95])
    following = following[following["unique_id"] == SHOWN]
    shown = slice(MONTHS - 48, MONTHS)
    right.plot(stages.dates[shown], stages.values[shown], color=GREY, linewidth=1.2, label="sales")
    right.plot(following["ds"], following["forecast"], color=BLUE, linewidth=1.8, label="forecast")
    for number, opacity in ((95, WIDE), (80, NARROW)):
        band(right, following["ds"], (following[f"lo-{number}"], following[f"hi-{number}"]), opacity, f"{number} %")
    for axes in (left, right):
        axes.set_ylabel("sales")
        axes.legend(frameon=False, fontsize=8, loc="upper left")
        axes.margins(y=0.3)
        over_time(axes)
    save_png(figure, path)


PICTURES = {"parts": parts, "season": season, "level": level, "intervals": forecasts}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    stages = Stages.of(sales())
    for name, draw in PICTURES.items():
        draw(stages, folder / f"forecast-{name}.png")


if __name__ == "__main__":
    main()
