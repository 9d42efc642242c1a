"""Small files of ours that would cost much: refused, or read, within limits of time and memory."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from recurra import Forecaster, LanguageModel
from recurra.cases.catalog import find_case
from recurra.json_objects import with_digest
from recurra.runs.train import train_case
from recurra.tensor_files import read_tensors, write_tensors

from .sandbox import Sandbox

MOST = 10_000_000  # bytes of a hostile file
USE = """
import recurra, warnings
warnings.simplefilter("ignore")
model = recurra.load(path)
if hasattr(model, "predictor_"):
    model.predict()
else:
    model.predict(model.vocabulary_.symbols[:1] * model.settings_.window)
"""
SHOW = """
import warnings
from pathlib import Path
from recurra.runs.show import run_text
warnings.simplefilter("ignore")
run_text(Path(path))
"""
Change = Callable[[dict[str, Tensor], dict[str, Any]], None]


TABLE = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=60), "y": np.sin(np.arange(60.0))})
SMALL: dict[str, Any] = {"units": 4, "epochs": 1, "window": 5, "validation": 10}


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return Forecaster(**SMALL).fit(TABLE)


@pytest.fixture(scope="module")
def language_model() -> LanguageModel:
    return LanguageModel(units=1, epochs=1).fit("abcde")


def assert_cheap(sandbox: Sandbox, path: Path, code: str = USE, end: str = "refused") -> None:
    assert path.is_dir() or path.stat().st_size <= MOST
    outcome = sandbox.run(code, path=path)
    assert outcome.fault() is None
    assert outcome.end == end


def settings(**values: Any) -> Change:
    return lambda tensors, data: data["settings"].update(values)


def frequency(**values: Any) -> Change:
    return lambda tensors, data: data["context"]["frequency"].update(values)


def many_layers(tensors: dict[str, Tensor], data: dict[str, Any]) -> None:
    data["settings"]["units"] = [1] * 200_000


def many_rows(tensors: dict[str, Tensor], data: dict[str, Any]) -> None:
    data["context"]["rows"] = [2**62]


def many_ids(tensors: dict[str, Tensor], data: dict[str, Any]) -> None:
    data["context"]["ids"] = [str(number) for number in range(700_000)]


def ids_of_a_wrong_type(tensors: dict[str, Tensor], data: dict[str, Any]) -> None:
    data["ids"] = list(range(1_000_000))


def many_columns(tensors: dict[str, Tensor], data: dict[str, Any]) -> None:
    data["plan"]["columns"] *= 100_000


def many_slots(tensors: dict[str, Tensor], data: dict[str, Any]) -> None:
    data["context"]["frequency"]["slots"] = [[0, 0]] * 20_000


def many_tensors(tensors: dict[str, Tensor], data: dict[str, Any]) -> None:
    tensors |= {f"network.{number}": torch.zeros(1) for number in range(70_000)}


def shapes_of_nothing(tensors: dict[str, Tensor], data: dict[str, Any]) -> None:
    tensors["context.future"] = torch.empty(2**40, 0, dtype=torch.float64)
    data["context"]["future_rows"] = [2**40]


@pytest.mark.parametrize(
    "change",
    [
        settings(ensemble_size=10**12),
        settings(ensemble_size=300),
        settings(units=[30_000]),
        settings(units=[2**31 - 1]),
        settings(window=2**31 - 1, units=[2**20]),
        many_layers,
        many_rows,
        many_ids,
        ids_of_a_wrong_type,
        many_columns,
        many_slots,
        many_tensors,
        shapes_of_nothing,
        frequency(slots=[[0, 150_000_000]]),
        frequency(slots=[[0, 10**9]]),
        frequency(every=2**60, unit="day", slots=None),
        lambda tensors, data: data["context"].update(ids=["b" * 4_000_000]),
        lambda tensors, data: data.update(ids=["b" * 100_000]),
        settings(units=[1.5] * 1_600_000),
        settings(past_covariates=[1] * 3_000_000),
        settings(scaling=["z"] * 1_400_000),
        lambda tensors, data: data["plan"].update(scaling=["z"] * 1_400_000),
        lambda tensors, data: data["plan"].update(horizon=2**31 - 1),
        lambda tensors, data: data["settings"].update({str(number): number for number in range(300_000)}),
    ],
)
def test_a_forecaster_that_claims_much(
    sandbox: Sandbox, forecaster: Forecaster, tmp_path: Path, change: Change
) -> None:
    path = tmp_path / "model.safetensors"
    forecaster.save(path)
    tensors, data = read_tensors(path)
    change(tensors, data)
    write_tensors(path, tensors, data)
    assert_cheap(sandbox, path)


@pytest.mark.parametrize("scaling", ["standard", "deseasonalize"])
@pytest.mark.parametrize("places", [("plan", "window"), ("plan", "season"), ("frequency", "every"), ("plan", "lag")])
def test_a_forecaster_with_a_huge_number(
    sandbox: Sandbox, forecaster: Forecaster, tmp_path: Path, places: tuple[str, str], scaling: str
) -> None:
    path = tmp_path / "model.safetensors"
    forecaster.save(path)
    tensors, data = read_tensors(path)
    data["plan"]["scaling"] = data["settings"]["scaling"] = [scaling]
    holder = data["context"]["frequency"] if places[0] == "frequency" else data[places[0]]
    holder[places[1]] = 2**31 - 1
    write_tensors(path, tensors, data)
    assert sandbox.run(USE, path=path).fault() is None


@pytest.mark.parametrize("layers", [1, 2])
def test_the_largest_ensemble_that_is_allowed(sandbox: Sandbox, tmp_path: Path, layers: int) -> None:
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=40), "y": np.arange(40.0)})
    model = Forecaster(units=[1] * layers, epochs=1, window=2, ensemble_size=2).fit(table)
    path = tmp_path / "model.safetensors"
    model.save(path)
    tensors, data = read_tensors(path)
    data["settings"]["ensemble_size"] = count = 300 // layers
    first = {name: tensor for name, tensor in tensors.items() if name.startswith("network.members.0.")}
    for number in range(2, count):
        tensors |= {name.replace(".0.", f".{number}.", 1): tensor for name, tensor in first.items()}
    write_tensors(path, tensors, data)
    assert_cheap(sandbox, path, end="returned")


def test_a_forecaster_of_65_000_series(sandbox: Sandbox, tmp_path: Path) -> None:
    path, count = tmp_path / "model.safetensors", 65_000
    Forecaster(scaling=["standard", "subtract-last"], **SMALL).fit(TABLE).save(path)  # seasonal indices take more bytes
    tensors, data = read_tensors(path)
    data["ids"] = data["context"]["ids"] = [str(number) for number in range(count)]
    data["context"] |= {"many": True, "rows": [5] * count, "future_rows": [0] * count}
    for name in ("context.dates", "context.values", "context.observed"):
        tensors[name] = torch.cat([tensors[name]] * count)
    for name in ("cutoffs", *(f"transform.{name}" for name in ("center", "scale", "least", "most"))):
        tensors[name] = torch.cat([tensors[name]] * count)
    write_tensors(path, tensors, data)
    assert_cheap(sandbox, path, end="returned")


@pytest.mark.parametrize("symbols", [10_000, 500_000])
def test_a_one_hot_vocabulary(sandbox: Sandbox, language_model: LanguageModel, tmp_path: Path, symbols: int) -> None:
    path = tmp_path / "model.safetensors"
    language_model.save(path)
    tensors, data = read_tensors(path)
    data["vocabulary"]["symbols"] = [f"{number:x}" for number in range(symbols)]
    for name, dimension in (("simple_rnn.weight_ih", 1), ("dense.weight", 0), ("dense.bias", 0)):
        tensor = tensors[f"layers.{name}"]
        shape = list(tensor.shape)
        shape[dimension] = symbols if symbols == 10_000 else 5
        tensors[f"layers.{name}"] = torch.zeros(shape)
    write_tensors(path, tensors, data)
    assert_cheap(sandbox, path, end="returned" if symbols == 10_000 else "refused")


TEXTS = {
    "lists": "[" * 100_000,
    "objects": '{"a":' * 100_000,
    "empty objects": '{"x": [' + "{}," * 3_000_000 + "{}]}",
    "small objects": '{"x": [' + '{"":0},' * 1_000_000 + "0]}",
    "short texts": '{"x": [' + '"ab",' * 1_300_000 + "0]}",
    "objects and texts": '{"x": [' + ('{"":0},' + '"ab",' * 7) * 160_000 + "0]}",
    "wide texts": '{"x": [' + '"\\ud83d\\ude00",' * 500_000 + "0]}",
    "digits": '{"x": ' + "9" * 1_000_000 + "}",
    "spaces": " " * 9_000_000 + "{}",
}


@pytest.mark.parametrize("name", TEXTS)
def test_json_in_a_model_file(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    header = json.dumps({"__metadata__": {"recurra": TEXTS[name]}}, ensure_ascii=False).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    assert_cheap(sandbox, path)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("file", ["run.json", "scores.json", "metrics.jsonl"])
def test_json_in_a_run(sandbox: Sandbox, finished: Path, tmp_path: Path, name: str, file: str) -> None:
    for path in finished.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "run.json").write_text(json.dumps(with_digest({"case": "letters-onehot", "status": "finished"})))
    (tmp_path / file).write_text(TEXTS[name])
    assert sandbox.run(SHOW, path=tmp_path).fault() is None


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    train_case(find_case("letters-onehot"), {"epochs": 3}, out)
    return out


TOML = {
    "brackets": "x = " + "[" * 100_000,
    "tables": "x = " + "{a=" * 100_000,
    "dotted": ".".join(["a"] * 100_000) + " = 1",
    "digits": 'kind = "letters"\nbatch_size = 1' + "0" * 21,
    "many digits": 'kind = "letters"\nbatch_size = ' + "9" * 100_000,
    "hexadecimal": 'kind = "letters"\nbatch_size = 0x' + "f" * 100_000,
    "layers": 'kind = "letters"\nalphabet = "abc"\nunits = [' + "1," * 400_000 + "]",
    "control": 'kind = "letters"\n"\\u001b[2J" = 1',
    "infinity": 'kind = "letters"\nalphabet = "abc"\nlearning_rate = inf',
}


@pytest.mark.parametrize("name", TOML)
def test_a_case(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    path = tmp_path / "case.toml"
    path.write_text(TOML[name])
    assert_cheap(sandbox, path, "from recurra.cases.catalog import find_case; find_case(path).settings({})")
