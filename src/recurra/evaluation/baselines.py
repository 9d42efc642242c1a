"""Predictions that need no model: what a score has to be compared with."""

from collections import Counter
from collections.abc import Sequence

from recurra.errors import InputError


def most_frequent_accuracy(symbols: Sequence[str]) -> float:
    """The accuracy of always predicting the most frequent of the symbols that are to be predicted.

    Args:
        symbols: what is to be predicted, one symbol each time.

    Raises:
        InputError: there are none.
    """
    if not symbols:
        raise InputError("there is nothing to score: no symbols to predict.")
    return Counter(symbols).most_common(1)[0][1] / len(symbols)
