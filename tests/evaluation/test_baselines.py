"""What a score is compared with."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier

from recurra.errors import InputError
from recurra.evaluation.baselines import most_frequent_accuracy


@pytest.mark.parametrize(
    ("symbols", "training", "accuracy"),
    [
        ("a", "a", 1.0),
        ("bcdea", "bcdea", 0.2),
        ("aab", "aab", 2 / 3),
        ("bba", "aab", 1 / 3),  # what is most frequent is learnt in training
        (["to", "be", "or", "not", "to", "be"], ["to"], 2 / 6),
        ("bbb", "a", 0.0),
    ],
)
def test_always_predicting_the_most_frequent_symbol_is_right_as_often_as_it_comes(symbols, training, accuracy):
    assert most_frequent_accuracy(symbols, training) == pytest.approx(accuracy)


SYMBOLS = st.lists(st.sampled_from(["a", "b", "c", "dd"]), min_size=1, max_size=30)


@given(SYMBOLS, SYMBOLS)
@settings(deadline=None)
def test_it_scores_what_scikit_learns_dummy_scores(symbols, training):
    counts = sorted(map(training.count, set(training)))
    assume(counts[-1:] != counts[-2:-1])  # which of two as frequent ones is taken, is left open
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((len(training), 1)), training)
    expected = dummy.score(np.zeros((len(symbols), 1)), symbols)
    assert most_frequent_accuracy(symbols, training) == pytest.approx(expected)


def test_without_symbols_there_is_nothing_to_score():
    with pytest.raises(InputError, match="no symbols to predict"):
        most_frequent_accuracy("", "a")
