"""Symbols (letters, characters, words), their ids, and windows of ids."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.errors import InputError, InputTypeError, counted, shown
from recurra.language.tokenizers import BytePairs, Characters, Tokenizer, code_points, tokenizer_from_json

Ids = NDArray[np.int64]


LONGEST_CHARACTER = 4  # bytes
SHOWN_SYMBOLS = 60  # maximum number of symbols that an error lists


class UnknownSymbolError(InputError):
    """Raised if a symbol is not in the vocabulary."""


@contextmanager
def validation_part() -> Iterator[None]:
    """Context manager in which a validation part is encoded; an unknown symbol is said to stand there."""
    try:
        yield
    except UnknownSymbolError as error:
        raise InputError(
            f"{error} It stands in the validation part, and the training part has none of it: choose another split, or "
            "give unknown a symbol."
        ) from error


class Vocabulary:
    """The symbols of a model and their ids, counted from 0.

    Args:
        symbols: unique symbols in the order of their ids.
        unknown: symbol that replaces all symbols outside the vocabulary; it gets the last id. None: such symbols are an
            error.
        tokenizer: how `encode` cuts a str into symbols; None: into characters.

    Raises:
        InputError: there are no symbols, a symbol is empty or not a string, or a symbol occurs twice.

    >>> vocabulary = Vocabulary.from_sequence("hello")
    >>> vocabulary
    Vocabulary(h e l o)
    >>> vocabulary.encode("hole")
    array([0, 3, 2, 1])
    >>> vocabulary.decode([0, 1, 2, 2, 3])
    ['h', 'e', 'l', 'l', 'o']
    """

    def __init__(
        self, symbols: Iterable[str], *, unknown: str | None = None, tokenizer: Tokenizer | None = None
    ) -> None:
        self.symbols = tuple(symbols_of(symbols))
        self.unknown, self.tokenizer = unknown, tokenizer
        if not self.symbols:
            raise InputError("a vocabulary needs at least one symbol; the sequence is empty.")
        if unknown is not None:
            self.symbols += (unknown,)
        self._ids: dict[str, int] = {}
        for symbol in self.symbols:
            check_symbol(symbol)
            if symbol in self._ids:
                raise InputError(f"symbol {symbol!r} occurs twice in the vocabulary; each symbol must be unique.")
            self._ids[symbol] = len(self._ids)
        self._table = self._table_of_characters()

    @classmethod
    def from_sequence(
        cls,
        sequence: str | Iterable[str],
        *,
        order: Literal["first-seen", "sorted"] = "first-seen",
        unknown: str | None = None,
    ) -> "Vocabulary":
        """Build a vocabulary from the symbols of a sequence.

        Args:
            sequence: a str, whose characters are the symbols, or an iterable of symbols.
            order: order of the ids: "first-seen" (order of first occurrence) or "sorted".
            unknown: see `Vocabulary`.

        Raises:
            InputError: the sequence is empty, a symbol is empty or not a string, or the order is unknown.
        """
        symbols = symbols_of(sequence)
        for symbol in symbols:
            check_symbol(symbol)
        seen = list(dict.fromkeys(symbol for symbol in symbols if symbol != unknown))
        if order == "sorted":
            seen.sort()
        elif order != "first-seen":
            raise InputError(f"order is {order!r}; expected first-seen or sorted.")
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
        """Convert symbols to ids, [T].

        Args:
            sequence: a str or an iterable of symbols.
            first: position of the first symbol, as error messages count it, if the sequence is part of a longer one.

        Raises:
            InputError: a symbol is not in the vocabulary and there is no `unknown`; the message gives its position.
        """
        if isinstance(sequence, str) and self._table is not None:
            ids = self._table[np.minimum(code_points(sequence), len(self._table) - 1)]
            if self.unknown is not None or (ids >= 0).all():
                return ids
        symbols = self.cut(sequence)
        if not isinstance(sequence, str):
            for symbol in symbols:
                check_symbol(symbol)
        missing = -1 if self.unknown is None else self._ids[self.unknown]
        ids = np.fromiter((self._ids.get(symbol, missing) for symbol in symbols), np.int64, len(symbols))
        if missing == -1 and (unknown := np.flatnonzero(ids == -1)).size:
            place = int(unknown[0])
            raise UnknownSymbolError(
                f"symbol {symbols[place]!r} at position {first + place} is unknown; the known symbols are: "
                f"{self._shown()}."
            )
        return ids

    def cut(self, sequence: str | Iterable[str]) -> list[str]:
        """Return the symbols of a sequence, one for each of its ids, also those outside the vocabulary."""
        if self.tokenizer is None or not isinstance(sequence, str):
            return symbols_of(sequence)
        return self.tokenizer.split(sequence)

    def _table_of_characters(self) -> Ids | None:
        """Return the id of each character, [code point], and of those beyond at the end; None for other symbols."""
        if not isinstance(self.tokenizer, Characters | None) or max(map(len, self._plain_symbols()), default=0) > 1:
            return None
        points = [ord(symbol) for symbol in self._plain_symbols()]
        table = np.full(max(points, default=0) + 2, -1 if self.unknown is None else self._ids[self.unknown])
        table[points] = range(len(points))
        return table

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Convert ids to symbols.

        Raises:
            InputError: an id is negative, or not less than the size of the vocabulary.
        """
        if not isinstance(ids, Iterable):
            raise InputTypeError(f"the ids are {shown(ids)}; expected a list of integers.")
        symbols: list[str] = []
        for place, id_ in enumerate(ids, start=1):
            if not isinstance(id_, Integral):
                raise InputTypeError(f"id {shown(id_)} at position {place} is not an integer.")
            if not 0 <= id_ < len(self.symbols):
                raise InputError(f"id {id_} at position {place} is not between 0 and {len(self.symbols) - 1}.")
            symbols.append(self.symbols[int(id_)])
        return symbols

    def pieces(self, ids: Iterable[int]) -> Iterator[str]:
        """Yield the characters of each symbol of a text; of a byte-pair code those that it ends, which may be none."""
        begun: list[str] = []
        for id_ in ids:
            begun += self.decode([id_])
            text = self.join(begun)
            is_open = isinstance(self.tokenizer, BytePairs) and text.endswith("\ufffd")
            if is_open and len(begun) <= LONGEST_CHARACTER:
                yield ""
            else:
                yield text
                begun = []

    def text_of(self, symbol: str) -> str:
        """Return the characters of a single symbol; of a byte-pair code that ends inside a character, the code."""
        text = self.join([symbol])
        return symbol if "\ufffd" in text else text

    def split(self, text: str) -> list[str]:
        """Split a typed line into symbols, as the tokenizer does.

        Without a tokenizer, it is split at spaces if any symbol has several characters, else into characters, where
        spaces are ignored unless the space is itself a symbol.
        """
        if self.tokenizer is not None:
            return self.tokenizer.split(text)
        if max(map(len, self._plain_symbols())) > 1:
            return text.split()
        return [symbol for symbol in text if symbol in self._ids or not symbol.isspace()]

    def join(self, symbols: Sequence[str]) -> str:
        """Join symbols into one text; the inverse of `split`."""
        if self.tokenizer is not None:
            return self.tokenizer.join(symbols)
        return (" " if max(map(len, self._plain_symbols())) > 1 else "").join(symbols)

    def to_json(self) -> dict[str, Any]:
        """Return the vocabulary as JSON values, for `from_json`."""
        described = {"symbols": list(self._plain_symbols()), "unknown": self.unknown}
        return described if self.tokenizer is None else described | {"tokenizer": self.tokenizer.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Vocabulary":
        """Return the vocabulary that `to_json` described; see `Vocabulary` for errors."""
        described = data.get("tokenizer")
        tokenizer = None if described is None else tokenizer_from_json(described)
        return cls(data["symbols"], unknown=data["unknown"], tokenizer=tokenizer)

    def _plain_symbols(self) -> tuple[str, ...]:
        return self.symbols if self.unknown is None else self.symbols[:-1]

    def _shown(self) -> str:
        shown = [symbol if symbol.isprintable() and " " not in symbol else repr(symbol) for symbol in self.symbols]
        more = len(shown) - SHOWN_SYMBOLS
        return " ".join(shown[:SHOWN_SYMBOLS]) + (f" … and {more} more" if more > 0 else "")


def symbols_of(sequence: Iterable[str]) -> list[str]:
    """Return the symbols of a sequence; InputTypeError if it is none."""
    if not isinstance(sequence, Iterable):
        raise InputTypeError(f"the sequence is {shown(sequence)}; expected a string, or a list of symbols.")
    return list(sequence)


def check_symbol(symbol: object) -> None:
    """Raise an InputError if a symbol is empty, or an InputTypeError if it is no string."""
    if not isinstance(symbol, str) or not symbol:
        error = InputError if isinstance(symbol, str) else InputTypeError
        raise error(f"symbols are strings of at least one character; found {shown(symbol)}.")


def windows(ids: Ids, window: int, *, targets: Literal["last", "every"] = "last") -> tuple[Ids, Ids]:
    """Cut a sequence into windows and the targets that follow them.

    Args:
        ids: the sequence, [L].
        window: number of steps per window, W.
        targets: "last" gives the symbol after each window; "every" gives the symbol after each step of the window.

    Returns:
        Inputs [L - W, W], and targets [L - W] or [L - W, W]; both are views of `ids`.

    Raises:
        InputError: `window` is less than 1, or the sequence is not longer than the window.

    >>> inputs, targets = windows(np.array([5, 6, 7, 8]), window=2)
    >>> inputs.tolist(), targets.tolist()
    ([[5, 6], [6, 7]], [7, 8])
    """
    if window < 1:
        raise InputError(f"window is {window}; it must be at least 1.")
    if len(ids) <= window:
        raise InputError(
            f"the sequence has {counted(len(ids), 'symbol')}; a window of {window} needs at least {window + 1}: "
            "the window and the symbol that follows it."
        )
    writeable = ids.flags.writeable  # torch.from_numpy warns about read-only arrays
    inputs = np.lib.stride_tricks.sliding_window_view(ids[:-1], window, writeable=writeable)
    if targets == "last":
        return inputs, ids[window:]
    return inputs, np.lib.stride_tricks.sliding_window_view(ids[1:], window, writeable=writeable)
