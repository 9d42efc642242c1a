"""Weights and networks that Keras wrote predict the same here, and ours predict the same in Keras."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from recurra.errors import InputError
from recurra.nn import (
    GRU,
    LSTM,
    Dense,
    Embedding,
    Network,
    OneHot,
    SimpleRNN,
    VariationalDropout,
    build_network,
    from_keras,
    to_keras,
)
from recurra.nn.dense import DENSE_ACTIVATIONS

# Keras's variables are behind numpy 2 there
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")

ORACLES = Path(__file__).parents[2] / "oracles"
LETTERS = json.loads((ORACLES / "keras_layers.json").read_text(encoding="utf-8"))["letters"]


@pytest.mark.parametrize("name", LETTERS)
def test_the_tutorials_letter_networks_predict_as_keras_does(name):
    network = from_keras(ORACLES / f"{name}.keras")
    found = network(torch.tensor(LETTERS[name]["x"]))
    torch.testing.assert_close(found, torch.tensor(LETTERS[name]["predictions"]), rtol=0, atol=1e-6)
    assert not network.training


def test_layers_keep_the_names_of_the_keras_file():
    assert list(from_keras(ORACLES / "letters_window.keras").layers) == ["embedding", "simple_rnn", "dense"]


SEQUENCE_ACTIVATIONS = ["tanh", "relu", "sigmoid", "hard_sigmoid", "linear"]


@st.composite
def recurrent_specs(draw):
    kind = draw(st.sampled_from(["SimpleRNN", "GRU", "LSTM"]))
    bidirectional = draw(st.booleans())
    options = {
        "units": draw(st.integers(1, 4)),
        "activation": draw(st.sampled_from(SEQUENCE_ACTIVATIONS)),
        "use_bias": draw(st.booleans()),
        "dropout": draw(st.sampled_from([0.0, 0.3])),
        "recurrent_dropout": draw(st.sampled_from([0.0, 0.3])),
    }
    if not bidirectional:
        options["go_backwards"] = draw(st.booleans())
    if kind != "SimpleRNN":
        # gates without bounds let the state, and with it the rounding, grow from step to step
        options["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid", "tanh"]))
    if kind == "GRU":
        options["reset_after"] = draw(st.booleans())
    if kind == "LSTM":
        options["unit_forget_bias"] = draw(st.booleans())
    return kind, bidirectional, options


@st.composite
def stacks(draw):
    """A Sequential stack: (mask_zero of its Embedding, or None for numbers as input) and what follows."""
    layers = []
    recurrent = draw(st.lists(recurrent_specs(), min_size=1, max_size=3))
    every_step = draw(st.booleans())
    for index, (kind, bidirectional, options) in enumerate(recurrent):
        sequences = every_step or index < len(recurrent) - 1
        layers.append((kind, bidirectional, options | {"return_sequences": sequences}))
        if draw(st.booleans()):
            kinds = ["Dropout", "SpatialDropout1D"] if sequences else ["Dropout"]
            layers.append((draw(st.sampled_from(kinds)), False, {"rate": 0.4}))
        if draw(st.booleans()):
            layers.append(("Dense", False, draw(dense_options())))
    layers.append(("Dense", False, draw(dense_options())))
    return draw(st.sampled_from([None, False, True])), layers


def dense_options():
    # exponential amplifies rounding without bound, and Keras warns of a softmax over one unit
    activations = st.sampled_from(sorted(DENSE_ACTIVATIONS.keys() - {"exponential"}))
    return st.fixed_dictionaries({"units": st.integers(2, 4), "activation": activations, "use_bias": st.booleans()})


def keras_model(keras, mask_zero, layers):
    """The Keras model of a stack, with random weights and biases, and an input for it."""
    rng = np.random.default_rng(0)
    if mask_zero is None:
        stack = [keras.Input((5, 2))]
        x = rng.standard_normal((3, 5, 2), dtype=np.float32)
    else:
        stack = [keras.Input((5,)), keras.layers.Embedding(6, 2, mask_zero=mask_zero)]
        x = rng.integers(0, 6, (3, 5))
        x[0, 0] = x[1, 2] = x[2, 4] = 0
    for kind, bidirectional, options in layers:
        layer = getattr(keras.layers, kind)(**options)
        stack.append(keras.layers.Bidirectional(layer) if bidirectional else layer)
    model = keras.Sequential(stack)
    for variable in model.trainable_variables:
        variable.assign(0.4 * rng.standard_normal(variable.shape))
    return model, x


def our_network(mask_zero, layers):
    """The same stack built with our own layers, with random weights."""
    size, stack = 2, [] if mask_zero is None else [Embedding(6, 2, mask_zero=mask_zero)]
    for kind, bidirectional, keras_options in layers:
        options = dict(keras_options)
        if kind in {"Dropout", "SpatialDropout1D"}:
            stack.append({"Dropout": nn.Dropout, "SpatialDropout1D": VariationalDropout}[kind](options["rate"]))
            continue
        options["bias"] = options.pop("use_bias")
        make = {"SimpleRNN": SimpleRNN, "GRU": GRU, "LSTM": LSTM, "Dense": Dense}[kind]
        if kind != "Dense":
            options["bidirectional"] = bidirectional
        stack.append(make(size, options.pop("units"), **options))
        size = stack[-1].output_size
    network = Network(stack)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in network.parameters():
            p.uniform_(-0.7, 0.7, generator=generator)
    return network.eval()


def predict(model, x):
    return model(x, training=False).detach()


SLOW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(stacks())
def test_any_stack_saved_by_keras_predicts_the_same_here(keras, tmp_path_factory, stack):
    model, x = keras_model(keras, *stack)
    path = tmp_path_factory.mktemp("keras") / "model.keras"
    model.save(path)
    network = from_keras(path)
    torch.testing.assert_close(network(torch.from_numpy(x)), predict(model, x), rtol=1e-5, atol=2e-6)


@SLOW
@given(stacks())
def test_any_stack_written_here_predicts_the_same_in_keras_and_loads_again(keras, tmp_path_factory, stack):
    network = our_network(*stack)
    path = tmp_path_factory.mktemp("keras") / "model.weights.h5"
    to_keras(network, path)
    model, x = keras_model(keras, *stack)
    model.load_weights(path)
    expected = network(torch.from_numpy(x))
    torch.testing.assert_close(predict(model, x), expected, rtol=1e-5, atol=2e-6)
    again = from_keras(path, our_network(*stack))
    assert torch.equal(again(torch.from_numpy(x)), expected)


def test_weights_saved_by_keras_alone_load_into_a_given_network(keras, tmp_path):
    stack = (True, [("LSTM", True, {"units": 3, "use_bias": True}), ("Dense", False, {"units": 2, "use_bias": True})])
    model, x = keras_model(keras, *stack)
    model.save_weights(tmp_path / "model.weights.h5")
    network = from_keras(tmp_path / "model.weights.h5", our_network(*stack))
    torch.testing.assert_close(network(torch.from_numpy(x)), predict(model, x), rtol=0, atol=1e-6)


def test_one_hot_has_no_place_in_a_keras_file(keras, tmp_path):
    network = Network([OneHot(5), GRU(5, 3), Dense(3, 5, activation="softmax")])
    to_keras(network, tmp_path / "model.weights.h5")
    model = keras.Sequential([keras.Input((None, 5)), keras.layers.GRU(3), keras.layers.Dense(5, activation="softmax")])
    model.load_weights(tmp_path / "model.weights.h5")
    ids = torch.tensor([[0, 3, 1], [4, 2, 2]])
    expected = predict(model, nn.functional.one_hot(ids, 5).numpy().astype(np.float32))
    torch.testing.assert_close(network(ids), expected, rtol=0, atol=1e-6)


def test_a_stateful_keras_model_stays_stateful(keras, tmp_path):
    layers = [
        keras.Input(batch_shape=(3, 5, 2)),
        keras.layers.LSTM(4, stateful=True, return_sequences=True),
        keras.layers.Bidirectional(keras.layers.GRU(4, stateful=True)),
    ]
    model = keras.Sequential(layers)
    model.save(tmp_path / "model.keras")
    network = from_keras(tmp_path / "model.keras")
    x = np.random.default_rng(0).standard_normal((3, 5, 2), dtype=np.float32)
    for _ in range(2):
        torch.testing.assert_close(network(torch.from_numpy(x)), predict(model, x), rtol=0, atol=1e-6)


def test_a_float64_keras_file_gives_a_float64_network(keras, tmp_path):
    # of the LSTM alone: a Dense of Keras computes float64 in float32
    model = keras.Sequential([keras.Input((5, 2), dtype="float64"), keras.layers.LSTM(4, dtype="float64")])
    model.save(tmp_path / "model.keras")
    network = from_keras(tmp_path / "model.keras")
    # float32 inputs: the Sequential model itself casts them so
    x = np.random.default_rng(0).standard_normal((3, 5, 2), dtype=np.float32).astype(np.float64)
    found = network(torch.from_numpy(x))
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, predict(model, x), rtol=0, atol=1e-12)


def test_a_trained_keras_model_with_its_optimizer_loads(keras, tmp_path):
    model, x = keras_model(keras, None, [("GRU", False, {"units": 3}), ("Dropout", False, {"rate": 0.5})])
    model.compile("adam", "mse")
    model.train_on_batch(x, np.ones((3, 3)))
    model.save(tmp_path / "model.keras")
    network = from_keras(tmp_path / "model.keras")
    torch.testing.assert_close(network(torch.from_numpy(x)), predict(model, x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("option", ["residual", "tied"])
def test_what_a_sequential_model_has_not_is_refused(option: str, tmp_path: Path) -> None:
    network = build_network(
        encoder=Embedding(5, 4), cell="gru", units=[4], outputs=5, return_sequences=True, **{option: True}
    )
    with pytest.raises(InputError, match="neither residual connections nor tied weights"):
        to_keras(network, tmp_path / "model.weights.h5")
    assert not list(tmp_path.iterdir())
