"""Both models in the searches, scores and pipelines of the real scikit-learn."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from recurra import Forecaster, InputError, LanguageModel

from ..forecasting.tables import SMALL, table

RING = list("abcde" * 12)
FOLDS = TimeSeriesSplit(3)


def wave(rows: int = 120) -> pd.DataFrame:
    t = np.arange(rows)
    return table(rows, y=10.0 + np.sin(t / 3) + 0.01 * t)


def model_and_data(kind: str) -> tuple[Any, Any]:
    if kind == "forecaster":
        return Forecaster("y", **SMALL | {"epochs": 4}), wave()
    return LanguageModel(units=8, epochs=30, learning_rate=0.05), RING


EACH = pytest.mark.parametrize("kind", ["forecaster", "language model"])


@EACH
def test_a_grid_search_finds_the_settings_that_learn_more(kind: str) -> None:
    model, data = model_and_data(kind)
    search = GridSearchCV(model, {"learning_rate": [1e-9, 0.02]}, cv=FOLDS, error_score="raise").fit(data)
    assert search.best_params_ == {"learning_rate": 0.02}
    check_is_fitted(search.best_estimator_)
    assert search.score(data[-20:] if kind == "language model" else wave(140)) == pytest.approx(
        search.best_estimator_.score(data[-20:] if kind == "language model" else wave(140))
    )


@EACH
def test_cross_validation_scores_each_fold_by_the_rows_after_those_it_was_fitted_on(kind: str) -> None:
    model, data = model_and_data(kind)
    scores = cross_val_score(model, data, cv=FOLDS, error_score="raise")
    expected = []
    for train, test in FOLDS.split(data):
        fitted = type(model)(**model.get_params())
        part = (
            (data.iloc[train], data.iloc[test])
            if kind == "forecaster"
            else (data[: len(train)], data[test[0] : test[-1] + 1])
        )
        expected.append(fitted.fit(part[0]).score(part[1]))
    assert scores.tolist() == pytest.approx(expected)


@EACH
def test_a_pipeline_ends_in_a_model(kind: str) -> None:
    model, data = model_and_data(kind)
    change = (lambda x: x.assign(y=2.0 * x["y"])) if kind == "forecaster" else (lambda x: [each.upper() for each in x])
    pipeline = Pipeline([("change", FunctionTransformer(change)), ("model", model)]).fit(data)
    found = pipeline.predict(data)
    if kind == "forecaster":
        pd.testing.assert_frame_equal(found, model.predict())
        assert found["forecast"][0] > 15.0
    else:
        assert found == "A"
    search = GridSearchCV(pipeline, {"model__units": [2, 3]}, cv=FOLDS, error_score="raise").fit(data)
    assert search.best_estimator_["model"].network_ is not None


@EACH
def test_scikit_learn_knows_whether_a_model_is_fitted_and_what_it_is(kind: str) -> None:
    model, data = model_and_data(kind)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)
    check_is_fitted(model.fit(data))
    tags = get_tags(model)
    assert tags.estimator_type is None
    assert not tags.target_tags.required


def test_a_target_apart_from_the_table_is_the_column_of_that_name() -> None:
    data = wave().rename(columns={"y": "sales"})
    together = Forecaster("sales", **SMALL).fit(data)
    apart = Forecaster("sales", **SMALL).fit(data.drop(columns="sales"), data["sales"])
    pd.testing.assert_frame_equal(apart.predict(), together.predict())
    more = wave(130).rename(columns={"y": "sales"})
    assert apart.score(more.drop(columns="sales"), more["sales"]) == together.score(more)
    unnamed = Forecaster(**SMALL).fit(data.drop(columns="sales"), data["sales"].to_numpy())
    assert unnamed.context_.target == "y"
    scores = cross_val_score(Forecaster("sales", **SMALL), data.drop(columns="sales"), data["sales"], cv=FOLDS)
    assert np.isfinite(scores).all()
    with pytest.raises(InputError, match="y was given, but the data is not a DataFrame without the column 'sales'"):
        Forecaster("sales", **SMALL).fit(data, data["sales"])
    with pytest.raises(InputError, match="y was given; the targets are the next symbols of the sequence"):
        LanguageModel().fit(RING, RING)  # type: ignore[arg-type]
