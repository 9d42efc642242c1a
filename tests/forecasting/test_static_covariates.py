"""Static covariates of a forecaster: what words and numbers of a series say about its next values."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra import Forecaster, InputError, load
from recurra.forecasting.prepare import prepare
from recurra.forecasting.static_inputs import MOST_INPUTS, StaticPlan, as_inputs
from recurra.settings.check import check
from recurra.settings.forecasting import ForecasterSettings
from recurra.tables.static_covariates import StaticCovariates
from recurra.tables.table_builder import make_table

from .tables import SMALL, days, long

JUMPS = {"north": -10.0, "south": 0.0, "west": 10.0}
QUICK: dict[str, Any] = {"target": "y", **SMALL}
LEARNING: dict[str, Any] = {
    "target": "y", "window": 6, "units": 8, "epochs": 100, "learning_rate": 0.02, "scaling": "subtract-last"
}  # fmt: skip


def shops(count: int = 60, seed: int = 0, prefix: str = "shop", jump: str = "region", rows: int = 7) -> pd.DataFrame:
    """Short series of noise whose values from the seventh on rise by what the region or the size of the shop says."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(count):
        region, size = list(JUMPS)[number % 3], float(rng.integers(1, 10))
        y = 50 + rng.normal(0, 1, rows)
        y[6:] += np.arange(1, rows - 5) * (JUMPS[region] if jump == "region" else 3 * (size - 5))
        parts.append(
            pd.DataFrame({
                "unique_id": f"{prefix} {number}", "ds": days(rows), "y": y, "region": region, "size": size,
            })
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    "given_settings",
    [
        {},
        {"cell": "lstm", "ensemble_size": 2, "epochs": 60},
        {"loss": "quantile", "scaling": "subtract-level"},
        {"scaling": "auto", "batch_size": 16},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["region", "size"])
def test_the_value_that_a_static_covariate_alone_decides_is_forecast_for_shops_not_seen_before(
    name: str, given_settings: dict[str, Any]
) -> None:
    chosen = LEARNING | given_settings
    train, others = shops(jump=name), shops(seed=1, prefix="new", jump=name)
    error = {
        static: float(
            Forecaster(static_covariates=static, **chosen).fit(train).evaluate(others).scores["rmse"]["recurra"]
        )
        for static in ((), name)
    }
    assert error[()] > 6.0  # the jumps have a standard deviation of about 8
    assert error[name] < 3.0


@pytest.fixture(scope="module")
def model() -> Forecaster:
    return Forecaster(static_covariates=["region", "size"], **LEARNING).fit(shops())


def newer(**columns: Any) -> pd.DataFrame:
    """Seven rows of a shop after those of training."""
    return pd.DataFrame({"unique_id": "shop 0", "ds": days(14)[7:], "y": 50 + np.sin(np.arange(7.0)), **columns})


def forecast(model: Forecaster, rows: pd.DataFrame | None) -> float:
    return float(model.predict(rows)["forecast"].iloc[0])


def test_newer_rows_of_a_known_shop_need_no_static_covariates_and_may_have_others(model: Forecaster) -> None:
    known = forecast(model, newer())
    own = shops().iloc[0]
    assert forecast(model, newer(region=own["region"], size=own["size"])) == known
    assert forecast(model, newer(region=None, size=np.nan)) == known
    assert forecast(model, newer(size=own["size"])) == known
    assert forecast(model, newer(region="west")) > known + 5
    with pytest.raises(InputError, match=r"column 'size' has 'big'; the static covariate had numbers in training"):
        model.predict(newer(size="big"))


def test_a_new_shop_has_its_own_values_and_zeros_where_they_are_unknown(model: Forecaster) -> None:
    new = newer().assign(unique_id="new")
    unknown = forecast(model, new)
    mean = shops().groupby("unique_id")["size"].first().mean()
    assert forecast(model, new.assign(size=mean)) == pytest.approx(unknown, rel=1e-6)
    assert forecast(model, new.assign(region="north")) < forecast(model, new.assign(region="west")) - 10
    message = r"column 'region' is 'east' in series 'new', a word that no series had in training; it counts as missing"
    with pytest.warns(UserWarning, match=message):
        assert forecast(model, new.assign(region="east")) == unknown


def test_newer_rows_of_a_file_have_words_where_training_had_words(tmp_path: Path) -> None:
    frame = long({"a": 20, "b": 20}).assign(region=np.repeat(["01", "A2"], 20))
    frame.to_csv(tmp_path / "all.csv", index=False)
    frame[:20].to_csv(tmp_path / "newer.csv", index=False)
    model = Forecaster(static_covariates="region", **QUICK).fit(tmp_path / "all.csv").update_context(frame[:20])
    expected = model.predict()
    model.update_context(tmp_path / "newer.csv")  # a warning would be an error
    assert model.context_.static.columns["region"].tolist() == ["01", "A2"]
    pd.testing.assert_frame_equal(model.predict(), expected)


def test_a_model_remembers_them_when_it_is_saved_and_when_it_sees_newer_rows(model: Forecaster, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    loaded = Forecaster.load(tmp_path / "m")
    pd.testing.assert_frame_equal(loaded.predict(), model.predict())
    assert loaded.predictor_.plan == model.predictor_.plan
    for name, column in model.context_.static.columns.items():
        np.testing.assert_array_equal(loaded.context_.static.columns[name], column)
    assert forecast(loaded, newer()) == forecast(model, newer())
    loaded.save(tmp_path / "again")
    assert (tmp_path / "m").read_bytes() == (tmp_path / "again").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # east
        rows = pd.concat([newer(region="west"), newer(region="east", size=3.0).assign(unique_id="new")])
        loaded.update_context(rows)
    loaded.save(tmp_path / "newer")
    again = load(tmp_path / "newer")
    pd.testing.assert_frame_equal(again.predict(), loaded.predict())  # type: ignore[union-attr]
    assert loaded.context_.static.columns["region"][[0, -1]].tolist() == ["west", "east"]


def test_refitting_and_rolling_origins_use_them() -> None:
    rows = shops(30)
    longer = pd.concat([rows.assign(ds=rows["ds"] - pd.Timedelta(days=7)), rows])
    model = Forecaster(static_covariates="region", **LEARNING | {"epochs": 5}).fit(rows)
    before = model.predictor_
    model.refit(longer)
    assert model.predictor_.plan.static == before.plan.static
    assert model.predict()["forecast"].notna().all()
    assert len(Forecaster(static_covariates="region", **QUICK).cross_validation(longer, n_windows=2, refit=True)) == 60


def test_a_second_training_warns_of_words_only_if_it_does_not_learn_them() -> None:
    rows = shops(30)
    more = pd.concat([rows, shops(3, prefix="new").assign(region="east")])
    for scaling in ("auto", "subtract-last"):
        model = Forecaster(static_covariates="region", **QUICK | {"scaling": scaling}).fit(rows)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            model.refit(more)
        learned = "east" in (model.predictor_.plan.static[0].categories or ())
        assert ["'east'" in str(warning.message) for warning in found] == [True] * (not learned)
        assert learned == (scaling == "auto")


def test_a_permuted_word_that_decides_matters_and_a_number_that_does_not_is_no_matter() -> None:
    model = Forecaster(static_covariates=["region", "size"], validation=1, **LEARNING)
    prepared = model.prepare(shops(rows=8))
    found = model.fit(prepared).permutation_importance(prepared)
    assert found.covariates == ("region", "size")
    region, size = found.importances_mean
    assert region > 5 * abs(size)
    assert region > found.loss / 2


def test_it_is_the_error_of_forecasts_with_the_words_of_the_series_of_another() -> None:
    model = Forecaster(static_covariates=["size", "region"], validation=1, **LEARNING)
    prepared = model.prepare(shops(12, rows=8))
    found = model.fit(prepared).permutation_importance(prepared, n_repeats=1)
    rng = np.random.default_rng(model.seed)
    rng.permutation(12)  # which of the forecasts are drawn: all
    order = rng.permutation(12)
    table, origins = prepared.table, prepared.validation
    assert origins is not None
    columns = dict(table.static.columns)
    losses = []
    for regions in (columns["region"], columns["region"][order]):
        static = StaticCovariates(columns | {"region": regions})
        point = model.predictor_.forecast(replace(table, static=static), origins).values
        losses.append(float(np.abs(point - table.values[origins.of_table(table), :1]).mean()))
    assert found.loss == pytest.approx(losses[0], rel=1e-5)
    assert found.importances[1, 0] == pytest.approx(losses[1] - losses[0], rel=1e-3, abs=1e-6)


@given(st.permutations(range(9)), st.permutations(["north", "south", "west"]))
@settings(deadline=None, max_examples=30)
def test_neither_the_order_of_the_series_nor_that_of_first_words_matters(order: list[int], words: list[str]) -> None:
    column = np.array([words[0], words[1], words[2]] * 3, dtype=object)
    numbers = np.array([0.1, 0.2, 0.7, 1e9, 3.3, -4.0, np.nan, 5.5, 1e-9])
    both = StaticCovariates({"region": column, "size": numbers})
    plans = tuple(StaticPlan.of(name, values) for name, values in both.columns.items())
    other = both.at(np.array(order))
    assert tuple(StaticPlan.of(name, values) for name, values in other.columns.items()) == plans
    assert plans[0].categories == ("north", "south", "west")
    for plan in plans:
        np.testing.assert_array_equal(
            plan.scaled(other.columns[plan.name]), plan.scaled(both.columns[plan.name])[order]
        )


@given(st.permutations(range(3 * 7)))
@settings(deadline=None, max_examples=10)
def test_the_order_of_newer_rows_and_series_changes_no_forecast(model: Forecaster, order: list[int]) -> None:
    rows = pd.concat([newer(region="west").assign(unique_id=f"new {i}", size=i) for i in range(3)])
    expected = model.predict(rows).sort_values("unique_id", ignore_index=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the rows are sorted
        found = model.predict(rows.iloc[order]).sort_values("unique_id", ignore_index=True)
    pd.testing.assert_frame_equal(found, expected)


def test_the_network_reads_them_in_each_row_of_the_window_and_padding_stays_masked() -> None:
    frame = long({"a": 20, "b": 20, "c": 5})
    frame["region"] = frame["unique_id"].map({"a": "north", "b": "south", "c": None})
    frame["size"] = frame["unique_id"].map({"a": 1.0, "b": 3.0, "c": np.nan})
    table = make_table(frame, static_covariates=["region", "size"])
    prepared = prepare(check(ForecasterSettings, {"window": 8, "units": 4, "season": 1}, "test"), table)
    samples = prepared.parts[0]
    given_inputs = samples.inputs(torch.arange(len(samples)))
    series = samples.windows.series
    assert given_inputs["x"].shape == (len(samples), 8, 1 + 3)
    for place, expected in enumerate([[1.0, 0.0, -1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]):
        own = given_inputs["x"][series == place][:, :, 1:]
        assert torch.equal(own, torch.tensor(expected).expand_as(own))
    short = series == 2
    assert short.any()
    assert not given_inputs["mask"][short].all()


def test_numbers_are_standardized_over_the_series_and_constant_or_missing_ones_are_zero() -> None:
    plan = StaticPlan.of("size", np.array([1.0, np.nan, 3.0]))
    assert (plan.mean, plan.scale) == (2.0, 1.0)
    assert plan.scaled(np.array([1.0, 3.0, np.nan, 1e50])).tolist() == [-1.0, 1.0, 0.0, 10.0]
    assert StaticPlan.of("size", np.array([0.0, 1e-200])).scale == 1.0  # its square has no float
    far = StaticPlan(name="size", categories=None, mean=-1e308, scale=1e-9)  # of a file, which may hold any float
    assert far.scaled(np.array([1e308, -1e308, np.nan])).tolist() == [10.0, 0.0, 0.0]
    for values in ([0.1] * 3, [np.nan] * 3):
        assert StaticPlan.of("size", np.array(values)).scaled(np.array(values)).tolist() == [0.0, 0.0, 0.0]


def test_words_are_one_hot_and_others_are_zeros() -> None:
    words, numbers = np.array(["b", "", "a", "z"], dtype=object), np.array([1.0, 3.0, np.nan, 1.0])
    plans = StaticPlan.of("region", words[:3]), StaticPlan.of("size", numbers)
    scaled = torch.tensor(np.column_stack([plans[0].scaled(words), plans[1].scaled(numbers)]))
    one, other = numbers[[0, 1]] - 5 / 3
    expected = [[0.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
    assert as_inputs(plans, scaled)[:, :2].tolist() == expected
    assert as_inputs(plans, scaled)[:, 2].tolist() == pytest.approx([one, other, 0.0, one] / np.std([1, 3, 1]))


def words(count: int) -> pd.DataFrame:
    frame = long({f"s{number}": 9 for number in range(count)})
    return frame.assign(city=frame["unique_id"].str.replace("s", "city "), size=1.0)


def one(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["unique_id"] == "s0"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda frame: frame,
            "the table: the static covariates make 257 inputs, one for each word or column of numbers, and 'city' has "
            "256 words; expected at most 256 in all: leave a column out, or give rare words one name.",
        ),
        (
            one,
            "the table: the static covariates 'size', 'city' tell series apart, and there is one series; leave out "
            "--static-covariates (static_covariates=… in Python), or name the column of ids with --id.",
        ),
        (
            lambda frame: one(frame).drop(columns="unique_id"),
            "the table: the static covariates 'size', 'city' tell ser",
        ),
    ],
)
def test_what_cannot_be_learned_is_refused_in_one_sentence(
    change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(InputError) as error:
        Forecaster(static_covariates=["size", "city"], **QUICK).fit(change(words(MOST_INPUTS)))
    assert str(error.value).startswith(message)


def test_as_many_words_as_are_allowed_are_learned() -> None:
    rows = words(MOST_INPUTS)
    assert len(Forecaster(static_covariates="city", **QUICK).fit(rows).predict()) == MOST_INPUTS


def test_a_table_with_static_covariates_that_the_model_does_not_know_is_refused(model: Forecaster) -> None:
    names = {"target": "y", "static_covariates": "class"}
    other = make_table(newer(**{"class": "a"}), **names)
    with pytest.raises(
        InputError, match="the model was fitted without the static covariate 'class'; leave it out, or re"
    ):
        model.predict(other)
    plain = Forecaster(**QUICK).fit(long({"a": 20, "b": 20}))
    with pytest.raises(InputError, match=r"fitted without the static covariate 'class'; leave it out\.$"):
        plain.predict(other)
