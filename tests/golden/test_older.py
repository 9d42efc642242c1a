"""Runs of earlier formats load, predict what they predicted, and go on."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from recurra import Forecaster, load
from recurra.training import Run

from .comparison import PREDICTED, TRAINED, assert_same_json
from .predictions import predictions_of
from .terminal import run

pytestmark = [
    pytest.mark.filterwarnings("ignore::recurra.json_objects.MissingDigestWarning"),  # recorded before digests
    pytest.mark.usefixtures("empty_pictures"),
]
GOLDEN = Path(__file__).parent
OLDER = GOLDEN / "older"
PREDICTIONS: dict[str, Any] = json.loads((OLDER / "predictions.json").read_text("utf-8"))
SALES = "--target sales --window 6 --units 3 --learning-rate 0.02 --batch-size 16 --save-every-seconds 0"
KNOWN = f"recurra forecast sales-coming.csv {SALES} --epochs 5 --future-covariates promo --horizon 2"
SHOPS = "recurra forecast shops.csv --window 7 --units 3 --cell lstm --ensemble-size 2 --dropout 0.1 --batch-size 16"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(GOLDEN / "data", tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize("name", ["sales-known", "sales-members", "sales-known-2"])
def test_an_older_model_predicts_what_it_predicted(name: str, tmp_path: Path) -> None:
    assert_same_json(predictions_of(OLDER / name), PREDICTIONS[name], PREDICTED)
    model = load(OLDER / name)
    model.save(tmp_path / "model.safetensors")  # in the present format
    assert_same_json(predictions_of(tmp_path / "model.safetensors"), PREDICTIONS[name], PREDICTED)


def test_an_older_run_with_future_covariates_goes_on_reading_them_early(folder: Path) -> None:
    shutil.copytree(OLDER / "sales-known-killed-3", folder / "run")
    assert run(f"{KNOWN} --out run --resume", folder).status == 0
    assert_same_json(predictions_of(folder / "run"), PREDICTIONS["sales-known-killed-3"], TRAINED)
    model = load(folder / "run")
    assert isinstance(model, Forecaster)
    assert (model.predictor_.plan.early, model.predictor_.plan.future_size) == (2, 0)


def test_an_older_ensemble_goes_on_with_each_network_apart(folder: Path) -> None:
    shutil.copytree(OLDER / "shops-killed-3", folder / "run")
    before = Run(folder / "run").read_metrics()
    assert run(f"{SHOPS} --epochs 6 --save-every-seconds 0 --out run --resume", folder).status == 0
    records = Run(folder / "run").read_metrics()
    assert [(record["member"], record["epoch"]) for record in records] == [
        (member, epoch) for member in (1, 2) for epoch in range(1, 7)
    ]
    for member in (1, 2):
        own = [record for record in records if record["member"] == member]
        for record, joint in zip(own, before, strict=False):
            assert record == {**joint, "member": member}
        assert own[3]["loss"] == pytest.approx(before[2]["loss"], rel=0.05)  # it goes on, and does not begin again
    names = {path.name for path in (folder / "run").glob("state*")}
    assert names == {"state-1.safetensors", "state-2.safetensors"}
    assert "state.safetensors" not in Run(folder / "run").info["files"]
