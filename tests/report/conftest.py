"""Plots as matplotlib figures: what would be written is kept."""

from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from recurra.evaluation.backtest import Evaluation
from recurra.report import forecasts
from recurra.report.forecasts import residuals_plot
from recurra.tables.table import Table

from .drawings import Draw, draw_to


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
