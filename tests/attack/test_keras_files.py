"""Keras files of unknown origin: each gives a network or is refused in one line, and costs little time and memory."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from .sandbox import Outcome, Sandbox

HERE = Path(__file__).parent
RECORDED = HERE.parent / "oracles" / "letters_window.keras"
TEN_MEGABYTES = 10_000_000
LOAD = """
from recurra.nn import Dense, Network, from_keras
network = Network([Dense(3, 2)]) if path.endswith(".h5") else None
loaded = from_keras(path, network)
assert loaded.summary().replace("\\n", "").isprintable()
"""


def entries() -> dict[str, bytes]:
    with zipfile.ZipFile(RECORDED) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(method: int = zipfile.ZIP_DEFLATED, **changed: bytes) -> bytes:
    """The recorded file with another `config` or `weights`."""
    names = {"config": "config.json", "weights": "model.weights.h5"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in (entries() | {names[key]: value for key, value in changed.items()}).items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_config(change: Callable[[list[Any]], Any]) -> bytes:
    """The recorded file after a change to the layers of its configuration: Embedding, SimpleRNN, Dense."""
    config = json.loads(entries()["config.json"])
    change(config["config"]["layers"])
    return zipped(config=json.dumps(config).encode())


def option(layer: int, name: str, value: Any) -> bytes:
    return with_config(lambda layers: layers[layer]["config"].__setitem__(name, value))


def repeated(count: int, name: Callable[[int], str], kind: str = "Dropout") -> bytes:
    """A file of very many layers."""

    def change(layers: list[Any]) -> None:
        recurrent = layers[2]
        for index in range(count):
            options: dict[str, Any] = {"name": name(index), "rate": 0.5}
            if kind == "Bidirectional":
                inner = {"class_name": "SimpleRNN", "config": recurrent["config"] | {"return_sequences": True}}
                inner["config"]["zero_output_for_mask"] = True
                options = {"name": name(index), "layer": inner, "merge_mode": "concat"}
            layers.insert(2 + index, {"class_name": kind, "config": options})

    return with_config(change)


def weights(make: Callable[[h5py.File], Any], **options: Any) -> bytes:
    """A weight file of a Dense layer, 3 to 2, whose kernel is made by the caller."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        file.create_dataset("layers/dense/vars/1", data=np.zeros(2, "f4"))
        make(file)
        if KERNEL not in file:
            file[KERNEL] = np.zeros((3, 2), "f4")
    return buffer.getvalue()


KERNEL = "layers/dense/vars/0"


def chunk(file: h5py.File, sides: tuple[int, int], raw: bytes | None = None, **options: Any) -> None:
    """A kernel of six numbers in one large chunk, whose raw bytes may be given."""
    array = file.create_dataset(KERNEL, (3, 2), "f4", chunks=sides, maxshape=(None, None), **options)
    if raw is not None:
        array.id.write_direct_chunk((0, 0), raw)


def diamonds(file: h5py.File, place: str, depth: int = 40) -> None:
    """Groups of which each has two links to the next: 2^depth ways to the last."""
    group = file.require_group(place)
    for _ in range(depth):
        below = group.create_group("a")
        group["b"] = below
        group = below


def deep(file: h5py.File) -> None:
    group = file.create_group("layers/dense/deep")
    for _ in range(3_000):
        group = group.create_group("d")


def cycle(file: h5py.File) -> None:
    file["layers/dense/layers"] = file["layers"]
    file["layers/dense/vars/up"] = file["layers/dense"]


def wide_tree(level: int) -> bytes:
    """A group whose tree of members has 32^level ways to one leaf; libhdf5 visits all of them to list its members."""
    content = bytearray(weights(lambda file: [file.create_group(f"layers/{name}") for name in "abcdefg"]))
    root = content.index(b"TREE", content.index(b"TREE") + 1)  # of /layers: the first group that was made
    (leaf,) = struct.unpack_from("<Q", content, root + 32)

    def node(level: int, child: int) -> bytes:
        pairs = b"".join(struct.pack("<QQ", 8 * (index > 0), child) for index in range(32))
        return b"TREE" + struct.pack("<BBHQQ", 0, level, 32, 2**64 - 1, 2**64 - 1) + pairs + struct.pack("<Q", 8)

    for step in range(level):
        below, leaf = leaf, len(content)
        content += node(step, below)
    top = node(level, leaf)
    content[root : root + len(top)] = top
    content[40:48] = struct.pack("<Q", len(content))
    return bytes(content)


def bomb(size: int, byte: bytes = b"\0") -> bytes:
    """A raw deflated stream of one byte, repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(byte * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)  # nothing refers to what is before
    return first * (size >> 20) + b"\3\0"


def zlib_bomb(size: int) -> bytes:
    return b"\x78\xda" + bomb(size)


def zip_bomb(name: str, byte: bytes = b"\0", size: int = 1 << 30) -> bytes:
    """The recorded file with an entry that unpacks to a gigabyte of one byte; its checksum is wrong."""
    content = zipped(zipfile.ZIP_STORED, **{"config" if name == "config.json" else "weights": bomb(size, byte)})
    return patched(patched(content, name, 24, struct.pack("<I", size)), name, 10, struct.pack("<H", 8))


def many_entries() -> bytes:
    head = struct.pack("<4s4B4H3I5H2I", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
    listed = (head + b"a") * ((TEN_MEGABYTES - 100) // 47)
    return listed + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, len(listed), 0, 0)


def twice() -> bytes:
    buffer = io.BytesIO(zipped())
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", b"[" * 100_000)
    return buffer.getvalue()


def patched(content: bytes, name: str, at: int, value: bytes) -> bytes:
    """A zip with other bytes at some place of an entry in its list."""
    head = content.rindex(name.encode()) - 46
    assert content[head : head + 4] == b"PK\1\2"
    return content[: head + at] + value + content[head + at + len(value) :]


def shared() -> bytes:
    """40 layers whose kernels are one array of 9 MB."""
    side = 1_500
    dense = json.loads(entries()["config.json"])["config"]["layers"][3]
    layers: list[Any] = [{"class_name": "InputLayer", "config": {"batch_shape": [None, side]}}]
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["kernel"], file["bias"] = np.zeros((side, side), "f4"), np.zeros(side, "f4")
        for index in range(40):
            place = f"layers/dense_{index}/vars" if index else "layers/dense/vars"
            file[f"{place}/0"], file[f"{place}/1"] = file["kernel"], file["bias"]
            layers.append({"class_name": "Dense", "config": dense["config"] | {"name": str(index), "units": side}})
    config = {"class_name": "Sequential", "config": {"layers": layers}}
    return zipped(zipfile.ZIP_STORED, config=json.dumps(config).encode(), weights=buffer.getvalue())


def large(kind: str, side: int, *, packed: bool = False) -> bytes:
    """A file of about 10 MB with one layer, whose weights are numbers, or zeros beside something else."""
    layer = json.loads(entries()["config.json"])["config"]["layers"][3 if kind == "Dense" else 2]
    layer["config"]["units"], layer["build_config"] = side, {"input_shape": [None, 1, side if packed else 1]}
    config = {"class_name": "Sequential", "config": {"layers": [layer]}}
    place = "layers/dense/vars" if kind == "Dense" else "layers/simple_rnn/cell/vars"
    shapes = [(side, side), (side,)] if kind == "Dense" else [(1, side), (side, side), (side,)]
    buffer, rng = io.BytesIO(), np.random.default_rng(0)
    with h5py.File(buffer, "w") as file:
        for index, shape in enumerate(shapes):
            file[f"{place}/{index}"] = np.zeros(shape, "f4") if packed else rng.random(shape, "f4")
    names = {"config.json": json.dumps(config).encode(), "model.weights.h5": buffer.getvalue()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, content in names.items():
            target.writestr(name, content, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED, compresslevel=1)
        if packed:
            target.writestr("other", bytes(9_200_000))
    return archive.getvalue()


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "config.json of a gigabyte of spaces": lambda: zip_bomb("config.json", b" "),
    "config.json of a gigabyte of brackets": lambda: zip_bomb("config.json", b"["),
    "weights of a gigabyte": lambda: zip_bomb("model.weights.h5"),
    "weights of a gigabyte that state one byte": lambda: patched(
        zip_bomb("model.weights.h5"), "model.weights.h5", 24, struct.pack("<I", 1)
    ),
    "weights by bzip2": lambda: zipped(zipfile.ZIP_BZIP2, weights=bytes(100 << 20)),
    "weights by LZMA": lambda: zipped(zipfile.ZIP_LZMA, weights=bytes(20 << 20)),
    "sizes of 2^32": lambda: patched(zipped(), "config.json", 20, b"\xfe\xff\xff\xff" * 2),
    "sizes of 2^64": lambda: patched(zipped(), "config.json", 20, b"\xff" * 8),
    "a list of 200,000 entries": many_entries,
    "an entry twice": twice,
    "encrypted entries": lambda: patched(zipped(), "config.json", 8, b"\1\0"),
    "unknown compression": lambda: patched(zipped(), "config.json", 10, b"\x63\0"),
    "entries that overlap": lambda: patched(zipped(), "config.json", 42, bytes(4)),
    "100,000 brackets": lambda: zipped(config=b"[" * 100_000),
    "100,000 braces": lambda: zipped(config=b'{"a":' * 100_000),
    "700,000 lists": lambda: zipped(config=b"[" + b"[]," * 690_000 + b"[]]"),
    "other encodings": lambda: zipped(config=("[" * 500_000).encode("utf-32")),
    "not UTF-8": lambda: zipped(config=b'{"class_name": "\xff"}'),
    "a number of 10,000 digits": lambda: zipped(config=b"9" * 10_000),
    "a class name of 100,000 characters": lambda: zipped(
        config=json.dumps({"class_name": "\x1b\u202e" * 50_000}).encode()
    ),
    "a class name of a million spaces": lambda: zipped(config=json.dumps({"class_name": " " * 1_000_000}).encode()),
    "10^12 units": lambda: option(2, "units", 10**12),
    "10^8 units": lambda: option(2, "units", 10**8),
    "10^8 units twice": lambda: with_config(
        lambda layers: [layers[i]["config"].__setitem__("units", 10**8) for i in (2, 3)]
    ),
    "units beyond float": lambda: option(2, "units", 10**400),
    "-1 units": lambda: option(2, "units", -1),
    "2.5 units": lambda: option(2, "units", 2.5),
    "units of text": lambda: option(2, "units", "3"),
    "a vocabulary of 10^8": lambda: option(1, "input_dim", 10**8),
    "a vocabulary of -1": lambda: option(1, "input_dim", -1),
    "a rate of -1": lambda: option(2, "dropout", -1),
    "a rate of NaN": lambda: option(2, "recurrent_dropout", float("nan")),
    "a rate of 10^300": lambda: option(2, "dropout", 1e300),
    "a Dropout of rate 2": lambda: with_config(
        lambda layers: layers.insert(2, {"class_name": "Dropout", "config": {"name": "d", "rate": 2}})
    ),
    "an input of infinite size": lambda: with_config(
        lambda layers: layers.__setitem__(
            slice(0, 2), [{"class_name": "InputLayer", "config": {"batch_shape": [None, 1, float("inf")]}}]
        )
    ),
    "a shape of text": lambda: with_config(
        lambda layers: layers[2].__setitem__("build_config", {"input_shape": "abc"})
    ),
    "a kind that is a list": lambda: with_config(lambda layers: layers[2].__setitem__("class_name", [[[]]])),
    "a kind of 100,000 characters": lambda: with_config(
        lambda layers: layers[2].__setitem__("class_name", "\x1b" * 10**5)
    ),
    "options that are a list": lambda: with_config(lambda layers: layers[2].__setitem__("config", [1])),
    "an activation of 100,000 characters": lambda: option(3, "activation", "\x1b" * 100_000),
    "a gate activation of 100,000 characters": lambda: option(2, "activation", "\x1b" * 100_000),
    "an option of 100,000 characters": lambda: option(2, "\x1b" * 100_000, 1),
    "an unsupported option of a nested value": lambda: option(2, "other", json.loads("[" * 900 + "]" * 900)),
    "a dtype that is a list": lambda: option(2, "dtype", [[]]),
    "a dtype of no name": lambda: option(2, "dtype", {"config": 3}),
    "a name of control characters": lambda: option(2, "name", "\x1b[2J\u202e\ud800\r"),
    "a name of 100,000 characters": lambda: option(2, "name", "x" * 100_000),
    "a name that is a number": lambda: option(2, "name", 3),
    "an empty name": lambda: option(2, "name", ""),
    "3,000 layers of one name": lambda: repeated(3_000, lambda _: "x"),
    "250 layers whose names become one": lambda: repeated(
        250, lambda i: f"{i:08b}".replace("0", ".").replace("1", "_")
    ),
    "3,000 layers": lambda: repeated(3_000, str),
    "100,000 layers": lambda: zipped(
        config=json.dumps({"class_name": "Sequential", "config": {"layers": [0] * 100_000}}).encode()
    ),
    "250 bidirectional layers": lambda: repeated(250, str, "Bidirectional"),
    "40 layers that share their weights": shared,
    "another order": lambda: with_config(lambda layers: layers.insert(1, layers.pop(3))),
}


WEIGHTS: dict[str, Callable[[], bytes]] = {
    "a chunk of 2 GB, for six numbers": lambda: weights(
        lambda file: chunk(file, (2**15, 2**14), zlib_bomb(2 << 30), compression="gzip")
    ),
    "a chunk of 2 GB that is not there": lambda: weights(lambda file: chunk(file, (2**15, 2**14))),
    "a chunk that unpacks to 2 GB": lambda: weights(
        lambda file: chunk(file, (4, 4), zlib_bomb(2 << 30), compression="gzip")
    ),
    "a chunk of 2 GB by lzf": lambda: weights(lambda file: chunk(file, (2**10, 2**10), b"\0" * 99, compression="lzf")),
    "a chunk of 15 MB": lambda: weights(lambda file: chunk(file, (2**11, 1_700), b"\0", compression="gzip")),
    "gzip twice": lambda: weights(gzip_twice),
    "an unsupported filter": lambda: weights(
        lambda file: file.create_dataset(KERNEL, data=np.zeros((3, 2), "f4"), chunks=(3, 2), scaleoffset=3)
    ),
    "an array of 10^14 numbers": lambda: weights(lambda file: file.create_dataset(KERNEL, (10**7, 10**7), "f4")),
    "an array of 2^63 numbers": lambda: weights(
        lambda file: file.create_dataset(KERNEL, (2**62, 2), "i1", chunks=(1, 1))
    ),
    "32 dimensions": lambda: weights(lambda file: file.create_dataset(KERNEL, (2,) * 32, "f4")),
    "a type of 2 GB": lambda: weights(lambda file: file.create_dataset(KERNEL, (3, 2), "S2000000000")),
    "a record of 500 fields": lambda: weights(
        lambda file: file.create_dataset(KERNEL, (3, 2), [(f"f{i}", "f4") for i in range(500)])
    ),
    "an attribute of 60 KB": lambda: weights(lambda file: file["layers"].attrs.__setitem__("a", np.zeros(7_500))),
    "an attribute of 8 MB": lambda: weights(
        lambda file: file["layers"].attrs.__setitem__("a", np.zeros(1_000_000)), libver="latest"
    ),
    "2^40 ways in a layer": lambda: weights(lambda file: diamonds(file, "layers/dense/more")),
    "2^40 ways beside the layers": lambda: weights(lambda file: diamonds(file, "more")),
    "2^40 ways in a new layer": lambda: weights(lambda file: diamonds(file, "layers/more")),
    "groups in circles": lambda: weights(cycle),
    "3,000 groups, one in the other": lambda: weights(deep),
    "32^3 ways in a tree of members": lambda: wide_tree(3),
    "32^40 ways in a tree of members": lambda: wide_tree(40),
    "5,000 layers": lambda: weights(lambda file: [file.create_group(f"layers/{i}") for i in range(5_000)]),
    "5,000 layers in the newer format": lambda: weights(
        lambda file: [file.create_group(f"layers/{i}") for i in range(5_000)], libver="latest"
    ),
    "layers of control characters": lambda: weights(
        lambda file: [file.create_group(f"layers/\x1b[2J\u202e{i}{'x' * 5_000}") for i in range(9)]
    ),
    "nothing but signatures": lambda: b"\x89HDF\r\n\x1a\n" + b"TREE\0\1\xff\xff" * (TEN_MEGABYTES // 8 - 1),
    "nodes without children": lambda: b"\x89HDF\r\n\x1a\n" + b"TREE\0\1\0\0" * (TEN_MEGABYTES // 8 - 1),
    "10 MB of zeros": lambda: bytes(TEN_MEGABYTES),
    "10 MB of numbers": lambda: weights(
        lambda file: file.create_dataset("other", data=np.zeros(TEN_MEGABYTES // 4, "f4"))
    ),
}


def gzip_twice(file: h5py.File) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((4, 4))
    properties.set_deflate(9)
    properties.set_deflate(9)
    space = h5py.h5s.create_simple((3, 2), (h5py.h5s.UNLIMITED, h5py.h5s.UNLIMITED))
    array = h5py.h5d.create(file["layers/dense/vars"].id, b"0", h5py.h5t.IEEE_F32LE, space, properties)
    array.write_direct_chunk((0, 0), zlib.compress(zlib_bomb(1 << 30)))


@pytest.fixture
def load(sandbox: Sandbox, tmp_path: Path) -> Callable[..., Outcome]:
    def load(content: bytes, name: str) -> Outcome:
        assert len(content) <= 1.05 * TEN_MEGABYTES
        path = tmp_path / name
        path.write_bytes(content)
        return sandbox.run(LOAD, path=path)

    return load


@pytest.mark.parametrize("make", ARCHIVES.values(), ids=ARCHIVES)
def test_a_hostile_archive_costs_little(load: Callable[..., Outcome], make: Callable[[], bytes]) -> None:
    outcome = load(make(), "a.keras")
    assert outcome.fault() is None


@pytest.mark.parametrize(
    "options", [{"kind": "SimpleRNN", "side": 1_550}, {"kind": "Dense", "side": 3_020, "packed": True}], ids=str
)
def test_an_honest_file_costs_as_little(load: Callable[..., Outcome], options: dict[str, Any]) -> None:
    outcome = load(large(**options), "a.keras")
    assert outcome.fault() is None
    assert outcome.end == "returned", outcome.text


@pytest.mark.parametrize("make", WEIGHTS.values(), ids=WEIGHTS)
def test_hostile_weights_cost_little(load: Callable[..., Outcome], make: Callable[[], bytes]) -> None:
    outcome = load(make(), "a.weights.h5")
    assert outcome.fault() is None


@pytest.mark.parametrize("kind", ["keras", "h5"])
@pytest.mark.parametrize(
    "first", [pytest.param(n, marks=pytest.mark.slow) if n >= 1_000 else n for n in range(0, 2_000, 250)]
)
def test_mutations_give_a_network_or_one_line(sandbox: Sandbox, tmp_path: Path, kind: str, first: int) -> None:
    code = "import sys; sys.path.insert(0, here)\nimport keras_mutants\nkeras_mutants.run(kind, first, 250, folder)"
    outcome = sandbox.run(code, here=HERE, kind=kind, first=first, folder=tmp_path)
    assert outcome.end == "returned", f"{outcome.text} at seed {(tmp_path / 'seed').read_text()}"
    assert outcome.megabytes < 200
    ends = json.loads((tmp_path / "ends.json").read_text())
    assert min(ends["refused"], ends["loaded"]) > 25, ends
