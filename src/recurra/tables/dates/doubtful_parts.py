"""Parts of dates that may mean something else: an hour without minutes, a second year, a day without its year."""

import numpy as np

from recurra.tables.dates.assembling import assembled
from recurra.tables.dates.parts import Parts

FEWEST_HOURS = 2  # rows of a date on average, if the number behind it is an hour
FEWEST_DAYS = 300  # between dates that are a year apart


def with_hours(parts: Parts, gap: float | None) -> Parts | None:
    """Return parts with hours from numbers behind dates, as in "2020-01-01 1"; None if these may be something else.

    They are hours if several rows share a date, or if the rows of an earlier table are less than a day apart.

    Args:
        parts: the parts of dates.
        gap: usual number of days between the rows of an earlier table.
    """
    alone = parts["hour_alone"]
    hours = np.where(alone >= 0, alone, parts.of("hour")).astype(np.int32)
    if gap is None or gap >= 1:
        days = assembled(Parts(parts.length, {name: part for name, part in parts.items() if name != "hour"}))
        days = days[~np.isnat(days)].astype("datetime64[D]")
        if len(np.unique(assembled(Parts(parts.length, parts | {"hour": hours})))) < FEWEST_HOURS * len(
            np.unique(days)
        ):
            return None
    return Parts(parts.length, parts | {"hour": hours})


def with_months(parts: Parts, gap: float | None) -> Parts:
    """Return parts with months from the second numbers of dates such as 2001-02, unless they are years.

    They are years if each follows the first one and some dates are no months, as 1998-99, or several would be 13 months
    apart, as 2001-02 and 2002-03; or if the rows of an earlier table are a year apart.

    Args:
        parts: the parts of dates.
        gap: usual number of days between the rows of an earlier table.
    """
    year, second = parts["year"], parts["end_year"]
    rest = {name: part for name, part in parts.items() if name != "end_year"}
    found = year >= 0
    if (second % 100 == (year + 1) % 100)[found].all():
        no_months = bool(((second < 1) | (second > 12))[found].any())
        if no_months or (len(np.unique(year[found])) > 1 if gap is None else gap >= FEWEST_DAYS):
            return Parts(parts.length, rest)
    return Parts(parts.length, rest | {"month": second})


def may_be_days(parts: Parts) -> bool:
    """Return whether two-digit years may be days: most of them differ from one date to the next in the same month."""
    if "digits" not in parts or not (1 <= parts["year"].min() <= parts["year"].max() <= 31):
        return False
    changed, same = np.diff(parts["year"]) != 0, np.diff(parts.of("month", slice(None)) + 0 * parts["year"]) == 0
    return bool(changed.any() and np.mean(same[changed]) > 0.5)
