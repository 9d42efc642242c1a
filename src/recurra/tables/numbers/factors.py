"""Factors after numbers, such as K and M, some of which may be units: 290 K are 290,000, or 290 kelvin."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from recurra.errors import InputError, shown
from recurra.tables.arrays import Booleans, Floats
from recurra.tables.form import Factors
from recurra.tables.numbers.evidence import NEAR, WORDS
from recurra.tables.numbers.shapes import POWERS
from recurra.tables.numbers.texts import TextColumn

ALSO_UNITS = {"K", "M", "B", "T"}  # kelvin, molar, bytes, tesla
AMOUNTS = {  # words in names of columns of large amounts, which have no such unit
    *("vol", "volume", "volumes", "volumen", "wol", "amount", "turnover", "cap", "capitalization", "marketcap"),
    *("mktcap", "revenue", "revenues", "sales", "umsatz", "population"),
}
EAST_ASIAN_AMOUNTS = re.compile(
    "成交|交易量|市值|金额|金額|销售额|銷售額|营收|人口|出来高|売買代金|売上|거래량|거래대금|시가총액|인구"
)


def factors(
    columns: Sequence[str],
    texts: Mapping[str, TextColumn],
    values: Floats,
    frame: pd.DataFrame,
    source: str,
    earlier: tuple[Factors, ...] | None,
) -> tuple[Factors, ...]:
    """Return which numbers of each column end in a factor; nothing if none do.

    Args:
        columns: names of the columns.
        texts: those that are texts.
        values: the numbers of all columns, with factors, [T, C].
        frame: the table; its index gives the row numbers for messages.
        source: the file, for messages.
        earlier: what was returned for earlier rows, if these are newer ones; it is returned again.

    Raises:
        InputError: a letter may be a factor or a unit, or a number lacks the factor that all earlier ones have.
    """
    before: Sequence[Factors] = earlier or ()
    if len(before) != len(columns):
        before = ["none"] * len(columns)
    found: list[Factors] = []
    for name, numbers, was in zip(columns, values.T, before, strict=True):
        text = texts.get(name)
        with_factor = np.zeros(len(numbers), dtype=np.bool_)
        if text is not None and any(shape.factor for shape in text.present.values()):
            with_factor = np.array([shape.factor != "" for shape in text.shapes])[text.codes]
        plain = ~with_factor & (numbers != 0.0) & ~np.isnan(numbers)
        if was == "all" and plain.any():
            place = int(plain.argmax())
            raise InputError(
                f"{source}: row {frame.index[place]}, column {shown(name)}: found "
                f"{shown(str(frame[name].iloc[place]).strip())}, expected a factor such as K or M after it, as all "
                "numbers of the earlier rows have one; write it as there."
            )
        if was == "none" and text is not None and with_factor.any():
            _check_letter(text, numbers, with_factor, plain, source)
        found.append("all" if with_factor.any() and not plain.any() else "some" if with_factor.any() else "none")
    if earlier is not None:
        return earlier
    return tuple(found) if {"some", "all"} & set(found) else ()


def _check_letter(column: TextColumn, numbers: Floats, with_factor: Booleans, plain: Booleans, source: str) -> None:
    """Raise an InputError if the only factor of a column may be a unit."""
    found = [shape for shape in column.present.values() if shape.factor]
    factor = found[0].factor
    if factor not in ALSO_UNITS or any(shape.unit or shape.factor != factor for shape in found):
        return  # a currency, or other factors, tell
    if AMOUNTS & {word.lower() for word in WORDS.findall(column.name)} or EAST_ASIAN_AMOUNTS.search(column.name):
        return
    before_factor = np.abs(numbers[with_factor]) / 10.0 ** POWERS[factor]
    if plain.any() and np.median(np.abs(numbers[plain])) > NEAR * np.median(before_factor):
        return  # 950 is near 1.2K only if that is 1200
    place = int(with_factor.argmax())
    large, small = (f"{number:.15g}" for number in (numbers[place], numbers[place] / 10.0 ** POWERS[factor]))
    raise InputError(
        f"{source}: {column.row(place)}, column {shown(column.name)}: {column.quoted(place)} may be {large}, or "
        f"{small} in the unit {factor}, and nothing else in the table says which; write {large} if {factor} stands for "
        f"{10 ** POWERS[factor]:,}, otherwise {small}, and all numbers of the column likewise."
    )
