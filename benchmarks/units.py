"""Units of a text model that follow something, beside those of networks whose recurrent layer has learned nothing.

    python benchmarks/units.py FOLDER

Three LSTMs of 128 units read Python's source, each with another seed, in runs in FOLDER; those that are there already
are taken as they are. Of each network the recurrent layer is then replaced by one with initial weights, five times. How
often the best unit is right, as `recurra show --text` says it, goes to benchmarks/RESULTS.md.
"""

import sys
from pathlib import Path

import torch
from results import machine, write_section

from recurra.cases.catalog import find_case
from recurra.nn import LSTM
from recurra.runs.load import load_language_model
from recurra.runs.text import end_of_text
from recurra.runs.train import train_case
from recurra.training import Run
from recurra.training.run_folder import MODEL

SEEDS, DRAWS = (1, 2, 3), 5
SETTINGS = {"cell": "lstm", "units": [128], "steps": 2000}


def main() -> None:
    folder = Path(sys.argv[1])
    trained: list[dict[str, float]] = []
    fresh: list[dict[str, float]] = []
    for seed in SEEDS:
        run = folder / f"lstm{seed}"
        if not (run / MODEL).is_file():
            train_case(find_case("text"), {**SETTINGS, "seed": seed}, run)
        model = load_language_model(run)
        text = end_of_text(Run(run), model)
        trained.append({found.what: found.right for found in model.followers(text)})
        layer = model.network_.layers["lstm"]
        for draw in range(DRAWS):
            torch.manual_seed(seed * DRAWS + draw)
            layer.load_state_dict(LSTM(layer.input_size, layer.hidden_size).state_dict())
            fresh.append({found.what: found.right for found in model.followers(text)})
    rows = []
    for what in trained[0]:  # those that are too rare in a text for one network are so for all
        of_all = [found[what] for found in fresh]
        scores = " | ".join(f"{100 * found[what]:.0f} %" for found in trained)
        rows.append(f"| {what} | {scores} | {100 * min(of_all):.0f} to {100 * max(of_all):.0f} % |")
    text = f"""## Units that follow something

Of two places of the validation part that differ, how often the best unit tells which has more. Three trained LSTMs, and
{len(fresh)} with a recurrent layer of initial weights; {machine()}.

| | {" | ".join(f"seed {seed}" for seed in SEEDS)} | initial weights |
|---|{"---|" * len(SEEDS)}---|
"""
    write_section("units", text + "\n".join(rows))


if __name__ == "__main__":
    main()
