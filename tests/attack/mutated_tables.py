"""Reads mutations of a table, and fits a model to some: each is a table, or an InputError of one line."""

import gzip
import io
import random
import warnings
import zipfile
from pathlib import Path

import numpy as np
import torch

import recurra
from recurra.tables.table_builder import make_table

INSERTED = [b'"', b",", b";", b"\n", b"\r", b"\0", b"e", b"-", b" ", b"\xff", b"9" * 9, b"e99"]


def mutated(content: bytes, dice: random.Random) -> bytes:
    """Return bytes of which some are changed, dropped, inserted or repeated."""
    found = bytearray(content)
    for _ in range(dice.choice([1, 1, 2, 4, 9])):
        at, begin = dice.randrange(len(found) + 1), dice.randrange(len(found) + 1)
        kind = dice.randrange(5)
        if kind == 0:
            found[at : at + 1] = bytes([dice.randrange(256)])
        elif kind == 1:
            found[at : at + 1] = bytes(byte ^ 1 << dice.randrange(8) for byte in found[at : at + 1])
        elif kind == 2:
            del found[at : at + dice.choice([1, 2, 7, 60])]
        elif kind == 3:
            found[at:at] = dice.choice(INSERTED)
        else:
            found[at:at] = found[begin : begin + dice.choice([3, 20, 90])]
    return bytes(found)


def mutated_within(packed: bytes, dice: random.Random) -> bytes:
    """Return a zip archive of which one entry is mutated."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive, zipfile.ZipFile(written, "w") as other:
        names = archive.namelist()
        chosen = dice.choice([*names, *[name for name in names if "sheet" in name or "content" in name] * 5])
        for name in names:
            content = archive.read(name)
            other.writestr(name, mutated(content, dice) if name == chosen else content)
    return written.getvalue()


def read_mutated(original: str, path: str, seed: int, count: int) -> None:
    """Read `count` mutations of a file, written to `path`; half of those of a packed one are packed after it."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", UserWarning)
    dice, before = random.Random(seed), Path(original).read_bytes()
    for number in range(count):
        if path.endswith(".gz") and number % 2:
            content = gzip.compress(mutated(gzip.decompress(before), dice), 1)
        elif path.endswith((".zip", ".xlsx", ".ods")) and number % 2:
            content = mutated_within(before, dice)
        else:
            content = mutated(before, dice)
        Path(path).write_bytes(content)
        try:
            table = make_table(path, target="y", missing=("error", "ffill", "auto")[number % 3])
            if number % 50 == 0:
                model = recurra.Forecaster(epochs=1, units=4, window=3, batch_size=16).fit(table)
                assert np.isfinite(model.predict()["forecast"]).all()
        except recurra.InputError as error:
            assert len(str(error)) <= 500 and str(error).isprintable(), str(error)
        except Exception as error:
            raise RuntimeError(f"mutation {number} of seed {seed}: {content!r}") from error
