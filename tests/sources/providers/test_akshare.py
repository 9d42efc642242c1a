"""Daily bars from akshare: the real library runs, and only what sends bytes is replaced."""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from recurra import InputError
from recurra.sources.download import download
from recurra.sources.providers import SECONDS, Bars, NoBarsError, akshare_bars, yfinance_bars

from .servers import KLINES, Eastmoney

MOUTAI = Bars("600519", date(2020, 1, 2), date(2020, 1, 3), "none")

APPLE = Bars("AAPL", date(2020, 1, 2), date(2020, 1, 3), "none")


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
    assert str(error.value).startswith("3 requests to akshare for '600519' failed (")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert len(eastmoney.asked) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_akshare_no_longer_has_is_named(eastmoney: Eastmoney, monkeypatch: pytest.MonkeyPatch) -> None:
    from akshare.stock_feature import stock_hist_em

    ours = stock_hist_em.stock_zh_a_hist
    renamed = {"成交额": "额", "开盘": "开盘价"}
    monkeypatch.setattr(stock_hist_em, "stock_zh_a_hist", lambda **asked: ours(**asked).rename(columns=renamed))
    with pytest.raises(InputError, match="akshare answers without 开盘, 成交额, so its format has changed"):
        akshare_bars(MOUTAI)


@pytest.mark.filterwarnings("ignore:Could not infer format")  # pandas, of akshare's reading of such days
def test_days_that_akshare_cannot_read_are_an_error_and_no_table_without_dates(eastmoney: Eastmoney) -> None:
    eastmoney.body["data"]["klines"] = [line.replace("2020-", "rat-") for line in KLINES]
    with pytest.raises(InputError, match="akshare answers without 日期, so its format has changed"):
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
