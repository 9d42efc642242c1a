"""yfinance: daily bars from Yahoo, of shares and indices of most exchanges."""

import logging
from datetime import date, timedelta
from functools import cache
from typing import Any

import pandas as pd

from recurra.sources.providers.contract import SECONDS, Bars, NoBarsError, Provider, answered, imported
from recurra.sources.shares import Share

COLUMNS = {"Date": "date", "Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
PRICES = ["Open", "High", "Low", "Close"]


def yfinance_bars(bars: Bars) -> pd.DataFrame:
    """Return daily bars, with the days of the share's exchange; see `Provider.ask`.

    Yahoo adjusts even its unadjusted prices for all splits up to today. For prices as traded, bars are therefore
    requested up to today, whatever the last day, and the adjustment for later splits is reversed.
    """
    with imported("yfinance"):
        import yfinance
        from yfinance.data import YfData
        from yfinance.exceptions import YFTickerMissingError

    YfData.cache_get.cache_clear()  # yfinance caches answers, including a server's error pages
    traded = bars.adjust == "none"
    hidden, yfinance.config.debug.hide_exceptions = yfinance.config.debug.hide_exceptions, False
    logger = logging.getLogger("yfinance")  # it prints what then becomes our reason
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        frame = yfinance.Ticker(_symbol_of(bars.share), session=_session()).history(
            period=None if bars.start or bars.end else "max",
            start=bars.start or (date(1900, 1, 1) if bars.end else None),
            end=bars.end + timedelta(days=1) if bars.end and not traded else None,  # yfinance excludes the end
            auto_adjust=not traded,
            timeout=SECONDS,
        )
    except YFTickerMissingError as error:
        raise NoBarsError(error.rationale) from error
    except Exception as error:
        if getattr(getattr(error, "response", None), "status_code", None) != 404:
            raise
        raise NoBarsError("unknown symbol") from error
    finally:
        yfinance.config.debug.hide_exceptions = hidden
        logger.setLevel(level)
    if traded:
        later = frame["Stock Splits"].replace(0, 1)[::-1].cumprod().shift(fill_value=1)[::-1]
        frame[PRICES] = frame[PRICES].mul(later, axis=0)
        frame["Volume"] = (frame["Volume"] / later).round()
    return answered(frame.tz_localize(None).reset_index(), COLUMNS, bars)


@cache
def _session() -> Any:
    """Return a session like yfinance's own, with a timeout of SECONDS for all requests, including that for the cookie.

    There is one session per process, as a crumb is only valid together with its cookie.
    """
    from curl_cffi.requests import Session

    class HurriedSession(Session[Any]):
        def request(self, *arguments: Any, **named: Any) -> Any:
            return super().request(*arguments, **named | {"timeout": SECONDS})

    return HurriedSession(impersonate="chrome")


def _symbol_of(share: Share) -> str:
    """Return a share as Yahoo writes it."""
    if share.exchange == "hk":
        return f"{share.code.lstrip('0').zfill(4)}.HK"
    suffix = {"sh": ".SS", "sz": ".SZ"}.get(share.exchange, "")
    return f"{share.code}{suffix}"


YFINANCE = Provider("yfinance", frozenset({"qfq", "none"}), yfinance_bars)
