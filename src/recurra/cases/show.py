"""A run in plain text: what it is, its layers, how training went, every parameter, and where its files are."""

from pathlib import Path

from recurra.cases.letters import PARAMETERS, SCORES
from recurra.models import load
from recurra.training.run import MODEL, Run

SHOWN_EPOCHS = 10


def result_text(path: Path) -> str:
    """Layers, scores and files of a finished run: what is shown at the end of a training."""
    return "\n\n".join([_layers(path), _scores(path), _files(path)])


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
    blocks += [_layers(path), _history(path)]
    if (path / PARAMETERS).is_file():
        blocks.append((path / PARAMETERS).read_text("utf-8").rstrip())
    if (path / SCORES).is_file():
        blocks.append(_scores(path))
    return "\n\n".join([*blocks, _files(path)])


def _layers(path: Path) -> str:
    model = load(path, device="cpu")
    return model.network_.summary(model.settings_.window)


def _history(path: Path) -> str:
    """The first, the last and an even choice of the epochs between."""
    records = Run(path).read_metrics()
    step = max(1, -(-len(records) // SHOWN_EPOCHS))
    shown = [r for r in records if r["epoch"] == 1 or r["epoch"] % step == 0 or r is records[-1]]
    names = [name for name in records[0] if name not in {"epoch", "seconds"}]
    rows = [("epoch", *names)] + [(str(r["epoch"]), *(f"{r[name]:.4g}" for name in names)) for r in shown]
    return _table(rows)


def _scores(path: Path) -> str:
    scores = Run(path).read_json(SCORES)
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


def _files(path: Path) -> str:
    return "\n".join(str(file) for file in sorted(path.iterdir()) if not file.name.startswith("."))


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
