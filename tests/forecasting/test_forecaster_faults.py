"""What a forecaster says of invalid settings, tables and questions."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError
from recurra.models.estimator import NotFittedError

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
    with pytest.raises(InputError, match="has 9 rows; a window and the horizon after it need at least 11"):
        Forecaster(horizon=5, **SMALL).fit(long({"a": 30})).evaluate(long({"c": 39})[30:])


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
            {"window": 6, "validation": 3, "horizon": 5},
            table(60),
            "the validation part has 3 rows, and a horizon of 5 needs at least as many",
        ),
        ({"window": 6, "horizon": 5}, long({"a": 10, "b": 9}), "training part of series 'a' has 10 rows; .* 11"),
        ({"scaling": ["log"]}, table(40, v=37.0 - np.arange(40)), "'v' is 0 on 2020-02-07, and scaling log takes pos"),
        ({"scaling": "divide-last"}, table(40, v=np.zeros(40)), "'v' is 0 on 2020-01-01, and scaling divide-last tak"),
        ({"scaling": ["standard", "log"]}, table(), "scaling is .* expected each of these at most once and in this"),
        ({"residual": "volume"}, table(), "residual is 'volume'; expected auto, last, seasonal, none"),
        ({"target": "prize"}, table(), r"no column 'prize' for the target \(did you mean 'price'\?\)"),
        ({"units": 0}, table(), "units is .*; expected at least one layer"),
        ({"units": 10**9}, table(), "a network of units=.* cannot be made here .*; use fewer"),
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
    model = Forecaster(**SMALL).fit(long({"a": 30, "b": 30}))
    with pytest.raises(InputError, match="the series 'c' was not in the training data; it has 'a', 'b'"):
        model.predict(long({"c": 30}))
    with pytest.raises(InputError, match="this model was trained without one; train it with validation"):
        model.predict(levels=[90])
    calibrated = Forecaster(validation=10, **SMALL).fit(table())
    with pytest.raises(InputError, match=r"an interval of 95 % needs at least 19 forecasts .* there are 10"):
        calibrated.predict(levels=[95])
    with pytest.raises(InputError, match="folds is 0"):
        calibrated.backtest(table(), folds=0)
    with pytest.raises(InputError, match="horizon is 0"):
        Forecaster(horizon=0).backtest(table())
