"""Dates with offsets from UTC: their zones, whether rows follow a clock, and nights in which clocks are turned."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra import InputError
from recurra.tables.dates.frequency import Frequency
from recurra.tables.dates.parsing import Dates, dates
from recurra.tables.dates.zones import PLACES, is_zone, local, shown_date, zoned
from recurra.tables.form import Form
from recurra.tables.table_builder import make_table

BERLIN_IN_AUTUMN = [  # clocks went from 3:00 back to 2:00
    "2022-10-30 01:00:00+0200", "2022-10-30 02:00:00+0200", "2022-10-30 02:00:00+0100", "2022-10-30 03:00:00+0100",
]  # fmt: skip
NEW_YORK_IN_SPRING = [  # clocks went from 2:00 forward to 3:00
    "2022-03-13T00:00-05:00", "2022-03-13T01:00-05:00", "2022-03-13T03:00-04:00", "2022-03-13T04:00-04:00",
]  # fmt: skip
NEW_YORK_IN_AUTUMN = [
    "2022-11-06 00:00-04:00", "2022-11-06 01:00-04:00", "2022-11-06 01:00-05:00", "2022-11-06 02:00-05:00",
]  # fmt: skip
BERLIN, NEW_YORK = Form(zone="Europe/Berlin", instants=True), Form(zone="America/New_York")
EXCHANGE_HOURS = Frequency("minute", 60, slots=((570, 930),))


def read(*texts: str, earlier: Form | None = None, frequency: Frequency | None = None) -> Dates:
    return dates(pd.DataFrame({"t": texts}), ["t"], "t.csv", earlier=earlier, frequency=frequency)


def form_of(found: Dates) -> Form:
    return Form(zone=found.zone, instants=found.instants)


@pytest.mark.parametrize(
    ("texts", "first", "zone"),
    [
        (BERLIN_IN_AUTUMN, "2022-10-29 23:00", "Europe/Berlin"),
        (NEW_YORK_IN_SPRING, "2022-03-13 05:00", "America/New_York"),
        (NEW_YORK_IN_AUTUMN, "2022-11-06 04:00", "America/New_York"),
    ],
)
def test_hours_of_a_night_in_which_clocks_are_turned_are_an_hour_apart(texts: list[str], first: str, zone: str) -> None:
    found, utc = read(*texts), pd.date_range(first, periods=4, freq="h")
    assert (found.zone, found.instants) == (zone, True)
    assert found.index.equals(utc)
    assert zoned(found.index, form_of(found)).equals(utc.tz_localize("UTC").tz_convert(zone))
    assert found.notes == (f"the offsets from UTC in the column 't' are those of {zone}.",)


def test_the_coming_hours_have_the_offset_of_their_own_time() -> None:
    hours = pd.date_range("2022-10-28", "2022-10-30 01:00", freq="h", tz="Europe/Berlin")
    table = make_table(pd.DataFrame({"ds": hours, "y": np.arange(len(hours))}))
    coming = zoned(table.following(3), table.form)
    assert [str(time) for time in coming] == [
        "2022-10-30 02:00:00+02:00", "2022-10-30 02:00:00+01:00", "2022-10-30 03:00:00+01:00",
    ]  # fmt: skip


def test_bars_of_an_exchange_keep_its_hours_when_clocks_are_turned() -> None:
    days = pd.bdate_range("2022-01-03", "2022-03-31")
    bars = pd.DatetimeIndex([day + pd.Timedelta(minutes=570 + 60 * hour) for day in days for hour in range(7)])
    texts = [str(time) for time in bars.tz_localize("America/New_York")]
    table = make_table(pd.DataFrame({"ds": texts, "y": np.arange(len(texts))}))
    assert (table.form.zone, table.form.instants, table.frequency.season) == ("America/New_York", False, 7)
    assert table.series[0].dates.equals(bars)
    assert str(zoned(table.following(1), table.form)[0]) == "2022-04-01 09:30:00-04:00"


@pytest.mark.parametrize("freq", ["D", "W", "MS"])
@pytest.mark.parametrize("written", [False, True])
def test_rows_a_day_or_more_apart_keep_their_local_time(freq: str, written: bool) -> None:
    days = pd.date_range("2022-01-01", periods=300, freq=freq)[:200]
    days = days[days.year < 2026]
    values = days.tz_localize("America/New_York")
    found = dates(pd.DataFrame({"t": list(map(str, values)) if written else values}), ["t"], "t")
    assert (found.zone, found.instants) == ("America/New_York", False)
    assert found.index.equals(days)


@pytest.mark.parametrize(
    ("texts", "zone"),
    [
        (["2022-01-01T08:00Z", "2022-01-01T09:00Z"], "UTC"),
        (["2022-01-01 08:00 UTC", "2022-01-01 09:00 UTC"], "UTC"),
        (["2022-01-01 08:00+0530", "2022-01-01 09:00+0530"], "+05:30"),
        (["2022-01-01 08:00-03", "2022-01-01 09:00-03"], "-03:00"),
    ],
)
def test_one_offset_is_a_zone_of_its_own_in_whose_time_the_dates_are_kept(texts: list[str], zone: str) -> None:
    found = read(*texts)
    assert (found.zone, found.instants, found.notes) == (zone, False, ())
    assert found.index.equals(pd.DatetimeIndex(["2022-01-01 08:00", "2022-01-01 09:00"]))


@pytest.mark.parametrize(
    ("texts", "kept", "zone", "said"),
    [
        (["2022-01-01 08:00+08:00", "2022-01-01 08:00-05:00"], ["2022-01-01 00:00", "2022-01-01 13:00"], "UTC", "UTC"),
        (["2022-01-01T00:00+08:00", "2022-01-02T00:00-05:00"], ["2022-01-01", "2022-01-02"], None, "local times"),
    ],
)
def test_offsets_of_no_known_zone_are_read_as_utc_or_for_days_left_out_and_that_is_said(
    texts: list[str], kept: list[str], zone: str | None, said: str
) -> None:
    found = read(*texts)
    assert found.zone == zone
    assert found.notes[0].endswith(f"are those of no time zone that is known; the dates are read as {said}.")
    assert found.index.equals(pd.DatetimeIndex(kept))


@pytest.mark.parametrize(
    ("text", "earlier", "frequency", "expected", "zone"),
    [
        ("2022-07-01 08:00+02:00", BERLIN, None, "2022-07-01 06:00", "Europe/Berlin"),
        ("2022-07-01 06:00Z", BERLIN, None, "2022-07-01 06:00", "Europe/Berlin"),
        ("2022-07-01 08:00", BERLIN, None, "2022-07-01 06:00", "Europe/Berlin"),
        ("2022-07-01 13:30Z", NEW_YORK, EXCHANGE_HOURS, "2022-07-01 09:30", "America/New_York"),
        ("2022-07-01 09:30", NEW_YORK, EXCHANGE_HOURS, "2022-07-01 09:30", "America/New_York"),
        ("2022-07-01 09:30-04:00", Form(zone="-05:00"), EXCHANGE_HOURS, "2022-07-01 09:30", "-04:00"),
        ("2022-07-01 00:00+02:00", Form(zone="+01:00"), Frequency("day"), "2022-07-01 00:00", "+02:00"),
        ("2022-07-01 08:00+02:00", Form(zone="+01:00"), Frequency("minute", 60), "2022-07-01 07:00", "+01:00"),
        ("2022-07-01 08:00+02:00", Form(date_unit="s"), None, "2022-07-01 06:00", None),
        ("2022-07-01 08:00+02:00", Form(), None, "2022-07-01 08:00", None),  # a model of an earlier version
    ],
)  # fmt: skip
def test_newer_rows_are_kept_as_earlier_ones(
    text: str, earlier: Form, frequency: Frequency | None, expected: str, zone: str | None
) -> None:
    found = read(text, earlier=earlier, frequency=frequency)
    assert found.index[0] == pd.Timestamp(expected)
    assert (found.zone, found.instants) == (zone, earlier.instants)


def test_unix_time_is_told_in_the_zone_of_earlier_rows() -> None:
    earlier = Form(zone="America/New_York")
    found = dates(pd.DataFrame({"t": [1656682200]}), ["t"], "t", earlier=earlier)  # 2022-07-01 13:30 UTC
    assert found.index[0] == pd.Timestamp("2022-07-01 09:30")


@pytest.mark.parametrize("text", ["2022-10-30 02:30", "2022-03-27 02:30"])
def test_a_local_time_that_is_there_twice_or_never_needs_its_offset(text: str) -> None:
    with pytest.raises(InputError, match=rf"column 't': {text}:00 is shown twice or never in Europe/Berlin"):
        read(text, earlier=Form(zone="Europe/Berlin", instants=True))


def test_local_times_that_no_clock_shows_are_an_hour_later() -> None:
    shown = zoned(pd.DatetimeIndex(["2022-03-27 02:30", "2022-10-30 02:30"]), Form(zone="Europe/Berlin"))
    assert [str(time) for time in shown] == ["2022-03-27 03:00:00+02:00", "2022-10-30 02:30:00+01:00"]


def test_dates_are_shown_as_whoever_gave_them_knows_them() -> None:
    moment = pd.Timestamp("2022-10-30 01:00")
    assert shown_date(moment, Form(zone="Europe/Berlin", instants=True)) == "2022-10-30 02:00:00+01:00"
    assert shown_date(moment, Form(zone="Europe/Berlin")) == "2022-10-30 01:00:00"
    assert shown_date(pd.Timestamp(7, unit="s"), Form(date_unit="rows")) == "7"
    assert local(pd.DatetimeIndex([moment]), Form(zone="Europe/Berlin", instants=True))[0].hour == 2


@given(
    st.sampled_from(PLACES),
    st.datetimes(pd.Timestamp("2012-01-01").to_pydatetime(), pd.Timestamp("2023-01-01").to_pydatetime()),
    st.sampled_from(["15min", "h", "3h", "6h"]),
)
@settings(max_examples=30, deadline=None)
def test_rows_around_the_clock_are_the_same_instants_in_every_zone(place: str, start: object, freq: str) -> None:
    utc = pd.date_range(pd.Timestamp(start).floor("h"), periods=1_500, freq=freq, tz="UTC")  # type: ignore[arg-type]
    there = utc.tz_convert(place)
    for column in (there, list(map(str, there))):
        found = dates(pd.DataFrame({"t": column}), ["t"], "t")
        assert zoned(found.index, form_of(found)).tz_convert("UTC").equals(utc)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("Europe/Berlin", True), ("UTC", True), ("+05:30", True), ("Europe/Bonn", False), ("+99:00", False), ("", False)],
)
def test_what_is_a_zone(name: str, is_one: bool) -> None:
    assert is_zone(name) is is_one
    assert not is_zone("dateutil//etc/localtime")
