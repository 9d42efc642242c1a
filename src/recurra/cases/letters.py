"""A letters case from its settings to a finished run folder, and back from there."""

import contextlib
import platform
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recurra.cases.catalog import Case
from recurra.config import LanguageModelSettings, LettersSettings, check
from recurra.errors import InputError
from recurra.evaluation.baselines import most_frequent_accuracy
from recurra.files import replace_file
from recurra.models import LanguageModel, load
from recurra.models.language_model import training_length
from recurra.nn.network import CELLS
from recurra.report.parameters import parameters_text
from recurra.report.plots import training_curves
from recurra.training import Callback, Run
from recurra.training.run import INFO, MODEL, PARAMETERS, SCORES, Mode

CURVES = "training.png"


@dataclass(frozen=True)
class TrainedRun:
    """A finished run."""

    path: Path
    model: LanguageModel
    was_finished: bool  # before this call, so that there was nothing to do


def train_letters(
    case: Case,
    overrides: Mapping[str, Any],
    out: Path,
    *,
    mode: Mode = "new",
    callbacks: Sequence[Callback] = (),
) -> TrainedRun:
    """Train a case in a run folder, score it, and write its parameters and plots.

    Args:
        case: which one.
        overrides: settings over those of the case. A run that is resumed has its own settings, of which only
            `epochs` can be changed, to more.
        out: the run folder.
        mode: "new", "resume" or "overwrite"; see `Run`.
        callbacks: see `Callback`.

    Raises:
        InputError: see `Run`, `LettersSettings` and `LanguageModel.fit`.
    """
    settings: LettersSettings | None = None
    model: LanguageModel | None = None
    if mode != "resume" or not (out / INFO).is_file():
        settings, model = _fresh(case, overrides)  # faults come to light before any file changes
    with Run(out, mode) as run:
        begun = run.info.get("settings")
        if begun is not None:
            _check_same_case(run, case)
            settings = check(case.settings_type, {**begun, **overrides}, case.source)
            if begun == settings.model_dump() and run.info.get("status") == "finished":
                with contextlib.suppress(InputError):  # a model that is lost or damaged is made again from the state
                    return TrainedRun(out, load(out / MODEL, device="cpu"), was_finished=True)
            model = _model_of(settings)
        elif settings is None or model is None:
            settings, model = _fresh(case, overrides)
        run.settle(settings.model_dump(), case=case.name, versions=_versions(run), status="training")
        symbols = sequence_of(settings)
        model.fit(symbols, run=run, callbacks=callbacks, save_every_seconds=settings.save_every_seconds)

        replace_file(out / PARAMETERS, parameters_text(model.network_, model.vocabulary_.symbols).encode())
        training_curves(model.history_, model.best_epoch_, out / CURVES, title=_title(case, settings))
        run.write_json(SCORES, _scores(model, symbols))
        run.record(status="finished")
    return TrainedRun(out, model, was_finished=False)


def sequence_of(settings: LettersSettings) -> str:
    """The letters to learn: the alphabet, and for a ring its beginning again."""
    if not settings.ring:
        return settings.alphabet
    length = len(settings.alphabet) + settings.window
    return (settings.alphabet * (-(-length // len(settings.alphabet))))[:length]


def _title(case: Case, settings: LettersSettings) -> str:
    """What was trained, as it was set, which may be far from what the case is by itself."""
    letters = "1 letter" if settings.window == 1 else f"{settings.window} letters"
    encoder = "one-hot" if settings.encoding == "onehot" else f"Embedding({settings.embedding_dim})"
    layers = [f"{CELLS[settings.cell].__name__}({units})" for units in settings.units]
    return f"{case.name}: {letters} → the next, by {' → '.join([encoder, *layers])}"


def _fresh(case: Case, overrides: Mapping[str, Any]) -> tuple[LettersSettings, LanguageModel]:
    """The settings of a training that begins, and its model; everything that can be checked before is."""
    settings = case.settings(overrides)
    model = _model_of(settings)
    model.check(sequence_of(settings))
    return settings, model


def _model_of(settings: LettersSettings) -> LanguageModel:
    return LanguageModel(**settings.model_dump(include=set(LanguageModelSettings.model_fields)))


def _check_same_case(run: Run, case: Case) -> None:
    begun = run.info.get("case", "none, begun from Python")
    if begun != case.name:
        raise InputError(f"{run.path}: is a run of case {begun}, not of {case.name}; choose another --out.")


def _versions(run: Run) -> dict[str, str]:
    """What the run is made with; a warning if it had begun with something else."""
    versions = {name: version(name) for name in ("recurra", "torch", "numpy")} | {"python": platform.python_version()}
    for name, begun in run.info.get("versions", {}).items():
        if begun != versions.get(name, begun):
            warnings.warn(
                f"{run.path}: began with {name} {begun} and goes on with {versions[name]}; "
                "the result may differ in its last digits.",
                stacklevel=2,
            )
    return versions


def _scores(model: LanguageModel, symbols: str) -> dict[str, Any]:
    """Accuracy on the training part, and on the validation part if there is one, beside what needs no model."""
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
