"""Sequences of symbols: letters, characters, words; their ids, and windows of ids."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.errors import InputError

Ids = NDArray[np.int64]
SHOWN_SYMBOLS = 60  # of the known ones, in an error


class Vocabulary:
    """The symbols a model knows, each with its id, counted from 0.

    Args:
        symbols: the symbols in the order of their ids, each once.
        unknown: a symbol that stands for all others; it gets the last id. None: others are an error.

    Raises:
        InputError: there are no symbols, one is empty or no string, or one comes twice.
    """

    def __init__(self, symbols: Iterable[str], *, unknown: str | None = None) -> None:
        self.symbols = tuple(symbols)
        self.unknown = unknown
        if not self.symbols:
            raise InputError("a vocabulary needs at least one symbol; the sequence is empty.")
        if unknown is not None:
            self.symbols += (unknown,)
        self._ids: dict[str, int] = {}
        for symbol in self.symbols:
            _check_symbol(symbol)
            if symbol in self._ids:
                raise InputError(f"symbol {symbol!r} comes twice in the vocabulary; each may come once.")
            self._ids[symbol] = len(self._ids)

    @classmethod
    def from_sequence(
        cls,
        sequence: str | Iterable[str],
        *,
        order: Literal["first-seen", "sorted"] = "first-seen",
        unknown: str | None = None,
    ) -> "Vocabulary":
        """Collect the symbols of a text (its characters) or of a list of symbols.

        Args:
            sequence: a str, whose characters are the symbols, or symbols of any length.
            order: ids in the order in which the symbols are first seen, or sorted.
            unknown: see `Vocabulary`.
        """
        symbols = list(sequence)
        for symbol in symbols:
            _check_symbol(symbol)
        seen = list(dict.fromkeys(symbol for symbol in symbols if symbol != unknown))
        if order == "sorted":
            seen.sort()
        elif order != "first-seen":
            raise InputError(f"order is {order!r}; known are first-seen, sorted.")
        return cls(seen, unknown=unknown)

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._ids

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return (self.symbols, self.unknown) == (other.symbols, other.unknown)

    def __hash__(self) -> int:
        return hash((self.symbols, self.unknown))

    def __repr__(self) -> str:
        unknown = "" if self.unknown is None else f", unknown={self.unknown!r}"
        return f"Vocabulary({self._shown()}{unknown})"

    def encode(self, sequence: str | Iterable[str], *, first: int = 1) -> Ids:
        """Symbols → ids [T].

        Args:
            sequence: a text or symbols.
            first: the place of its first symbol, where it is a part of something longer; for the error.

        Raises:
            InputError: a symbol is not known and there is no `unknown`; it is named with its place.
        """
        if self.unknown is not None:
            unknown_id = self._ids[self.unknown]
            return np.fromiter((self._ids.get(symbol, unknown_id) for symbol in sequence), np.int64)
        symbols = list(sequence)
        try:
            return np.fromiter((self._ids[symbol] for symbol in symbols), np.int64, len(symbols))
        except KeyError:
            place, symbol = next((i, s) for i, s in enumerate(symbols, start=first) if s not in self._ids)
        raise InputError(f"symbol {symbol!r} at position {place} is not known; known are: {self._shown()}.")

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Ids → symbols.

        Raises:
            InputError: an id is not between 0 and the size of the vocabulary.
        """
        symbols: list[str] = []
        for place, id_ in enumerate(ids):
            if not 0 <= id_ < len(self.symbols):
                raise InputError(f"id {id_} at position {place + 1} is not between 0 and {len(self.symbols) - 1}.")
            symbols.append(self.symbols[id_])
        return symbols

    def split(self, text: str) -> list[str]:
        """Cut a line that a person typed into symbols: at spaces, if they are of several characters, else each one.

        Where every symbol is one character, spaces between them are allowed too, unless they are symbols themselves.
        """
        if max(map(len, self._plain_symbols())) > 1:
            return text.split()
        return [symbol for symbol in text if symbol in self._ids or not symbol.isspace()]

    def join(self, symbols: Sequence[str]) -> str:
        """The reverse of `split`: symbols as one line to show."""
        return (" " if max(map(len, self._plain_symbols())) > 1 else "").join(symbols)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` needs to make an equal vocabulary."""
        return {"symbols": list(self._plain_symbols()), "unknown": self.unknown}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Vocabulary":
        return cls(data["symbols"], unknown=data["unknown"])

    def _plain_symbols(self) -> tuple[str, ...]:
        return self.symbols if self.unknown is None else self.symbols[:-1]

    def _shown(self) -> str:
        shown = [symbol if symbol.isprintable() and " " not in symbol else repr(symbol) for symbol in self.symbols]
        more = len(shown) - SHOWN_SYMBOLS
        return " ".join(shown[:SHOWN_SYMBOLS]) + (f" … and {more} more" if more > 0 else "")


def _check_symbol(symbol: object) -> None:
    if not isinstance(symbol, str) or not symbol:
        raise InputError(f"symbols are strings of at least one character; found {symbol!r}.")


def windows(ids: Ids, window: int, *, targets: Literal["last", "every"] = "last") -> tuple[Ids, Ids]:
    """Cut a sequence into windows and what follows them.

    Args:
        ids: the sequence, [L].
        window: steps of a window, W.
        targets: "last", the one symbol after each window; "every", the symbol after each step of it.

    Returns:
        Inputs [L - W, W], and targets [L - W] or [L - W, W]; views on `ids`, nothing is copied.

    Raises:
        InputError: the sequence is not longer than the window.
    """
    if window < 1:
        raise InputError(f"window is {window}; it must be at least 1.")
    if len(ids) <= window:
        raise InputError(
            f"the sequence has {len(ids)} symbols; a window of {window} needs at least {window + 1}: "
            "the window and the symbol that follows it."
        )
    writeable = ids.flags.writeable  # torch wants that of the arrays it takes as they are
    inputs = np.lib.stride_tricks.sliding_window_view(ids[:-1], window, writeable=writeable)
    if targets == "last":
        return inputs, ids[window:]
    return inputs, np.lib.stride_tricks.sliding_window_view(ids[1:], window, writeable=writeable)
