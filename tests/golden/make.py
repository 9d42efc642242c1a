"""Record the golden files with the recurra that is installed: everything, texts only, or some trainings."""

import argparse
import contextlib
import json
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import expressions
import faults
import layers
import safetensors
import safetensors.torch
import torch
from comparison import assert_same_text
from predictions import predictions_of
from terminal import Expression, evaluate, expressions_to_text, run, run_apart, to_text
from trainings import CELLS, KILLED, TRAININGS

from recurra.json_objects import DIGEST
from tables import write_tables

GOLDEN = Path(__file__).parent
DATA, RUNS, INTERRUPTED, TEXTS = (GOLDEN / name for name in ("data", "runs", "killed", "texts"))
HELP = [
    "recurra --help",
    "recurra --version",
    "recurra cases",
    "recurra train",
    "recurra train --help",
    *(f"recurra train {case} --help" for case in ("letters", "letters-embedding", "letters-window")),
    *(f"recurra train {case} --help" for case in ("stock", "stock-tutorial", "text")),
    "recurra forecast",
    "recurra forecast --help",
    *(f"recurra {command} --help" for command in ("predict", "generate", "score", "evaluate", "show", "cases")),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", action="store_true", help="record texts alone: what differs in words or figures")
    parser.add_argument("--runs", nargs="+", metavar="NAME", help="record these trainings alone, with their numbers")
    chosen = parser.parse_args()
    only_texts = chosen.texts
    torch.set_num_threads(1)
    if chosen.runs:
        for name in chosen.runs:
            record_training(name, TRAININGS[name], only_texts=False)
            record_questions(name, TRAININGS[name])
        record_predictions(chosen.runs)
        return
    if not only_texts:
        cases = {path: path.read_text("utf-8") for path in DATA.glob("*.toml")}  # as they were when first recorded
        for folder in (DATA, RUNS, INTERRUPTED, TEXTS):
            shutil.rmtree(folder, ignore_errors=True)
        DATA.mkdir()
        for path, case in cases.items():
            path.write_text(case, "utf-8")
        write_tables(DATA)
    for name, line in TRAININGS.items():
        record_training(name, line, only_texts)
        record_questions(name, line)
    record_faults()
    (TEXTS / "help.txt").write_text(to_text([run_apart(line, GOLDEN) for line in HELP]), "utf-8")
    record_expressions("constants", expressions.CONSTANTS)
    record_expressions("values", expressions.VALUES)
    record_expressions("errors", expressions.ERRORS)
    if not only_texts:
        for name, moments in KILLED.items():
            for epochs in moments:
                record_killed(name, epochs)
        record_predictions(list(TRAININGS))
        record_layers()


def record_training(name: str, line: str, only_texts: bool) -> None:
    """Train, and keep the transcript and the run folder."""
    with workplace() as folder:
        command = run(f"{line} --out run", folder)
        assert command.status == 0, f"{name}: {command.stderr}"
        write_text(TEXTS / "trainings" / f"{name}.txt", to_text([command]))
        left_out = (".lock",) if name.endswith(CELLS) else (".lock", "state")  # half of all bytes
        for path in (folder / "run").iterdir():
            if path.suffix == ".png" or path.name.startswith(left_out):
                continue
            recorded = RUNS / name / path.name
            if not only_texts:
                keep(path, RUNS / name)
            elif path.suffix == ".txt":
                write_text(recorded, path.read_text("utf-8"))
            elif path.name == "scores.json":  # in the words of today; an older run stays without a digest
                scores = json.loads(path.read_text("utf-8"))
                if DIGEST not in json.loads(recorded.read_text("utf-8")):
                    del scores[DIGEST]
                write_text(recorded, json.dumps(scores, sort_keys=True, indent=2, ensure_ascii=False) + "\n")


def record_questions(name: str, line: str) -> None:
    """Show, evaluate, ask and resume a recorded run, and keep the transcript."""
    with workplace() as folder:
        shutil.copytree(RUNS / name, folder / "run")
        write_text(TEXTS / "questions" / f"{name}.txt", to_text([run(q, folder) for q in questions(name, line)]))


def questions(name: str, line: str) -> list[str]:
    """What is asked of a run once it is finished."""
    settings = json.loads((RUNS / name / "run.json").read_text("utf-8"))["settings"]
    lines = ["recurra show run", "recurra evaluate run"]
    if (RUNS / name / "state.safetensors").exists():
        lines.append(f"{line} --out run --resume")
    if settings["kind"] == "letters":
        letters = settings["alphabet"]
        windows = [letters[start : start + settings["window"]] for start in range(3)]
        lines.append(f"recurra predict run {shlex.join(windows)}")
    else:
        lines.append("recurra predict run")
    if name in {"letters-onehot-rnn", "shops-gru", "sales-gru", "stock-gru"}:
        lines += ["recurra evaluate run --json", "recurra predict run --json" + (" a b" if "letters" in name else "")]
    if name in {"sales-gru", "sales-horizon"}:
        lines.append("recurra predict run --data sales-newer.csv --level 50")
        lines.append("recurra evaluate run --data sales-newer.csv")
        lines.append("recurra evaluate run --data sales-newer.csv --json")
    return lines


def record_killed(name: str, epochs: int) -> None:
    """Train in a process of its own, kill it after so many epochs, and keep the folder as it lies there."""
    while True:
        with workplace() as folder:
            out = folder / "run"
            command = [sys.executable, "-m", *shlex.split(TRAININGS[name]), "--out", "run"]
            process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            while not has_written(out, epochs) and process.poll() is None:
                time.sleep(0.0005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if has_written(out, epochs) and not list(out.glob(".*.tmp")):  # else it was quicker than the kill
                for path in out.iterdir():
                    keep(path, INTERRUPTED / f"{name}-{epochs}")
                return


def has_written(run_folder: Path, epochs: int) -> bool:
    """Whether a run has been saved after so many epochs, and not after more."""
    metrics, model = run_folder / "metrics.jsonl", run_folder / "model.safetensors"
    with contextlib.suppress(FileNotFoundError, ValueError):
        if epochs == 0:
            info = json.loads((run_folder / "run.json").read_text("utf-8"))
            return info["status"] == "training" and "data" in info and not metrics.exists()
        saved = len(metrics.read_text("utf-8").splitlines()) == epochs
        # an ensemble has no model before its last network is trained
        return saved and (not model.exists() or model.stat().st_mtime_ns >= metrics.stat().st_mtime_ns)
    return False


def record_faults() -> None:
    """Give commands what is wrong, and keep what they say."""
    with workplace() as folder:
        faults.write_files(folder, DATA, RUNS)
        commands = [run(line, folder) for line in faults.COMMANDS]
    for command in commands:
        assert command.status == 2, command
    (TEXTS / "faults.txt").write_text(to_text(commands), "utf-8")


def record_expressions(name: str, lines: list[str]) -> None:
    """Evaluate Python expressions, and keep their values, or their errors."""
    found: list[Expression] = []
    with workplace() as folder, contextlib.chdir(folder):
        (folder / "documents").mkdir()
        for line in lines:
            torch.manual_seed(0)
            found.append(evaluate(line, expressions.names()))
            fails = found[-1].answer.split(":")[0].endswith("Error")
            assert fails == (name == "errors"), found[-1]
    if name == "values":
        write_text(TEXTS / f"{name}.txt", expressions_to_text(found))
    else:
        (TEXTS / f"{name}.txt").write_text(expressions_to_text(found), "utf-8")


def record_predictions(names: list[str]) -> None:
    """Load recorded models, and keep what they predict."""
    path = GOLDEN / "predictions.json"
    found = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    found |= {name: predictions_of(RUNS / name) for name in names}
    path.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n")


def record_layers() -> None:
    """Keep what the recurrent layers answer."""
    tensors = {
        f"{name}/{part}": tensor
        for name, parts in (layers.answers("auto") | layers.torch_answers()).items()
        for part, tensor in parts.items()
    }
    (GOLDEN / "layers.safetensors").write_bytes(safetensors.torch.save(tensors))


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """An empty folder with the tables in it, so that all paths are relative."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(DATA, name, dirs_exist_ok=True)
        yield Path(name)


def write_text(path: Path, text: str) -> None:
    """Write a text, unless the one that is there says the same within the tolerance of numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError, AssertionError):
        assert_same_text(text, path.read_text("utf-8"))
        return
    path.write_text(text, "utf-8")


def keep(path: Path, folder: Path) -> None:
    """Copy a file with the durations in it, which its digest covers."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / path.name)


if __name__ == "__main__":
    main()
