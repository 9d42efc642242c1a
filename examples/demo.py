"""A recurrent network learns three letter cases from nothing, answers, and shows what is inside.

Run it with `make demo`, or `python examples/demo.py` where recurra is installed.
"""

import sys
import time
from pathlib import Path

from recurra import load
from recurra.cases.ask import ask, predictions
from recurra.cases.catalog import find_case
from recurra.cases.train import train_case
from recurra.training import Progress
from recurra.training.process import skip_compiler_import
from recurra.training.run import PARAMETERS

QUESTIONS = {
    "letters-onehot": list("abcde"),
    "letters-embedding": list("abcde"),
    "letters-window": ["abc", "bcd", "cde", "def", "efg", "fgh", "ghi", "hij"],
}


def main() -> None:
    skip_compiler_import()
    folder = Path("runs/demo")
    for name, questions in QUESTIONS.items():
        case = find_case(name)
        print(f"\n== {name}: {case.values['description']}", flush=True)
        started = time.perf_counter()
        run = train_case(case, {}, folder / name, mode="overwrite", callbacks=[Progress(sys.stdout)])
        print(f"trained, scored and plotted in {time.perf_counter() - started:.2f} s\n")
        print(run.model.network_.summary(run.model.settings_.window))
        print()
        for line in predictions(run.model, questions):
            print(line)
    first = folder / "letters-onehot"
    print(f"\n== Every parameter of letters-onehot\n\n{(first / PARAMETERS).read_text('utf-8')}")
    print("== Plots\n")
    for plot in sorted(folder.glob("*/*.png")):
        print(plot)
    print(f"\nAsk again: .venv/bin/recurra predict {first}      See inside: .venv/bin/recurra show {first}")
    if sys.stdin.isatty() and sys.stdout.isatty():
        print("\n== Now you ask\n")
        ask(load(first / "model.safetensors"))


if __name__ == "__main__":
    main()
