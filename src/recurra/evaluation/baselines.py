"""Predictions that need no model: what a score has to be compared with."""

from collections import Counter
from collections.abc import Sequence

from recurra.errors import InputError


def most_frequent_accuracy(symbols: Sequence[str], training: Sequence[str]) -> float:
    """The accuracy of always predicting the symbol that is most frequent in training.

    Args:
        symbols: what is to be predicted, one symbol each time.
        training: what was to be predicted in training.

    Raises:
        InputError: one of them is empty.
    """
    if not symbols or not training:
        raise InputError("there is nothing to score: no symbols to predict.")
    most_frequent = Counter(training).most_common(1)[0][0]
    return sum(symbol == most_frequent for symbol in symbols) / len(symbols)
