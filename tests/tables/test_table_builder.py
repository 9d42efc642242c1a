"""Building tables: which columns are meant, what is at fault in a table, and what is filled."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.zones import zoned
from recurra.tables.form import Form
from recurra.tables.table_builder import make_table

DAYS = pd.date_range("2020-01-01", periods=6)
EACH_ROW = Frequency("row")


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"date": DAYS[: len(next(iter(columns.values())))], **columns})


def bars() -> pd.DataFrame:
    """Six days as Chinese providers name them."""
    price = np.arange(6.0) + 10
    columns = {
        "日期": DAYS.strftime("%Y-%m-%d"),
        "开盘": price,
        "收盘": price + 0.5,
        "最高": price + 1,
        "最低": price - 1,
    }
    return pd.DataFrame(columns | {"成交量": [100, 200, 150, 120, 130, 140], "股票代码": [600519] * 6})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_chinese_columns_are_known_by_their_english_names_and_the_files_own_are_kept(
    encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "茅台.csv"
    path.write_bytes(bars().to_csv(index=False).encode(encoding))
    table = make_table(path, target="open", past_covariates=["close", "high", "low", "volume"])
    assert table.columns == ("开盘", "收盘", "最高", "最低", "成交量")
    assert table.series[0].values[1].tolist() == [11.0, 11.5, 12.0, 10.0, 200.0]
    assert table.series[0].dates.equals(DAYS)
    english = bars().rename(columns={"日期": "Date", "开盘": "Open"})
    assert make_table(english, target="开盘").target == "Open"


def test_all_covariates_are_the_other_numbers_but_for_row_numbers_and_constants() -> None:
    table = make_table(
        bars().reset_index().rename(columns={"index": "Unnamed: 0"}), target="开盘", past_covariates="all"
    )
    assert table.past_covariates == ("收盘", "最高", "最低", "成交量")


def test_a_long_table_is_cut_into_its_series_however_the_rows_stand() -> None:
    long = pd.DataFrame(
        {
            "unique_id": ["b", "a", "b", "a", "b"],
            "ds": ["2020-01-02", "2020-01-01", "2020-01-01", "2020-01-02", "2020-01-03"],
            "y": [2.0, 10.0, 1.0, 20.0, 3.0],
        }
    )
    table = make_table(long)
    assert table.many
    assert {series.id: series.values[:, 0].tolist() for series in table.series} == {"b": [1, 2, 3], "a": [10, 20]}
    assert any("not in the order of their dates" in note and "'b'" in note for note in table.notes)
    named = long.rename(columns={"unique_id": "shop"})
    assert [series.id for series in make_table(named, target="y", id="shop").series] == ["b", "a"]


@given(st.permutations(range(6)))
def test_the_order_of_rows_changes_nothing(order: list[int]) -> None:
    plain = frame(v=np.arange(6.0) ** 2)
    shuffled = make_table(plain.iloc[order])
    assert shuffled.fingerprint() == make_table(plain).fingerprint()
    assert bool(shuffled.notes) == (order != sorted(order))


def test_a_target_need_not_be_named_where_there_is_only_one() -> None:
    assert make_table(frame(sales=[1.0, 2.0], shop=["x", "x"])).target == "sales"
    assert make_table(frame(y=[1.0, 2.0], z=[1.0, 2.0])).target == "y"
    assert make_table(pd.DataFrame({"v": [1.0, 2.0]}, index=DAYS[:2])).series[0].dates.equals(DAYS[:2])


def test_texts_of_numbers_are_numbers() -> None:
    table = make_table(frame(v=["1,000", "2,000.5", "3"]))
    assert table.series[0].values[:, 0].tolist() == [1000.0, 2000.5, 3.0]


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        ({"v": [1.0, 2.0]}, {"target": "w"}, "there is no column 'w' for the target; the columns are 'date', 'v'"),
        (
            {"value": [1.0, 2.0]},
            {"target": "valeu"},
            "no column 'valeu' for the target (did you mean 'value'?)",
        ),
        ({"v": [1.0, 2.0]}, {"past_covariates": ["w"]}, "there is no column 'w' for the past covariates"),
        ({"v": [1.0, 2.0], "w": [1.0, 2.0]}, {}, "which column is the target? found 'v', 'w'; name it with --target"),
        ({"v": ["x", "z"]}, {}, "no numeric column was found for the target; the columns are 'date', 'v'."),
        ({"v": [1.0, 2.0]}, {"target": "v", "past_covariates": ["v"]}, "the column 'v' is used twice"),
        ({"v": [1.0, 2.0]}, {"target": "date"}, "the column 'date' contains the dates"),
        ({"v": [1.0, "x"]}, {"target": "v"}, "row 2, column 'v': found 'x', expected a number"),
        (
            {"v": [1.0, np.nan, np.nan]},
            {"missing": "error"},
            "row 2 (2020-01-02), column 'v': found no value (2 such rows",
        ),
        ({"v": [1.0, np.nan]}, {"missing": "error"}, "allow it with --missing auto, ffill, interpolate or mask"),
        (
            {"#": [7, 9], "v": [np.nan, np.nan], "w": [1.0, np.inf]},
            {},
            "row 2 (2020-01-02), column 'w': found infinity",
        ),
        ({"v": [1.0, -np.inf]}, {}, "row 2 (2020-01-02), column 'v': found infinity"),
        ({"v": [1.0, np.inf]}, {"missing": "ffill"}, "row 2 (2020-01-02), column 'v': found infinity"),
        (
            {"v": [np.nan, np.nan]},
            {"target": "v", "missing": "ffill"},
            "column 'v': found no value (2 such rows in all)",
        ),
        ({"v": [1.0, 2.0], "w": [1.0, np.nan]}, {"target": "v", "past_covariates": ["w"]}, "column 'w' has no value"),
        ({"v": [1.0]}, {}, "cannot be inferred from 1 date"),
        ({"v": [1.0, 2.0]}, {"date": "week"}, "there is no column 'week' for date"),
        ({"v": [1.0, 2.0]}, {"calendar": "XSGH", "missing": "ffill"}, "there is no calendar 'XSGH'"),
    ],
)
def test_what_is_at_fault_is_named_with_its_place_and_its_mend(
    columns: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as error:
        make_table(frame(**columns), **options)
    assert str(error.value).startswith("the table: ") or "calendar" in said
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_date_that_comes_twice_is_an_error_with_both_rows() -> None:
    days = ["2020-01-01", "2020-01-02", "2020-01-01"]
    twice = pd.DataFrame({"date": days, "v": [1.0, 2.0, 3.0]})
    with pytest.raises(InputError, match=r"rows 1 and 3 have the same date 2020-01-01; .* drop one\."):
        make_table(twice)
    with pytest.raises(InputError, match=r"if the 2 values of the column 'shop' tell series apart, name it with --id"):
        make_table(twice.assign(shop=["x", "x", "z"]), target="v")
    with pytest.raises(InputError, match=r"rows 1 and 3 of series 'x' have the same date"):
        make_table(twice.assign(unique_id="x", y=twice["v"]))


def test_a_date_that_comes_twice_in_a_series_may_need_one_more_column_of_ids() -> None:
    days = pd.date_range("2024-01-01", periods=3)
    each = [(day, region, product) for region in "NS" for product in "ab" for day in days]
    sold = pd.DataFrame(each, columns=["date", "region", "product"]).assign(v=1.5)
    with pytest.raises(InputError) as error:
        make_table(sold, target="v", id="region")
    assert str(error.value) == (
        "the table: rows 1 and 4 of series 'N' have the same date 2024-01-01; expected each date once: if the 2 "
        "values of the column 'product' tell series apart too, name it with --id region --id product (id=[…] in "
        "Python); otherwise drop one."
    )
    assert len(make_table(sold, target="v", id=["region", "product"]).series) == 4


def test_rows_on_days_without_a_session_are_refused() -> None:
    pytest.importorskip("exchange_calendars")
    days = pd.date_range("2024-01-02", "2024-01-31")  # with four weekends and Martin Luther King's day
    data = pd.DataFrame({"date": days, "close": np.arange(len(days)) + 1.5})
    with pytest.raises(InputError) as error:
        make_table(data, calendar="XNYS")
    assert str(error.value) == (
        "the table: row 5 (2024-01-06) is on a day that is no session of XNYS, as 8 other rows are; drop such rows, or "
        "leave out --calendar (calendar=… in Python)."
    )
    holiday = data["date"] == "2024-01-15"
    open_days = data[(days.weekday < 5) & ~holiday]
    table = make_table(open_days, calendar="XNYS")
    assert table.notes == ()
    with pytest.raises(InputError, match=r"row 1 \(2024-01-15\) is on a day that is no session of XNYS; drop"):
        make_table(data[holiday], frequency=table.frequency)


def test_no_rows_no_dates_and_a_row_without_a_series_are_errors() -> None:
    with pytest.raises(InputError, match="the table has no rows of data"):
        make_table(frame(v=[]))
    with pytest.raises(InputError, match=r"no column of dates; looked for one named date.*name it with --date"):
        make_table(pd.DataFrame({"a": ["x", "z"], "v": [1.0, 2.0]}))
    with pytest.raises(InputError, match="row 2, column 'unique_id': has no series id"):
        make_table(frame(unique_id=["a", None], y=[1.0, 2.0]))


def test_series_of_different_frequencies_are_read_as_the_longest_and_that_is_said() -> None:
    monthly = pd.DataFrame({"unique_id": "m", "ds": pd.date_range("2020-01-01", periods=6, freq="MS"), "y": 1.0})
    daily = pd.DataFrame({"unique_id": "d", "ds": pd.date_range("2020-01-04", periods=9), "y": 2.0})
    table = make_table(pd.concat([monthly, daily]))
    assert table.frequency.name == "daily"
    said = "rows are farther apart or closer than those of series 'd' (daily) in 1 series, the first is 'm'."
    assert said in table.notes


def test_a_column_of_dates_is_found_by_what_it_holds_or_by_its_name() -> None:
    plain = pd.DataFrame({"name": ["x", "z"], "when": ["2020-01-01", "2020-01-02"], "v": [1.0, 2.0]})
    assert make_table(plain).series[0].dates.equals(DAYS[:2])
    assert make_table(plain.rename(columns={"when": "交易日期"})).series[0].dates.equals(DAYS[:2])
    other = plain.assign(then=["2021-01-01", "2021-01-02"])
    assert make_table(other, date="then").series[0].dates[0].year == 2021


@pytest.mark.parametrize(
    ("missing", "how"),
    [
        ("ffill", "filled with the values before"),
        ("mask", "masked"),
        ("interpolate", "interpolated in training rows, and otherwise filled with the values before"),
    ],
)
def test_missing_values_are_filled_by_the_ones_before_and_marked(missing: Any, how: str) -> None:
    holes = frame(v=[np.nan, 2.0, np.nan, np.nan, 6.0, np.nan])
    table = make_table(holes, missing=missing)
    series = table.series[0]
    assert series.values[:, 0].tolist() == [2.0, 2.0, 2.0, 6.0, 6.0]
    assert series.observed[:, 0].tolist() == [True, False, False, True, False]
    assert series.dates.equals(DAYS[1:])
    assert table.notes == (
        f"3 missing values are {how}, the first on 2020-01-03.",
        "the first rows are left out, as not all columns have values there.",
    )


@given(st.lists(st.booleans(), min_size=4, max_size=6), st.integers(1, 5), st.sampled_from(["ffill", "interpolate"]))
def test_no_filled_value_changes_when_something_later_does(there: list[bool], row: int, missing: Any) -> None:
    values = np.where(there, np.arange(len(there)) ** 2 + 1.0, np.nan)
    row = min(row, len(there) - 1)
    if np.isnan(values[:row]).all() or np.isnan(values[row:]).all():
        return
    planted = np.concatenate([values[:row], values[row:] * 100])
    first, second = (make_table(frame(v=v), missing=missing) for v in (values, planted))
    before = first.dates < DAYS[row]
    training = np.array([before.sum()])
    for a, b in ((first, second), (first.interpolated(training), second.interpolated(training))):
        np.testing.assert_array_equal(a.values[before], b.values[before])


def test_absent_dates_are_a_note_or_become_rows_without_values() -> None:
    gap = frame(v=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).drop(index=[3])
    table = make_table(gap, missing="error")
    assert len(table.series[0].dates) == 5
    said = "1 absent date, 2020-01-04, is skipped, so that the rows around them count as consecutive"
    assert table.notes == (f"{said} (--missing ffill fills them).",)
    filled = make_table(gap, missing="interpolate").series[0]
    assert filled.values[:, 0].tolist() == [1.0, 2.0, 3.0, 3.0, 5.0, 6.0]
    assert filled.observed[:, 0].tolist() == [True, True, True, False, True, True]


def test_rows_after_the_last_value_of_the_target_are_the_future_of_known_columns() -> None:
    plan = frame(v=[1.0, 2.0, 3.0, 4.0, np.nan, np.nan], holiday=[0, 1, 0, 1, 1, 0], w=[1.0, 2, 3, 4, np.nan, np.nan])
    series = make_table(plan, target="v", future_covariates=["holiday"], past_covariates=["w"]).series[0]
    assert series.values.tolist() == [[1, 1, 0], [2, 2, 1], [3, 3, 0], [4, 4, 1]]
    assert series.future.tolist() == [[1.0], [0.0]]
    assert series.future_dates.equals(DAYS[4:])
    late = plan.assign(date=[*DAYS[:5], DAYS[5] + pd.Timedelta(days=1)])
    with pytest.raises(InputError, match="row 6: a future row has the date 2020-01-07, expected 2020-01-06"):
        make_table(late, target="v", future_covariates=["holiday"])
    plan.loc[5, "holiday"] = np.nan
    with pytest.raises(InputError, match=r"row 6 \(2020-01-06\), column 'holiday': found no value"):
        make_table(plan, target="v", future_covariates=["holiday"])


def test_coming_rows_of_business_days_may_know_holidays() -> None:
    days = [*pd.bdate_range("2020-04-06", periods=5), pd.Timestamp("2020-04-14")]  # the 13th is Easter Monday
    plan = pd.DataFrame({"date": days, "v": [1.0, 2, 3, 4, 5, np.nan], "open": [1.0, 1, 1, 1, 0, 1]})
    table = make_table(plan, target="v", future_covariates=["open"])
    assert table.following(1).tolist() == [pd.Timestamp("2020-04-14")]
    assert table.following(2).tolist() == [pd.Timestamp("2020-04-13"), pd.Timestamp("2020-04-14")]


@pytest.mark.parametrize(
    "same",
    [
        lambda f: f.set_index("date"),
        lambda f: f.set_index("date").rename_axis(None),
        lambda f: f.set_index(f["date"].astype(str)).rename_axis(None)[["v"]],
        lambda f: f.set_index("date", drop=False),
        lambda f: f.set_index("date")["v"],
        lambda f: f.set_index(pd.PeriodIndex(f["date"], freq="D"))[["v"]],
        lambda f: f.assign(unique_id="a", y=f["v"]).set_index(["unique_id", "date"])[["y"]],
        lambda f: f.assign(k="a", y=f["v"]).set_index(["k", "date"])[["y"]].rename_axis([None, None]),
    ],
)
def test_what_the_index_says_is_read(same: Any) -> None:
    series = make_table(same(frame(v=np.arange(6.0)))).series[0]
    assert series.values[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert series.dates.equals(DAYS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1.0, 2.0], "the table is a list; expected a DataFrame of pandas, polars or pyarrow, or the path of a file"),
        (np.ones(3), "the table is an ndarray"),
        (pd.DataFrame([[1, 2.0, 3.0]], columns=["date", "v", "v"]), "the table has the column 'v' twice"),
        (pd.DataFrame([[1.0]], columns=pd.MultiIndex.from_tuples([("Open", "AAPL")])), "columns of 2 levels"),
    ],
)
def test_what_is_no_table_is_said(data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_table(data)


def test_what_is_odd_about_many_series_is_one_sentence() -> None:
    parts = [pd.DataFrame({"unique_id": n, "ds": DAYS[::-1], "y": np.arange(6.0)}) for n in "abc"]
    notes = make_table(pd.concat(parts)).notes
    assert notes == ("the rows were not in the order of their dates; they are sorted in 3 series, the first is 'a'.",)


def test_a_file_with_the_newest_day_first_is_read_by_one_order_of_day_and_month(tmp_path: Path) -> None:
    days = pd.date_range("2020-01-25", periods=40)
    path = tmp_path / "t.csv"
    pd.DataFrame({"date": days.strftime("%d/%m/%Y"), "v": np.arange(40.0)})[::-1].to_csv(path, index=False)
    series = make_table(path).series[0]
    assert series.dates.equals(days)
    assert series.values[:, 0].tolist() == list(range(40))


def test_series_whose_names_differ_in_leading_zeros_are_apart(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"{name},2020-01-0{day},{day}\n" for name in ("01", "1", "NA") for day in range(1, 6)]
    path.write_text("unique_id,ds,y\n" + "".join(rows))
    assert [series.id for series in make_table(path).series] == ["01", "1", "NA"]


def test_names_of_weekdays_and_numbers_of_months_are_passed_over_for_dates(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("Day,month,Date,Sales\nWednesday,1,2020-01-01,5\nThursday,1,2020-01-02,6\nFriday,1,2020-01-03,7\n")
    assert make_table(path, target="sales").series[0].dates.equals(DAYS[:3])


def test_more_absent_dates_than_ten_for_each_row_are_an_error_before_any_is_made() -> None:
    minutes = [pd.date_range(f"{year}-01-01", periods=50, freq="min") for year in (1700, 2261)]
    frame = pd.DataFrame({"ds": minutes[0].append(minutes[1]), "y": 1.0})
    with pytest.raises(InputError, match=r"every minute, and 295,057,390 dates are absent .* 10 for each of 100 rows"):
        make_table(frame, missing="ffill")
    frame["ds"] = minutes[0].append(minutes[0] + pd.Timedelta(days=600))
    assert len(make_table(frame, missing="ffill").series[0].dates) == 600 * 1440 + 50


def test_the_limit_of_absent_dates_is_that_of_the_table_and_not_of_each_series() -> None:
    minutes = pd.date_range("2020-01-01", periods=50, freq="min")
    days = minutes.append(minutes + pd.Timedelta(days=400))
    parts = [pd.DataFrame({"unique_id": name, "ds": days, "y": 1.0}) for name in "ab"]
    make_table(parts[0], missing="ffill")
    with pytest.raises(InputError, match="dates are absent"):
        make_table(pd.concat(parts), missing="ffill")


def test_many_series_of_few_rows_are_an_error() -> None:
    count = 10_001
    frame = pd.DataFrame(
        {"unique_id": np.repeat(np.arange(count), 2), "ds": ["2020-01-01", "2020-01-02"] * count, "y": 1}
    )
    with pytest.raises(InputError, match=r"names 10,001 series, which have 2.0 rows on average; .* need 20 each"):
        make_table(frame)
    assert len(make_table(frame[: 2 * 9_999]).series) == 9_999
    assert len(make_table(frame, known_ids=[str(id_) for id_ in range(count)]).series) == count


@pytest.mark.parametrize("names", [pd.Index(["a", "b"]), np.array(["a", "b"]), ("a", "b"), iter(["a", "b"])])
def test_names_come_from_any_ordered_collection(names: Any) -> None:
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=3), "y": 1.0, "a": 2.0, "b": 3.0})
    assert make_table(frame, past_covariates=names).past_covariates == ("a", "b")


@pytest.mark.parametrize("value", [1e51, -1e160, 1e300])
def test_a_value_beyond_the_largest_is_named_with_its_row(value: float) -> None:
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=3), "y": [1.0, value, 2.0]})
    with pytest.raises(InputError, match=r"row 2, column 'y': found .* expected a number between -1e\+50 and 1e\+50"):
        make_table(frame)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_of_every_unit_are_read_and_those_of_far_years_are_an_error(unit: str) -> None:
    days = np.array(["2020-01-01", "2020-01-02"], dtype=f"datetime64[{unit}]")
    assert make_table(pd.DataFrame({"ds": days, "y": [1, 2]})).series[0].dates.dtype == "datetime64[ns]"
    if unit != "ns":
        days[1] = np.datetime64("9999-12-31")
        with pytest.raises(
            InputError, match="row 2, column 'ds': '9999-12-31 00:00:00' is outside the years 1678 to 2261"
        ):
            make_table(pd.DataFrame({"ds": days, "y": [1, 2]}))


def test_what_messages_quote_of_a_table_is_short_and_printable() -> None:
    frame = pd.DataFrame({f"\x1b{number}" + "x" * 300: ["a"] for number in range(1_000)})
    with pytest.raises(InputError, match=r"among '\\x1b0x+…', .* … and 992 more: name it with --date") as caught:
        make_table(frame)
    assert len(str(caught.value)) <= 550
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("columns", "note"),
    [
        ({"week": [1, 2, 3], "sales": [5.0, 6.0, 7.0]}, "the column 'week' holds numbers of rows."),
        ({"sales": [5.0, 6.0, 7.0]}, "there is no column of dates; rows are numbered in their order."),
    ],
)
def test_a_table_without_dates_is_read_with_its_rows_numbered(columns: dict[str, list[float]], note: str) -> None:
    table = make_table(pd.DataFrame(columns), target="sales")
    assert table.notes == (note,)
    assert (table.form.date_unit, table.frequency.season) == ("rows", 1)
    assert zoned(table.series[0].dates, table.form).tolist() == [1, 2, 3]
    assert zoned(table.following(2), table.form).tolist() == [4, 5]


def test_rows_of_several_series_are_numbered_in_each() -> None:
    frame = pd.DataFrame({"unique_id": list("abab"), "y": [1.0, 2.0, 3.0, 4.0]})
    table = make_table(frame)
    assert [zoned(series.dates, table.form).tolist() for series in table.series] == [[1, 2], [1, 2]]
    assert [series.values[:, 0].tolist() for series in table.series] == [[1, 3], [2, 4]]


def test_numbers_of_rows_are_named_in_messages_and_follow_those_of_earlier_rows() -> None:
    frame = pd.DataFrame({"week": [1, 2, 2], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(InputError, match=r"rows 2 and 3 have the same date 2; expected each date once: drop one"):
        make_table(frame)
    with pytest.raises(InputError, match=r"row 3 \(3\), column 'y': found no value"):
        make_table(pd.DataFrame({"week": [1, 2, 3], "y": [1.0, 2.0, np.nan]}), missing="error")
    with pytest.raises(InputError, match="there is no column of dates, and the earlier rows have dates"):
        make_table(pd.DataFrame({"y": [1.0, 2.0]}), earlier=Form())
    table = make_table(pd.DataFrame({"week": [43831], "y": [1.0]}), earlier=Form(date_unit="rows"), frequency=EACH_ROW)
    assert zoned(table.series[0].dates, table.form).tolist() == [43831]


def test_a_table_keeps_how_its_dates_were_read_and_newer_rows_are_read_in_the_same_way() -> None:
    days = pd.date_range("2020-01-25", periods=40).strftime("%d/%m/%Y")
    table = make_table(pd.DataFrame({"date": days, "v": np.arange(40.0)}))
    assert table.form.dayfirst is True
    newer = pd.DataFrame({"date": ["05/03/2020"], "v": [40.0]})
    again = make_table(newer, earlier=table.form, frequency=table.frequency)
    assert again.series[0].dates[0] == pd.Timestamp("2020-03-05")
    assert again.form.dayfirst is True
    assert make_table(newer, dayfirst=False, frequency=table.frequency).series[0].dates[0] == pd.Timestamp("2020-05-03")
    iso = pd.DataFrame({"date": ["2020-03-06"], "v": [41.0]})
    assert make_table(iso, earlier=table.form, frequency=table.frequency).form.dayfirst is True


def test_days_from_start_to_end_are_those_of_local_time() -> None:
    hours = pd.date_range("2022-10-29", "2022-10-31 23:00", freq="h", tz="Europe/Berlin")
    table = make_table(pd.DataFrame({"ds": hours, "y": np.arange(len(hours))}))
    day = table.between(pd.Timestamp("2022-10-30").date(), pd.Timestamp("2022-10-30").date())
    assert len(day.series[0].dates) == 25  # the clocks were set back
    with pytest.raises(InputError, match="its rows are numbered and have no dates; leave out start and end"):
        make_table(pd.DataFrame({"y": [1.0, 2.0]})).between(pd.Timestamp("2022-10-30").date(), None)


def test_the_index_of_a_frame_keeps_its_zone() -> None:
    hours = pd.date_range("2022-10-29", periods=72, freq="h", tz="Asia/Shanghai")
    table = make_table(pd.Series(np.arange(72.0), hours))
    assert table.form.zone == "Asia/Shanghai"
    assert zoned(table.series[0].dates, table.form).equals(hours)


@pytest.mark.parametrize(
    ("header", "dates", "expected", "frequency"),
    [
        ("date,y", pd.date_range("2020-04-01", "2020-10-01").strftime("%d-%m-%Y"), "2020-04-01", "daily"),
        ("Month,y", pd.date_range("2012-01-01", periods=100, freq="MS").strftime("%b-%y"), "2012-01-01", "monthly"),
        ("日期,y", [f"2022-01-{3 + r:02} 周{'一二三四五六日'[r % 7]}" for r in range(28)], "2022-01-03", "daily"),
        ("Date,y", [f"11/{day}/2011" for day in range(1, 31)], "2011-11-01", "daily"),
        ("Timestamp,y", [f"{1640995200 + 60 * row}.0" for row in range(40)], "2022-01-01", "every minute"),
        ("open_time,y", [str(1640995200000 + 3600000 * row) for row in range(40)], "2022-01-01", "hourly"),
        ("year,month,y", [f"{2010 + row // 12},{row % 12 + 1}" for row in range(40)], "2010-01-01", "monthly"),
        ("Date,Time,y", [f"03/{10 + row // 24}/2004,{row % 24}:00:00" for row in range(100)], "2004-03-10", "hourly"),
        ("week,y", list(map(str, range(1, 40))), "1970-01-01 00:00:01", "numbered"),
    ],
)  # fmt: skip
def test_files_are_read_with_dates_as_people_write_them(
    header: str, dates: Any, expected: str, frequency: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *(f"{date},{row}" for row, date in enumerate(dates))]), encoding="utf-8")
    table = make_table(path, target="y")
    assert (table.series[0].dates[0], table.frequency.name) == (pd.Timestamp(expected), frequency)
    assert table.series[0].values[:, 0].tolist() == list(range(len(dates)))
    assert len(table.frequency.absent(table.series[0].dates)) == 0


def test_a_single_newer_row_has_its_dates_where_the_earlier_rows_had_them() -> None:
    days = pd.date_range("2024-01-01", periods=30).strftime("%Y-%m-%d")
    earlier = make_table(
        pd.DataFrame({"shipped": days, "checked": ["2024-02-01"] * 30, "y": np.arange(30.0)}), date="shipped"
    )
    newer = pd.DataFrame({"shipped": ["2024-01-31"], "checked": ["2024-02-02"], "y": [3.0]})
    table = make_table(newer, earlier=earlier.form, frequency=earlier.frequency)
    assert table.series[0].dates.tolist() == [pd.Timestamp("2024-01-31")]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("2024-01-01,5,7\n2024-01-02,6,8\n", "the file has no header, so that its columns are named 'c1', 'c2', 'c3'."),
        (
            "date,y\n" + "".join(f"01/{m % 12 + 1:02}/{2020 + m // 12},1\n" for m in range(36)) + "01/01/2023,many\n",
            "dates such as '01/01/2020' (row 2) have the day first",
        ),
        ("date,y\n2024-01-02,1\n2024-01-01,2\n2024-01-09,3\n2024-03-20,4\n2024-05-01,3\n", "the rows were not in the"),
    ],
)
def test_what_was_noted_before_an_error_is_told_with_it(text: str, note: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        make_table(tmp_path / "t.csv")
    (told,) = caught.value.__notes__
    assert told.startswith(f"{tmp_path / 't.csv'}: {note}")
    assert told.endswith(".")
