"""Eastmoney, through akshare: daily bars of Chinese, Hong Kong and American shares. It refuses many callers."""

from contextlib import suppress
from datetime import date

import pandas as pd

from recurra.sources.providers.akshare_functions import akshare_function
from recurra.sources.providers.contract import LOT, SECONDS, Bars, NoBarsError, Provider, answered

MODULE = "stock_feature.stock_hist_em"
COLUMNS = {
    "日期": "date",
    "开盘": "open",
    "最高": "high",
    "最低": "low",
    "收盘": "close",
    "成交量": "volume",
    "成交额": "amount",
}
AMERICAN_EXCHANGES = 105, 106, 107  # Nasdaq, New York, NYSE American


def eastmoney_bars(bars: Bars) -> pd.DataFrame:
    """Return daily bars; see `Provider.ask`. Earlier qfq prices may be negative, since dividends are subtracted."""
    exchange, code = bars.share.exchange, bars.share.code
    days = {
        "start_date": (bars.start or date(1970, 1, 1)).strftime("%Y%m%d"),
        "end_date": (bars.end or date(2050, 1, 1)).strftime("%Y%m%d"),
        "adjust": "" if bars.adjust == "none" else bars.adjust,
    }
    if exchange == "us":
        ask = akshare_function(MODULE, "stock_us_hist")
        for number in AMERICAN_EXCHANGES:
            with suppress(TypeError):  # akshare's, of the answer null to a symbol that the exchange does not have
                return answered(ask(symbol=f"{number}.{code.replace('-', '_')}", **days), COLUMNS, bars)
        raise NoBarsError("unknown symbol")
    if exchange == "hk":
        try:
            frame = akshare_function(MODULE, "stock_hk_hist")(symbol=code, **days)
        except TypeError:  # as above
            raise NoBarsError("unknown symbol") from None
        return answered(frame, COLUMNS, bars)
    if (exchange == "sh") != code.startswith("6"):  # akshare would ask for the share of Shenzhen with this code
        raise NoBarsError("no shares with such codes")
    frame = akshare_function(MODULE, "stock_zh_a_hist")(symbol=code, period="daily", timeout=SECONDS, **days)
    return answered(frame, COLUMNS, bars, unit=LOT)


EASTMONEY = Provider("eastmoney", frozenset({"qfq", "hfq", "none"}), eastmoney_bars)
