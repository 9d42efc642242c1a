"""Numbers such as 1.024, which may have a decimal point or one between thousands, as the texts that they were.

They are read as numbers twice, once without their points, which tells their texts faster than reading texts does.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")
SAMPLED = 1_000  # values that are looked at before all are
THOUSAND = 1_000
HEADS = [f"{sign}{number}" for sign in ("", "-") for number in range(THOUSAND)]
TAILS = [*(f".{number:03}" for number in range(THOUSAND)), ""]


def may_be_grouped_texts(cells: Iterable[str]) -> bool:
    """Return whether all cells that have a point may have it between thousands."""
    return all("." not in cell or GROUPED.fullmatch(cell) for cell in cells)


def may_be_grouped(values: "pd.Series[Any]") -> bool:
    """Return whether floats may come from whole numbers with points between thousands, such as 902, 978, 1.018.

    Smaller numbers than 1 begin with a zero, and those without a point have fewer than four digits.
    """
    found = np.abs(values.to_numpy())
    found = found[~np.isnan(found)]
    if np.isinf(found).any():  # written as a word
        return False
    for part in (found[:SAMPLED], found):
        thousandths = part * THOUSAND
        possible = (part == 0.0) | ((part >= 1.0) & (part < THOUSAND))
        if not (possible & (np.abs(thousandths - np.rint(thousandths)) < 1e-6)).all():
            return False
    return len(found) > 0


def grouped_texts(values: "pd.Series[Any]", without_points: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """Return the texts of numbers that may have points between thousands; None if they cannot, or have no points.

    Args:
        values: the numbers, read with decimal points.
        without_points: the same numbers, read with points between thousands.
    """
    if not pd.api.types.is_numeric_dtype(without_points):
        return None
    read, whole = values.to_numpy(), without_points.to_numpy(np.float64)
    missing, plain = np.isnan(read), read == whole
    pointed = ~plain & (np.rint(read * THOUSAND) == whole)
    if not pointed.any() or not (plain | pointed | missing).all():
        return None
    size = np.abs(np.where(missing, 0.0, whole)).astype(np.int64)
    heads = np.where(pointed, size // THOUSAND, size) + THOUSAND * (read < 0)
    tails = np.where(pointed, size % THOUSAND, THOUSAND)
    codes, distinct = pd.factorize(heads * len(TAILS) + tails)
    places = zip(*(part.tolist() for part in np.divmod(distinct, len(TAILS))), strict=True)
    texts = np.array([HEADS[head] + TAILS[tail] for head, tail in places], dtype=object)[codes]
    texts[missing] = np.nan
    return pd.Series(texts, values.index)
