"""Download daily bars of shares, with a cache."""

import os
import time
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from recurra.errors import InputError, shown
from recurra.files import replace_file
from recurra.folder_lock import FolderLock
from recurra.json_objects import checked, parse_json
from recurra.settings.cases import ProviderChoice, parsed_day
from recurra.sources.origin import Origin, described
from recurra.sources.providers.contract import Adjust, Bars, Provider
from recurra.sources.providers.row import NobodyAnsweredError, ask_in_row, providers_of
from recurra.sources.shares import share_of


def download(
    symbol: str,
    *,
    start: str | None = None,
    end: str | None = None,
    adjust: Adjust = "qfq",
    provider: ProviderChoice = "auto",
    cache: Path | None = None,
    refresh: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Path:
    """Download daily bars of a share to a CSV file, or return the file if it is in the cache.

    A JSON file of the same name records provider, symbol, adjustment, days and time of the download; see `origin_of`.

    Args:
        symbol: such as 600519, sh600519 or 000001.SZ in China, 00700.HK in Hong Kong, otherwise as Yahoo writes it.
        start: the first day, such as 2010-04-26; None: the provider's first.
        end: the last day, inclusive; None: the provider's last.
        adjust: "qfq" adjusts prices to the provider's last day, whatever `end` is, "hfq" to its first day; "none" gives
            prices as traded.
        provider: the provider to ask; "auto" asks those of the exchange in a row until one answers.
        cache: folder of the files; None: RECURRA_CACHE, or recurra in the user's cache folder.
        refresh: whether to download again; the old file is kept if that fails.
        pause: function that waits for a number of seconds between tries.

    Returns:
        Path of a CSV file with columns date, open, high, low, close, volume (in shares) and, except from Yahoo, amount.

    Raises:
        InputError: the symbol or a day is invalid, or no provider answers; the message says why, and suggests a cached
            copy if there is one.
    """
    days = day_of(start, "start"), day_of(end, "end")
    if days[0] and days[1] and days[0] > days[1]:
        raise InputError(f"the first day, {start}, is after the last, {end}; expected it before.")
    bars = Bars(share_of(symbol), *days, adjust)
    providers = providers_of(bars.share, adjust, provider)
    cache = cache or cache_folder()
    if not refresh and (kept := _kept(providers, bars, cache)) is not None:
        _warn_of_age(symbol, kept[1], bars)
        return kept[0]
    try:
        fetched, name, declined = ask_in_row(providers, bars, pause)
    except NobodyAnsweredError as error:
        again = "later" if provider == "auto" else "later or another --provider"
        raise InputError(
            f"no daily bars of {shown(symbol)} could be downloaded ({error}); check the symbol and the days, try "
            f"{again}, or give a file with --data FILE{_copy(providers, bars, cache)}."
        ) from error.__cause__
    make_cache(cache)
    origin = Origin(name, adjust, datetime.now(UTC).isoformat(timespec="seconds"), declined)
    table = fetched.to_csv(index=False, lineterminator="\n").encode()  # dates and numbers only
    path = cache / f"{_file_name(name, bars)}.csv"
    with FolderLock(cache, wait=True):  # of two downloads at once, one is kept whole
        replace_file(path, table)
        # written last, so that it proves the table complete
        replace_file(path.with_suffix(".json"), described(origin, table, symbol=symbol, start=start, end=end))
    return path


def _kept(providers: Sequence[Provider], bars: Bars, cache: Path) -> tuple[Path, date] | None:
    """Return the newest undamaged answer in the cache, and the day of its download."""
    paths = [cache / f"{_file_name(provider.name, bars)}.csv" for provider in providers]
    kept = [(path, day) for path in paths if (day := _day_of_download(path)) is not None]
    return max(kept, key=lambda found: found[1], default=None)


def _day_of_download(path: Path) -> date | None:
    """Return the day on which a cached table was downloaded; None if it is damaged, so that it is downloaded again."""
    facts_path = path.with_suffix(".json")
    try:
        facts = checked(facts_path, parse_json(facts_path.read_text("utf-8")), [path.read_bytes()])
        return datetime.fromisoformat(facts["downloaded"]).date()
    except (AttributeError, OSError, ValueError, TypeError, LookupError):
        return None


def _warn_of_age(symbol: str, day: date, bars: Bars) -> None:
    """Warn if a cached copy may lack newer days, or was downloaded before the exchange closed on its last day."""
    if day < datetime.now(UTC).date() and (bars.end is None or bars.end >= day):
        warnings.warn(f"{symbol}: the bars are as of {day}; --refresh downloads newer ones.", stacklevel=3)


def _copy(providers: Sequence[Provider], bars: Bars, cache: Path) -> str:
    """Return the end of a sentence that suggests an earlier download of the same share and adjustment."""
    names = [f"{provider.name}-{_safe(str(bars.share))}-{bars.adjust}-*.csv" for provider in providers]
    copies = sorted((path for name in names for path in cache.glob(name)), key=lambda path: path.stat().st_mtime)
    if not copies:
        return ""
    day = datetime.fromtimestamp(copies[-1].stat().st_mtime, UTC).date()
    return f"; a copy of {day} is there: --data {copies[-1]}"


def _file_name(provider: str, bars: Bars) -> str:
    days = f"{bars.start or 'first'}-{bars.end or 'last'}"
    return f"{provider}-{_safe(str(bars.share))}-{bars.adjust}-{days}"


def _safe(symbol: str) -> str:
    """Return a symbol as part of a file name; different symbols give different names on every file system."""
    return "".join(c if c.isalnum() else f"%{ord(c):02x}" for c in symbol.upper())


def make_cache(cache: Path) -> None:
    """Make the folder of downloads; an InputError says why that cannot be."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror
        raise InputError(f"{cache} cannot be created ({reason}); set RECURRA_CACHE to another folder.") from error


def cache_folder() -> Path:
    """Return the folder of downloads: RECURRA_CACHE, or recurra in the user's cache folder."""
    own, shared = os.environ.get("RECURRA_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(own).expanduser() if own else (Path(shared) if shared else Path.home() / ".cache") / "recurra"


def day_of(text: str | None, name: str) -> date | None:
    """Parse a day in ISO format; the InputError for one that is invalid or no table has names the argument `name`."""
    try:
        return None if text is None else parsed_day(text)
    except ValueError as error:
        raise InputError(f"{name} is {shown(text)}; {error}.") from None
