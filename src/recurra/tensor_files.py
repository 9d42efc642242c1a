"""Safetensors files with JSON metadata."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from recurra.errors import InputError
from recurra.files import replace_file

METADATA_KEY = "recurra"  # the only key in the metadata of safetensors files, since several are written in random order


def write_tensors(path: Path, tensors: dict[str, Tensor], data: Any) -> None:
    """Write a safetensors file with `data` as JSON in its metadata; equal content gives equal bytes."""
    text = json.dumps(data, sort_keys=True)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    owners: dict[int, str] = {}
    for name, tensor in plain.items():
        if owners.setdefault(tensor.data_ptr(), name) != name:
            plain[name] = tensor.clone()  # tied weights: safetensors requires separate tensors
    replace_file(path, safetensors.torch.save(plain, {METADATA_KEY: text}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], Any]:
    """Read a file that `write_tensors` wrote.

    Raises:
        InputError: if there is no such file, it is damaged, or recurra did not write it.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            data = json.loads(metadata[METADATA_KEY])
            return {name: file.get_tensor(name).clone() for name in file.keys()}, data  # noqa: SIM118
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        reason = f"is damaged, or was not written by recurra ({error})"
        raise InputError(f"{path}: {reason}; restore it from a copy, or train again.") from error


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors `prefix.*` under their own names."""
    prefix += "."
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
