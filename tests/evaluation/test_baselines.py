"""What a score is compared with."""

import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier

from recurra.errors import InputError
from recurra.evaluation.baselines import most_frequent_accuracy, naive_forecasts, statistical_forecasts


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


VALUES = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(VALUES, min_size=10, max_size=40), st.data())
@settings(deadline=None)
def test_no_naive_forecast_sees_what_comes_at_or_after_its_origin(y: list[float], data: st.DataObject) -> None:
    origin = data.draw(st.integers(1, len(y) - 1))
    horizon, season = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    other = [*y[:origin], *data.draw(st.lists(VALUES, min_size=len(y) - origin, max_size=len(y) - origin))]
    given_, changed = (naive_forecasts(np.array(v), np.array([origin]), horizon, season) for v in (y, other))
    assert given_.keys() == changed.keys()
    for name, values in given_.items():
        assert values.shape == (1, horizon)
        np.testing.assert_array_equal(values, changed[name], err_msg=name)


def test_each_naive_forecast_is_what_its_name_says() -> None:
    forecasts = naive_forecasts(np.array([1.0, 2.0, 4.0, 8.0, 16.0, 99.0]), np.array([3, 5]), horizon=3, season=2)
    assert forecasts["persistence"].tolist() == [[4, 4, 4], [16, 16, 16]]
    assert forecasts["seasonal naive"].tolist() == [[2, 4, 2], [8, 16, 8]]
    assert forecasts["drift"].tolist() == [[5.5, 7.0, 8.5], [19.75, 23.5, 27.25]]  # 3 in 2 rows, 15 in 4


def test_before_the_first_season_is_over_the_seasonal_forecast_is_the_last_value() -> None:
    found = naive_forecasts(np.arange(9.0), np.array([3, 5]), 2, season=4)
    assert found["seasonal naive"].tolist() == [[2.0, 2.0], [1.0, 2.0]]
    assert "seasonal naive" not in naive_forecasts(np.arange(9.0), np.array([3, 5]), 2, season=1)  # it is persistence


@given(st.floats(-5, 5), st.floats(-100, 100), st.integers(2, 20), st.integers(1, 5))
def test_the_drift_of_a_line_is_the_line(slope: float, begin: float, origin: int, horizon: int) -> None:
    line = begin + slope * np.arange(30)
    drift = naive_forecasts(line, np.array([origin]), horizon, 1)["drift"][0]
    np.testing.assert_allclose(drift, line[origin : origin + horizon], atol=1e-9)


@pytest.mark.filterwarnings("default")  # statsforecast's own
def test_the_statistical_forecasts_are_those_of_statsforecast_and_see_no_future() -> None:
    models = pytest.importorskip("statsforecast.models")
    t = np.arange(60)
    y = 50 + 0.5 * t + 8 * np.sin(2 * np.pi * t / 12) + np.random.default_rng(1).normal(0, 1, 60)
    origins = np.array([40, 44])
    forecasts = statistical_forecasts(y, origins, horizon=6, season=12)
    assert set(forecasts) == {"AutoETS", "AutoARIMA", "Theta"}
    own = models.AutoETS(season_length=12).fit(y[:40]).predict(6)["mean"]
    np.testing.assert_allclose(forecasts["AutoETS"][0], own)
    planted = statistical_forecasts(np.concatenate([y[:44], y[44:] + 1e6]), origins, horizon=6, season=12)
    for name, values in forecasts.items():
        np.testing.assert_array_equal(values, planted[name], err_msg=name)


def test_without_statsforecast_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast.models", None)
    with pytest.raises(InputError, match=r"pip install 'recurra\[baselines\]'"):
        statistical_forecasts(np.arange(20.0), np.array([10]), 1, 1)
