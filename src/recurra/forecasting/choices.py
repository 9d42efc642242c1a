"""What is chosen where the settings leave it open: season, window, and the transformations that scaling auto takes."""

from collections.abc import Sequence

import numpy as np

from recurra.settings.forecasting import COUNTING, ForecasterSettings, Scaling, transformations_of
from recurra.tables.arrays import Integers
from recurra.tables.table import Table

OFTEN = 0.1  # the share of zeros from which a table is no longer one of logarithms
LEAST_WINDOW, LONGEST_WINDOW = 20, 200  # rows, of a window that is not given


def usual_rows_of(rows: Integers, horizon: int) -> int:
    """Return the number of rows of a usual series: half of all rows are in series that have as many, or more.

    Windows are as many as rows, so that few long series teach more than many short ones. Series that have no more rows
    than a horizon make no whole sample, and count only if all are like that.

    Args:
        rows: number of training rows of each series, [S].
        horizon: number of predicted rows per sample.

    >>> usual_rows_of(np.array([2, 5, 5, 5, 5, 40, 60]), horizon=2)
    40
    """
    ascending = np.sort(rows[rows > horizon] if (rows > horizon).any() else rows)
    so_far = np.cumsum(ascending)
    return int(ascending[so_far.searchsorted(so_far[-1] / 2)])


def season_and_window(settings: ForecasterSettings, table: Table, usual_rows: int, at_least: int) -> tuple[int, int]:
    """Return the season and the window.

    A window that is measured from its level, and has no season left, need not show much of the past: the season of a
    year is enough, of shorter seasons four. Where the season is left in the values, as two of it are not known, the
    window shows one.

    Args:
        settings: checked settings.
        table: the series.
        usual_rows: number of training rows of a usual series.
        at_least: number of rows of the shortest window that is chosen.
    """
    season = settings.season or table.frequency.season
    usual = min(max(2 * season, LEAST_WINDOW), LONGEST_WINDOW)
    if transformations_of(settings) == ("auto",) and season > 1:
        is_year = table.frequency.unit == "month" and settings.season is None
        usual = min(season if is_year else 4 * season, LONGEST_WINDOW)
        if shows_one_season(usual_rows, season, settings.horizon):
            return season, settings.window or season
    fitting = max((usual_rows - settings.horizon) // 2, 1)  # half of it at the most
    return season, settings.window or max(min(usual, fitting), at_least)


def shows_one_season(rows: int, season: int, horizon: int) -> bool:
    """Return whether so many rows show a season, and a horizon or half a season one season later, but not two."""
    return season + max(horizon, season // 2) <= rows < 2 * season


def scaling_of(settings: ForecasterSettings, table: Table, season: int, usual_rows: int) -> tuple[Scaling, ...]:
    """Return the transformations of the values, in the order of use: those of the settings, or those that auto takes.

    Series whose values are not negative vary in proportion to their level more often than not, so that their logarithms
    have steady variations. Those of series that are often zero jump between two values instead. Seasonal indices need
    two seasons; with one the network corrects the value one season earlier, if that was nearer than the last value.

    Args:
        settings: checked settings.
        table: the series.
        season: number of rows per season.
        usual_rows: number of training rows of a usual series.
    """
    scaling = transformations_of(settings)
    if scaling != ("auto",):
        return scaling
    if settings.loss == COUNTING:
        return ("divide-mean",)
    one_season = shows_one_season(usual_rows, season, settings.horizon)
    if table.signed or (table.values[:, 0] == 0.0).mean() > OFTEN:
        return ("standard", "subtract-last") if one_season else ("deseasonalize", "standard", "subtract-level")
    return ("log", "subtract-last") if one_season else ("log", "deseasonalize", "subtract-level")


def long_season_of(settings: ForecasterSettings, table: Table, scaling: Sequence[str], usual_rows: int) -> int | None:
    """Return the number of rows of a week whose season is a day, if the rows show two weeks; None otherwise."""
    longer = table.frequency.long_season
    if settings.season is not None or "deseasonalize" not in scaling or longer is None or usual_rows < 2 * longer:
        return None
    return longer
