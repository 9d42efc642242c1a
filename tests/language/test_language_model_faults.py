"""What a language model says of invalid settings, sequences, questions and devices."""

import pytest

from recurra import LanguageModel
from recurra.errors import InputError
from recurra.training import DivergenceError

from .ring import RING


@pytest.mark.parametrize(
    ("validation", "window", "trained", "held_out"),
    [(1, 1, 9, 1), (3, 3, 7, 3), (7, 3, 3, 7), (0.1, 1, 9, 1), (0.01, 1, 10, 0), (0.9, 1, 1, 9), (20, 1, 0, 10)],
)
def test_parts_that_are_too_small_for_the_window_are_refused_with_their_sizes(validation, window, trained, held_out):
    with pytest.raises(InputError) as error:
        LanguageModel(validation=validation, window=window).fit("ababababab")
    message = str(error.value)
    assert f"validation={validation} splits 10 symbols into {trained} for training and {held_out}" in message
    assert f"each part needs at least {window + 1}." in message


@pytest.mark.parametrize(
    "bad",
    [
        {"cell": "transformer"},
        {"units": []},
        {"units": [3, -1]},
        {"window": 0},
        {"encoding": "binary"},
        {"targets": "none"},
        {"order": "size"},
        {"dropout": 1.0},
        {"epochs": 0},
        {"batch_size": 0},
        {"optimizer": "newton"},
        {"learning_rate": -0.1},
        {"schedule": "steps"},
        {"clip_norm": 0},
        {"validation": -0.5},
        {"patience": 0},
        {"seed": -1},
    ],
    ids=lambda bad: next(iter(bad)),
)
def test_a_bad_parameter_is_named_in_one_line_when_the_model_is_fitted(bad):
    model = LanguageModel(**bad)
    ((name, found),) = bad.items()
    with pytest.raises(InputError) as error:
        model.fit(RING)
    message = str(error.value)
    assert message.startswith(f"LanguageModel: {name} is {found!r}; expected ")
    assert "\n" not in message
    assert not hasattr(model, "network_")


@pytest.mark.parametrize("device", ["banana", "meta", "cuda:4096"])
def test_a_device_that_cannot_be_used_is_named(device):
    with pytest.raises(InputError) as error:
        LanguageModel(device=device).fit(RING)
    message = str(error.value)
    assert message.startswith(f"device {device!r} cannot be used here (")
    assert message.endswith("use 'cpu'.")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        ("", "the sequence is empty"),
        ("a", "the sequence has 1 symbol; a window of 1 needs at least 2"),
        ([1, 2, 3], "symbols are strings of at least one character; found 1"),
        (["a", "", "b"], "symbols are strings of at least one character; found ''"),
        ([["a", "b"], ["b", "c"]], r"symbols are strings of at least one character; found \['a', 'b'\]"),
    ],
)
def test_a_sequence_that_cannot_be_learnt_is_refused(sequence, message):
    with pytest.raises(InputError, match=message):
        LanguageModel().fit(sequence)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda model: model.predict("abX"), "symbol 'X' at position 3 is unknown; the known symbols are: a b c d e."),
        (lambda model: model.predict_many(["ab", "aXb"]), "symbol 'X' at position 2 is unknown"),
        (lambda model: model.predict_proba("Xa"), "symbol 'X' at position 1 is unknown"),
        (lambda model: model.score("abXc"), "symbol 'X' at position 3 is unknown"),
        (lambda model: model.predict("a"), "'a' is 1 long; a window of 2 symbols is needed."),
        (lambda model: model.predict(""), "'' is 0 long; a window of 2 symbols is needed."),
        (lambda model: model.score("ab"), "the sequence has 2 symbols; a window of 2 needs at least 3"),
    ],
)
def test_what_cannot_be_predicted_is_named_with_its_place(ask, message):
    model = LanguageModel(window=2, epochs=1).fit(RING)
    with pytest.raises(InputError) as error:
        ask(model)
    assert message in str(error.value)


def test_a_loss_that_explodes_is_an_error_that_says_when():
    with pytest.raises(DivergenceError, match=r"became (nan|inf) in epoch \d+ of 100; .*learning rate 1e\+36"):
        LanguageModel(optimizer="adamw", learning_rate=1e36).fit(RING)
