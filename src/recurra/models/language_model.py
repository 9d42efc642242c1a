"""A model of symbol sequences: it reads a window of symbols and predicts the next one."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from recurra.data.symbols import Ids, Vocabulary, windows
from recurra.errors import InputError
from recurra.models.estimator import Estimator
from recurra.models.fitting import LANGUAGE_MODEL, damaged, fit_network, parameters_of, read_model, usable_device
from recurra.nn.network import Embedding, Network, OneHot, build_network
from recurra.settings.check import check, to_json
from recurra.settings.language import LanguageModelSettings
from recurra.settings.network import NamedCell, units_of_layers
from recurra.training import Callback, Run
from recurra.training.loop import Data, score
from recurra.training.process import seeded
from recurra.training.run import write_tensors

FORMAT = 1  # of the saved file
PREDICTED_AT_ONCE = 1024
Symbols = str | Sequence[str]  # a text, whose characters are the symbols, or a list of symbols


class _Prepared(NamedTuple):
    """What a fit needs, checked."""

    settings: LanguageModelSettings
    symbols: list[str]
    vocabulary: Vocabulary
    parts: list[Data]  # for training, and for validation if there is any


class LanguageModel(Estimator, LanguageModelSettings):
    """Learn what comes next in a sequence of symbols.

    Attributes:
        vocabulary_: the symbols of the training part, with their ids.
        network_: the fitted network, with the weights of the best epoch; it gives logits.
        history_: after fit, one record an epoch: loss, accuracy, and with validation val_loss, val_accuracy.
        best_epoch_: after fit, the epoch whose weights the network has, counted from 1.
    """

    def fit(
        self,
        sequence: Symbols,
        *,
        run: Run | None = None,
        callbacks: Sequence[Callback] = (),
        save_every_seconds: float = 1.0,
    ) -> "LanguageModel":
        """Learn from one sequence.

        Args:
            sequence: a text or a list of symbols, longer than the window.
            run: a run folder, in which the training is saved and from which it goes on if it had begun there.
            callbacks: see `Callback`.
            save_every_seconds: how often the run is saved at most, besides at the end.

        Returns:
            This model, fitted.

        Raises:
            InputError: a parameter is out of its range, the sequence is too short, or not the one that the run began
                with.
            DivergenceError: the loss became NaN or infinite.
        """
        settings, symbols, vocabulary, parts = self._prepare(sequence)
        network = _new_network(settings, len(vocabulary))
        metadata = _metadata(settings, vocabulary)
        state = fit_network(
            network,
            parts,
            settings,
            loss=_cross_entropy,
            metrics={"accuracy": _accuracy},
            fingerprint=hashlib.sha256(json.dumps(symbols).encode()).hexdigest(),
            write_model=lambda path, state: write_tensors(path, state.weights("best"), metadata),
            run=run,
            callbacks=callbacks,
            save_every_seconds=save_every_seconds,
        )
        network.load_state_dict(state.weights("best"))
        self.network_ = network.eval()
        self.vocabulary_, self.settings_ = vocabulary, settings
        self.history_, self.best_epoch_ = state.history, state.best_epoch
        return self

    def check(self, sequence: Symbols) -> None:
        """Raise whatever `fit` would raise before it begins to train; change nothing."""
        prepared = self._prepare(sequence)
        _new_network(prepared.settings, len(prepared.vocabulary))

    def predict(self, sequence: Symbols) -> str:
        """The most probable next symbol after the last `window` symbols of `sequence`.

        Raises:
            InputError: the sequence is shorter than the window, or has a symbol that is not known.
            NotFittedError: the model is not fitted.
        """
        return self.predict_many([sequence])[0]

    def predict_many(self, sequences: Iterable[Symbols]) -> list[str]:
        """`predict` for several sequences at once."""
        best = self._logits(sequences).argmax(dim=-1).tolist()
        return self.vocabulary_.decode(best)

    def predict_proba(self, sequence: Symbols) -> dict[str, float]:
        """How probable each known symbol is as the next one; arguments and errors as in `predict`."""
        probabilities = self._logits([sequence])[0].softmax(dim=-1).tolist()
        return dict(zip(self.vocabulary_.symbols, probabilities, strict=True))

    def score(self, sequence: Symbols) -> float:
        """Accuracy: the share of symbols in `sequence` predicted right from the `window` symbols before each."""
        self._check_fitted()
        ids = self.vocabulary_.encode(sequence)
        data = _tensors(windows(ids, self.settings_.window), self.settings_.device)
        return score(self.network_, data, _last_cross_entropy, {"accuracy": _last_accuracy})["accuracy"]

    def save(self, path: str | Path) -> None:
        """Write all that prediction needs into one safetensors file.

        Raises:
            NotFittedError: the model is not fitted.
            InputError: the file cannot be written; what was there before is unchanged.
        """
        self._check_fitted()
        write_tensors(Path(path), self.network_.state_dict(), _metadata(self.settings_, self.vocabulary_))

    @classmethod
    def load(
        cls, path: str | Path, *, device: str | None = None, cells: Mapping[str, NamedCell] | None = None
    ) -> "LanguageModel":
        """Read what `save` wrote.

        Args:
            path: the file.
            device: where to put the network; None: where it was trained.
            cells: cells of your own by name; see `recurra.load`.

        Raises:
            InputError: there is no such file, it is damaged or holds something else, or its cell is not known.
        """
        path = Path(path)
        weights, data = read_model(path, LANGUAGE_MODEL, FORMAT)
        try:
            parameters = parameters_of(path, data, device, cells)
            vocabulary = Vocabulary.from_json(data["vocabulary"])
        except (KeyError, TypeError) as error:
            raise damaged(path, "lacks parts of its configuration") from error
        settings = check(LanguageModelSettings, parameters, str(path))
        network = _new_network(settings, len(vocabulary))
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            raise damaged(path, "its weights do not fit its own configuration") from error
        model = cls(**parameters)
        model.network_, model.vocabulary_, model.settings_ = network.eval(), vocabulary, settings
        return model

    def _prepare(self, sequence: Symbols) -> _Prepared:
        settings = check(LanguageModelSettings, self.get_params(), type(self).__name__)
        usable_device(settings.device)
        symbols = list(sequence)
        length = training_length(settings, len(symbols))
        vocabulary = Vocabulary.from_sequence(symbols[:length], order=settings.order, unknown=settings.unknown)
        ids = [vocabulary.encode(symbols[:length])]
        if length < len(symbols):
            try:
                ids.append(vocabulary.encode(symbols[length:], first=length + 1))
            except InputError as error:
                where = "It stands in the validation part, and the training part has none of it"
                raise InputError(f"{error} {where}: choose another split, or give unknown a symbol.") from error
        parts = [_tensors(windows(part, settings.window, targets=settings.targets), settings.device) for part in ids]
        return _Prepared(settings, symbols, vocabulary, parts)

    @torch.inference_mode()
    def _logits(self, sequences: Iterable[Symbols]) -> Tensor:
        """Logits [N, V] of the symbol after each sequence's last window."""
        self._check_fitted()
        window = self.settings_.window
        ids: list[Ids] = []
        for sequence in sequences:
            symbols = list(sequence)
            if len(symbols) < window:
                text = self.vocabulary_.join(symbols)
                raise InputError(f"{text!r} is {len(symbols)} long; a window of {window} symbols is needed.")
            ids.append(self.vocabulary_.encode(symbols[-window:], first=len(symbols) - window + 1))
        if not ids:
            return torch.empty(0, len(self.vocabulary_))
        inputs = torch.from_numpy(np.stack(ids)).to(self.settings_.device)
        return torch.cat([_last_step(self.network_(batch)) for batch in torch.split(inputs, PREDICTED_AT_ONCE)])


def _metadata(settings: LanguageModelSettings, vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "kind": LANGUAGE_MODEL,
        "format": FORMAT,
        "parameters": to_json(settings),
        "vocabulary": vocabulary.to_json(),
    }


def _new_network(settings: LanguageModelSettings, vocabulary_size: int) -> Network:
    device = usable_device(settings.device)
    try:
        with seeded(settings.seed, cuda=[]):
            encoder = (
                OneHot(vocabulary_size)
                if settings.encoding == "onehot"
                else Embedding(vocabulary_size, settings.embedding_dim)
            )
            network = build_network(
                encoder=encoder,
                cell=settings.cell,
                units=units_of_layers(settings),
                outputs=vocabulary_size,
                dropout=settings.dropout,
                return_sequences=settings.targets == "every",
            )
        return network.to(device)
    except RuntimeError as error:
        size = f"units={settings.units} and embedding_dim={settings.embedding_dim}"
        reason = str(error).splitlines()[0]
        raise InputError(f"a network of {size} cannot be made here ({reason}); take fewer.") from None


def training_length(settings: LanguageModelSettings, length: int) -> int:
    """How many symbols of the sequence are trained on; the rest is for validation."""
    validation = settings.validation
    held_out = round(validation * length) if isinstance(validation, float) else min(validation, length)
    if validation and min(held_out, length - held_out) <= settings.window:
        raise InputError(
            f"validation={validation} splits {length} symbols into {length - held_out} for training and {held_out} for "
            f"validation; with a window of {settings.window} each part needs at least {settings.window + 1}."
        )
    return length - held_out


def _tensors(samples: tuple[Ids, Ids], device: str) -> Data:
    inputs, targets = (torch.from_numpy(part).to(device) for part in samples)  # on the CPU still views
    return inputs, targets


def _last_step(logits: Tensor) -> Tensor:
    """[B, V] or [B, W, V] → [B, V]."""
    return logits if logits.dim() == 2 else logits[:, -1]


def _cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten())  # every step counts the same


def _accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    return (logits.argmax(dim=-1) == targets).float().mean()


def _last_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return _cross_entropy(_last_step(logits), targets)


def _last_accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    return _accuracy(_last_step(logits), targets)
