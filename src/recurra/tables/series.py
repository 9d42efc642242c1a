"""One series of a table, and all of them as a sequence of views."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import pandas as pd

from recurra.tables.arrays import Booleans, Floats

if TYPE_CHECKING:
    from recurra.tables.table import Table


@dataclass(frozen=True, eq=False)
class Series:
    """One series of a table, a view of its arrays.

    Attributes:
        id: the series' unique_id; empty if the table has a single series.
        dates: unique dates in ascending order, [T].
        values: [T, C], with the columns of `Table.columns`. There is no NaN: missing values are forward-filled.
        observed: mask of the values that are not missing, [T, C].
        future: future values of the columns known in advance, in the rows after the last, [F, K]; F may be 0.
        future_dates: dates of the future rows, [F].
    """

    id: str
    dates: pd.DatetimeIndex
    values: Floats
    observed: Booleans
    future: Floats
    future_dates: pd.DatetimeIndex


class AllSeries(Sequence[Series]):
    """The series of a table, each made when it is asked for."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table.ids)

    @overload
    def __getitem__(self, place: int) -> Series: ...
    @overload
    def __getitem__(self, place: slice) -> list[Series]: ...
    def __getitem__(self, place: int | slice) -> Series | list[Series]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        table, place = self._table, range(len(self))[place]
        rows = slice(int(table.starts[place]), int(table.starts[place + 1]))
        coming = slice(int(table.future_starts[place]), int(table.future_starts[place + 1]))
        return Series(
            table.ids[place],
            table.dates[rows],
            table.values[rows],
            table.observed[rows],
            table.future_values[coming],
            table.future_dates[coming],
        )
