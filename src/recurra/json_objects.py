"""JSON objects in files: parsed within limits, and with a digest by which a file shows that it is undamaged."""

import hashlib
import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DIGEST = "sha256"  # the key of the digest
MOST_KEYS = 10_000  # of an object
CHARACTERS_PER_CONTAINER = 40  # at least, on average: an object or a list takes hundreds of bytes of memory


class MissingDigestWarning(UserWarning):
    """Warns that a file has no digest, so that damage to it would go unnoticed; earlier versions wrote such files."""


def parse_json(text: str) -> Any:
    """Parse JSON that anyone may have written.

    Raises:
        ValueError: if the text is not JSON, is nested too deeply, or has so many objects and lists, or keys of an
            object, that they would take many times the memory of the text.
    """
    containers = text.count("{") + text.count("[")
    if containers > 1_000 + len(text) / CHARACTERS_PER_CONTAINER:
        raise ValueError(f"{containers} objects and lists in {len(text)} characters")
    try:
        return json.loads(text, object_hook=_small_enough)
    except RecursionError:
        raise ValueError("objects and lists nested too deeply") from None


def _small_enough(data: dict[str, Any]) -> dict[str, Any]:
    if len(data) > MOST_KEYS:
        raise ValueError(f"an object with {len(data)} keys")
    return data


def with_digest(data: dict[str, Any], parts: Iterable[Any] = ()) -> dict[str, Any]:
    """Return a JSON object with the digest of itself, without an earlier one, and of the buffers that go with it."""
    rest = {name: value for name, value in data.items() if name != DIGEST}
    return {**rest, DIGEST: _digest(rest, parts)}


def checked(path: Path, data: dict[str, Any], parts: Iterable[Any] = ()) -> dict[str, Any]:
    """Return a JSON object that `with_digest` returned without its digest; warn if it has none.

    Args:
        path: the file that it was read from, for the warning.
        data: the object.
        parts: the buffers that go with it.

    Raises:
        ValueError: if the digest is that of other content.
    """
    rest = {name: value for name, value in data.items() if name != DIGEST}
    if DIGEST not in data:
        warnings.warn(
            f"{path} has no digest, so that damage to it would go unnoticed; earlier versions of recurra wrote it.",
            MissingDigestWarning,
            stacklevel=3,
        )
    elif data[DIGEST] != _digest(rest, parts):
        raise ValueError("its content does not match its digest")
    return rest


def _digest(data: dict[str, Any], parts: Iterable[Any]) -> str:
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
