"""From plain values to checked settings and back; what is wrong is said in one line."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from recurra.errors import InputError
from recurra.settings.base import Settings

S = TypeVar("S", bound=Settings)


def check(kind: type[S], values: Mapping[str, Any], source: str) -> S:
    """Make settings from plain values.

    Args:
        kind: which settings.
        values: field → value.
        source: where the values come from, for messages.

    Returns:
        The settings, each value of its own type: whatever takes one value or several is a list.

    Raises:
        InputError: in one line: which field, what was found, what was expected; for a field that is not known the
            nearest one that is.
    """
    try:
        return _adapter(kind).validate_python(values)
    except ValidationError as error:
        faults = error.errors()
        # a misspelt name is the likelier fault than the one that is therefore missing
        first = next((fault for fault in faults if fault["type"] == "unexpected_keyword_argument"), faults[0])
        raise InputError(f"{source}: {_in_one_line(first, names_of(kind))}") from None


def to_json(settings: S, kind: type[S] | None = None) -> dict[str, Any]:
    """Checked settings as plain values, as `check` takes them.

    Args:
        settings: what `check` gave.
        kind: a class that the settings inherit from, to take its fields only; None: all fields.
    """
    values: dict[str, Any] = _adapter(kind or type(settings)).dump_python(settings)
    return values


def completed(saved: Mapping[str, Any], kind: type[Settings], source: str) -> dict[str, Any]:
    """Saved settings, with the defaults of those that did not exist in the version that saved them.

    Args:
        saved: field → value; fields that are not of this kind stay as they are.
        kind: which settings.
        source: where the values come from, for messages.

    Raises:
        InputError: a value is out of its range.
    """
    known = {name: saved[name] for name in names_of(kind) if name in saved}
    return {**saved, **to_json(check(kind, known, source))}


def names_of(kind: type[Settings]) -> list[str]:
    """The names of all fields, inherited ones first."""
    return [field.name for field in fields(kind)]


def near_miss(word: str, known: Sequence[str]) -> str:
    """The end of a sentence: `; did you mean 'units'?` if something known is near, else what is known."""
    nearest = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else f"; known are {', '.join(known)}."


_adapters: dict[type[Settings], TypeAdapter[Any]] = {}  # pydantic's validators, each made once


def _adapter(kind: type[S]) -> TypeAdapter[S]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def _in_one_line(error: Any, known: Sequence[str]) -> str:
    field, *inside = error["loc"] or ("",)
    place = ".".join([field, *(str(part) for part in inside if isinstance(part, int))])  # the others name kinds
    if error["type"] == "unexpected_keyword_argument":
        return f"there is no setting {place!r}{near_miss(place, known)}"
    if error["type"] == "missing":
        return f"the setting {place!r} is missing."
    message = error["msg"].removeprefix("Value error, ")
    if not place:
        return f"{message}."
    message = message.replace("Input should be", "expected").replace("input should be", "expected")
    return f"{place} is {error['input']!r}; {message}."
