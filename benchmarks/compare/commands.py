"""The commands that are run in both builds, and the tables they read."""

import math
import random
from datetime import date, timedelta
from pathlib import Path

Command = tuple[str, list[str], str]  # its name, its arguments, its standard input

CELLS = ("rnn", "gru", "lstm")
LETTERS = ("letters-onehot", "letters-embedding", "letters-window")
LETTERS_OPTIONS = {
    "embedding": "--encoding embedding --embedding-dim 4 --units 5 --units 4 --dropout 0.3",
    "every": "--targets every --cell gru --order sorted --batch-size 3",
    "validation": "--validation 4 --patience 2 --unknown ? --no-shuffle",
    "clipped": "--cell lstm --optimizer sgd --schedule cosine --clip-norm 0.5 --seed 11",
}
SERIES = "--target y --window 12 --units 8 --batch-size 32 --epochs 3"
FORECASTS = {  # name: (table, flags)
    **{cell: ("walk", f"--cell {cell} --validation 0.2") for cell in CELLS},
    **{
        f"{optimizer}-{schedule}": ("walk", f"--optimizer {optimizer} --schedule {schedule} --validation 0")
        for optimizer in ("adam", "adamw", "sgd", "rmsprop")
        for schedule in ("constant", "cosine", "exponential")
    },
    "members": ("walk", "--ensemble-size 2 --past-covariates all --horizon 2"),
    "mask": ("gaps", "--missing mask --past-covariates other"),
    "mask-members": ("gaps", "--missing mask --ensemble-size 2 --cell lstm"),
    "ffill": ("gaps", "--missing ffill"),
    "interpolate": ("gaps", "--missing interpolate --validation 40"),
    "known": ("coming", "--future-covariates holiday --horizon 3 --past-covariates other"),
    "validation": ("walk", "--validation 0.25 --patience 1 --levels 50 --levels 90 --horizon 2"),
    "dropout": ("walk", "--dropout 0.3 --units 6 --units 5 --horizon 4"),
    "losses": ("walk", "--loss mae --no-restore-best --clip-norm 0.1"),
    "huber": ("walk", "--loss huber --no-shuffle --residual last"),
    "logarithm": ("walk", "--scaling log --scaling difference --scaling robust --residual none --loss mse"),
    "season": ("walk", "--scaling season-difference --scaling minmax --season 7 --loss mse"),
    "divided": ("walk", "--scaling divide-mean --residual other --past-covariates other"),
    "series": ("long", "--horizon 3 --cell lstm"),
    "inside": ("walk", "--test 60 --test-windows-inside --seed 3"),
}
MISTAKES = {
    "case": "train leters-onehot",
    "flag": "train letters-onehot --epoch 3",
    "value": "train letters-onehot --cell grue",
    "number": "train letters-onehot --epochs 2.5",
    "exists": "train letters-onehot --out runs/letters-onehot-rnn",
    "no-file": "forecast nothing.csv --target y",
    "no-target": "forecast walk.csv --target z --out runs/none",
    "gaps": "forecast gaps.csv --target y --out runs/none",
    "no-run": "show runs/nothing",
    "symbol": "predict runs/letters-onehot-rnn z",
    "level": "predict runs/gru --level 200",
    "command": "trian letters",
}


def write_tables(folder: Path) -> None:
    """Write the tables that the commands forecast: the same random walks each time."""
    draw = random.Random(7)
    days = [str(date(2020, 1, 1) + timedelta(day)) for day in range(300)]
    rows, level, other = [], 100.0, 80.0
    for number, day in enumerate(days):
        holiday = int(number % 7 == 6)
        level += draw.gauss(0.05, 1.0)
        other += draw.gauss(0.0, 1.0)
        y = level + 5 * math.sin(2 * math.pi * number / 7) + 3 * holiday
        rows.append([day, f"{y:.3f}", f"{other:.3f}", str(holiday)])
    header = "date,y,other,holiday"
    _write(folder / "walk.csv", header, rows[:280])
    _write(folder / "newer.csv", header, rows)
    _write(folder / "coming.csv", header, rows[:280] + [[day, "", "", holiday] for day, _, _, holiday in rows[280:283]])
    inner = range(5, 275)
    missing = {number for number in inner if draw.random() < 0.05}
    gaps = [[day, "" if number in missing else y, *rest] for number, (day, y, *rest) in enumerate(rows)]
    _write(folder / "gaps.csv", header, gaps)
    long = [[name, day, f"{60 + draw.gauss(0, 2):.3f}"] for name in "abc" for day in days[:120]]
    _write(folder / "long.csv", "unique_id,ds,y", long)


def commands() -> list[Command]:
    """Every command, in the order in which they run: later ones look at what earlier ones made."""
    lines: list[tuple[str, str, str]] = [
        ("help", "--help", ""),
        ("version", "--version", ""),
        ("cases", "cases", ""),
        *(
            (f"help-{name}", f"{name} --help", "")
            for name in ("cases", "train", "forecast", "predict", "evaluate", "show")
        ),
        *((f"help-train-{case}", f"train {case} --help", "") for case in (*LETTERS, "stock", "stock-tutorial")),
    ]
    for case in LETTERS:
        for cell in CELLS:
            lines.append((f"{case}-{cell}", f"train {case} --cell {cell} --epochs 10 --out runs/{case}-{cell}", ""))
    for name, flags in LETTERS_OPTIONS.items():
        lines.append((f"letters-{name}", f"train letters-window --epochs 6 --out runs/letters-{name} {flags}", ""))
    for cell in CELLS:
        lines.append((f"stock-{cell}", f"train stock --epochs 2 --cell {cell} --out runs/stock-{cell}", ""))
    lines.append(("stock-tutorial", "train stock-tutorial --epochs 1 --out runs/stock-tutorial --quiet", ""))
    for name, (table, flags) in FORECASTS.items():
        lines.append((name, f"forecast {table}.csv --out runs/{name} {SERIES} {flags}", ""))
    lines += [
        ("json", f"forecast walk.csv --out runs/json {SERIES} --json", ""),
        ("resumed", "train letters-onehot --cell rnn --out runs/letters-onehot-rnn --resume --epochs 15", ""),
        ("finished", "train letters-onehot --cell rnn --out runs/letters-onehot-rnn --resume", ""),
        ("overwritten", "train letters-onehot --out runs/letters-onehot-gru --overwrite --epochs 4", ""),
    ]
    for run in ("letters-onehot-rnn", "letters-window-lstm"):
        symbols = "a b c" if run == "letters-onehot-rnn" else "abc bcd"
        lines += [
            (f"predict-{run}", f"predict runs/{run} {symbols}", ""),
            (f"predict-json-{run}", f"predict runs/{run} {symbols} --json", ""),
            (f"predict-lines-{run}", f"predict runs/{run}", "\n".join(symbols.split())),
        ]
    for run in ("letters-embedding-gru", "letters-every", "members", "mask", "validation", "series", "stock-gru"):
        lines += [(f"show-{run}", f"show runs/{run}", ""), (f"evaluate-{run}", f"evaluate runs/{run}", "")]
    for run in ("gru", "members", "validation", "series", "stock-lstm"):
        lines += [
            (f"predict-{run}", f"predict runs/{run} --csv runs/{run}-predicted.csv --level 80 --level 95", ""),
            (f"predict-json-{run}", f"predict runs/{run} --json", ""),
        ]
    for run in ("gru", "validation", "losses"):
        lines += [
            (f"newer-{run}", f"predict runs/{run} --data newer.csv", ""),
            (f"evaluate-newer-{run}", f"evaluate runs/{run} --data newer.csv --json", ""),
        ]
    lines += [(f"mistake-{name}", line, "") for name, line in MISTAKES.items()]
    return [(name, line.split(), text) for name, line, text in lines]


def _write(path: Path, header: str, rows: list[list[str]]) -> None:
    path.write_text("\n".join([header, *map(",".join, rows)]) + "\n", "utf-8")
