"""How often a series has a row, and which dates come next."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.frequency_inference import infer_frequency, infer_frequency_of_rows

# pandas' name of a frequency, ours, rows of its season
FREQUENCIES = [
    ("D", "daily", 7),
    ("B", "business-daily", 5),
    ("W-WED", "weekly", 52),
    ("MS", "monthly", 12),
    ("ME", "monthly", 12),
    ("QS", "quarterly", 4),
    ("QE", "quarterly", 4),
    ("YS", "yearly", 1),
    ("YE", "yearly", 1),
    ("BMS", "monthly", 12),
    ("BME", "monthly", 12),
    ("WOM-3FRI", "monthly", 12),
    ("BYE", "yearly", 1),
    ("2W-FRI", "every 2 weeks", 26),
    ("4W-TUE", "every 4 weeks", 13),
    ("2MS", "every 2 months", 6),
    ("6ME", "every 6 months", 2),
    ("2YS", "every 2 years", 1),
    ("2D", "every 2 days", 1),
    ("6D", "every 6 days", 61),
    ("10D", "every 10 days", 36),
    ("h", "hourly", 24),
    ("2h", "every 2 hours", 12),
    ("15min", "every 15 minutes", 96),
    ("1min", "every minute", 1440),
]

MONTHS_OF_2023 = ["01-31", "02-28", "03-31", "04-28", "05-31", "06-30", "07-31", "08-31", "09-29", "10-31", "11-30"]

MONTH_ENDS = [f"2023-{day}" for day in [*MONTHS_OF_2023, "12-29"]]  # the last days from Monday to Friday


def index(*days: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(days)


def trading_hours(first: str, last: str) -> pd.DatetimeIndex:
    """On the hour from 9 to 15, Monday to Friday."""
    hours = pd.date_range(first, f"{last} 23:00", freq="h")
    return hours[(hours.dayofweek < 5) & (hours.hour >= 9) & (hours.hour <= 15)]


def shanghai_bars(first: str, last: str) -> pd.DatetimeIndex:
    """The 5-minute bars of a session, by their ends: 9:35 to 11:30 and 13:05 to 15:00, Monday to Friday."""
    bars = pd.date_range(first, f"{last} 23:55", freq="5min")
    minutes = bars.hour * 60 + bars.minute
    morning, afternoon = (minutes >= 575) & (minutes <= 690), (minutes >= 785) & (minutes <= 900)
    return bars[(bars.dayofweek < 5) & (morning | afternoon)]


@given(
    st.sampled_from(FREQUENCIES),
    st.dates(pd.Timestamp("1990-01-01").date(), pd.Timestamp("2030-01-01").date()),
    st.integers(12, 40),
    st.integers(1, 20),
)
def test_a_series_is_continued_as_it_went(
    frequency: tuple[str, str, int], start: object, rows: int, following: int
) -> None:
    offset, name, season = frequency
    whole = pd.date_range(start, periods=rows + following, freq=offset)  # type: ignore[call-overload]
    found = infer_frequency(whole[:rows])
    assert (found.name, found.season) == (name, season)
    assert found.next_dates(whole[rows - 1], following).equals(pd.DatetimeIndex(whole[rows:]))
    assert len(found.absent(whole)) == 0
    assert Frequency.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_a_month_is_continued_on_its_day_as_far_as_it_has_it() -> None:
    on_the_30th = infer_frequency(index("2023-11-30", "2023-12-30", "2024-01-30", "2024-02-29"))
    following = on_the_30th.next_dates(pd.Timestamp("2024-02-29"), 3)
    assert following.equals(index("2024-03-30", "2024-04-30", "2024-05-30"))
    on_the_29th = Frequency("month").next_dates(pd.Timestamp("2022-12-29"), 3)
    assert on_the_29th.equals(index("2023-01-29", "2023-02-28", "2023-03-29"))


@pytest.mark.parametrize(
    ("dates", "following"),
    [
        (MONTH_ENDS, ["2024-01-31", "2024-02-29", "2024-03-29", "2024-04-30"]),
        (["2024-03-01", "2024-04-01", "2024-05-01", "2024-06-03", "2024-07-01"], ["2024-08-01", "2024-09-02"]),
        (["2024-01-19", "2024-02-16", "2024-03-15", "2024-04-19", "2024-05-17"], ["2024-06-21", "2024-07-19"]),
        (["2024-03-29", "2024-04-26", "2024-05-31", "2024-06-28"], ["2024-07-26", "2024-08-30", "2024-09-27"]),
        (["2023-03-31", "2023-06-30", "2023-09-29", "2023-12-29"], ["2024-03-29", "2024-06-28", "2024-09-30"]),
        (["2021-02-28", "2022-02-28", "2023-02-28"], ["2024-02-29", "2025-02-28"]),
    ],
    ids=["last business day", "first business day", "third Friday", "last Friday", "quarter", "end of February"],
)
def test_a_month_is_continued_on_the_kind_of_day_that_it_stood_on(dates: list[str], following: list[str]) -> None:
    found = infer_frequency(index(*dates))
    assert found.next_dates(pd.Timestamp(dates[-1]), len(following)).equals(index(*following))
    assert len(found.absent(index(*dates))) == 0


def test_most_months_tell_the_day_where_good_friday_was_the_last_of_march() -> None:
    dates = index(*MONTH_ENDS, "2024-01-31", "2024-02-29", "2024-03-28", "2024-04-30")
    found = infer_frequency(dates)
    assert found.next_dates(dates[-1], 2).equals(index("2024-05-31", "2024-06-28"))
    assert len(found.absent(dates)) == 0


def test_a_month_is_absent_only_if_it_has_no_row_at_all() -> None:
    found = infer_frequency(index(*MONTH_ENDS))
    dates = index("2023-01-30", "2023-02-28", "2023-05-31", "2023-06-02")
    assert found.absent(dates).equals(index("2023-03-31", "2023-04-28"))


def test_the_thursday_before_a_holiday_is_its_week() -> None:
    fridays = index("2024-03-08", "2024-03-15", "2024-03-22", "2024-03-28", "2024-04-05", "2024-04-19")
    found = infer_frequency(fridays)
    assert found.absent(fridays).equals(index("2024-04-12"))
    assert found.next_dates(pd.Timestamp("2024-03-28"), 2).equals(index("2024-04-05", "2024-04-12"))


def test_four_weeks_are_no_month() -> None:
    dates = index("2024-01-05", "2024-02-02", "2024-03-01", "2024-03-29", "2024-04-26")
    found = infer_frequency(dates)
    assert found == Frequency("week", 4, anchor="Fri")
    assert found.next_dates(dates[-1], 2).equals(index("2024-05-24", "2024-06-21"))


def test_a_row_that_comes_half_a_step_late_leaves_none_absent() -> None:
    dates = index("2024-01-05", "2024-01-19", "2024-02-09", "2024-02-23", "2024-03-08", "2024-04-05")
    assert Frequency("week", 2, anchor="Fri").absent(dates).equals(index("2024-03-22"))


@pytest.mark.parametrize(
    "dates",
    [
        [f"2024-{month:02}-{day}" for month in range(1, 13) for day in ("01", "15")],
        ["2024-01-01", "2024-01-12", "2024-02-20", "2024-02-28", "2024-05-02", "2024-05-19"],
        ["2024-01-01", "2024-02-12", "2024-05-20", "2024-06-28", "2024-10-02", "2025-01-19"],
        ["2024-01-01", "2024-01-05", "2024-01-11", "2024-01-16", "2024-01-23"],
        ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-07", "2024-01-12", "2024-01-18"],
        ["2024-01-01 00:00", "2024-01-01 00:07", "2024-01-01 01:00", "2024-01-01 03:17", "2024-01-01 04:02"],
    ],
    ids=["twice a month", "every few weeks", "every few months", "every few days", "some days in a row", "minutes"],
)
def test_dates_without_a_rule_are_an_error_that_shows_their_gaps(dates: list[str]) -> None:
    with pytest.raises(
        InputError, match=r"the dates are irregular: of \d+ gaps .* the most frequent are .* sums by week"
    ):
        infer_frequency(index(*dates))


def test_the_gaps_of_dates_without_a_rule_are_counted() -> None:
    dates = index("2024-01-01", "2024-01-15", "2024-02-01", "2024-02-15", "2024-03-01")
    with pytest.raises(InputError, match=r"of 4 gaps .* are 14 days \(2 of them\), 15 days \(1 of them\), 17 days"):
        infer_frequency(dates)


def test_after_a_friday_afternoon_comes_monday_morning() -> None:
    hours = trading_hours("2024-05-06", "2024-06-14")
    found = infer_frequency(hours)
    assert (found.name, found.season, found.minutes) == ("hourly", 7, 60)
    assert found.next_dates(pd.Timestamp("2024-06-14 14:00"), 3).equals(
        index("2024-06-14 15:00", "2024-06-17 09:00", "2024-06-17 10:00")
    )
    assert Frequency.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize("last", ["2024-05-31", "2024-05-08"], ids=["four weeks", "three days"])
def test_bars_of_a_session_go_on_after_lunch_and_on_the_next_morning(last: str) -> None:
    bars = shanghai_bars("2024-05-06", last)
    found = infer_frequency(bars)
    assert found.season == 48
    noon = pd.Timestamp(f"{last} 11:25")
    assert found.next_dates(noon, 2).equals(index(f"{last} 11:30", f"{last} 13:05"))
    following = found.next_dates(pd.Timestamp("2024-05-07 15:00"), 2)
    assert following.equals(index("2024-05-08 09:35", "2024-05-08 09:40"))


def test_hours_with_a_break_of_another_length_keep_their_times() -> None:
    days = pd.bdate_range("2024-01-01", "2024-02-09")
    times = [day + pd.Timedelta(minutes=minutes) for day in days for minutes in (630, 690, 840, 900)]
    found = infer_frequency(pd.DatetimeIndex(times))
    assert found.season == 4
    assert found.next_dates(times[-1], 5).equals(
        index("2024-02-12 10:30", "2024-02-12 11:30", "2024-02-12 14:00", "2024-02-12 15:00", "2024-02-13 10:30")
    )


def test_an_hour_between_two_of_a_session_is_absent_and_a_holiday_or_an_early_end_is_not() -> None:
    hours = trading_hours("2024-05-06", "2024-06-14")
    holiday = hours.normalize() == pd.Timestamp("2024-05-27")
    early_end = (hours.normalize() == pd.Timestamp("2024-05-28")) & (hours.hour > 12)
    lost = index("2024-05-29 11:00", "2024-05-29 12:00")
    dates = hours[~holiday & ~early_end].difference(lost)
    assert infer_frequency(dates).absent(dates).equals(lost)


def test_a_shop_that_is_closed_on_sundays_gets_no_sunday() -> None:
    days = pd.date_range("2024-01-01", "2024-03-01")
    found = infer_frequency(days[days.dayofweek != 6])
    assert (found.name, found.season) == ("daily", 6)
    assert found.next_dates(pd.Timestamp("2024-03-01"), 3).equals(index("2024-03-02", "2024-03-04", "2024-03-05"))


def test_a_few_business_days_with_holidays_are_not_daily() -> None:
    christmas = index("2023-12-21", "2023-12-22", "2023-12-27", "2023-12-28", "2024-01-02", "2024-01-03", "2024-01-05")
    assert infer_frequency(christmas).name == "business-daily"


def test_mondays_wednesdays_and_fridays_are_three_days_of_a_week() -> None:
    days = pd.date_range("2024-01-01", "2024-03-01")
    found = infer_frequency(days[days.dayofweek.isin([0, 2, 4])])
    assert (found.name, found.season) == ("daily", 3)
    assert found.next_dates(pd.Timestamp("2024-03-01"), 2).equals(index("2024-03-04", "2024-03-06"))


def test_one_saturday_among_500_business_days_is_an_exception() -> None:
    days = pd.bdate_range("2022-01-03", periods=500).union(index("2022-10-08"))
    found = infer_frequency(days)
    assert (found.name, found.season, len(found.absent(days))) == ("business-daily", 5, 0)
    assert found.next_dates(pd.Timestamp("2022-10-08"), 1).equals(index("2022-10-10"))


@pytest.mark.parametrize(("freq", "rows"), [("h", 15 * 24), ("h", 60 * 24), ("D", 200)])
@pytest.mark.parametrize("seed", range(5))
def test_rows_that_are_absent_at_random_are_no_rhythm(freq: str, rows: int, seed: int) -> None:
    dates = pd.date_range("2024-01-01", periods=rows, freq=freq)
    kept = np.random.default_rng(seed).random(rows) > 0.25
    kept[[0, -1]] = True
    assert infer_frequency(dates[kept]).absent(dates[kept]).equals(pd.DatetimeIndex(dates[~kept]))


def test_times_that_vary_by_seconds_are_hourly_all_the_same() -> None:
    hours = pd.date_range("2024-01-01", periods=500, freq="h") + pd.to_timedelta(np.arange(500) % 3, unit="s")
    assert infer_frequency(hours[(hours.hour > 8)]) == Frequency("minute", 60)


def test_rows_of_days_keep_their_usual_time_of_day() -> None:
    days = (pd.date_range("2024-01-01", periods=30) + pd.Timedelta(hours=15)).to_series()
    days.iloc[[5, 29]] -= pd.Timedelta(hours=2)
    dates = pd.DatetimeIndex(days).delete(10)
    found = infer_frequency(dates)
    assert found.next_dates(dates[-1], 1).equals(index("2024-01-31 15:00"))
    assert found.absent(dates).equals(index("2024-01-11 15:00"))


@pytest.mark.parametrize(
    ("frequency", "dates", "absent", "following"),
    [
        (Frequency("week", anchor="Fri"), ["2024-01-03", "2024-01-17"], "2024-01-10", "2024-01-24"),
        (Frequency("month", anchor="day 1"), ["2024-02-15", "2024-04-15"], "2024-03-15", "2024-05-15"),
        (Frequency("day"), ["2024-01-01 09:00", "2024-01-03 09:00"], "2024-01-02 09:00", "2024-01-04 09:00"),
    ],
)
def test_series_of_one_frequency_may_stand_on_other_days(
    frequency: Frequency, dates: list[str], absent: str, following: str
) -> None:
    assert frequency.absent(index(*dates)).equals(index(absent))
    own = frequency.like(index(*dates))
    assert (own.name, own.season) == (frequency.name, frequency.season)
    assert own.next_dates(pd.Timestamp(dates[-1]), 1).equals(index(following))


def test_dates_beyond_what_can_be_written_are_an_error_and_not_wrong() -> None:
    with pytest.raises(InputError, match="later than the year 2261"):
        Frequency("month", 120).next_dates(pd.Timestamp("2200-01-01"), 10)


@pytest.mark.parametrize("wrong", [{"unit": "fortnight"}, {"every": 0}])
def test_a_frequency_that_there_is_not_is_not_read(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no frequency"):
        Frequency.from_json({**Frequency("day").to_json(), **wrong})


def test_gaps_and_holidays_do_not_matter() -> None:
    days = pd.bdate_range("2020-01-01", periods=60).delete([3, 4, 20, 21, 22, 40])
    assert infer_frequency(days).name == "business-daily"
    assert len(infer_frequency(days).absent(days)) == 0
    hours = pd.date_range("2020-01-01", periods=60, freq="h").delete([7, 8, 30])
    assert infer_frequency(hours) == Frequency("minute", 60)


@pytest.mark.parametrize("offset", ["D", "W-WED", "MS", "ME", "QS", "h", "15min"])
def test_absent_dates_are_found(offset: str) -> None:
    whole = pd.date_range("2020-01-01", periods=40, freq=offset)
    with_gaps = whole.delete([5, 6, 20])
    assert infer_frequency(with_gaps).absent(with_gaps).equals(pd.DatetimeIndex(whole[[5, 6, 20]]))


def test_a_few_days_without_a_weekend_may_still_be_daily() -> None:
    assert infer_frequency(pd.date_range("2020-01-06", periods=4)).name == "daily"
    assert infer_frequency(pd.date_range("2020-01-06", periods=5)).name == "business-daily"


def test_one_date_tells_no_frequency() -> None:
    with pytest.raises(InputError, match="cannot be inferred from 1 date; give at least two"):
        infer_frequency(pd.DatetimeIndex(["2020-01-01"]))


def test_seconds_are_too_short() -> None:
    with pytest.raises(InputError, match="less than a minute apart"):
        infer_frequency(pd.date_range("2020-01-01", periods=9, freq="5s"))


def new_york_hours_in_utc(first: str, last: str) -> pd.DatetimeIndex:
    """The hourly bars of the New York Stock Exchange, from 9:30 to 15:30 local time, Monday to Friday."""
    bars = pd.date_range(first, f"{last} 23:30", freq="30min", tz="America/New_York")
    minutes = bars.hour * 60 + bars.minute
    kept = (bars.dayofweek < 5) & (minutes >= 570) & (minutes <= 930) & (bars.minute == 30)
    return bars[kept].tz_convert("UTC").tz_localize(None)


@pytest.mark.parametrize(
    ("first", "last", "following"),
    [
        ("2022-01-03", "2022-03-31", "2022-04-01 13:30"),  # clocks were turned on 13 March and 6 November
        ("2022-01-03", "2022-03-14", "2022-03-15 13:30"),
        ("2021-01-04", "2022-11-30", "2022-12-01 14:30"),
        ("2022-03-01", "2022-03-15", "2022-03-16 13:30"),
        ("2022-10-03", "2022-11-07", "2022-11-08 14:30"),
        ("2022-01-03", "2022-02-28", "2022-03-01 14:30"),
    ],
)
def test_bars_in_utc_go_on_in_the_hours_of_the_exchange_at_the_end_of_the_history(
    first: str, last: str, following: str
) -> None:
    bars = new_york_hours_in_utc(first, last)
    found = infer_frequency(bars)
    assert found.season == 7
    assert found.next_dates(bars[-1], 1).equals(index(following))
    assert len(found.absent(bars)) == 0


@pytest.mark.parametrize(
    ("last", "following"), [("2022-03-14", "2022-03-14 16:30"), ("2022-11-14", "2022-11-14 17:30")]
)
def test_a_history_that_ends_within_a_day_after_a_change_of_clocks_goes_on_to_its_end(
    last: str, following: str
) -> None:
    bars = new_york_hours_in_utc("2022-01-03", last)[:-4]
    found = infer_frequency(bars)
    assert found.season == 7
    assert found.next_dates(bars[-1], 4).equals(pd.date_range(following, periods=4, freq="h"))


@pytest.mark.parametrize(
    ("frequency", "words"),
    [
        (Frequency("day"), "daily rows"),
        (Frequency("minute", 360), "rows every 6 hours"),
        (Frequency("minute", 1), "rows every minute"),
        (Frequency("month", 24), "rows every 2 years"),
        (Frequency("row"), "numbered rows"),
    ],
)
def test_rows_of_a_frequency_are_said_in_plain_words(frequency: Frequency, words: str) -> None:
    assert frequency.rows == words


def test_numbered_rows_go_on_in_their_steps_and_have_no_season() -> None:
    rows = pd.DatetimeIndex(pd.to_datetime([10, 20, 30, 50, 60], unit="s"))
    found = infer_frequency_of_rows(rows)
    assert found == Frequency("row", 10)
    assert (found.name, found.season, found.minutes) == ("every 10 rows", 1, 0)
    assert found.next_dates(rows[-1], 2).equals(pd.DatetimeIndex(pd.to_datetime([70, 80], unit="s")))
    assert found.absent(rows).equals(pd.DatetimeIndex(pd.to_datetime([40], unit="s")))
    assert Frequency.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_numbers_of_rows_without_a_step_are_an_error() -> None:
    with pytest.raises(InputError, match="the numbers of rows, such as 1, 2, are irregular"):
        infer_frequency_of_rows(pd.DatetimeIndex(pd.to_datetime([1, 2, 7, 19, 20, 44], unit="s")))
    with pytest.raises(InputError, match="cannot be inferred from 1 row; give at least two"):
        infer_frequency_of_rows(pd.DatetimeIndex(pd.to_datetime([1], unit="s")))
    with pytest.raises(InputError, match="calendar 'XNYS' is for daily rows, and these have no dates"):
        infer_frequency_of_rows(pd.DatetimeIndex(pd.to_datetime([1, 2], unit="s")), "XNYS")


def test_half_months_are_not_taken_for_two_weeks() -> None:
    days = pd.date_range("2018-01-01", periods=6, freq="SMS")  # the 1st and 15th: 14, 17, 14, 14 and 14 days apart
    with pytest.raises(InputError, match="the dates are irregular"):
        infer_frequency(days)
    assert infer_frequency(pd.date_range("2018-01-01", periods=6, freq="14D")).name == "every 2 weeks"
