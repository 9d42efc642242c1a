"""Which share a symbol means: its exchange and its code, however the symbol is written."""

import re
from dataclasses import dataclass
from typing import Literal

from recurra.errors import InputError, shown

Exchange = Literal["sh", "sz", "bj", "hk", "us", "other"]

CHINESE = re.compile(r"(?:(SH|SZ|BJ)\.?)?([0-9]{6})|([0-9]{6})\.(SH|SS|SZ|BJ)")
HONG_KONG = re.compile(r"(?:HK\.?)?([0-9]{5})|([0-9]{1,5})\.HK")
AMERICAN = re.compile(r"[A-Z]{1,5}(-[A-Z])?")
SYMBOL = re.compile(r"[\w.^=&-]{1,32}", re.ASCII)


@dataclass(frozen=True)
class Share:
    """A share, or whatever else Yahoo has a symbol for.

    Attributes:
        exchange: Shanghai (sh), Shenzhen (sz), Beijing (bj), Hong Kong (hk), one of the United States (us), or another.
        code: six digits in China, five in Hong Kong, otherwise the symbol as Yahoo writes it.
    """

    exchange: Exchange
    code: str

    def __str__(self) -> str:
        return self.code if self.exchange in {"us", "other"} else f"{self.exchange}{self.code}"


def share_of(symbol: str) -> Share:
    """Return the share that a symbol means.

    Raises:
        InputError: if it is not a symbol.

    >>> [str(share_of(symbol)) for symbol in ("600519", "sh600519", "600519.SS", "000001.SZ", "0700.HK", "aapl")]
    ['sh600519', 'sh600519', 'sh600519', 'sz000001', 'hk00700', 'AAPL']
    """
    if not SYMBOL.fullmatch(symbol) or not re.search(r"\w", symbol, re.ASCII):
        raise InputError(f"{shown(symbol)} is not a share symbol; expected one such as 600519, 00700.HK or AAPL.")
    text = symbol.upper()
    if found := CHINESE.fullmatch(text):
        code, named = found[2] or found[3], (found[1] or found[4] or "").lower().replace("ss", "sh")
        exchange = _exchange_of(code)
        if named in {"", exchange}:  # otherwise an index, such as 000300.SS, which only Yahoo is asked for
            return Share(exchange, code if exchange != "other" else text)
    elif found := HONG_KONG.fullmatch(text):
        return Share("hk", (found[1] or found[2]).zfill(5))
    return Share("us" if AMERICAN.fullmatch(text) else "other", text)


def _exchange_of(code: str) -> Exchange:
    """Return the exchange that gives its shares and funds such codes of six digits."""
    if code.startswith(("5", "6", "900")):
        return "sh"
    if code.startswith(("0", "1", "2", "3")):
        return "sz"
    return "bj" if code.startswith(("4", "8", "92")) else "other"
