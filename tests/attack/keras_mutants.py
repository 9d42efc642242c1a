"""Mutations of Keras files by a seed, and a loop that loads them; it runs in the sandbox."""

import contextlib
import copy
import io
import json
import os
import random
import resource
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from recurra import InputError
from recurra.nn import GRU, LSTM, Dense, Embedding, Network, SimpleRNN, from_keras, to_keras

ORACLES = Path(__file__).parents[1] / "oracles"
PIECES = [b"TREE", b"SNOD", b"HEAP", b"\x01\x00", b"\x00" * 8, b"\xff" * 8, b"\x00\x00\x00\x80", b"PK\x01\x02"]
FIELDS = [0, 1, 2, 7, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 1]
VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        3,
        10**6,
        10**12,
        10**30,
        -(10**18),
        1e300,
        float("nan"),
        float("inf"),
        -0.5,
        0.5,
        1.5,
    ),
    *("", "tanh", "GRU", "linear", "x" * 10_000, "\x1b[2J\u202e", "\ud800", "a.b", "float64", "Dropout", "Embedding"),
    *([], {}, [None, 5, 2], [[[]]], {"class_name": "GRU", "config": {}}, [None], {"name": "float16"}, {"config": 3}),
]


def networks() -> list[Network]:
    """The networks whose files are mutated."""
    torch.manual_seed(0)
    stack = [Embedding(7, 2), LSTM(2, 3, return_sequences=True), GRU(3, 4, bidirectional=True), Dense(8, 5)]
    return [Network(stack), Network([SimpleRNN(2, 3, bias=False), Dense(3, 2)])]


def weight_files(folder: Path) -> list[tuple[bytes, int]]:
    """Files of these networks, each with the number of its network: plain, compressed, in newer formats, shifted."""
    files = []
    for number, network in enumerate(networks()):
        path = folder / "plain.weights.h5"
        to_keras(network, path)
        files.append((path.read_bytes(), number))
        for options in ({}, {"libver": "latest"}, {"userblock_size": 512}):
            buffer = io.BytesIO()
            with h5py.File(path) as source, h5py.File(buffer, "w", **options) as target:

                def add(name: str, item: Any, target: Any = target) -> None:
                    if isinstance(item, h5py.Dataset):
                        target.create_dataset(name, data=item[()], compression="gzip", shuffle=True, fletcher32=True)

                source.visititems(add)
            files.append((buffer.getvalue(), number))
    return files


def mutate_bytes(rng: random.Random, content: bytes) -> bytes:
    """Change some bytes, or where they stand."""
    spoiled = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        size = len(spoiled)
        at, other = rng.randrange(size), rng.randrange(size)
        way = rng.randrange(9)
        if way < 2:
            spoiled[at] ^= 1 << rng.randrange(8)
        elif way == 2:
            spoiled[at] = rng.randrange(256)
        elif way == 3:  # a field
            width = rng.choice([1, 2, 4, 8, 8])
            field = rng.choice([*FIELDS, at, other, size]) % 256**width
            at = at // 8 * 8
            spoiled[at : at + width] = field.to_bytes(width, "little")
        elif way == 4:  # an address of another place
            spoiled[at // 8 * 8 : at // 8 * 8 + 8] = (other // 8 * 8).to_bytes(8, "little")
        elif way == 5:
            piece = rng.choice(PIECES)
            spoiled[at : at + len(piece)] = piece
        elif way == 6:
            length = rng.choice([1, 8, 64, 500])
            spoiled[at : at + length] = spoiled[other : other + length]
        elif way == 7:
            spoiled[at:at] = rng.randbytes(rng.choice([1, 4, 8, 100]))
        elif len(spoiled) > 100:
            del spoiled[at : at + rng.choice([1, 8, 100, size])]
            spoiled += b"\0" * (not spoiled)
    return bytes(spoiled)


def mutate_objects(rng: random.Random, content: bytes) -> bytes:
    """Replace an array or a group of a weight file by another object of HDF5, by libhdf5 itself."""
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        name, other = rng.choice(names), rng.choice(names)
        array = file[name][()] if isinstance(file[name], h5py.Dataset) else np.zeros((2, 3), "f4")
        makers = [
            lambda: file.create_dataset(
                name, data=array.astype(rng.choice(["f2", "f8", ">f4", "i4", "?", "c8", "S3"]))
            ),
            lambda: file.create_dataset(name, data=array.T),
            lambda: file.create_dataset(name, data=array[:1]),
            lambda: file.create_dataset(name, (rng.choice(FIELDS[:10]), 3), "f4"),
            lambda: file.create_dataset(
                name, array.shape, "f4", chunks=tuple(rng.choice([1, 7, 2**14]) for _ in array.shape)
            ),
            lambda: file.create_dataset(name, array.shape, "f4", maxshape=(None,) * array.ndim, fillvalue=3),
            lambda: file.create_dataset(name, data=array, compression=rng.choice(["lzf", "gzip", 9])),
            lambda: file.create_dataset(name, data=array, scaleoffset=3, chunks=array.shape),
            lambda: file.create_dataset(name, array.shape, [("a", "f4"), ("b", "S3", 4)]),
            lambda: file.create_dataset(name, array.shape, h5py.vlen_dtype("f4")),
            lambda: file.create_dataset(name, array.shape, h5py.string_dtype()),
            lambda: file.create_dataset(name, array.shape, h5py.enum_dtype({"a": 1, "b": 2})),
            lambda: file.create_dataset(name, array.shape, "V7"),
            lambda: file.create_dataset(name, array.shape, h5py.ref_dtype),
            lambda: file.create_dataset(name, array.shape, h5py.regionref_dtype),
            lambda: file.create_dataset(name, array.shape, np.dtype(("f4", (3,)))),
            lambda: file.create_dataset(name, data=h5py.Empty("f4")),
            lambda: file.create_dataset(name, array.shape, "f4", external=[("/etc/hostname", 0, array.nbytes)]),
            lambda: file.create_virtual_dataset(name, h5py.VirtualLayout(array.shape, "f4")),
            lambda: file.__setitem__(name, np.dtype("f4")),
            lambda: file.__setitem__(name, h5py.SoftLink("/" + other)),
            lambda: file.__setitem__(name, h5py.SoftLink("/" + name)),
            lambda: file.__setitem__(name, h5py.ExternalLink("other.h5", "/")),
            lambda: file.__setitem__(name, file["/"]),
            lambda: file.__setitem__(name, file[other]),
            lambda: file.create_group(name),
            lambda: file.create_group(name + "/\x1b[2J" + "x" * rng.choice([1, 5_000])),
            lambda: file.create_group("layers/" + rng.choice(["\x1b[2J", "dense_1", "y" * 5_000])),
            lambda: file["/"].attrs.__setitem__("a", np.zeros(8_000)),
        ]
        del file[name]
        with contextlib.suppress(
            KeyError, ValueError, TypeError, RuntimeError, OSError
        ):  # not everything goes everywhere
            rng.choice(makers)()
    return buffer.getvalue()


def mutate_config(rng: random.Random, text: bytes) -> bytes:
    """Change values in a config.json, and now and then its text."""
    if rng.random() < 0.1:
        return mutate_bytes(rng, text)
    config = json.loads(text)
    layers = config["config"]["layers"]
    for _ in range(rng.choice([1, 1, 2, 3])):
        way = rng.randrange(10)
        if way == 0:
            layers.insert(rng.randrange(len(layers)), copy.deepcopy(rng.choice(layers)))
        elif way == 1:
            layers.insert(rng.randrange(len(layers)), layers.pop(rng.randrange(len(layers))))
        else:
            places: list[tuple[Any, Any]] = []
            collect(config if way == 2 else layers, places)
            holder, key = rng.choice(places)
            if way == 3:
                del holder[key]
            else:
                holder[key] = rng.choice(VALUES)
        if not layers or not isinstance(config.get("config"), dict):
            break
    if rng.random() < 0.05:
        config[rng.choice([*config])] = json.loads("[" * 600 + "]" * 600)
    return json.dumps(config).encode()


def collect(value: Any, places: list[tuple[Any, Any]]) -> None:
    """Collect the places of all values in a nested one."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        places.append((value, key))
        if isinstance(item, dict | list):
            collect(item, places)


def mutate_archive(rng: random.Random, content: bytes) -> bytes:
    """Change a `.keras` file: its bytes, or one of its entries, whose checksum then is right."""
    if rng.random() < 0.3:
        return mutate_bytes(rng, content)
    buffer = io.BytesIO()
    spoiled = rng.choice(["config.json", "config.json", "model.weights.h5"])
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            entry = source.read(name)
            if name == spoiled:
                way = mutate_config if name == "config.json" else rng.choice([mutate_bytes, mutate_objects])
                entry = way(rng, entry)
            target.writestr(name, entry, rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    return buffer.getvalue()


def bits(network: Network) -> bytes:
    """All weights of a network, in which NaN is equal to itself."""
    return b"".join(p.detach().numpy().tobytes() for p in network.parameters())


def load(content: bytes, folder: Path, network: Network | None) -> str:
    """Load a file and run its network; return how that ended, or raise what is not to be."""
    path = folder / ("mutant.keras" if network is None else "mutant.weights.h5")
    path.write_bytes(content)
    before = None if network is None else bits(network)
    began = time.process_time()
    try:
        loaded = from_keras(path, network)
    except InputError as error:
        text = str(error)
        assert len(text) <= 500, text
        assert text.isprintable(), text
        assert network is None or bits(network) == before
        return "refused"
    finally:
        assert time.process_time() - began < 3
    assert all(p.device.type == "cpu" for p in loaded.parameters())
    assert loaded.summary().replace("\n", "").isprintable()
    first = next(iter(loaded.layers.values()))
    shape = (
        (1, 3)
        if isinstance(first, Embedding)
        else (1, 3, getattr(first, "input_size", getattr(first, "in_features", 1)))
    )
    x = torch.zeros(shape, dtype=torch.long if isinstance(first, Embedding) else next(loaded.parameters()).dtype)
    try:
        loaded(x)
    except InputError:
        return "loaded, takes no sequences"
    return "loaded"


def run(kind: str, first: int, count: int, folder: str) -> None:
    """Load mutations of a kind, "keras" or "h5"; write what came of them to the folder, and raise the first fault."""
    torch.set_num_threads(1)
    place = Path(folder)
    recorded = [path.read_bytes() for path in sorted(ORACLES.glob("*.keras"))]
    files = weight_files(place)
    targets = networks()
    ends: Counter[str] = Counter()
    faults = []
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    progress = os.open(place / "seed", os.O_CREAT | os.O_WRONLY)
    for seed in range(first, first + count):
        rng = random.Random(seed)
        os.pwrite(progress, f"{seed:10}".encode(), 0)  # of what crashes
        if kind == "keras":
            content, network = mutate_archive(rng, rng.choice(recorded)), None
        else:
            content, number = rng.choice(files)
            content = rng.choice([mutate_bytes, mutate_bytes, mutate_objects])(rng, content)
            network = targets[number]
        try:
            ends[load(content, place, network)] += 1
        except Exception as error:
            ends["fault"] += 1
            faults.append(f"{kind} {seed}: {type(error).__name__}: {str(error)[:300]}")
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if now - peak > 50_000:
            faults.append(f"{kind} {seed}: grew by {(now - peak) // 1024} MB")
        peak = max(now, peak)
    (place / "ends.json").write_text(json.dumps({**ends, "faults": faults}))
    assert not faults, "\n".join(faults[:10])
