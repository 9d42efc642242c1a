"""Origins of forecasts: those of a part of a series, those after the rows of a fit, and checks of given ones."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from recurra.errors import InputError, InputTypeError, counted, shown
from recurra.tables.arrays import Origins
from recurra.tables.table import Table

FIRST = pd.Timestamp.min  # a series that the model was not fitted to has no row of the fit


def origins_of_part(start: int, stop: int, context: int, horizon: int, *, reach_back: bool = True) -> Origins:
    """Return the origins whose horizons lie entirely within one part of a series, so that parts share no target.

    Args:
        start: index of the first row of the part.
        stop: index after its last row.
        context: number of rows that a sample needs before its origin.
        horizon: number of predicted rows per sample.
        reach_back: whether a window may start before the part. The rows before it are inputs only, never targets.

    >>> origins_of_part(10, 20, context=4, horizon=3)
    array([10, 11, 12, 13, 14, 15, 16, 17])
    >>> origins_of_part(10, 20, context=4, horizon=3, reach_back=False)
    array([14, 15, 16, 17])
    """
    first = max(start, context) if reach_back else start + context
    return np.arange(first, stop - horizon + 1, dtype=np.int64)


def later_origins(table: Table, context: int, horizon: int, cutoffs: Mapping[str, pd.Timestamp]) -> list[Origins]:
    """Return the origins of each series after the training rows.

    Args:
        table: the series.
        context: number of rows that a forecast needs before its origin.
        horizon: number of rows that a forecast predicts.
        cutoffs: date of the last row of each series of the fit, by id.

    Raises:
        InputError: if there are too few rows, or too few later ones.
    """
    later = [
        rows[series.dates[rows] > cutoffs.get(series.id, FIRST)]
        for series in table.series
        for rows in [np.arange(context, len(series.dates) - horizon + 1, dtype=np.int64)]
    ]
    if any(map(len, later)):
        return later
    newer, cutoff = max(
        (int((s.dates > cutoffs.get(s.id, FIRST)).sum()), cutoffs.get(s.id, FIRST)) for s in table.series
    )
    if not newer:
        raise InputError(
            f"{table.source} has no rows after {table.shown_date(cutoff)}, the last training row; "
            "scores on training rows would be too good: give newer rows."
        )
    if newer < horizon:
        raise InputError(
            f"{table.source}: only {counted(newer, 'row is', 'rows are')} later than {table.shown_date(cutoff)}, the "
            f"last training row, with those that the model remembers; a horizon of {horizon} needs {horizon}: give "
            "more rows."
        )
    longest = max(table.series, key=lambda series: len(series.dates))
    rows = counted(len(longest.dates), "row")
    raise InputError(
        f"{table.source}: no forecast of rows after {table.shown_date(cutoff)}, the last training row, can be scored: "
        f"up to {table.shown_date(longest.dates[-1])} there are {rows} with those that the model remembers, and a "
        f"window and a horizon need {context + horizon}; give newer rows."
    )


def check_later(table: Table, origins: Sequence[Origins], cutoffs: Mapping[str, pd.Timestamp]) -> None:
    """Raise an InputError if a forecast from one of the origins predicts a row that the model was fitted to."""
    for series, own in zip(table.series, origins, strict=True):
        cutoff = cutoffs.get(series.id, FIRST)
        if len(own) and series.dates[own.min()] <= cutoff:
            raise InputError(
                f"{table.source}: an origin is {table.shown_date(series.dates[own.min()])}, and the last training row "
                f"{table.shown_date(cutoff)}; scores on training rows would be too good: give later origins."
            )


def check_origins(table: Table, origins: Sequence[Origins], context: int, horizon: int) -> None:
    """Check that a forecast from each origin is possible.

    Args:
        table: the series.
        origins: for each series, the indices of the first row of each horizon.
        context: number of rows that a forecast needs before its origin.
        horizon: number of rows that must follow from each origin on.

    Raises:
        InputError: if the origins do not fit the table.
    """
    if not isinstance(origins, Sequence | np.ndarray) or isinstance(origins, str):
        raise InputTypeError(
            f"{table.source}: the origins are {shown(origins)}; expected a list of arrays, one for each series."
        )
    if len(origins) != len(table.series):
        raise InputError(
            f"{table.source}: origins of {len(origins)} series were given, and it has {len(table.series)}."
        )
    if not any(map(len, origins)):
        raise InputError(f"{table.source}: no origin was given; at least one is needed.")
    for series, own in zip(table.series, origins, strict=True):
        whose = f" in series {shown(series.id)}" if series.id else ""
        if not isinstance(own, np.ndarray) or own.ndim != 1 or (len(own) and own.dtype.kind not in "iu"):
            raise InputError(
                f"{table.source}: origins{whose} are expected as a 1-D array of row indices; found {shown(own)}."
            )
        if not len(own):
            continue
        if int(own.min()) < context:
            raise InputError(
                f"{table.source}: a forecast needs {counted(context, 'row')} before it, and one has "
                f"{own.min()}{whose}; give more rows."
            )
        if int(own.max()) > len(series.dates) - horizon:
            raise InputError(
                f"{table.source}: an origin is row {own.max()}{whose}, which has {counted(len(series.dates), 'row')}; "
                f"{horizon} of them are needed from each origin on."
            )
