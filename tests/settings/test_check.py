"""From plain values to checked settings and back, and the one line that says what is wrong."""

import json
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from recurra.errors import InputError
from recurra.settings.cases import LettersSettings
from recurra.settings.check import check, completed, near_miss, to_json
from recurra.settings.language import LanguageModelSettings
from recurra.settings.training import TrainingSettings


@pytest.mark.parametrize(
    ("field", "given", "kept"),
    [
        ("units", 5, [5]),
        ("units", [5, 4], [5, 4]),
        ("units", (80, 100), [80, 100]),
        ("units", np.int64(5), [5]),
        ("window", np.int64(3), 3),
        ("learning_rate", np.float64(0.5), 0.5),
        ("learning_rate", 1, 1.0),
        ("validation", 0.25, 0.25),
        ("validation", 0, 0),
        ("validation", 12, 12),
        ("clip_norm", None, None),
        ("seed", 0, 0),
    ],
)
def test_what_means_the_same_is_kept_as_the_same(field: str, given: Any, kept: Any) -> None:
    value = getattr(check(LanguageModelSettings, {field: given}, "test"), field)
    assert value == kept
    assert type(value) is type(kept)


def test_a_bad_member_of_a_list_is_named_by_its_place() -> None:
    with pytest.raises(InputError, match=r"^x: units\[1\] is 'b'; expected a whole number"):
        check(LanguageModelSettings, {"units": [3, "b"]}, "x")


@pytest.mark.parametrize(("typo", "meant"), [("unit", "units"), ("learning-rate", "learning_rate"), ("celll", "cell")])
def test_a_typo_names_the_near_miss(typo: str, meant: str) -> None:
    with pytest.raises(InputError) as error:
        check(LanguageModelSettings, {typo: 1}, "x")
    assert str(error.value) == f"x: there is no setting {typo!r}; did you mean {meant!r}?"


def test_a_typo_is_named_before_the_setting_that_is_therefore_missing() -> None:
    with pytest.raises(InputError, match=r"^x: there is no setting 'alphabt'; did you mean 'alphabet'\?$"):
        check(LettersSettings, {"alphabt": "abc"}, "x")


def test_a_field_that_is_near_nothing_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no setting 'zzzz'; expected one of epochs, steps, .*unknown\.$"):
        check(LanguageModelSettings, {"zzzz": 1}, "x")


def test_settings_do_not_change_once_they_are_checked() -> None:
    settings = check(LanguageModelSettings, {}, "x")
    with pytest.raises(FrozenInstanceError):
        settings.window = 2


def test_settings_go_through_json_unchanged() -> None:
    settings = check(LanguageModelSettings, {"units": (4, 5), "validation": 0.2, "clip_norm": 1}, "x")
    plain = to_json(settings)
    assert json.loads(json.dumps(plain)) == plain
    assert check(LanguageModelSettings, plain, "x") == settings


def test_the_settings_of_a_model_can_be_taken_from_those_of_a_case() -> None:
    case = check(LettersSettings, {"alphabet": "abc", "units": 4}, "x")
    assert to_json(case, LanguageModelSettings) == to_json(check(LanguageModelSettings, {"units": 4}, "x"))


def test_settings_that_an_older_version_saved_get_the_defaults_of_newer_ones() -> None:
    saved = {"epochs": 3, "alphabet": "abc"}
    assert completed(saved, TrainingSettings, "x") == {
        **to_json(check(TrainingSettings, {"epochs": 3}, "x")),
        "alphabet": "abc",
    }
    assert saved == {"epochs": 3, "alphabet": "abc"}


def test_a_saved_setting_that_was_changed_to_something_impossible_is_refused() -> None:
    with pytest.raises(InputError, match=r"^run\.json: epochs is -3; expected a whole number above 0\.$"):
        completed({"epochs": -3}, TrainingSettings, "run.json")


@pytest.mark.parametrize(
    ("word", "known", "end"),
    [
        ("lettres", ["letters", "stock"], "; did you mean 'letters'?"),
        ("q", ["letters", "stock"], "; expected one of letters, stock."),
    ],
)
def test_near_miss_ends_the_sentence(word: str, known: list[str], end: str) -> None:
    assert near_miss(word, known) == end
