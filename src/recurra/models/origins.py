"""Where the horizons begin that a fitted forecaster is scored on."""

import numpy as np
import pandas as pd

from recurra.data.table import Table
from recurra.data.windows import Origins
from recurra.errors import InputError


def later_origins(table: Table, context: int, horizon: int, learnt_until: pd.Timestamp) -> list[Origins]:
    """For each series the origins after the rows that were learnt from; where no row is later, all origins.

    Args:
        table: the series.
        context: rows that a forecast needs before its origin.
        horizon: rows that it predicts.
        learnt_until: the date of the last row learnt from.

    Raises:
        InputError: there are too few rows, or too few later ones.
    """
    all_rows = [np.arange(context, len(s.dates) - horizon + 1, dtype=np.int64) for s in table.series]
    later = [rows[s.dates[rows] > learnt_until] for rows, s in zip(all_rows, table.series, strict=True)]
    if any(map(len, later)):
        return later
    longest = max(len(series.dates) for series in table.series)
    if not any(map(len, all_rows)):
        raise InputError(
            f"{table.source}: there are {longest} rows, and a window and the horizon after it need at least "
            f"{context + horizon}; give more rows."
        )
    newer = max(int((series.dates > learnt_until).sum()) for series in table.series)
    if newer:
        raise InputError(
            f"{table.source}: only {newer} rows are later than {learnt_until.date()}, the last that was "
            f"learnt from, and a horizon of {horizon} needs {horizon}; give more rows."
        )
    return all_rows
