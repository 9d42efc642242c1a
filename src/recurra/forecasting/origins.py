"""Origins at which a fitted forecaster is evaluated: none uses a row that the model was trained on as a true value."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from recurra.errors import InputError
from recurra.tables.arrays import Origins
from recurra.tables.table import Table


def later_origins(table: Table, context: int, horizon: int, cutoff: pd.Timestamp) -> list[Origins]:
    """Return the origins of each series after the training rows.

    Args:
        table: the series.
        context: number of rows that a forecast needs before its origin.
        horizon: number of rows that a forecast predicts.
        cutoff: date of the last training row.

    Raises:
        InputError: if there are too few rows, or too few later ones.
    """
    later = [
        rows[series.dates[rows] > cutoff]
        for series in table.series
        for rows in [np.arange(context, len(series.dates) - horizon + 1, dtype=np.int64)]
    ]
    if any(map(len, later)):
        return later
    newer = max(int((series.dates > cutoff).sum()) for series in table.series)
    if not newer:
        raise InputError(
            f"{table.source}: has no rows after {cutoff.date()}, the last training row; "
            "scores on training rows would be too good: give newer rows."
        )
    if newer < horizon:
        raise InputError(
            f"{table.source}: only {newer} rows are later than {cutoff.date()}, the last training row; a horizon of "
            f"{horizon} needs {horizon}: give more rows."
        )
    longest = max(len(series.dates) for series in table.series)
    raise InputError(
        f"{table.source}: has {longest} rows; a window and the horizon after it need at least "
        f"{context + horizon}: give more rows."
    )


def check_later(table: Table, origins: Sequence[Origins], cutoff: pd.Timestamp) -> None:
    """Raise an InputError if a forecast from one of the origins predicts a row that the model was trained on."""
    for series, own in zip(table.series, origins, strict=True):
        if len(own) and series.dates[own.min()] <= cutoff:
            raise InputError(
                f"{table.source}: an origin is {series.dates[own.min()].date()}, and the last training row "
                f"{cutoff.date()}; scores on training rows would be too good: give later origins."
            )
