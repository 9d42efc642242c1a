"""The configuration of a Keras model: every option is understood, or named as lacking."""

import json
import re

import pytest
import torch
from torch import nn

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, SimpleRNN, VariationalDropout
from recurra.nn.interchange.keras_config import layers_from_config


@pytest.fixture
def read(keras):
    """Make a Sequential model of the layers, and build ours from its configuration."""

    def read(*layers, shape=(5, 2), names=()):
        config = json.loads(keras.Sequential([keras.Input(shape), *layers]).to_json())
        for entry, name in zip(config["config"]["layers"][1:], names, strict=False):
            entry["config"]["name"] = name  # Keras on torch accepts fewer names than Keras on other backends
        return layers_from_config(config, "model.keras")

    return read


def test_options_reach_the_layer(keras, read):
    (network, _) = read(
        keras.layers.LSTM(
            3,
            activation="relu",
            recurrent_activation="hard_sigmoid",
            use_bias=False,
            unit_forget_bias=False,
            return_sequences=True,
            go_backwards=True,
            dropout=0.1,
            recurrent_dropout=0.2,
            name="first",
        ),
        keras.layers.Bidirectional(
            keras.layers.GRU(4, reset_after=False, return_sequences=True, dropout=0.3), name="second"
        ),
        keras.layers.Dropout(0.4, seed=1, name="third"),
        keras.layers.SpatialDropout1D(0.3, seed=1, name="spatial"),
        keras.layers.SimpleRNN(5, activation=None, return_sequences=True, name="fourth"),
        keras.layers.Dense(6, "softmax", use_bias=False, name="fifth"),
    )
    first, second, third, fourth, fifth = (network.layers[n] for n in ("first", "second", "third", "fourth", "fifth"))
    assert isinstance(first, LSTM)
    assert (first.input_size, first.hidden_size, first.cell.bias, first.cell.unit_forget_bias) == (2, 3, False, False)
    assert (first.cell.activation, first.cell.recurrent_activation) == ("relu", "hard_sigmoid")
    assert (first.return_sequences, first.go_backwards, first.bidirectional) == (True, True, False)
    assert (first.dropout, first.recurrent_dropout) == (0.1, 0.2)
    assert isinstance(second, GRU)
    assert (second.bidirectional, second.cell.reset_after, second.dropout) == (True, False, 0.3)
    assert (type(third), third.p) == (nn.Dropout, 0.4)
    assert (type(network.layers["spatial"]), network.layers["spatial"].p) == (VariationalDropout, 0.3)
    assert isinstance(fourth, SimpleRNN)
    assert (fourth.input_size, fourth.cell.activation) == (8, "linear")
    assert (fifth.in_features, fifth.out_features, fifth.activation, fifth.bias) == (5, 6, "softmax", None)


def test_an_embedding_keeps_its_sizes_and_mask(keras, read):
    network, _ = read(keras.layers.Embedding(7, 3, mask_zero=True), keras.layers.GRU(2), shape=(5,))
    embedding = next(iter(network.layers.values()))
    assert (embedding.num_embeddings, embedding.embedding_dim, embedding.mask_zero) == (7, 3, True)


def test_a_layer_that_keras_does_not_train_is_not_trained_here(keras, read):
    network, _ = read(keras.layers.GRU(3, trainable=False, name="fixed"), keras.layers.Dense(2, name="free"))
    assert {name for name, p in network.named_parameters() if p.requires_grad} == {
        "layers.free.weight",
        "layers.free.bias",
    }


@pytest.mark.parametrize(
    "names", [("a.b", "a_b"), ("keys", "keys_"), ("training", "forward"), ("letters to come", "layers")], ids=str
)
def test_any_name_of_a_keras_layer_will_do(keras, read, names):
    network, _ = read(keras.layers.GRU(3), keras.layers.Dense(4), names=names)
    assert [row.kind for row in network.summary_rows()] == ["GRU", "Dense"]
    assert network(torch.zeros(1, 5, 2)).shape == (1, 4)


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_the_dtype_of_the_layers_is_the_networks(keras, read, name):
    _, dtype = read(keras.layers.GRU(3, dtype=name), keras.layers.Dense(2, dtype=name))
    assert dtype == getattr(torch, name)


def test_layers_of_two_dtypes_are_refused(keras, read):
    with pytest.raises(
        InputError, match=r"layers of the dtypes \['float32', 'float64'\]; expected the same dtype for all"
    ):
        read(keras.layers.GRU(3), keras.layers.Dense(2, dtype="float64"))


def test_a_functional_model_is_refused(keras):
    entry = keras.Input((5, 2))
    model = keras.Model(entry, keras.layers.GRU(3)(entry))
    with pytest.raises(InputError, match=r"model.keras holds a 'Functional' model; from_keras reads Sequential"):
        layers_from_config(json.loads(model.to_json()), "model.keras")


def test_a_model_that_never_saw_data_is_refused(keras):
    model = keras.Sequential([keras.layers.GRU(3, name="memory")])
    with pytest.raises(
        InputError, match=r"layer 'memory' \(GRU\): the file does not specify the number of input features"
    ):
        layers_from_config(json.loads(model.to_json()), "model.keras")


# Each makes a layer under the name "it"; the message names the layer, its kind, and what we lack.
LACKING = {
    "Conv1D": (
        lambda k: k.Conv1D(3, 2, name="it"),
        "(Conv1D): unsupported layer; expected one of Bidirectional, Dense",
    ),
    "Masking": (lambda k: k.Masking(name="it"), "(Masking): unsupported layer"),
    "TimeDistributed": (lambda k: k.TimeDistributed(k.Dense(2), name="it"), "(TimeDistributed): unsupported layer"),
    "regularizer": (
        lambda k: k.LSTM(3, kernel_regularizer="l2", name="it"),
        "(LSTM): option kernel_regularizer='L2'",
    ),
    "constraint": (
        lambda k: k.Dense(3, bias_constraint="non_neg", name="it"),
        "(Dense): option bias_constraint='NonNeg'",
    ),
    "zero output": (
        lambda k: k.GRU(3, return_sequences=True, zero_output_for_mask=True, name="it"),
        "(GRU): option zero_output_for_mask=True",
    ),
    "cell activation": (
        lambda k: k.GRU(3, activation="swish", name="it"),
        "(GRU): GRU: activation is 'silu'; expected",
    ),
    "gate activation": (
        lambda k: k.LSTM(3, recurrent_activation="softplus", name="it"),
        "(LSTM): LSTM: recurrent_activation is 'softplus'; expected one of tanh",
    ),
    "head activation": (
        lambda k: k.Dense(3, activation="hard_tanh", name="it"),
        "(Dense): Dense: activation is 'hard_tanh'; expected one of tanh",
    ),
    "activation layer": (
        lambda k: k.Dense(3, activation=k.LeakyReLU(), name="it"),
        "(Dense): option activation='LeakyReLU'",
    ),
    "noise shape": (
        lambda k: k.Dropout(0.5, noise_shape=(None, 1, 2), name="it"),
        "(Dropout): option noise_shape=[None, 1, 2]",
    ),
    "rate of one": (lambda k: k.GRU(3, dropout=1.0, name="it"), "(GRU): GRU: dropout is 1.0; it must be at least 0"),
    "mixed precision": (
        lambda k: k.GRU(3, dtype="mixed_float16", name="it"),
        "(GRU): option dtype='mixed_float16'",
    ),
    "bfloat16": (lambda k: k.Dense(3, dtype="bfloat16", name="it"), "(Dense): option dtype='bfloat16'"),
    "merge sum": (
        lambda k: k.Bidirectional(k.GRU(3), merge_mode="sum", name="it"),
        "(Bidirectional): option merge_mode='sum'",
    ),
    "other backward activation": (
        lambda k: k.Bidirectional(k.GRU(3), backward_layer=k.GRU(3, activation="relu", go_backwards=True), name="it"),
        "(Bidirectional): option backward_layer's activation='relu'",
    ),
    "other backward units": (
        lambda k: k.Bidirectional(k.GRU(3), backward_layer=k.GRU(4, go_backwards=True), name="it"),
        "(Bidirectional): option backward_layer's units=4",
    ),
    "forward layer backwards": (
        lambda k: k.Bidirectional(k.GRU(3, go_backwards=True), backward_layer=k.GRU(3), name="it"),
        "(Bidirectional): option go_backwards=",
    ),
    "Bidirectional of a stack": (
        lambda k: k.Bidirectional(k.RNN([k.GRUCell(3), k.GRUCell(3)]), name="it"),
        "(Bidirectional): option layer='RNN'",
    ),
    "regularizer inside Bidirectional": (
        lambda k: k.Bidirectional(k.GRU(3, bias_regularizer="l1"), name="it"),
        "(GRU): option bias_regularizer='L1'",
    ),
}


@pytest.mark.parametrize(("make", "message"), LACKING.values(), ids=LACKING)
def test_what_we_lack_is_named(keras, read, make, message):
    with pytest.raises(InputError, match=f"model.keras: layer '.*' {re.escape(message)}"):
        read(make(keras.layers))


@pytest.mark.parametrize("return_sequences", [False, True])
def test_a_bidirectional_layer_that_treats_masks_otherwise_is_refused(keras, return_sequences):
    layer = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=return_sequences))
    config = json.loads(keras.Sequential([keras.Input((5, 2)), layer]).to_json())
    inner = config["config"]["layers"][1]["config"]
    for name in ("layer", "backward_layer"):
        inner[name]["config"]["zero_output_for_mask"] = not return_sequences
    with pytest.raises(InputError, match=f"option zero_output_for_mask={not return_sequences}"):
        layers_from_config(config, "model.keras")


def test_the_message_names_the_layer(keras, read):
    with pytest.raises(InputError, match=r"model.keras: layer 'it' \(Conv1D\)"):
        read(keras.layers.GRU(3, return_sequences=True), keras.layers.Conv1D(3, 2, name="it"))


def test_differences_without_effect_between_the_directions_are_none(keras, read):
    forward = keras.layers.GRU(3, kernel_initializer="zeros", seed=1)
    backward = keras.layers.GRU(3, go_backwards=True, name="another", seed=2)
    network, _ = read(keras.layers.Bidirectional(forward, backward_layer=backward))
    assert network(torch.zeros(1, 5, 2)).shape == (1, 6)


def test_a_model_without_layers_is_refused():
    with pytest.raises(InputError, match=r"model\.keras: the model has no layers"):
        layers_from_config({"class_name": "Sequential", "config": {"layers": []}}, "model.keras")


def entry(kind, build=None, **options):
    """A layer's entry in a config.json."""
    return {"class_name": kind, "config": {"name": kind.lower(), **options}, "build_config": build or {}}


def network_of(*entries):
    return layers_from_config({"class_name": "Sequential", "config": {"layers": list(entries)}}, "model.keras")[0]


def test_the_input_shape_of_a_layer_says_how_many_features_where_there_is_no_input_layer():
    network = network_of(entry("GRU", {"input_shape": [None, 5, 2]}, units=3))
    assert network(torch.zeros(1, 5, 2)).shape == (1, 3)


def test_dropout_leaves_the_number_of_features_as_it_is():
    network = network_of(
        entry("InputLayer", batch_shape=[None, 5, 2]), entry("Dropout", rate=0.5), entry("GRU", units=3)
    )
    assert network(torch.zeros(1, 5, 2)).shape == (1, 3)


def test_no_activation_is_the_linear_one():
    network = network_of(entry("InputLayer", batch_shape=[None, 2]), entry("Dense", units=3, activation=None))
    assert network.layers["dense"].activation == "linear"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": -1}, "option units is -1; expected a whole number from 1 to 268,435,456"),
        ({"units": 10**12}, "option units is 1000000000000; expected a whole number"),
        ({"units": True}, "option units is True; expected a whole number"),
        ({"dropout": -0.1}, "option dropout is -0.1; expected a number from 0 to 1"),
        ({"recurrent_dropout": float("nan")}, "option recurrent_dropout is nan; expected a number from 0 to 1"),
        ({"use_bias": "yes"}, "option use_bias is 'yes'; expected true or false"),
        ({"name": "x" * 256}, "expected a name of 1 to 255 characters"),
        ({"name": ""}, "expected a name of 1 to 255 characters"),
    ],
    ids=str,
)
def test_options_have_checked_values(options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        network_of(entry("InputLayer", batch_shape=[None, 5, 2]), entry("GRU", **{"units": 3} | options))


def test_flags_may_be_numbers():
    network = network_of(entry("InputLayer", batch_shape=[None, 5, 2]), entry("GRU", units=3, return_sequences=1))
    assert network.layers["gru"].return_sequences is True
    assert network(torch.zeros(1, 5, 2)).shape == (1, 5, 3)


def test_a_name_becomes_printable():
    network = network_of(entry("InputLayer", batch_shape=[None, 2]), entry("Dense", units=3, name="a\x1b[2J"))
    assert list(network.layers) == ["a_[2J"]


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(InputError, match=r"layer 'dense' .*there are two layers of this name"):
        network_of(entry("InputLayer", batch_shape=[None, 2]), *[entry("Dense", units=2)] * 2)


def test_a_layer_that_does_not_fit_the_one_before_is_refused():
    layers = [entry("InputLayer", batch_shape=[None, 2]), entry("Dense", units=4)]
    with pytest.raises(InputError, match=r"layer 'gru' \(GRU\) has 3 input features, but is given 4"):
        network_of(*layers, entry("GRU", {"input_shape": [None, 5, 3]}, units=3))


def test_very_many_layers_are_refused():
    with pytest.raises(InputError, match="the model has 257 layers; expected at most 256"):
        network_of(*[entry("Dense", units=2)] * 257)


def test_an_embedding_is_the_first_layer():
    with pytest.raises(InputError, match=r"layer 'embedding' .*expected it as the first layer"):
        network_of(entry("Dropout", rate=0.5), entry("Embedding", input_dim=5, output_dim=2))
