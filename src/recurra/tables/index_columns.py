"""The index of a frame of pandas as columns, unless it only numbers the rows."""

from typing import Any

import pandas as pd

from recurra.tables.columns import DATE, ID
from recurra.tables.dates.one_column import holds_dates

ROWS = 10_000_000  # integers below it number rows, also those of years; larger ones may be dates such as 20200131


def with_index_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with the levels of its index as its first columns, and with rows numbered from 1.

    A level without a name is `ds` if it holds dates, and `unique_id` or `index` otherwise; alone, it is left out if it
    holds numbers. A column that has the name of a level stays as it is.
    """
    found = frame.copy(deep=False)
    several = frame.index.nlevels > 1
    for number in range(frame.index.nlevels):
        level = frame.index.get_level_values(number)
        name = level.name
        if name is None and _are_dates(level):
            name = DATE
        elif name is None and (several or not pd.api.types.is_numeric_dtype(level)):
            name = "index" if not several else ID if ID not in found.columns else f"level_{number}"
        if name is not None and str(name) not in found.columns:
            is_typed = isinstance(level, pd.DatetimeIndex | pd.PeriodIndex)
            found.insert(
                number, str(name), level if is_typed else level.to_numpy()
            )  # an array would lose the time zone
    found.index = pd.RangeIndex(1, len(frame) + 1)
    return found


def _are_dates(level: "pd.Index[Any]") -> bool:
    if pd.api.types.is_integer_dtype(level) and (not len(level) or level.min() < ROWS):
        return False
    return holds_dates(level.to_series())
