"""A case from its settings to a finished run folder, whatever it is about."""

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
from recurra.models import LanguageModel, load
from recurra.settings.cases import CaseSettings, LettersSettings, SeriesSettings
from recurra.settings.check import check, completed, to_json
from recurra.training import Callback, Run
from recurra.training.run import INFO, METRICS, MODEL, STATE, Mode

if TYPE_CHECKING:
    from recurra.models import Forecaster


@dataclass(frozen=True)
class TrainedRun:
    """A finished run."""

    path: Path
    model: "LanguageModel | Forecaster"
    was_finished: bool  # before this call, so that there was nothing to do


class Work(Protocol):
    """What a kind of case has to do; to make it raises what is at fault in the data."""

    files: ClassVar[tuple[str, ...]]  # the names of those that `report` writes

    @property
    def model(self) -> "LanguageModel | Forecaster": ...
    def check(self) -> None:
        """Raise whatever `fit` would raise before it begins to train; change nothing."""

    def check_begun(self, run: Run) -> None:
        """Raise if the run began with other data."""

    def fit(self, run: Run, callbacks: Sequence[Callback]) -> None:
        """Train in the run folder."""

    def report(self, run: Run, name: str) -> None:
        """Write scores, parameters and plots."""


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
        case: which one.
        overrides: settings over those of the case. A run that is resumed has its own settings, of which only
            `epochs` can be changed, to more.
        out: the run folder.
        mode: "new", "resume" or "overwrite"; see `Run`.
        callbacks: see `Callback`.

    Raises:
        InputError: see `Run`, `LettersSettings`, `SeriesSettings`, and the models' `fit`.
    """
    fresh: tuple[CaseSettings, Work] | None = None
    if mode != "resume" or not (out / INFO).is_file():
        fresh = _fresh(case, overrides)  # faults come to light before any file changes
        _check_input_is_kept(*fresh, out)
    with Run(out, mode) as run:
        begun = run.info.get("settings")
        if begun is not None:
            _check_same_case(run, case)
            begun = run.info["settings"] = completed(begun, case.settings_type, str(out / INFO))
            settings = check(case.settings_type, {**begun, **overrides}, case.source)
            work = _work(settings)
            work.check_begun(run)
            if begun == to_json(settings) and run.info.get("status") == "finished":
                with contextlib.suppress(InputError):  # a model that is lost or damaged is made again from the state
                    return TrainedRun(out, load(out / MODEL, device="cpu"), was_finished=True)
        else:
            settings, work = fresh or _fresh(case, overrides)
        run.claim(STATE, METRICS, MODEL, *work.files)  # now, not after a long training
        run.settle(to_json(settings), case=case.name, versions=_versions(run), status="training")
        work.fit(run, callbacks)
        work.report(run, case.name)
        run.record(status="finished")
    return TrainedRun(out, work.model, was_finished=False)


def _work(settings: CaseSettings) -> Work:
    if isinstance(settings, LettersSettings):
        from recurra.cases.letters import LettersCase

        return LettersCase(settings)
    from recurra.cases.series import SeriesCase

    assert isinstance(settings, SeriesSettings)
    return SeriesCase(settings)


def _fresh(case: Case, overrides: Mapping[str, Any]) -> tuple[CaseSettings, Work]:
    """The settings of a training that begins, and its work; everything that can be checked before is."""
    settings = case.settings(overrides)
    work = _work(settings)
    work.check()
    return settings, work


def _check_input_is_kept(settings: CaseSettings, work: Work, out: Path) -> None:
    """Raise if the run would replace the file that it is to learn from."""
    data = getattr(settings, "data", None)
    if data is None or Path(data).resolve().parent != out.resolve():
        return
    if Path(data).name in {INFO, STATE, METRICS, MODEL, *work.files}:
        raise InputError(f"{data}: is the name of a file that the run in {out} writes; choose another --out.")


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
