"""Which columns are covariates if all are asked for, and why the others are none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from recurra.errors import listed
from recurra.tables.arrays import Floats
from recurra.tables.dates.one_column import holds_dates
from recurra.tables.numbers.read import number_columns

FIRST_ROWS = 20  # in which most columns vary already
FEWEST_ROWS = 3  # of a table with row numbers
UNIX_SECONDS = 5e8, 4.2e9  # from 1985 to 2103
UNITS = 1, 1e3, 1e6, 1e9  # of Unix times in a second
COMPACT_DATES = 19000101, 22001231
TIME_WORDS = ("unix", "epoch", "time", "时间")  # in names


def all_covariates(frame: pd.DataFrame, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return those columns whose values are numbers that vary, and a note about the others.

    Args:
        frame: the table.
        names: columns that have no other role.
    """
    numeric = number_columns(frame, names)
    varying, types = _vary_at_first(frame, numeric), frame.dtypes.to_dict()
    plain = {name for name in varying if not pd.api.types.is_numeric_dtype(types[name]) and not is_row_number(name)}
    reasons = {name: "" if name in plain else _reason(name, frame[name], varies=name in varying) for name in numeric}
    without: dict[str, list[str]] = {}
    kept = []
    for name in names:
        if reason := reasons.get(name, "no numbers"):
            without.setdefault(reason, []).append(name)
        else:
            kept.append(name)
    if not without:
        return tuple(kept), ()
    others = "; ".join(f"{listed(columns)} ({reason})" for reason, columns in without.items())
    return tuple(kept), (f"all columns are past covariates, except {others}.",)


def is_row_number(name: str) -> bool:
    """Return whether a column has no name of its own, as one that pandas wrote to number the rows, or is called #."""
    return name.strip() in {"", "#"} or name.startswith("Unnamed:")


def _vary_at_first(frame: pd.DataFrame, names: Sequence[str]) -> set[str]:
    """Return columns that certainly vary, as two of their first values do."""
    first = frame.head(FIRST_ROWS)[list(names)].to_numpy(dtype=object, copy=True)
    there = ~pd.isna(first)
    first[~there] = None
    vary = (first[1:] != first[:-1]) & there[1:] & there[:-1]
    return {name for name, varies in zip(names, vary.any(axis=0), strict=True) if varies}


def _reason(name: str, cells: "pd.Series[Any]", *, varies: bool) -> str:
    """Return why a column of numbers is no covariate; empty if it is one."""
    if is_row_number(name):
        return "no name"
    if not varies and cells.nunique() < 2:
        return "constant"
    if not pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
        return ""
    values = cells.dropna().to_numpy(dtype=np.float64)
    if np.modf(values)[0].any():
        return ""
    counts = values[0] in {0, 1} and (np.diff(values) == 1).all()
    if counts and len(values) >= FEWEST_ROWS and pd.api.types.is_integer_dtype(cells):
        return "row numbers"
    return "times" if _are_times(name, cells, values) else ""


def _are_times(name: str, cells: "pd.Series[Any]", values: Floats) -> bool:
    """Return whether whole numbers are Unix times, or dates such as 20240131."""
    steps = np.diff(values)
    named = any(word in name.lower() for word in TIME_WORDS)
    if not (named or (steps > 0).all() or (steps < 0).all()):
        return False
    first, last = values.min(), values.max()
    if any(UNIX_SECONDS[0] * unit <= first and last <= UNIX_SECONDS[1] * unit for unit in UNITS):
        return True
    return COMPACT_DATES[0] <= first and last <= COMPACT_DATES[1] and holds_dates(cells)
