"""Whole numbers that came as floats, such as years or ids."""

from typing import Any

import pandas as pd

MOST_WHOLE = 1e15  # a larger float has no whole number of its own


def whole(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return floats that are all whole numbers or missing as integers, and other values as they are."""
    if not pd.api.types.is_float_dtype(values):
        return values
    are_whole = ((values % 1 == 0) & (values.abs() < MOST_WHOLE) | values.isna()).all()
    return values.astype("Int64") if are_whole else values
