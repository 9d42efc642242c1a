"""Parse columns of numbers, with thousands separators, full-width digits and words for missing values."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError
from recurra.tables.dates import FULL_WIDTH

NOTHING = {"", "-", "--", "na", "n/a", "nan", "null", "none", "nil", "#n/a", "无", "空"}  # written for missing values
SPACES = str.maketrans("", "", " \u00a0\u202f\u3000'")  # used as thousands separators
THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?"


def numbers(frame: pd.DataFrame, column: str, source: str) -> NDArray[np.float64]:
    """Return a column as numbers, [T]; missing values are NaN.

    Args:
        frame: the table; its index gives the row numbers for messages.
        column: name of the column.
        source: the file, for messages.

    Raises:
        InputError: a value is not a number; the message gives its row.

    >>> numbers(pd.DataFrame({"price": ["1,234.5", "n/a"]}), "price", "prices.csv").tolist()
    [1234.5, nan]
    """
    values = frame[column]
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    result, read = _as_numbers(values)
    if not read.all():
        place = int(read.argmin())
        raise InputError(
            f"{source}: row {frame.index[place]}, column {column!r}: found {str(values.iloc[place]).strip()!r}, "
            "expected a number; correct the cell, or leave it empty and allow that with --missing."
        )
    return result


def reads_as_number(values: "pd.Series[str]") -> NDArray[np.bool_]:
    """Return a mask of the values that are finite numbers, [T]; missing values are not."""
    return np.isfinite(_as_numbers(values)[0])


def _as_numbers(values: "pd.Series[str]") -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return numbers [T] with NaN for missing values, and a mask [T] of the values that are numbers or missing."""
    texts = values.astype("string").fillna("").astype(object).str.strip()
    result = np.array(pd.to_numeric(texts, errors="coerce"), dtype=np.float64)
    read = ~np.isnan(result)
    if not read.all():  # plain numbers take the fast path above
        rest = texts[~read].str.translate(FULL_WIDTH)
        nothing = rest.str.lower().isin(NOTHING)
        rest = rest.str.translate(SPACES)
        rest = rest.mask(rest.str.fullmatch(THOUSANDS), rest.str.replace(",", "", regex=False))
        result[~read] = pd.to_numeric(rest, errors="coerce")
        read[~read] = nothing | ~np.isnan(result[~read])
    return result, read
