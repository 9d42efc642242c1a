"""The providers in a row: which are asked for a share, in which order, and what follows when one does not answer."""

import time
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from recurra.errors import InputError, shown
from recurra.settings.cases import ProviderChoice
from recurra.sources.providers.baostock import BAOSTOCK
from recurra.sources.providers.contract import (
    Adjust,
    Bars,
    ChangedAnswerError,
    NoBarsError,
    NotInstalledError,
    Provider,
    reason_of,
)
from recurra.sources.providers.eastmoney import EASTMONEY
from recurra.sources.providers.sina import SINA
from recurra.sources.providers.tencent import TENCENT
from recurra.sources.providers.yfinance import YFINANCE
from recurra.sources.shares import Exchange, Share
from recurra.stages import stage

PROVIDERS: dict[str, Provider] = {
    provider.name: provider for provider in (BAOSTOCK, TENCENT, SINA, EASTMONEY, YFINANCE)
}
ORDER: Mapping[Exchange, Sequence[str]] = {  # the most reliable first
    "sh": ("baostock", "tencent", "sina", "eastmoney", "yfinance"),
    "sz": ("baostock", "tencent", "sina", "eastmoney", "yfinance"),
    "bj": ("tencent", "eastmoney"),
    "hk": ("sina", "yfinance", "eastmoney"),
    "us": ("yfinance", "eastmoney"),
    "other": ("yfinance",),
}
TRIES = 3  # maximum number of requests if there is no other provider
FIRST_PAUSE = 1.0  # seconds between the first two tries; doubled after each further try
FINAL = NoBarsError, NotInstalledError, ChangedAnswerError  # errors that another try would repeat


class NobodyAnsweredError(Exception):
    """No provider has answered.

    Attributes:
        reasons: why not, by provider.
    """

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))


def providers_of(share: Share, adjust: Adjust, chosen: ProviderChoice) -> list[Provider]:
    """Return the providers to ask, in order.

    Raises:
        InputError: if there is none for the exchange of the share and the adjustment.
    """
    if chosen not in {"auto", *PROVIDERS}:
        raise InputError(f"provider is {shown(chosen)}; expected auto, {', '.join(PROVIDERS)}.")
    of_exchange = ORDER[share.exchange]
    if chosen not in {"auto", *of_exchange}:
        raise InputError(f"{chosen} has no bars of {share}; expected provider auto or {', '.join(of_exchange)}.")
    names = of_exchange if chosen == "auto" else (chosen,)
    usable = [PROVIDERS[name] for name in names if adjust in PROVIDERS[name].adjustments]
    if not usable:  # all have qfq and none
        raise InputError(
            f"{', '.join(names)} has no prices of {share} adjusted to the first day (hfq); expected adjust qfq or none."
        )
    return usable


def ask_in_row(
    providers: Sequence[Provider], bars: Bars, pause: Callable[[float], None] = time.sleep
) -> tuple[pd.DataFrame, str, dict[str, str]]:
    """Ask one provider after the other, each once; a single one up to TRIES times.

    Args:
        providers: the providers, in order.
        bars: what to ask for.
        pause: function that waits for a number of seconds between tries.

    Returns:
        The first answer, the name of the provider that gave it, and why those before it did not answer.

    Raises:
        NotInstalledError: if no provider is installed.
        NobodyAnsweredError: if no provider answers.
    """
    errors: dict[str, Exception] = {}
    for provider in providers:
        for number in range(TRIES if len(providers) == 1 else 1):
            if number:
                pause(FIRST_PAUSE * 2 ** (number - 1))
            try:
                with stage(f"asking {provider.name} for daily bars of {bars.share}"):
                    return provider.ask(bars), provider.name, _reasons(errors)
            except Exception as error:  # providers and their HTTP libraries raise many types
                errors[provider.name] = error
                if isinstance(error, FINAL):
                    break
    first = next(iter(errors.values()))
    if all(isinstance(error, NotInstalledError) for error in errors.values()):
        raise first
    raise NobodyAnsweredError(_reasons(errors)) from first


def _reasons(errors: Mapping[str, Exception]) -> dict[str, str]:
    return {name: reason_of(error) for name, error in errors.items()}
