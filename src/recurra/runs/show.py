"""A run in plain text: what it is, its layers, how training went, every parameter, and where its files are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.errors import InputError, counted, printable
from recurra.language.language_model import LanguageModel
from recurra.report.text import aligned, evaluation_text, forecast_text, importance_text, percent, text_scores
from recurra.runs.load import load
from recurra.runs.train import TrainedRun
from recurra.training.run_folder import FINISHED, METRICS, MODEL, PARAMETERS, SCORES, Run

if TYPE_CHECKING:
    import pandas as pd

    from recurra.forecasting.forecaster import Forecaster

OPEN = (None, "auto", ["auto"])  # values of settings that leave the choice to the model
SHOWN_EPOCHS = 10


def result_text(trained: TrainedRun) -> str:
    """Layers, scores, next values and files of a finished run: what is shown at the end of a training."""
    run = Run(trained.path)
    return "\n\n".join(
        [_layers(trained.model), scores_text(run), *_next(trained.model, run, trained.following), _files(run)]
    )


def result_json(trained: TrainedRun) -> dict[str, Any]:
    """What a finished run has to say, as JSON has it."""
    run, model = Run(trained.path), trained.model
    said: dict[str, Any] = {"run": str(trained.path), "scores": run.read_json(SCORES)}
    if not isinstance(model, LanguageModel):
        from recurra.runs.series import as_records, levels_of

        following = trained.following
        said["next"] = as_records(model.predict(levels=levels_of(run, model)) if following is None else following)
    return said


def run_text(path: Path) -> str:
    """All of a run.

    Raises:
        InputError: it is no run folder, or a file of it is damaged.
    """
    run = Run(path)
    heading = printable(f"{path}: case {run.info.get('case', 'none')}, {run.info.get('status', 'begun from Python')}")
    settings = run.info.get("settings") or {"settings": "none yet"}
    unused = {"epochs"} if _unit(settings) == "step" else {"steps", "record_every"}
    model = load(path, device="cpu") if (path / MODEL).is_file() else None
    chosen = _chosen(model, run)
    used = [(name, value) for name, value in settings.items() if name not in unused]
    lines = [
        (name, f"{chosen[name]} (chosen)" if value in OPEN and name in chosen else str(value)) for name, value in used
    ]
    blocks = [heading, aligned(lines)]
    if model is None:
        finished = run.info.get("status") == FINISHED
        nothing = f"{path / MODEL} is missing; --resume writes it again." if finished else "There are no weights yet."
        return "\n\n".join([*blocks, nothing])
    blocks += [_layers(model), _history(run)]
    if (path / PARAMETERS).is_file():
        blocks.append(run.read_text(PARAMETERS).rstrip())
    if (path / SCORES).is_file():
        blocks.append(scores_text(run))
        blocks += _next(model, run)
    return "\n\n".join([*blocks, _files(run)])


def scores_text(run: Run) -> str:
    """Format the scores of a run and of its baselines."""
    scores = run.read_json(SCORES)
    with _complete(run, SCORES):
        again = " (then the network was trained again on all rows)" if run.info.get("settings", {}).get("refit") else ""
        heading = f"with the weights of {_kept(run, scores['best_epoch'])}{again}:"
        blocks = []
        for part in ("training", "validation", "test"):
            if part not in scores:
                continue
            score = scores[part]
            if "carried" in score:
                blocks.append(text_scores(score))
                continue
            if "verdict" in score:
                if part == "test" or "test" not in scores:
                    blocks.append(evaluation_text(part, score))
                continue
            accuracy, baseline = score["accuracy"], score["most_frequent_accuracy"]
            line = f"accuracy {percent(accuracy)} of {counted(score['predictions'], f'{part} prediction')}; "
            line += f"always the letter most frequent in training: {percent(baseline)}"
            blocks.append(line + (" - the network is no better" if accuracy <= baseline else ""))
        if "permutation_importance" in scores:
            blocks.append(f"\n{importance_text(scores['permutation_importance'])}")
    return "\n".join([heading, *(blocks or ["there are no scores, since no part of the data was held out."])])


def _kept(run: Run, best: int | list[int]) -> str:
    """Return the epoch, or the step, whose weights were kept; for an ensemble those of each network."""
    settings = run.info.get("settings", {})
    numbers, unit = [best] if isinstance(best, int) else best, _unit(settings)
    if unit == "step":
        last = max(record["step"] for record in run.history())
        numbers = [min(number * settings["record_every"], last) for number in numbers]
    return f"{unit}{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _unit(settings: Mapping[str, Any]) -> str:
    """Return what a training is counted in: steps, if they were set or no epochs were."""
    return "step" if settings.get("steps") or settings.get("epochs", 1) is None else "epoch"


def _next(model: "LanguageModel | Forecaster", run: Run, following: "pd.DataFrame | None" = None) -> list[str]:
    """What a forecaster expects after the last row, if it is one; it is predicted unless it is given."""
    if isinstance(model, LanguageModel):
        return []
    from recurra.runs.series import NEXT, levels_of

    times = model.context_.frequency.minutes > 0
    all_in = f"{printable(str(run.path / NEXT))} has all"
    if following is None:
        following = model.predict(levels=levels_of(run, model))
    return [f"next:\n\n{forecast_text(following, times=times, all_in=all_in)}"]


def _chosen(model: "LanguageModel | Forecaster | None", run: Run) -> dict[str, Any]:
    """What a forecaster chose for settings that were not given."""
    if model is None or isinstance(model, LanguageModel):
        return {}
    plan = model.predictor_.plan
    return {
        "window": plan.window,
        "season": plan.season,
        "target": plan.names[0],
        "scaling": list(plan.scaling),
        "steps": max((record.get("step", 0) for record in run.history()), default=0),
    }


def _layers(model: "LanguageModel | Forecaster") -> str:
    """The layers of a network; of a forecaster before them what it learns from, as that was resolved."""
    if isinstance(model, LanguageModel):
        return model.network_.summary(model.settings_.window)
    table, plan = model.context_, model.predictor_.plan
    target, *others = map(printable, (*table.columns, *table.static.names))
    columns = ", ".join(others) or "its own past alone"
    what = {
        "none": "the values themselves",
        "level": f"corrections to the level of {printable(plan.names[plan.base_column])}, by exponential smoothing",
        "last": f"corrections to the last {printable(plan.names[plan.base_column])}",
        "seasonal": f"corrections to the {target} {counted(plan.season, 'row')} earlier",
    }[plan.base]
    how = f"{target} from {columns}; {table.frequency.rows}, a window of {plan.window}, a season of "
    return f"{how}{plan.season}; predicts {what}\n\n{model.network_.summary(plan.window)}"


def _history(run: Run) -> str:
    """Format the first, the last and evenly spaced records of the training."""
    records = run.history()
    step = max(1, -(-len(records) // SHOWN_EPOCHS))
    with _complete(run, METRICS):
        shown = [r for i, r in enumerate(records, start=1) if i == 1 or i % step == 0 or r is records[-1]]
        unit = "step" if "step" in records[0] else "epoch"
        names = [name for name in records[0] if name not in {unit, "seconds"}]
        rows = [(unit, *names)] + [(str(r[unit]), *(f"{r[name]:.4g}" for name in names)) for r in shown]
    return aligned(rows)


@contextmanager
def _complete(run: Run, name: str) -> Iterator[None]:
    """Say which file it is whose content cannot be shown."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"{run.path / name} lacks what it should hold ({error!r}); start over with --overwrite."
        ) from error


def _files(run: Run) -> str:
    return "\n".join(printable(str(file)) for file in sorted(run.path.iterdir()) if not file.name.startswith("."))
