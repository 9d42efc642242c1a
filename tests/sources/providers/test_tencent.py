"""Daily bars from Tencent: the real akshare runs, and only what sends bytes is replaced."""

import json
from datetime import date
from typing import Any

import pandas as pd
import pytest
import requests

from recurra.sources.providers.contract import SECONDS, Adjust, Bars, ChangedAnswerError, reason_of
from recurra.sources.providers.tencent import tencent_bars
from recurra.sources.shares import share_of

from .expected_bars import moutai
from .servers import Request, Web

# day, open, close, high, low, lots, then a split or dividend, turnover in %, ten thousand yuan, and a last cell
DAYS: list[list[Any]] = [
    ["2019-12-31", "1183.000", "1183.000", "1188.000", "1176.510", "22588.000", {}, "0.18", "267092.50", ""],
    ["2020-01-02", "1128.000", "1130.000", "1145.060", "1116.000", "148099.000", {}, "1.18", "1669683.68", ""],
    ["2020-01-03", "1117.000", "1078.560", "1117.000", "1076.900", "130319.000", {}, "1.04", "1426638.20", ""],
]


class Tencent:
    """The first day of a share, and its bars of two years an answer, as JavaScript."""

    def __init__(self, web: Web, symbol: str = "sh600519", key: str = "day", days: list[list[Any]] = DAYS) -> None:
        self.symbol, self.key, self.days, self.web = symbol, key, days, web
        web.answers["/other/klineweb/klineWeb/weekTrends"] = self.first
        web.answers["/appstock/app/newfqkline/get"] = self.bars

    def first(self, asked: Request) -> str:
        return "trend_qfq=" + json.dumps({"code": 0, "msg": "", "data": [["2001-08-27", "8.12"], ["2001-09-03", "8"]]})

    def bars(self, asked: Request) -> str:
        symbol, unit, first, last, count, _ = f"{asked.query['param']},".split(",")[:6]
        assert (symbol, unit, count) == (self.symbol, "day", "640")
        rows = [day for day in self.days if first <= day[0] <= last]
        data = {"code": 0, "msg": "", "data": {symbol: {self.key: rows, "qt": {}, "version": "16"}}}
        return f"{asked.query['_var']}={json.dumps(data)}"

    def years(self) -> list[str]:
        return [asked.query["param"].split(",")[2][:4] for asked in self.web.asked if "param" in asked.query]


def request(symbol: str = "600519", adjust: Adjust = "none") -> Bars:
    return Bars(share_of(symbol), date(2020, 1, 2), date(2020, 1, 3), adjust)


def test_tencent_is_asked_for_the_first_day_and_then_for_the_years(web: Web) -> None:
    tencent = Tencent(web)
    tencent_bars(request())
    assert web.asked[0].query["code"] == "sh600519"
    assert tencent.years() == ["2020"]
    assert {asked.timeout for asked in web.asked} == {SECONDS} == {10}


def test_all_years_since_the_first_day_are_asked_for(web: Web) -> None:
    tencent = Tencent(web)
    frame = tencent_bars(Bars(share_of("600519"), None, date(2020, 1, 2), "none"))
    assert tencent.years() == [str(year) for year in range(2001, 2021)]
    assert frame["date"].tolist() == ["2019-12-31", "2020-01-02"]  # each comes in two answers


def test_its_bars_come_by_our_names_with_volume_in_shares_and_amount_in_yuan(
    web: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    Tencent(web)
    expected = moutai([14809900, 13031900], [16696836800.0, 14266382000.0])
    pd.testing.assert_frame_equal(tencent_bars(request()), expected)
    assert capsys.readouterr().err == ""  # akshare shows a progress bar


@pytest.mark.parametrize(
    ("symbol", "lots"),
    [("600519", True), ("000001", True), ("300750", True), ("920992", True), ("510300", True), ("688981", False)],
)
def test_the_volume_is_in_shares_on_every_board(symbol: str, lots: bool, web: Web) -> None:
    days = [["2020-01-02", "16.65", "16.87", "16.95", "16.55", "1530231.87", {}, "0.79", "257119.64", ""]]
    if not lots:
        days[0][5] = "153023187"
    Tencent(web, str(share_of(symbol)), days=days)
    assert tencent_bars(request(symbol))["volume"].tolist() == [153023187]


@pytest.mark.parametrize(("adjust", "key"), [("qfq", "qfqday"), ("hfq", "hfqday"), ("qfq", "day")])
def test_adjusted_bars_are_found_under_their_own_name_or_that_of_a_share_without_dividends(
    adjust: Adjust, key: str, web: Web
) -> None:
    Tencent(web, key=key)
    assert tencent_bars(request(adjust=adjust))["close"].tolist() == [1130.0, 1078.56]
    assert web.asked[-1].query["param"].endswith(f",640,{adjust}")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (requests.ReadTimeout("timed out"), "no answer within 10 s"),
        (requests.ConnectionError("[Errno 111] Connection refused"), "connection refused"),
        ((501, b"<html>WAF</html>"), "HTTP status 501"),
        (b"<html>please wait</html>", "an answer that is not JSON"),
        ('kline_day2020={"code":-1,"msg":"bad params"}', "an unreadable answer (KeyError: 'data')"),
        ('kline_day2020={"code":0,"data":{"sh600519":{"day":[]}}}', "an unreadable answer (IndexError: "),
    ],
)
def test_why_it_did_not_answer_is_said_in_a_few_words(answer: Any, reason: str, web: Web) -> None:
    Tencent(web)
    web.answers["/appstock/app/newfqkline/get"] = answer
    with pytest.raises(Exception) as error:  # each provider raises errors of its own
        tencent_bars(request())
    assert reason_of(error.value).startswith(reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda day: [day[0], "0", *day[1:]], "prices not between low and high"),
        (lambda day: [*day[:5], str(float(day[5]) * 100), *day[6:]], "volume in an unknown unit"),
        (lambda day: [*day[:2], day[2].replace("1130.000", ""), *day[3:]], "a day without a price"),
    ],
)
def test_columns_that_have_moved_are_a_changed_format(change: Any, reason: str, web: Web) -> None:
    Tencent(web, days=[change(day) for day in DAYS])
    with pytest.raises(ChangedAnswerError, match=reason):
        tencent_bars(request())
