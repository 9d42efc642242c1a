"""Keras files that do not fit, are damaged or point elsewhere are refused and change nothing."""

import copy
import io
import random
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from recurra.errors import InputError
from recurra.nn import GRU, LSTM, Dense, Embedding, Network, from_keras, to_keras

ORACLES = Path(__file__).parents[2] / "oracles"


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
        r"layer 'embedding' \(Embedding\), embeddings is not in the file; expected shape \(7, 2\)",
    ),
    "missing layer": (
        lambda file: file.__delitem__("layers/dense"),
        r"layer 'dense' \(Dense\), kernel is not in the file; expected shape \(8, 5\)",
    ),
    "missing layers": (
        lambda file: file.__delitem__("layers"),
        r"layer 'embedding' \(Embedding\), embeddings is not in the file",
    ),
    "layers too many": (
        lambda file: file.create_group("layers/dense_1/vars") and file.create_group("layers/another/vars"),
        r"the file has layers that the network lacks: another, dense_1",
    ),
    "array too many": (
        lambda file: file.create_dataset("layers/dense/vars/2", data=np.zeros(5, "f4")),
        r"layer 'dense' \(Dense\) has one array more in the file \(layers/dense/vars/2\)",
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
        r"/layers/dense/vars/1 is no array",
    ),
    "external link": (put_external_link, r"/layers/dense/vars/0 is a link; links are not followed"),
    "soft link": (put_soft_link, r"/layers/dense/vars/0 is a link; links are not followed"),
    "external storage": (
        put_external_storage,
        r"/layers/dense/vars/0 stores its data in another file, which is not read",
    ),
    "virtual dataset": (
        put_virtual_dataset,
        r"/layers/dense/vars/0 stores its data in another file, which is not read",
    ),
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
    with pytest.raises(InputError, match=r"'lstm' \(LSTM\) has one array more .*was it built with bias=False"):
        from_keras(path, Network(layers))


def test_a_file_for_one_direction_does_not_fit_two(tmp_path):
    to_keras(Network([GRU(2, 3)]), tmp_path / "one.weights.h5")
    with pytest.raises(InputError, match=r"layer 'bidirectional' \(Bidirectional GRU\), forward_layer/kernel is not"):
        from_keras(tmp_path / "one.weights.h5", Network([GRU(2, 3, bidirectional=True)]))


def test_a_weight_file_that_fits_is_loaded_whole(network, path):
    before = copy.deepcopy(network.state_dict())
    assert from_keras(path, network) is network
    torch.testing.assert_close(network.state_dict(), {name: p + 1.0 for name, p in before.items()})


def test_what_is_no_weight_of_a_layer_is_not_opened(network, path):
    with h5py.File(path, "r+") as file:
        file["layers/dense/itself"] = file["layers"]
        file["layers/dense/elsewhere"] = h5py.ExternalLink("other.h5", "/secret")
        file["optimizer/vars/0"] = h5py.SoftLink("/optimizer")
    assert from_keras(path, network) is network


def test_a_network_with_loaded_weights_is_in_evaluation_mode(network, path):
    assert not from_keras(path, network.train()).training


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_floating_point_numbers_of_any_size_are_read(network, path, dtype):
    with h5py.File(path, "r+") as file:
        replace(file, "layers/dense/vars/1", np.arange(5).astype(dtype))
    assert from_keras(path, network).layers["dense"].bias.tolist() == [0, 1, 2, 3, 4]


def test_numbers_in_foreign_byte_order_are_read(network, path):
    with h5py.File(path, "r+") as file:
        replace(file, "layers/dense/vars/1", np.arange(5).astype(">f4"))
    assert from_keras(path, network).layers["dense"].bias.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["none.keras", "none.weights.h5"])
def test_a_file_that_is_not_there_is_named(tmp_path, network, name):
    with pytest.raises(InputError, match=f"{name}: there is no such file"):
        from_keras(tmp_path / name, network)


@pytest.mark.parametrize("name", ["x" * 5_000 + ".keras", "x" * 5_000 + ".weights.h5", "\x1b[2J\n.keras", "\0.keras"])
def test_a_name_that_no_file_has_is_refused_in_one_short_line(tmp_path, network, name):
    with pytest.raises(InputError) as caught:
        from_keras(tmp_path / name, network)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 500


def test_a_weight_file_needs_a_network_and_a_keras_file_needs_none(network, path):
    with pytest.raises(
        InputError, match=r"a .weights.h5 file contains no network; give one, from_keras\(path, network\)"
    ):
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
    with pytest.raises(InputError, match=r"a.h5: Keras loads weights only from files whose names end in .weights.h5"):
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
    with pytest.raises(InputError, match=r"made\.keras"):
        from_keras(path)
