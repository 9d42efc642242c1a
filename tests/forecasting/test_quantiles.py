"""Losses that predict quantiles: in the units of the table, from a sensible beginning, and counts where counts are."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError
from recurra.evaluation.predictions import Forecasts
from recurra.tables.origins import Origins

from .tables import SMALL, days, table

COUNTED: dict[str, Any] = {"loss": "negative-binomial", "scaling": "divide-mean"}


def next_forecasts(model: Forecaster) -> Forecasts:
    predictor = model.predictor_
    return predictor.forecast(predictor.context, Origins.after_last(predictor.context))


def counts(rows: int, **means: float) -> pd.DataFrame:
    """Series of counts with these means and the variance mean + mean² / 2."""
    rng = np.random.default_rng(0)
    parts = [
        pd.DataFrame({"unique_id": name, "ds": days(rows), "y": rng.negative_binomial(2, 2 / (2 + mean), rows)})
        for name, mean in means.items()
    ]
    return pd.concat(parts)


@pytest.mark.parametrize("loss", ["quantile", "student-t"])
def test_a_network_that_corrects_a_forecast_begins_with_the_spread_of_the_corrections(loss: Any) -> None:
    walk = 100 + np.random.default_rng(0).normal(0, 3, 300).cumsum()
    model = Forecaster(loss=loss, residual="last", learning_rate=1e-30, **SMALL).fit(table(300, v=walk))
    found = next_forecasts(model)
    assert found.values.item() == pytest.approx(walk[-1], rel=1e-5)
    assert found.quantiles[0.975].item() - walk[-1] == pytest.approx(1.96 * 3, rel=0.1)
    assert walk[-1] - found.quantiles[0.025].item() == pytest.approx(1.96 * 3, rel=0.1)


def test_counts_with_zeros_are_forecast_as_counts_around_the_mean_of_each_series() -> None:
    data = counts(300, rare=0.3, often=40.0)
    model = Forecaster(**COUNTED, window=28, units=4, epochs=8, learning_rate=0.01).fit(data)
    assert model.predictor_.plan.base == "none"
    found = next_forecasts(model)
    means = dict(zip(model.predictor_.ids, found.values[:, 0], strict=True))
    assert means["often"] == pytest.approx(40.0, rel=0.35)
    assert means["rare"] == pytest.approx(0.3, abs=0.25)
    upper = dict(zip(model.predictor_.ids, found.quantiles[0.975][:, 0], strict=True))
    assert 80 < upper["often"] < 170  # of that distribution 114
    assert 1 <= upper["rare"] <= 3  # 2
    for values in found.quantiles.values():
        np.testing.assert_allclose(values, values.round(), atol=1e-9)
        assert (values >= 0).all()


def test_a_window_of_zeros_alone_has_a_forecast() -> None:
    data = counts(100, a=2.0)
    data.loc[60:, "y"] = 0
    assert next_forecasts(Forecaster(**COUNTED, **SMALL).fit(data)).values[0, 0] >= 0.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"loss": "negative-binomial"},
            "loss negative-binomial needs counts, and scaling is standard, subtract-last and residual auto; "
            "expected scaling divide-mean or none, and residual auto or none.",
        ),
        ({**COUNTED, "residual": "last"}, "needs counts, and scaling is divide-mean and residual last; expected"),
        (
            {"loss": "quantile", "scaling": "difference"},
            "quantiles of differences cannot be summed; expected a scaling w",
        ),
        (
            {"loss": "student-t", "scaling": ["log", "season-difference"]},
            "loss student-t predicts quantiles, and quanti",
        ),
        (COUNTED, "the target 'v' is 0.5 on 2020-01-02, and loss negative-binomial needs counts: 0, 1, 2 and so on; "),
    ],
)
def test_a_loss_that_the_data_or_the_scaling_does_not_suit_is_refused(arguments: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        Forecaster(**arguments, **SMALL).fit(table(40, v=np.arange(40) / 2))
    assert message in str(error.value)


def test_a_mean_divides_what_has_zeros_and_refuses_what_is_negative() -> None:
    y = np.array([0.0, 3.0, 1.0, 2.0] * 15)
    assert Forecaster(scaling="divide-mean", **SMALL).fit(table(60, v=y)).predict()["forecast"].notna().all()
    with pytest.raises(
        InputError, match="is -1 on 2020-01-01, and scaling divide-mean takes no negative values; choose"
    ):
        Forecaster(scaling="divide-mean", **SMALL).fit(table(60, v=y - 1.0))
    with pytest.raises(
        InputError, match="is 0 on 2020-01-01, and scaling divide-last takes positive values only; choose"
    ):
        Forecaster(scaling="divide-last", **SMALL).fit(table(60, v=y))
