"""What is shown of a run: settings in use, the epoch or step whose weights were kept, layers and history."""

import re
from pathlib import Path

import pytest

from recurra.cases.catalog import find_case
from recurra.runs.show import run_text, scores_text
from recurra.runs.train import train_case
from recurra.training import Run

from ..sales import sales

pytestmark = pytest.mark.usefixtures("empty_pictures")


def trained(case: str, folder: Path, **settings: object) -> Path:
    return train_case(find_case(case), {"units": [2], **settings}, folder).path


def test_a_training_by_epochs_shows_its_epochs_and_one_by_steps_its_steps(tmp_path: Path) -> None:
    by_epochs = trained("letters", tmp_path / "epochs", epochs=4)
    text = run_text(by_epochs)
    assert re.search(r"^epochs +4$", text, re.MULTILINE)
    assert "\nsteps" not in text
    assert "\nrecord_every" not in text
    assert scores_text(Run(by_epochs)).startswith("with the weights of epoch 4:")
    by_steps = trained("letters", tmp_path / "steps", steps=7, record_every=3)
    text = run_text(by_steps)
    assert "\nepochs" not in text
    assert scores_text(Run(by_steps)).startswith("with the weights of step 7:")


def test_an_ensemble_shows_the_epoch_of_each_network(tmp_path: Path) -> None:
    data = tmp_path / "sales.csv"
    sales().to_csv(data, index=False)
    settings = {"target": "sales", "ensemble_size": 2, "epochs": 2, "window": 6, "levels": [80.0]}
    run = trained("forecast", tmp_path / "run", data=str(data), **settings)
    heading = scores_text(Run(run)).splitlines()[0]
    assert heading.startswith("with the weights of epochs ")
    assert heading.count(",") == 1
    assert "2 networks, each of:" in run_text(run)


def test_what_was_chosen_is_shown_in_place_of_none(tmp_path: Path) -> None:
    data = tmp_path / "sales.csv"
    sales().to_csv(data, index=False)
    run = trained("forecast", tmp_path / "run", data=str(data), epochs=1, levels=[80.0])
    text = run_text(run)
    for name, value in (("target", "sales"), ("window", "12"), ("season", "12")):
        assert re.search(rf"^{name} +{value} \(chosen\)$", text, re.MULTILINE)
    given = trained("forecast", tmp_path / "given", data=str(data), epochs=1, levels=[80.0], window=6)
    assert re.search(r"^window +6$", run_text(given), re.MULTILINE)


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a run folder"):
        run_text(tmp_path)
