"""Mutated files of ours: each is refused in one sentence, or loads and runs, within limits of time and memory.

Half of the mutations damage bytes, which the digest finds. The others change the content and sign it anew, as an
attacker would: these have to stop at the checks of the content.
"""

import shutil
from pathlib import Path
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

from recurra import Forecaster, LanguageModel
from recurra.cases.catalog import find_case
from recurra.runs.train import train_case
from recurra.training import Run

from .sandbox import SECONDS, Sandbox

EACH = 2_000  # mutations of a kind of file
AT_ONCE = 100

USES = {
    "forecaster": """
        model = recurra.load(path)
        model.predict(levels=[50])
        model.predictor_.network.summary(model.predictor_.plan.window)
    """,
    "language model": """
        model = recurra.load(path)
        model.predict_proba(model.vocabulary_.symbols[:1] * min(model.settings_.window, 1_000))
        model.network_.summary(model.settings_.window)
    """,
    "resume": """
        with Run(path.parent, "resume") as run:
            recurra.LanguageModel(**settings, epochs=4).fit("abcdeabcdeabcde", run=run)
    """,
    "evaluate": """
        printable(scores_text(Run(path.parent)))
    """,
    "show": """
        printable(run_text(path.parent))
    """,
}
TEXTS = {"scores.json", "metrics.jsonl", "parameters.txt"}  # show reads them alike with and without weights
SETTINGS = {"units": 4, "cell": "gru", "average_decay": 0.5, "validation": 6}
LOOP = """
import random, shutil, sys, time, traceback, warnings
from pathlib import Path
from textwrap import dedent
import recurra
from recurra.errors import printable
from recurra.runs.show import run_text, scores_text
from recurra.training import Run
sys.path.insert(0, tests)
from mutations import damaged, signed_anew

warnings.simplefilter("ignore")
path, kept = Path(path), Path(kept)
content, faults = path.read_bytes(), {}
for seed in range(first, first + count):
    draw = random.Random(seed)
    path.write_bytes(damaged(content, draw))
    if seed % 2:
        path.write_bytes(content)
        signed_anew(path, draw)
    began = time.process_time()
    try:
        exec(use)
    except recurra.InputError as error:
        if len(str(error)) > 500 or not str(error).isprintable():
            faults[str(error)] = seed
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        faults[f"{error!r:.300} in {place.filename}:{place.lineno}"] = seed
    if (seconds := time.process_time() - began) > limit:
        faults[f"{seconds} s"] = seed
    if writes:
        shutil.rmtree(path.parent)
        shutil.copytree(kept, path.parent)
path.write_bytes(content)
if faults:
    raise AssertionError("".join(f"\\nmutation {seed}: {fault}" for fault, seed in faults.items()))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders with small files of each kind."""
    folder = tmp_path_factory.mktemp("files")
    days = pd.date_range("2024-01-01", periods=64)
    table = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.sin(np.arange(64.0)), "z": np.arange(64.0) % 7})
    table.loc[60:, "y"] = np.nan  # the future
    table = pd.concat([table, table.assign(unique_id="b", y=table["y"] + 1)])
    table["region"], table["size"] = table["unique_id"].map({"a": "north", "b": "south"}), 5.0
    forecaster = Forecaster(
        units=[4],
        epochs=1,
        window=5,
        horizon=2,
        future_covariates="z",
        static_covariates=["region", "size"],
        validation=10,
        ensemble_size=2,
    )
    (folder / "models").mkdir()
    forecaster.fit(table).save(folder / "models" / "forecaster.safetensors")
    model = LanguageModel(units=4, encoding="embedding", window=2, epochs=1).fit("abcdeabcde")
    model.save(folder / "models" / "language.safetensors")
    with Run(folder / "begun", "new") as run:
        LanguageModel(**SETTINGS, epochs=3).fit("abcdeabcdeabcde", run=run)
    train_case(find_case("letters-onehot"), {"epochs": 3}, folder / "finished")
    table.loc[table["y"].notna(), ["ds", "unique_id", "y"]].to_csv(folder / "table.csv", index=False)
    small = {"units": [2], "epochs": 1, "window": 4, "levels": [50.0], "validation": 12}
    train_case(find_case("forecast"), {"data": str(folder / "table.csv"), **small}, folder / "series")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("use", "place"),
    [
        ("forecaster", "models/forecaster.safetensors"),
        ("language model", "models/language.safetensors"),
        ("resume", "begun/state.safetensors"),
        ("resume", "begun/run.json"),
        ("show", "finished/run.json"),
        ("show", "finished/scores.json"),
        ("show", "finished/metrics.jsonl"),
        ("show", "finished/parameters.txt"),
        ("show", "finished/model.safetensors"),
        ("show", "series/run.json"),
        ("evaluate", "series/scores.json"),
    ],
)
def test_a_mutated_file_is_refused_in_one_sentence_or_runs(
    sandbox: Sandbox, files: Path, tmp_path: Path, use: str, place: str
) -> None:
    path = tmp_path / place
    shutil.copytree((files / place).parent, path.parent)
    if path.name in TEXTS:
        (path.parent / "model.safetensors").unlink()
    for first in range(0, EACH, AT_ONCE):
        outcome = sandbox.run(
            LOOP,
            path=path,
            kept=(files / place).parent,
            use=dedent(USES[use]),
            writes=use == "resume",
            settings=SETTINGS,
            tests=Path(__file__).parent,
            first=first,
            count=AT_ONCE,
            limit=SECONDS,
        )
        assert outcome.fault(seconds=AT_ONCE * SECONDS) is None, outcome.text
