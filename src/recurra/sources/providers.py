"""Daily bars from market data providers, without retries: akshare for A-shares, yfinance for other symbols."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Literal

import pandas as pd

from recurra.errors import InputError

Adjust = Literal["qfq", "hfq", "none"]

SECONDS = 10  # timeout of a request
AKSHARE_COLUMNS = {
    "日期": "date",
    "开盘": "open",
    "最高": "high",
    "最低": "low",
    "收盘": "close",
    "成交量": "volume",
    "成交额": "amount",
}
YFINANCE_COLUMNS = {"Date": "date", "Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
YFINANCE_PRICES = ["Open", "High", "Low", "Close"]


class NoBarsError(Exception):
    """The provider has no such bars."""


@dataclass(frozen=True)
class Bars:
    """A request for daily bars.

    Attributes:
        symbol: the share, as the provider writes it.
        start: the first day; None: the provider's first.
        end: the last day, inclusive; None: the provider's last.
        adjust: adjustment of prices: "qfq", "hfq" or "none".
    """

    symbol: str
    start: date | None
    end: date | None
    adjust: Adjust


def akshare_bars(bars: Bars) -> pd.DataFrame:
    """Return daily bars of an A-share, with prices and amount in yuan and volume in lots of 100 shares.

    Raises:
        InputError: akshare is not installed, or its answer lacks a column.
        NoBarsError: the share does not exist, or has no bars on these days.
        Exception: any error that akshare raises if the request fails.
    """
    with _imported("akshare"):
        from akshare.stock_feature.stock_hist_em import stock_zh_a_hist

    frame = stock_zh_a_hist(
        symbol=bars.symbol,
        period="daily",
        start_date=(bars.start or date(1970, 1, 1)).strftime("%Y%m%d"),
        end_date=(bars.end or date(2050, 1, 1)).strftime("%Y%m%d"),
        adjust="" if bars.adjust == "none" else bars.adjust,
        timeout=SECONDS,
    )
    return _chosen("akshare", frame, AKSHARE_COLUMNS)


def yfinance_bars(bars: Bars) -> pd.DataFrame:
    """Return daily bars from Yahoo, with prices in the share's currency, volume in shares and days of its exchange.

    Yahoo adjusts even its unadjusted prices for all splits up to today. For prices as traded, bars are therefore
    requested up to today, whatever the last day, and the adjustment for later splits is reversed.

    Raises:
        InputError: yfinance is not installed, or its answer lacks a column.
        NoBarsError: the symbol does not exist, or has no bars on these days.
        Exception: any error that yfinance raises if the request fails.
    """
    with _imported("yfinance"):
        import yfinance
        from yfinance.data import YfData
        from yfinance.exceptions import YFTickerMissingError

    YfData.cache_get.cache_clear()  # yfinance caches answers, including a server's error pages
    traded = bars.adjust == "none"
    hidden, yfinance.config.debug.hide_exceptions = yfinance.config.debug.hide_exceptions, False
    try:
        frame = yfinance.Ticker(bars.symbol, session=_session()).history(
            period=None if bars.start or bars.end else "max",
            start=bars.start or (date(1900, 1, 1) if bars.end else None),
            end=bars.end + timedelta(days=1) if bars.end and not traded else None,  # yfinance excludes the end
            auto_adjust=not traded,
            timeout=SECONDS,
        )
    except YFTickerMissingError as error:
        raise NoBarsError(str(error)) from error
    except Exception as error:
        if getattr(getattr(error, "response", None), "status_code", None) != 404:
            raise
        raise NoBarsError("Yahoo does not know the symbol") from error
    finally:
        yfinance.config.debug.hide_exceptions = hidden
    if traded:
        later = frame["Stock Splits"].replace(0, 1)[::-1].cumprod().shift(fill_value=1)[::-1]
        frame[YFINANCE_PRICES] = frame[YFINANCE_PRICES].mul(later, axis=0)
        frame["Volume"] = (frame["Volume"] / later).round().astype("int64")
        frame = frame[: str(bars.end)] if bars.end else frame
    return _chosen("yfinance", frame.tz_localize(None).reset_index(), YFINANCE_COLUMNS)


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


@contextmanager
def _imported(name: str) -> Iterator[None]:
    """Import an optional package without its warnings; InputError if it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        raise InputError(
            f"a download needs {name}: pip install 'recurra[market]', or give a file with --data FILE."
        ) from error


def _chosen(provider: str, frame: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    """Return the columns under recurra's names, sorted by day."""
    if frame.empty:
        raise NoBarsError("an empty answer")
    unusable = [name for name in columns if name not in frame.columns or frame[name].isna().all()]
    if unusable:
        raise InputError(
            f"{provider} answers without {', '.join(unusable)}, so its format has changed: "
            "pip install -U 'recurra[market]', or give a file with --data FILE."
        )
    chosen = frame[list(columns)].rename(columns=columns)
    chosen["date"] = pd.to_datetime(chosen["date"]).dt.strftime("%Y-%m-%d")
    numbers = chosen.columns.drop("date")
    chosen[numbers] = chosen[numbers].apply(pd.to_numeric)  # text would go into a CSV file as it is
    return chosen.sort_values("date", ignore_index=True)
