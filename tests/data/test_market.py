"""Daily bars from akshare and yfinance: the real libraries run, and only what sends bytes is replaced."""

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import requests
from curl_cffi import Curl
from curl_cffi import requests as curl_requests

from recurra import InputError
from recurra.data.market import AKSHARE_COLUMNS, SECONDS, Bars, NoBarsError, akshare_bars, yfinance_bars
from recurra.data.sources import download

MOUTAI = Bars("600519", date(2020, 1, 2), date(2020, 1, 3), "none")
APPLE = Bars("AAPL", date(2020, 1, 2), date(2020, 1, 3), "none")

# day, open, close, high, low, lots, yuan, amplitude, change in %, change, turnover: what a line holds, in this order
KLINES = [
    "2020-01-02,1128.00,1130.00,1145.06,1116.00,148099,16696809000.00,2.45,-4.48,-53.00,1.18",
    "2020-01-03,1117.00,1078.56,1117.00,1076.90,130319,14266380000.00,3.55,-4.55,-51.44,1.04",
]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        pytest.fail("a test was about to use the network")  # no Exception, so that no library swallows it

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket.socket, "connect_ex", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(Curl, "perform", refused)  # libcurl opens its sockets itself


@dataclass
class Eastmoney:
    """The server that akshare asks; it keeps what was asked, and answers with `body`."""

    body: Any
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, timeout: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((f"{parts.scheme}://{parts.netloc}{parts.path}", query, timeout))
        if isinstance(self.body, Exception):
            raise self.body
        response = requests.Response()
        response.status_code, response.url, response.request = 200, str(request.url), request
        response._content = _bytes(self.body)
        return response


@pytest.fixture
def eastmoney(monkeypatch: pytest.MonkeyPatch) -> Eastmoney:
    server = Eastmoney({"rc": 0, "data": {"code": "600519", "market": 1, "klines": KLINES}})

    def send(_: object, request: requests.PreparedRequest, timeout: Any = None, **__: Any) -> requests.Response:
        return server.send(request, timeout)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return server


class Bar(NamedTuple):
    opened: str  # the moment in UTC: Yahoo dates a bar by the opening of its exchange
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    adjusted: float | None
    volume: int | None


@dataclass
class Asked:
    url: str
    params: dict[str, Any]
    timeout: float


@dataclass
class Yahoo:
    """The server that yfinance asks: a cookie, a crumb, the time zone of a symbol, then its bars."""

    bars: list[Bar] = field(
        default_factory=lambda: [
            Bar("2020-01-02T14:30", 74.06, 75.15, 73.80, 75.0875, 72.084, 135480400),
            Bar("2020-01-03T14:30", 74.2875, 75.145, 74.125, 74.3575, 71.3832, 146322800),
            Bar("2020-01-06T14:30", 73.4475, 74.99, 73.1875, 74.95, 71.952, 118387200),
        ]
    )
    zone: str = "America/New_York"
    bars_answer: Callable[[], tuple[int, Any]] | None = None
    zone_answer: Callable[[], tuple[int, Any]] | None = None
    splits: dict[str, tuple[int, int]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def charts(self) -> list[Asked]:
        """The requests for bars."""
        return [asked for asked in self.asked if "period1" in asked.params]

    def answer(self, url: str, params: dict[str, Any]) -> tuple[int, Any]:
        place = urlsplit(url).path
        if place == "/v1/test/getcrumb":
            return 200, b"a.crumb"
        if place.startswith("/v8/finance/chart/"):
            special = self.bars_answer if "period1" in params else self.zone_answer
            return special() if special else (200, self.chart(params))
        if place.startswith("/v10/finance/quoteSummary/"):
            return 404, {"quoteSummary": {"result": None, "error": {"code": "Not Found", "description": "Quote not"}}}
        return 404, b"<html></html>"  # where the cookie comes from answers so, too

    def chart(self, params: dict[str, Any]) -> dict[str, Any]:
        moments = {int(datetime.fromisoformat(f"{bar.opened}+00:00").timestamp()): bar for bar in self.bars}
        if "period1" in params:
            moments = {t: bar for t, bar in moments.items() if params["period1"] <= t < params["period2"]}
        bars = list(moments.values())
        quote = {
            name: [getattr(bar, name) for bar in bars] for name in ("open", "high", "low", "close", "volume") if bars
        }
        result = {
            "meta": {
                "currency": "USD",
                "symbol": "AAPL",
                "instrumentType": "EQUITY",
                "exchangeTimezoneName": self.zone,
                "validRanges": ["1d", "5d", "1y", "max"],
            },
            **({"timestamp": list(moments)} if bars else {}),
            "events": {
                "splits": {
                    str(_seconds(moment)): {"date": _seconds(moment), "numerator": new, "denominator": old}
                    for moment, (new, old) in self.splits.items()
                }
            },
            "indicators": {
                "quote": [quote],
                "adjclose": [{"adjclose": [bar.adjusted for bar in bars]} if bars else {}],
            },
        }
        return {"chart": {"result": [result], "error": None}}


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Yahoo]:
    import yfinance
    from yfinance import base, cache, data

    server = Yahoo()

    def request(_: object, *, url: str, timeout: float, params: Any = None, **__: Any) -> curl_requests.Response:
        server.asked.append(Asked(url, dict(params or {}), timeout))
        response = curl_requests.Response()
        response.url = url
        response.status_code, body = server.answer(url, dict(params or {}))
        response.ok, response.content = response.status_code < 400, _bytes(body)
        return response

    monkeypatch.setattr(curl_requests.Session, "request", request)
    monkeypatch.setattr(data.SingletonMeta, "_instances", {})  # cookie, crumb and answers of another test
    monkeypatch.setattr(base, "_tz_info_fetch_ctr", 0)
    for manager, kept in ((cache._TzCacheManager, "_tz_cache"), (cache._CookieCacheManager, "_Cookie_cache")):
        monkeypatch.setattr(manager, kept, None)
    folder = cache._TzDBManager.get_location()
    yfinance.set_tz_cache_location(str(tmp_path / "yfinance"))
    yield server
    yfinance.set_tz_cache_location(folder)


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(f"{moment}+00:00").timestamp())


@pytest.mark.parametrize(
    ("bars", "query"),
    [
        (MOUTAI, {"secid": "1.600519", "fqt": "0", "beg": "20200102", "end": "20200103"}),
        (Bars("600519", None, None, "qfq"), {"secid": "1.600519", "fqt": "1", "beg": "19700101", "end": "20500101"}),
        (Bars("000001", date(1991, 4, 3), None, "hfq"), {"secid": "0.000001", "fqt": "2", "beg": "19910403"}),
        (Bars("920992", None, date(2024, 2, 29), "qfq"), {"secid": "0.920992", "fqt": "1", "end": "20240229"}),
    ],
)
def test_akshare_asks_for_the_share_the_days_and_the_adjustment(
    bars: Bars, query: dict[str, str], eastmoney: Eastmoney
) -> None:
    akshare_bars(bars)
    [(url, asked, timeout)] = eastmoney.asked
    assert url.endswith("/api/qt/stock/kline/get")
    assert asked | query | {"klt": "101"} == asked  # 101: daily
    assert timeout == SECONDS == 10


def test_akshares_bars_come_by_our_names_with_their_values(eastmoney: Eastmoney) -> None:
    expected = pd.DataFrame(
        {
            "date": ["2020-01-02", "2020-01-03"],
            "open": [1128.0, 1117.0],
            "high": [1145.06, 1117.0],
            "low": [1116.0, 1076.9],
            "close": [1130.0, 1078.56],
            "volume": [148099, 130319],
            "amount": [16696809000.0, 14266380000.0],
        }
    )
    pd.testing.assert_frame_equal(akshare_bars(MOUTAI), expected)


def test_the_oldest_day_comes_first_whatever_the_order_of_the_answer(eastmoney: Eastmoney) -> None:
    expected = akshare_bars(MOUTAI)
    eastmoney.body["data"]["klines"] = KLINES[::-1]
    pd.testing.assert_frame_equal(akshare_bars(MOUTAI), expected)


@pytest.mark.parametrize("data", [None, {"code": "600519", "klines": []}])
def test_a_share_that_akshare_does_not_know_or_days_without_bars_are_no_bars(data: Any, eastmoney: Eastmoney) -> None:
    eastmoney.body = {"rc": 100, "data": data}
    with pytest.raises(NoBarsError, match="an empty answer"):
        akshare_bars(MOUTAI)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"rc": 0, "data": {"klines": [line.rsplit(",", 1)[0] for line in KLINES]}}, "Length mismatch"),
        ({"rc": 0, "data": {"lines": KLINES}}, "KeyError: 'klines'"),
        ({"rc": 0}, "KeyError: 'data'"),
        (b"<html>502 Bad Gateway</html>", "JSONDecodeError"),
        (requests.ConnectTimeout("timed out"), "ConnectTimeout: timed out"),
    ],
)
def test_an_answer_of_another_shape_is_asked_for_three_times_and_is_then_an_error(
    body: Any, said: str, eastmoney: Eastmoney, tmp_path: Path
) -> None:
    eastmoney.body = body
    with pytest.raises(InputError) as error:
        download("600519", cache=tmp_path, pause=lambda _: None)
    assert str(error.value).startswith("akshare could not be asked for '600519' in 3 tries (")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert len(eastmoney.asked) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_akshare_no_longer_has_is_named(eastmoney: Eastmoney, monkeypatch: pytest.MonkeyPatch) -> None:
    from akshare.stock_feature import stock_hist_em

    ours = stock_hist_em.stock_zh_a_hist
    renamed = {"成交额": "额", "开盘": "开盘价"}
    monkeypatch.setattr(stock_hist_em, "stock_zh_a_hist", lambda **asked: ours(**asked).rename(columns=renamed))
    with pytest.raises(InputError, match="akshare answers without 开盘, 成交额, so it has changed"):
        akshare_bars(MOUTAI)


@pytest.mark.filterwarnings("ignore:Could not infer format")  # pandas, of akshare's reading of such days
def test_days_that_akshare_cannot_read_are_an_error_and_no_table_without_dates(eastmoney: Eastmoney) -> None:
    eastmoney.body["data"]["klines"] = [line.replace("2020-", "rat-") for line in KLINES]
    with pytest.raises(InputError, match="akshare answers without 日期, so it has changed"):
        akshare_bars(MOUTAI)


@pytest.mark.parametrize(
    ("ask", "modules", "name"),
    [
        (akshare_bars, ["akshare", "akshare.stock_feature.stock_hist_em"], "akshare"),
        (yfinance_bars, ["yfinance"], "yfinance"),
    ],
)
def test_without_the_package_the_error_says_what_to_install(
    ask: Callable[[Bars], pd.DataFrame], modules: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError) as error:
        ask(MOUTAI)
    assert str(error.value) == (
        f"a download needs {name}: pip install 'recurra[market]', or give a file with --data FILE."
    )


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
    yahoo.zone, yahoo.bars_answer = zone, lambda: (200, yahoo.chart({}))
    yfinance_bars(Bars("AAPL", start, end, "qfq"))
    [asked] = yahoo.charts()
    assert urlsplit(asked.url).path == "/v8/finance/chart/AAPL"
    assert (asked.params["period1"], asked.params["period2"]) == (_seconds(period1), _seconds(period2))
    assert asked.params["interval"] == "1d"
    assert asked.params["crumb"] == "a.crumb"
    assert asked.timeout == SECONDS == 10


def test_without_a_first_day_yfinance_asks_for_all_that_came_before_the_last(yahoo: Yahoo) -> None:
    frame = yfinance_bars(Bars("AAPL", None, date(2020, 1, 3), "qfq"))
    [asked] = yahoo.charts()
    assert datetime.fromtimestamp(asked.params["period1"], UTC).year <= 1900
    assert asked.params["period2"] == _seconds("2020-01-04T05:00")
    assert frame["date"].tolist() == ["2020-01-02", "2020-01-03"]


@pytest.mark.parametrize("start", [date(2020, 1, 3), None])
def test_without_a_last_day_yfinance_asks_up_to_now(start: date | None, yahoo: Yahoo) -> None:
    before = int(time.time())
    frame = yfinance_bars(Bars("AAPL", start, None, "none"))
    [asked] = yahoo.charts()
    assert before <= asked.params["period2"] <= time.time()
    if start:
        assert asked.params["period1"] == _seconds("2020-01-03T05:00")
    else:
        assert datetime.fromtimestamp(asked.params["period1"], UTC).year < 1950
    assert frame["date"].tolist() == ["2020-01-02", "2020-01-03", "2020-01-06"][1 if start else 0 :]


@pytest.mark.parametrize("adjust", ["qfq", "none"])
def test_the_last_day_is_among_yfinances_bars(adjust: str, yahoo: Yahoo) -> None:
    frame = yfinance_bars(Bars("AAPL", date(2020, 1, 2), date(2020, 1, 3), adjust))
    assert frame["date"].tolist() == ["2020-01-02", "2020-01-03"]


def test_prices_as_traded_are_free_of_splits_whatever_the_last_day(yahoo: Yahoo) -> None:
    # one share became four on the sixth: before, a share cost four times what Yahoo says, and a quarter changed hands
    yahoo.splits = {"2020-01-06T14:30": (4, 1)}
    frame = yfinance_bars(Bars("AAPL", date(2020, 1, 3), date(2020, 1, 6), "none"))
    assert frame["close"].tolist() == [4 * 74.3575, 74.95]
    assert frame["volume"].tolist() == [146322800 / 4, 118387200]
    only = yfinance_bars(Bars("AAPL", date(2020, 1, 3), date(2020, 1, 3), "none"))
    pd.testing.assert_frame_equal(only, frame[:1])


def test_nothing_that_yfinance_asks_for_may_take_longer_than_ten_seconds(yahoo: Yahoo) -> None:
    yfinance_bars(APPLE)
    assert {asked.timeout for asked in yahoo.asked} == {SECONDS}


def test_a_bar_has_the_day_of_its_exchange(yahoo: Yahoo) -> None:
    # Sydney opens at ten, when it is still the day before in Greenwich
    yahoo.zone = "Australia/Sydney"
    yahoo.bars = [Bar(f"2020-01-0{day}T23:00", 1, 2, 1, 2, 2, 5) for day in (1, 2, 5)]
    frame = yfinance_bars(Bars("BHP.AX", date(2020, 1, 2), date(2020, 1, 6), "none"))
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
    frame = yfinance_bars(Bars("AAPL", APPLE.start, APPLE.end, "qfq"))
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
    frame = yfinance_bars(Bars("AAPL", date(2020, 1, 2), date(2020, 1, 6), "qfq"))
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
    with pytest.raises(InputError, match="yfinance has no bars of 'NOSUCH' for these days"):
        download("NOSUCH", cache=tmp_path / "ours", pause=pauses.append)
    assert pauses == []
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize("question", ["zone_answer", "bars_answer"])
def test_an_error_page_is_forgotten_and_yahoo_is_asked_again(question: str, yahoo: Yahoo, tmp_path: Path) -> None:
    def bad_gateway() -> tuple[int, Any]:
        return 502, b"<html>502 Bad Gateway</html>"

    setattr(yahoo, question, bad_gateway)
    path = download("AAPL", end="2020-01-03", cache=tmp_path / "ours", pause=lambda _: setattr(yahoo, question, None))
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
        download("AAPL", cache=tmp_path / "ours", pause=lambda _: None)
    assert str(error.value).startswith("yfinance could not be asked for 'AAPL' in 3 tries (KeyError: 'timestamp'); ")
    assert len(yahoo.charts()) == 3
    assert not (tmp_path / "ours").exists()


def test_too_many_requests_are_named_as_such(yahoo: Yahoo, tmp_path: Path) -> None:
    yahoo.bars_answer = lambda: (429, b"Too Many Requests")
    with pytest.raises(InputError, match=r"in 3 tries \(YFRateLimitError: Too Many Requests\. Rate limited\."):
        download("AAPL", cache=tmp_path, pause=lambda _: None)


@pytest.mark.parametrize("hidden", [True, False])
def test_whether_yfinance_hides_its_exceptions_is_afterwards_as_it_was(hidden: bool, yahoo: Yahoo) -> None:
    import yfinance

    before, yfinance.config.debug.hide_exceptions = yfinance.config.debug.hide_exceptions, hidden
    try:
        yfinance_bars(APPLE)
        assert yfinance.config.debug.hide_exceptions is hidden
        yahoo.bars = []
        with pytest.raises(NoBarsError):
            yfinance_bars(Bars("AAPL", None, date(2020, 1, 2), "none"))
        assert yfinance.config.debug.hide_exceptions is hidden
    finally:
        yfinance.config.debug.hide_exceptions = before


def test_what_is_downloaded_stands_in_the_file(eastmoney: Eastmoney, yahoo: Yahoo, tmp_path: Path) -> None:
    moutai = download("600519", start="2020-01-02", end="2020-01-03", cache=tmp_path)
    assert moutai.read_text("utf-8") == (
        "date,open,high,low,close,volume,amount\n"
        "2020-01-02,1128.0,1145.06,1116.0,1130.0,148099,16696809000.0\n"
        "2020-01-03,1117.0,1117.0,1076.9,1078.56,130319,14266380000.0\n"
    )
    assert moutai.read_text("utf-8").splitlines()[0].split(",") == list(AKSHARE_COLUMNS.values())
    apple = download("AAPL", start="2020-01-02", end="2020-01-03", adjust="none", cache=tmp_path)
    assert apple.read_text("utf-8") == (
        "date,open,high,low,close,volume\n"
        "2020-01-02,74.06,75.15,73.8,75.0875,135480400\n"
        "2020-01-03,74.2875,75.145,74.125,74.3575,146322800\n"
    )
