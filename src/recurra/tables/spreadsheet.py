"""CSV files that a spreadsheet opens without calculating a cell that came from a user's file."""

import re

import pandas as pd

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# a spreadsheet calculates what begins with one of =+-@ or, in some, with space before that; readers cut space off
BEGINNING = re.compile(r"(?='*[=+\-@\s])")
MARKED_BEGINNING = re.compile(r"'(?='*[=+\-@\s])")
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
    return END.sub(r"\1'", begun, count=1)


def unescaped(text: str) -> str:
    """Undo `escaped`.

    >>> unescaped("'=1+1")
    '=1+1'
    """
    return MARKED_END.sub(r"\1", MARKED_BEGINNING.sub("", text, count=1) if text.startswith("'") else text, count=1)


def to_csv(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8, with text and column names escaped."""
    safe = frame.rename(columns=escaped)
    for name in safe.select_dtypes(object):
        safe[name] = safe[name].map(lambda cell: escaped(cell) if isinstance(cell, str) else cell)
    return safe.to_csv(index=False, lineterminator="\n").encode()
