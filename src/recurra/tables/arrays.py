"""Types of NumPy arrays, and indices of parts that stand one below the other in an array."""

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
AT_ONCE = 100_000  # rows that one step works on: arrays of them fit into a cache
Array = TypeVar("Array", bound=NDArray[Any])


def starts_of(counts: Integers) -> Integers:
    """Return where parts of `counts` [S] rows start, and where the last one ends, [S + 1].

    >>> starts_of(np.array([3, 2])).tolist()
    [0, 3, 5]
    """
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def ranges(counts: Integers) -> Integers:
    """Return 0, 1, …, count - 1 for each count, concatenated.

    >>> ranges(np.array([3, 2])).tolist()
    [0, 1, 2, 0, 1]
    """
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def rows_of(firsts: Integers, counts: Integers) -> Integers:
    """Return the rows of parts of `counts` [S] rows that begin at the rows `firsts` [S].

    >>> rows_of(np.array([0, 7]), np.array([2, 3])).tolist()
    [0, 1, 7, 8, 9]
    """
    if len(firsts) == 1:
        return np.arange(firsts[0], firsts[0] + counts[0])
    rows = np.repeat(firsts - starts_of(counts)[:-1], counts)
    rows += np.arange(len(rows))
    return rows


def selection(firsts: Integers, counts: Integers) -> Integers | slice:
    """Return what selects the rows of `rows_of`: a slice, which copies nothing, if the parts touch each other.

    >>> selection(np.array([0, 2]), np.array([2, 3]))
    slice(0, 5, None)
    """
    if len(firsts) and (firsts[1:] == firsts[:-1] + counts[:-1]).all():
        return slice(int(firsts[0]), int(firsts[-1] + counts[-1]))
    return rows_of(firsts, counts)


def interleaved(first: Array, counts: Integers, second: Array, others: Integers) -> Array:
    """Return for each series its rows of one array, and then its rows of another.

    Args:
        first: the first rows of the series, one series after another, [L, ...].
        counts: number of them of each series, [S].
        second: the rows that follow, [M, ...].
        others: number of them of each series, [S].

    >>> interleaved(np.array([1, 2, 3]), np.array([2, 1]), np.array([8, 9]), np.array([1, 1])).tolist()
    [1, 2, 8, 3, 9]
    """
    starts = starts_of(counts + others)[:-1]
    whole = np.empty((len(first) + len(second), *first.shape[1:]), dtype=first.dtype)
    whole[rows_of(starts, counts)] = first
    whole[rows_of(starts + counts, others)] = second
    return whole  # type: ignore[return-value]


def are_counts(values: Floats) -> bool:
    """Return whether all values are counts.

    >>> are_counts(np.array([0.0, 3.0])), are_counts(np.array([0.5, 3.0])), are_counts(np.array([-1.0, 3.0]))
    (True, False, False)
    """
    return bool(((values >= 0.0) & (values == values.round())).all())


def of_equal_length(values: Array, counts: Integers) -> Iterator[tuple[Integers, Array]]:
    """Return parts that stand one below the other, parts of the same length at once, as many as fit into a cache.

    Args:
        values: the parts, [L, C].
        counts: number of rows of each part, [S].

    Returns:
        For each length T, the places of parts of this length [G], and these parts [G, T, C], more than once if there
        are many of them.

    >>> for places, parts in of_equal_length(np.array([[1.0], [2.0], [3.0], [4.0], [5.0]]), np.array([2, 1, 2])):
    ...     print(places.tolist(), parts[:, :, 0].tolist())
    [1] [[3.0]]
    [0, 2] [[1.0, 2.0], [4.0, 5.0]]
    """
    starts = starts_of(counts)[:-1]
    for count in np.unique(counts).tolist():
        every, most = np.flatnonzero(counts == count), max(AT_ONCE // max(count, 1), 1)
        for places in np.split(every, range(most, len(every), most)):
            rows = selection(starts[places], counts[places])
            yield places, values[rows].reshape(len(places), count, values.shape[1])  # type: ignore[misc]
