"""Origins at which a fitted forecaster is evaluated."""

import numpy as np
import pandas as pd

from recurra.data.table import Table
from recurra.data.windows import Origins
from recurra.errors import InputError


def later_origins(table: Table, context: int, horizon: int, cutoff: pd.Timestamp) -> list[Origins]:
    """Return the origins of each series after the training rows, or all origins if no series has later rows.

    Args:
        table: the series.
        context: number of rows that a forecast needs before its origin.
        horizon: number of rows that a forecast predicts.
        cutoff: date of the last training row.

    Raises:
        InputError: if there are too few rows, or too few later ones.
    """
    all_rows = [np.arange(context, len(s.dates) - horizon + 1, dtype=np.int64) for s in table.series]
    later = [rows[s.dates[rows] > cutoff] for rows, s in zip(all_rows, table.series, strict=True)]
    if any(map(len, later)):
        return later
    longest = max(len(series.dates) for series in table.series)
    if not any(map(len, all_rows)):
        raise InputError(
            f"{table.source}: has {longest} rows; a window and the horizon after it need at least "
            f"{context + horizon}: give more rows."
        )
    newer = max(int((series.dates > cutoff).sum()) for series in table.series)
    if newer:
        raise InputError(
            f"{table.source}: only {newer} rows are later than {cutoff.date()}, the last training row; a horizon of "
            f"{horizon} needs {horizon}: give more rows."
        )
    return all_rows
