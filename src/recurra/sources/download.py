"""Download daily bars of shares, with a cache."""

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

from recurra.errors import InputError, in_one_line, shortened, shown
from recurra.files import replace_file
from recurra.folder_lock import FolderLock
from recurra.json_objects import checked, parse_json, with_digest
from recurra.sources import providers
from recurra.sources.providers import Adjust, Bars, NoBarsError

PROVIDERS: dict[str, Callable[[Bars], pd.DataFrame]] = {
    "akshare": providers.akshare_bars,
    "yfinance": providers.yfinance_bars,
}
FIRST_YEAR, LAST_YEAR = 1678, 2261  # of dates in a table
TRIES = 3  # maximum number of requests per download
FIRST_PAUSE = 1.0  # seconds between the first two tries; doubled after each further try


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
    """Download daily bars of a share to a CSV file, or return the file if it is in the cache.

    A JSON file of the same name records provider, symbol, adjustment, days and time of the download.

    Args:
        symbol: six digits for a share of Shanghai, Shenzhen or Beijing, from akshare; otherwise as Yahoo writes it.
        start: the first day, such as 2010-04-26; None: the provider's first.
        end: the last day, inclusive; None: the provider's last.
        adjust: "qfq" adjusts prices to the provider's last day, whatever `end` is, "hfq" to its first day; "none" gives
            prices as traded. akshare adds and subtracts dividends, so its early qfq prices may be negative.
        provider: "akshare" or "yfinance"; "auto" chooses by the symbol.
        cache: folder of the files; None: RECURRA_CACHE, or recurra in the user's cache folder.
        refresh: whether to download again; the old file is kept if that fails.
        pause: function that waits for a number of seconds between tries.

    Returns:
        Path of a CSV file with columns date, open, high, low, close and volume.

    Raises:
        InputError: the symbol or a day is invalid, there are no such bars, or all tries fail; the message suggests a
            cached copy if there is one.
    """
    if provider == "auto":
        provider = "akshare" if re.fullmatch(r"[0-9]{6}", symbol) else "yfinance"
    days = day_of(start, "start"), day_of(end, "end")
    if days[0] and days[1] and days[0] > days[1]:
        raise InputError(f"start {start} is later than end {end}; expected it before.")
    if not re.fullmatch(r"[\w.^=&-]{1,32}", symbol, re.ASCII) or not re.search(r"\w", symbol, re.ASCII):
        raise InputError(f"{shown(symbol)} is not a share symbol; expected one such as 600519, AAPL or 0700.HK.")
    if provider == "yfinance" and adjust == "hfq":
        raise InputError("yfinance has no prices adjusted to the first day (hfq); expected adjust qfq or none.")
    cache = cache or _cache_folder()
    bars = Bars(symbol, *days, adjust)
    path = cache / f"{_file_name(provider, bars)}.csv"
    facts_path = path.with_suffix(".json")  # written last, so that it proves the table complete
    if path.is_file() and not refresh and (day := _day_of_download(path, facts_path)) is not None:
        _warn_of_age(day, bars)
        return path
    fetched = _fetched(PROVIDERS[provider], provider, bars, cache, pause)
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror
        raise InputError(f"{cache}: cannot be created ({reason}); set RECURRA_CACHE to another folder.") from error
    facts = {
        "provider": provider,
        "symbol": symbol,
        "adjust": adjust,
        "start": start,
        "end": end,
        "downloaded": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    table = fetched.to_csv(index=False, lineterminator="\n").encode()  # dates and numbers only
    with FolderLock(cache, wait=True):  # of two downloads at once, one is kept whole
        replace_file(path, table)
        replace_file(facts_path, (json.dumps(with_digest(facts, [table]), indent=2) + "\n").encode())
    return path


def _day_of_download(path: Path, facts_path: Path) -> date | None:
    """Return the day on which a cached table was downloaded; None if it is damaged, so that it is downloaded again."""
    try:
        facts = checked(facts_path, parse_json(facts_path.read_text("utf-8")), [path.read_bytes()])
        return datetime.fromisoformat(facts["downloaded"]).date()
    except (AttributeError, OSError, ValueError, TypeError, LookupError):
        return None


def _warn_of_age(day: date, bars: Bars) -> None:
    """Warn if a cached copy may lack newer days, or was downloaded before the exchange closed on its last day."""
    if day < datetime.now(UTC).date() and (bars.end is None or bars.end >= day):
        warnings.warn(f"{bars.symbol}: the bars are as of {day}; --refresh downloads newer ones.", stacklevel=3)


def _fetched(
    ask: Callable[[Bars], pd.DataFrame], provider: str, bars: Bars, cache: Path, pause: Callable[[float], None]
) -> pd.DataFrame:
    """Return the provider's answer, after up to TRIES requests."""
    reason = ""
    for number in range(TRIES):
        if number:
            pause(FIRST_PAUSE * 2 ** (number - 1))
        try:
            return ask(bars)
        except NoBarsError as error:
            reason = shortened(in_one_line(str(error)), 120)
            raise InputError(
                f"{provider} has no bars of {bars.symbol!r} for these days ({reason}); check symbol "
                f"and days, or give a file with --data FILE{_copy(provider, bars, cache)}."
            ) from error
        except InputError:
            raise
        except Exception as error:  # providers and their HTTP libraries raise many types
            reason = f"{type(error).__name__}: {shortened(in_one_line(str(error)), 200)}"
    raise InputError(
        f"{TRIES} requests to {provider} for {bars.symbol!r} failed ({reason}); "
        f"try later, or give a file with --data FILE{_copy(provider, bars, cache)}."
    )


def _copy(provider: str, bars: Bars, cache: Path) -> str:
    """Return the end of a sentence that suggests an earlier download of the same share and adjustment."""
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
    """Return a symbol as part of a file name; different symbols give different names on every file system."""
    return "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in symbol.upper())


def _cache_folder() -> Path:
    own, shared = os.environ.get("RECURRA_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(own).expanduser() if own else (Path(shared) if shared else Path.home() / ".cache") / "recurra"


def day_of(text: str | None, name: str) -> date | None:
    """Parse a day in ISO format; the InputError for one that is invalid or no table has names the argument `name`."""
    try:
        day = None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name} is {shown(text)}; expected a day such as 2010-04-26.") from None
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InputError(f"{name} is {shown(text)}; expected a day of the years {FIRST_YEAR} to {LAST_YEAR}.")
    return day
