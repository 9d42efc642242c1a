"""Saved settings of earlier versions: run folders and models that were recorded with the old names."""

import json
import shutil
from pathlib import Path

import pytest

from recurra import load
from recurra.errors import InputError
from recurra.settings.check import check
from recurra.settings.forecasting import ForecasterSettings
from recurra.settings.migration import migrated
from recurra.training import Run

pytestmark = pytest.mark.filterwarnings("ignore::recurra.json_objects.MissingDigestWarning")  # recorded before digests
GOLDEN = Path(__file__).parents[1] / "golden"


def test_old_names_become_the_present_ones_and_the_rest_stays() -> None:
    saved = {"covariates": ["price"], "known": [], "members": 2, "keep": "last", "epochs": 3}
    assert migrated(saved) == {
        "past_covariates": ["price"],
        "future_covariates": [],
        "ensemble_size": 2,
        "restore_best": False,
        "epochs": 3,
    }
    assert migrated({"keep": "best"}) == {"restore_best": True}


def test_present_names_stay_as_they_are() -> None:
    present = {"past_covariates": ["price"], "ensemble_size": 2, "restore_best": False}
    assert migrated(present) == present


@pytest.mark.parametrize(
    ("run", "name", "value"),
    [
        ("runs/sales-covariates", "past_covariates", ["price"]),
        ("older/sales-known", "future_covariates", ["promo"]),
        ("older/sales-members", "ensemble_size", 2),
        ("runs/sales-sgd-last", "restore_best", False),
        ("runs/sales-gru", "restore_best", True),
    ],
)
def test_recorded_runs_and_models_have_their_settings_under_the_present_names(
    run: str, name: str, value: object
) -> None:
    saved = json.loads((GOLDEN / run / "run.json").read_text("utf-8"))["settings"]
    assert name not in saved  # it is a run of the earlier version
    assert Run(GOLDEN / run).info["settings"][name] == value
    assert load(GOLDEN / run).get_params()[name] == value


def test_a_killed_run_of_the_earlier_version_takes_present_names_and_refuses_other_values(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "older" / "shops-killed-3", tmp_path / "run")
    with Run(tmp_path / "run", "resume") as run:
        with pytest.raises(InputError, match="the run has ensemble_size 2, not 3"):
            run.settle({"ensemble_size": 3})
        run.settle({"ensemble_size": 2})
    settings = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))["settings"]
    assert settings["ensemble_size"] == 2
    assert not settings.keys() & {"covariates", "known", "members", "keep"}


def test_a_user_gives_the_present_names_alone() -> None:
    with pytest.raises(InputError, match="there is no setting 'members'"):
        check(ForecasterSettings, {"members": 2}, "case")
