"""Recurrent networks learn three letter cases, answer and show what is inside; one more forecasts a share, scored.

Run it with `make demo`, or `python examples/demo.py` where recurra is installed.
"""

import sys
import time
from pathlib import Path

from recurra import load
from recurra.cases.catalog import find_case
from recurra.runs.ask import ask, predictions
from recurra.runs.show import result_text
from recurra.runs.train import TrainedRun, train_case
from recurra.training import Progress
from recurra.training.process import skip_compiler_import
from recurra.training.run_folder import PARAMETERS

FOLDER = Path("runs/demo")
QUESTIONS = {
    "letters-onehot": list("abcde"),
    "letters-embedding": list("abcde"),
    "letters-window": ["abc", "bcd", "cde", "def", "efg", "fgh", "ghi", "hij"],
}


def trained(name: str) -> TrainedRun:
    """Train a built-in case, saying what it is and how long it took."""
    case = find_case(name)
    print(f"\n== {name}: {case.values['description']}", flush=True)
    started = time.perf_counter()
    run = train_case(case, {}, FOLDER / name, mode="overwrite", callbacks=[Progress(sys.stdout)])
    print(f"trained, scored and plotted in {time.perf_counter() - started:.2f} s\n")
    return run


def main() -> None:
    skip_compiler_import()
    for name, questions in QUESTIONS.items():
        model = trained(name).model
        print(f"{model.network_.summary(model.settings_.window)}\n")
        for line in predictions(model, questions):
            print(line)
    first = FOLDER / "letters-onehot"
    print(f"\n== Every parameter of letters-onehot\n\n{(first / PARAMETERS).read_text('utf-8')}")
    print(result_text(trained("stock")))
    print("\n== Plots\n")
    for plot in sorted(FOLDER.glob("*/*.png")):
        print(plot)
    print(f"\nAsk again: .venv/bin/recurra predict {first}      See inside: .venv/bin/recurra show {first}")
    if sys.stdin.isatty() and sys.stdout.isatty():
        print("\n== Now you ask\n")
        ask(load(first / "model.safetensors"))


if __name__ == "__main__":
    main()
