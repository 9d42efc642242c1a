"""CSV files that a spreadsheet opens without calculating a cell that came from a user's file."""

import math
import re
import sys
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from recurra.tables.arrays import Integers

pyarrow: Any = sys.modules.get("pyarrow")  # pandas imports it if it is installed
compute: Any = sys.modules.get("pyarrow.compute")

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# a spreadsheet calculates what begins with one of =+-@ or, in some, with space before that; readers cut space off
OBEYED = r"[=+\-@＝＋－＠\s\u200b\ufeff]"
BEGINNING = re.compile(rf"(?='*{OBEYED})")
MARKED_BEGINNING = re.compile(rf"\A'(?='*{OBEYED})")
SEPARATORS = re.compile(r"[\r;\t|]")  # of cells and rows, for some readers: text that has one is quoted
QUOTED = re.compile(r'[,"\n]')
AT_ONCE = 10_000  # rows whose texts are held in memory before they are joined
END, MARKED_END = re.compile(r"(?<=\s)('*)\Z"), re.compile(r"(?<=\s)('*)'\Z")


def escaped(text: str) -> str:
    """Return text for a cell: `'` comes before what a spreadsheet would calculate, and around space at the ends.

    Numbers stay as they are. `unescaped` undoes it.

    >>> [escaped(text) for text in ("=1+1", "-5", "-a", "'=1", "north")]
    ["'=1+1", '-5', "'-a", "''=1", 'north']
    """
    if (text[:1].isalpha() and text[-1:].isalnum()) or NUMBER.fullmatch(text):
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
    """Return a table as CSV in UTF-8, with text and column names escaped; what is missing is an empty cell."""
    safe = frame.rename(columns=escaped)
    distinct: dict[str, tuple[Integers, list[str]]] = {}  # each text is escaped, and each date formatted once
    for name in map(str, safe.select_dtypes([object, "string", "category"])):
        codes, cells = pd.factorize(safe[name], use_na_sentinel=False)
        texts = [escaped(cell) if isinstance(cell, str) else "" if pd.isna(cell) else str(cell) for cell in cells]
        distinct[name] = codes, texts
    every = any(map(SEPARATORS.search, [*safe.columns, *chain(*(texts for _, texts in distinct.values()))]))
    for name in map(str, safe.select_dtypes(["datetime", "datetimetz"])):
        codes, days = pd.factorize(safe[name], use_na_sentinel=False)
        distinct[name] = codes, pd.Index(days).astype(str).where(days.notna(), "").tolist()
    quoted = {name: np.array([_quoted(text, every) for text in texts], object) for name, (_, texts) in distinct.items()}
    lines = [",".join(_quoted(name, every) for name in safe.columns)]
    for start in range(0, len(safe), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        lines.append(
            _joined(
                quoted[name][distinct[name][0][rows]] if name in quoted else _numbers(safe[name].iloc[rows], every)
                for name in safe.columns
            )
        )
    return "\n".join([*lines, ""]).encode()


def _joined(columns: Iterable[Any]) -> str:
    """Return the lines of rows whose cells are given by columns."""
    if compute is None:
        return "\n".join(map(",".join, zip(*columns, strict=True)))
    rows = compute.binary_join_element_wise(*(pyarrow.array(cells, pyarrow.string()) for cells in columns), ",")
    text: str = compute.binary_join(pyarrow.ListArray.from_arrays([0, len(rows)], rows), "\n")[0].as_py()
    return text


def _quoted(text: str, every: bool) -> str:
    """Return the text of a cell in quotes, if `every` text is or it needs them."""
    return '"' + text.replace('"', '""') + '"' if every or QUOTED.search(text) else text


def _numbers(values: "pd.Series[Any]", every: bool) -> Any:
    """Return the texts of the numbers of a column; what is missing is an empty text.

    Numbers get the shortest text that is read as the same number, which `repr` gives. Where pyarrow is installed and
    writes a number in the same way, it is pyarrow that does it, in a third of the time.
    """
    missing, numbers = values.isna().to_numpy(), values.to_numpy()
    if values.dtype != np.float64:
        return np.where(missing, _quoted("", every), values.astype(str).to_numpy(object))
    alike = (np.abs(numbers) >= 1e-4) & (np.abs(numbers) < 1e10) & (numbers != np.floor(numbers))
    others = numbers if compute is None else numbers[~alike]
    texts = [_quoted("", every) if math.isnan(number) else repr(number) for number in others.tolist()]
    if compute is None:
        return texts
    of_all = pyarrow.array(numbers).cast(pyarrow.string())
    return compute.replace_with_mask(of_all, ~alike, pyarrow.array(texts, pyarrow.string()))
