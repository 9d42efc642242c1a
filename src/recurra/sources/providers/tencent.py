"""Tencent, through akshare: daily bars of Chinese shares and funds, one request a year."""

from datetime import date, timedelta

import pandas as pd

from recurra.sources.providers.akshare_functions import akshare_function
from recurra.sources.providers.contract import LOT, SECONDS, Bars, Provider, answered

FIRST = date(1990, 12, 19)  # the first day of the exchange of Shanghai
COLUMNS = {name: name for name in ("date", "open", "high", "low", "close", "volume", "amount")}


def tencent_bars(bars: Bars) -> pd.DataFrame:
    """Return daily bars; see `Provider.ask`."""
    ask = akshare_function("stock_feature.stock_hist_tx", "stock_zh_a_hist_tx", helpers=["get_tx_start_year"])
    symbol = str(bars.share)
    frame = ask(
        symbol=symbol,
        start_date=(bars.start or FIRST).isoformat(),
        end_date=(bars.end or date.today() + timedelta(days=1)).isoformat(),  # in China it may be tomorrow
        adjust="" if bars.adjust == "none" else bars.adjust,
        timeout=SECONDS,
    )
    # akshare converts lots to shares, but takes shares of Shenzhen whose codes begin with 000 for indices
    return answered(frame, COLUMNS, bars, unit=LOT if symbol.startswith("sz000") else 1)


TENCENT = Provider("tencent", frozenset({"qfq", "hfq", "none"}), tencent_bars)
