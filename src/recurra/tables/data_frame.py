"""A DataFrame or Series in place of a file: rows are numbered, and an index that says something becomes a column."""

import pandas as pd

from recurra.errors import InputError, InputTypeError, shown
from recurra.tables.columns import DATE, ID, TARGET


def with_row_numbers(data: object) -> pd.DataFrame:
    """Return a DataFrame with rows numbered from 1, and with named or date index levels as columns.

    Raises:
        InputError: `data` is not a DataFrame or Series, or its column names are duplicated or have several levels.
    """
    if isinstance(data, pd.Series):
        data = data.to_frame(TARGET if data.name is None else str(data.name))
    if not isinstance(data, pd.DataFrame):
        raise InputTypeError(f"the table is a {type(data).__name__}; expected a DataFrame or the path of a file.")
    if isinstance(data.columns, pd.MultiIndex):
        raise InputError(
            f"the table has columns of {data.columns.nlevels} levels, the first is {shown(data.columns[0])}; expected "
            "plain names: choose one level, such as with data.droplevel(1, axis=1)."
        )
    frame = data.copy(deep=False)
    frame.columns = frame.columns.map(str)
    for number in range(data.index.nlevels):
        level = data.index.get_level_values(number)
        if isinstance(level, pd.PeriodIndex):
            level = level.to_timestamp()
        dated = isinstance(level, pd.DatetimeIndex)
        name = str(level.name) if level.name is not None else DATE if dated else ID
        says_something = dated or level.name is not None or data.index.nlevels > 1
        if says_something and name not in frame.columns:
            frame.insert(number, name, level if dated else level.to_numpy())  # an array would lose the time zone
    if (twice := frame.columns[frame.columns.duplicated()]).size:
        raise InputError(f"the table has the column {shown(twice[0])} twice; give each column a unique name.")
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return frame
