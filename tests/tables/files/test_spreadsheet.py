"""CSV files that are written: no spreadsheet calculates a cell of a user's file, and our reader reads it as it was."""

import csv
import io
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recurra import Forecaster
from recurra.tables.files import spreadsheet
from recurra.tables.files.reader import read_file
from recurra.tables.files.spreadsheet import NUMBER, escaped, to_csv, unescaped

PLAIN = st.characters(codec="utf-8", exclude_characters="\0")
TEXTS = st.text(PLAIN, min_size=1) | st.text("='+-@\t\r\n \",1a\ufeff\u202e", min_size=1)


@given(ids=st.lists(TEXTS, min_size=1, max_size=8, unique=True))
@example(ids=["=1+1", "'=1+1", "''=1+1", "+1", "-5", "'-5", "-a", "@a", "\ta", "\ra", "a\r", "'", " ' ", "'0'="])
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_id_is_read_as_it_was_and_no_cell_is_calculated(ids: list[str], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(to_csv(pd.DataFrame({"unique_id": ids, "ds": "2024-01-31", "forecast": -1.5})))
    for row in csv.reader(io.StringIO(path.read_text("utf-8"), newline="")):
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or NUMBER.fullmatch(cell)
    frame = read_file(path).frame
    assert frame["unique_id"].tolist() == ids
    assert frame["forecast"].tolist() == [-1.5] * len(ids)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_reader_with_another_delimiter_finds_no_cell_in_a_text(delimiter: str) -> None:
    text = f"a{delimiter}=1+1{delimiter}b"
    for table in (pd.DataFrame({"unique_id": [text], "y": [1]}), pd.DataFrame({text: [1.5], "y": [1]})):
        rows = csv.reader(io.StringIO(to_csv(table).decode(), newline=""), delimiter=delimiter)
        assert not any(cell.startswith("=") for row in rows for cell in row)


@pytest.mark.parametrize("kind", ["string", "category"])
def test_texts_of_every_type_are_escaped(kind: Any) -> None:
    table = pd.DataFrame({"unique_id": pd.Series(["=1+1", "a"], dtype=kind), "y": [1, 2]})
    assert to_csv(table) == b"unique_id,y\n'=1+1,1\na,2\n"


@given(st.text(st.characters(codec="utf-8")))
def test_what_is_escaped_is_unescaped(text: str) -> None:
    assert unescaped(escaped(text)) == text


def test_numbers_and_ordinary_texts_stay_as_they_are() -> None:
    table = pd.DataFrame({"unique_id": ["a b", "it's", "2020-01-01", "-5"], "y": [-1, 2, 3, 4]})
    assert to_csv(table) == b"unique_id,y\na b,-1\nit's,2\n2020-01-01,3\n-5,4\n"


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+a", "@b", "-c", "\td", "＝1", "\ufeff=1", "\u200b+1", "'＠;;=1"])
def test_the_name_of_a_column_is_read_as_it_was(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(to_csv(pd.DataFrame({name: [1.0], "y": [2.0]})))
    assert path.read_text("utf-8").lstrip('"').startswith("'")
    assert read_file(path).frame.columns.tolist() == [name, "y"]


def test_forecasts_of_series_with_names_of_formulas_are_read_again(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=20)
    rows = [{"unique_id": id_, "ds": day, "y": float(i % 5)} for id_ in ("=1+1", "@a") for i, day in enumerate(days)]
    model = Forecaster(epochs=1, units=4, window=3, horizon=2).fit(pd.DataFrame(rows))
    (tmp_path / "t.csv").write_bytes(to_csv(model.predict()))
    assert read_file(tmp_path / "t.csv").frame["unique_id"].tolist() == ["=1+1", "=1+1", "@a", "@a"]


@pytest.mark.parametrize("by_pyarrow", [True, False])
@given(values=st.lists(st.floats() | st.integers(-99, 99).map(float), min_size=1), midnight=st.booleans())
@example(values=[0.1, -9999999999.5, 1e-4, 9.999e-5, 1e10, 12345678901.5, 1e15, 1e16, -0.0, 7.0], midnight=True)
def test_numbers_and_dates_are_written_as_pandas_writes_them(
    by_pyarrow: bool, values: list[float], midnight: bool
) -> None:
    days = pd.date_range("2024-01-01" if midnight else "2024-01-01 06:30", periods=len(values))
    frame = pd.DataFrame({"ds": days, "local": days.tz_localize("Europe/Berlin"), "y": values, "n": range(len(values))})
    frame.loc[frame.index[1:2], ["ds", "local"]] = pd.NaT
    assert spreadsheet.compute is not None
    compute = spreadsheet.compute if by_pyarrow else None
    for sent in (frame, frame.assign(unique_id="a;b")):
        quoting = csv.QUOTE_NONNUMERIC if "unique_id" in sent else csv.QUOTE_MINIMAL
        with patch.object(spreadsheet, "compute", compute), patch.object(spreadsheet, "AT_ONCE", 2):
            written = to_csv(sent).decode()
        assert written == sent.to_csv(index=False, lineterminator="\n", quoting=quoting)


def test_texts_are_quoted_as_pandas_quotes_them() -> None:
    frame = pd.DataFrame({"unique_id": ["a,b", 'say "x"', "two\nlines", None, "plain"], 'y, "z"': [True] * 5})
    assert to_csv(frame).decode() == frame.to_csv(index=False, lineterminator="\n")
