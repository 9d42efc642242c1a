"""CSV files that a spreadsheet opens without calculating a cell that came from a user's file."""

import csv
import re
from typing import Literal

import pandas as pd

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# a spreadsheet calculates what begins with one of =+-@ or, in some, with space before that; readers cut space off
OBEYED = r"[=+\-@＝＋－＠\s\u200b\ufeff]"
BEGINNING = re.compile(rf"(?='*{OBEYED})")
MARKED_BEGINNING = re.compile(rf"\A'(?='*{OBEYED})")
SEPARATORS = re.compile(r"[\r;\t|]")  # of cells and rows, for some readers: text that has one is quoted
END, MARKED_END = re.compile(r"(?<=\s)('*)\Z"), re.compile(r"(?<=\s)('*)'\Z")


def escaped(text: str) -> str:
    """Return text for a cell: `'` comes before what a spreadsheet would calculate, and around space at the ends.

    Numbers stay as they are. `unescaped` undoes it.

    >>> [escaped(text) for text in ("=1+1", "-5", "-a", "'=1", "north")]
    ["'=1+1", '-5', "'-a", "''=1", 'north']
    """
    if NUMBER.fullmatch(text):
        return text
    begun = f"'{text}" if BEGINNING.match(text) else text
    return END.sub(r"\1'", begun)


def unescaped(text: str) -> str:
    """Undo `escaped`.

    >>> unescaped("'=1+1")
    '=1+1'
    """
    if "'" not in text:
        return text
    return MARKED_END.sub(r"\1", MARKED_BEGINNING.sub("", text))


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, with text and column names escaped."""
    safe = frame.rename(columns=escaped)
    texts = list(safe.columns)
    for name in safe.select_dtypes([object, "string", "category"]):
        codes, distinct = pd.factorize(safe[name], use_na_sentinel=False)  # each text is escaped once
        escaped_texts = [escaped(cell) if isinstance(cell, str) else cell for cell in distinct]
        safe[name] = pd.Series(escaped_texts, dtype=object).to_numpy()[codes]
        texts += escaped_texts
    for name in safe.select_dtypes(["datetime", "datetimetz"]):
        codes, distinct = pd.factorize(safe[name], use_na_sentinel=False)  # each date is formatted once
        safe[name] = pd.Index(distinct).astype(str).where(distinct.notna(), "").to_numpy(dtype=object)[codes]
    quoting: Literal[0, 2] = csv.QUOTE_MINIMAL
    if any(SEPARATORS.search(str(text)) for text in texts):
        quoting = csv.QUOTE_NONNUMERIC
    else:
        for name in safe.select_dtypes("float64"):  # as pandas writes them, in half the time
            numbers = pd.Series(list(map(repr, safe[name].tolist())), index=safe.index, dtype=object)
            safe[name] = numbers.where(safe[name].notna(), "")
    text: str = safe.to_csv(index=False, lineterminator="\n", quoting=quoting)
    return text.encode()
