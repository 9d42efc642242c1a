"""The letter cases, from data to a finished run folder."""

import json
from pathlib import Path

import pytest

from recurra import LanguageModel
from recurra.cases.catalog import find_case
from recurra.errors import InputError
from recurra.json_objects import with_digest
from recurra.runs.letters import sequence_of
from recurra.runs.train import train_case
from recurra.settings.check import to_json
from recurra.settings.language import LanguageModelSettings
from recurra.training import Run

pytestmark = pytest.mark.usefixtures("empty_pictures")


@pytest.mark.parametrize(
    ("alphabet", "ring", "window", "sequence"),
    [
        ("abcde", True, 1, "abcdea"),
        ("abcde", True, 3, "abcdeabc"),
        ("ab", True, 5, "abababa"),
        ("abcdefghijk", False, 3, "abcdefghijk"),
    ],
)
def test_a_ring_goes_on_from_its_beginning(alphabet: str, ring: bool, window: int, sequence: str) -> None:
    settings = find_case("letters").settings({"alphabet": alphabet, "ring": ring, "window": window})
    assert sequence_of(settings) == sequence


@pytest.mark.parametrize(
    "name",
    ["letters-window", *(pytest.param(f"letters-{kind}", marks=pytest.mark.slow) for kind in ("onehot", "embedding"))],
)
def test_every_case_reaches_full_accuracy_for_nineteen_of_twenty_seeds(name: str) -> None:
    case = find_case(name)
    right = 0
    for seed in range(20):
        settings = case.settings({"seed": seed})
        parameters = to_json(settings, LanguageModelSettings)
        right += LanguageModel(**parameters).fit(sequence_of(settings)).score(sequence_of(settings)) == 1.0
    assert right >= 19


def test_a_run_folder_has_everything_that_was_promised(tmp_path: Path) -> None:
    out = tmp_path / "l"
    train_case(find_case("letters"), {}, out)
    assert sorted(file.name for file in out.iterdir() if not file.name.startswith(".")) == [
        "metrics.jsonl",
        "model.safetensors",
        "parameters.txt",
        "run.json",
        "scores.json",
        "state.safetensors",
        "training.png",
    ]
    info = json.loads((out / "run.json").read_text())
    assert info["status"] == "finished"
    assert info["settings"]["alphabet"] == "abcde"
    assert info["versions"].keys() == {"recurra", "torch", "numpy", "python"}
    scores = json.loads((out / "scores.json").read_text())
    assert len(scores.pop("sha256")) == 64
    assert scores == {
        "best_epoch": 100,
        "training": {"predictions": 5, "accuracy": 1.0, "most_frequent_accuracy": 0.2, "ratio": 5.0},
    }
    assert len((out / "metrics.jsonl").read_text().splitlines()) == 100


def test_two_runs_with_the_same_seed_have_the_same_model_file(tmp_path: Path) -> None:
    for name in ("first", "second"):
        train_case(find_case("letters-window"), {"epochs": 5}, tmp_path / name)
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("first", "second")]
    assert models[0] == models[1]


def test_a_run_that_goes_on_for_more_epochs_ends_like_one_that_had_them_from_the_start(tmp_path: Path) -> None:
    case = find_case("letters-window")
    train_case(case, {"epochs": 9}, tmp_path / "whole")
    train_case(case, {"epochs": 4}, tmp_path / "parts")
    train_case(case, {"epochs": 9}, tmp_path / "parts", mode="resume")
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "parts")]
    assert models[0] == models[1]
    assert len((tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()) == 9


def without_weight_decay(run: Path) -> None:
    """Make a run one of a version that did not know this setting."""
    info = json.loads((run / "run.json").read_text())
    del info["settings"]["weight_decay"]
    (run / "run.json").write_text(json.dumps(with_digest(info)))


def test_a_run_of_an_older_version_goes_on_with_the_defaults_of_newer_settings(tmp_path: Path) -> None:
    case = find_case("letters-window")
    train_case(case, {"epochs": 9}, tmp_path / "whole")
    train_case(case, {"epochs": 4}, tmp_path / "old")
    without_weight_decay(tmp_path / "old")
    assert train_case(case, {}, tmp_path / "old", mode="resume").was_finished
    train_case(case, {"epochs": 9}, tmp_path / "old", mode="resume")
    models = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "old")]
    assert models[0] == models[1]
    assert json.loads((tmp_path / "old" / "run.json").read_text())["settings"]["weight_decay"] is None


def test_a_run_of_an_older_version_has_the_default_of_a_newer_setting_and_no_other(tmp_path: Path) -> None:
    case = find_case("letters")
    train_case(case, {"epochs": 3}, tmp_path)
    without_weight_decay(tmp_path)
    with pytest.raises(
        InputError, match=r"the run has weight_decay None, not 0\.1; only epochs can be changed when a run is resumed"
    ):
        train_case(case, {"weight_decay": 0.1}, tmp_path, mode="resume")
    model = LanguageModel(epochs=3, weight_decay=0.1)
    with Run(tmp_path, "resume") as run, pytest.raises(InputError, match=r"the run has weight_decay None, not 0\.1"):
        model.fit("abcdea", run=run)


def test_a_finished_run_resumes_to_nothing(tmp_path: Path) -> None:
    case = find_case("letters")
    assert not train_case(case, {"epochs": 3}, tmp_path / "r").was_finished
    before = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "r").iterdir() if file.suffix}
    again = train_case(case, {}, tmp_path / "r", mode="resume")
    assert again.was_finished
    assert again.model.predict("a") in "abcde"
    after = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "r").iterdir() if file.suffix}
    assert after == before


@pytest.mark.parametrize(
    ("case", "overrides", "message"),
    [
        ("letters", {"epochs": 2}, "has epochs 3, not 2; epochs can only be increased when a run is resumed"),
        (
            "letters",
            {"alphabet": "abcdef"},
            "has alphabet 'abcde', not 'abcdef'; only epochs can be changed when a run is resumed",
        ),
        ("letters", {"cell": "lstm"}, "has cell 'rnn', not 'lstm'"),
        ("letters-window", {}, "is a run of case letters-onehot, not of letters-window"),
    ],
)
def test_a_resumed_run_keeps_its_configuration(
    tmp_path: Path, case: str, overrides: dict[str, object], message: str
) -> None:
    train_case(find_case("letters"), {"epochs": 3}, tmp_path)
    with pytest.raises(InputError, match=message):
        train_case(find_case(case), overrides, tmp_path, mode="resume")


def test_changed_data_is_refused(tmp_path: Path) -> None:
    train_case(find_case("letters"), {"epochs": 3}, tmp_path)
    info = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(with_digest(info | {"data": "of other rows", "status": "training"})))
    with pytest.raises(InputError, match="the run began with other data"):
        train_case(find_case("letters"), {"epochs": 5}, tmp_path, mode="resume")


def test_scores_of_a_run_with_validation_name_it(tmp_path: Path) -> None:
    overrides = {"alphabet": "ababababab", "ring": False, "validation": 4, "epochs": 30}
    train_case(find_case("letters"), overrides, tmp_path)
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["training"]["predictions"] == 5  # of ababab
    assert scores["training"]["most_frequent_accuracy"] == 0.6  # b, three times in five
    assert scores["validation"]["predictions"] == 3  # of abab
    assert scores["validation"]["most_frequent_accuracy"] == 2 / 3
    assert scores["validation"]["accuracy"] == 1.0


def test_a_finished_run_that_lost_its_model_gets_it_back_from_the_state(tmp_path: Path) -> None:
    train_case(find_case("letters"), {"epochs": 3}, tmp_path)
    model = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").unlink()
    assert not train_case(find_case("letters"), {}, tmp_path, mode="resume").was_finished
    assert (tmp_path / "model.safetensors").read_bytes() == model


def test_going_on_with_another_version_is_said(tmp_path: Path) -> None:
    train_case(find_case("letters"), {"epochs": 2}, tmp_path)
    info = json.loads((tmp_path / "run.json").read_text())
    info["versions"]["torch"] = "1.0"
    (tmp_path / "run.json").write_text(json.dumps(with_digest(info)))
    with pytest.warns(UserWarning, match=r"began with torch 1\.0 and goes on with"):
        train_case(find_case("letters"), {"epochs": 3}, tmp_path, mode="resume")
