"""What a forecaster says of invalid settings, tables and questions."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError
from recurra.models.estimator import NotFittedError
from recurra.tables.table_builder import make_table
from recurra.training import Run

from .tables import SMALL, long, table


def test_rows_that_were_trained_on_are_not_scored() -> None:
    data = table(60)
    model = Forecaster(horizon=5, **SMALL).fit(data[:57])
    with pytest.raises(InputError, match=r"only 3 rows are later than 2020-02-26, .* a horizon of 5 needs 5: give"):
        model.evaluate(data)
    for ask in (model.evaluate, model.score):
        with pytest.raises(InputError, match="has no rows after 2020-02-26, the last training row; scores on training"):
            ask(data[:57])
    with pytest.raises(InputError, match="an origin is 2020-01-31, and the last training row 2020-02-26; scores on"):
        model.evaluate(data, [np.arange(30, 40)])
    assert len(model.evaluate(table(65), [np.arange(57, 61)]).predictions) == 4 * 5
    model = Forecaster(horizon=5, missing="error", **SMALL).fit(data[:57])
    absent = pytest.warns(UserWarning, match="56 absent dates, the first 2020-01-02, are skipped")
    with absent:  # the rows between are absent
        assert len(model.evaluate(table(65).drop(index=range(1, 57))).predictions) == 2 * 5


def test_rows_that_are_not_newer_are_told_by_their_dates() -> None:
    data = table(60)
    model = Forecaster(horizon=2, **SMALL).fit(data[:57])  # 2020-02-26
    with pytest.raises(
        InputError, match="its last date, 2020-01-05, is before the last that the model has seen, 2020-02-"
    ):
        model.predict(data[:5])
    assert len(model.predict(data[:30])) == 2  # enough rows for a window of their own
    model.update_context(data)
    assert len(model.evaluate(data[57:]).predictions) == 2 * 2  # from the rows that the model remembers


def test_a_model_that_is_not_fitted_says_so(tmp_path: Path) -> None:
    for ask in (
        lambda model: model.predict(),
        lambda model: model.score(table()),
        lambda model: model.evaluate(table()),
        lambda model: model.update_context(table()),
        lambda model: model.save(tmp_path / "m"),
    ):
        with pytest.raises(NotFittedError, match="this Forecaster is not fitted yet"):
            ask(Forecaster())
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("arguments", "data", "message"),
    [
        ({"window": 60, "horizon": 5}, table(60), r"training part has 60 rows; a window of 60 .* at least 65 there"),
        (
            {"window": 6, "validation": 3, "horizon": 5, "scaling": "standard"},
            table(60),
            "the validation part has 3 rows, and a horizon of 5 needs at least as many",
        ),
        ({"window": 6, "horizon": 5}, long({"a": 10, "b": 9}), "training part of series 'a' has 10 rows; .* 11"),
        (
            {"scaling": ["log"]},
            table(40, v=37.0 - np.arange(40)),
            "'v' is -1 on 2020-02-08, and scaling log takes no negative values",
        ),
        ({"scaling": "divide-last"}, table(40, v=np.zeros(40)), "'v' is 0 on 2020-01-01, and scaling divide-last tak"),
        ({"scaling": ["standard", "log"]}, table(), "scaling is .* expected each of these at most once and in this"),
        ({"residual": "volume"}, table(), "residual is 'volume'; expected auto, last, seasonal, none"),
        ({"target": "prize"}, table(), r"no column 'prize' for the target \(did you mean 'price'\?\)"),
        ({"units": 0}, table(), "units is .*; expected at least one layer"),
        ({"units": 10**9}, table(), "1000000000 units would take 12 EB; .* Choose smaller sizes"),
        ({"device": "cuda:7"}, table(), "device 'cuda:7' cannot be used here"),
        ({"validation": 1.5}, table(), "validation is 1.5"),
        ({"future_covariates": ["price"]}, table(), "the column 'price' is used twice"),
    ],
)
def test_each_fault_is_one_sentence_before_training(
    arguments: dict[str, Any], data: pd.DataFrame, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Forecaster(**{"epochs": 1, **arguments}).prepare(data)


def test_what_cannot_be_asked_of_a_fitted_model_is_said() -> None:
    model = Forecaster(loss="mse", **SMALL).fit(long({"a": 30, "b": 30}))
    with pytest.raises(
        InputError, match="the table has no series ids, and the training data has 'a', 'b'; add the col"
    ):
        model.predict(table(30, y=np.arange(30.0)))
    single = Forecaster(loss="mse", **SMALL).fit(table(30, y=np.arange(30.0)))
    with pytest.raises(InputError, match="the table has the series 'c', and the training data has no ids; give one"):
        single.predict(long({"c": 30}))
    with pytest.raises(InputError, match="this model was trained without one; train it with validation"):
        model.predict(levels=[90])
    calibrated = Forecaster(validation=10, loss="mse", **SMALL).fit(table())
    with pytest.raises(
        InputError, match="an interval of 95 % needs 19 validation forecasts per step, and there are 10; make"
    ):
        calibrated.predict(levels=[95])
    with pytest.raises(InputError, match="folds is 0"):
        calibrated.backtest(table(), folds=0)
    with pytest.raises(InputError, match="horizon is 0"):
        Forecaster(horizon=0).backtest(table())


def test_series_that_end_on_different_days_are_each_compared_with_their_own_last_training_row() -> None:
    data = pd.concat([long({"a": 60}), long({"b": 60}).assign(ds=pd.date_range("2019-10-01", periods=60))])
    earlier = data.groupby("unique_id").head(50)
    model = Forecaster(**SMALL).fit(earlier)
    evaluation = model.evaluate(data)
    assert evaluation.predictions.groupby("unique_id").size().tolist() == [10, 10]
    assert model.cutoff_ == pd.Timestamp("2020-02-19")
    with pytest.raises(InputError, match="an origin is 2019-11-19, and the last training row 2019-11-19; scores on"):
        model.evaluate(data, [np.arange(50, 60), np.arange(49, 60)])


@pytest.mark.parametrize(
    ("origins", "message"),
    [
        ([np.array([64])], "an origin is row 64, which has 65 rows; 2 of them are needed from each origin on"),
        ([np.array([], dtype=np.int64)], "no origin was given; at least one is needed"),
        ([np.array([60]), np.array([60])], "origins of 2 series were given, and it has 1"),
        ([[60]], r"origins are expected as a 1-D array of row indices; found \[60\]"),
        ([np.array([60.0])], "origins are expected as a 1-D array of row indices"),
        ([np.array([62, 2])], "a forecast needs 3 rows before it, and one has 2"),
    ],
)
def test_origins_that_cannot_be_are_named(origins: Any, message: str) -> None:
    model = Forecaster(horizon=2, **SMALL).fit(table(57))
    with pytest.raises(InputError, match=message):
        model.evaluate(table(65), origins)


def test_what_was_prepared_otherwise_is_refused(tmp_path: Path) -> None:
    prepared = Forecaster(**SMALL).prepare(table())
    with pytest.raises(InputError, match="Forecaster: the data was prepared with other parameters; call prepare again"):
        Forecaster(**{**SMALL, "units": 7}).fit(prepared)
    with pytest.raises(InputError, match="y was given with prepared data"):
        Forecaster(**SMALL).fit(prepared, np.zeros(3))
    known = table(60, y=np.arange(60.0), holiday=np.arange(60.0) % 2)
    model = Forecaster("y", future_covariates="holiday", **SMALL)
    with Run(tmp_path / "run", "new") as run:
        run.record(settings={"epochs": 1})  # as a run of format 1 began
        with pytest.raises(InputError, match=r"was prepared for another run; call prepare\(data, run=run\) with this"):
            model.fit(model.prepare(known), run=run)


def test_newer_rows_are_of_the_same_series_and_columns() -> None:
    model = Forecaster(**SMALL).fit(long({"a": 30, "b": 40}))
    assert model.update_context(long({"b": 45})).predict()["unique_id"].tolist() == ["a", "b"]
    with pytest.raises(InputError, match="its columns are 'v', 'w'; the model was fitted to 'y', in this order"):
        model.predict(make_table(table(30, v=np.arange(30.0), w=np.ones(30)), target="v", past_covariates="w"))


@pytest.mark.parametrize("scaling", ["standard", "minmax", "subtract-last", "none"])
def test_a_value_far_from_those_of_training_is_named_and_no_forecast_is_made_of_it(scaling: str) -> None:
    days = pd.date_range("2024-01-01", periods=40)
    frame = pd.DataFrame({"ds": days, "y": [float(number % 5) for number in range(40)]})
    model = Forecaster(epochs=1, units=4, window=3, scaling=scaling).fit(frame[:30])
    frame.loc[34, "y"] = 1e30
    for act in (model.predict, model.evaluate):
        with pytest.raises(InputError, match=r"column 'y' is 1e\+30 on 2024-02-04, more than 1e\+15 times"):
            act(frame)
