"""The letter cases: a sequence of letters, the accuracy next to a baseline, parameters and training curves."""

from collections.abc import Sequence
from typing import Any, ClassVar

from recurra.evaluation.baselines import most_frequent_accuracy
from recurra.files import replace_file
from recurra.language.language_model import LanguageModel
from recurra.language.prepare import Prepared, training_length
from recurra.report.parameters import parameters_text
from recurra.report.plots import training_curves
from recurra.runs.titles import layer_titles
from recurra.settings.cases import LettersSettings
from recurra.settings.check import to_json
from recurra.settings.language import LanguageModelSettings
from recurra.training import Callback, Run
from recurra.training.run_folder import PARAMETERS, SCORES

CURVES = "training.png"


class LettersCase:
    """A letter case: trains a model of the letters and reports its accuracy."""

    files: ClassVar[tuple[str, ...]] = (PARAMETERS, CURVES, SCORES)
    following: ClassVar[None] = None  # no series goes on
    asked_for: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: LettersSettings) -> None:
        self.settings, self.symbols = settings, sequence_of(settings)
        self.model = LanguageModel(**to_json(settings, LanguageModelSettings))
        self.prepared: Prepared | None = None

    def check(self) -> None:
        self.prepared = self.model.prepare(self.symbols)

    def check_begun(self, run: Run) -> None:
        """Do nothing: the letters follow from the settings, which the run keeps."""

    def fit(self, run: Run, callbacks: Sequence[Callback]) -> None:
        seconds = self.settings.save_every_seconds
        data = self.symbols if self.prepared is None else self.prepared
        self.model.fit(data, run=run, callbacks=callbacks, save_every_seconds=seconds)

    def report(self, run: Run, name: str) -> None:
        model = self.model
        replace_file(run.file(PARAMETERS), parameters_text(model.network_, model.vocabulary_.symbols).encode())
        title = _title(name, self.settings)
        training_curves(model.history_, model.best_epoch_, run.file(CURVES), title=title)
        run.write_json(SCORES, _scores(model, self.symbols))


def sequence_of(settings: LettersSettings) -> str:
    """Return the letters to learn: the alphabet and, for a ring, its first letters again."""
    if not settings.ring:
        return settings.alphabet
    length = len(settings.alphabet) + settings.window
    return (settings.alphabet * (-(-length // len(settings.alphabet))))[:length]


def _title(name: str, settings: LettersSettings) -> str:
    """Return a title that describes the settings, which may differ from those of the case."""
    letters = "1 letter" if settings.window == 1 else f"{settings.window} letters"
    encoder = "one-hot" if settings.encoding == "onehot" else f"Embedding({settings.embedding_dim})"
    return f"{name}: {letters} → the next, by {' → '.join([encoder, *layer_titles(settings)])}"


def _scores(model: LanguageModel, symbols: str) -> dict[str, Any]:
    """Return the accuracy on each part, next to that of always predicting the most frequent letter."""
    length = training_length(model.settings_, len(symbols))
    parts = {"training": symbols[:length]} | ({"validation": symbols[length:]} if length < len(symbols) else {})
    window = model.settings_.window
    scores: dict[str, Any] = {"best_epoch": model.best_epoch_}
    for name, part in parts.items():
        accuracy = model.score(part)
        baseline = most_frequent_accuracy(part[window:], parts["training"][window:])
        scores[name] = {
            "predictions": len(part) - window,
            "accuracy": accuracy,
            "most_frequent_accuracy": baseline,
            "ratio": accuracy / baseline if baseline else None,
        }
    return scores
