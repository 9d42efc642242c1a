"""Columns of numbers as people write them: full-width digits, thousands separators, words for no value."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.data.dates import FULL_WIDTH
from recurra.errors import InputError

NOTHING = {"", "-", "--", "na", "n/a", "nan", "null", "none", "nil", "#n/a", "无", "空"}  # words for no value
SPACES = str.maketrans("", "", " \u00a0\u202f\u3000'")  # between thousands
THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?"


def numbers(frame: pd.DataFrame, column: str, source: str) -> NDArray[np.float64]:
    """A column as numbers [T], NaN where there is none.

    Args:
        frame: the columns; its index says which row is meant.
        column: which one.
        source: the file, for messages.

    Raises:
        InputError: a value is no number; its row is named.
    """
    values = frame[column]
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    result, read = _as_numbers(values)
    if not read.all():
        place = int(read.argmin())
        raise InputError(
            f"{source}: row {frame.index[place]}, column {column!r}: found {str(values.iloc[place]).strip()!r}, "
            "expected a number; mend the cell, or leave it empty and allow that with --missing."
        )
    return result


def reads_as_number(values: "pd.Series[str]") -> NDArray[np.bool_]:
    """Which values [T] of a column are numbers; nothing is none."""
    return np.isfinite(_as_numbers(values)[0])


def _as_numbers(values: "pd.Series[str]") -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Numbers [T] as people write them, NaN where there is none; and where they, or nothing, could be read."""
    texts = values.astype("string").fillna("").astype(object).str.strip()
    result = np.array(pd.to_numeric(texts, errors="coerce"), dtype=np.float64)
    read = ~np.isnan(result)
    if not read.all():  # only what is not plain costs more
        rest = texts[~read].str.translate(FULL_WIDTH)
        nothing = rest.str.lower().isin(NOTHING)
        rest = rest.str.translate(SPACES)
        rest = rest.mask(rest.str.fullmatch(THOUSANDS), rest.str.replace(",", "", regex=False))
        result[~read] = pd.to_numeric(rest, errors="coerce")
        read[~read] = nothing | ~np.isnan(result[~read])
    return result, read
