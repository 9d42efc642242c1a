"""Daily bars of shares: bundled samples, and downloads that are kept in a cache."""

import json
import os
import re
import time
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import pandas as pd

from recurra.data import market
from recurra.data.market import Bars, NoBarsError
from recurra.errors import InputError
from recurra.files import replace_file

Adjust = Literal["qfq", "hfq", "none"]
SAMPLES = Path(__file__).parents[1] / "cases" / "data"
PROVIDERS: dict[str, Callable[[Bars], pd.DataFrame]] = {
    "akshare": market.akshare_bars,
    "yfinance": market.yfinance_bars,
}
COLUMNS = ["date", "open", "high", "low", "close", "volume"]
PRICES = ["open", "high", "low", "close"]
TRIES, FIRST_PAUSE = 3, 1.0  # seconds, doubled from pause to pause


def bundled_symbols() -> tuple[str, ...]:
    """The shares whose bars need no download."""
    return tuple(sorted(path.name.removesuffix(".csv.gz") for path in SAMPLES.glob("*.csv.gz")))


def bundled(symbol: str, adjust: Adjust = "qfq") -> pd.DataFrame:
    """Daily bars of a bundled share from 2000-03-01 to 2013-03-01.

    Where a share is split, or pays a dividend, its price falls and nobody has lost anything; a network that is shown
    prices as traded learns of falls that never were. So prices are adjusted unless one asks for those as traded.

    Args:
        symbol: one of `bundled_symbols()`.
        adjust: "qfq" scales earlier prices so that the last ones are those that were paid, "hfq" later prices so that
            the first ones are, "none" leaves all as traded. Volumes are divided by what prices are multiplied by, so
            that price times volume stays the money that changed hands.

    Returns:
        Columns date, open, high, low, close in dollars, and volume in shares.
    """
    frame = pd.read_csv(SAMPLES / f"{symbol}.csv.gz", parse_dates=["date"])
    if adjust != "none":
        factor = frame["adj_close"] / frame["close"]
        factor /= factor.iloc[-1] if adjust == "qfq" else factor.iloc[0]
        frame[PRICES] = frame[PRICES].mul(factor, axis=0)
        frame["volume"] = frame["volume"] / factor
    return frame[COLUMNS]


def download(
    symbol: str,
    *,
    start: str | None = None,
    end: str | None = None,
    adjust: Adjust = "qfq",
    provider: Literal["auto", "akshare", "yfinance"] = "auto",
    cache: Path | None = None,
    refresh: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Path:
    """Daily bars of a share as a CSV file, downloaded at the first call and taken from the cache afterwards.

    Beside each file stands one of the same name with .json: provider, symbol, adjustment, days, time of download.

    Args:
        symbol: six digits for a share of Shanghai, Shenzhen or Beijing, from akshare; else as Yahoo writes it.
        start: the first day, as 2010-04-26; None: the provider's first.
        end: the last day; None: the provider's last.
        adjust: prices adjusted to the provider's last day, whatever `end` is (qfq), to its first (hfq), or as traded
            (none). akshare's adjustments add and subtract dividends: its earlier qfq prices may fall below zero.
        provider: "akshare" or "yfinance"; "auto" chooses by the symbol.
        cache: the folder; None: RECURRA_CACHE, or recurra in the user's cache folder.
        refresh: download anew; the old file stays if that fails.
        pause: how to wait between tries.

    Returns:
        The file: columns date, open, high, low, close, volume.

    Raises:
        InputError: there is no answer after three tries, or there are no such bars; the message offers the cached
            copy, if there is one, or --data. Or the symbol or a day cannot be.
    """
    if provider == "auto":
        provider = "akshare" if re.fullmatch(r"[0-9]{6}", symbol) else "yfinance"
    days = day_of(start, "start"), day_of(end, "end")
    if days[0] and days[1] and days[0] > days[1]:
        raise InputError(f"start {start} is later than end {end}; expected it before.")
    if not re.fullmatch(r"[\w.^=&-]{1,32}", symbol, re.ASCII) or not re.search(r"\w", symbol, re.ASCII):
        raise InputError(f"{symbol!r} is no symbol of a share; expected one such as 600519, AAPL or 0700.HK.")
    if provider == "yfinance" and adjust == "hfq":
        raise InputError("yfinance has no prices adjusted to the first day (hfq); expected adjust qfq or none.")
    cache = cache or _cache_folder()
    bars = Bars(symbol, *days, adjust)
    path = cache / f"{_file_name(provider, bars)}.csv"
    facts_path = path.with_suffix(".json")  # written last: where it stands, the table is whole
    if path.is_file() and facts_path.is_file() and not refresh:
        _warn_of_age(facts_path, bars)
        return path
    fetched = _fetched(PROVIDERS[provider], provider, bars, cache, pause)
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{cache}: cannot be made ({error.strerror}); set RECURRA_CACHE to another folder.") from error
    facts = {
        "provider": provider,
        "symbol": symbol,
        "adjust": adjust,
        "start": start,
        "end": end,
        "downloaded": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    replace_file(path, fetched.to_csv(index=False, lineterminator="\n").encode())
    replace_file(facts_path, (json.dumps(facts, indent=2) + "\n").encode())
    return path


def _warn_of_age(facts_path: Path, bars: Bars) -> None:
    """Say so where a copy may lack newer days, or have the last of its days before the exchange had closed."""
    day = datetime.fromisoformat(json.loads(facts_path.read_text("utf-8"))["downloaded"]).date()
    if day < datetime.now(UTC).date() and (bars.end is None or bars.end >= day):
        warnings.warn(f"{bars.symbol}: the bars are as of {day}; --refresh asks for newer ones.", stacklevel=3)


def _fetched(
    ask: Callable[[Bars], pd.DataFrame], provider: str, bars: Bars, cache: Path, pause: Callable[[float], None]
) -> pd.DataFrame:
    """The provider's answer, asked for three times at the most."""
    reason = ""
    for number in range(TRIES):
        if number:
            pause(FIRST_PAUSE * 2 ** (number - 1))
        try:
            return ask(bars)
        except NoBarsError as error:
            raise InputError(
                f"{provider} has no bars of {bars.symbol!r} for these days ({error}); check symbol and days, "
                f"or give a file with --data FILE{_copy(provider, bars, cache)}."
            ) from error
        except InputError:
            raise
        except Exception as error:  # providers and what they stand on raise many kinds
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
    raise InputError(
        f"{provider} could not be asked for {bars.symbol!r} in {TRIES} tries ({reason}); "
        f"try later, or give a file with --data FILE{_copy(provider, bars, cache)}."
    )


def _copy(provider: str, bars: Bars, cache: Path) -> str:
    """Where an earlier download of the same share and adjustment is, as the end of a sentence."""
    copies = sorted(
        cache.glob(f"{provider}-{_safe(bars.symbol)}-{bars.adjust}-*.csv"), key=lambda path: path.stat().st_mtime
    )
    if not copies:
        return ""
    day = datetime.fromtimestamp(copies[-1].stat().st_mtime, UTC).date()
    return f"; a copy of {day} is there: --data {copies[-1]}"


def _file_name(provider: str, bars: Bars) -> str:
    days = f"{bars.start or 'first'}-{bars.end or 'last'}"
    return f"{provider}-{_safe(bars.symbol)}-{bars.adjust}-{days}"


def _safe(symbol: str) -> str:
    """A symbol as part of a file name; other symbols give other names on every file system."""
    return "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in symbol.upper())


def _cache_folder() -> Path:
    own, shared = os.environ.get("RECURRA_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(own).expanduser() if own else (Path(shared) if shared else Path.home() / ".cache") / "recurra"


def day_of(text: str | None, name: str) -> date | None:
    """A day as people write it; InputError, which says what `name` it is, if it is none."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name} is {text!r}; expected a day such as 2010-04-26.") from None
