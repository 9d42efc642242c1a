"""Settings: what is accepted, and the one line that says what is wrong and how to mend it."""

import inspect

import numpy as np
import pytest

from recurra import config
from recurra.config import LanguageModelSettings, LettersSettings, check, near_miss
from recurra.errors import InputError
from recurra.models import LanguageModel

SETTINGS = [c for _, c in inspect.getmembers(config, inspect.isclass) if c.__module__ == config.__name__]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings.__name__)
def test_every_field_that_a_user_sets_has_the_sentence_that_help_shows(settings):
    silent = {name for name, field in settings.model_fields.items() if not field.description}
    assert silent <= {"kind", "description"}


def test_the_settings_of_a_language_model_are_its_constructor_arguments_with_the_same_defaults():
    arguments = {name: p.default for name, p in inspect.signature(LanguageModel).parameters.items()}
    defaults = LanguageModelSettings().model_dump()
    assert arguments | {"units": [arguments["units"]]} == defaults


def test_a_language_model_alone_is_the_one_that_the_documentation_promises():
    promised = {"encoding": "onehot", "window": 1, "epochs": 100, "learning_rate": 0.01, "seed": 7, "validation": 0}
    assert promised.items() <= LanguageModelSettings().model_dump().items()


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
def test_what_means_the_same_is_kept_as_the_same(field, given, kept):
    value = getattr(check(LanguageModelSettings, {field: given}, "test"), field)
    assert value == kept
    assert type(value) is type(kept)


@pytest.mark.parametrize(
    ("field", "found", "expected"),
    [
        ("cell", "grru", "expected 'rnn', 'gru' or 'lstm'"),
        ("units", [], "expected at least one layer, each of at least 1 unit"),
        ("units", [3, 0], "expected at least one layer, each of at least 1 unit"),
        ("units", "many", "expected a valid list"),
        ("encoding", "binary", "expected 'onehot' or 'embedding'"),
        ("embedding_dim", 0, "expected greater than 0"),
        ("window", 0, "expected greater than 0"),
        ("window", "x", "expected a valid integer"),
        ("targets", "first", "expected 'last' or 'every'"),
        ("order", "random", "expected 'first-seen' or 'sorted'"),
        ("dropout", 1.0, "expected less than 1"),
        ("dropout", -0.1, "expected greater than or equal to 0"),
        ("epochs", 0, "expected greater than 0"),
        ("epochs", 1.5, "expected a valid integer"),
        ("batch_size", -1, "expected greater than 0"),
        ("optimizer", "lion", "expected 'adam', 'adamw', 'sgd' or 'rmsprop'"),
        ("learning_rate", 0, "expected greater than 0"),
        ("learning_rate", float("nan"), "expected a finite number"),
        ("learning_rate", float("inf"), "expected a finite number"),
        ("schedule", "linear", "expected 'constant', 'cosine' or 'exponential'"),
        ("clip_norm", 0.0, "expected greater than 0"),
        ("shuffle", "maybe", "expected a valid boolean"),
        ("validation", -1, "expected greater than or equal to 0"),
        ("validation", 1.5, "expected less than 1"),
        ("patience", 0, "expected greater than 0"),
        ("seed", -1, "expected greater than or equal to 0"),
        ("device", 0, "expected a valid string"),
    ],
)
def test_a_bad_value_is_one_line_with_the_field_what_was_found_and_what_was_expected(field, found, expected):
    with pytest.raises(InputError) as error:
        check(LanguageModelSettings, {field: found}, "case.toml")
    message = str(error.value)
    assert message.startswith(f"case.toml: {field} is {found!r}; ")
    assert expected in message
    assert message.endswith(".")
    assert "\n" not in message
    assert "pydantic" not in message


def test_a_bad_member_of_a_list_is_named_by_its_place():
    with pytest.raises(InputError, match=r"^x: units\.1 is 'b'; expected a valid integer"):
        check(LanguageModelSettings, {"units": [3, "b"]}, "x")


@pytest.mark.parametrize(("typo", "meant"), [("unit", "units"), ("learning-rate", "learning_rate"), ("celll", "cell")])
def test_a_typo_names_the_near_miss(typo, meant):
    with pytest.raises(InputError) as error:
        check(LanguageModelSettings, {typo: 1}, "x")
    assert str(error.value) == f"x: there is no setting {typo!r}; did you mean {meant!r}?"


def test_a_field_that_is_near_nothing_lists_the_known_ones():
    with pytest.raises(InputError, match=r"there is no setting 'zzzz'; known are epochs, batch_size, .*dropout\.$"):
        check(LanguageModelSettings, {"zzzz": 1}, "x")


def test_a_missing_setting_is_named():
    with pytest.raises(InputError, match=r"^x: the setting 'alphabet' is missing\.$"):
        check(LettersSettings, {}, "x")


def test_a_check_of_several_fields_speaks_in_one_line_too():
    with pytest.raises(InputError) as error:
        check(LettersSettings, {"alphabet": "abc", "window": 3, "ring": False}, "x")
    assert str(error.value) == "x: alphabet 'abc' has 3 letters; a window of 3 needs at least 4."


def test_a_ring_may_be_shorter_than_the_window():
    assert check(LettersSettings, {"alphabet": "abc", "window": 5}, "x").window == 5


def test_settings_do_not_change_once_they_are_checked():
    settings = LanguageModelSettings()
    with pytest.raises(ValueError, match="frozen"):
        settings.window = 2


def test_settings_go_through_json_unchanged():
    settings = check(LanguageModelSettings, {"units": (4, 5), "validation": 0.2, "clip_norm": 1}, "x")
    assert LanguageModelSettings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize(
    ("word", "known", "end"),
    [
        ("lettres", ["letters", "stock"], "; did you mean 'letters'?"),
        ("q", ["letters", "stock"], "; known are letters, stock."),
    ],
)
def test_near_miss_ends_the_sentence(word, known, end):
    assert near_miss(word, known) == end
