"""The file of a forecaster: its description is checked in one place, and its parts against each other."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from recurra import Forecaster, InputError, load
from recurra.tables.dates.zones import zoned
from recurra.tensor_files import read_tensors, write_tensors

from .tables import SMALL, bars, long

Change = Callable[[dict[str, Tensor], dict[str, Any]], None]


@pytest.fixture(scope="module")
def model() -> Forecaster:
    data = bars().assign(holiday=np.arange(80) % 5 == 0)
    fitted = Forecaster(
        "open", past_covariates="close", future_covariates="holiday", validation=20, horizon=2, loss="mse", **SMALL
    ).fit(data)
    coming = pd.DataFrame({"date": pd.bdate_range(data["date"].iloc[-1], periods=4)[1:], "holiday": [0.0, 1.0, 0.0]})
    return fitted.update_context(pd.concat([data, coming]))


@pytest.fixture
def path(model: Forecaster, tmp_path: Path) -> Path:
    model.save(tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_all_parts_come_back(model: Forecaster, path: Path) -> None:
    loaded = load(path)
    assert isinstance(loaded, Forecaster)
    pd.testing.assert_frame_equal(loaded.predict(levels=[50]), model.predict(levels=[50]))
    one, other = loaded.predictor_, model.predictor_
    assert (one.plan, one.settings, one.cutoffs) == (other.plan, other.settings, other.cutoffs)
    assert one.transform.ids == other.transform.ids
    for name, array in other.transform.state().items():
        np.testing.assert_array_equal(one.transform.state()[name], array, err_msg=name)
    assert one.context.fingerprint() == other.context.fingerprint()
    assert one.context.frequency == other.context.frequency


def test_the_description_is_plain_and_has_present_names(path: Path) -> None:
    described = read_tensors(path)[1]
    assert sorted(described) == ["context", "format", "ids", "kind", "plan", "settings"]
    assert (described["kind"], described["format"]) == ("forecaster", 4)
    assert described["plan"]["columns"][2] == {
        "name": "holiday",
        "future": True,
        "log": False,
        "shared": False,
        "windowed": False,
    }
    assert {"past_covariates", "future_covariates"} <= described["context"].keys()


def in_plan(**fields: Any) -> Change:
    return lambda tensors, data: data["plan"].update(fields)


def in_context(**fields: Any) -> Change:
    return lambda tensors, data: data["context"].update(fields)


def in_frequency(**fields: Any) -> Change:
    return lambda tensors, data: data["context"]["frequency"].update({"unit": "week", **fields})


def in_form(**fields: Any) -> Change:
    return lambda tensors, data: data["context"]["form"].update(fields)


def tensor(name: str, change: Callable[[Tensor], Tensor]) -> Change:
    return lambda tensors, data: tensors.update({name: change(tensors[name])})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors, data: data.pop("ids"), "is damaged: the field 'ids' is missing."),
        (lambda tensors, data: data.update(format=[2]), "of format [2]; this version of recurra reads 'forecaster' of"),
        (lambda tensors, data: data["settings"].update(units=[10**9]), "do not fit its own configuration"),
        (lambda tensors, data: data["settings"].update(device="cuda:99"), "device 'cuda:99' cannot be used here"),
        (tensor("cutoffs", lambda t: t[:0]), "cutoffs are [0] of torch.int64, and there are 1 ids"),
        (tensor("cutoffs", lambda t: torch.full_like(t, -(2**63))), "a cutoff is no date"),
        (tensor("context.dates", lambda t: t.flip(0)), "the dates of a series are not in ascending order"),
        (tensor("context.dates", torch.zeros_like), "the dates of a series are not in ascending order"),
        (tensor("calibration", lambda t: -t), "an error of the calibration is negative"),
        (lambda tensors, data: data.update(ids=[]), "of the transform is not as expected"),
        (lambda tensors, data: data.update(format=5), "of format 5; this version of recurra reads 'forecaster' of fo"),
        (lambda tensors, data: data["settings"].update(epochs=0), "epochs is 0; expected a whole number above 0."),
        (in_plan(horizon=0), "is damaged: plan: horizon is 0; expected a whole number above 0."),
        (in_plan(horizon=3), "its settings have horizon 2, and its plan 3"),
        (tensor("calibration", lambda t: t[:, :1]), "calibration is [19, 1] of torch.float64"),
        (tensor("network.layers.dense.weight", lambda t: t * float("nan")), "weight have NaN or infinity"),
        (tensor("context.values", lambda t: t / 0.0), "context.values has NaN or infinity"),
        (in_context(ids=["a" * 1_001]), "at most 1000 characters"),
        (in_context(future_rows=[0, 0]), "there are 1 ids, 1 numbers of rows and 2 of future rows"),
        (in_context(rows=[0]), "context: rows[0] is 0; expected a whole number above 0"),
        (in_frequency(every=100_001), "frequency is 100001; expected a whole number of at m"),
        (in_frequency(slots=[[5, 3]]), "the slots are not in ascending order"),
        (in_frequency(slots=[]), "frequency is []; expected to have at least 1 item"),
        (in_frequency(slots=[[0, 10_080]]), "below 10,080"),
        (in_plan(base="drift"), "is damaged: plan: base is 'drift'; expected 'none', 'last', 'seasonal' or 'level'."),
        (in_plan(base_column=2), "expected to be no future covariates"),
        (in_plan(columns=[]), "is damaged: plan: columns is []"),
        (in_plan(early=2), "its weights do not fit its own configuration"),
        (in_context(target="close"), "the columns are close, close, holiday, and those of the plan open, close, hol"),
        (in_context(rows=[5]), "context.dates is [6] of torch.int64"),
        (in_context(rows=["a"]), "is damaged: context: rows[0] is 'a'"),
        (in_context(ids=["a", "b"]), "its parts do not fit each other"),
        (in_frequency(unit="fortnight"), "is damaged: context: frequency is 'fortnight'; expected 'minute', 'day', "),
        (in_frequency(anchor="Foo"), "is damaged: context: frequency is 'Foo'"),
        (in_frequency(anchor="day 1"), "is damaged: context: frequency is "),
        (in_frequency(anchor=5), "is damaged: context: frequency is 5"),
        (in_frequency(every=1.5), "is damaged: context: frequency is 1.5"),
        (in_form(zone="Europe/Bonn"), "there is no time zone 'Europe/Bonn'"),
        (in_form(zone="dateutil//etc/localtime"), "there is no time zone 'dateutil//etc/localtime'"),
        (
            in_form(headers=["a"]),
            "says something about 'headers', which this version of recurra does not know; another",
        ),
        (
            in_plan(depth=2),
            "says something about 'depth', which this version of recurra does not know; another version",
        ),
        (in_form(instants=True), "dates in UTC have no zone"),
        (in_frequency(at="x"), "is damaged: context: frequency is 'x'"),
        (in_frequency(calendar=5), "is damaged: context: frequency is 5"),
        (tensor("transform.scale", lambda t: -t), "scale of the transform is not as expected"),
        (tensor("transform.center", lambda t: t.float()), "center of the transform is not as expected"),
        (tensor("context.values", lambda t: t[:, :1]), "context.values is [6, 1]"),
        (tensor("calibration", lambda t: t[:, :1]), "calibration is [19, 1]"),
        (tensor("network.layers.dense.weight", lambda t: t[:1]), "its weights do not fit its own configuration"),
        (
            lambda tensors, data: tensors.pop("context.future"),
            "context holds dates, future_dates, observed, values; expected dates, future, ",
        ),
        (
            lambda tensors, data: tensors.pop("network.layers.dense.bias"),
            "its weights do not fit its own configuration",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(path: Path, change: Change, message: str) -> None:
    tensors, data = read_tensors(path)
    change(tensors, data)
    write_tensors(path, tensors, data)
    with pytest.raises(InputError) as error:
        load(path).predict()  # type: ignore[union-attr]
    assert message in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


@pytest.fixture
def of_shops(tmp_path: Path) -> Path:
    rows = long({"a": 20, "b": 20, "c": 20}).assign(region=np.repeat(["north", "south", "north"], 20))
    rows["size"] = np.repeat([5.0, 7.0, np.nan], 20)
    Forecaster(static_covariates=["region", "size"], **SMALL).fit(rows).save(tmp_path / "shops")
    return tmp_path / "shops"


def test_a_file_holds_static_covariates_as_codes_and_what_they_mean(of_shops: Path) -> None:
    tensors, data = read_tensors(of_shops)
    assert data["plan"]["static"] == [
        {"name": "region", "categories": ["north", "south"], "mean": 0.0, "scale": 1.0},
        {"name": "size", "categories": None, "mean": 6.0, "scale": 1.0},
    ]
    np.testing.assert_equal(tensors["context.static"].numpy(), [[0.0, 5.0], [1.0, 7.0], [0.0, np.nan]])


def in_static(place: int, **fields: Any) -> Change:
    return lambda tensors, data: data["plan"]["static"][place].update(fields)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (in_static(0, categories=["south", "north"]), "the categories are expected in ascending order, each once"),
        (in_static(0, categories=["north", "north"]), "the categories are expected in ascending order, each once"),
        (in_static(0, categories=["north", ""]), "expected to have at least 1 character"),
        (in_static(0, categories=["north", "x" * 1001]), "at most 1000 characters"),
        (in_static(0, categories=[f"{n:03}" for n in range(257)]), "at most 256 items"),
        (in_static(0, categories=[f"{n:03}" for n in range(256)]), "expected at most 256 inputs of static covariates"),
        (in_static(0, name="size"), "expected at most 256 inputs of static covariates, each named once"),
        (in_static(0, categories=["a", "b", "c"]), "its weights do not fit its own configuration"),
        (in_static(0, categories=["north"]), "its parts do not fit each other (region has a code of no category)"),
        (in_static(1, scale=0.0), "expected a number above 0"),
        (in_static(1, mean="x"), "is damaged: plan: static"),
        (
            lambda tensors, data: data["plan"].update(static=[]),
            "context holds dates, future, future_dates, observed, sta",
        ),
        (
            lambda tensors, data: tensors.pop("context.static"),
            "context holds dates, future, future_dates, observed, val",
        ),
        (tensor("context.static", lambda t: t[:1]), "context.static is [1, 2] of torch.float64"),
        (tensor("context.static", lambda t: t.float()), "context.static is [3, 2] of torch.float32"),
        (tensor("context.static", lambda t: t + 0.5), "region has a code of no category"),
        (tensor("context.static", lambda t: t - 1), "region has a code of no category"),
        (tensor("context.static", lambda t: t / torch.tensor([1.0, 0.0])), "size has infinity"),
    ],
)
def test_static_covariates_that_do_not_fit_are_refused_in_one_sentence(
    of_shops: Path, change: Change, message: str
) -> None:
    test_what_does_not_fit_is_refused_in_one_sentence(of_shops, change, message)


def test_a_file_from_before_static_covariates_is_read(path: Path) -> None:
    tensors, data = read_tensors(path)
    del data["plan"]["static"], data["settings"]["static_covariates"]
    write_tensors(path, tensors, data)
    assert np.isfinite(load(path).predict()["forecast"]).all()  # type: ignore[union-attr]


def test_a_window_far_longer_than_the_rows_costs_nothing(path: Path) -> None:
    tensors, data = read_tensors(path)
    in_plan(window=10**9)(tensors, data)
    write_tensors(path, tensors, data)
    assert np.isfinite(load(path).predict()["forecast"]).all()  # type: ignore[union-attr]


def test_a_file_of_format_1_that_lacks_parts_is_refused(path: Path) -> None:
    tensors, _ = read_tensors(path)
    for data in ({}, {"parameters": {}, "preparation": []}, {"parameters": [], "preparation": {}, "resolved": {}}):
        write_tensors(path, tensors, {"kind": "forecaster", "format": 1, **data})
        with pytest.raises(InputError, match=r"its description of format 1 lacks parts \(.*\); it is damaged"):
            load(path)


def test_equal_models_have_equal_bytes(model: Forecaster, path: Path, tmp_path: Path) -> None:
    model.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()
    assert json.loads(json.dumps(read_tensors(path)[1])) == read_tensors(path)[1]
    assert torch.equal(read_tensors(path)[0]["calibration"], read_tensors(tmp_path / "again")[0]["calibration"])


def test_a_model_keeps_the_zone_of_its_dates_and_reads_newer_rows_in_it(tmp_path: Path) -> None:
    hours = pd.date_range("2022-10-20", "2022-10-29 23:00", freq="h", tz="Europe/Berlin")
    rows = pd.DataFrame({"ds": hours, "y": np.arange(len(hours)) % 24.0})
    Forecaster(units=2, window=8, epochs=1).fit(rows).save(tmp_path / "m")
    model = Forecaster.load(tmp_path / "m")
    assert (model.context_.form.zone, model.context_.form.instants) == ("Europe/Berlin", True)
    night = ["2022-10-30 00:00:00+02:00", "2022-10-30 01:00:00+02:00", "2022-10-30 02:00:00+02:00"]
    model.update_context(pd.DataFrame({"ds": night, "y": [0.0, 1.0, 2.0]}))
    following = model.context_.following(1)
    assert str(zoned(following, model.context_.form)[0]) == "2022-10-30 02:00:00+01:00"


def test_a_model_of_numbered_rows_goes_on_with_their_numbers(tmp_path: Path) -> None:
    rows = pd.DataFrame({"week": range(1, 41), "y": np.arange(40) % 4.0})
    with pytest.warns(UserWarning, match="the column 'week' holds numbers of rows"):
        Forecaster(units=2, window=8, horizon=2, epochs=1).fit(rows).save(tmp_path / "m")
        model = Forecaster.load(tmp_path / "m")
        model.update_context(pd.DataFrame({"week": [41], "y": [0.0]}))
    following = model.context_.following(2)
    assert zoned(following, model.context_.form).tolist() == [42, 43]
