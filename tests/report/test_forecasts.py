"""Plots of forecasts: what each line, band and word of them stands for."""

import re
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from recurra.report import forecasts
from recurra.report.forecasts import forecast_plot, residuals_plot
from recurra.tables.series import Series
from recurra.tables.table_builder import make_table

from .drawings import (
    RISE,
    Draw,
    LastAndRise,
    bands,
    corners,
    curve,
    draw_to,
    evaluated,
    forecast_curve,
    legend,
    line,
    many_series,
    next_of,
    one_series,
    splits,
    walk,
    weekly,
    words,
)


def test_the_real_line_is_the_true_values_and_has_gaps_where_there_were_none(drawn: Draw) -> None:
    y = walk(60)
    y[[30, 45, 46, 52]] = np.nan
    shown = curve(drawn(one_series(y, missing="interpolate"), test=20, horizon=2).axes[0], "actual")
    assert len(shown) == 30  # the test part, and half as much before it
    assert shown.index[-1] == pd.Timestamp("2020-01-01") + pd.Timedelta(days=59)
    np.testing.assert_array_equal(shown, y[-30:])
    assert shown.isna().sum() == 4


def test_where_there_is_little_before_the_test_part_the_real_line_begins_with_the_series(drawn: Draw) -> None:
    y = walk(24)
    np.testing.assert_array_equal(curve(drawn(one_series(y), test=20).axes[0], "actual"), y)


def test_the_forecast_line_is_the_predictions_over_their_dates(drawn: Draw) -> None:
    y = walk(60)
    table = one_series(y)
    shown = curve(drawn(table, test=20).axes[0], "the network")
    assert shown.index.equals(table.series[0].dates[-20:])
    np.testing.assert_allclose(shown, y[39:59] + RISE)  # each from the value of the day before
    predictions = evaluated(table).predictions
    np.testing.assert_array_equal(shown, predictions["recurra"])


@pytest.mark.parametrize(("horizon", "test"), [(2, 6), (3, 10), (4, 11), (5, 5), (7, 13)])
def test_of_overlapping_horizons_each_row_is_drawn_once_and_the_last_one_ends_with_the_series(
    drawn: Draw, horizon: int, test: int
) -> None:
    y = walk(60)
    table = one_series(y)
    shown = forecast_curve(drawn(table, horizon=horizon, test=test).axes[0])
    assert shown.index.equals(table.series[0].dates[-len(shown) :])
    assert test - horizon < len(shown) <= test
    whole = len(shown) // horizon * horizon
    expected = [y[60 - whole + place - place % horizon - 1] + RISE * (place % horizon + 1) for place in range(whole)]
    np.testing.assert_allclose(shown[-whole:], expected)


def test_the_split_stands_at_the_first_day_of_the_test_part(drawn: Draw) -> None:
    table = one_series(walk(90))
    whole, close_up = drawn(table, test=50).axes
    assert splits(whole) == [float(date2num(table.series[0].dates[-50]))]
    assert [text.get_text().strip() for text in whole.texts] == ["test part →"]
    assert splits(close_up) == []
    assert not close_up.texts


def test_a_one_step_forecast_of_one_series_is_shown_once_more_at_large(drawn: Draw) -> None:
    y = walk(90)
    _, close_up = drawn(one_series(y), test=50, levels=[80]).axes
    np.testing.assert_allclose(curve(close_up, "the network"), y[-41:-1] + RISE)
    np.testing.assert_array_equal(curve(close_up, "actual"), y[-40:])
    assert close_up.get_ylabel() == "sales"
    assert len(drawn(one_series(y), test=12, horizon=3).axes) == 1
    assert len(drawn(many_series("a", "b")).axes) == 2  # a panel each


def test_the_baseline_is_the_best_naive_forecast_in_words(drawn: Draw) -> None:
    y = walk(60)
    last = curve(drawn(one_series(y), test=20).axes[0], "yesterday's sales")
    np.testing.assert_array_equal(last, y[39:59])
    week = weekly(60)
    figure = drawn(one_series(week), test=20)
    season = curve(figure.axes[0], "the value one season earlier")
    np.testing.assert_array_equal(season, week[33:53])
    assert "yesterday's sales" not in legend(figure.axes[0])


def test_another_columns_last_value_is_the_baseline_where_it_is_the_best(drawn: Draw) -> None:
    close = walk(60)
    opened = np.concatenate([[100.0], close[:-1]])
    frame = pd.DataFrame({"date": pd.bdate_range("2020-01-01", periods=60), "open": opened, "close": close})
    figure = drawn(make_table(frame, target="open", past_covariates=["close"]), baseline_columns=("close",))
    np.testing.assert_array_equal(curve(figure.axes[0], "yesterday's close"), close[39:59])
    assert "is worse than yesterday's close" in words(figure)


def test_an_intervals_band_has_the_ends_of_the_predictions(drawn: Draw) -> None:
    table = one_series(walk(60))
    figure = drawn(table, test=12, horizon=3, levels=[80, 97.5])
    (axes,) = figure.axes
    own = evaluated(table, LastAndRise(3), test=12, levels=[80, 97.5]).predictions
    own = own[own["cutoff"].isin(table.series[0].dates[[47, 50, 53, 56]])]  # 4 whole horizons
    assert len(own) == 12
    for level in ("80", "97.5"):
        for end in ("lo", "hi"):
            assert corners(own["ds"], own[f"recurra-{end}-{level}"]) <= bands(axes)
        assert f"{level} % interval" in legend(axes)


def test_without_intervals_there_is_no_band(drawn: Draw) -> None:
    (axes,) = drawn(one_series(walk(60)), test=12, horizon=3).axes
    assert bands(axes) == set()
    assert not any("interval" in label for label in legend(axes))


def test_the_next_values_stand_at_their_own_dates_with_their_interval(drawn: Draw) -> None:
    table = one_series(walk(48), freq="MS")
    (axes,) = drawn(table, test=12, horizon=3, levels=[80]).axes
    shown, expected = curve(axes, "next"), next_of(table, 3, [80])
    assert list(shown.index) == [pd.Timestamp(day) for day in ("2024-01-01", "2024-02-01", "2024-03-01")]
    np.testing.assert_array_equal(shown, expected["forecast"])
    assert line(axes, "next").get_marker() == "o"
    for end in ("lo-80", "hi-80"):
        assert corners(expected["ds"], expected[end]) <= bands(axes)


def test_one_next_value_has_a_bar_for_its_interval_as_a_band_of_one_day_could_not_be_seen(drawn: Draw) -> None:
    table = one_series(walk(60))
    expected = next_of(table, 1, [80]).iloc[0]
    for axes in drawn(table, levels=[80]).axes:
        (bar,) = (path for c in axes.collections if isinstance(c, LineCollection) for path in c.get_paths())
        day = float(date2num(expected["ds"]))
        np.testing.assert_allclose(bar.vertices, [[day, expected["lo-80"]], [day, expected["hi-80"]]])


@pytest.mark.parametrize("which", ["forecast", "residuals"])
def test_the_verdict_and_both_scores_stand_over_the_plot_with_the_title(
    drawn: Draw, residuals: Draw, which: str
) -> None:
    table = one_series(walk(60))
    evaluation = evaluated(table)
    figure = drawn(table, title="shop: 20 rows") if which == "forecast" else residuals(table, evaluation, title="shop:")
    said = words(figure)
    assert said.startswith("shop:")
    assert evaluation.verdict[1:] in said
    assert "The network is no better than yesterday's sales (p = " in said
    scores = re.search(r"RMSE ([\d.]+), best naive forecast ([\d.]+)\.", said)
    assert scores is not None
    errors = np.diff(table.series[0].values[-21:, 0])
    expected = [float(np.sqrt(np.mean((RISE - errors) ** 2))), float(np.sqrt(np.mean(errors**2)))]
    assert [float(score) for score in scores.groups()] == pytest.approx(expected, rel=1e-3)


def test_of_many_series_four_are_drawn_each_with_its_own_values(drawn: Draw) -> None:
    table = many_series("north", "south", "east", "west", "airport", "harbour")
    axes = drawn(table, test=12, horizon=3, levels=[80]).axes
    assert [a.get_ylabel() for a in axes] == ["north: y", "south: y", "east: y", "west: y"]
    for place, panel in enumerate(axes):
        series: Series = table.series[place]
        np.testing.assert_array_equal(curve(panel, "actual"), series.values[-18:, 0])
        np.testing.assert_allclose(forecast_curve(panel).iloc[-3:], series.values[-4, 0] + RISE * np.arange(1, 4))
        shown = curve(panel, "next")
        assert shown.index[0] == series.dates[-1] + pd.Timedelta(days=1)
        np.testing.assert_allclose(shown, series.values[-1, 0] + RISE * np.arange(1, 4))
        assert splits(panel) == [float(date2num(series.dates[-12]))]


def test_the_first_panels_legend_names_everything_once(drawn: Draw) -> None:
    first, *others = drawn(many_series("a", "b", "c"), levels=[80, 95]).axes
    expected = {"actual", "yesterday's y", "the network", "80 % interval", "95 % interval", "next"}
    assert sorted(legend(first)) == sorted(expected)
    assert all(axes.get_legend() is None for axes in others)


def test_every_row_of_the_test_part_has_one_forecast(drawn: Draw) -> None:
    y = walk(60)
    shown = forecast_curve(drawn(one_series(y), horizon=4, test=11).axes[0])
    assert len(shown) == 11
    np.testing.assert_allclose(shown[:3], y[48] + RISE * np.arange(1, 4))  # the first forecast, before two whole ones


def test_no_line_joins_the_forecasts_of_two_origins(drawn: Draw) -> None:
    (axes,) = drawn(one_series(walk(60)), horizon=3, test=10).axes
    for label in ("the network", "the last sales"):
        broken = np.isnan(curve(axes, label))
        assert np.flatnonzero(broken).tolist() == [1, 5, 9]  # one row of the first origin, then three of each
    (alone,) = (found for found in axes.lines if found.get_marker() == "." and found.get_linestyle() == "None")
    assert list(np.asarray(alone.get_ydata())) == [forecast_curve(axes).iloc[0]]
    assert not np.isnan(curve(drawn(one_series(walk(60)), test=10).axes[0], "the network")).any()


def test_the_split_stands_where_the_test_part_begins_also_if_forecasts_begin_later(tmp_path: Path, drawn: Draw) -> None:
    table = one_series(walk(60))
    figures: list[Figure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecasts, "save_png", lambda figure, path: figures.append(figure))
        evaluation = evaluated(table, LastAndRise(2), test=12)
        forecast_plot(table, evaluation, next_of(table, 2), tmp_path / "a.png", title="shop", test_rows=20)
    assert splits(figures[0].axes[0]) == [float(date2num(table.series[0].dates[-20]))]
    assert len(forecast_curve(figures[0].axes[0])) == 12


def test_a_value_between_two_gaps_is_a_point(drawn: Draw) -> None:
    y = walk(60)
    y[[50, 52]] = np.nan
    (axes,) = drawn(one_series(y, missing="ffill"), horizon=2, test=12).axes
    (alone,) = (found for found in axes.lines if found.get_marker() == "." and found.get_linestyle() == "None")
    assert list(np.asarray(alone.get_ydata())) == [y[51]]


def test_the_baseline_lies_over_the_network_so_that_both_are_seen_where_they_are_the_same(drawn: Draw) -> None:
    for axes in drawn(one_series(walk(90)), test=50).axes:
        assert line(axes, "yesterday's sales").get_zorder() > line(axes, "the network").get_zorder()


def test_intervals_have_tints_of_their_own_in_the_legend(drawn: Draw) -> None:
    found = drawn(one_series(walk(60)), levels=[80, 95]).axes[0].get_legend()
    assert found is not None
    tints = {patch.get_label(): patch.get_alpha() for patch in found.get_patches()}
    assert tints == {"95 % interval": pytest.approx(0.15), "80 % interval": pytest.approx(1 - 0.85**2)}


def test_a_long_test_part_is_shown_once_more_at_large_whatever_the_horizon(drawn: Draw) -> None:
    assert len(drawn(one_series(walk(120)), horizon=7, test=60).axes) == 2
    assert len(drawn(one_series(walk(120)), horizon=1, test=40).axes) == 1


def test_series_that_are_not_drawn_are_told(drawn: Draw) -> None:
    figure = drawn(many_series("a", "b", "c", "d", "e", "f"), horizon=3, test=12)
    assert figure.get_supxlabel() == "the first 4 of 6 series; the scores are of all"
    assert drawn(many_series("a", "b"), horizon=3, test=12).get_supxlabel() == ""


def test_the_legend_and_a_long_name_stay_inside_the_picture(drawn: Draw) -> None:
    figure = drawn(one_series(walk(60), "a name that goes on and on " * 5), horizon=3, test=12, levels=[80, 95])
    figure.draw_without_rendering()
    (axes,) = figure.axes
    found = axes.get_legend()
    assert found is not None
    for box in (found.get_window_extent(), axes.yaxis.label.get_window_extent()):
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width
        assert box.y0 >= 0
        assert box.y1 <= figure.bbox.height


def test_a_name_in_the_legend_is_no_formula(drawn: Draw, residuals: Draw) -> None:
    table = one_series(walk(60), "cost in $ \\frac{a $")
    for figure in (drawn(table, horizon=2, test=12), residuals(table, evaluated(table))):
        figure.draw_without_rendering()
        assert any("cost in $ \\frac{a $" in label for label in legend(figure.axes[0]))


def test_large_values_are_written_out(drawn: Draw) -> None:
    figure = drawn(one_series(1e6 * walk(60)), horizon=2, test=12)
    figure.draw_without_rendering()
    ticks = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert all(re.fullmatch(r"\d{2,3},\d{3},000", tick) for tick in ticks)
    assert figure.axes[0].yaxis.get_offset_text().get_text() == ""
    assert re.search(r"RMSE [\d,]+, best naive forecast [\d,]+\.$", words(figure))


@pytest.mark.parametrize(
    ("freq", "rows", "expected"),
    [("MS", 48, {"2023", "2024"}), ("h", 96, {"12:00", "Jan-05"}), ("B", 60, {"Mar", "13"})],
)
def test_the_axis_shows_dates(drawn: Draw, freq: str, rows: int, expected: set[str]) -> None:
    figure = drawn(one_series(walk(rows), freq=freq), test=12, horizon=3)
    figure.draw_without_rendering()
    ticks = {label.get_text() for label in figure.axes[0].get_xticklabels()}
    assert expected <= ticks


@pytest.mark.parametrize("name", ["price_$ per_{kg}^2 in $", "100 % of $ \\frac{a in $"])
def test_a_columns_name_and_a_title_are_shown_as_they_are(drawn: Draw, residuals: Draw, name: str) -> None:
    table = one_series(weekly(60), name)
    figure = drawn(table, test=12, horizon=2, title=f"shop: {name}")
    figure.draw_without_rendering()
    assert figure.axes[0].get_ylabel() == name
    assert words(figure).startswith(f"shop: {name} The network")
    figure = residuals(table, evaluated(table))
    figure.draw_without_rendering()
    assert name in figure.axes[0].get_ylabel()


@pytest.mark.parametrize(
    "y",
    [np.full(60, 7.0), -1e9 * walk(60), 1e-9 * walk(60)],
    ids=["constant", "negative and huge", "tiny"],
)
def test_every_kind_of_series_can_be_drawn(drawn: Draw, residuals: Draw, y: Any) -> None:
    table = one_series(y)
    drawn(table, horizon=2, levels=[80]).draw_without_rendering()  # a warning would be an error
    residuals(table, evaluated(table)).draw_without_rendering()


def test_pictures_are_written_whole_and_the_same_forecasts_give_the_same_bytes(tmp_path: Path) -> None:
    table = one_series(walk(60))
    for name in ("a.png", "b.png"):
        draw_to(tmp_path / name, table, horizon=3, test=12)
    residuals_plot(table, evaluated(table), tmp_path / "residuals.png", title="shop")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.png", "b.png", "residuals.png"]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    for path in tmp_path.iterdir():
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        height, width, _ = matplotlib.image.imread(path).shape
        assert width == 1320
        assert 400 < height < 1000
