"""Static covariates of tables: columns that have one value in all rows of a series."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.form import Form
from recurra.tables.static_covariates import StaticCovariates
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

pl = pytest.importorskip("polars")

STATIC: dict[str, Any] = {"target": "y", "static_covariates": ["region", "size", "open"]}
READ = {"region": ["north", "", "south"], "size": [5.0, 7.5, np.nan], "open": [1.0, 0.0, 1.0]}


def shops() -> pd.DataFrame:
    """Three shops, some of whose cells are empty: of b all regions, of c all sizes."""
    days = pd.date_range("2024-01-01", periods=4)
    region, size = {"a": "north", "b": None, "c": "south"}, {"a": 5.0, "b": 7.5, "c": np.nan}
    parts = [
        pd.DataFrame({
            "unique_id": id_, "ds": days, "y": np.arange(4.0), "region": region[id_], "size": size[id_],
            "open": id_ != "b",
        })
        for id_ in "cab"
    ]  # fmt: skip
    whole = pd.concat(parts, ignore_index=True)
    whole.loc[[1, 4], ["region", "size"]] = None
    return whole


def by_id(table: Table) -> dict[str, list[Any]]:
    """The values of the series a, b, c."""
    order = np.array([table.places[id_] for id_ in "abc"])
    return {name: column.tolist() for name, column in table.static.at(order).columns.items()}


def written(write: Callable[[pd.DataFrame, Path], object], name: str) -> Callable[[pd.DataFrame, Path], Any]:
    def as_file(frame: pd.DataFrame, folder: Path) -> Path:
        write(frame, folder / name)
        return folder / name

    return as_file


FORMS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "pandas": lambda frame, _: frame,
    "pandas, categories": lambda frame, _: frame.astype({"region": "category"}),
    "pandas, objects": lambda frame, _: frame.astype(object),
    "pandas, booleans that may be missing": lambda frame, _: frame.astype({"open": "boolean"}),
    "polars": lambda frame, _: pl.from_pandas(frame),
    "polars, lazy, categories": lambda frame, _: pl.from_pandas(frame).lazy().cast({"region": pl.Categorical}),
    "polars, a missing boolean": lambda frame, _: pl.from_pandas(
        frame.assign(open=frame["open"].astype(object).where(np.arange(len(frame)) != 1))
    ),
    "pyarrow": lambda frame, _: pl.from_pandas(frame).to_arrow(),
    "CSV": written(lambda frame, path: frame.to_csv(path, index=False), "t.csv"),
    "CSV with decimal commas": written(
        lambda frame, path: frame.to_csv(path, index=False, sep=";", decimal=","), "t.csv"
    ),
    "Parquet": written(lambda frame, path: frame.to_parquet(path), "t.parquet"),
    "Feather": written(lambda frame, path: frame.to_feather(path), "t.feather"),
    "Excel": written(lambda frame, path: frame.to_excel(path, index=False), "t.xlsx"),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_a_table_has_the_same_static_covariates(form: str, tmp_path: Path) -> None:
    data = FORMS[form](shops(), tmp_path)
    table = make_table(data, **STATIC)
    assert table.columns == ("y",)
    np.testing.assert_equal(by_id(table), READ)
    assert by_id(make_table(data, **STATIC, missing="ffill")).keys() == READ.keys()


@given(st.permutations(range(12)))
def test_the_order_of_the_rows_does_not_matter(order: list[int]) -> None:
    np.testing.assert_equal(by_id(make_table(shops().iloc[order], **STATIC)), READ)


def test_texts_of_numbers_are_numbers_in_a_text_file_and_words_in_a_frame(tmp_path: Path) -> None:
    frame = shops().assign(size=["7"] * 4 + ["5"] * 4 + ["1.5"] * 4, region=["1 m²"] * 4 + ["2 m²"] * 4 + ["x"] * 4)
    names = ["size", "region"]
    assert by_id(make_table(frame, target="y", static_covariates=names))["size"] == ["5", "1.5", "7"]
    frame.to_csv(tmp_path / "t.csv", index=False)
    read = by_id(make_table(tmp_path / "t.csv", target="y", static_covariates=names))
    assert read == {"size": [5.0, 1.5, 7.0], "region": ["2 m²", "x", "1 m²"]}
    frame.assign(region=["01"] * 4 + ["3B"] * 4 + ["2"] * 4).to_csv(tmp_path / "codes.csv", index=False)
    codes = by_id(make_table(tmp_path / "codes.csv", target="y", static_covariates=names))
    assert codes["region"] == ["3B", "2", "01"]


def test_texts_of_numbers_are_words_where_an_earlier_table_had_words(tmp_path: Path) -> None:
    frame = shops().assign(region=["01"] * 4 + ["NA"] * 4 + ["7"] * 4, size=["1.50"] * 12)
    frame.rename(columns={"region": "Region"}).to_csv(tmp_path / "t.csv", index=False)
    names: dict[str, Any] = {"target": "y", "static_covariates": ["region", "size"]}
    read = by_id(make_table(tmp_path / "t.csv", **names, known_words=["region"]))
    assert read == {"Region": ["", "7", "01"], "size": [1.5, 1.5, 1.5]}
    np.testing.assert_equal(by_id(make_table(tmp_path / "t.csv", **names))["Region"], [np.nan, 7.0, 1.0])


@pytest.mark.parametrize(
    ("column", "cells", "message"),
    [
        (
            "region",
            {7: " south "},
            "column 'region' of series 'a' is 'north' in row 6 and 'south' in row 8; expected one",
        ),
        ("size", {10: 8.0}, "column 'size' of series 'b' is '7.5' in row 9 and '8.0' in row 11; expected one value in"),
        ("size", {10: np.inf}, "row 11, column 'size': found infinity, expected a number; correct the cell."),
        ("size", {10: 1e60}, "row 11, column 'size': found '1e+60', expected a number between"),
        (
            "region",
            {5: "x" * 1001},
            "row 6, column 'region': found a text that cannot be stored or is longer than 1,000",
        ),
        ("region", {5: "a\0b"}, "row 6, column 'region': found a text that cannot be stored or is longer than 1,000"),
    ],
)
def test_a_wrong_cell_is_one_sentence_with_its_row(column: str, cells: dict[int, Any], message: str) -> None:
    frame = shops()
    for row, cell in cells.items():
        frame.loc[row, column] = cell
    with pytest.raises(InputError) as error:
        make_table(frame, **STATIC)
    assert str(error.value).startswith(f"the table: {message}")


@pytest.mark.parametrize(
    ("given_columns", "message"),
    [
        ({"static_covariates": "regions"}, "there is no column 'regions' for the static covariates (did you mean 'reg"),
        (
            {"static_covariates": "y"},
            "the column 'y' is used twice, as the target and a static covariate; name each column once.",
        ),
        ({"target": None, "static_covariates": "y"}, "is the target beside the static covariates 'y'? found 'size', "),
        ({"target": None, "future_covariates": "y"}, "the column 'y' is used twice, as the target and a future covar"),
        ({"static_covariates": ["size", "size"]}, "the column 'size' is used twice, as a static covariate; name each"),
        ({"static_covariates": "size", "past_covariates": "size"}, "the column 'size' is used twice"),
        ({"static_covariates": "size", "future_covariates": "size"}, "the column 'size' is used twice"),
        ({"static_covariates": "ds"}, "the column 'ds' contains the dates or the series ids; choose another"),
        ({"static_covariates": "unique_id"}, "the column 'unique_id' contains the dates or the series ids"),
        ({"static_covariates": 5}, "static_covariates is 5; expected the name of a column, or a list of names"),
    ],
)
def test_a_static_covariate_has_no_other_role(given_columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        make_table(shops(), **{"target": "y", **given_columns})
    assert message in str(error.value)


def test_a_table_whose_only_numbers_are_a_static_covariate_has_no_target() -> None:
    frame = shops()[["unique_id", "ds", "y"]].rename(columns={"y": "sales"})
    with pytest.raises(InputError, match=r"no numeric column was found for the target beside the static .* 'sales';"):
        make_table(frame, static_covariates="sales")


def test_static_covariates_are_neither_the_target_nor_among_all_past_covariates() -> None:
    frame = shops().rename(columns={"y": "sales"}).assign(price=np.arange(12) % 5)
    table = make_table(frame, target="sales", past_covariates="all", static_covariates=["size", "region"])
    assert table.columns == ("sales", "open", "price")
    alone = make_table(frame[["unique_id", "ds", "sales", "size"]], static_covariates="size")
    assert alone.columns == ("sales",)


def test_newer_rows_may_lack_static_covariates_but_not_a_table_of_its_own() -> None:
    rows = shops().drop(columns="region")
    names = {"target": "y", "static_covariates": ["region", "size"]}
    with pytest.raises(InputError, match="there is no column 'region' for the static covariates"):
        make_table(rows, **names)
    assert make_table(rows, **names, earlier=Form()).static.names == ("size",)


def test_newer_values_come_before_known_ones_where_there_are_any() -> None:
    words, numbers = np.array(["north", "south"], dtype=object), np.array([5.0, np.nan])
    known = StaticCovariates({"region": words, "size": numbers})
    newer = StaticCovariates({"size": np.array([np.nan, 6.0, 7.0]), "region": np.array(["", "1", ""], dtype=object)})
    found = newer.after(known, np.array([0, 1, -1]), "new.csv").columns
    assert found["region"].tolist() == ["north", "1", ""]
    np.testing.assert_equal(found["size"], [5.0, 6.0, 7.0])
    coded = StaticCovariates({"region": np.array([12.0, np.nan, 1.5])})
    found = coded.after(known, np.array([-1, 1, 0]), "new.csv").columns
    assert found["region"].tolist() == ["12", "south", "1.5"]
    np.testing.assert_equal(found["size"], [np.nan, np.nan, 5.0])
    with pytest.raises(
        InputError, match=r"new\.csv: column 'size' has 'large'; the static covariate had numbers in tr"
    ):
        StaticCovariates({"size": np.array(["large"], dtype=object)}).after(known, np.array([0]), "new.csv")


def test_series_keep_their_values_when_a_table_is_cut_ordered_and_joined() -> None:
    table = make_table(shops(), **STATIC)
    assert table.only({"a"}).static.columns["region"].tolist() == ["north"]
    assert by_id(table.in_order("bca").tail(2).with_series(table.only("b"))).keys() == READ.keys()
    np.testing.assert_equal(by_id(table.only("ac").with_series(table.only("b"))), READ)


def test_the_fingerprint_covers_them() -> None:
    table = make_table(shops(), **STATIC)
    assert table.fingerprint() == make_table(shops(), **STATIC).fingerprint()
    others = [
        make_table(shops(), target="y"),
        make_table(shops().replace({"region": {"north": "northern"}}), **STATIC),
        make_table(shops().replace({"size": {5.0: 5.5}}), **STATIC),
        make_table(shops().rename(columns={"size": "area"}), target="y", static_covariates=["region", "area", "open"]),
    ]
    assert len({table.fingerprint(), *(other.fingerprint() for other in others)}) == 5
