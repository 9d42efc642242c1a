"""From a sequence or a text to what a network is trained on: windows of symbols, or streams of a text."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from recurra.errors import InputError, InputTypeError, shown
from recurra.language.corpus import Corpus, held_out, read_corpus
from recurra.language.streams import StreamBatches
from recurra.language.text import Text
from recurra.language.vocabulary import Ids, Vocabulary, symbols_of, validation_part, windows
from recurra.models.fitting import usable_device
from recurra.settings.language import LanguageModelSettings
from recurra.training.batches import TensorSamples

Symbols = str | Sequence[str]  # a string of characters, or a list of symbols


class Prepared(NamedTuple):
    """A sequence or a text prepared for a fit; `LanguageModel.fit` takes it in place of the sequence.

    Attributes:
        settings: validated parameters of the model.
        vocabulary: symbols of the training part.
        parts: what the network is trained on and, if there is a validation part, what it is validated on.
        fingerprint: function that returns a hash of the sequence.
        counts: how often each symbol occurs in the training part of a text, [V]; None for windows of a sequence.
    """

    settings: LanguageModelSettings
    vocabulary: Vocabulary
    parts: list[TensorSamples] | list[StreamBatches]
    fingerprint: Callable[[], str]
    counts: NDArray[np.int64] | None = None


def prepared(sequence: Symbols | Text, settings: LanguageModelSettings, folder: Path | None = None) -> Prepared:
    """Prepare a sequence as the mode of the settings asks for.

    Args:
        sequence: the sequence; a text only for a stream.
        settings: validated parameters of the model.
        folder: see `read_corpus`.

    Raises:
        InputError: the sequence is too short, the validation part has a symbol that the training part has not, or the
            device cannot be used.
    """
    usable_device(settings.device)
    if settings.mode == "stream":
        if not isinstance(sequence, str | Text):
            raise InputTypeError(f"the text is {shown(sequence)}; expected a string or a FileText.")
        return _streams(read_corpus(sequence, settings, folder=folder), settings)
    if isinstance(sequence, Text):
        raise InputTypeError('the sequence is a text in files, which is read with mode="stream" only.')
    return _windows(sequence, settings)


def _windows(sequence: Symbols, settings: LanguageModelSettings) -> Prepared:
    symbols = symbols_of(sequence)
    length = training_length(settings, len(symbols))
    vocabulary = Vocabulary.from_sequence(symbols[:length], order=settings.order, unknown=settings.unknown)
    ids = [vocabulary.encode(symbols[:length])]
    if length < len(symbols):
        with validation_part():
            ids.append(vocabulary.encode(symbols[length:], first=length + 1))
    parts = [samples_of_ids(part, settings, settings.targets) for part in ids]
    return Prepared(settings, vocabulary, parts, lambda: hashlib.sha256(json.dumps(symbols).encode()).hexdigest())


def _streams(corpus: Corpus, settings: LanguageModelSettings) -> Prepared:
    parts = [
        StreamBatches(
            part,
            settings.batch_size,
            settings.window,
            shuffle=settings.shuffle and part_number == 0,
            seed=settings.seed,
            device=settings.device,
        )
        for part_number, part in enumerate(corpus.parts())
    ]
    return Prepared(settings, corpus.vocabulary, parts, lambda: corpus.fingerprint, corpus.counts)


def training_length(settings: LanguageModelSettings, length: int) -> int:
    """Return the number of symbols in the training part; the rest is the validation part."""
    later = held_out(settings, length)
    if settings.validation and min(later, length - later) <= settings.window:
        raise InputError(
            f"validation={settings.validation} splits {length} symbols into {length - later} for training and {later} "
            f"for validation; with a window of {settings.window} each part needs at least {settings.window + 1}."
        )
    return length - later


def samples_of_ids(ids: Ids, settings: LanguageModelSettings, targets: Literal["last", "every"]) -> TensorSamples:
    """Return the windows of a sequence and their targets, on the device of the network."""
    pairs = windows(ids, settings.window, targets=targets)
    return TensorSamples(*(torch.from_numpy(part).to(settings.device) for part in pairs))  # views on the CPU
