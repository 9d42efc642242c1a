"""LanguageModel: reads a window of symbols and predicts the next one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import tee
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Literal, Unpack

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from recurra.errors import InputError, InputTypeError, counted, shown
from recurra.files import path_of
from recurra.language.beam_search import beam_search
from recurra.language.generation import Sampling, generated
from recurra.language.inside import Follower, Inside, followers, inside
from recurra.language.prepare import Prepared, Symbols, prepared, samples_of_ids
from recurra.language.scores import accuracy, logits_after, losses
from recurra.language.text import Text
from recurra.language.vocabulary import Ids, Vocabulary, check_symbol, symbols_of
from recurra.models.estimator import Estimator
from recurra.models.fitting import check_fit_arguments, fit_networks
from recurra.models.model_file import LANGUAGE_MODEL, checked_part, named, read_model, settings_of
from recurra.models.networks import made, made_with_weights
from recurra.nn.arguments import check_size
from recurra.nn.encoders import Embedding, OneHot
from recurra.nn.heads import Categorical
from recurra.nn.network import Network, build_network
from recurra.settings.base import ListOf, Settings
from recurra.settings.check import check, names_of, to_json
from recurra.settings.language import LanguageModelSettings
from recurra.settings.network import NamedCell, units_of_layers
from recurra.settings.sampling import SamplingSettings
from recurra.tensor_files import write_tensors
from recurra.threads import one_thread
from recurra.training import Callback, RangeTest, Run, learning_rate_range_test
from recurra.training.batches import EVALUATED_AT_ONCE
from recurra.training.loop import score
from recurra.training.process import seeded

FORMAT = 1  # of the saved file


@dataclass(frozen=True, kw_only=True)
class VocabularyDescription(Settings):
    """The vocabulary of a saved model; see `Vocabulary`."""

    symbols: Annotated[ListOf[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    unknown: str | None
    tokenizer: dict[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Description(Settings):
    """What a file holds besides weights.

    Attributes:
        parameters: settings of the fit; see `LanguageModelSettings`.
        vocabulary: symbols and the symbol of unknown ones; see `Vocabulary`.
    """

    kind: Literal["language-model"]
    format: Literal[1]
    parameters: dict[str, Any]
    vocabulary: dict[str, Any]


class LanguageModel(Estimator, LanguageModelSettings):
    """Recurrent network that predicts the next symbol of a sequence.

    Attributes:
        vocabulary_: symbols of the training part, with their ids.
        network_: fitted network with the weights of the best epoch; it returns logits.
        settings_: validated parameters with which the model was fitted.
        history_: one record per epoch of `fit`: loss, accuracy, and with validation val_loss, val_accuracy.
        best_epoch_: epoch of `fit` whose weights the network has, counted from 1.

    Example:
        >>> model = LanguageModel(units=16, epochs=100, learning_rate=0.05).fit("abcde" * 4)
        >>> model.predict("c")
        'd'
        >>> model.score("abcdeabcde")
        1.0
    """

    def fit(
        self,
        sequence: "Symbols | Text | Prepared",
        y: None = None,
        *,
        run: Run | None = None,
        callbacks: Sequence[Callback] = (),
        save_every_seconds: float = 1.0,
    ) -> "LanguageModel":
        """Fit the model to one sequence.

        Args:
            sequence: string or list of symbols, longer than the window; with mode="stream" a string or a `FileText`; or
                what `prepare` returned.
            y: None; scikit-learn passes it. The targets are the next symbols of the sequence.
            run: run folder to which training is saved; training continues if the run has begun.
            callbacks: see `Callback`.
            save_every_seconds: minimum number of seconds between two saves of the run; it is always saved at the end.

        Returns:
            The fitted model itself.

        Raises:
            InputError: if a parameter is invalid, the sequence is too short, or it differs from that of the run.
            DivergenceError: if the loss becomes NaN or infinite.
        """
        self._check_no_target(y)
        arguments = check_fit_arguments(type(self).__name__, run, callbacks, save_every_seconds)
        settings, vocabulary, parts, fingerprint, _ = self._prepared(sequence)
        network = made(lambda: _new_network(settings, len(vocabulary)), settings)
        head = Categorical(len(vocabulary))
        metadata = _metadata(settings, vocabulary)
        (state,) = fit_networks(
            [network],
            parts,
            settings,
            loss=head.loss,
            metrics={"accuracy": head.accuracy},
            fingerprint=fingerprint,
            write_model=lambda path, states: write_tensors(path, states[0].result(best=True), metadata),
            run=run,
            callbacks=arguments.callbacks,
            save_every_seconds=arguments.save_every_seconds,
        )
        network.load_state_dict(state.result(best=True))
        self.network_ = network.eval()
        self.vocabulary_, self.settings_ = vocabulary, settings
        self.history_, self.best_epoch_ = state.history, state.best_epoch
        return self

    def learning_rate_range_test(self, sequence: "Symbols | Text | Prepared", *, steps: int = 200) -> RangeTest:
        """Find which learning rates suit `fit`, by a short training of another network whose rate grows.

        Args:
            sequence: see `fit`.
            steps: number of updates of the weights.

        Raises:
            InputError: if a parameter is invalid, the sequence is too short, or there are fewer than two steps.

        Example:
            >>> text = "abcde" * 40
            >>> model = LanguageModel(mode="stream", units=16, window=5, batch_size=4, epochs=30)
            >>> model.learning_rate = model.learning_rate_range_test(text).suggestion
            >>> model.fit(text).predict("c")
            'd'
        """
        settings, vocabulary, parts, *_ = self._prepared(sequence)
        network = made(lambda: _new_network(settings, len(vocabulary)), settings)
        loss = Categorical(len(vocabulary)).loss
        with one_thread():
            return learning_rate_range_test(network, parts[0], loss=loss, options=settings, steps=steps)

    def prepare(self, sequence: Symbols | Text, *, folder: Path | None = None) -> Prepared:
        """Check everything that `fit` checks before training, and return what `fit` takes in place of the sequence.

        Args:
            sequence: see `fit`.
            folder: where a temporary file for a large text is made; None: where the system has such files.

        Raises:
            InputError: if a parameter is invalid, or the sequence is too short.
        """
        found = self._prepare(sequence, folder)
        made(lambda: _new_network(found.settings, len(found.vocabulary)), found.settings)
        return found

    def _checked(self) -> LanguageModelSettings:
        return check(LanguageModelSettings, self.get_params(), type(self).__name__)

    def _prepared(self, sequence: "Symbols | Text | Prepared") -> Prepared:
        """Return a sequence prepared; one that is prepared already must have been so with the same parameters."""
        if not isinstance(sequence, Prepared):
            return self._prepare(sequence)
        if sequence.settings != self._checked():
            raise InputError(
                f"{type(self).__name__}: the sequence was prepared with other parameters; call prepare again."
            )
        return sequence

    def _prepare(self, sequence: Symbols | Text, folder: Path | None = None) -> Prepared:
        return prepared(sequence, self._checked(), folder)

    def predict(self, sequence: Symbols) -> str:
        """Return the most probable symbol after the last `window` symbols of `sequence`, or in a stream after all.

        Raises:
            InputError: if the sequence is shorter than the window or contains an unknown symbol.
            NotFittedError: if the model is not fitted.
        """
        return self.predict_many([sequence])[0]

    def predict_many(self, sequences: Iterable[Symbols]) -> list[str]:
        """Return the result of `predict` for each of several sequences."""
        best = self._logits(sequences).argmax(dim=-1).tolist()
        return self.vocabulary_.decode(best)

    @one_thread(brief=True)
    def predict_proba(self, sequence: Symbols) -> dict[str, float]:
        """Return the probability of each known symbol to be next; for arguments and errors, see `predict`."""
        logits = self._logits([sequence])[0]
        probabilities = Categorical(len(self.vocabulary_)).probabilities(logits).tolist()
        return dict(zip(self.vocabulary_.symbols, probabilities, strict=True))

    @one_thread()
    def score(self, sequence: Symbols, y: None = None) -> float:
        """Return the accuracy: the fraction of symbols predicted correctly from the `window` symbols before them.

        In a stream, each symbol but the first is predicted from all before it.
        """
        self._check_no_target(y)
        self._check_fitted()
        ids = self.vocabulary_.encode(sequence)
        if self.settings_.mode == "stream":
            return accuracy(self.network_, ids)
        data = samples_of_ids(ids, self.settings_, "last")
        of = Categorical(len(self.vocabulary_)).accuracy
        return score(self.network_, data, lambda output, target: of(_last_step(output), target))["loss"]

    def generate(self, prompt: Symbols | None = None, **sampling: Unpack[Sampling]) -> Iterator[str]:
        """Write a text symbol by symbol, without end: `"".join(islice(model.generate("abc"), 100))`.

        Args:
            prompt: what the text goes on from; None: a line break, or the first symbol if the vocabulary has none.
            **sampling: `temperature`, `top_k`, `top_p`, `min_p` and `seed`; see `SamplingSettings`.

        Yields:
            The characters of the next symbol; "" where a byte-pair code ends inside a character.

        Raises:
            InputError: if the model reads windows, the prompt is empty or contains an unknown symbol, or an argument is
                invalid.
            NotFittedError: if the model is not fitted.
        """
        self._check_reads_streams("generate")
        settings = check(SamplingSettings, sampling, f"{type(self).__name__}.generate", noun="argument")
        found = generated(self.network_, self._prompt(prompt), settings, without=self._unknown)
        return self.vocabulary_.pieces(symbol for (symbol,) in found)

    def generate_many(
        self, prompt: Symbols | None = None, *, count: int, **sampling: Unpack[Sampling]
    ) -> Iterator[tuple[str, ...]]:
        """Write several texts at once, which takes less time than one after the other.

        Args:
            prompt: see `generate`.
            count: number of texts.
            **sampling: see `generate`; `seed` is that of the first text, and those after it have the seeds after it.
                Each text is the one that `generate` writes with its seed.

        Yields:
            The next characters of each text; "" where a byte-pair code ends inside a character.

        Raises:
            InputError: see `generate`; or the count is less than 1.
            NotFittedError: if the model is not fitted.

        Example:
            >>> model = LanguageModel(mode="stream", units=16, window=5, epochs=30, learning_rate=0.03, batch_size=4)
            >>> from itertools import islice
            >>> texts = zip(*islice(model.fit("abcde" * 40).generate_many("a", count=2, temperature=0.1), 4))
            >>> ["".join(text) for text in texts]
            ['bcde', 'bcde']
        """
        self._check_reads_streams("generate_many")
        where = f"{type(self).__name__}.generate_many"
        count = check_size(where, "count", count)
        settings = check(SamplingSettings, sampling, where, noun="argument")
        check(SamplingSettings, {"seed": settings.seed + count - 1}, where, noun="argument")
        found = generated(self.network_, self._prompt(prompt), settings, texts=count, without=self._unknown)
        of_each = (map(itemgetter(number), symbols) for number, symbols in enumerate(tee(found, count)))
        return zip(*map(self.vocabulary_.pieces, of_each), strict=True)

    @one_thread()
    def beam_search(self, prompt: Symbols | None = None, *, length: int, beams: int = 5) -> list[tuple[str, float]]:
        """Search for the most probable texts of a length, keeping the best few beginnings at each symbol.

        Args:
            prompt: see `generate`.
            length: number of symbols of each text.
            beams: number of beginnings that are kept; a beam of 1 is `generate` with a temperature of 0.

        Returns:
            Texts after the prompt, at most `beams`, each with -ln of its probability in nats; the most probable one is
            the first. That none is more probable is certain only if as many are kept as there are texts. A character
            that byte-pair codes have begun at the end is left out.

        Raises:
            InputError: if the model reads windows, the prompt is empty or contains an unknown symbol, or a number is
                less than 1.
            NotFittedError: if the model is not fitted.

        Example:
            >>> model = LanguageModel(mode="stream", units=16, window=5, epochs=30, learning_rate=0.03, batch_size=4)
            >>> (text, _), *others = model.fit("abcde" * 40).beam_search("a", length=4)
            >>> text
            'bcde'
        """
        self._check_reads_streams("beam_search")
        for name, value in {"length": length, "beams": beams}.items():
            check_size(f"{type(self).__name__}.beam_search", name, value)
        ids = self._prompt(prompt)
        found = beam_search(self.network_, ids, length=length, beams=beams, without=self._unknown)
        best: dict[str, float] = {}
        for continuation in found:  # byte-pair codes may differ in a character that is not complete
            best.setdefault("".join(self.vocabulary_.pieces(continuation.symbols)), continuation.nats)
        return list(best.items())

    def _prompt(self, prompt: Symbols | None) -> list[int]:
        """Return the ids of a prompt; by default a line break, or the first symbol if the vocabulary has none."""
        vocabulary = self.vocabulary_
        if prompt is None:
            prompt = ["\n" if "\n" in vocabulary else vocabulary.symbols[0]]
        ids: list[int] = vocabulary.encode(prompt).tolist()
        if not ids:
            raise InputError("the prompt is empty; give at least one symbol, or leave it out.")
        return ids

    @property
    def _unknown(self) -> int | None:
        """The id of the symbol of unknown ones, which is never written; None if there is none."""
        return None if self.vocabulary_.unknown is None else len(self.vocabulary_) - 1

    def surprise(self, text: Symbols) -> list[tuple[str, float]]:
        """Return each symbol of a text but the first with its surprise: -ln of the probability that it had, in nats.

        A symbol outside the vocabulary has the probability of `unknown`.

        Raises:
            InputError: if the model reads windows, or the text has fewer than two symbols, or an unknown one.
            NotFittedError: if the model is not fitted.
        """
        self._check_reads_streams("surprise")
        ids = self.vocabulary_.encode(text)
        if len(ids) < 2:
            raise InputError(f"the text has {counted(len(ids), 'symbol')}; at least two are needed.")
        found = losses(self.network_, ids).tolist()
        return list(zip(self.vocabulary_.cut(text)[1:], found, strict=True))

    @one_thread()
    def inside(self, text: str, *, guesses: int = 3) -> Inside:
        """Read a text and return what each unit held after each symbol, and what the model expected in its place.

        Args:
            text: the text, of at least one symbol.
            guesses: number of most probable symbols at each place.

        Raises:
            InputError: if the model reads windows, or the text is empty or has an unknown symbol.
            NotFittedError: if the model is not fitted.

        Example:
            >>> model = LanguageModel(mode="stream", cell="gru", units=8, window=5, steps=200, learning_rate=0.05)
            >>> seen = model.fit("abcde" * 100).inside("abcd", guesses=1)
            >>> seen.units["gru"].shape, [best[0][0] for best in seen.guesses[1:]]
            ((4, 8), ['b', 'c', 'd', 'e'])
        """
        self._check_reads_streams("inside")
        check_size(f"{type(self).__name__}.inside", "guesses", guesses)
        return inside(self.network_, self.vocabulary_, text, guesses=guesses)

    @one_thread()
    def followers(self, text: str) -> list[Follower]:
        """Find the unit that best follows each of some things in a text: quotes, line, indentation and brackets.

        What these are says `recurra.language.followed`. A unit is chosen on the first half of the text and scored on
        the second, so that the best of hundreds is no accident.

        Args:
            text: a text, best one that the model has not learned from.

        Returns:
            One follower for each thing that is not too rare in the text, best first; none if the text has fewer than
            1,000 symbols.

        Raises:
            InputError: if the model reads windows, or the text has an unknown symbol.
            NotFittedError: if the model is not fitted.
        """
        self._check_reads_streams("followers")
        return followers(self.network_, self.vocabulary_, text)

    def save(self, path: str | Path) -> None:
        """Save the fitted model to one safetensors file.

        Raises:
            NotFittedError: if the model is not fitted.
            InputError: if the file cannot be written; an existing file is left unchanged.
        """
        self._check_fitted()
        write_tensors(path_of(path), self.network_.state_dict(), _metadata(self.settings_, self.vocabulary_))

    @classmethod
    def load(
        cls, path: str | Path, *, device: str | None = None, cells: Mapping[str, NamedCell] | None = None
    ) -> "LanguageModel":
        """Load a model that `save` wrote.

        Args:
            path: the file.
            device: device of the network; None for the device that it was trained on.
            cells: user-defined cells by name; see `recurra.load`.

        Raises:
            InputError: if there is no such file, it is damaged or is not such a model, or its cell is unknown.
        """
        path = path_of(path)
        weights, described = read_model(path, Description, LANGUAGE_MODEL, FORMAT, {})
        settings = settings_of(path, LanguageModelSettings, described.parameters, device, cells)
        symbols = checked_part(VocabularyDescription, described.vocabulary, path, "vocabulary")
        with named(path):
            vocabulary = Vocabulary.from_json(to_json(symbols))
        network = made_with_weights(path, lambda: _new_network(settings, len(vocabulary)), settings, weights)
        model = cls(**{name: getattr(settings, name) for name in names_of(LanguageModelSettings)})
        model.network_, model.vocabulary_, model.settings_ = network.eval(), vocabulary, settings
        return model

    def _check_reads_streams(self, method: str) -> None:
        self._check_fitted()
        if self.settings_.mode != "stream":
            raise InputError(
                f"{type(self).__name__}.{method}: this model was trained on windows of "
                f'{counted(self.settings_.window, "symbol")}; it needs one that was trained with mode="stream".'
            )

    def _check_no_target(self, y: object) -> None:
        if y is not None:
            raise InputError(
                f"{type(self).__name__}: y was given; the targets are the next symbols of the sequence: leave y out."
            )

    @torch.inference_mode()
    def _logits(self, sequences: Iterable[Symbols]) -> Tensor:
        """Return logits [N, V] of the symbol after the last window of each sequence."""
        self._check_fitted()
        if not isinstance(sequences, Iterable):
            raise InputTypeError(f"the sequences are {shown(sequences)}; expected a list of them.")
        is_stream = self.settings_.mode == "stream"
        window = 1 if is_stream else self.settings_.window
        ids: list[Ids] = []
        for sequence in sequences:
            symbols = (
                self.vocabulary_.split(sequence) if is_stream and isinstance(sequence, str) else symbols_of(sequence)
            )
            if len(symbols) < window:
                for symbol in symbols:
                    check_symbol(symbol)
                text = self.vocabulary_.join(symbols)
                raise InputError(f"{text!r} is {len(symbols)} long; a window of {counted(window, 'symbol')} is needed.")
            read = len(symbols) if is_stream else window
            ids.append(self.vocabulary_.encode(symbols[-read:], first=len(symbols) - read + 1))
        if not ids:
            return torch.empty(0, len(self.vocabulary_))
        if self.settings_.mode == "stream":
            return torch.stack([logits_after(self.network_, own) for own in ids])
        inputs = torch.from_numpy(np.stack(ids)).to(self.settings_.device)
        with one_thread(brief=len(inputs) <= EVALUATED_AT_ONCE):
            return torch.cat([_last_step(self.network_(batch)) for batch in torch.split(inputs, EVALUATED_AT_ONCE)])


def _metadata(settings: LanguageModelSettings, vocabulary: Vocabulary) -> dict[str, Any]:
    return {
        "kind": LANGUAGE_MODEL,
        "format": FORMAT,
        "parameters": to_json(settings),
        "vocabulary": vocabulary.to_json(),
    }


def _new_network(settings: LanguageModelSettings, vocabulary_size: int) -> Network:
    with seeded(settings.seed, cuda=[]):
        encoder = (
            OneHot(vocabulary_size)
            if settings.encoding == "onehot"
            else Embedding(vocabulary_size, settings.embedding_dim)
        )
        return build_network(
            encoder=encoder,
            cell=settings.cell,
            units=units_of_layers(settings),
            outputs=vocabulary_size,
            dropout=settings.dropout,
            variational=settings.variational,
            recurrent_dropout=settings.recurrent_dropout,
            weight_dropout=settings.weight_dropout,
            return_sequences=settings.targets == "every" or settings.mode == "stream",
            residual=settings.residual,
            tied=settings.tied,
            layer_norm=settings.layer_norm,
        )


def _last_step(logits: Tensor) -> Tensor:
    """[B, V] or [B, W, V] → [B, V]."""
    return logits if logits.dim() == 2 else logits[:, -1]
