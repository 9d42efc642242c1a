"""Whether a table is wide: its dates are the names of columns, such as months or years, instead of rows."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from recurra.errors import InputError, listed
from recurra.tables.dates.month_names import MONTHS
from recurra.tables.dates.one_column import holds_dates

FEWEST_DATES = 3  # that are no chance
SEARCHED_NAMES, FIRST_ROWS = 400, 5


def check_not_wide(names: Sequence[str], source: str, rows: pd.DataFrame | None = None) -> None:
    """Raise an InputError that says how to make a table long, if its columns are called by dates.

    Args:
        names: names of columns.
        source: the file, for messages.
        rows: its first rows, if one of them may be the header: years look like values.
    """
    found = [name for name in names[:SEARCHED_NAMES] if _is_date(name)]
    if len(found) < FEWEST_DATES and rows is not None:
        first = rows.iloc[:FIRST_ROWS, :SEARCHED_NAMES].to_numpy(dtype=object).tolist()
        found = next((years for row in first if len(years := _years(row)) >= FEWEST_DATES), [])
    if len(found) >= FEWEST_DATES:
        raise InputError(
            f"{source}: the table is wide, as {listed(found)} are dates above its columns; make it long, with a column "
            "of dates, one of values and, for several series, one of ids: melt in pandas, or unpivot in a spreadsheet "
            "program."
        )


def _is_date(name: str) -> bool:
    return name.lower().rstrip(".") in MONTHS or holds_dates(pd.Series([name]))


def _years(cells: Sequence[Any]) -> list[str]:
    """Return the years in a row of cells, if there are only consecutive ones."""
    texts = [str(cell).removesuffix(".0") for cell in cells]
    years = [text for text in texts if text.isdecimal() and len(text) == 4]
    steps = {int(later) - int(year) for year, later in pairwise(years)}
    return years if steps in ({1}, {-1}) else []
