"""Train a case: from its settings to a finished run folder."""

import contextlib
import platform
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from recurra.cases.catalog import Case
from recurra.errors import InputError
from recurra.language.language_model import LanguageModel
from recurra.runs.load import load
from recurra.settings.cases import CaseSettings, LettersSettings, SeriesSettings, TextSettings
from recurra.settings.check import check, completed, to_json
from recurra.training import Callback, Run
from recurra.training.run_folder import FINISHED, INFO, METRICS, MODEL, Mode
from recurra.training.state_names import state_names

if TYPE_CHECKING:
    import pandas as pd

    from recurra.forecasting.forecaster import Forecaster


@dataclass(frozen=True)
class TrainedRun:
    """A finished run.

    Attributes:
        path: the run folder.
        model: the trained model.
        was_finished: whether the run was finished before, so that nothing was trained.
        following: the next values of its series, if they have been predicted.
    """

    path: Path
    model: "LanguageModel | Forecaster"
    was_finished: bool
    following: "pd.DataFrame | None" = None


class Work(Protocol):
    """Steps of a kind of case. The constructor raises an InputError if the data is invalid."""

    files: ClassVar[tuple[str, ...]]  # names of the files that `report` writes

    @property
    def asked_for(self) -> Sequence[str]:
        """Names of files that `report` writes on request, without which a run is not finished."""

    @property
    def model(self) -> "LanguageModel | Forecaster": ...
    @property
    def following(self) -> "pd.DataFrame | None": ...
    def check(self) -> None:
        """Raise the errors that `fit` would raise before training, without changing anything."""

    def check_begun(self, run: Run) -> None:
        """Raise an InputError if the run began with other data."""

    def fit(self, run: Run, callbacks: Sequence[Callback]) -> None:
        """Train in the run folder."""

    def report(self, run: Run, name: str) -> None:
        """Write scores, parameters and plots to the run folder."""


def train_case(
    case: Case,
    overrides: Mapping[str, Any],
    out: Path,
    *,
    mode: Mode = "new",
    callbacks: Sequence[Callback] = (),
) -> TrainedRun:
    """Train a case in a run folder, score it, and write its parameters and plots.

    Args:
        case: the case.
        overrides: settings that replace those of the case. A resumed run has its own settings, of which only `epochs`
            can be changed, and only to more.
        out: the run folder.
        mode: "new", "resume" or "overwrite"; see `Run`.
        callbacks: see `Callback`.

    Raises:
        InputError: see `Run`, `LettersSettings`, `SeriesSettings`, and the models' `fit`.
    """
    fresh: tuple[CaseSettings, Work] | None = None
    if mode != "resume" or not (out / INFO).is_file():
        fresh = _fresh(case, overrides, out)  # raises errors before any file changes
        _check_input_is_kept(*fresh, out)
    with Run(out, mode) as run:
        begun = run.info.get("settings")
        if begun is not None:
            _check_same_case(run, case)
            begun = run.info["settings"] = completed(begun, case.settings_type, str(out / INFO))
            settings = check(case.settings_type, {**begun, **overrides}, case.source, flags=overrides.keys())
            work = _work(settings, out)
            work.check_begun(run)
            done = run.info.get("status") == FINISHED and not run.missing
            if begun == to_json(settings) and done and run.has(*work.asked_for):
                with contextlib.suppress(InputError):  # a lost or damaged model is written again from the state
                    return TrainedRun(out, load(out / MODEL, device="cpu"), was_finished=True)
        else:
            settings, work = fresh or _fresh(case, overrides, out)
        run.check_free(*_files(settings, work))  # before training, so that a conflict does not waste it
        run.settle(to_json(settings), case=case.name, versions=_versions(run), status="training")
        work.fit(run, callbacks)
        work.report(run, case.name)
        run.finish()
    return TrainedRun(out, work.model, was_finished=False, following=work.following)


def _work(settings: CaseSettings, out: Path) -> Work:
    if isinstance(settings, LettersSettings):
        from recurra.runs.letters import LettersCase

        return LettersCase(settings)
    if isinstance(settings, TextSettings):
        from recurra.runs.text import TextCase

        return TextCase(settings, out)
    from recurra.runs.series import SeriesCase

    assert isinstance(settings, SeriesSettings)
    return SeriesCase(settings)


def _fresh(case: Case, overrides: Mapping[str, Any], out: Path) -> tuple[CaseSettings, Work]:
    """Return the settings of a new run and its work, checked as far as that is possible before training."""
    settings = case.settings(overrides)
    work = _work(settings, out)
    work.check()
    return settings, work


def _files(settings: CaseSettings, work: Work) -> list[str]:
    """Return the names of the files that a run of these settings writes, except run.json."""
    networks = settings.ensemble_size if isinstance(settings, SeriesSettings) else 1
    return [*state_names(networks), METRICS, MODEL, *work.files]


def _check_input_is_kept(settings: CaseSettings, work: Work, out: Path) -> None:
    """Raise an InputError if the run would replace its own input file."""
    data = getattr(settings, "data", None)
    if data is None or Path(data).resolve().parent != out.resolve():
        return
    if Path(data).resolve().name in {INFO, *_files(settings, work)}:
        raise InputError(f"{data} is the name of a file that the run in {out} writes; choose another --out.")


def _check_same_case(run: Run, case: Case) -> None:
    begun = run.info.get("case", "none, begun from Python")
    if begun != case.name:
        raise InputError(f"{run.path} is a run of case {begun}, not of {case.name}; choose another --out.")


def _versions(run: Run) -> dict[str, str]:
    """Return the versions in use; warn if the run began with others."""
    versions = {name: version(name) for name in ("recurra", "torch", "numpy")} | {"python": platform.python_version()}
    for name, begun in run.info.get("versions", {}).items():
        if begun != versions.get(name, begun):
            warnings.warn(
                f"{run.path} began with {name} {begun} and goes on with {versions[name]}; "
                "the result may differ in its last digits.",
                stacklevel=2,
            )
    return versions
