"""Safetensors files with a JSON object as metadata, which has a digest of itself and of the tensors."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from recurra.errors import InputError
from recurra.files import replace_file
from recurra.json_objects import checked, parse_json, with_digest

METADATA_KEY = "recurra"  # the only key in the metadata of safetensors files, since several are written in random order

MOST_TENSORS = 20_000  # of a file; the largest ensemble has some thousand


def write_tensors(path: Path, tensors: Mapping[str, Tensor], data: dict[str, Any]) -> None:
    """Write a safetensors file with `data` as JSON in its metadata; equal content gives equal bytes."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    owners: dict[int, str] = {}
    for name, tensor in plain.items():
        if owners.setdefault(tensor.data_ptr(), name) != name:
            plain[name] = tensor.clone()  # tied weights: safetensors requires separate tensors
    text = json.dumps(with_digest(data, _parts(plain)), sort_keys=True)
    replace_file(path, safetensors.torch.save(plain, {METADATA_KEY: text}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a file that `write_tensors` wrote, and check it against its digest; warn if it has none.

    Raises:
        InputError: if there is no such file, it is damaged, or recurra did not write it.
    """
    return _read(path, with_tensors=True)


def read_description(path: Path) -> dict[str, Any]:
    """Read the JSON of a file alone, without checking it against its digest; for the errors, see `read_tensors`."""
    return _read(path, with_tensors=False)[1]


def _read(path: Path, *, with_tensors: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if METADATA_KEY not in metadata:
                raise ValueError(f"no metadata named {METADATA_KEY}")
            data = parse_json(metadata[METADATA_KEY])
            if not isinstance(data, dict):
                raise ValueError(f"a {type(data).__name__} as metadata")
            if not with_tensors:
                return {}, data
            names = file.keys()
            if len(names) > MOST_TENSORS:
                raise ValueError(f"{len(names)} tensors; expected at most {MOST_TENSORS}")
            tensors = {name: file.get_tensor(name).clone() for name in names}
        return tensors, checked(path, data, _parts(tensors))
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        reason = f"is damaged, or was not written by recurra ({error})"
        raise InputError(f"{path} {reason}; restore it from a copy, or train again.") from error


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors `prefix.*` under their own names."""
    prefix += "."
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _parts(tensors: Mapping[str, Tensor]) -> Iterator[Any]:
    """Yield what a digest covers: the names, types and shapes of all tensors, then the bytes of each."""
    names = sorted(tensors)
    yield json.dumps([(name, str(tensors[name].dtype), tensors[name].shape) for name in names]).encode()
    for name in names:
        flat = tensors[name].as_strided((tensors[name].numel(),), (1,))  # a single number may have any stride
        yield flat.view(torch.uint8).numpy()
