"""Plots with Chinese names: fonts that have the characters, and the warning where there is none."""

import warnings
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from recurra.report import forecasts, plots
from recurra.report.forecasts import residuals_plot
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

from .drawings import LastAndRise, draw_to, evaluated, many_series, one_series, walk


def test_the_residuals_ask_for_a_font_also_for_the_baselines_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "CHINESE_FONTS", [])
    close = walk(60)
    frame = pd.DataFrame({"date": pd.bdate_range("2020-01-01", periods=60), "open": np.roll(close, 1), "收盘": close})
    table = make_table(frame, target="open", past_covariates=["收盘"])
    evaluation = evaluated(table, LastAndRise(baseline_columns=("收盘",)))
    with pytest.warns(UserWarning, match="Chinese characters as boxes") as told:
        residuals_plot(table, evaluation, tmp_path / "residuals.png", title="shop")
    assert len(told) == 1


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
