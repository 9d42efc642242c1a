"""Sina's scripts of bars: numbers of varying width in base 64, as akshare's JavaScript decodes them (format 3466)."""

import string
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
FORMAT, VERSION = 3466, 63
EPOCH = date(1990, 12, 19)  # the first day of the exchange of Shanghai, a Wednesday
WIDER = 10  # units of three bits by which all numbers are wider than the format has them


class SinaBar(NamedTuple):
    day: date
    open: float
    high: float
    low: float
    close: float
    volume: int
    amount: int


def script(name: str, bars: Sequence[SinaBar]) -> str:
    """Return a script that holds bars, with prices of two decimals; amounts lie near volume times mean price."""
    bits = [*number(FORMAT, 12), *number(VERSION, 6)]
    last, volume = 0, 0
    for count, bar in enumerate(bars):
        bits += [1, 1, 0]  # something changes; of the decimals nothing does
        if count == 0:
            bits += [1, *[1, *change(6)] * 4, *[1, *change(WIDER)] * 2, 1]  # wider prices, volume and amount; the day
        else:
            bits += [1, *[0] * 6, 1]
        bits += [*number(1, 3), *number((bar.day - EPOCH).days, 18), 0]  # the day itself; no new last price
        opened, high, low, close = (round(100 * price) for price in bar[1:5])
        mean = opened + ((high - opened) - (opened - low) + (close - opened)) / 4
        guess = int(mean * bar.volume + 0.5) / 100
        for value, width in (
            (opened - last, 3 + 6),
            (high - opened, 3 + 6),
            (opened - low, 3 + 6),
            (close - opened, 3 + 6),
            (bar.volume - volume, 5 + WIDER),
            (bar.amount - round(guess), 5 + WIDER),
        ):
            bits += number(value, 3 * width)
        last, volume = close, bar.volume
    bits += [1, 1, 0, 0, 0]  # nothing changes: the end
    bits += [0] * (-len(bits) % 6)
    text = "".join(
        ALPHABET[sum(bit << place for place, bit in enumerate(bits[at : at + 6]))] for at in range(0, len(bits), 6)
    )
    return f'var KLC_KL_{name}="{text}";'


def number(value: int, width: int) -> list[int]:
    """Return the bits of a number, the lowest first; negative ones in two's complement."""
    return [value >> place & 1 for place in range(width)]


def change(steps: int) -> list[int]:
    """Return the bits of a positive change of a width."""
    return [1, *[1] * (steps - 1), 0]
