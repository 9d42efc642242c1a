"""A run in plain text: what it is, its layers, how training went, every parameter, and where its files are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recurra.cases.letters import TrainedRun
from recurra.errors import InputError
from recurra.models import LanguageModel, load
from recurra.training.run import METRICS, MODEL, PARAMETERS, SCORES, Run

SHOWN_EPOCHS = 10


def result_text(trained: TrainedRun) -> str:
    """Layers, scores and files of a finished run: what is shown at the end of a training."""
    run = Run(trained.path)
    return "\n\n".join([_layers(trained.model), _scores(run), _files(run)])


def run_text(path: Path) -> str:
    """All of a run.

    Raises:
        InputError: it is no run folder, or a file of it is damaged.
    """
    run = Run(path)
    heading = f"{path}: case {run.info.get('case', 'none')}, {run.info.get('status', 'begun from Python')}"
    settings = run.info.get("settings", {"settings": "none yet"})
    blocks = [heading, _table([(name, str(value)) for name, value in settings.items()])]
    if not (path / MODEL).is_file():
        return "\n\n".join([*blocks, "There are no weights yet."])
    blocks += [_layers(load(path, device="cpu")), _history(run)]
    if (path / PARAMETERS).is_file():
        blocks.append(run.read_text(PARAMETERS).rstrip())
    if (path / SCORES).is_file():
        blocks.append(_scores(run))
    return "\n\n".join([*blocks, _files(run)])


def _layers(model: LanguageModel) -> str:
    return model.network_.summary(model.settings_.window)


def _history(run: Run) -> str:
    """The first, the last and an even choice of the epochs between."""
    records = run.read_metrics()
    step = max(1, -(-len(records) // SHOWN_EPOCHS))
    with _complete(run, METRICS):
        shown = [r for r in records if r["epoch"] == 1 or r["epoch"] % step == 0 or r is records[-1]]
        names = [name for name in records[0] if name not in {"epoch", "seconds"}]
        rows = [("epoch", *names)] + [(str(r["epoch"]), *(f"{r[name]:.4g}" for name in names)) for r in shown]
    return _table(rows)


def _scores(run: Run) -> str:
    scores = run.read_json(SCORES)
    with _complete(run, SCORES):
        lines = [f"with the weights of epoch {scores['best_epoch']}:"]
        for part in ("training", "validation"):
            if part in scores:
                score = scores[part]
                accuracy, baseline = score["accuracy"], score["most_frequent_accuracy"]
                line = f"accuracy {accuracy:.1%} of {score['predictions']} {part} predictions; "
                line += f"always the letter most frequent in training: {baseline:.1%}"
                if accuracy <= baseline:
                    line += " - the network is no better"
                lines.append(line)
    return "\n".join(lines)


@contextmanager
def _complete(run: Run, name: str) -> Iterator[None]:
    """Say which file it is whose content cannot be shown."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"{run.path / name}: lacks what it should hold ({error!r}); --overwrite begins anew."
        ) from error


def _files(run: Run) -> str:
    return "\n".join(str(file) for file in sorted(run.path.iterdir()) if not file.name.startswith("."))


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
