"""Numbers of many texts at once: those of the same shape have their digits at the same places."""

from dataclasses import dataclass
from decimal import Decimal as Digits
from functools import cached_property
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recurra.errors import shown
from recurra.settings.reading import Decimal
from recurra.tables.arrays import Floats, Integers
from recurra.tables.numbers.shapes import MISSING, OTHER, POWERS, TO_ONES, Shape, plain, shape_of, without_digits

LONGEST_NUMBER, NO_NUMBER = 400, "x"  # characters of a number as text; what stands for a longer text
MOST_DIGITS = 15  # of a whole number that every float of its size holds
TENS = np.array([float(f"1e{power}") for power in range(MOST_DIGITS + 1)])
MOST_SHAPES = 10_000  # of the numbers of a table; a number of another one is taken for none
AT_ONCE = 100_000  # number of texts that are read together


@dataclass(frozen=True, eq=False)
class TextColumn:
    """A column of texts, some of which are numbers.

    Attributes:
        name: its name.
        cells: the texts, [T].
        rows: their row numbers.
        shapes: shapes of these and of other texts.
        codes: place of each text's shape among them, [T].
        decimal_values: the numbers, with decimal marks where these may also be between thousands, [T]; NaN where there
            is none.
    """

    name: str
    cells: "NDArray[np.object_]"
    rows: "pd.Index[Any]"
    shapes: list[Shape]
    codes: Integers
    decimal_values: Floats

    @cached_property
    def _occurring(self) -> dict[int, Shape]:
        return {code: self.shapes[code] for code in pd.unique(self.codes).tolist()}

    @cached_property
    def present(self) -> dict[int, Shape]:
        """Shapes of its numbers in order of first occurrence, by their codes."""
        return {code: shape for code, shape in self._occurring.items() if shape.written}

    @property
    def other(self) -> int | None:
        """Code of the first shape that is neither a number nor stands for a missing value; None if there is none."""
        others = (code for code, shape in self._occurring.items() if not shape.written and not shape.missing)
        return next(others, None)

    @cached_property
    def twofold(self) -> int | None:
        """Code of the first shape whose mark may be decimal or between thousands; None if there is none."""
        return next((code for code, shape in self.present.items() if shape.decimals), None)

    @property
    def decimals(self) -> int:
        """Number of digits after the mark of that shape."""
        return self.shapes[self.twofold or 0].decimals

    @property
    def mark(self) -> Decimal:
        """The mark of that shape."""
        return "," if self.shapes[self.twofold or 0].grouped(".") else "."

    def has_decimals(self, decimal: Decimal) -> bool:
        """Return whether a number has a decimal mark, given what that is."""
        return any(shape.point is not None and not shape.grouped(decimal) for shape in self.present.values())

    def values(self, decimal: Decimal) -> Floats:
        """Return the numbers, given their decimal mark, [T]; NaN where there is none."""
        grouped = {code: shape.decimals for code, shape in self.present.items() if shape.grouped(decimal)}
        if not grouped:
            return self.decimal_values
        digits = np.zeros(len(self.shapes), dtype=np.int64)
        digits[list(grouped)] = list(grouped.values())
        digits = digits[self.codes]
        return np.where(digits > 0, np.rint(self.decimal_values * 10.0**digits), self.decimal_values)

    def first(self, code: int) -> int:
        """Return the place of the first text of a shape."""
        return int((self.codes == code).argmax())

    def quoted(self, place: int) -> str:
        """Return a text for a message."""
        return shown(str(self.cells[place]).strip())

    def row(self, place: int) -> str:
        """Return where a text is, for a message."""
        return f"row {self.rows[place]}"


def text_columns(frame: pd.DataFrame) -> list[TextColumn]:
    """Return the columns of a frame, all of which hold texts, with the numbers that they may be."""
    flat, reader = frame.to_numpy(dtype=object).ravel(order="F"), _Reader()
    codes, values = np.zeros(flat.size, dtype=np.int64), np.full(flat.size, np.nan)
    there = np.flatnonzero(~pd.isna(flat))
    for start in range(0, len(there), AT_ONCE):
        batch = there[start : start + AT_ONCE]
        codes[batch], values[batch] = reader.read(_lines(flat[batch]))
    by_column = zip(*(array.reshape(-1, len(frame)) for array in (flat, codes, values)), strict=True)
    return [
        TextColumn(str(name), cells, frame.index, reader.shapes, own_codes, own_values)
        for name, (cells, own_codes, own_values) in zip(frame.columns, by_column, strict=True)
    ]


class _Reader:
    """Reads texts, and collects their shapes: first that of a missing value, and of what is no number."""

    def __init__(self) -> None:
        self.shapes = [MISSING, OTHER]
        self._codes: dict[bytes, int] = {}

    def read(self, lines: bytes) -> tuple[Integers, Floats]:
        """Return the shapes and the numbers of lines; see `TextColumn`."""
        alike, distinct = pd.factorize(np.array(lines.translate(TO_ONES).split(b"\n"), dtype=object))
        codes = np.array([self._code(without_digits(text)) for text in distinct])[alike]
        characters = np.frombuffer(lines, dtype=np.uint8)
        starts = np.concatenate([[0], np.flatnonzero(characters == ord("\n")) + 1])
        values = np.full(len(codes), np.nan)
        order = np.argsort(codes, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
            shape = self.shapes[codes[rows[0]]]
            if shape.written:
                values[rows] = _values(shape, characters[starts[rows, None] + np.array(shape.kept)])
        return codes, values

    def _code(self, text: bytes) -> int:
        if text in self._codes:
            return self._codes[text]
        full = len(self.shapes) == MOST_SHAPES
        shape = OTHER if full and any(digit in text for digit in b"01") else shape_of(text)
        if not shape.written:
            return 0 if shape is MISSING else 1
        self._codes[text] = len(self.shapes)
        self.shapes.append(shape)
        return self._codes[text]


def _lines(cells: "NDArray[np.object_]") -> bytes:
    """Return cells that are not missing as lines of text in UTF-8."""
    texts: list[str] = cells.tolist()
    if pd.api.types.infer_dtype(cells) != "string":
        texts = list(map(_text, texts))
    if max(map(len, texts)) > LONGEST_NUMBER:
        texts = [text if len(text) <= LONGEST_NUMBER else NO_NUMBER for text in texts]
    lines = plain("\n".join(texts))
    if lines.count("\n") >= len(texts):
        lines = plain("\n".join(NO_NUMBER if "\n" in text else text for text in map(str.strip, texts)))
    return lines.encode("utf-8", "backslashreplace")


def _text(value: Any) -> str:
    """Return a value as text; if it is a number, without a mark that could be misread, such as 15E-1 for 1.5."""
    if not isinstance(value, Number):
        return str(value)
    try:
        sign, digits, power = Digits(repr(float(value))).as_tuple()  # type: ignore[arg-type]
        return f"{'-' * sign}{''.join(map(str, digits))}E{power:d}"
    except (TypeError, ValueError, OverflowError):  # of a complex number, or an infinite or a very large one
        return NO_NUMBER


def _values(shape: Shape, characters: NDArray[np.uint8]) -> Floats:
    """Return the numbers of which a shape keeps these characters, [N, L], each the nearest that there is."""
    count, power = characters.shape[1], POWERS.get(shape.factor, 0)
    if not shape.exponent and count <= MOST_DIGITS:  # whole numbers and powers of ten are exact: one step rounds
        if shape.point is not None:
            characters, power = np.delete(characters, shape.point, axis=1), power - (count - 1 - shape.point)
        values: Floats = (characters - float(ord("0"))) @ TENS[: characters.shape[1]][::-1]
        values = values * TENS[power] if power >= 0 else values / TENS[-power]
    else:
        if shape.point is not None:
            characters[:, shape.point] = ord(".")
        suffix = np.frombuffer(f"E{power}".encode() if power else b"", dtype=np.uint8)
        characters = np.hstack([characters, np.broadcast_to(suffix, (len(characters), len(suffix)))])
        values = characters.view(f"S{characters.shape[1]}").ravel().astype(np.float64)
    return -values if shape.negative else values
