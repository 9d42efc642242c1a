"""Daily bars from Sina: the real akshare and its JavaScript run, and only what sends bytes is replaced."""

import json
from datetime import date
from typing import Any

import pandas as pd
import pytest
import requests

from recurra.sources.providers.contract import SECONDS, Adjust, Bars, NoBarsError, reason_of
from recurra.sources.providers.sina import sina_bars
from recurra.sources.shares import share_of

from .expected_bars import moutai
from .servers import Web
from .sina_script import SinaBar, script

DAYS = [
    SinaBar(date(2020, 1, 2), 1128.0, 1145.06, 1116.0, 1130.0, 14809916, 16696836850),
    SinaBar(date(2020, 1, 3), 1117.0, 1117.0, 1076.9, 1078.56, 13031878, 14266382000),
    SinaBar(date(2020, 1, 6), 1070.86, 1092.9, 1067.3, 1077.99, 6341478, 6853917500),
]
MOUTAI = Bars(share_of("600519"), date(2020, 1, 2), date(2020, 1, 6), "none")
SHARES = [{"date": "2001-08-27", "amount": 25000.0}, {"date": "2020-01-04", "amount": 125619.78}]  # a Saturday


def factors(*days: tuple[str, str], cash: bool = False) -> str:
    """Return a script of adjustment factors, the newest first."""
    rows = [{"d": day, "f": factor, **({"c": "0"} if cash else {})} for day, factor in days]
    return f"var factors={json.dumps({'total': len(rows), 'data': rows})}\n/* of sina */"


@pytest.fixture
def sina(web: Web) -> Web:
    web.answers |= {
        "/realstock/company/sh600519/hisdata_klc2/klc_kl.js": script("sh600519", DAYS),
        "StockService.getAmountBySymbol": f"/*<script>*/\nvar KKE_ShareAmount_sh600519=({json.dumps(SHARES)})",
        "/realstock/company/sh600519/qfq.js": factors(("2020-01-06", "1.0"), ("1900-01-01", "1.25")),
        "/realstock/company/sh600519/hfq.js": factors(("2020-01-06", "5.0"), ("1900-01-01", "4.0")),
        "/stock/hkstock/00700/klc2_kl.js": script("00700", DAYS),
        "/stock/hkstock/00700/qfq.js": factors(("2020-01-06", "1.0"), ("1900-01-01", "0.5")),
        "/stock/hkstock/00700/hfq.js": factors(("2020-01-06", "2.0"), ("1900-01-01", "1.0"), cash=True),
    }
    return web


def test_its_bars_come_by_our_names_and_nothing_takes_longer_than_ten_seconds(sina: Web) -> None:
    expected = moutai([14809916, 13031878, 6341478], [16696836850.0, 14266382000.0, 6853917500.0])
    pd.testing.assert_frame_equal(sina_bars(MOUTAI), expected)
    assert {asked.timeout for asked in sina.asked} == {SECONDS} == {10}  # akshare has none


@pytest.mark.parametrize(
    ("symbol", "adjust", "closes"),
    [
        ("600519", "none", [1130.0, 1078.56, 1077.99]),
        ("600519", "qfq", [904.0, 862.85, 1077.99]),  # divided by 1.25 and 1
        ("600519", "hfq", [4520.0, 4314.24, 5389.95]),  # times 4 and 5
        ("00700", "none", [1130.0, 1078.56, 1077.99]),
        ("00700", "qfq", [565.0, 539.28, 1077.99]),  # times a half and 1
        ("00700", "hfq", [1130.0, 1078.56, 2155.98]),  # times 1 and 2
    ],
)
def test_prices_are_adjusted_by_the_factors_of_their_day(
    symbol: str, adjust: Adjust, closes: list[float], sina: Web
) -> None:
    frame = sina_bars(Bars(share_of(symbol), None, None, adjust))
    assert frame["date"].tolist() == ["2020-01-02", "2020-01-03", "2020-01-06"]
    assert frame["close"].tolist() == pytest.approx(closes, abs=0.005)


@pytest.mark.parametrize("start", [date(2020, 1, 3), date(2020, 1, 4), date(2020, 1, 6)])
def test_a_day_on_which_the_number_of_shares_changed_is_no_session(start: date, sina: Web) -> None:
    frame = sina_bars(Bars(share_of("600519"), start, date(2020, 1, 6), "none"))
    assert frame["date"].tolist() == ["2020-01-03", "2020-01-06"][start > date(2020, 1, 3) :]


def test_what_sina_sends_is_never_run(sina: Web, tmp_path: Any) -> None:
    code = f"__import__('pathlib').Path({str(tmp_path / 'run')!r}).touch() or {{'data': []}}"
    sina.answers["/realstock/company/sh600519/qfq.js"] = f"var x={code}\n"
    with pytest.raises(ValueError, match="malformed node"):
        sina_bars(Bars(share_of("600519"), None, None, "qfq"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("symbol", ["600519", "00700"])
def test_without_factors_prices_as_traded_are_not_taken_for_adjusted_ones(symbol: str, sina: Web) -> None:
    page = "<html>no such = page</html>\n"
    for place in ("/realstock/company/sh600519/qfq.js", "/stock/hkstock/00700/qfq.js"):
        sina.answers[place] = page
    with pytest.raises(ValueError, match="no table of adjustment factors"):
        sina_bars(Bars(share_of(symbol), None, None, "qfq"))


def test_days_without_bars_are_no_bars(sina: Web) -> None:
    with pytest.raises(NoBarsError, match="no bars on these days"):
        sina_bars(Bars(share_of("600519"), date(2020, 1, 4), date(2020, 1, 5), "qfq"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (requests.ReadTimeout("timed out"), "no answer within 10 s"),
        (requests.ConnectionError("[Errno 111] Connection refused"), "connection refused"),
        ((456, "拒绝访问".encode("gbk")), "HTTP status 456"),
        ((404, b"<html></html>"), "HTTP status 404"),
        (b"<html>blocked</html>", "an unreadable answer (IndexError: list index out of range)"),
        ('var KLC_KL_sh600519="";', "an unreadable answer (KeyError: "),
    ],
)
def test_why_it_did_not_answer_is_said_in_a_few_words(answer: Any, reason: str, sina: Web) -> None:
    sina.answers["/realstock/company/sh600519/hisdata_klc2/klc_kl.js"] = answer
    with pytest.raises(Exception) as error:  # each provider raises errors of its own
        sina_bars(MOUTAI)
    assert reason_of(error.value).startswith(reason)
