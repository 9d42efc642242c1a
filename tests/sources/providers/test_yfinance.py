"""Daily bars from yfinance: the real library runs, and only what sends bytes is replaced."""

import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest

from recurra import InputError
from recurra.sources.download import download
from recurra.sources.providers.contract import SECONDS, Bars, NoBarsError
from recurra.sources.providers.yfinance import yfinance_bars
from recurra.sources.shares import share_of

from .servers import Bar, Yahoo, seconds

APPLE = Bars(share_of("AAPL"), date(2020, 1, 2), date(2020, 1, 3), "none")


@pytest.mark.parametrize(
    ("zone", "start", "end", "period1", "period2"),
    [
        ("America/New_York", date(2020, 1, 2), date(2020, 1, 3), "2020-01-02T05:00", "2020-01-04T05:00"),
        # the clocks go forward on the last day, which has 23 hours
        ("America/New_York", date(2020, 3, 6), date(2020, 3, 8), "2020-03-06T05:00", "2020-03-09T04:00"),
        ("Asia/Tokyo", date(2020, 1, 6), date(2020, 1, 6), "2020-01-05T15:00", "2020-01-06T15:00"),
    ],
)
def test_yfinance_asks_from_the_first_midnight_at_the_exchange_to_the_midnight_after_the_last_day(
    zone: str, start: date, end: date, period1: str, period2: str, yahoo: Yahoo
) -> None:
    yahoo.bars = [Bar(f"{start}T14:30", 1, 2, 1, 2, 2, 5)]
    yahoo.zone, yahoo.bars_answer = zone, lambda: (200, yahoo.chart({}))
    yfinance_bars(Bars(share_of("AAPL"), start, end, "qfq"))
    [asked] = yahoo.charts()
    assert urlsplit(asked.url).path == "/v8/finance/chart/AAPL"
    assert (asked.params["period1"], asked.params["period2"]) == (seconds(period1), seconds(period2))
    assert asked.params["interval"] == "1d"
    assert asked.params["crumb"] == "a.crumb"
    assert asked.timeout == SECONDS == 10


def test_without_a_first_day_yfinance_asks_for_all_that_came_before_the_last(yahoo: Yahoo) -> None:
    frame = yfinance_bars(Bars(share_of("AAPL"), None, date(2020, 1, 3), "qfq"))
    [asked] = yahoo.charts()
    assert datetime.fromtimestamp(asked.params["period1"], UTC).year <= 1900
    assert asked.params["period2"] == seconds("2020-01-04T05:00")
    assert frame["date"].tolist() == ["2020-01-02", "2020-01-03"]


@pytest.mark.parametrize("start", [date(2020, 1, 3), None])
def test_without_a_last_day_yfinance_asks_up_to_now(start: date | None, yahoo: Yahoo) -> None:
    before = int(time.time())
    frame = yfinance_bars(Bars(share_of("AAPL"), start, None, "none"))
    [asked] = yahoo.charts()
    assert before <= asked.params["period2"] <= time.time()
    if start:
        assert asked.params["period1"] == seconds("2020-01-03T05:00")
    else:
        assert datetime.fromtimestamp(asked.params["period1"], UTC).year < 1950
    assert frame["date"].tolist() == ["2020-01-02", "2020-01-03", "2020-01-06"][1 if start else 0 :]


@pytest.mark.parametrize("adjust", ["qfq", "none"])
def test_the_last_day_is_among_yfinances_bars(adjust: str, yahoo: Yahoo) -> None:
    frame = yfinance_bars(Bars(share_of("AAPL"), date(2020, 1, 2), date(2020, 1, 3), adjust))
    assert frame["date"].tolist() == ["2020-01-02", "2020-01-03"]


def test_prices_as_traded_are_free_of_splits_whatever_the_last_day(yahoo: Yahoo) -> None:
    # one share became four on the sixth: before, a share cost four times what Yahoo says, and a quarter changed hands
    yahoo.splits = {"2020-01-06T14:30": (4, 1)}
    frame = yfinance_bars(Bars(share_of("AAPL"), date(2020, 1, 3), date(2020, 1, 6), "none"))
    assert frame["close"].tolist() == [4 * 74.3575, 74.95]
    assert frame["volume"].tolist() == [146322800 / 4, 118387200]
    only = yfinance_bars(Bars(share_of("AAPL"), date(2020, 1, 3), date(2020, 1, 3), "none"))
    pd.testing.assert_frame_equal(only, frame[:1])


def test_nothing_that_yfinance_asks_for_may_take_longer_than_ten_seconds(yahoo: Yahoo) -> None:
    yfinance_bars(APPLE)
    assert {asked.timeout for asked in yahoo.asked} == {SECONDS}


def test_a_bar_has_the_day_of_its_exchange(yahoo: Yahoo) -> None:
    # Sydney opens at ten, when it is still the day before in Greenwich
    yahoo.zone = "Australia/Sydney"
    yahoo.bars = [Bar(f"2020-01-0{day}T23:00", 1, 2, 1, 2, 2, 5) for day in (1, 2, 5)]
    frame = yfinance_bars(Bars(share_of("BHP.AX"), date(2020, 1, 2), date(2020, 1, 6), "none"))
    assert frame["date"].tolist() == ["2020-01-02", "2020-01-03", "2020-01-06"]


def test_yfinances_bars_come_by_our_names_with_their_values(yahoo: Yahoo) -> None:
    expected = pd.DataFrame(
        {
            "date": ["2020-01-02", "2020-01-03"],
            "open": [74.06, 74.2875],
            "high": [75.15, 75.145],
            "low": [73.80, 74.125],
            "close": [75.0875, 74.3575],
            "volume": [135480400, 146322800],
        }
    )
    pd.testing.assert_frame_equal(yfinance_bars(APPLE), expected)


def test_adjusted_prices_are_all_scaled_as_the_close_is(yahoo: Yahoo) -> None:
    # Yahoo's adjusted closes above are 0.96 of the closes
    frame = yfinance_bars(Bars(share_of("AAPL"), APPLE.start, APPLE.end, "qfq"))
    expected = pd.DataFrame(
        {
            "date": ["2020-01-02", "2020-01-03"],
            "open": [71.0976, 71.316],
            "high": [72.144, 72.1392],
            "low": [70.848, 71.16],
            "close": [72.084, 71.3832],
            "volume": [135480400, 146322800],
        }
    )
    pd.testing.assert_frame_equal(frame, expected)


def test_a_day_that_yahoo_lists_without_numbers_is_left_out(yahoo: Yahoo) -> None:
    yahoo.bars[1] = Bar("2020-01-03T14:30", None, None, None, None, None, None)
    frame = yfinance_bars(Bars(share_of("AAPL"), date(2020, 1, 2), date(2020, 1, 6), "qfq"))
    assert frame["date"].tolist() == ["2020-01-02", "2020-01-06"]
    assert frame.notna().all(axis=None)


def _refusal(code: str, description: str) -> dict[str, Any]:
    return {"chart": {"result": None, "error": {"code": code, "description": description}}}


def test_days_without_bars_are_no_bars_with_yahoos_reason(yahoo: Yahoo) -> None:
    yahoo.bars_answer = lambda: (400, _refusal("Bad Request", "Data doesn't exist for startDate = 1577941200"))
    with pytest.raises(NoBarsError, match="Data doesn't exist for startDate"):
        yfinance_bars(APPLE)


def test_an_answer_without_a_bar_is_no_bars(yahoo: Yahoo) -> None:
    yahoo.bars = []
    with pytest.raises(NoBarsError, match="no price data found"):
        yfinance_bars(APPLE)


def test_a_symbol_that_yahoo_does_not_know_is_no_bars_of_it_at_once(yahoo: Yahoo, tmp_path: Path) -> None:
    yahoo.zone_answer = lambda: (404, _refusal("Not Found", "No data found, symbol may be delisted"))
    pauses: list[float] = []
    with pytest.raises(InputError, match="yfinance: unknown symbol"):
        download("NOSUCH", provider="yfinance", cache=tmp_path / "ours", pause=pauses.append)
    assert pauses == []
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize("question", ["zone_answer", "bars_answer"])
def test_an_error_page_is_forgotten_and_yahoo_is_asked_again(question: str, yahoo: Yahoo, tmp_path: Path) -> None:
    def bad_gateway() -> tuple[int, Any]:
        return 502, b"<html>502 Bad Gateway</html>"

    setattr(yahoo, question, bad_gateway)
    path = download(
        "AAPL",
        end="2020-01-03",
        provider="yfinance",
        cache=tmp_path / "ours",
        pause=lambda _: setattr(yahoo, question, None),
    )
    assert pd.read_csv(path)["date"].tolist() == ["2020-01-02", "2020-01-03"]


def test_a_refresh_asks_yahoo_anew(yahoo: Yahoo, tmp_path: Path) -> None:
    for refresh in (False, True):
        path = download("AAPL", end="2020-01-03", cache=tmp_path / "ours", refresh=refresh)
        yahoo.bars[0] = yahoo.bars[0]._replace(adjusted=75.0875)
    assert pd.read_csv(path)["close"].tolist() == [75.0875, 71.3832]


def test_prices_without_their_moments_are_an_error_after_three_tries(yahoo: Yahoo, tmp_path: Path) -> None:
    changed = yahoo.chart({})
    del changed["chart"]["result"][0]["timestamp"]
    yahoo.bars_answer = lambda: (200, changed)
    with pytest.raises(InputError) as error:
        download("AAPL", provider="yfinance", cache=tmp_path / "ours", pause=lambda _: None)
    assert "(yfinance: an unreadable answer (KeyError: 'timestamp'))" in str(error.value)
    assert len(yahoo.charts()) == 3
    assert not (tmp_path / "ours").exists()


def test_too_many_requests_are_named_as_such(yahoo: Yahoo, tmp_path: Path) -> None:
    yahoo.bars_answer = lambda: (429, b"Too Many Requests")
    with pytest.raises(InputError, match=r"yfinance: too many requests"):
        download("AAPL", provider="yfinance", cache=tmp_path, pause=lambda _: None)


@pytest.mark.parametrize("hidden", [True, False])
def test_whether_yfinance_hides_its_exceptions_is_afterwards_as_it_was(hidden: bool, yahoo: Yahoo) -> None:
    import yfinance

    before, yfinance.config.debug.hide_exceptions = yfinance.config.debug.hide_exceptions, hidden
    try:
        yfinance_bars(APPLE)
        assert yfinance.config.debug.hide_exceptions is hidden
        yahoo.bars = []
        with pytest.raises(NoBarsError):
            yfinance_bars(Bars(share_of("AAPL"), None, date(2020, 1, 2), "none"))
        assert yfinance.config.debug.hide_exceptions is hidden
    finally:
        yfinance.config.debug.hide_exceptions = before


def test_what_is_downloaded_stands_in_the_file(yahoo: Yahoo, tmp_path: Path) -> None:
    apple = download("AAPL", start="2020-01-02", end="2020-01-03", adjust="none", cache=tmp_path)
    assert apple.read_text("utf-8") == (
        "date,open,high,low,close,volume\n"
        "2020-01-02,74.06,75.15,73.8,75.0875,135480400\n"
        "2020-01-03,74.2875,75.145,74.125,74.3575,146322800\n"
    )


@pytest.mark.parametrize(
    ("symbol", "asked"),
    [
        ("600519", "600519.SS"),
        ("000001", "000001.SZ"),
        ("00700", "0700.HK"),
        ("80700.HK", "80700.HK"),
        ("^GSPC", "^GSPC"),
    ],
)
def test_yahoo_is_asked_for_a_share_as_it_writes_it(symbol: str, asked: str, yahoo: Yahoo) -> None:
    yfinance_bars(Bars(share_of(symbol), None, None, "qfq"))
    assert {urlsplit(request.url).path.rpartition("/")[2] for request in yahoo.charts()} == {asked}
