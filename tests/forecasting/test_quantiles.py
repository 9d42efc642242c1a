"""Losses that predict quantiles: in the units of the table, from a sensible beginning, and counts where counts are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError, load
from recurra.evaluation.predictions import Forecasts
from recurra.tables.origins import Origins
from recurra.tensor_files import read_tensors, write_tensors

from .tables import POINT, SMALL, days, table

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
    model = Forecaster(**POINT | SMALL | {"loss": loss, "residual": "last", "learning_rate": 1e-30}).fit(
        table(300, v=walk)
    )
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
            {"loss": "negative-binomial", "scaling": ["standard", "subtract-last"]},
            "loss negative-binomial needs counts, and scaling is standard, subtract-last and residual auto; "
            "expected scaling divide-mean or none, and residual auto or none.",
        ),
        ({**COUNTED, "residual": "last"}, "needs counts, and scaling is divide-mean and residual last; expected"),
        (
            {"scaling": ["difference"]},
            "loss quantile predicts quantiles, and quantiles of differences (scaling difference) cannot be summed; "
            "choose loss mse, mae or huber, or a scaling without differences.",
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


@pytest.fixture(scope="module")
def unsteady() -> pd.DataFrame:
    """Noise with a standard deviation of 1 in one stretch of 50 days, and of 5 in the next."""
    wild = np.arange(5_000) // 50 % 2
    return table(5_000, v=100 + (1 + 4 * wild) * np.random.default_rng(3).standard_normal(5_000))


def test_quantiles_are_as_wide_as_the_window_is_noisy_where_a_constant_width_is_not(unsteady: pd.DataFrame) -> None:
    """A one-step interval covers 80 % in calm and in wild stretches alike, and the mean quantile loss is smaller."""
    arguments: dict[str, Any] = {"window": 10, "units": 8, "epochs": 10, "batch_size": 128, "learning_rate": 0.01}
    arguments |= {"scaling": "standard", "residual": "none", "validation": 1_000}
    scores, shares = {}, {}
    for loss in ("mse", "quantile"):
        result = Forecaster(loss=loss, **arguments).fit(unsteady[:4_000]).evaluate(unsteady, levels=[60, 80, 95])
        plain, scores[loss] = result.plain, result.scores.loc["recurra"]
        inside = (plain["recurra-lo-80"] <= plain["y"]) & (plain["y"] <= plain["recurra-hi-80"])
        place = 4_000 + np.arange(len(plain))
        settled = place % 50 >= 10  # the whole window is of the same stretch
        shares[loss] = [inside[settled & (place // 50 % 2 == wild)].mean() for wild in (0, 1)]
    for level in (60, 80, 95):
        assert scores["quantile"][f"coverage-{level}"] == pytest.approx(level / 100, abs=0.03)
    assert shares["mse"] == pytest.approx([1.0, 0.6], abs=0.05)
    assert shares["quantile"] == pytest.approx([0.8, 0.8], abs=0.07)
    assert scores["quantile"]["pinball"] < 0.92 * scores["mse"]["pinball"]


def test_series_of_logarithms_with_little_noise_have_narrow_intervals() -> None:
    """The scale of a logarithm is that of all series: their own is the width of the predicted band."""
    rng = np.random.default_rng(0)
    spreads = dict.fromkeys("abcdef", 0.01) | dict.fromkeys("ghijkl", 0.1)
    data = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": days(300), "y": 50 * np.exp(rng.normal(0, spread, 300))})
        for name, spread in spreads.items()
    )
    model = Forecaster(loss="quantile", scaling=["log", "subtract-mean"], validation=60, batch_size=64, **SMALL)
    found = model.set_params(schedule="constant", epochs=12).fit(data).predict(levels=[80]).set_index("unique_id")
    width = np.log(found["hi-80"] / found["lo-80"])
    expected = pd.Series({name: 2 * 1.28 * spread for name, spread in spreads.items()})
    np.testing.assert_allclose(width[expected.index], expected, rtol=0.45)


@pytest.mark.parametrize("arguments", [{"loss": "quantile"}, {"loss": "student-t"}, COUNTED], ids=str)
def test_a_saved_model_has_the_same_quantiles_and_intervals(arguments: dict[str, Any], tmp_path: Path) -> None:
    data = counts(80, a=3.0, b=20.0)
    model = Forecaster(validation=30, horizon=2, **arguments, **SMALL).fit(data)
    model.save(tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")
    pd.testing.assert_frame_equal(loaded.predict(levels=[80, 50]), model.predict(levels=[80, 50]))
    for probability, values in next_forecasts(model).quantiles.items():
        assert np.array_equal(next_forecasts(loaded).quantiles[probability], values)
    tensors, described = read_tensors(tmp_path / "model.safetensors")
    for wrong in (tensors["calibration"][0].abs(), tensors["calibration"][:3], tensors["calibration"].float()):
        write_tensors(tmp_path / "wrong.safetensors", tensors | {"calibration": wrong.contiguous()}, described)
        with pytest.raises(InputError, match=r"its parts do not fit each other \(calibration is \["):
            load(tmp_path / "wrong.safetensors")


def test_a_backtest_has_the_quantiles_of_its_folds() -> None:
    model = Forecaster(loss="quantile", horizon=2, **SMALL)
    found = model.backtest(table(), folds=3, levels=[90]).arrays.forecasts
    assert found.quantiles[0.05].shape == (3, 2)
    assert np.array_equal(found.quantiles[0.05], found.intervals[90][0])


def test_without_a_validation_part_intervals_are_the_quantiles_of_the_network() -> None:
    model = Forecaster(loss="quantile", **SMALL).fit(table())
    found, row = next_forecasts(model), model.predict(levels=[90]).iloc[0]
    assert (row["lo-90"], row["hi-90"]) == (found.quantiles[0.05].item(), found.quantiles[0.95].item())
    with pytest.raises(InputError, match="an interval of 99 % needs a validation part, as the widest that the n"):
        model.predict(levels=[99])


@pytest.mark.parametrize("loss", ["mse", "quantile", "student-t"])
def test_what_is_never_negative_has_no_forecast_and_no_bound_below_zero(loss: Any) -> None:
    """By a setting, or as seen in the training rows; a series with a negative value has bounds below zero."""
    y = np.maximum(np.random.default_rng(0).normal(-1, 2, 120), 0.0)  # zero on two days of three
    arguments: dict[str, Any] = {"loss": loss, "validation": 40, "scaling": "standard", **SMALL}
    found = Forecaster(**arguments).fit(table(120, v=y)).predict(levels=[50, 90])
    assert found["lo-90"].tolist() == [0.0]
    assert (found[["forecast", "lo-50", "hi-50", "hi-90"]] >= 0.0).all(axis=None)
    y[3] = -0.1
    found = Forecaster(**arguments).fit(table(120, v=y)).predict(levels=[90])
    assert found["lo-90"].tolist() < [-0.1]
    found = Forecaster(lower=-0.1, **arguments).fit(table(120, v=y)).predict(levels=[90])
    assert found["lo-90"].tolist() == [-0.1]
    with pytest.raises(
        InputError, match=r"the target 'v' is -0.1 on 2020-01-04, and lower is 0; expected no value bel"
    ):
        Forecaster(lower=0, **arguments).fit(table(120, v=y))


def test_all_rows_of_a_fit_decide_whether_a_series_is_never_negative() -> None:
    y = np.append(np.abs(np.random.default_rng(0).normal(0, 1, 60)), [-1.0] * 20)
    for rows, is_negative in ((80, True), (60, False)):
        model = Forecaster(validation=20, scaling="standard", **SMALL).fit(table(rows, v=y[:rows]))
        assert (model.predict(levels=[95])["lo-95"].item() < 0.0) == is_negative


def test_forecasts_that_follow_on_forecasts_keep_the_bound() -> None:
    y = np.linspace(50, 0, 60)
    model = Forecaster(**SMALL, loss="mse", scaling=["difference", "standard"], residual="none").fit(table(60, v=y))
    assert model.predict(h=20)["forecast"].tolist() == [0.0] * 20


@pytest.mark.parametrize("validation", [0, 40])
def test_bounds_of_counts_are_counts_that_hold_as_many_as_they_say(validation: int) -> None:
    data = counts(400, a=2.0, b=30.0)
    model = Forecaster(**COUNTED, validation=validation, window=28, units=4, epochs=10, learning_rate=0.01)
    earlier = data.groupby("unique_id").head(340)
    result = model.fit(earlier).evaluate(data, levels=[50, 80, 95])
    for level, (lower, upper) in result.arrays.forecasts.intervals.items():
        assert (lower == lower.round()).all()
        assert (upper == upper.round()).all()
        assert (lower >= 0.0).all()
        assert (lower <= upper).all()
        coverage = result.scores.loc["recurra", f"coverage-{level:g}"]
        assert level / 100 - 0.1 < coverage < level / 100 + 0.2  # an interval of counts holds more than its level
    assert not (result.arrays.forecasts.values == result.arrays.forecasts.values.round()).all()


@pytest.mark.parametrize("loss", ["quantile", "student-t", "mae", "mse"])
def test_counts_have_whole_medians_and_intervals_that_hold_every_count_that_they_held(
    loss: Any,
) -> None:
    data = counts(120, a=0.5, b=4.0)
    model = Forecaster(horizon=3, validation=30, **SMALL | {"loss": loss}).fit(data)
    assert model.predictor_.plan.counts
    found = model.predict(levels=[50, 80]).drop(columns=["unique_id", "ds", "method"])
    whole = (found == found.round()).all()
    assert whole.drop("forecast").all()
    assert whole["forecast"] == (loss != "mse")
    exact = replace(model.predictor_, plan=replace(model.predictor_.plan, counts=False))
    exact = replace(exact, transform=replace(exact.transform, plan=exact.plan))
    unrounded = exact.predict(levels=[50, 80])
    for level in (50, 80):
        assert (found[f"lo-{level}"] <= np.ceil(unrounded[f"lo-{level}"])).all()
        assert (found[f"hi-{level}"] >= np.floor(unrounded[f"hi-{level}"])).all()
        assert (found[f"hi-{level}"] != unrounded[f"hi-{level}"]).any()


@pytest.mark.parametrize(("value", "are_counts"), [(7.0, True), (0.5, False), (-1.0, False)])
def test_one_value_anywhere_in_the_table_says_that_it_has_no_counts(value: float, are_counts: bool) -> None:
    data = counts(60, a=3.0, b=5.0).astype({"y": float})
    data.iloc[-1, 2] = value
    model = Forecaster(validation=20, **SMALL).fit(data)
    found = model.predict()["forecast"]
    assert model.predictor_.plan.counts == are_counts == (found == found.round()).all()


def test_the_rows_of_a_second_training_say_whether_the_values_are_counts() -> None:
    data = counts(60, a=3.0).astype({"y": float})
    newer = pd.concat([data, pd.DataFrame({"unique_id": "a", "ds": days(61)[-1:], "y": 2.5})])
    for scaling in ("auto", ["standard", "subtract-last"]):
        model = Forecaster(scaling=scaling, **SMALL).fit(data)
        assert model.predictor_.plan.counts
        assert not model.refit(newer).predictor_.plan.counts


def test_a_lower_bound_that_is_set_holds_for_counts_too() -> None:
    data = counts(60, a=0.5)
    data["y"] += 1
    model = Forecaster(lower=0.8, **SMALL).fit(data)
    assert model.predict(levels=[95])["lo-95"].min() >= 0.8


@pytest.mark.parametrize(("loss", "are_counts"), [("quantile", False), ("negative-binomial", True)])
def test_a_file_that_does_not_say_whether_values_are_counts_has_them_if_the_loss_needs_them(
    loss: Any, are_counts: bool, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    Forecaster(loss=loss, **SMALL).fit(counts(60, a=0.5)).save(path)
    tensors, described = read_tensors(path)
    del described["plan"]["counts"]
    write_tensors(path, tensors, described)
    assert load(path).predictor_.plan.counts == are_counts
