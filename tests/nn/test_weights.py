"""Weights in and out: parity with torch.nn, files of real Keras, and files that must be refused."""

import copy
import io
import json
import random
import sys
import zipfile
from pathlib import Path

import h5py
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
    from_keras,
    from_torch,
    to_keras,
)
from recurra.nn.network import DENSE_ACTIVATIONS

# Keras's variables are behind numpy 2 there
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")

ORACLES = Path(__file__).parents[1] / "oracles"
LETTERS = json.loads((ORACLES / "keras_layers.json").read_text(encoding="utf-8"))["letters"]


# torch.nn


def run_by_hand(network, x, states):
    """Output and last states of all layers, begun with the given states: what a torch module takes and returns."""
    last = []
    for layer in network.layers.values():
        if isinstance(layer, nn.Dropout):
            x = layer(x)
            continue
        layer.return_state, layer.return_sequences = True, True
        count = len(layer.cell.states) * (2 if layer.bidirectional else 1)
        given, states = states[:count], states[count:]
        x, *after = layer(x, tuple(given) or None)
        last += after
    return x, last


def our_order(h, c=None):
    """torch's states [D·layers, B, H] as ours: for each layer and direction h, then c."""
    return [s for pair in zip(h, h if c is None else c, strict=True) for s in (pair if c is not None else pair[:1])]


def loss_of(output, states):
    return sum((t * torch.linspace(-1, 2, t.numel(), dtype=t.dtype).view_as(t)).sum() for t in (output, *states))


@pytest.mark.parametrize("backend", ["auto", "torch", "reference"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bidirectional": True},
        {"num_layers": 3, "batch_first": True},
        {"num_layers": 2, "bidirectional": True, "dropout": 0.5},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("kind", "extra"),
    [(nn.RNN, {}), (nn.RNN, {"nonlinearity": "relu"}), (nn.GRU, {}), (nn.LSTM, {})],
    ids=["tanh", "relu", "gru", "lstm"],
)
@pytest.mark.parametrize("given_state", [True, False], ids=["state", "zeros"])
def test_from_torch_gives_the_same_outputs_states_and_gradients(kind, extra, options, bias, backend, given_state):
    B, T, H = 3, 5, 4
    module = kind(2, H, bias=bias, dtype=torch.float64, **options, **extra).eval()
    network = from_torch(module)
    for layer in network.layers.values():
        layer.backend = backend
    count = module.num_layers * (2 if module.bidirectional else 1)
    x = torch.randn(B, T, 2, dtype=torch.float64, requires_grad=True)
    states = [
        torch.randn(count, B, H, dtype=torch.float64, requires_grad=True) for _ in range(2 if kind is nn.LSTM else 1)
    ]
    leaves = [x, *states] if given_state else [x]

    theirs_x = x if module.batch_first else x.transpose(0, 1)
    theirs, last = module(theirs_x, (tuple(states) if len(states) == 2 else states[0]) if given_state else None)
    theirs = theirs if module.batch_first else theirs.transpose(0, 1)
    expected_last = our_order(*last) if len(states) == 2 else our_order(last)
    ours, our_last = run_by_hand(network, x, our_order(*states) if given_state else [])

    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    torch.testing.assert_close(our_last, expected_last, rtol=0, atol=1e-10)
    recurrent = [layer for layer in network.layers.values() if not isinstance(layer, nn.Dropout)]
    pairs = []
    for name, parameter in module.named_parameters():
        kind_of_weight, _, place = name.partition("_l")
        index, _, reverse = place.partition("_")
        names = dict(recurrent[int(index)].named_parameters())
        suffix = "_reverse" if reverse else ""
        pairs.append((parameter, names.get(kind_of_weight + suffix, names.get("bias" + suffix))))
    expected = torch.autograd.grad(loss_of(theirs, expected_last), [*leaves, *(pair[0] for pair in pairs)])
    found = torch.autograd.grad(loss_of(ours, our_last), [*leaves, *(pair[1] for pair in pairs)])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_from_torch_returns_what_was_asked_for_of_the_top_layer(kind):
    module = kind(2, 4, num_layers=2, bidirectional=True, batch_first=True)
    x = torch.randn(3, 5, 2)
    output, last = module(x)
    torch.testing.assert_close(from_torch(module)(x), output)
    top = our_order(*last) if kind is nn.LSTM else our_order(last)
    found, *states = from_torch(module, return_sequences=False, return_state=True)(x)
    torch.testing.assert_close(states, top[len(top) // 2 :])
    torch.testing.assert_close(found, torch.cat([output[:, -1, :4], output[:, 0, 4:]], dim=-1))


def test_from_torch_keeps_dtype_mode_and_dropout_and_shares_nothing():
    module = nn.GRU(2, 4, num_layers=3, dropout=0.3, dtype=torch.float64)
    network = from_torch(module)
    assert network.training
    assert not from_torch(module.eval()).training
    assert [row.kind for row in network.rows()] == ["GRU", "Dropout", "GRU", "Dropout", "GRU"]
    assert network.layers["dropout"].p == 0.3
    assert {p.dtype for p in network.parameters()} == {torch.float64}
    before = copy.deepcopy(network.state_dict())
    nn.init.zeros_(module.weight_ih_l0)
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)


def test_from_torch_names_what_it_cannot_convert():
    with pytest.raises(InputError, match="LSTM has proj_size=2; we have no projections"):
        from_torch(nn.LSTM(3, 4, proj_size=2))
    with pytest.raises(InputError, match=r"takes a torch.nn.RNN, GRU or LSTM; got Linear"):
        from_torch(nn.Linear(3, 4))


# Keras files recorded with Keras


@pytest.mark.parametrize("name", LETTERS)
def test_the_tutorials_letter_networks_predict_as_keras_does(name):
    network = from_keras(ORACLES / f"{name}.keras")
    found = network(torch.tensor(LETTERS[name]["x"]))
    torch.testing.assert_close(found, torch.tensor(LETTERS[name]["predictions"]), rtol=0, atol=1e-6)
    assert not network.training


def test_layers_keep_the_names_of_the_keras_file():
    assert list(from_keras(ORACLES / "letters_window.keras").layers) == ["embedding", "simple_rnn", "dense"]


# Live Keras


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
            layers.append(("Dropout", False, {"rate": 0.4}))
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
        if kind == "Dropout":
            stack.append(nn.Dropout(options["rate"]))
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


# Files that do not fit


@pytest.fixture
def network():
    layers = [Embedding(7, 2), LSTM(2, 3, return_sequences=True), GRU(3, 4, bidirectional=True), Dense(8, 5)]
    return Network(layers)


@pytest.fixture
def path(network, tmp_path):
    """A weight file that fits `network`, but holds other values."""
    other = copy.deepcopy(network)
    with torch.no_grad():
        for p in other.parameters():
            p.add_(1.0)
    to_keras(other, tmp_path / "some.weights.h5")
    return tmp_path / "some.weights.h5"


def replace(file, place, array):
    del file[place]
    file[place] = array


def put_external_link(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("other.h5", "/secret")


def put_soft_link(file):
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.SoftLink("/layers/dense/vars/1")


def put_external_storage(file):
    del file["layers/dense/vars/0"]
    file.create_dataset("layers/dense/vars/0", (8, 5), "f4", external=[("/etc/hostname", 0, 160)])


def put_virtual_dataset(file):
    del file["layers/dense/vars/0"]
    layout = h5py.VirtualLayout((8, 5), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "secret", (8, 5))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


def put_cycle(file):
    file["layers/dense/itself"] = file["layers"]


FAULTS = {
    "wrong shape": (
        lambda file: replace(file, "layers/dense/vars/0", np.zeros((5, 8), "f4")),
        r"layer 'dense' \(Dense\), kernel: the file has shape \(5, 8\); expected \(8, 5\)",
    ),
    "wrong number of units": (
        lambda file: replace(file, "layers/lstm/cell/vars/1", np.zeros((4, 16), "f4")),
        r"layer 'lstm' \(LSTM\), recurrent_kernel: the file has shape \(4, 16\); expected \(3, 12\)",
    ),
    "GRU bias of reset_after=False": (
        lambda file: replace(file, "layers/bidirectional/backward_layer/cell/vars/2", np.zeros(12, "f4")),
        r"layer 'bidirectional' \(Bidirectional GRU\), backward_layer/bias: "
        r"the file has shape \(12,\); expected \(2, 12\)",
    ),
    "missing array": (
        lambda file: file.__delitem__("layers/embedding/vars/0"),
        r"layer 'embedding' \(Embedding\), embeddings: is not in the file; expected shape \(7, 2\)",
    ),
    "missing layer": (
        lambda file: file.__delitem__("layers/dense"),
        r"layer 'dense' \(Dense\), kernel: is not in the file; expected shape \(8, 5\)",
    ),
    "missing layers": (
        lambda file: file.__delitem__("layers"),
        r"layer 'embedding' \(Embedding\), embeddings: is not in the file",
    ),
    "layers too many": (
        lambda file: file.create_group("layers/dense_1/vars") and file.create_group("layers/another/vars"),
        r"the file has layers that the network lacks: another, dense_1",
    ),
    "array too many": (
        lambda file: file.create_dataset("layers/dense/vars/2", data=np.zeros(5, "f4")),
        r"layer 'dense' \(Dense\) has an array more in the file \(layers/dense/vars/2\)",
    ),
    "whole numbers": (
        lambda file: replace(file, "layers/dense/vars/1", np.zeros(5, np.int32)),
        r"layer 'dense' \(Dense\), bias: the file has int32 values; expected floating-point numbers",
    ),
    "text instead of numbers": (
        lambda file: replace(file, "layers/dense/vars/1", np.array([b"a"] * 5)),
        r"layer 'dense' \(Dense\), bias: the file has \|S1 values; expected floating-point numbers",
    ),
    "group instead of an array": (
        lambda file: file.__delitem__("layers/dense/vars/1") or file.create_group("layers/dense/vars/1"),
        r"is not an HDF5 file or is damaged",
    ),
    "external link": (put_external_link, r"/layers/dense/vars/0 is a link to elsewhere; it is not followed"),
    "soft link": (put_soft_link, r"/layers/dense/vars/0 is a link to elsewhere; it is not followed"),
    "external storage": (put_external_storage, r"/layers/dense/vars/0 keeps its data in another file; it is not read"),
    "virtual dataset": (put_virtual_dataset, r"/layers/dense/vars/0 keeps its data in another file; it is not read"),
    "group within itself": (put_cycle, r"is not an HDF5 file or is damaged"),
}


@pytest.mark.parametrize(("spoil", "message"), FAULTS.values(), ids=FAULTS)
def test_a_weight_file_that_does_not_fit_is_refused_and_changes_nothing(network, path, spoil, message):
    before = copy.deepcopy(network.state_dict())
    with h5py.File(path, "r+") as file:
        spoil(file)
    with pytest.raises(InputError, match=message) as caught:
        from_keras(path, network)
    assert str(path) in str(caught.value)
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)


def test_a_file_with_biases_asks_for_a_network_with_them(network, path):
    layers = list(network.layers.values())
    layers[1] = LSTM(2, 3, return_sequences=True, bias=False)
    with pytest.raises(InputError, match=r"'lstm' \(LSTM\) has an array more .*was it built with bias=False"):
        from_keras(path, Network(layers))


def test_a_file_for_one_direction_does_not_fit_two(tmp_path):
    to_keras(Network([GRU(2, 3)]), tmp_path / "one.weights.h5")
    with pytest.raises(InputError, match=r"layer 'bidirectional' \(Bidirectional GRU\), forward_layer/kernel: is not"):
        from_keras(tmp_path / "one.weights.h5", Network([GRU(2, 3, bidirectional=True)]))


def test_a_weight_file_that_fits_is_loaded_whole(network, path):
    before = copy.deepcopy(network.state_dict())
    assert from_keras(path, network) is network
    torch.testing.assert_close(network.state_dict(), {name: p + 1.0 for name, p in before.items()})


def test_numbers_in_foreign_byte_order_are_read(network, path):
    with h5py.File(path, "r+") as file:
        replace(file, "layers/dense/vars/1", np.arange(5).astype(">f4"))
    assert from_keras(path, network).layers["dense"].bias.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["none.keras", "none.weights.h5"])
def test_a_file_that_is_not_there_is_named(tmp_path, network, name):
    with pytest.raises(InputError, match=f"{name}: there is no such file"):
        from_keras(tmp_path / name, network)


def test_a_weight_file_needs_a_network_and_a_keras_file_needs_none(network, path):
    with pytest.raises(InputError, match=r"a .weights.h5 file has no network; give one: from_keras\(path, network\)"):
        from_keras(path)
    with pytest.raises(InputError, match=r"only a .weights.h5 file is loaded into a given network"):
        from_keras(ORACLES / "letters_onehot.keras", network)


@pytest.mark.parametrize(
    ("name", "message"), [("a.keras", "is not a .keras file of Keras 3"), ("a.weights.h5", "is not an HDF5 file")]
)
@pytest.mark.parametrize("content", [b"", b"no such format"])
def test_a_file_of_another_format_is_refused(tmp_path, network, name, message, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        from_keras(tmp_path / name, network if name.endswith("h5") else None)


@pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
def test_a_zip_that_is_no_keras_file_is_refused(tmp_path, missing):
    with (
        zipfile.ZipFile(ORACLES / "letters_onehot.keras") as source,
        zipfile.ZipFile(tmp_path / "a.keras", "w") as target,
    ):
        for name in set(source.namelist()) - {missing}:
            target.writestr(name, source.read(name))
    with pytest.raises(InputError, match=f"is not a .keras file of Keras 3 .*{missing}"):
        from_keras(tmp_path / "a.keras")


def deflated(path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["stored", "deflated", "h5"])
def test_a_damaged_file_is_refused_and_changes_nothing_or_still_reads(tmp_path, network, path, kind):
    recorded = ORACLES / "letters_embedding.keras"
    content = {"stored": recorded.read_bytes, "deflated": lambda: deflated(recorded), "h5": path.read_bytes}[kind]()
    damaged = tmp_path / ("damaged.weights.h5" if kind == "h5" else "damaged.keras")
    before = copy.deepcopy(network.state_dict())
    rng = random.Random(0)
    refused = 0
    for attempt in range(150):
        if attempt < 30:
            spoiled = content[: rng.randrange(len(content))]
        else:
            spoiled = bytearray(content)
            spoiled[rng.randrange(len(content))] ^= rng.randrange(1, 256)
        damaged.write_bytes(spoiled)
        try:
            from_keras(damaged, network if kind == "h5" else None)
        except InputError:
            refused += 1
            torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0, equal_nan=True)
        else:
            assert attempt >= 30, "a truncated file was read"
            before = copy.deepcopy(network.state_dict())
    assert refused > 30


def test_to_keras_writes_only_what_keras_would_load(tmp_path, network):
    with pytest.raises(InputError, match=r"a.h5: Keras loads weights only from a name that ends in .weights.h5"):
        to_keras(network, tmp_path / "a.h5")
    with pytest.raises(InputError, match="cannot be written"):
        to_keras(network, tmp_path / "no such folder" / "a.weights.h5")
    assert not list(tmp_path.iterdir())


def test_without_h5py_the_error_says_what_to_install(tmp_path, network, path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    for call in (
        lambda: from_keras(ORACLES / "letters_onehot.keras"),
        lambda: from_keras(path, network),
        lambda: to_keras(network, tmp_path / "new.weights.h5"),
    ):
        with pytest.raises(InputError, match=r"need the package h5py .* pip install h5py"):
            call()


@pytest.mark.parametrize(
    "config", ["[]", "{}", '{"class_name": "Sequential"}', '{"class_name": "Sequential", "config": 3}']
)
def test_a_config_that_keras_did_not_write_is_refused(tmp_path, config):
    path = tmp_path / "made.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(InputError, match=r"made\.keras: "):
        from_keras(path)
