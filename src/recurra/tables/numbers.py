"""Parse columns of numbers, with thousands separators, full-width digits and words for missing values."""

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import InputError, InputTypeError, shown
from recurra.tables.dates.parsing import FULL_WIDTH, distinct_texts

NOTHING = {"", "-", "--", "na", "n/a", "nan", "null", "none", "nil", "#n/a", "无", "空"}  # written for missing values
SPACES = str.maketrans("", "", " \u00a0\u202f\u3000'")  # used as thousands separators
LONGEST_NUMBER, NO_NUMBER = 400, "…"  # characters of a number as text; what stands for a longer text
LARGEST = 1e50  # absolute value; its fourth power is finite, as statistics of squared errors need
THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?"
THOUSANDS_PATTERN = re.compile(THOUSANDS)


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
    if pd.api.types.is_complex_dtype(values):
        raise InputTypeError(f"{source}: column {shown(column)} has complex numbers, expected real ones.")
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        result = values.to_numpy(dtype=np.float64, na_value=np.nan)
        read = np.ones(len(result), dtype=np.bool_)
    else:
        result, read = _as_numbers(values)
    read &= ~(np.abs(result) > LARGEST) | np.isinf(result)
    if not read.all():
        place = int(read.argmin())
        what = "a number" if np.isnan(result[place]) else f"a number between -{LARGEST:g} and {LARGEST:g}"
        raise InputError(
            f"{source}: row {frame.index[place]}, column {shown(column)}: found "
            f"{shown(str(values.iloc[place]).strip())}, expected {what}; correct the cell, or leave it empty and allow "
            "that with --missing."
        )
    return result


def reads_as_number(values: "pd.Series[Any]") -> NDArray[np.bool_]:
    """Return a mask of the values that are finite numbers, [T]; missing values are not."""
    return np.isfinite(_as_numbers(values)[0])


def _as_numbers(values: "pd.Series[Any]") -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return numbers [T] with NaN for missing values, and a mask [T] of the values that are numbers or missing."""
    codes, texts = distinct_texts(values, _text)
    result = np.array(pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce"), dtype=np.float64)
    read = ~np.isnan(result)
    if not read.all():  # plain numbers take the fast path above
        rest = [texts[place].translate(FULL_WIDTH) for place in np.flatnonzero(~read)]
        plain = pd.Series([_without_separators(text) for text in rest], dtype=object)
        result[~read] = pd.to_numeric(plain, errors="coerce")
        read[~read] = np.array([text.lower() in NOTHING for text in rest], dtype=np.bool_) | ~np.isnan(result[~read])
    return result[codes], read[codes]


def _text(value: object) -> str:
    text = str(value).strip()
    return text if len(text) <= LONGEST_NUMBER else NO_NUMBER


def plain_digits(text: str) -> str:
    """Return a text with ASCII digits and signs in place of full-width ones, and without spaces between thousands."""
    if not text.isascii():
        return text.translate(FULL_WIDTH).translate(SPACES)
    return text.translate(SPACES) if " " in text or "'" in text else text


def _without_separators(text: str) -> str:
    plain = plain_digits(text)
    return plain.replace(",", "") if "," in plain and THOUSANDS_PATTERN.fullmatch(plain) else plain
