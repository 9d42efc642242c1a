"""Sina, through akshare: daily bars of shares of Shanghai, Shenzhen and Hong Kong, all days in one answer."""

import pandas as pd

from recurra.sources.providers.akshare_functions import akshare_function
from recurra.sources.providers.contract import Bars, Provider, answered

COLUMNS = {name: name for name in ("date", "open", "high", "low", "close", "volume", "amount")}


def sina_bars(bars: Bars) -> pd.DataFrame:
    """Return daily bars; see `Provider.ask`."""
    adjust = "" if bars.adjust == "none" else bars.adjust
    if bars.share.exchange == "hk":
        ask = akshare_function("stock.stock_hk_sina", "stock_hk_daily")
        return answered(ask(symbol=bars.share.code, adjust=adjust), COLUMNS, bars)
    # all days: akshare inserts days of changes without a session, and drops them only behind a day that it keeps
    ask = akshare_function("stock.stock_zh_a_sina", "stock_zh_a_daily")
    return answered(ask(symbol=str(bars.share), adjust=adjust), COLUMNS, bars)


SINA = Provider("sina", frozenset({"qfq", "hfq", "none"}), sina_bars)
