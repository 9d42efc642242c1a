"""Plots of forecasts: what each line, band and word of them stands for."""

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recurra.data.table import Series, Table
from recurra.data.table_builder import make_table
from recurra.data.windows import Rows
from recurra.evaluation.backtest import Evaluation, Forecasts, evaluate
from recurra.report import forecasts, plots
from recurra.report.forecasts import forecast_plot, residuals_plot

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

    def forecast(self, table: Table, origins: Sequence[Rows], levels: Sequence[float] = ()) -> Forecasts:
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
    rows = [len(series.dates) for series in table.series]
    origins: list[Rows] = [np.arange(n - test, n - model.horizon + 1, dtype=np.int64) for n in rows]
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


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Draw:
    """Draw, and keep the figure to look at."""

    def draw(table: Table, **options: Any) -> Figure:
        figures: list[Figure] = []
        monkeypatch.setattr(forecasts, "save_png", lambda figure, path: figures.append(figure))
        draw_to(tmp_path / "forecast.png", table, **options)
        return figures[0]

    return draw


@pytest.fixture
def residuals(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Draw:
    def draw(table: Table, evaluation: Evaluation, *, title: str = "shop") -> Figure:
        figures: list[Figure] = []
        monkeypatch.setattr(forecasts, "save_png", lambda figure, path: figures.append(figure))
        residuals_plot(table, evaluation, tmp_path / "residuals.png", title=title)
        return figures[0]

    return draw


def line(axes: Axes, label: str) -> Line2D:
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return found


def curve(axes: Axes, label: str) -> "pd.Series[float]":
    """What a line shows: its values over their dates."""
    found = line(axes, label)
    return pd.Series(np.asarray(found.get_ydata(), dtype=float), pd.DatetimeIndex(np.asarray(found.get_xdata())))


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


def test_the_real_line_is_the_true_values_and_has_gaps_where_there_were_none(drawn: Draw) -> None:
    y = walk(60)
    y[[30, 45, 46, 52]] = np.nan
    shown = curve(drawn(one_series(y, missing="interpolate"), test=20, horizon=2).axes[0], "real")
    assert len(shown) == 30  # the test part, and half as much before it
    assert shown.index[-1] == pd.Timestamp("2020-01-01") + pd.Timedelta(days=59)
    np.testing.assert_array_equal(shown, y[-30:])
    assert shown.isna().sum() == 4


def test_where_there_is_little_before_the_test_part_the_real_line_begins_with_the_series(drawn: Draw) -> None:
    y = walk(24)
    np.testing.assert_array_equal(curve(drawn(one_series(y), test=20).axes[0], "real"), y)


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
    shown = curve(drawn(table, horizon=horizon, test=test).axes[0], "the network")
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
    np.testing.assert_array_equal(curve(close_up, "real"), y[-40:])
    assert close_up.get_ylabel() == "sales"
    assert len(drawn(one_series(y), test=12, horizon=3).axes) == 1
    assert len(drawn(many_series("a", "b")).axes) == 2  # a panel each


def test_the_baseline_is_the_best_naive_forecast_in_words(drawn: Draw) -> None:
    y = walk(60)
    last = curve(drawn(one_series(y), test=20).axes[0], "yesterday's sales")
    np.testing.assert_array_equal(last, y[39:59])
    week = weekly(60)
    figure = drawn(one_series(week), test=20)
    season = curve(figure.axes[0], "the value of a season before")
    np.testing.assert_array_equal(season, week[33:53])
    assert "yesterday's sales" not in legend(figure.axes[0])


def test_another_columns_last_value_is_the_baseline_where_it_is_the_best(drawn: Draw) -> None:
    close = walk(60)
    opened = np.concatenate([[100.0], close[:-1]])
    frame = pd.DataFrame({"date": pd.bdate_range("2020-01-01", periods=60), "open": opened, "close": close})
    figure = drawn(make_table(frame, target="open", covariates=["close"]), baseline_columns=("close",))
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
    scores = re.search(r"RMSE ([\d.]+), and ([\d.]+) without a network", said)
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
        np.testing.assert_array_equal(curve(panel, "real"), series.values[-18:, 0])
        np.testing.assert_allclose(curve(panel, "the network").iloc[-3:], series.values[-4, 0] + RISE * np.arange(1, 4))
        shown = curve(panel, "next")
        assert shown.index[0] == series.dates[-1] + pd.Timedelta(days=1)
        np.testing.assert_allclose(shown, series.values[-1, 0] + RISE * np.arange(1, 4))
        assert splits(panel) == [float(date2num(series.dates[-12]))]


def test_the_first_panels_legend_names_everything_once(drawn: Draw) -> None:
    first, *others = drawn(many_series("a", "b", "c"), levels=[80, 95]).axes
    expected = {"real", "yesterday's y", "the network", "80 % interval", "95 % interval", "next"}
    assert sorted(legend(first)) == sorted(expected)
    assert all(axes.get_legend() is None for axes in others)


def test_every_row_of_the_test_part_has_one_forecast(drawn: Draw) -> None:
    y = walk(60)
    shown = curve(drawn(one_series(y), horizon=4, test=11).axes[0], "the network")
    assert len(shown) == 11
    np.testing.assert_allclose(shown[:3], y[48] + RISE * np.arange(1, 4))  # the first forecast, before two whole ones


def test_the_split_stands_where_the_test_part_begins_also_if_forecasts_begin_later(tmp_path: Path, drawn: Draw) -> None:
    table = one_series(walk(60))
    figures: list[Figure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecasts, "save_png", lambda figure, path: figures.append(figure))
        evaluation = evaluated(table, LastAndRise(2), test=12)
        forecast_plot(table, evaluation, next_of(table, 2), tmp_path / "a.png", title="shop", test_rows=20)
    assert splits(figures[0].axes[0]) == [float(date2num(table.series[0].dates[-20]))]
    assert len(curve(figures[0].axes[0], "the network")) == 12


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
    assert re.search(r"RMSE [\d,]+, and [\d,]+ without a network\.$", words(figure))


def test_the_residuals_ask_for_a_font_also_for_the_baselines_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "CHINESE_FONTS", [])
    close = walk(60)
    frame = pd.DataFrame({"date": pd.bdate_range("2020-01-01", periods=60), "open": np.roll(close, 1), "收盘": close})
    table = make_table(frame, target="open", covariates=["收盘"])
    evaluation = evaluated(table, LastAndRise(baseline_columns=("收盘",)))
    with pytest.warns(UserWarning, match="Chinese characters as boxes") as told:
        residuals_plot(table, evaluation, tmp_path / "residuals.png", title="shop")
    assert len(told) == 1


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


CHINESE = [
    pytest.param(lambda: one_series(walk(30), "收盘"), "shop", id="column"),
    pytest.param(lambda: many_series("a", "东区"), "shop", id="series"),
    pytest.param(lambda: one_series(walk(30)), "茅台", id="title"),
]


@pytest.mark.parametrize(("make", "title"), CHINESE)
def test_chinese_characters_without_a_font_for_them_are_told_with_the_remedy(
    make: Callable[[], Table], title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "CHINESE_FONTS", [])
    with pytest.warns(UserWarning, match="Chinese characters as boxes: .*install Noto Sans CJK") as told:
        draw_to(tmp_path / "forecast.png", make(), horizon=2, test=8, title=title)
    assert len(told) == 1  # and not one more for each character


def test_chinese_residuals_without_a_font_for_them_are_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "CHINESE_FONTS", [])
    table = one_series(walk(30), "收盘")
    with pytest.warns(UserWarning, match="Chinese characters as boxes: .*install Noto Sans CJK") as told:
        residuals_plot(table, evaluated(table, test=8), tmp_path / "residuals.png", title="shop")
    assert len(told) == 1


@pytest.mark.parametrize(("make", "title"), CHINESE)
def test_chinese_characters_are_drawn_with_a_font_that_has_them_where_there_is_one(
    make: Callable[[], Table], title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "CHINESE_FONTS", ["DejaVu Sans Mono"])  # stands for an installed one
    families: list[list[str]] = []
    monkeypatch.setattr(forecasts, "save_png", lambda figure, path: families.append(list(mpl.rcParams["font.family"])))
    draw_to(tmp_path / "forecast.png", make(), test=8, title=title)
    assert families == [["DejaVu Sans", "DejaVu Sans Mono"]]


def test_plain_names_ask_for_no_other_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "CHINESE_FONTS", [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_to(tmp_path / "forecast.png", one_series(walk(30), "Größe"), test=8, title="shop → 1")


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
    assert over_time.get_ylabel() == "forecast - real sales"
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
