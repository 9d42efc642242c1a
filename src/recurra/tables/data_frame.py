"""A frame in place of a file, of pandas or of another library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from recurra.errors import InputError, InputTypeError, a_type, shown
from recurra.tables.columns import TARGET
from recurra.tables.form import RawTable
from recurra.tables.index_columns import with_index_columns

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame, IntoSeries

AnyFrame: TypeAlias = "pd.DataFrame | pd.Series[Any] | IntoFrame | IntoSeries"


@dataclass(frozen=True)
class FrameKind:
    """Another library than pandas of whose frames a table was made.

    Attributes:
        library: the library, as narwhals names it.
        types: types of the columns of the frame, of narwhals, by their names.
    """

    library: Any
    types: Mapping[str, Any]


def with_row_numbers(data: object) -> RawTable:
    """Return the columns of a frame with rows numbered from 1, and with its index as columns if it says something.

    Args:
        data: a DataFrame or Series of pandas, or of another library that narwhals reads, such as polars or pyarrow; a
            lazy frame is collected.

    Raises:
        InputTypeError: it is none of these.
        InputError: its column names are duplicated or have several levels.
    """
    kind: FrameKind | None = None
    if isinstance(data, pd.Series):
        data = data.to_frame(TARGET if data.name is None else str(data.name))
    if not isinstance(data, pd.DataFrame):
        data, kind = _of_other_library(data)
    if isinstance(data.columns, pd.MultiIndex):
        raise InputError(
            f"the table has columns of {data.columns.nlevels} levels, the first is {shown(data.columns[0])}; expected "
            "plain names: choose one level, such as with data.droplevel(1, axis=1)."
        )
    frame = data.copy(deep=False)
    frame.columns = frame.columns.map(str)
    if (twice := frame.columns[frame.columns.duplicated()]).size:
        raise InputError(f"the table has the column {shown(twice[0])} twice; give each column a unique name.")
    return RawTable(with_index_columns(frame), kind=kind)


def _of_other_library(data: object) -> tuple[pd.DataFrame, FrameKind]:
    """Return a frame or series of another library as a frame of pandas, and of which library it is."""
    import narwhals as nw

    frame = nw.from_native(data, allow_series=True, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, nw.Series):
        frame = frame.alias(frame.name or TARGET).to_frame()
    if not isinstance(frame, nw.DataFrame):
        raise InputTypeError(
            f"the table is {a_type(data)}; expected a DataFrame of pandas, polars or pyarrow, or the path of a file."
        )
    columns = {column.name: _column(column) for column in frame.iter_columns()}
    return pd.DataFrame(columns), FrameKind(frame.implementation, dict(frame.schema))


def _column(column: Any) -> "np.ndarray[Any, Any] | pd.DatetimeIndex":
    """Return a column of a frame of narwhals as pandas has it; times keep their zone."""
    import narwhals as nw

    if column.dtype in {nw.Categorical, nw.Enum}:
        column = column.cast(nw.String)
    elif column.dtype == nw.Boolean and column.null_count():
        column = column.cast(nw.Float64)
    values: np.ndarray[Any, Any] = column.to_numpy()
    zone = getattr(column.dtype, "time_zone", None)
    return values if zone is None else pd.DatetimeIndex(values, tz="UTC").tz_convert(zone)
