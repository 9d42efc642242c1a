"""A text as ids of its symbols in a compact array, split into a training and a validation part."""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.errors import InputError, counted, reason
from recurra.language.text import StringText, Text
from recurra.language.tokenizers import BytePairs, Characters, Words, whole_words
from recurra.language.vocabulary import Vocabulary, validation_part
from recurra.settings.language import LanguageModelSettings

LARGE = 1 << 26  # characters from which the ids lie in a file
BYTE_PAIR_CODES = 1000  # by default

Ids = NDArray[np.integer]


@dataclass(frozen=True)
class Corpus:
    """The symbols of a text.

    Attributes:
        vocabulary: the symbols of the training part.
        ids: the text, [N], in the smallest unsigned integers that hold the ids; of a large text, a file in memory.
        training: number of ids in the training part; the others are the validation part.
        counts: how often each symbol occurs in the training part, [V].
        digest: a hash of the ids.
    """

    vocabulary: Vocabulary
    ids: Ids
    training: int
    counts: NDArray[np.int64]
    digest: bytes

    @property
    def fingerprint(self) -> str:
        """A hash of the symbols and of the text."""
        return _fingerprint(self.vocabulary, self.training, self.digest)

    def parts(self) -> list[Ids]:
        """Return the ids of the training part and, if there is one, of the validation part."""
        parts = [self.ids[: self.training], self.ids[self.training :]]
        return [part for part in parts if len(part)]


def read_corpus(text: Text | str, settings: LanguageModelSettings, *, folder: Path | None = None) -> Corpus:
    """Read a text: its length, then the symbols of its training part, then the ids of all.

    Args:
        text: the text.
        settings: what a symbol is, how many there are, and how large the validation part is.
        folder: where the temporary file with the ids of a large text is made; None: where the system has such files.

    Raises:
        InputError: the text is empty, cannot be read or changes meanwhile, or its validation part has a symbol that its
            training part has not.
    """
    text = StringText(text) if isinstance(text, str) else text
    length = sum(map(len, text.pieces()))
    if length == 0:
        raise InputError("the text is empty.")
    training = length - held_out(settings, length)
    if training == 0:
        raise InputError(
            f"validation={settings.validation} leaves nothing to train on: the text has {counted(length, 'character')}."
        )
    vocabulary = _learned(text, training, settings)
    reader = _Reader(vocabulary)
    store = _Store(reader.dtype, in_file=length >= LARGE, folder=folder)
    store.extend(reader.read(_between(text.pieces(), 0, training)))
    in_training, counts = reader.length, reader.counts.copy()
    with validation_part():
        store.extend(reader.read(_between(text.pieces(), training, length)))
    return Corpus(vocabulary, store.ids(), in_training, counts, reader.digest.digest())


def fingerprint_of(text: Text, settings: LanguageModelSettings, vocabulary: Vocabulary) -> str:
    """Return the fingerprint of a text in the symbols of a vocabulary, without keeping its ids.

    Raises:
        InputError: the text cannot be read.
        UnknownSymbolError: it has a symbol that the vocabulary has not.
    """
    length = sum(map(len, text.pieces()))
    training = length - held_out(settings, length)
    reader = _Reader(vocabulary)
    in_training = sum(map(len, reader.read(_between(text.pieces(), 0, training))))
    for _ in reader.read(_between(text.pieces(), training, length)):
        pass
    return _fingerprint(vocabulary, in_training, reader.digest.digest())


def _fingerprint(vocabulary: Vocabulary, training: int, digest_of_ids: bytes) -> str:
    digest = hashlib.sha256(json.dumps(vocabulary.to_json()).encode())
    digest.update(training.to_bytes(8, "little"))
    digest.update(digest_of_ids)
    return digest.hexdigest()


def held_out(settings: LanguageModelSettings, length: int) -> int:
    """Return the length of the validation part of a sequence, at most that of all of it."""
    validation = settings.validation
    return round(validation * length) if isinstance(validation, float) else min(validation, length)


def _learned(text: Text, training: int, settings: LanguageModelSettings) -> Vocabulary:
    """Return the symbols of the training part: all, or the most frequent ones."""
    pieces = _between(text.pieces(), 0, training)
    size, unknown = settings.vocabulary_size, settings.unknown
    if settings.tokens == "bpe":
        codes = (
            BytePairs.learned(whole_words(pieces), BYTE_PAIR_CODES if size is None else size)
            if settings.tokenizer is None
            else BytePairs.loaded(settings.tokenizer)
        )
        return Vocabulary(codes.symbols, tokenizer=codes)
    tokenizer = Words() if settings.tokens == "words" else Characters()
    counts: Counter[str] = Counter()  # in the order of their first occurrence
    for piece in whole_words(pieces):
        counts.update(tokenizer.count(piece))
    counts.pop(unknown or "", None)
    symbols = list(counts)
    if size is not None and size < len(symbols) + (unknown is not None):
        if size == 1:
            raise InputError("vocabulary_size is 1; expected at least 2, a symbol of the text and the unknown one.")
        if unknown is None:
            raise InputError(
                f"vocabulary_size is {size}, and the training part has {counted(len(symbols), 'symbol')}: give unknown "
                "a symbol, which stands for the others."
            )
        frequent = {symbol for symbol, _ in counts.most_common(size - 1)}
        symbols = [symbol for symbol in symbols if symbol in frequent]
    if settings.order == "sorted":
        symbols.sort()
    return Vocabulary(symbols, unknown=unknown, tokenizer=tokenizer)


def _between(pieces: Iterable[str], start: int, stop: int) -> Iterator[str]:
    """Yield the characters of a text from `start` on and before `stop`, in pieces."""
    position = 0
    for piece in pieces:
        part = piece[max(start - position, 0) : max(stop - position, 0)]
        position += len(piece)
        if part:
            yield part


class _Reader:
    """Encodes a text piece by piece.

    Whatever is known of all ids is found as they come: to read the file again would fill the memory with it.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary, self.dtype = vocabulary, np.min_scalar_type(len(vocabulary) - 1)
        self.length, self.counts, self.digest = 0, np.zeros(len(vocabulary), np.int64), hashlib.sha256()

    def read(self, pieces: Iterable[str]) -> Iterator[Ids]:
        """Yield the ids of pieces of text."""
        for piece in whole_words(pieces):
            ids = self.vocabulary.encode(piece, first=self.length + 1).astype(self.dtype)
            self.length += len(ids)
            self.counts += np.bincount(ids, minlength=len(self.counts))
            self.digest.update(ids.data)
            yield ids


class _Store:
    """Ids in memory, or in a temporary file, which is removed when nothing refers to it any more."""

    def __init__(self, dtype: np.dtype[Any], *, in_file: bool, folder: Path | None) -> None:
        self.dtype, self.length = dtype, 0
        self._file = tempfile.TemporaryFile(dir=folder) if in_file else None  # noqa: SIM115 - it lives as the ids do
        self._parts: list[Ids] = []

    def extend(self, pieces: Iterable[Ids]) -> None:
        """Keep the ids of pieces of text."""
        for ids in pieces:
            self.length += len(ids)
            if self._file is None:
                self._parts.append(ids)
                continue
            try:
                self._file.write(ids.data)
            except OSError as error:
                raise InputError(f"the ids of the text cannot be written to disk ({reason(error, 100)}).") from error

    def ids(self) -> Ids:
        """Return all ids, [N]."""
        if self._file is None:
            return np.concatenate(self._parts)
        with self._file as file:  # the memory keeps it
            file.flush()
            return np.memmap(file, self.dtype, mode="r", shape=(self.length,))
