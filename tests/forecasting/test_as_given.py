"""Forecasts come back as the data came: their ids, their time zone, and the library of the frame."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, InputError, load
from recurra.tensor_files import read_tensors, write_tensors

from .tables import SMALL

LIBRARIES = ["pandas", "polars", "lazy polars", "pyarrow"]
MODEL: dict[str, Any] = {**SMALL, "epochs": 1, "horizon": 2}


def sales(rows: int = 30, **columns: Any) -> pd.DataFrame:
    days = pd.date_range("2024-03-20", periods=rows)  # the clocks of Europe are turned on the 31st
    parts = [pd.DataFrame({"unique_id": id_, "ds": days, "y": np.arange(rows) % 7 + id_}) for id_ in (7, 12)]
    return pd.concat(parts, ignore_index=True).assign(**columns)


def in_library(frame: pd.DataFrame, library: str) -> Any:
    if library == "pandas":
        return frame
    if library == "pyarrow":
        return pytest.importorskip("pyarrow").Table.from_pandas(frame)
    own = pytest.importorskip("polars").from_pandas(frame)
    return own.lazy() if library == "lazy polars" else own


def library_of(frame: Any) -> str:
    return {"pandas": "pandas", "polars": "polars", "pyarrow": "pyarrow"}[type(frame).__module__.split(".")[0]]


def in_pandas(frame: Any) -> pd.DataFrame:
    return frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_forecasts_come_back_in_the_library_with_the_ids_and_zones_of_the_data(library: str, zone: str | None) -> None:
    plain = sales()
    plain["ds"] = plain["ds"].dt.tz_localize(zone)
    data = in_library(plain, library)
    model = Forecaster(validation=8, **MODEL).fit(data)
    evaluation = model.backtest(data, folds=2)
    assert evaluation.to_json()["predictions"] == 8
    for found in (model.predict(levels=[50]), model.predict(data), evaluation.predictions):
        assert library_of(found) == library.removeprefix("lazy ")
        own = in_pandas(found)
        assert own["unique_id"].dtype == np.int64
        assert str(own["ds"].dt.tz) == str(plain["ds"].dt.tz)
    following = in_pandas(model.predict())
    expected = pd.date_range("2024-04-19", periods=2, tz=zone)
    assert following["ds"].tolist() == [*expected, *expected]
    assert model.cutoff_ == plain["ds"].max()
    assert len(in_pandas(evaluation.predictions).merge(plain, on=["unique_id", "ds", "y"])) == 8


def test_a_frame_of_polars_is_joined_with_its_forecasts() -> None:
    pl = pytest.importorskip("polars")
    data = pl.from_pandas(sales()).with_columns(
        pl.col("ds").cast(pl.Date), pl.col("unique_id").cast(pl.Int16), pl.col("y").cast(pl.Float32)
    )
    found = Forecaster(**MODEL).fit(data).backtest(data, folds=1).predictions
    assert found.schema["unique_id"] == pl.Int16
    assert found.schema["ds"] == found.schema["cutoff"] == pl.Date
    assert len(found.join(data, on=["unique_id", "ds"])) == 4
    texts = data.with_columns(pl.col("ds").cast(pl.String), pl.col("unique_id").cast(pl.String).cast(pl.Categorical))
    found = Forecaster(**MODEL).fit(texts).predict()
    assert found.schema["ds"] == pl.Datetime("us")
    assert found.schema["unique_id"] == pl.Categorical


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_a_loaded_model_and_a_file_give_a_frame_of_pandas(library: str, tmp_path: Path) -> None:
    data = in_library(sales(), library)
    model = Forecaster(**MODEL).fit(data)
    model.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, Forecaster)
    assert library_of(loaded.predict()) == "pandas"
    assert library_of(loaded.predict(data)) == library
    sales().to_csv(tmp_path / "t.csv", index=False)
    from_file = model.predict(tmp_path / "t.csv")
    assert library_of(from_file) == "pandas"
    pd.testing.assert_frame_equal(from_file, loaded.predict())


@pytest.mark.parametrize("library", LIBRARIES)
def test_several_columns_of_ids_come_back_in_their_types(library: str, tmp_path: Path) -> None:
    plain = sales(item=np.repeat(["b", "a/c"], 30)).rename(columns={"unique_id": "store"})
    model = Forecaster("y", id=["store", "item"], **MODEL).fit(in_library(plain, library))
    model.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, Forecaster)
    for found in (model.predict(), loaded.predict()):
        own = in_pandas(found)
        assert own.columns.tolist() == ["unique_id", "store", "item", "ds", "forecast", "method"]
        assert own["unique_id"].tolist() == ["7 / b", "7 / b", "12 / a//c", "12 / a//c"]
        assert own["store"].tolist() == [7, 7, 12, 12]
        assert own["item"].tolist() == ["b", "b", "a/c", "a/c"]


def test_unique_id_may_be_one_of_several_columns_of_ids() -> None:
    plain = sales(item=np.repeat([1, 2], 30))
    found = Forecaster("y", id=["unique_id", "item"], **MODEL).fit(plain).predict()
    assert found["unique_id"].tolist() == ["7 / 1", "7 / 1", "12 / 2", "12 / 2"]
    assert found["item"].tolist() == [1, 1, 2, 2]


HOURS = pd.date_range("2024-03-30", periods=40, freq="h")


@pytest.mark.filterwarnings("ignore:the table. the column 'ds' holds")
@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (HOURS, pd.date_range("2024-03-31 16:00", periods=2, freq="h")),
        (pd.date_range("2024-01-01", periods=40).strftime("%Y-%m-%d"), pd.date_range("2024-02-10", periods=2)),
        (pd.date_range("2024-01-01", periods=40).date, pd.date_range("2024-02-10", periods=2).date),
        (pd.period_range("2020-11", periods=40, freq="M"), pd.period_range("2024-03", periods=2, freq="M")),
        (HOURS.to_numpy().astype("datetime64[s]").astype(np.int64), [1711900800, 1711904400]),
        (HOURS.to_numpy().astype("datetime64[ms]").astype(np.int64), [1711900800000, 1711904400000]),
        (45292 + np.arange(40), [45332, 45333]),
        (45292 + np.arange(40) / 4, [45302.0, 45302.25]),
        (np.arange(40), [40, 41]),
    ],
    ids=["datetimes", "texts", "dates", "periods", "seconds", "milliseconds", "Excel days", "parts of days", "rows"],
)
def test_dates_come_back_in_their_type_and_texts_as_datetimes(dates: Any, expected: Any) -> None:
    own = pd.Series(dates)
    found = Forecaster(**MODEL).fit(pd.DataFrame({"ds": own, "y": np.arange(40) % 7})).predict()["ds"]
    assert found.tolist() == pd.Series(expected).tolist()
    assert found.dtype == pd.Series(expected).dtype
    assert found.dtype == own.dtype or isinstance(own[0], str)


def test_an_index_of_periods_comes_back_as_periods() -> None:
    months = pd.period_range("2020-11", periods=40, freq="M")
    found = Forecaster(**MODEL).fit(pd.Series(np.arange(40) % 7, months)).predict()
    assert found["ds"].tolist() == list(pd.period_range("2024-03", periods=2, freq="M"))


@pytest.mark.filterwarnings("ignore:the table. the column 'ds' holds")
def test_unix_time_of_polars_keeps_its_type_and_is_joined() -> None:
    pl = pytest.importorskip("polars")
    data = pl.DataFrame({"ds": HOURS.to_numpy().astype("datetime64[s]").astype(np.int64), "y": np.arange(40.0) % 7})
    found = Forecaster(**MODEL).fit(data).backtest(data, folds=1).predictions
    assert found.schema["ds"] == found.schema["cutoff"] == pl.Int64
    assert len(found.join(data, on="ds")) == 2


def test_a_target_may_be_given_apart_from_a_frame_of_polars() -> None:
    pl = pytest.importorskip("polars")
    data, y = pl.from_pandas(sales()), sales()["y"].to_numpy()
    together = Forecaster(**MODEL).fit(data).predict()
    assert Forecaster(**MODEL).fit(data.drop("y"), y).predict().equals(together)
    with pytest.raises(InputError, match=r"y has the shape \(3,\); expected one value for each of 60 rows"):
        Forecaster(**MODEL).fit(data.drop("y"), y[:3])


@pytest.mark.parametrize(
    "change",
    [
        {"id_kinds": ["integer"]},
        {"id_columns": ["a", "b"], "id_kinds": ["text", "text"]},
        {"id_columns": ["a", "b"], "id_kinds": []},
        {"id_kinds": ["real"]},
    ],
)
def test_a_model_whose_ids_are_not_of_their_form_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    Forecaster(**MODEL).fit(sales().assign(unique_id=np.repeat(["x", "z"], 30))).save(tmp_path / "model")
    tensors, data = read_tensors(tmp_path / "model")
    data["context"]["form"].update(change)
    write_tensors(tmp_path / "model", tensors, data)
    with pytest.raises(InputError, match=r"is damaged: |do not fit each other"):
        load(tmp_path / "model")


def test_a_model_without_the_kinds_of_its_ids_gives_texts(tmp_path: Path) -> None:
    Forecaster(**MODEL).fit(sales()).save(tmp_path / "model")
    tensors, data = read_tensors(tmp_path / "model")
    del data["context"]["form"]  # as earlier versions wrote it
    write_tensors(tmp_path / "model", tensors, data)
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, Forecaster)
    assert loaded.predict()["unique_id"].tolist() == ["7", "7", "12", "12"]
