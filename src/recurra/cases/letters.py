"""A letters case from its settings to a finished run folder, and back from there."""

import platform
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
from recurra.report.parameters import parameters_text
from recurra.report.plots import training_curves
from recurra.training import Callback, Run
from recurra.training.run import MODEL, Mode

PARAMETERS, SCORES, CURVES = "parameters.txt", "scores.json", "training.png"


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
    with Run(out, mode) as run:
        is_resumed = "settings" in run.info
        settings = _resumed_settings(run, case, overrides) if is_resumed else case.settings(overrides)
        if run.info.get("status") == "finished" and run.info["settings"] == settings.model_dump():
            return TrainedRun(out, load(out / MODEL), was_finished=True)
        versions = {name: version(name) for name in ("recurra", "torch", "numpy")}
        versions["python"] = platform.python_version()
        run.record(case=case.name, settings=settings.model_dump(), versions=versions, status="training")
        model = LanguageModel(**settings.model_dump(include=set(LanguageModelSettings.model_fields)))
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
    units = " + ".join(map(str, settings.units))
    letters = "1 letter" if settings.window == 1 else f"{settings.window} letters"
    return f"{case.name}: {letters} → the next; {settings.encoding}, {settings.cell} of {units} units"


def _resumed_settings(run: Run, case: Case, overrides: Mapping[str, Any]) -> LettersSettings:
    """The settings that the run began with, with more epochs if asked."""
    begun = run.info.get("case", "none, begun from Python")
    if begun != case.name:
        raise InputError(f"{run.path}: is a run of case {begun}, not of {case.name}; choose another --out.")
    settings = check(case.settings_type, run.info["settings"], f"{run.path}/run.json")
    asked = check(case.settings_type, {**run.info["settings"], **overrides}, "command line")
    for name in overrides:
        old, new = getattr(settings, name), getattr(asked, name)
        if old == new or (name == "epochs" and new > old):
            continue
        only = "epochs can only grow" if name == "epochs" else "only epochs can change"
        raise InputError(
            f"{run.path}: the run has {name} {old!r}, not {new!r}; when a run is resumed {only}. "
            "Use --overwrite, or another --out."
        )
    return asked


def _scores(model: LanguageModel, symbols: str) -> dict[str, Any]:
    best = model.history_[model.best_epoch_ - 1]
    held_out: dict[str, Any] = {name: best[name] for name in ("val_loss", "val_accuracy") if name in best}
    return {
        "accuracy": model.score(symbols),
        "most_frequent_accuracy": most_frequent_accuracy(symbols[model.settings_.window :]),
        "best_epoch": model.best_epoch_,
        **held_out,
    }
