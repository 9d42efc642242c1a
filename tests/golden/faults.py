"""A hundred ways to be wrong on the command line, and the files that they need."""

import json
import platform
import shutil
from pathlib import Path

from recurra.json_objects import DIGEST, with_digest

LETTERS = "recurra train letters --out new"
SERIES = "recurra forecast sales.csv --target sales --out new"
STOCK = "recurra train stock --out new"

USAGE = [
    "recurra tain letters",
    "recurra predict",
    "recurra show",
    "recurra show letters-run extra",
    "recurra cases extra",
    "recurra predict letters-run a --levle 80",
    "recurra train leters",
    "recurra train --epochs 3 letters",
    "recurra train letters extra",
    "recurra train letters --cel lstm",
    "recurra train letters --epochs",
    "recurra train letters --epochs many",
    "recurra train letters --epochs 2.5",
    "recurra train letters --epochs 3 --epochs 4",
    "recurra train letters --learning-rate fast",
    "recurra train letters --units 3 --units four",
    "recurra train letters --resume --overwrite",
    "recurra forecast --target sales",
]

SETTINGS = [
    *(f"{LETTERS} {flag}" for flag in (
        "--epochs 0", "--batch-size 0", "--optimizer adagrad", "--learning-rate 0", "--schedule linear",
        "--clip-norm -1", "--validation 1.5", "--validation -1", "--validation 4", "--patience 0", "--seed -1",
        "--cell rn", "--units 0", "--encoding binary", "--embedding-dim 0", "--window 0",
        "--targets all", "--order random", "--unknown ''", "--dropout 1", "--alphabet a", "--save-every-seconds -1",
        "--no-ring --window 5", "--alphabet abcabd --no-ring --validation 2",
    )),
    *(f"{SERIES} {flag}" for flag in (
        "--horizon 0", "--window -2", "--season 0", "--missing drop", "--scaling zscore",
        "--scaling none --scaling log", "--scaling standard --scaling log", "--scaling log --scaling divide-last",
        "--residual yesterday", "--ensemble-size 0", "--loss rmse", "--restore-best=first",
        "--levels 100", "--levels 0.5",
        "--test 1.5", "--test 2 --horizon 3", "--test 200", "--validation 59", "--window 100", "--horizon 40 --test 40",
        "--future-covariates promo",
        "--past-covariates prices", "--past-covariates sales",
        "--date months", "--id shop", "--adjust full", "--start tomorrow", "--start 2030-01-01",
    )),
    f"{STOCK} --test 40 --test-windows-inside",
    f"{STOCK} --end 2013-02-31",
    "recurra train forecast.toml --data sales.csv --target sales --out new --scaling none --residual none "
    "--optimizer sgd --learning-rate 1e9 --units 3 --window 6",
]  # fmt: skip

CASES = [f"recurra train {name}.toml --out new" for name in (
    "missing", "broken", "kindless", "unkind", "misspelt", "mistyped", "incomplete", "dataless",
)]  # fmt: skip

TABLES = [
    *(f"recurra forecast {name}.csv --out new" for name in (
        "missing", "folder", "empty", "header", "dateless", "bad-date", "twice", "text", "hole", "infinite",
        "two-targets", "day-or-month", "one-row", "nameless-series", "irregular", "valueless", "binary",
        "same-columns",
    )),
    "recurra forecast negative.csv --out new --scaling log",
]  # fmt: skip

RUNS = [
    "recurra show nothing",
    "recurra show folder.csv",
    "recurra evaluate nothing",
    "recurra predict nothing a",
    "recurra predict letters-run z",
    "recurra predict letters-run ab",
    "recurra predict letters-run < nothing.txt",
    "recurra predict letters-run < lines.txt",
    "recurra predict letters-run a --data sales.csv",
    "recurra predict letters-run a --level 80",
    "recurra predict letters-run a --csv next.csv",
    "recurra predict sales-run a",
    "recurra predict sales-run --level 150",
    "recurra predict sales-run --level 0.9",
    "recurra predict sales-run --level 99",
    "recurra predict sales-run --data shops.csv",
    "recurra predict sales-run --csv nowhere/next.csv",
    "recurra evaluate sales-run --statistical",
    "recurra evaluate letters-run --data sales.csv",
    "recurra train letters --out letters-run",
    "recurra train letters --out documents",
    "recurra train letters --out letters-run --resume --units 4",
    "recurra train letters --out letters-run --resume --epochs 2",
    "recurra train letters-window --out letters-run --resume",
    "recurra train letters --out letters-run --resume --alphabet abcd",
    "recurra forecast sales.csv --out other-rows --resume",
    "recurra show broken-info",
    "recurra show odd-info",
    "recurra evaluate scoreless",
    "recurra evaluate odd-scores",
    "recurra show broken-metrics",
    "recurra show odd-metrics",
    "recurra show broken-model",
    "recurra predict broken-model a",
    "recurra predict empty-model a",
    "recurra train letters --out stateless --resume --epochs 9",
    "recurra train letters --out broken-state --resume --epochs 9",
]

COMMANDS = [*USAGE, *SETTINGS, *CASES, *TABLES, *RUNS]

TEXTS = {
    "broken.toml": "kind = letters",
    "kindless.toml": 'alphabet = "abc"',
    "unkind.toml": 'kind = "words"',
    "misspelt.toml": 'kind = "letters"\nalphabet = "abc"\nunit = 3',
    "mistyped.toml": 'kind = "letters"\nalphabet = "abc"\nepochs = "many"',
    "incomplete.toml": 'kind = "letters"\nepochs = 3',
    "dataless.toml": 'kind = "series"\ntarget = "open"',
    "folder.csv/note.txt": "a folder with the name of a table",
    "documents/letter.txt": "a folder that is no run",
    "empty.csv": "",
    "header.csv": "date,y",
    "dateless.csv": "a,y\nx,1\nz,2",
    "bad-date.csv": "date,y\n2024-01-01,1\n2024-13-01,2\n2024-01-03,3",
    "twice.csv": "date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,3",
    "text.csv": "date,y\n2024-01-01,1\n2024-01-02,many\n2024-01-03,3",
    "hole.csv": "date,y\n2024-01-01,1\n2024-01-02,\n2024-01-03,3",
    "infinite.csv": "date,y\n2024-01-01,1\n2024-01-02,inf\n2024-01-03,3",
    "two-targets.csv": "date,a,b\n2024-01-01,1,2\n2024-01-02,2,3",
    "day-or-month.csv": "date,y\n13/01/2024,1\n01/14/2024,2\n15/01/2024,3",
    "one-row.csv": "date,y\n2024-01-01,1",
    "nameless-series.csv": "unique_id,ds,y\na,2024-01-01,1\n,2024-01-02,2",
    "irregular.csv": "date,y\n2024-01-01,1\n2024-01-02,2\n2024-02-19,3\n2025-07-04,4\n2025-07-05,5\n2029-01-01,6",
    "valueless.csv": "date,y\n2024-01-01,\n2024-01-02,\n2024-01-03,",
    "same-columns.csv": "date,y,y\n2024-01-01,1,2\n2024-01-02,2,3",
    "negative.csv": "date,y\n" + "".join(f"2024-01-{day:02},{day - 9}\n" for day in range(1, 31)),
    "nothing.txt": "",
    "lines.txt": "a\n\nq\n",
}

DAMAGE = {  # a copy of the letters run, in which a file holds something else; None takes the file away
    "broken-info": {"run.json": "{"},
    "odd-info": {"run.json": json.dumps({"settings": 3})},
    "scoreless": {"scores.json": None},
    "odd-scores": {"scores.json": "{}"},
    "broken-metrics": {"metrics.jsonl": "epoch 1\n"},
    "odd-metrics": {"metrics.jsonl": '{"loss": 1.0}\n'},
    "broken-model": {"model.safetensors": "weights"},
    "empty-model": {"model.safetensors": ""},
    "stateless": {"state.safetensors": None},
    "broken-state": {"state.safetensors": "weights"},
}


def copy_run(recorded: Path, to: Path) -> None:
    """Copy a recorded run as if this Python had trained it: a run that goes on with another one says so."""
    shutil.copytree(recorded, to)
    info = json.loads((to / "run.json").read_text("utf-8"))
    info["versions"]["python"] = platform.python_version()
    own = with_digest(info) if DIGEST in info else info  # earlier versions wrote none
    (to / "run.json").write_text(json.dumps(own, sort_keys=True, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_files(folder: Path, data: Path, runs: Path) -> None:
    """Write what the commands name: tables, good ones too; cases; and runs, whole and damaged."""
    shutil.copytree(data, folder, dirs_exist_ok=True)
    copy_run(runs / "letters-onehot-rnn", folder / "letters-run")
    copy_run(runs / "sales-gru", folder / "sales-run")
    for name, text in TEXTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text + "\n" if text else "")
    (folder / "binary.csv").write_bytes(bytes(range(128, 256)))
    shutil.copytree(folder / "sales-run", folder / "other-rows")
    info = json.loads((folder / "other-rows" / "run.json").read_text("utf-8"))
    (folder / "other-rows" / "run.json").write_text(json.dumps(info | {"table": "fingerprint of other rows"}))
    for name, files in DAMAGE.items():
        shutil.copytree(folder / "letters-run", folder / name)
        for file, content in files.items():
            if content is None:
                (folder / name / file).unlink()
            else:
                (folder / name / file).write_text(content)
