"""Whether the day, the month or a year of two digits comes first in dates such as 03/04/24."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recurra.errors import InputError
from recurra.tables.arrays import Integers
from recurra.tables.dates.assembling import First, assembled, in_order, with_century
from recurra.tables.dates.date_numbers import SECONDS_PER_DAY
from recurra.tables.dates.parts import Parts

SEEN = 100_000  # number of dates from which the order is seen, if several are possible
EVEN = 0.5  # more than this fraction of the steps between dates are multiples of one, if they are even
DENSE = 0.25  # at least this fraction of the dates in even steps is there
DENSER = 5  # how many times as many of them are there in the order that is meant
SIMILAR_DAYS = 5  # by which the days of two months differ at most if they have a place in common, such as a Friday
SORTED = 20  # steps for each one in the other direction, at least, in a file whose rows are sorted
LEAST_TURNS = 1  # that an order has by chance, such as between two series in a file
ALIKE = 1.5  # ratio of two times between rows that may be the same

Dates = NDArray[np.datetime64]


@dataclass(frozen=True)
class Order:
    """The order of day and month.

    Attributes:
        day_first: whether the day comes first.
        known: whether anything shows the order; it does not matter in dates such as 03/03/2024.
        reason: what only this order makes of the dates, such as "evenly spaced"; empty if no other order is possible.
    """

    day_first: bool
    known: bool = True
    reason: str = ""


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

    What the user says decides, then a date that fits only one order, then an earlier table: its order, or else the time
    between its dates. Then the dates themselves decide: in one order alone they are evenly spaced, or sorted.

    Args:
        parts: the parts `first`, `next` and `year` of dates.
        cell: function that returns a date of `parts` with its row for messages.
        where: file and column, for messages.
        said: whether the user says that the day comes first; None if he does not say.
        earlier: whether the day comes first in an earlier table; None if that is not known.
        gap: usual number of days between dates of an earlier table.

    Raises:
        InputError: dates contradict one another or what the user says, two orders remain, or the year comes first.
    """
    orders: tuple[First, ...] = ("day", "month")
    if said is None and earlier is None and np.all(parts.of("digits") == 2):
        orders = ("day", "month", "year")
    fits = {order: _fits(parts, order) for order in orders}
    if not (valid := np.logical_or.reduce(list(fits.values()))).all():
        fits = {order: fitting | ~valid for order, fitting in fits.items()}  # the caller reports the invalid dates
    possible = [order for order in orders if fits[order].all()]
    if not possible:
        raise _contradiction(fits, cell, where)
    if said is not None:
        wanted: First = "day" if said else "month"
        if wanted not in possible:
            flag = "--dayfirst" if said else "--no-dayfirst"
            raise InputError(
                f"{where}: the {wanted} does not come first in {cell(int(fits[wanted].argmin()))}; leave out {flag} "
                f"(dayfirst={said} in Python)."
            )
        return Order(said)
    if earlier is not None:
        return Order(earlier if len(possible) > 1 else possible[0] == "day")
    known = not {"day", "month"} <= set(possible) or bool((parts["first"] != parts["next"]).any())
    if not known:
        possible.remove("month")
    reason = ""
    if len(possible) > 1:
        dates = {order: assembled(with_century(in_order(parts.head(SEEN), order))[0]) for order in possible}
        dates = {order: found for order, found in dates.items() if not np.isnat(found).any()}
        possible = list(dates) or possible[:1]  # the caller reports the invalid dates
    if len(possible) > 1:
        decided, reason = _seen(dates, gap)
        if not decided:
            raise _ambiguous(dates, cell, where)
        possible = [decided]
    if possible == ["year"]:
        why = f", since the dates are {reason} that way" if reason else ""
        raise InputError(
            f"{where}: a year of two digits comes first in {cell(int(fits['day'].argmin()))}{why}; write years with "
            "four digits."
        )
    return Order(possible == ["day"], known, reason)


def _fits(parts: Parts, order: First) -> NDArray[np.bool_]:
    """Return which dates have a month from 1 to 12 and a day from 1 to 31 in an order, [T]."""
    parts = in_order(parts, order)
    month, day = parts["month"], parts["day"]
    return np.asarray((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31))


def _contradiction(fits: Mapping[First, NDArray[np.bool_]], cell: Callable[[int], str], where: str) -> InputError:
    """Return the error of dates none of whose orders fits all, although each of them fits some."""
    usual = max(fits, key=lambda order: int(fits[order].sum()))
    against = int(fits[usual].argmin())
    other = next(order for order in fits if fits[order][against])
    place = int((fits[usual] & ~fits[other]).argmax())
    return InputError(
        f"{where}: the {usual} comes first in {cell(place)}, and the {other} in {cell(against)}; write all dates in "
        "the same way, best as 2020-01-31."
    )


def _ambiguous(dates: Mapping[First, Dates], cell: Callable[[int], str], where: str) -> InputError:
    """Return the error of dates of which several orders remain."""
    readings = np.stack([found.astype("datetime64[D]").astype(np.int64) for found in dates.values()])
    readings.sort(axis=0)
    place = int((np.diff(readings, axis=0) > 0).sum(axis=0).argmax())  # where they differ most
    days = " or ".join(str(found[place].astype("datetime64[D]")) for found in dates.values())
    mend = "say whether the day comes first with --dayfirst or --no-dayfirst (dayfirst=True or False in Python)"
    if "month" not in dates:
        mend = "say that the day comes first with --dayfirst (dayfirst=True in Python)"
    if "year" in dates:
        mend += ", or, if the year does, write it with four digits"
    return InputError(f"{where}: {cell(place)} may be {days}, and no date shows which; {mend}.")


def _seen(dates: Mapping[First, Dates], gap: float | None) -> tuple[First | None, str]:
    """Return the order that gives plausible dates alone, and what they are; None if none does, or two contradict."""
    near = [order for order, found in dates.items() if gap and 1 / ALIKE < usual_gap(found) / gap < ALIKE]
    if len(near) == 1:
        return near[0], "as far apart as earlier ones"
    densities = {order: _density(found) for order, found in dates.items()}
    turns = {order: _turns(found) for order, found in dates.items()}
    *_, second, dense = sorted(densities, key=densities.__getitem__)
    is_even = densities[dense] > DENSER * densities[second]
    ordered, unordered, *_ = sorted(turns, key=turns.__getitem__)
    may_be_sorted = SORTED * turns[ordered] <= len(dates[ordered])
    if is_even:
        contradicted = may_be_sorted and turns[dense] > turns[ordered]
        return (None, "") if contradicted else (dense, "evenly spaced")
    is_sorted = may_be_sorted and turns[unordered] - turns[ordered] > LEAST_TURNS
    return (ordered, "sorted") if is_sorted else (None, "")


def _density(found: Dates) -> float:
    """Return how many of the dates in even steps, between the first and the last date, are there; 0 if it is too few.

    Steps are those of time, or of months from one day to a similar one, as rows of the first day of each month have.
    """
    moments = np.unique(found)
    months = moments.astype("datetime64[M]")
    of_month = (moments.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    similar = np.abs(np.diff(of_month)) <= SIMILAR_DAYS
    by_time = _share_of_steps(moments.astype("datetime64[s]").astype(np.int64), similar | True, SECONDS_PER_DAY)
    return max(by_time, _share_of_steps(months.astype(np.int64), similar, 1))


def _share_of_steps(numbers: Integers, counted: NDArray[np.bool_], day: int) -> float:
    """Return the fraction that most of the steps, multiples of the most frequent one, make up of all; 0 if too few.

    Args:
        numbers: ascending numbers, [T].
        counted: which of the steps between them may be even, [T - 1].
        day: from which step on too few are none at all; bars of an exchange, less than a day apart, may be few.
    """
    steps = np.diff(numbers)
    found, counts = np.unique(steps[(steps > 0) & counted], return_counts=True)
    if not len(found):
        return 0.0
    step = int(found[counts.argmax()])
    even = int(counts[found % step == 0].sum())
    share = even * step / int(steps.sum())
    return share if even > EVEN * len(steps) and (step < day or share >= DENSE) else 0.0


def _turns(found: Dates) -> int:
    """Return how many steps between dates, in the order in which they first occur, go against the others."""
    _, first = np.unique(found, return_index=True)
    forwards = np.diff(found[np.sort(first)]) > np.timedelta64(0, "s")
    return min(int(forwards.sum()), int((~forwards).sum()))


def usual_gap(found: Dates) -> float:
    """Return the median number of days between dates; infinity if there is only one date."""
    gaps = np.diff(np.unique(found[~np.isnat(found)])) / np.timedelta64(1, "D")
    return float(np.median(gaps)) if len(gaps) else np.inf
