"""What a score is compared with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier

from recurra.errors import InputError
from recurra.evaluation.baselines import most_frequent_accuracy


@pytest.mark.parametrize(
    ("symbols", "accuracy"),
    [
        ("a", 1.0),
        ("bcdea", 0.2),
        ("aab", 2 / 3),
        (["to", "be", "or", "not", "to", "be"], 2 / 6),
    ],
)
def test_always_predicting_the_most_frequent_symbol_is_right_as_often_as_it_comes(symbols, accuracy):
    assert most_frequent_accuracy(symbols) == pytest.approx(accuracy)


@given(st.lists(st.sampled_from(["a", "b", "c", "dd"]), min_size=1, max_size=30))
@settings(deadline=None)
def test_it_scores_what_scikit_learns_dummy_scores(symbols):
    inputs = np.zeros((len(symbols), 1))
    dummy = DummyClassifier(strategy="most_frequent").fit(inputs, symbols)
    assert most_frequent_accuracy(symbols) == pytest.approx(dummy.score(inputs, symbols))


def test_without_symbols_there_is_nothing_to_score():
    with pytest.raises(InputError, match="no symbols to predict"):
        most_frequent_accuracy("")
