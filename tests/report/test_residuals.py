"""Plots of residuals: what each point and bar of them stands for."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.dates import date2num

from .drawings import RISE, Draw, LastAndRise, evaluated, legend, many_series, one_series, walk


def points(axes: Axes) -> dict[str, Any]:
    """Day numbers and errors of each forecaster's points."""
    return {str(c.get_label()): np.asarray(c.get_offsets()) for c in axes.collections if isinstance(c, PathCollection)}


def test_residuals_are_forecast_minus_real_of_the_network_and_the_best_naive_forecast(residuals: Draw) -> None:
    y = walk(60)
    table = one_series(y)
    over_time, distribution = residuals(table, evaluated(table)).axes
    found = points(over_time)
    assert set(found) == {"the network", "yesterday's sales"}
    days, changes = date2num(table.series[0].dates[-20:].to_numpy()), np.diff(y[-21:])
    np.testing.assert_allclose(found["the network"], np.stack([days, RISE - changes], axis=1))
    np.testing.assert_allclose(found["yesterday's sales"], np.stack([days, -changes], axis=1))
    assert sorted(legend(over_time)) == sorted(found)
    assert over_time.get_ylabel() == "forecast − sales"
    assert over_time.get_shared_y_axes().joined(over_time, distribution)


def test_a_row_without_a_true_value_has_no_residual(residuals: Draw) -> None:
    y = walk(60)
    y[[45, 50, 51]] = np.nan
    table = one_series(y, missing="ffill")
    over_time, _ = residuals(table, evaluated(table)).axes
    days = date2num(table.series[0].dates[[45, 50, 51]].to_numpy())
    for shown in points(over_time).values():
        assert len(shown) == 17
        assert not set(days) & set(shown[:, 0])


def test_the_distribution_counts_every_residual(residuals: Draw) -> None:
    table = many_series("a", "b")
    evaluation = evaluated(table, LastAndRise(3), test=12)
    over_time, distribution = residuals(table, evaluation).axes
    assert all(len(shown) == 2 * 10 * 3 for shown in points(over_time).values())
    outlines = [patch.get_path().vertices for patch in distribution.patches]
    assert len(outlines) == 2
    for outline in outlines:
        counts = np.asarray(outline)[:, 0][::2]  # each bin has two corners of the same height
        assert counts.sum() == 60


def test_residuals_of_nothing_but_zeros_are_drawn_about_zero(residuals: Draw) -> None:
    table = one_series(np.full(60, 7.0))
    evaluation = evaluated(table)
    over_time, _ = residuals(table, evaluation).axes
    low, high = over_time.get_ylim()
    assert low < 0.0 < high


def test_of_very_many_errors_some_of_all_times_are_drawn(residuals: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.report.forecasts.MOST_ERRORS", 60)
    table = many_series(*map(str, range(9)))
    test = evaluated(table, LastAndRise(3), test=12)
    figure = residuals(table, test)
    assert figure.get_supxlabel() == "20 of 90 origins; the scores are of all"
    found = points(figure.axes[0])["the network"]
    assert len(found) == 60
    every = test.plain
    errors = set((every["recurra"] - every["y"]).round(9))
    assert set(found[:, 1].round(9)) <= errors
    ends = {date2num(series.dates[-1].to_numpy()) for series in table.series}
    assert ends & set(found[:, 0])  # the last origins are drawn too
