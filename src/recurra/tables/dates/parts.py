"""Read the parts of dates (year, month, hour and so on) from texts, many texts of one shape at a time."""

import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.tables.dates.month_names import CHINESE_DIGITS, MONTHS, WEEKDAYS

SAMPLED = 50  # number of values from which the content of a column is inferred
AT_ONCE = 50_000  # number of texts that are read together
USUAL_TEXT, LONGEST_TEXT = 32, 100  # characters; a longer text is no date
SHAPES, SMALLEST_SHARE = 32, 200  # after 32 shapes, one with less than a 200th of the texts left ends the search
YEAR_OF_TIMES = 1970  # of a time of day without a date
FULL_WIDTH, WIDE_SPACE = (0xFF01, 0xFF5E), 0x3000  # the first and the last full-width form of an ASCII character
DEFAULTS = {
    "year": -1, "digits": 4, "first": 0, "next": 0, "month": 1, "day": 1, "week": 0, "day_of_week": 1, "weekday": 1,
    "hour": 0, "minute": 0, "second": 0, "fraction": 0, "half": 0, "sign": 0, "utc": 0, "zone_hour": 0,
    "zone_minute": 0, "until": 0, "hour_alone": -1, "end_year": -1,
}  # fmt: skip
PART = {"name": "month", "quarter": "month", "semester": "month", "weekday_after": "weekday", "half_before": "half"}
HALVES = {"a": 1, "p": 2}  # of a day
WORDS: dict[str, Callable[[str], int]] = {
    "name": lambda word: MONTHS.get(word.lower(), 0),
    "weekday": lambda word: int(word.lower() in WEEKDAYS),
    "weekday_after": lambda word: int(word.lower() in WEEKDAYS),
    "quarter": lambda word: 3 * CHINESE_DIGITS[word] - 2,
    "semester": lambda word: 1 if word == "上" else 7,
    "half_before": lambda word: HALVES["a" if word in {"上午", "午前", "오전"} else "p"],
    "half": lambda word: HALVES[word.lower()],
    "sign": lambda word: 1 if word == "+" else -1,
    "utc": lambda _: 1,
    "until": lambda _: 1,
}

Cells: TypeAlias = NDArray[np.object_]


class Parts(dict[str, NDArray[np.int32]]):
    """The parts of dates by name, [T] each. A part that no date has is left out; the year of no date is -1.

    Besides those that a date is written with, `digits` is the number of digits of the year, and `until` whether the end
    of a period follows. `hour_alone` is a number behind the date, and `end_year` one behind the year: see
    `recurra.tables.dates.doubtful_parts`.

    Args:
        length: number of dates.
        known: parts that are known.
    """

    def __init__(self, length: int, known: "dict[str, NDArray[np.int32]] | None" = None) -> None:
        super().__init__(known or {"year": np.full(length, DEFAULTS["year"], dtype=np.int32)})
        self.length = length

    def of(self, name: str, rows: slice = slice(None)) -> Any:
        """Return a part of some rows, or its default if no date has it."""
        return self[name][rows] if name in self else DEFAULTS[name]

    def head(self, count: int) -> "Parts":
        """Return the parts of the first dates."""
        return Parts(min(count, self.length), {name: values[:count] for name, values in self.items()})

    def write(self, name: str, rows: Any, values: Any) -> None:
        """Write a part of some rows."""
        if name not in self:
            self[name] = np.full(self.length, DEFAULTS[name], dtype=np.int32)
        self[name][rows] = values


def parts_of(cells: Cells, forms: "Sequence[re.Pattern[str]]") -> Parts | None:
    """Return the parts of dates by the form of most of the first texts; None if they have none of the forms.

    Args:
        cells: texts, or values that are read as their texts, [T].
        forms: patterns whose groups name the parts.
    """
    first = cells[: 100 * SAMPLED]
    sample = _texts(_characters(first[~pd.isna(first)][:SAMPLED]))
    fits = [sum(form.match(text) is not None for text in sample.tolist()) for form in forms]
    if not max(fits):
        return None
    form, parts = forms[int(np.argmax(fits))], Parts(len(cells))
    for start in range(0, len(cells), AT_ONCE):
        _read(form, _characters(cells[start : start + AT_ONCE]), start, parts)
    return parts


def _characters(cells: Cells) -> NDArray[np.uint32]:
    """Return texts as characters [T, longest], filled up with zeros; full-width characters become ASCII.

    A text that is too long is cut where no date ends.
    """
    for length in (USUAL_TEXT, LONGEST_TEXT + 1):
        try:
            cut = cells.astype(f"U{length}")
        except ValueError:  # a list is no text
            cut = np.array(list(map(str, cells.tolist())), dtype=f"U{length}")
        characters = cut.view(np.uint32).reshape(len(cells), length)
        largest = characters.max(axis=0, initial=0)
        if not largest[-1]:
            break
    characters = characters[:, : int(np.flatnonzero(largest).max(initial=0)) + 1]
    if largest.max() >= WIDE_SPACE:
        wide = (characters >= FULL_WIDTH[0]) & (characters <= FULL_WIDTH[1])
        characters = np.where(wide, characters - FULL_WIDTH[0] + ord("!"), characters)
        characters = np.where(characters == WIDE_SPACE, ord(" "), characters)
    return np.ascontiguousarray(characters, dtype=np.uint32)


def _texts(characters: NDArray[np.uint32]) -> NDArray[np.str_]:
    return characters.view(f"U{characters.shape[1]}").ravel()


def _read(form: "re.Pattern[str]", characters: NDArray[np.uint32], start: int, parts: Parts) -> None:
    """Write the parts of texts that have a form, the first of which is in row `start`.

    Texts that differ in nothing but their digits have their parts at the same places, and are read together.
    """
    texts = _texts(characters)
    if characters.max(initial=0) < 256:
        characters = characters.astype(np.uint8)  # four times as fast
    shapes = np.ascontiguousarray(characters.T)
    digits = shapes - ord("0")  # large where there is none
    shapes = np.where(digits < 10, ord("0"), shapes).astype(shapes.dtype)
    left = np.arange(len(texts))
    for tried in count():
        match = form.match(str(texts[left[0]]))
        alike = (shapes == shapes[:, :1]).all(axis=0) if match else np.arange(len(left)) == 0
        if match and alike.all():
            rows = slice(start, start + len(texts)) if not tried else start + left
            _write(match, digits, rows, parts)
            return
        if match:
            _write(match, digits[:, alike], start + left[alike], parts)
        left, shapes, digits = left[~alike], shapes[:, ~alike], digits[:, ~alike]
        if not len(left):
            return
        if tried >= SHAPES and int(alike.sum()) * SMALLEST_SHARE < len(left):
            break
    found: dict[str, dict[int, int]] = {}
    for place in left.tolist():
        if match := form.match(str(texts[place])):
            for name, value in _values(match).items():
                found.setdefault(name, {})[start + place] = value
    for name, values in found.items():
        parts.write(name, list(values), list(values.values()))


def _write(match: "re.Match[str]", digits: NDArray[Any], rows: Any, parts: Parts) -> None:
    """Write the parts of texts of one shape, [characters, T] as digits, of which the first one's match is given."""
    for name, value in _values(match).items():
        parts.write(name, rows, value)
    for name, cell in match.groupdict().items():
        if cell and cell.isascii() and cell.isdecimal():
            begin, stop = match.span(name)
            number = digits[begin].astype(np.int32)
            for place in range(begin + 1, stop):
                number = number * 10 + digits[place]
            parts.write(PART.get(name, name), rows, _scaled(name, number, len(cell)))


def _values(match: "re.Match[str]") -> dict[str, int]:
    """Return the parts of one text."""
    found = {
        PART.get(name, name): _scaled(name, int(cell), len(cell)) if cell.isdecimal() else WORDS[name](cell)
        for name, cell in match.groupdict().items()
        if cell
    }
    year = match.groupdict().get("year")
    if year is None:
        found["year"] = YEAR_OF_TIMES
    elif len(year) == 2:
        found["digits"] = 2
    return found


def _scaled(name: str, number: Any, length: int) -> Any:
    """Return a number as its part: the first month of a quarter, or nanoseconds."""
    if name == "quarter":
        return 3 * number - 2
    if name == "semester":
        return 6 * number - 5
    return number * 10 ** (9 - length) if name == "fraction" else number
