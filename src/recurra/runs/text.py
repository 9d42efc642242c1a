"""The text cases: a text as a stream, its scores next to simpler guesses, and training curves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from recurra.errors import InputError, shown_path
from recurra.language.corpus import fingerprint_of, held_out
from recurra.language.language_model import LanguageModel
from recurra.language.prepare import Prepared
from recurra.language.scores import carried, cold, dynamic, frequencies
from recurra.language.streams import StreamBatches
from recurra.language.text import STANDARD_INPUT
from recurra.language.text_sources import text_of
from recurra.language.vocabulary import UnknownSymbolError
from recurra.report.plots import training_curves
from recurra.runs.titles import layer_titles
from recurra.settings.cases import TextSettings
from recurra.settings.check import check, to_json
from recurra.settings.language import LanguageModelSettings
from recurra.training import Callback, RangeTest, Run
from recurra.training.run_folder import INFO, SCORES

CURVES = "training.png"
STUDIED = 20_000  # characters, which a network of any size reads within seconds


class TextCase:
    """A text case: trains a model of a text and scores it.

    Args:
        settings: settings of the case.
        out: the run folder, beside which a temporary file for a large text is made.
    """

    files: ClassVar[tuple[str, ...]] = (CURVES, SCORES)
    following: ClassVar[None] = None  # no series goes on
    asked_for: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: TextSettings, out: Path) -> None:
        self.settings = settings
        self.folder = next(parent for parent in out.absolute().parents if parent.is_dir())
        self.model = LanguageModel(**to_json(settings, LanguageModelSettings))
        self.prepared: Prepared | None = None

    def check(self) -> None:
        self.prepared = self._prepare()

    def check_begun(self, run: Run) -> None:
        self.prepared = self._prepare()
        if run.info.get("data", self.prepared.fingerprint()) != self.prepared.fingerprint():
            raise InputError(
                f"{run.path}: the run began with another text; give the same text, or start over with --overwrite."
            )

    def _prepare(self) -> Prepared:
        settings = self.settings
        text = text_of(settings.data, encoding=settings.text_encoding, bad_bytes=settings.bad_bytes)
        return self.model.prepare(text, folder=self.folder)

    def range_test(self) -> RangeTest:
        """Find which learning rates suit the training."""
        return self.model.learning_rate_range_test(self._prepare())

    def fit(self, run: Run, callbacks: Sequence[Callback]) -> None:
        assert self.prepared is not None
        seconds = self.settings.save_every_seconds
        self.model.fit(self.prepared, run=run, callbacks=callbacks, save_every_seconds=seconds)

    def report(self, run: Run, name: str) -> None:
        model = self.model
        training_curves(model.history_, model.best_epoch_, run.file(CURVES), title=_title(name, self.settings))
        run.write_json(SCORES, self._scores())

    def _scores(self) -> dict[str, Any]:
        """Return the scores of the validation part, beside guesses from how often each symbol occurs in training."""
        assert self.prepared is not None
        scores: dict[str, Any] = {"best_epoch": self.model.best_epoch_}
        if len(self.prepared.parts) == 1:
            return scores
        _, validation = self.prepared.parts
        assert isinstance(validation, StreamBatches) and self.prepared.counts is not None
        ids, network, text = validation.ids, self.model.network_, self.prepared.vocabulary
        found = {"carried": carried(network, ids), "cold": cold(network, ids)}
        if self.settings.dynamic:
            found["dynamic"] = dynamic(network, ids)
        found["frequencies"] = frequencies(self.prepared.counts, ids)
        characters = len(text.join(text.decode(ids[1:])))
        scores["validation"] = {"symbols": len(ids) - 1, "characters": characters} | {
            name: score.to_json(characters) for name, score in found.items()
        }
        return scores


def _title(name: str, settings: TextSettings) -> str:
    """Return a title that describes the settings, which may differ from those of the case."""
    return f"{name}: the next of {settings.tokens}, by {' → '.join(layer_titles(settings))}"


def end_of_text(run: Run, model: LanguageModel) -> str:
    """Read the text of a run again, and return the last 20,000 characters, or those of its validation part.

    Args:
        run: the run.
        model: its model.

    Raises:
        InputError: it is no run of a text case, its text was standard input, or that cannot be read again or is another
            one now.
    """
    given = run.info.get("settings")
    if given is None or "case" not in run.info:
        raise InputError(f"{run.path} was begun from Python, and does not know where its text is.")
    settings = check(TextSettings, given, str(run.path / INFO))
    if settings.data == STANDARD_INPUT:
        raise InputError(f"{run.path} has read standard input, which is not kept.")
    # bad bytes that the run did not allow are those of another text
    text = text_of(settings.data, encoding=settings.text_encoding, bad_bytes="replace")
    try:
        same = fingerprint_of(text, model.settings_, model.vocabulary_) == run.info["data"]
    except UnknownSymbolError:
        same = False
    if not same:
        where = "Python's standard library" if settings.data is None else shown_path(settings.data)
        raise InputError(f"{where} is another text now than {run.path} has read.")
    length, end = 0, ""
    for piece in text.pieces():
        length, end = length + len(piece), (end + piece)[-STUDIED:]
    return end[-(held_out(settings, length) or STUDIED) :]
