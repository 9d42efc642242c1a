"""Trains and asks models, and prints a digest of each result as JSON: the same, whatever the number of threads.

    OMP_NUM_THREADS=3 python tests/thread_counts.py

Run by test_threads.py as a process of its own for each number of threads.
"""

import hashlib
import json
import tempfile
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from recurra import Forecaster, LanguageModel
from recurra.cli import run
from recurra.evaluation.significance import DieboldMariano, diebold_mariano
from recurra.nn.cells import GRUCell, SimpleRNNCell
from recurra.nn.heads import HEADS
from recurra.settings.forecasting import COUNTING, LossName


class ReluCell(SimpleRNNCell):
    """A cell of one's own, which the reference runs."""

    name = "relu"


class ResetBeforeCell(GRUCell):
    """A GRU with the reset gate before the product, which the reference runs."""

    name = "reset-before"


CELLS: dict[str, Any] = {
    "rnn": "rnn",
    "gru": "gru",
    "lstm": "lstm",
    "relu": ReluCell("relu"),
    "reset-before": ResetBeforeCell(reset_after=False),
}
CASES = ("letters-onehot", "letters-embedding", "letters-window", "stock-tutorial", "stock")
LETTERS = ("letters-window", "--units", "64")
BARS = ("--start", "2011-01-01", "--end", "2012-12-31", "--test", "100")
SIZES: dict[str, dict[str, Any]] = {
    "small": {"units": 5, "epochs": 3, "window": 10},
    "middle": {"units": (64, 48), "epochs": 2, "window": 10, "dropout": 0.2},
    "large": {"units": 256, "epochs": 1, "window": 1},  # which torch's operators run, if the cell has one
}
CODED: dict[str, dict[str, Any]] = {
    "one-hot": {"encoding": "onehot", "targets": "last"},
    "embedded": {"encoding": "embedding", "embedding_dim": 50, "targets": "every"},
}
OPTIMIZED: list[dict[str, Any]] = [
    {"optimizer": "adamw", "clip_norm": 0.1},
    {"optimizer": "sgd", "average_decay": 0.9, "learning_rate": 0.1},
    {"optimizer": "rmsprop", "accumulate": 2, "schedule": "cosine"},
]
VALIDATED: dict[str, Any] = {"validation": 20, "levels": (80.0,)}
KINDS: dict[str, dict[str, Any]] = {  # of forecasters
    "an ensemble": {"ensemble_size": 3},
    "future covariates": {"future_covariates": ["promo"], **VALIDATED},
    "past covariates": {"past_covariates": ["promo"], "dropout": 0.3},
    "two windows at a time": {"batch_size": 2, "epochs": 1, "cell": "lstm", "units": 400, "window": 60},
    "a batch of thousands": {"batch_size": 5_000, "units": 96},
}
Result = Callable[[], Any]


def weights_and_records(model: LanguageModel | Forecaster) -> list[Any]:
    records = [{name: value for name, value in record.items() if name != "seconds"} for record in model.history_]
    return [{name: t.numpy().tobytes() for name, t in model.network_.state_dict().items()}, records]


def language_model(symbols: str | list[str], **settings: Any) -> list[Any]:
    window = settings.get("window", 1)
    model = LanguageModel(**settings).fit(symbols)
    asked = symbols[: 400 + window]
    return [
        weights_and_records(model),
        model.score(symbols),
        model.predict_many([asked[place : place + window] for place in range(400)]),
        model.predict_proba(asked[:window]),
    ]


def words(count: int, size: int) -> list[str]:
    """A text of so many words: the vocabulary in one random order after the other."""
    rng = np.random.default_rng(0)
    drawn = np.concatenate([rng.permutation(size) for _ in range(-(-count // size))])
    return [f"w{number}" for number in drawn[:count]]


def sales(rows: int, shops: int = 1) -> pd.DataFrame:
    """Daily sales of some shops, with promotions that are known in advance."""
    rng = np.random.default_rng(1)
    days = pd.date_range("2020-01-01", periods=rows)
    parts = []
    for shop in range(shops):
        promo = rng.integers(0, 2, rows)
        y = 50 + 10 * np.sin(np.arange(rows) / 7 + shop) + 5 * promo + rng.normal(0, 1, rows)
        parts.append(pd.DataFrame({"unique_id": f"s{shop}", "ds": days, "y": y, "promo": promo}))
    return pd.concat(parts, ignore_index=True)


def forecaster(table: pd.DataFrame, *, levels: tuple[float, ...] = (), **settings: Any) -> list[Any]:
    last = table["ds"].max() - pd.Timedelta(days=40)
    model = Forecaster(target="y", **settings).fit(table[table["ds"] <= last])
    if "future_covariates" in settings:  # the horizon after the last row has its promotions
        hidden = table["ds"] > table["ds"].max() - pd.Timedelta(days=settings.get("horizon", 1))
        following = model.predict(table.assign(y=table["y"].mask(hidden)), levels=levels)
    else:
        following = model.predict(levels=levels)
    evaluation = model.evaluate(table, levels=levels)
    return [weights_and_records(model), following.to_csv(), evaluation.predictions.to_csv(), evaluation.to_json()]


def comparison() -> DieboldMariano:
    """A test of so many losses that a product of vectors would be shared among threads."""
    model, baseline = np.random.default_rng(0).exponential(size=(2, 20_001))
    return diebold_mariano(model, baseline, horizon=3)


def backtest() -> list[Any]:
    model = Forecaster(target="y", window=14, horizon=7, units=64, epochs=2, cell="gru")
    return [model.backtest(sales(200), folds=2, refit=True).to_json()]


def command(*arguments: str) -> list[Any]:
    """Train a case by the command line, and return its files that hold no durations."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        assert run(["train", *arguments, "--out", str(out), "--quiet"]) == 0
        return contents(out)


def forecast_case(*arguments: str) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "sales.csv"
        sales(150).to_csv(table, index=False)
        return command("forecast", "--data", str(table), *arguments)


LASTING = "--schedule", "constant"  # a rate that falls to the end of the training allows no more epochs


def resumed(*arguments: str) -> list[Any]:
    """Train a case for two epochs, and for two more with another number of threads."""
    threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        assert run(["train", *arguments, *LASTING, "--epochs", "2", "--out", str(out), "--quiet"]) == 0
        torch.set_num_threads(threads % 3 + 1)
        assert run(["train", arguments[0], "--epochs", "4", "--out", str(out), "--quiet", "--resume"]) == 0
        torch.set_num_threads(threads)
        return contents(out)


def contents(out: Path) -> list[bytes]:
    names = ["model.safetensors", "scores.json", "parameters.txt", "predictions.csv", "forecast.csv", "training.png"]
    return [(out / name).read_bytes() for name in names if (out / name).is_file()]


def quick() -> Iterator[tuple[str, Result]]:
    """A result of each cell and of each estimator: what is compared in every run of the tests."""
    yield "letters-window of 64 units", partial(command, *LETTERS, "--epochs", "5")
    for name, cell in CELLS.items():
        yield f"words, {name}", partial(language_model, words(600, 40), cell=cell, units=96, epochs=1, window=6)
    yield "sales", partial(forecaster, sales(150), cell="lstm", units=64, epochs=1, horizon=3, loss="mae", **VALIDATED)


def everything() -> Iterator[tuple[str, Result]]:
    """Every cell, case and head, in several sizes."""
    yield from quick()
    for case in CASES:
        some = ("--epochs", "2", *BARS) if case.startswith("stock") else ("--epochs", "5")
        yield f"case {case}", partial(command, case, *some)
        yield f"case {case}, 96 units", partial(command, case, *some, "--units", "96")
    yield "case forecast", partial(forecast_case, "--epochs", "2")
    for (cell, size), coded in product(product(CELLS, SIZES), CODED):
        options = {"cell": CELLS[cell], **SIZES[size], **CODED[coded], "batch_size": 128, "validation": 0.2}
        yield f"words, {cell}, {size}, {coded}", partial(language_model, words(900, 300), **options)
    for cell, size in product(CELLS, SIZES):
        options = {"cell": CELLS[cell], **SIZES[size], "window": 14, "horizon": 2, **VALIDATED}
        yield f"sales, {cell}, {size}", partial(forecaster, sales(150), **options)
    for options in OPTIMIZED:
        name = f"words, {options['optimizer']}"
        yield name, partial(language_model, words(900, 300), cell="gru", units=300, window=2, epochs=2, **options)
    for encoding in ("onehot", "embedding"):
        options = {"cell": "gru", "units": 256, "epochs": 1, "batch_size": 512, "encoding": encoding}
        yield f"a vocabulary of 5,000, {encoding}", partial(language_model, words(6_000, 5_000), **options)
    for loss, cell in product(HEADS, ("rnn", "gru", "lstm")):
        options = {"cell": cell, "units": 128, "epochs": 1, "horizon": 12, "season": 7, "batch_size": 512}
        yield f"sales, {cell}, {loss}", partial(with_loss, loss, sales(400, 3), **options)
    for name, options in KINDS.items():
        shared = {"units": 64, "epochs": 2, "horizon": 7, "cell": "gru"}
        yield f"sales, {name}", partial(forecaster, sales(200, 2), **{**shared, **options})
    yield "a backtest", backtest
    yield "a comparison", comparison
    for arguments in (LETTERS, ("stock", "--units", "96", *BARS)):
        yield f"resumed {arguments[0]}", partial(resumed, *arguments)
        yield f"whole {arguments[0]}", partial(command, *arguments, *LASTING, "--epochs", "4")


def with_loss(loss: LossName, table: pd.DataFrame, **settings: Any) -> list[Any]:
    if loss == COUNTING:
        table, settings = table.assign(y=table["y"].abs().round()), settings | {"scaling": "divide-mean"}
    return forecaster(table, loss=loss, **settings)


def digest(found: Any) -> str:
    """Return a hash of bytes, numbers and texts in lists and dictionaries."""
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]


def main() -> None:
    warnings.simplefilter("ignore")
    digests = {name: digest(result()) for name, result in everything()}
    print(json.dumps(digests))


if __name__ == "__main__":
    main()
