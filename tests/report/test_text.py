"""Scores and forecasts in plain text: what stands in which column, and that columns stand in line."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.evaluation.backtest import evaluate
from recurra.evaluation.predictions import Forecasts
from recurra.report.text import SHOWN_ROWS, aligned, evaluation_text, forecast_text, plain
from recurra.tables.origins import Origins
from recurra.tables.table import Table
from recurra.tables.table_builder import make_table

CELLS = st.text(st.sampled_from("ab 1-.%日收盘（"), max_size=6).map(str.strip)
ROWS = st.integers(1, 5).flatmap(
    lambda columns: st.lists(st.lists(CELLS, min_size=columns, max_size=columns), min_size=1)
)


def width(text: str) -> int:
    """Cells of a terminal, in which a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1 for character in text)


def cut(line: str, start: int, stop: int) -> str:
    """What stands in these cells of a line."""
    ends = np.cumsum([width(character) for character in line])
    return "".join(c for c, end in zip(line, ends, strict=True) if start < end <= stop)


@given(ROWS, st.booleans())
@settings(deadline=None)
def test_columns_stand_in_line_whatever_characters_they_hold(rows: list[list[str]], numbers: bool) -> None:
    lines = aligned(rows, numbers=numbers).split("\n")
    assert len(lines) == len(rows)
    widths = [max(width(row[place]) for row in rows) for place in range(len(rows[0]))]
    for line, row in zip(lines, rows, strict=True):
        assert line == line.rstrip()
        start = 0
        for place, (cell, size) in enumerate(zip(row, widths, strict=True)):
            space = " " * (size - width(cell))
            padded = space + cell if numbers and place else cell + space
            shown = cut(line, start, start + size)
            assert shown.rstrip() == padded.rstrip()
            start += size + 2


def test_words_stand_at_the_left_and_numbers_at_the_right() -> None:
    rows = [["", "RMSE"], ["the network", "1.5"], ["昨日收盘", "12.25"]]
    assert aligned(rows) == "             RMSE\nthe network  1.5\n昨日收盘     12.25"
    assert aligned(rows, numbers=True) == "              RMSE\nthe network    1.5\n昨日收盘     12.25"


class Known:
    """A model that forecasts what it was given, [N, H], give or take a tenth of the level."""

    baseline_columns: Sequence[str] = ()

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values, dtype=float)

    def fit(self, data: Table, /) -> "Known":
        return self

    def forecast(self, table: Table, origins: Origins, levels: Sequence[float] = (), **_: bool) -> Forecasts:
        return Forecasts(self.values, {level: (self.values - level / 10, self.values + level / 10) for level in levels})


Y = [100.0, 102.0, 101.0, 104.0, 103.0, 107.0, 110.0, 108.0]  # of eight days


def scores(
    y: Sequence[float] = Y, off: float = 0.5, *, name: str = "sales", levels: Sequence[float] = (), freq: str = "D"
) -> dict[str, Any]:
    """Of the last four rows, each predicted one row ahead, `off` too high."""
    days = pd.date_range("2024-02-26", periods=len(y), freq=freq)
    table = make_table(pd.DataFrame({"date": days, name: y}), target=name)
    origins = Origins.of_each([np.arange(len(y) - 4, len(y))])
    model = Known(np.array(y)[-4:, None] + off)
    return evaluate(model, table, origins, horizon=1, season=2, levels=list(levels)).to_json()


def cells(text: str) -> dict[str, dict[str, str]]:
    """The table of an evaluation, read back: forecaster → column → cell."""
    block = text.split("\n\n")[1].split("\n")
    heading = re.split(r" {2,}", block[0].strip())
    read = {}
    for line in block[1:]:
        who, *values = re.split(r" {2,}", line)
        read[who] = dict(zip(heading, values, strict=True))
    return read


def test_the_scores_are_those_of_a_hand_calculation() -> None:
    table = cells(evaluation_text("test", scores()))
    network, persistence = table["the network"], table["persistence: yesterday's sales"]
    assert float(network["RMSE"]) == float(network["MAE"]) == 0.5
    changes = np.array([103 - 104, 107 - 103, 110 - 107, 108 - 110])
    assert float(persistence["RMSE"]) == pytest.approx(np.sqrt(np.mean(changes**2)), rel=1e-3)
    assert float(persistence["MAE"]) == pytest.approx(np.mean(np.abs(changes)))
    percent = 100 * np.mean(np.abs(changes) / np.array(Y[-4:]))
    assert persistence["MAPE"] == f"{percent:.2f} %"
    assert float(network["MASE"]) == pytest.approx(0.5 / np.mean([abs(101 - 100), abs(104 - 102)]), abs=1e-3)
    assert network["direction"] == "100.0 %"


def test_the_model_stands_first_and_then_what_needs_no_model_the_best_before_the_others() -> None:
    found = list(cells(evaluation_text("test", scores(off=30.0))))
    assert found[0] == "the network"
    assert sorted(found[1:]) == [
        "drift: a straight line",
        "persistence: yesterday's sales",
        "seasonal naive: the value one season earlier",
    ]
    errors = [float(row["RMSE"]) for row in cells(evaluation_text("test", scores())).values()]
    assert errors[1:] == sorted(errors[1:])


def test_what_is_not_defined_is_a_dash() -> None:
    table = cells(evaluation_text("test", scores(levels=[80])))
    assert table["persistence: yesterday's sales"]["direction"] == "-"  # it never says up or down
    assert table["the network"]["inside 80 % interval"] == "100.0 %"
    assert table["drift: a straight line"]["inside 80 % interval"] == table["drift: a straight line"]["pinball"] == "-"


def test_a_column_that_no_forecaster_has_is_left_out() -> None:
    plain = evaluation_text("test", scores())
    assert "pinball" not in plain
    assert "interval" not in plain
    with_zero = evaluation_text("test", scores([*Y[:-1], 0.0]))
    assert " MAPE" not in with_zero
    assert "sMAPE" in with_zero


def test_intervals_of_several_levels_have_a_column_each() -> None:
    row = cells(evaluation_text("test", scores(levels=[80, 97.5])))["the network"]
    assert row["inside 80 % interval"] == row["inside 97.5 % interval"] == "100.0 %"


def test_the_first_line_says_how_many_predictions_of_which_part_and_days() -> None:
    text = evaluation_text("validation", scores())
    assert text.startswith("4 predictions of the validation part, 2024-03-01 to 2024-03-04:\n\n")
    hourly = evaluation_text("test", scores(freq="h"))
    assert hourly.startswith("4 predictions of the test part, 2024-02-26 04:00 to 2024-02-26 07:00:\n\n")
    midnight = evaluation_text("test", scores([*Y, *Y, *Y, *Y][:28], freq="h"))
    assert midnight.startswith("4 predictions of the test part, 2024-02-27 00:00 to 2024-02-27 03:00:\n\n")


def test_a_row_without_a_true_value_is_no_prediction() -> None:
    days = pd.date_range("2024-02-26", periods=8)
    table = make_table(pd.DataFrame({"ds": days, "y": [*Y[:6], np.nan, Y[7]]}), missing="ffill")
    evaluation = evaluate(Known(np.full((4, 1), 105.0)), table, Origins.of_each([np.arange(4, 8)]), horizon=1, season=2)
    assert evaluation_text("test", evaluation.to_json()).startswith("3 predictions of the test part")


def test_the_last_sentence_is_the_verdict_with_the_skill() -> None:
    said = scores()
    last = evaluation_text("test", said).split("\n")[-1]
    assert said["verdict"].startswith("the network is ")
    assert last.startswith(f"T{said['verdict'][1:]}; skill +")
    assert last.endswith(" in RMSE, where 0 is the best naive forecast and 100 % perfect.")
    rmse = {name: row["rmse"] for name, row in said["scores"].items()}
    best = min(value for name, value in rmse.items() if name != "recurra")
    assert f"skill {100 * (1 - 0.5 / best):+.1f} % in RMSE" in last
    assert "skill -" in evaluation_text("test", scores(off=30.0)).split("\n")[-1]


def test_where_the_best_naive_forecast_is_perfect_there_is_no_skill_to_tell() -> None:
    text = evaluation_text("test", scores([7.0] * 8, off=0.0))
    assert text.endswith("\n\nThe network and yesterday's sales are both exact, but for rounding.")
    assert "MASE" not in text


def test_a_single_date_is_told_once() -> None:
    said = scores() | {"from": "2023-01-08", "to": "2023-01-08", "predictions": 1}
    assert evaluation_text("test", said).startswith("1 prediction of the test part, 2023-01-08:\n")


def test_the_table_stands_in_line_with_chinese_names() -> None:
    block = evaluation_text("test", scores(name="收盘", levels=[80])).split("\n\n")[1].split("\n")
    assert any("yesterday's 收盘" in line for line in block)
    assert len({width(line) for line in block}) == 1  # the last column ends at the right


def following(rows: int, freq: str = "D", begin: str = "2024-02-28", **columns: Any) -> pd.DataFrame:
    values = columns or {"forecast": np.arange(rows) + 0.5}
    return pd.DataFrame({"ds": pd.date_range(begin, periods=rows, freq=freq), **values})


def rows_of(text: str) -> list[list[str]]:
    return [re.split(r" {2,}", line.strip()) for line in text.split("\n")]


def test_the_next_values_stand_beside_their_dates_and_intervals() -> None:
    values = {"forecast": [12.25, 1234.5], "lo-80": [-3.25, 1000.0], "hi-80": [20.0, 1500.75]}
    heading, *rows = rows_of(forecast_text(following(2, **values)))
    assert heading == ["date", "forecast", "lo-80", "hi-80"]
    assert [row[0] for row in rows] == ["2024-02-28", "2024-02-29"]
    read = [[float(cell.replace(",", "")) for cell in row[1:]] for row in rows]
    assert read == [[12.25, -3.25, 20.0], [1234.5, 1000.0, 1500.75]]
    assert rows[1][1].startswith("1,234.5")


@pytest.mark.parametrize(
    ("freq", "begin", "times", "expected"),
    [
        ("D", "2024-02-28", False, ["2024-02-28", "2024-02-29", "2024-03-01"]),
        ("MS", "2024-01-01", False, ["2024-01-01", "2024-02-01", "2024-03-01"]),
        ("h", "2024-02-28 22:00", True, ["2024-02-28 22:00", "2024-02-28 23:00", "2024-02-29 00:00"]),
        ("15min", "2024-02-28 00:00", True, ["2024-02-28 00:00", "2024-02-28 00:15", "2024-02-28 00:30"]),
    ],
)
def test_times_are_shown_where_rows_are_not_daily(freq: str, begin: str, times: bool, expected: list[str]) -> None:
    _, *rows = rows_of(forecast_text(following(3, freq, begin), times=times))
    assert [row[0] for row in rows] == expected


@pytest.mark.parametrize(
    ("ds", "expected"),
    [
        (["2024-02-28 19:00", "2024-02-29 19:00"], ["2024-02-28 19:00", "2024-02-29 19:00"]),
        ([7, 8], ["7", "8"]),
        (
            pd.DatetimeIndex(["2022-10-30 00:00", "2022-10-30 01:00"], tz="UTC").tz_convert("Europe/Berlin"),
            ["2022-10-30 02:00+02:00", "2022-10-30 02:00+01:00"],
        ),
    ],
)
def test_a_time_of_day_an_offset_or_a_number_in_place_of_a_date_is_shown(ds: Any, expected: list[str]) -> None:
    frame = following(2).assign(ds=pd.to_datetime(ds) if isinstance(ds[0], str) else ds)
    _, *rows = rows_of(forecast_text(frame))
    assert [row[0] for row in rows] == expected


def test_many_rows_are_cut_and_the_cut_is_told() -> None:
    whole = forecast_text(following(SHOWN_ROWS))
    assert len(whole.split("\n")) == 1 + SHOWN_ROWS
    assert "more;" not in whole
    *lines, last = forecast_text(following(SHOWN_ROWS + 6)).split("\n")
    assert len(lines) == 1 + SHOWN_ROWS
    assert last == "… and 6 more; --csv FILE writes all"
    assert forecast_text(following(30), all_in="run/forecast.csv has all").endswith(
        "… and 6 more; run/forecast.csv has all"
    )
    assert lines[-1].split()[0] == f"{pd.Timestamp('2024-02-28') + pd.Timedelta(days=SHOWN_ROWS - 1):%Y-%m-%d}"


def test_the_next_values_of_many_series_stand_beside_their_names_in_line() -> None:
    parts = [following(2, forecast=[level, level + 1]) for level in (1.5, 2000.25)]
    for part, name in zip(parts, ("north", "东区"), strict=True):
        part.insert(0, "unique_id", name)
    text = forecast_text(pd.concat(parts, ignore_index=True))
    heading, *rows = rows_of(text)
    assert heading == ["series", "date", "forecast"]
    assert [row[0] for row in rows] == ["north", "north", "东区", "东区"]
    assert [float(row[2].replace(",", "")) for row in rows] == [1.5, 2.5, 2000.25, 2001.25]
    assert len({width(line) for line in text.split("\n")}) == 1


@given(st.lists(st.floats(1e-3, 1e5) | st.floats(-1e5, -1e-3), min_size=1, max_size=SHOWN_ROWS))
@settings(deadline=None)
def test_every_next_value_reads_back_to_six_digits_of_the_largest(values: list[float]) -> None:
    _, *rows = rows_of(forecast_text(following(len(values), forecast=values)))
    read = [float(row[1].replace(",", "")) for row in rows]
    np.testing.assert_allclose(read, values, rtol=0, atol=1e-5 * max(map(abs, values)))


def test_one_next_hour_that_is_midnight_still_has_its_time() -> None:
    _, row = rows_of(forecast_text(following(1, "h", "2024-02-28"), times=True))
    assert row[0] == "2024-02-28 00:00"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (11.0, "11.00"),
        (-2.71828, "-2.718"),
        (272_912.4, "272,912"),
        (1_026_280.0, "1,026,280"),
        (0.00123456, "0.001235"),
        (6.33e-7, "6.33e-07"),
    ],
)
def test_a_number_has_four_digits_and_all_before_the_point(value: float, expected: str) -> None:
    assert plain(value, 4) == expected


def test_points_of_a_series_stand_in_line_and_large_values_have_no_exponent() -> None:
    text = forecast_text(following(3, forecast=[485.293, 557.96, -2.5]))
    assert text.split("\n")[1:] == ["2024-02-28   485.293", "2024-02-29   557.960", "2024-03-01    -2.500"]
    assert "3,184,730" in forecast_text(following(1, forecast=[3_184_730.2]))


def test_a_skill_of_nothing_has_no_minus() -> None:
    said = scores() | {"skill": {"rmse": -1e-9}}
    assert "skill +0.0 % in RMSE" in evaluation_text("test", said)


def test_an_interval_that_held_far_fewer_values_than_it_says_is_not_to_be_relied_on() -> None:
    evaluation = {
        "scores": {"recurra": {"rmse": 1.0, "coverage-80": 0.71, "coverage-95": 0.557}, "drift": {"rmse": 2.0}},
        "in_words": {"recurra": "the network", "drift": "a straight line"},
        "model": "recurra",
        "verdict": "the network is better than a straight line (p = 0.01)",
        "skill": {"rmse": 0.5},
        "predictions": 48,
        "origins": 4,
        "horizon": 12,
        "from": "2020-01-01",
        "to": "2020-02-01",
    }
    text = evaluation_text("test", evaluation)
    assert text.startswith("48 predictions of the test part (from 4 origins, 12 steps each), 2020-01-01 to")
    assert text.endswith("The 95 % interval covered only 55.7 % of these values: do not rely on it.")
    assert "80 % interval held" not in text


def test_control_characters_of_names_do_not_reach_the_terminal() -> None:
    day = pd.Timestamp("2024-01-01")
    frame = pd.DataFrame({"unique_id": ["a\x1b[31m\u202e"], "ds": [day], "forecast": [1.0]})
    lines = forecast_text(frame).splitlines()
    assert lines[1].startswith(r"a\u001b[31m\u202e  2024-01-01")
    assert all(line.isprintable() for line in lines)
