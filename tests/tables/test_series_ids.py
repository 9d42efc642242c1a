"""Ids of series: of several columns joined, and in which type they came."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.files import parquet_reader
from recurra.tables.series_ids import parts_of_ids, read_ids
from recurra.tables.table_builder import make_table

PARTS = st.text(st.sampled_from("/ a1"), min_size=1, max_size=6) | st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.lists(st.tuples(PARTS, PARTS, PARTS), min_size=1, max_size=9))
def test_joined_ids_are_taken_apart_as_they_were_and_differ_where_these_do(rows: list[tuple[str, str, str]]) -> None:
    rows = [tuple(part.replace("\0", "") or "0" for part in row) for row in rows]  # type: ignore[misc]
    ids = read_ids(pd.DataFrame(rows, columns=["a", "b", "c"]), ["a", "b", "c"], "t")
    assert len(set(ids.texts)) == len(ids.texts) == len(set(rows))
    parts = parts_of_ids(ids.texts, 3)
    assert [tuple(parts[place]) for place in ids.places] == rows


def test_two_columns_of_ids_name_the_series_of_a_table() -> None:
    rows = [
        {"store": s, "item": i, "ds": f"2024-01-0{d}", "y": 100 * s + d} for d in (1, 2) for i in "ba" for s in (2, 1)
    ]
    table = make_table(pd.DataFrame(rows), target="y", id=["store", "item"])
    assert {series.id: series.values[:, 0].tolist() for series in table.series} == {
        "2 / b": [201, 202], "1 / b": [101, 102], "2 / a": [201, 202], "1 / a": [101, 102]
    }  # fmt: skip
    assert (table.form.id_columns, table.form.id_kinds) == (("store", "item"), ("integer", "text"))
    assert table.many


@pytest.mark.parametrize(
    ("values", "written", "kind"),
    [
        ([1, 2], False, "integer"),
        ([1.0, 2.0], False, "integer"),
        ([1.5, 2.0], False, "text"),
        (["1", "2"], False, "text"),
        (["1", "2"], True, "integer"),
        (["01", "2"], True, "text"),
        (["1", "x"], True, "text"),
        (["-5", "0"], True, "integer"),
        (["9" * 18, "1"], True, "integer"),
        (["9" * 19, "1"], True, "text"),  # more than 64 bits hold
        ([True, False], False, "text"),
        (pd.Series([1, 2], dtype=object), False, "integer"),
        (pd.Series([1, 2], dtype="category"), False, "integer"),
        (pd.Series(["1", "2"], dtype="category"), False, "text"),
        (pd.Series([1, 2], dtype="Int64"), False, "integer"),
        (np.array([2**63, 1], dtype=np.uint64), False, "text"),
    ],
)
def test_the_type_of_ids_is_known(values: Any, written: bool, kind: str) -> None:
    assert read_ids(pd.DataFrame({"id": values}), ["id"], "t", written=written).kinds == (kind,)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a", "A"], "the column 'a' is given twice as id; give each column of ids once"),
        (["a", "w"], "there is no column 'w' for id"),
        (["a", "b"], "row 2, column 'b': has no series id"),
        (["a", "y"], "no numeric column was found for the target"),
    ],
)
def test_a_wrong_column_of_ids_is_an_error(names: list[str], said: str) -> None:
    frame = pd.DataFrame({"ds": ["2024-01-01", "2024-01-02"], "a": [1, 2], "b": ["x", None], "y": [1.0, 2.0]})
    with pytest.raises(InputError, match=said):
        make_table(frame, id=names)


@pytest.mark.parametrize("joined", [["a"], ["a / b / c"], ["a / b", "c"]])
def test_ids_with_another_number_of_parts_are_a_value_error(joined: list[str]) -> None:
    with pytest.raises(ValueError, match="does not have 2 parts"):
        parts_of_ids(joined, 2)


@pytest.mark.parametrize("wrong", [5, ["a", 5], {"a"}])
def test_names_of_ids_are_texts(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"id is .*; expected the name of a column, or a list of names"):
        make_table(pd.DataFrame({"ds": ["2024-01-01"], "y": [1.0]}), id=wrong)


@pytest.mark.parametrize(
    ("ids", "kind"),
    [(["b", "ü", "a"], "text"), ([30, 10, 20], "integer"), ([1.5, 1.0, 2.0], "text"), (["1", "01", "2"], "text")],
)
@pytest.mark.parametrize("dtype", [None, "category"])
@pytest.mark.parametrize("kind_of_file", ["parquet", "feather"])
def test_ids_that_a_file_holds_as_codes_are_read_as_those_of_a_frame(
    ids: list[Any], kind: str, dtype: Any, kind_of_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_reader, "AT_ONCE", 0)  # texts are read as codes
    rows = pd.DataFrame({"unique_id": ids * 4, "ds": pd.date_range("2024-01-01", periods=4).repeat(3), "y": range(12)})
    sent, path = rows.astype({"unique_id": dtype}) if dtype else rows, tmp_path / f"t.{kind_of_file}"
    sent.to_parquet(path, row_group_size=5) if kind_of_file == "parquet" else sent.to_feather(path)
    found = make_table(path)
    assert found.ids == tuple(map(str, ids))
    assert found.form.id_kinds == (kind,)
    assert found.fingerprint() == make_table(rows).fingerprint()


def test_a_missing_id_that_a_file_holds_as_a_code_is_an_error_with_its_row(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"unique_id": pd.Categorical(["a", "a", None, "b"]), "ds": pd.date_range("2024-01-01", periods=4)}
    )
    rows.assign(y=1.0).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="row 3, column 'unique_id': has no series id; add it or drop the row"):
        make_table(tmp_path / "t.parquet")
