"""Daily bars from Eastmoney: the real akshare runs, and only what sends bytes is replaced."""

from datetime import date
from typing import Any

import pandas as pd
import pytest
import requests

from recurra.sources.providers.contract import (
    SECONDS,
    Adjust,
    Bars,
    ChangedAnswerError,
    NoBarsError,
    reason_of,
)
from recurra.sources.providers.eastmoney import eastmoney_bars
from recurra.sources.shares import share_of

from .expected_bars import moutai
from .servers import Request, Web

# day, open, close, high, low, lots, yuan, amplitude, change in %, change, turnover: what a line holds, in this order
KLINES = [
    "2020-01-02,1128.00,1130.00,1145.06,1116.00,148099,16696809000.00,2.45,-4.48,-53.00,1.18",
    "2020-01-03,1117.00,1078.56,1117.00,1076.90,130319,14266380000.00,3.55,-4.55,-51.44,1.04",
]
PLACE = "/api/qt/stock/kline/get"
ANSWER = {"rc": 0, "data": {"code": "600519", "market": 1, "klines": KLINES}}


def request(symbol: str, start: date | None, end: date | None, adjust: Adjust) -> Bars:
    return Bars(share_of(symbol), start, end, adjust)


MOUTAI = request("600519", date(2020, 1, 2), date(2020, 1, 3), "none")


@pytest.mark.parametrize(
    ("bars", "query"),
    [
        (MOUTAI, {"secid": "1.600519", "fqt": "0", "beg": "20200102", "end": "20200103"}),
        (request("600519", None, None, "qfq"), {"secid": "1.600519", "fqt": "1", "beg": "19700101", "end": "20500101"}),
        (request("000001", date(1991, 4, 3), None, "hfq"), {"secid": "0.000001", "fqt": "2", "beg": "19910403"}),
        (request("920992", None, date(2024, 2, 29), "qfq"), {"secid": "0.920992", "fqt": "1", "end": "20240229"}),
        (request("0700.HK", None, None, "hfq"), {"secid": "116.00700", "fqt": "2"}),
        (request("AAPL", None, None, "qfq"), {"secid": "105.AAPL", "fqt": "1"}),
        (request("BRK-B", None, None, "none"), {"secid": "105.BRK_B", "fqt": "0"}),
    ],
)
def test_eastmoney_is_asked_for_the_share_the_days_and_the_adjustment(
    bars: Bars, query: dict[str, str], web: Web
) -> None:
    day = f"{bars.start or bars.end or date(2020, 1, 2)}"
    line = (
        KLINES[0].replace("2020-01-02", day).replace("148099", "14809900" if bars.share.exchange == "us" else "148099")
    )
    web.answers[PLACE] = {"rc": 0, "data": {"klines": [line]}}
    eastmoney_bars(bars)
    [asked] = web.asked
    assert asked.query | query | {"klt": "101"} == asked.query  # 101: daily
    assert asked.timeout == SECONDS == 10


def test_its_bars_come_by_our_names_with_volume_in_shares(web: Web) -> None:
    web.answers[PLACE] = ANSWER
    expected = moutai([14809900, 13031900], [16696809000.0, 14266380000.0])
    pd.testing.assert_frame_equal(eastmoney_bars(MOUTAI), expected)


def test_the_oldest_day_comes_first_whatever_the_order_of_the_answer(web: Web) -> None:
    web.answers[PLACE] = ANSWER
    expected = eastmoney_bars(MOUTAI)
    web.answers[PLACE] = {"rc": 0, "data": {"klines": KLINES[::-1]}}
    pd.testing.assert_frame_equal(eastmoney_bars(MOUTAI), expected)


def test_an_american_share_is_looked_for_at_one_exchange_after_the_other(web: Web) -> None:
    def of_new_york(asked: Request) -> Any:
        line = "2024-05-17,413.00,416.65,417.55,411.71,3218700,1337500000.00,1.4,0.7,2.9,0.2"
        return {"rc": 0, "data": {"klines": [line]} if asked.query["secid"].startswith("106.") else None}

    web.answers[PLACE] = of_new_york
    frame = eastmoney_bars(request("BRK-B", None, None, "none"))
    assert [asked.query["secid"] for asked in web.asked] == ["105.BRK_B", "106.BRK_B"]
    assert frame["volume"].tolist() == [3218700]


@pytest.mark.parametrize("symbol", ["600519", "00700.HK", "NOSUC"])
def test_a_share_that_it_does_not_know_is_no_bars(symbol: str, web: Web) -> None:
    web.answers[PLACE] = {"rc": 100, "data": None}
    with pytest.raises(NoBarsError):
        eastmoney_bars(request(symbol, None, None, "qfq"))


def test_days_without_bars_are_no_bars(web: Web) -> None:
    web.answers[PLACE] = {"rc": 0, "data": {"code": "600519", "klines": []}}
    with pytest.raises(NoBarsError, match="an empty answer"):
        eastmoney_bars(MOUTAI)


def test_a_fund_of_shanghai_is_not_taken_for_the_share_of_shenzhen_with_its_code(web: Web) -> None:
    with pytest.raises(NoBarsError, match="no shares with such codes"):
        eastmoney_bars(request("510300", None, None, "qfq"))
    assert web.asked == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (requests.ConnectTimeout("timed out"), "no answer within 10 s"),
        (requests.ReadTimeout("timed out"), "no answer within 10 s"),
        (requests.ConnectionError("[Errno 111] Connection refused"), "connection refused"),
        (requests.ConnectionError("('Connection aborted.', RemoteDisconnected('…'))"), "no connection"),
        ((502, b"<html>502 Bad Gateway</html>"), "HTTP status 502"),
        ((429, b""), "too many requests"),
        (b"<html>please solve this captcha</html>", "an answer that is not JSON"),
        ({"rc": 0}, "an unreadable answer (KeyError: 'data')"),
        ({"rc": 0, "data": {"lines": KLINES}}, "an unreadable answer (KeyError: 'klines')"),
        ({"rc": 0, "data": {"klines": [line[:-5] for line in KLINES]}}, "an unreadable answer (ValueError: Length"),
        ({"rc": 0, "data": {"klines": [line.replace("1130.00", "") for line in KLINES]}}, "a changed format: a day wi"),
        ({"rc": 0, "data": {"klines": [line.replace("148099,", "14809900,") for line in KLINES[:1]]}}, "a changed for"),
    ],
)
def test_why_it_did_not_answer_is_said_in_a_few_words(answer: Any, reason: str, web: Web) -> None:
    web.answers[PLACE] = answer
    with pytest.raises(Exception) as error:  # each provider raises errors of its own
        eastmoney_bars(MOUTAI)
    assert reason_of(error.value).startswith(reason)


def test_prices_in_another_order_are_a_changed_format(web: Web) -> None:
    cells = [line.split(",") for line in KLINES]
    lines = [",".join([day, high, low, opened, close, *rest]) for day, opened, close, high, low, *rest in cells]
    web.answers[PLACE] = {"rc": 0, "data": {"klines": lines}}
    with pytest.raises(ChangedAnswerError, match="prices not between low and high"):
        eastmoney_bars(MOUTAI)


@pytest.mark.filterwarnings("ignore:Could not infer format")  # pandas, of akshare's reading of such days
def test_days_that_akshare_cannot_read_are_an_error_and_no_table_without_dates(web: Web) -> None:
    web.answers[PLACE] = {"rc": 0, "data": {"klines": [line.replace("2020-", "rat-") for line in KLINES]}}
    with pytest.raises(ChangedAnswerError, match="no column 日期"):
        eastmoney_bars(MOUTAI)
