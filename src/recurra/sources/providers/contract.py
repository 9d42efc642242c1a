"""What every provider is asked for, and what it answers: daily bars in the same columns and units, or a reason."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pandas as pd

from recurra.errors import InputError, reason
from recurra.sources.shares import Share

Adjust = Literal["qfq", "hfq", "none"]

SECONDS = 10  # timeout of a request
LOT = 100  # shares in a Chinese lot
PRICES = ["open", "high", "low", "close"]
USUAL = 0.9  # least fraction of bars whose open and close lie between low and high
REASON = 48  # characters of a reason


@dataclass(frozen=True)
class Bars:
    """A request for daily bars.

    Attributes:
        share: the share.
        start: the first day; None: the provider's first.
        end: the last day, inclusive; None: the provider's last.
        adjust: adjustment of prices: "qfq", "hfq" or "none".
    """

    share: Share
    start: date | None
    end: date | None
    adjust: Adjust


@dataclass(frozen=True)
class Provider:
    """A provider of daily bars.

    Attributes:
        name: its name for users.
        adjustments: what it can adjust prices to.
        ask: function that asks once and returns what `answered` returns. It raises `NoBarsError` if there are no such
            bars, `NotInstalledError` if its package is missing, and any other Exception if the request fails.
    """

    name: str
    adjustments: frozenset[Adjust]
    ask: Callable[[Bars], pd.DataFrame]


class NoBarsError(Exception):
    """The provider has no such bars."""


class ChangedAnswerError(Exception):
    """The answer has another form than that for which the adapter was written."""


class RefusalError(Exception):
    """The provider refuses to answer, for the reason that the message says."""


class NotInstalledError(InputError):
    """The package of a provider is not installed."""


@contextmanager
def imported(name: str) -> Iterator[None]:
    """Import an optional package without its warnings; NotInstalledError if it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        raise NotInstalledError(
            f"a download needs {name}: pip install 'recurra[market]', or give a file with --data FILE."
        ) from error


def answered(frame: pd.DataFrame, columns: Mapping[str, str], bars: Bars, unit: int = 1) -> pd.DataFrame:
    """Return an answer as all providers give it.

    Args:
        frame: the answer.
        columns: our name of each column that is needed.
        bars: what was asked for; other days are left out.
        unit: number of shares in the answer's unit of volume.

    Returns:
        One row per session in ascending order, with date (as in 2010-04-26), open, high, low and close in the currency
        of the exchange, volume in shares and, where the provider has it, amount in that currency.

    Raises:
        NoBarsError: if there are no bars on these days.
        ChangedAnswerError: if a column is missing or does not hold what it should.
    """
    if frame.empty:
        raise NoBarsError("an empty answer")
    missing = [name for name in columns if name not in frame.columns or frame[name].isna().all()]
    if missing:
        raise ChangedAnswerError(f"no column {', '.join(missing)}")
    chosen = frame[list(columns)].rename(columns=columns)
    numbers = chosen.columns.drop("date")
    chosen[numbers] = chosen[numbers].apply(pd.to_numeric)
    days = pd.to_datetime(chosen["date"])
    chosen["date"] = days.dt.strftime("%Y-%m-%d")
    first, last = pd.Timestamp(bars.start or days.min()), pd.Timestamp(bars.end or days.max())
    chosen = chosen[(days >= first) & (days <= last)].sort_values("date", ignore_index=True)
    if chosen.empty:
        raise NoBarsError("no bars on these days")
    chosen["volume"] *= unit
    if (chosen["volume"] % 1 == 0).all():
        chosen["volume"] = chosen["volume"].astype("int64")
    _check(chosen, bars.adjust)
    return chosen


def _check(bars: pd.DataFrame, adjust: Adjust) -> None:
    """Raise a ChangedAnswerError if a column does not hold what it should, or the volume is not in shares."""
    if bars[["date", *PRICES]].isna().any(axis=None) or bars["date"].duplicated().any():
        raise ChangedAnswerError("a day without a price, or twice")
    ends, slack = bars[["open", "close"]], 0.01 * bars["close"].abs()
    inside = (ends.min(axis=1) >= bars["low"] - slack) & (ends.max(axis=1) <= bars["high"] + slack)
    if inside.mean() < USUAL:
        raise ChangedAnswerError("prices not between low and high")
    if "amount" in bars and adjust == "none":  # what was paid for a share lies between its low and its high
        paid = bars["amount"] / (bars["volume"] * bars["close"])
        if not 0.5 < paid[bars["volume"] > 0].median() < 2:
            raise ChangedAnswerError("volume in an unknown unit")


def reason_of(error: Exception) -> str:
    """Return in a few words why a provider did not answer. HTTP libraries are told by the names of their errors.

    >>> reason_of(ConnectionRefusedError(111, "Connection refused")), reason_of(TimeoutError())
    ('connection refused', 'no answer within 10 s')
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, NotInstalledError):
        return "not installed"
    if isinstance(error, NoBarsError | RefusalError):
        return reason(error, REASON)
    if status == 429 or "YFRateLimitError" in names:
        return "too many requests"
    if isinstance(status, int) and status >= 400:
        return f"HTTP status {status}"
    if names & {"Timeout", "TimeoutError"}:
        return f"no answer within {SECONDS} s"
    if names & {"ConnectionError", "ConnectTimeout", "gaierror"}:
        return "connection refused" if "refused" in str(error) else "no connection"
    if isinstance(error, json.JSONDecodeError) or "JSONDecodeError" in names:
        return "an answer that is not JSON"
    if isinstance(error, OSError):
        return "no connection"
    if isinstance(error, ChangedAnswerError):
        return f"a changed format: {reason(error, REASON)}"
    if isinstance(error, LookupError | TypeError | ValueError | AttributeError):
        return f"an unreadable answer ({type(error).__name__}: {reason(error, REASON - 12)})"
    return f"{type(error).__name__}: {reason(error, REASON)}"
