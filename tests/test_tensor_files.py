"""Digests of our files: any damage to names, shapes, types, numbers or description is noticed."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from recurra import InputError
from recurra.json_objects import MissingDigestWarning, checked, parse_json, with_digest
from recurra.tensor_files import read_description, read_tensors, write_tensors

TENSORS = {
    "weights": torch.linspace(-1, 1, 12).reshape(3, 4),
    "empty": torch.empty(0, 4),
    "count": torch.tensor(5),
    "flags": torch.tensor([True, False]),
    "half": torch.ones(3, dtype=torch.bfloat16),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_tensors(tmp_path / "file.safetensors", TENSORS, {"kind": "example", "numbers": [1, 0.1]})
    return tmp_path / "file.safetensors"


def test_tensors_and_description_come_back(path: Path) -> None:
    tensors, data = read_tensors(path)
    assert data == {"kind": "example", "numbers": [1, 0.1]}
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)
    assert read_description(path)["kind"] == "example"


def test_every_flipped_bit_is_noticed_or_changes_nothing(path: Path) -> None:
    content, draw = path.read_bytes(), random.Random(0)
    unchanged = 0
    for _ in range(2000):
        place, bit = draw.randrange(len(content)), draw.randrange(8)
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
        try:
            tensors, data = read_tensors(path)
        except InputError:
            continue
        except MissingDigestWarning:  # an error in tests; the key of the digest was hit, and its name is a field now
            assert any(name not in {"kind", "numbers", "sha256"} for name in read_description(path))
            continue
        unchanged += 1
        assert data == {"kind": "example", "numbers": [1, 0.1]}
        assert all(torch.equal(tensors[name], tensor) for name, tensor in TENSORS.items())
    assert unchanged < 50  # bits of the spaces after the header


@pytest.mark.parametrize(
    "change",
    [
        {"weights": torch.linspace(-1, 1, 12).reshape(4, 3)},
        {"weights": torch.linspace(-1, 1, 12).reshape(3, 4).view(torch.int32)},
        {"other": torch.zeros(1)},
        {"empty": torch.empty(0, 5)},
    ],
)
def test_names_shapes_and_types_are_part_of_the_digest(path: Path, change: dict[str, Tensor]) -> None:
    import safetensors.torch

    described = read_description(path)
    content = safetensors.torch.save(TENSORS | change, {"recurra": json.dumps(described)})
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"is damaged, .*\(its content does not match its digest\); restore it"):
        read_tensors(path)


def test_a_file_without_a_digest_loads_with_a_note(path: Path) -> None:
    import safetensors.torch

    path.write_bytes(safetensors.torch.save(TENSORS, {"recurra": '{"kind": "example"}'}))
    with pytest.warns(MissingDigestWarning, match="has no digest, so that damage to it would go unnoticed"):
        assert read_tensors(path)[1] == {"kind": "example"}


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, "[" + "{}," * 100_000 + "{}]", "{", "", "9" * 10_000],
    ids=["lists", "objects", "many", "open", "empty", "digits"],
)
def test_json_that_would_cost_much_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_json_of_many_records_is_read() -> None:
    records: list[Any] = [{"epoch": n, "loss": 0.125, "learning_rate": 0.01} for n in range(50_000)]
    assert parse_json(json.dumps(records)) == records


def test_a_digest_is_that_of_the_content_whatever_its_order(tmp_path: Path) -> None:
    signed = with_digest({"a": 1, "b": [0.1, None]}, [b"x"])
    assert checked(tmp_path, dict(reversed(signed.items())), [b"x"]) == {"a": 1, "b": [0.1, None]}
    for other in (signed | {"a": 2}, signed | {"c": 1}, signed | {"sha256": 3}):
        with pytest.raises(ValueError, match="does not match its digest"):
            checked(tmp_path, other, [b"x"])
    with pytest.raises(ValueError, match="does not match its digest"):
        checked(tmp_path, signed, [b"y"])
