"""What a finished run left behind, as named values that can be compared one by one."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from recurra.settings.migration import migrated

Record = dict[str, str]
SETTINGS = ("parameters", "settings")  # keys of a model's metadata and of run.json; compared under the present names
ADDED = {"weight_decay", "steps", "record_every", "accumulate", "warmup", "average_decay"}  # settings of some commits
TEXTS = {".png", ".txt"}  # what a run writes for people; parameters.txt alone holds numbers to the last digit
NUMBERS = re.compile(r"\[[^a-z]*\]")  # in parameters.txt


def record_of(runs: Path) -> Record:
    """Every value in the files below a folder: `FILE`, its digest, or `FILE: PART` and the part's value or digest."""
    record: Record = {}
    for path in sorted(path for path in runs.rglob("*") if path.is_file() and path.name != ".lock"):
        name = str(path.relative_to(runs))
        if path.suffix == ".safetensors":
            record[name] = _digest(path.read_bytes())
            record |= {f"{name}: {part}": value for part, value in _safetensors(path.read_bytes())}
        elif path.suffix == ".jsonl":
            epochs = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            record |= {f"{name}: {key}": value for key, value in _leaves(epochs) if not key.endswith("seconds")}
        elif path.suffix == ".json":
            record |= {f"{name}: {key}": value for key, value in _leaves(json.loads(path.read_text("utf-8")))}
        elif path.name == "parameters.txt":
            record[name] = _digest("".join(NUMBERS.findall(path.read_text("utf-8"))).encode())
        else:
            record[name] = _digest(path.read_bytes())
    return record


def is_text(name: str) -> bool:
    """Whether a part of a record is for people, so that a difference is reported and is no failure."""
    path = Path(name.split(": ", maxsplit=1)[0])
    return path.name == "run.json" or (path.suffix in TEXTS and path.name != "parameters.txt")


def differences(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """A line for each name that one of them lacks, or that has another value."""
    lines = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            lines.append(f"{name}: only in OLD")
        elif name not in old:
            lines.append(f"{name}: only in NEW")
        elif old[name] != new[name]:
            lines.append(f"{name}: {_short(old[name])} → {_short(new[name])}")
    return lines


def _safetensors(content: bytes) -> Iterator[tuple[str, str]]:
    size = int.from_bytes(content[:8], "little")  # of the header, JSON: name → dtype, shape and place of its bytes
    header = json.loads(content[8 : 8 + size])
    for key, value in header.pop("__metadata__", {}).items():
        yield from _leaves(json.loads(value) if value[:1] in {"{", "["} else value, f"metadata {key}")
    for name, tensor in header.items():
        if name.endswith("seconds"):  # of each epoch, in a state's history
            continue
        first, last = (8 + size + place for place in tensor["data_offsets"])
        yield f"tensor {name}", f"{tensor['dtype']}{tensor['shape']} {_digest(content[first:last])}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The numbers and strings inside lists and objects, each with the way to it, and empty ones as they are."""
    if isinstance(value, dict):
        value = {key: _settings(part) if key in SETTINGS else part for key, part in value.items()}
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not inside:
        yield path, json.dumps(value)
    for key, part in inside:
        yield from _leaves(part, f"{path}.{key}" if path else str(key))


def _settings(saved: Any) -> Any:
    if not isinstance(saved, dict):
        return saved
    return {name: value for name, value in migrated(saved).items() if name not in ADDED}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
