"""Whether the day or the month comes first in dates such as 03/04/2024."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.errors import InputError
from recurra.tables.dates.assembling import assembled, in_order, with_century
from recurra.tables.dates.parts import Parts

ALIKE = [(28, 31), (89, 92), (181, 184), (365, 366)]  # days in one, three, six and twelve months
EVEN = 0.5  # least fraction of gaps that are equal, from which it is seen which order is meant


@dataclass(frozen=True)
class Order:
    """The order of day and month.

    Attributes:
        day_first: whether the day comes first.
        known: whether anything shows the order; it does not matter in dates such as 03/03/2024.
        by_gaps: whether only the gaps between the dates show it.
    """

    day_first: bool
    known: bool = True
    by_gaps: bool = False


def order_of(
    parts: Parts,
    cell: Callable[[int], str],
    where: str,
    *,
    said: bool | None,
    earlier: bool | None,
    gap: float | None,
) -> Order:
    """Return the order of day and month.

    What the user says decides, then a date that fits only one order, then an earlier table, then which order gives
    dates that are more evenly spaced, then the gap between the dates of an earlier table.

    Args:
        parts: the parts `first`, `next` and `year` of dates.
        cell: function that returns a date of `parts` with its row for messages.
        where: file and column, for messages.
        said: whether the user says that the day comes first; None if he does not say.
        earlier: whether the day comes first in an earlier table; None if that is not known.
        gap: usual number of days between dates of an earlier table.

    Raises:
        InputError: dates contradict one another or what the user says, or two orders remain.
    """
    if said is None:
        _check_year(parts, cell, where)
    first, second = parts["first"], parts["next"]
    by_day = int(((first > 12) & (second <= 12)).argmax())
    by_month = int(((second > 12) & (first <= 12)).argmax())
    day_first, month_first = bool(first[by_day] > 12 >= second[by_day]), bool(second[by_month] > 12 >= first[by_month])
    if day_first and month_first:
        raise InputError(
            f"{where}: the day comes first in {cell(by_day)}, and the month in {cell(by_month)}; write all dates in "
            "the same way, best as 2020-01-31."
        )
    if said is not None:
        if (day_first or month_first) and said != day_first:
            order, against, flag = ("day", by_month, "--dayfirst") if said else ("month", by_day, "--no-dayfirst")
            raise InputError(
                f"{where}: the {order} does not come first in {cell(against)}; leave out {flag} (dayfirst={said} in "
                "Python)."
            )
        return Order(said)
    if day_first or month_first:
        return Order(day_first)
    if earlier is not None:
        return Order(earlier)
    if (first == second).all():
        return Order(False, known=False)
    by_day_first, by_month_first = (assembled(in_order(with_century(parts)[0], day)) for day in (True, False))
    day_even, month_even = _evenness(by_day_first), _evenness(by_month_first)
    if (np.isnat(by_day_first) & np.isnat(by_month_first)).any():
        return Order(False)  # the caller reports the invalid date with its row
    if day_even != month_even and max(day_even, month_even) >= EVEN:
        return Order(day_even > month_even, by_gaps=True)
    if gap is not None:
        off = [abs(np.log(usual_gap(found) / gap)) for found in (by_day_first, by_month_first)]
        if off[0] != off[1]:
            return Order(bool(off[0] < off[1]), by_gaps=True)
    place = int((first != second).argmax())
    readings = " or ".join(str(found[place].astype("datetime64[D]")) for found in (by_day_first, by_month_first))
    raise InputError(
        f"{where}: {cell(place)} may be {readings}, and no date shows which; say whether the day comes first with "
        "--dayfirst or --no-dayfirst (dayfirst=True or False in Python)."
    )


def usual_gap(found: NDArray[np.datetime64]) -> float:
    """Return the median number of days between dates; infinity if there is only one date."""
    gaps = np.diff(np.unique(found[~np.isnat(found)])) / np.timedelta64(1, "D")
    return float(np.median(gaps)) if len(gaps) else np.inf


def _check_year(parts: Parts, cell: Callable[[int], str], where: str) -> None:
    """Raise an InputError if the year may come first, as in 20-01-31."""
    first, second, last = parts["first"], parts["next"], parts["year"]
    year_may_be_first = np.all(parts.of("digits") == 2) and ((second <= 12) & (last >= 1) & (last <= 31)).all()
    if year_may_be_first and len(np.unique(last)) > len(np.unique(first)):  # the year changes least often
        raise InputError(f"{where}: the year is ambiguous in dates such as {cell(0)}; write years with four digits.")


def _evenness(found: NDArray[np.datetime64]) -> float:
    """Return the fraction of gaps between dates that are equal to the most frequent gap."""
    gaps = np.diff(np.unique(found[~np.isnat(found)])) / np.timedelta64(1, "D")
    for low, high in ALIKE:
        gaps[(gaps >= low) & (gaps <= high)] = low
    return float(np.unique(gaps, return_counts=True)[1].max() / len(gaps)) if len(gaps) else 0.0
