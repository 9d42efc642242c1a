"""An argument of the wrong type is an InputError of one line that is a TypeError too, from every public function."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import recurra
from recurra import Forecaster, InputError, LanguageModel
from recurra.language.vocabulary import Vocabulary
from recurra.nn import from_keras, to_keras
from recurra.training import Progress, Run, TensorSamples, TrainingOptions, train

TABLE = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=40), "y": np.arange(40.0) % 5})
TEXT = "abcde" * 4
wrong_text: Any = "many"
X, LINEAR, MSE, OPTIONS = torch.ones(4, 2), nn.Linear(2, 2), nn.functional.mse_loss, TrainingOptions(epochs=1)


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return Forecaster(epochs=1, units=4, window=4, validation=8).fit(TABLE)


@pytest.fixture(scope="module", params=[None, "?"])
def language_model(request: pytest.FixtureRequest) -> LanguageModel:
    return LanguageModel(units=4, epochs=1, unknown=request.param).fit(TEXT)


FORECASTERS: dict[str, Callable[[Any], object]] = {
    "fit run": lambda m: m.fit(TABLE, run="runs/a"),
    "fit callbacks": lambda m: m.fit(TABLE, callbacks=3),
    "fit callback": lambda m: m.fit(TABLE, callbacks=Progress()),
    "fit callback 0": lambda m: m.fit(TABLE, callbacks=[3]),
    "fit save_every_seconds": lambda m: m.fit(TABLE, save_every_seconds="often"),
    "prepare run": lambda m: m.prepare(TABLE, run="runs/a"),
    "predict levels": lambda m: m.predict(levels=90),
    "predict levels text": lambda m: m.predict(levels="90"),
    "predict levels None": lambda m: m.predict(levels=[None]),
    "backtest step": lambda m: m.backtest(TABLE, step="a"),
    "backtest folds": lambda m: m.backtest(TABLE, folds=None),
    "backtest refit": lambda m: m.backtest(TABLE, refit="perhaps"),
    "backtest statistical": lambda m: m.backtest(TABLE, statistical=3.5),
    "backtest levels": lambda m: m.backtest(TABLE, levels=90),
    "evaluate origins": lambda m: m.evaluate(TABLE, 5),
    "evaluate origins text": lambda m: m.evaluate(TABLE, "a"),
    "evaluate levels": lambda m: m.evaluate(TABLE, levels=[[90]]),
    "permutation_importance n_repeats": lambda m: m.permutation_importance(TABLE, n_repeats="many"),
    "score": lambda m: m.score(None),
    "update_context": lambda m: m.update_context(3),
    "save": lambda m: m.save(None),
    "load": lambda m: m.load(3),
    "units": lambda m: Forecaster(units=wrong_text).fit(TABLE),
}
LANGUAGE_MODELS: dict[str, Callable[[Any], object]] = {
    "fit": lambda m: m.fit(123),
    "fit None": lambda m: m.fit(None),
    "fit numbers": lambda m: m.fit([1, 2, 3, 4, 5, 6, 7]),
    "fit bytes": lambda m: m.fit(b"abcdefgh"),
    "fit run": lambda m: m.fit(TEXT, run=3),
    "fit callbacks": lambda m: m.fit(TEXT, callbacks="ab"),
    "predict": lambda m: m.predict(5),
    "predict numbers": lambda m: m.predict([1] * 9),
    "predict lists": lambda m: m.predict([[1]] * 9),
    "predict_many": lambda m: m.predict_many(3),
    "predict_many numbers": lambda m: m.predict_many([3]),
    "predict_proba": lambda m: m.predict_proba(None),
    "score": lambda m: m.score(3),
    "score lists": lambda m: m.score([[1]] * 9),
    "save": lambda m: m.save(3),
    "load": lambda m: m.load({}),
    "decode": lambda m: m.vocabulary_.decode(3),
    "decode text": lambda m: m.vocabulary_.decode(["a"]),
    "decode fractions": lambda m: m.vocabulary_.decode([1.5]),
    "encode": lambda m: m.vocabulary_.encode(3),
    "to_keras": lambda m: to_keras(m.network_, 3),  # type: ignore[arg-type]
}
wrong: Any = 3  # of another type than any of these takes
FUNCTIONS: dict[str, Callable[[], object]] = {
    "load": lambda: recurra.load(wrong),
    "load bytes": lambda: recurra.load(b"model"),  # type: ignore[arg-type]
    "Run": lambda: Run(wrong),
    "Vocabulary": lambda: Vocabulary(wrong),
    "Vocabulary numbers": lambda: Vocabulary([wrong]),
    "from_keras": lambda: from_keras(wrong),
    "from_keras network": lambda: from_keras("a.weights.h5", wrong),
    "to_keras network": lambda: to_keras(wrong, "a.weights.h5"),
    "train network": lambda: train(wrong, (X, X), loss=MSE, options=OPTIONS),
    "train data": lambda: train(LINEAR, wrong, loss=MSE, options=OPTIONS),
    "train data alone": lambda: train(LINEAR, X, loss=MSE, options=OPTIONS),  # type: ignore[arg-type]
    "train data numbers": lambda: train(LINEAR, (wrong, wrong), loss=MSE, options=OPTIONS),
    "train validation": lambda: train(LINEAR, (X, X), loss=MSE, options=OPTIONS, validation=wrong),
    "train loss": lambda: train(LINEAR, (X, X), loss=wrong, options=OPTIONS),
    "train options": lambda: train(LINEAR, (X, X), loss=MSE, options=wrong),
    "train epochs": lambda: train(LINEAR, (X, X), loss=MSE, options=TrainingOptions(epochs="ten")),  # type: ignore[arg-type]
    "train metrics": lambda: train(LINEAR, (X, X), loss=MSE, options=OPTIONS, metrics=wrong),
    "train metric": lambda: train(LINEAR, (X, X), loss=MSE, options=OPTIONS, metrics={"a": wrong}),
    "train callbacks": lambda: train(LINEAR, (X, X), loss=MSE, options=OPTIONS, callbacks=wrong),
    "train callback": lambda: train(LINEAR, (X, X), loss=MSE, options=OPTIONS, callbacks=[wrong]),
    "train state": lambda: train(LINEAR, (X, X), loss=MSE, options=OPTIONS, state=wrong),
    "TensorSamples mask": lambda: TensorSamples(X, X, wrong),
}


def check_refused(act: Callable[[], object]) -> None:
    with pytest.raises(InputError) as caught:
        act()
    assert isinstance(caught.value, TypeError)
    assert len(str(caught.value)) <= 500
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", FORECASTERS)
def test_methods_of_a_forecaster(name: str, forecaster: Forecaster) -> None:
    check_refused(lambda: FORECASTERS[name](forecaster))


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_methods_of_a_language_model(name: str, language_model: LanguageModel) -> None:
    check_refused(lambda: LANGUAGE_MODELS[name](language_model))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    check_refused(FUNCTIONS[name])


def test_cells_that_are_no_mapping(forecaster: Forecaster, tmp_path: Path) -> None:
    forecaster.save(tmp_path / "model.safetensors")
    check_refused(lambda: recurra.load(tmp_path / "model.safetensors", cells=wrong))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: train(LINEAR, (X, X[:2]), loss=MSE, options=OPTIONS), "target has the shape (2, 2), and x (4, 2)"),
        (lambda: train(LINEAR, (X, X), loss=MSE, options=TrainingOptions(epochs=0)), "epochs is 0"),
        (lambda: Run("runs", "read-only"), "the mode is 'read-only'; expected one of new, resume, overwrite, read"),  # type: ignore[arg-type]
        (lambda: Forecaster().fit(TABLE, save_every_seconds=-1.0), "save_every_seconds is -1.0"),
        (lambda: Forecaster().backtest(TABLE, folds=0), "folds is 0; expected at least 1"),
    ],
)
def test_a_value_out_of_range_is_named(act: Callable[[], object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        act()
    assert words in str(caught.value)
    assert not isinstance(caught.value, TypeError)


@pytest.mark.parametrize("path", ["a\0b", "x" * 300, "\0.weights.h5"])
def test_a_path_that_no_file_can_have_is_one_line(
    path: str, language_model: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for act in (language_model.save, recurra.load, Run, from_keras, lambda path: Run(path, "new")):
        with pytest.raises(InputError, match=r"no file can have this path \(") as caught:
            act(path)
        assert str(caught.value).isprintable()


def test_callbacks_may_come_from_any_list() -> None:
    class Count(Progress):
        epochs = 0

        def on_epoch_end(self, state: Any) -> None:
            self.epochs += 1

    kinds: list[Any] = [list, tuple, iter]
    for of in kinds:
        count = Count()
        LanguageModel(units=2, epochs=3).fit(TEXT, callbacks=of([count]))
        assert count.epochs == 3
