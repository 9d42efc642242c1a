"""Recorded models load, and predict what they predicted."""

import json
from pathlib import Path
from typing import Any

import pytest

from .comparison import PREDICTED, assert_same_json
from .predictions import predictions_of

pytestmark = pytest.mark.filterwarnings("ignore::recurra.json_objects.MissingDigestWarning")  # recorded before digests
GOLDEN = Path(__file__).parent
PREDICTIONS: dict[str, Any] = json.loads((GOLDEN / "predictions.json").read_text("utf-8"))


def test_every_recorded_model_has_predictions() -> None:
    assert sorted(PREDICTIONS) == sorted(folder.name for folder in (GOLDEN / "runs").iterdir())


@pytest.mark.parametrize("name", PREDICTIONS)
def test_a_recorded_model_predicts_what_was_recorded(name: str) -> None:
    assert_same_json(predictions_of(GOLDEN / "runs" / name), PREDICTIONS[name], PREDICTED)
