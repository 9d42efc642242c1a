"""Seeded mutations of bytes, of JSON and of tensors: damage, and nonsense that reads well."""

import copy
import json
import math
import random
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from recurra.json_objects import DIGEST, with_digest
from recurra.tensor_files import read_tensors, write_tensors

WHOLE = [0, 1, -1, 5, -5, 2**31, 2**63 - 1, -(2**63), 10**12]
BROKEN = [0.0, 0.5, -0.5, 1e-300, 1e300, math.nan, math.inf, -math.inf]
TEXTS = ["", "none", "é", "\x1b[31m", "\u202e", "x" * 10_000]
VALUES: list[Any] = [*WHOLE, *BROKEN, *TEXTS, 10**21, None, True, False, [], {}, [[]], {"a": 1}]
TYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int32, torch.int64, torch.bool]


def damaged(content: bytes, draw: random.Random) -> bytes:
    """Return bytes with one to three kinds of damage."""
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        if not content:
            break
        start = draw.randrange(len(content))
        end = min(len(content), start + draw.choice([1, 1, 1, 8, 100, 10_000]))
        before, part, after = content[:start], content[start:end], content[end:]
        kinds = [
            bytes([part[0] ^ 1 << draw.randrange(8), *part[1:]]),
            draw.randbytes(len(part)),
            bytes(len(part)),
            b"",
            part * 2,
            part[::-1],
            part + draw.randbytes(draw.choice([1, 100])),
            part.replace(b"0", b"9").replace(b"1", b"99"),
        ]
        content = before + draw.choice(kinds) + draw.choice([after, after, after, b""])
    return content


def mutated_json(data: Any, draw: random.Random) -> Any:
    """Return JSON with one to three values replaced, removed, added, or exchanged."""
    data = copy.deepcopy(data)
    for _ in range(draw.choice([1, 1, 2, 3])):
        places = list(_places(data))
        if not places:
            return draw.choice(VALUES)
        holder, key = draw.choice(places)
        change = draw.randrange(6)
        if change == 0:
            del holder[key]
        elif change == 1:
            other, other_key = draw.choice(places)
            holder[key] = copy.deepcopy(other[other_key])
        elif change == 2 and isinstance(holder, dict):
            holder[draw.choice(["x", "", "seed", "\x1b[2J", *map(str, holder)])] = holder[key]
        elif change == 3 and isinstance(holder[key], int | float):
            holder[key] = draw.choice([holder[key] * 2, holder[key] + 1, -holder[key], holder[key] * 10**9])
        elif change == 4 and isinstance(holder, list):
            holder.insert(draw.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
        else:
            holder[key] = copy.deepcopy(draw.choice(VALUES))
    return data


def _places(data: Any) -> Any:
    """Yield every (object or list, key) in JSON."""
    items = list(data.items()) if isinstance(data, dict) else list(enumerate(data)) if isinstance(data, list) else []
    for key, value in items:
        yield data, key
        yield from _places(value)


def mutated_tensors(tensors: dict[str, Tensor], draw: random.Random) -> dict[str, Tensor]:
    """Return tensors of which one or two have other values, another shape, type or name, or are missing."""
    tensors = dict(tensors)
    for _ in range(draw.choice([1, 1, 2])):
        if not tensors:
            break
        name = draw.choice(sorted(tensors))
        tensor = tensors[name].clone()
        change = draw.randrange(7)
        if change == 0:
            del tensors[name]
        elif change == 1:
            tensors[draw.choice(["x", f"{name}.x", name[1:], *sorted(tensors)])] = tensors.pop(name)
        elif change == 2:
            tensors[name] = draw.choice([tensor[None], tensor.reshape(-1), tensor.reshape(-1)[:0]])
        elif change == 3:
            tensors[name] = tensor.to(draw.choice(TYPES))
        elif change == 4:
            size = tensor.element_size()
            alike = [kind for kind in TYPES if torch.empty(0, dtype=kind).element_size() == size and kind != torch.bool]
            tensors[name] = tensor.view(draw.choice(alike)) if alike else tensor
        elif tensor.numel():
            flat = tensor.reshape(-1)
            places = draw.choice([slice(None), draw.randrange(len(flat))])
            value = torch.tensor(draw.choice(WHOLE if tensor.dtype == torch.int64 else BROKEN))
            flat[places] = value.to(tensor.dtype)
            tensors[name] = flat.reshape(tensor.shape)
    return tensors


def signed_anew(path: Path, draw: random.Random) -> None:
    """Change the content of a file of ours, and give it the digest of the new content."""
    if path.suffix == ".json":
        data = json.loads(path.read_text("utf-8"))
        data = mutated_json({name: value for name, value in data.items() if name != DIGEST}, draw)
        path.write_text(json.dumps(with_digest(data) if isinstance(data, dict) else data), "utf-8")
    elif path.suffix == ".safetensors":
        tensors, data = read_tensors(path)
        which = draw.randrange(3)
        if which:
            data = mutated_json(data, draw)
        if which != 1:
            tensors = mutated_tensors(tensors, draw)
        write_tensors(path, tensors, data if isinstance(data, dict) else {})
    else:
        path.write_bytes(damaged(path.read_bytes(), draw))  # signed in run.json
