"""Validate plain values as settings, and convert settings back to plain values."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from recurra.errors import InputError, InputTypeError, shown
from recurra.settings.base import Settings

S = TypeVar("S", bound=Settings)


def check(kind: type[S], values: Mapping[str, Any], source: str, *, noun: str = "setting") -> S:
    """Validate plain values and return them as settings.

    Args:
        kind: class of the settings.
        values: mapping from field to value.
        source: where the values come from, for error messages.
        noun: what error messages call a field.

    Returns:
        The settings, with each value converted to its type; fields that accept one value or several hold a list.

    Raises:
        InputTypeError: if a value has the wrong type.
        InputError: if a value is invalid or a field is unknown. The message names the field, the value found and what
            was expected, or the most similar known field.
    """
    try:
        return _adapter(kind).validate_python(values)
    except ValidationError as error:
        faults = error.errors()
        # a misspelt name is more likely than a missing one
        first = next((fault for fault in faults if fault["type"] == "unexpected_keyword_argument"), faults[0])
        # of a setting of several types, the fault that a check of ours names says most
        first = next((f for f in faults if f["type"] == "value_error" and f["loc"][:1] == first["loc"][:1]), first)
        is_type = first["type"].endswith(("_type", "_parsing")) or first["type"] == "is_instance_of"
        is_type |= noun == "argument" and first["type"] == "unexpected_keyword_argument"  # as Python has it
        raise (InputTypeError if is_type else InputError)(
            f"{source}: {_in_one_line(first, names_of(kind), noun)}"
        ) from None


def to_json(settings: S, kind: type[S] | None = None) -> dict[str, Any]:
    """Return checked settings as plain values, which `check` accepts.

    Args:
        settings: settings returned by `check`.
        kind: base class whose fields are returned; None returns all fields.
    """
    values: dict[str, Any] = _adapter(kind or type(settings)).dump_python(settings)
    return values


def completed(saved: Mapping[str, Any], kind: type[Settings], source: str) -> dict[str, Any]:
    """Add the defaults of settings that did not exist in the version that saved these.

    Args:
        saved: mapping from field to value; fields of other classes are left unchanged.
        kind: class of the settings.
        source: where the values come from, for error messages.

    Raises:
        InputError: if a value is invalid.
    """
    known = {name: saved[name] for name in names_of(kind) if name in saved}
    return {**saved, **to_json(check(kind, known, source))}


def names_of(kind: type[Settings]) -> list[str]:
    """Return the names of all fields, inherited ones first."""
    return [field.name for field in fields(kind)]


def near_miss(word: str, known: Sequence[str]) -> str:
    """Return the end of an error message: `; did you mean 'units'?`, or a list of all known words."""
    nearest = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else f"; expected one of {', '.join(known)}."


_adapters: dict[type[Settings], TypeAdapter[Any]] = {}  # pydantic's validators, each made once


def _adapter(kind: type[S]) -> TypeAdapter[S]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def _in_one_line(error: Any, known: Sequence[str], noun: str) -> str:
    field, *inside = error["loc"] or ("",)
    place = field + "".join(f"[{part}]" for part in inside if isinstance(part, int))  # other parts name types
    if error["type"] in {"unexpected_keyword_argument", "missing"}:
        name = str(inside[-1] if inside else field)
        where = f" of {place}" if inside else ""
        if error["type"] == "missing":
            return f"the {noun} {name!r}{where} is missing."
        return f"there is no {noun} {name!r}{where}{'.' if inside else near_miss(name, known)}"
    message = re.sub(
        r"^(String|List|Value|Dictionary) should", "expected to", error["msg"].removeprefix("Value error, ")
    )
    if not place:
        return f"{message}."
    message = message.replace("Input should be", "expected").replace("input should be", "expected")
    return f"{place} is {shown(error['input'], 120)}; {message}."
