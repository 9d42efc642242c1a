"""Settings of a language model: what is documented, and what is accepted."""

from typing import Any

import pytest

from recurra import InputError, LanguageModel
from recurra.settings.check import check, to_json
from recurra.settings.language import LanguageModelSettings

DEFAULTS: dict[str, Any] = {
    "mode": "windows",
    "tokens": "characters",
    "vocabulary_size": None,
    "tokenizer": None,
    "tied": False,
    "residual": False,
    "variational": False,
    "recurrent_dropout": 0.0,
    "weight_dropout": 0.0,
    "layer_norm": False,
    "encoding": "onehot",
    "embedding_dim": 8,
    "window": 1,
    "targets": "last",
    "order": "first-seen",
    "unknown": None,
    "cell": "rnn",
    "units": 3,
    "dropout": 0.0,
    "validation": 0,
    "patience": None,
    "device": "cpu",
    "epochs": 100,
    "steps": None,
    "record_every": 100,
    "accumulate": 1,
    "batch_size": 32,
    "optimizer": "adam",
    "learning_rate": 0.01,
    "weight_decay": None,
    "schedule": "constant",
    "warmup": 0,
    "average_decay": 0.0,
    "clip_norm": None,
    "shuffle": True,
    "seed": 7,
}


def test_a_language_model_alone_has_the_documented_defaults() -> None:
    assert LanguageModel().get_params() == DEFAULTS


def test_the_settings_of_a_language_model_are_its_constructor_arguments_with_the_same_defaults() -> None:
    assert to_json(check(LanguageModelSettings, {}, "test")) == DEFAULTS | {"units": [3]}


@pytest.mark.parametrize(
    ("field", "found", "expected"),
    [
        ("encoding", "binary", "expected 'onehot' or 'embedding'"),
        ("embedding_dim", 0, "expected a whole number above 0"),
        ("window", 0, "expected a whole number above 0"),
        ("window", "x", "expected a whole number"),
        ("targets", "first", "expected 'last' or 'every'"),
        ("order", "random", "expected 'first-seen' or 'sorted'"),
        ("unknown", "", "expected to have at least 1 character"),
    ],
)
def test_a_value_out_of_bounds_is_refused(refused: Any, field: str, found: Any, expected: str) -> None:
    refused(LanguageModelSettings, field, found, expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tied": True}, "tied is True and encoding is 'onehot'; tied needs encoding 'embedding'"),
        ({"variational": True}, "variational is True and dropout is 0.0, so that nothing is dropped; set dropout too"),
        (
            {"cell": "mingru", "layer_norm": True},
            "layer_norm is True and cell is 'mingru', which has no layer normalization; "
            "set layer_norm to False, --no-layer-norm",
        ),
        (
            {"cell": "mingru", "recurrent_dropout": 0.2},
            r"recurrent_dropout is 0\.2 and cell is 'mingru', whose gates do not read the state; "
            "set recurrent_dropout to 0, --recurrent-dropout 0",
        ),
        ({"cell": "mingru", "weight_dropout": 0.2}, "which has no recurrent weights; set weight_dropout to 0"),
        ({"tokenizer": "t.json"}, "tokenizer is given and tokens is 'characters'; a tokenizer needs tokens 'bpe'"),
        ({"tokens": "words"}, "tokens is 'words' and mode is 'windows'; windows are of characters or listed symbols"),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(LanguageModelSettings, given, "test")
