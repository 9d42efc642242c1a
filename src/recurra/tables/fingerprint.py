"""The fingerprint of a table, by which a run knows that it goes on with the data that it began with."""

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.tables.arrays import Integers

if TYPE_CHECKING:
    from recurra.tables.table import Table


def fingerprint(table: "Table") -> str:
    """Return a SHA-256 hash of column names, series ids, dates and values of a table."""
    digest = hashlib.sha256(repr(table.columns).encode())
    known = len(table.future_covariates)
    cut = np.zeros(len(table.ids), np.int64) if table.cut is None or known else table.cut
    days, coming = _bytes(_nanoseconds(table.dates)), _bytes(_nanoseconds(table.future_dates))
    values, observed, future = _bytes(table.values), _bytes(table.observed), _bytes(table.future_values)
    columns = table.values.shape[1]
    bounds = zip(
        table.ids,
        table.starts[:-1].tolist(),
        table.starts[1:].tolist(),
        table.future_starts[:-1].tolist(),
        table.future_starts[1:].tolist(),
        cut.tolist(),
        strict=True,
    )
    for id_, start, stop, first, last, dropped in bounds:
        rows, later = stop - start, last - first
        shape = f"({rows}, {columns})".encode()
        digest.update(b"".join((
            id_.encode(), b"\0",
            f"({rows},)".encode(), days[8 * start : 8 * stop],
            shape, values[8 * columns * start : 8 * columns * stop],
            shape, observed[columns * start : columns * stop],
            f"({later if known else dropped}, {known})".encode(), future[8 * known * first : 8 * known * last],
            f"({later},)".encode(), coming[8 * first : 8 * last],
        )))  # fmt: skip
    for part in table.static.parts():
        digest.update(part)
    return digest.hexdigest()


def _nanoseconds(dates: pd.DatetimeIndex) -> Integers:
    return dates.to_numpy().astype("datetime64[ns]", copy=False).view(np.int64)


def _bytes(array: NDArray[Any]) -> memoryview:
    """Return the bytes of an array in C order, without a copy if it has that order."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
