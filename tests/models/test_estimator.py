"""The manners of scikit-learn, judged by scikit-learn where it can."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from recurra import Forecaster, LanguageModel
from recurra.errors import InputError
from recurra.models.estimator import Estimator, NotFittedError

PARAMETERS = {"cell": "lstm", "units": [4, 5], "window": 2, "epochs": 2, "validation": 0.25, "seed": 1}


class Scale(Estimator):
    """The smallest estimator."""

    def __init__(self, *, factor=1.0, offset=None):
        self.factor, self.offset = factor, offset


def test_get_params_gives_the_constructor_arguments():
    assert Scale(factor=3).get_params() == {"factor": 3, "offset": None}
    assert Scale(factor=3).get_params(deep=False) == {"factor": 3, "offset": None}


@pytest.mark.parametrize("kind", [LanguageModel, Forecaster])
def test_the_constructor_keeps_every_parameter_as_it_was_given(kind):
    given = {name: object() for name in kind().get_params()}
    model = kind(**given)
    assert all(getattr(model, name) is value for name, value in given.items())
    assert all(model.get_params()[name] is value for name, value in given.items())


def test_fit_keeps_every_parameter_as_it_was_given():
    units = (3, np.int64(2))
    model = LanguageModel(units=units, epochs=1)
    before = model.get_params()
    model.fit("abcabc")
    assert model.units is units
    assert model.get_params() == before


def test_a_forecasters_fit_keeps_every_parameter_as_it_was_given_and_scikit_learn_clones_it():
    table = pd.DataFrame({"date": pd.date_range("2020-01-01", periods=40), "y": np.sin(np.arange(40.0))})
    units, scaling = (3, np.int64(2)), ("standard",)
    model = Forecaster(units=units, scaling=scaling, window=5, epochs=1, validation=0.25, future_covariates="none")
    before = model.get_params()
    assert model.fit(table) is model
    assert model.units is units
    assert model.scaling is scaling
    assert model.get_params() == before
    copy = clone(model)
    assert type(copy) is Forecaster
    assert copy.get_params() == before
    with pytest.raises(NotFittedError):
        copy.predict()
    assert copy.fit(table).predict()["forecast"][0] == model.predict()["forecast"][0]
    assert vars(model).keys() - before.keys() == {"predictor_", "history_", "best_epoch_"}
    assert (model.network_, model.context_) == (model.predictor_.network, model.predictor_.context)
    assert (model.settings_, model.cutoff_) == (model.predictor_.settings, model.predictor_.cutoff)


def test_set_params_changes_them_and_returns_the_model():
    model = Scale()
    assert model.set_params(factor=2, offset="x") is model
    assert model.get_params() == {"factor": 2, "offset": "x"}
    assert model.set_params() is model


def test_set_params_refuses_an_unknown_parameter_and_names_the_nearest():
    with pytest.raises(InputError) as error:
        Scale().set_params(facto=2)
    assert str(error.value) == "Scale has no parameter 'facto'; did you mean 'factor'?"


def test_a_constructor_names_the_nearest_argument_to_an_unknown_one():
    for model, unknown, meant in ((Forecaster, "unit", "units"), (LanguageModel, "wndow", "window")):
        with pytest.raises(InputError) as error:
            model(**{unknown: 3})
        assert str(error.value) == f"{model.__name__} has no argument {unknown!r}; did you mean {meant!r}?"
        assert isinstance(error.value, TypeError)


def test_scikit_learn_clones_a_model_without_what_it_learnt():
    model = LanguageModel(**PARAMETERS).fit("abcabcabcabc")
    copy = clone(model)
    assert type(copy) is LanguageModel
    assert copy.get_params() == model.get_params() == LanguageModel(**PARAMETERS).get_params()
    with pytest.raises(NotFittedError):
        copy.predict("ab")
    assert copy.fit("abcabcabcabc").predict_proba("ab") == model.predict_proba("ab")


def test_a_parameter_that_is_set_after_fit_counts_from_the_next_fit_on():
    model = LanguageModel(window=2, epochs=1).fit("abcabc").set_params(window=3)
    assert model.predict("ab") in "abc"
    with pytest.raises(InputError, match="a window of 3 symbols is needed"):
        model.fit("abcabc").predict("ab")


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        (Scale(), "Scale()"),
        (Scale(factor=1.0), "Scale()"),
        (Scale(offset="x"), "Scale(offset='x')"),
        (LanguageModel(), "LanguageModel()"),
        (LanguageModel(units=(80, 100), cell="gru", seed=7), "LanguageModel(cell='gru', units=(80, 100))"),
    ],
)
def test_repr_shows_only_the_parameters_that_were_changed(model, shown):
    assert repr(model) == shown


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, _: model.predict("a"),
        lambda model, _: model.predict_many(["a"]),
        lambda model, _: model.predict_many([]),
        lambda model, _: model.predict_proba("a"),
        lambda model, _: model.score("ab"),
        lambda model, folder: model.save(folder / "model.safetensors"),
    ],
    ids=["predict", "predict_many", "predict_many nothing", "predict_proba", "score", "save"],
)
def test_a_model_that_is_not_fitted_says_so(ask, tmp_path):
    with pytest.raises(NotFittedError, match=r"this LanguageModel is not fitted yet; call fit, or recurra\.load"):
        ask(LanguageModel(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_learnt_attributes_end_in_an_underscore_and_come_with_fit():
    model = LanguageModel(epochs=1)
    before = set(vars(model))
    assert model.fit("abcabc") is model
    learnt = set(vars(model)) - before
    assert {"vocabulary_", "network_", "history_", "best_epoch_"} <= learnt
    assert all(name.endswith("_") for name in learnt)
