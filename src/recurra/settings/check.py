"""Validate plain values as settings, and convert settings back to plain values."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from recurra.errors import InputError, InputTypeError, shown
from recurra.settings.base import Settings

S = TypeVar("S", bound=Settings)
PHRASES = {  # of pydantic, and ours
    "a valid string": "text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "True or False",
    "a valid list": "a list",
    "a valid dictionary": "a dictionary",
}
BOUNDS = {
    "greater_than": "above",
    "greater_than_equal": "of at least",
    "less_than": "below",
    "less_than_equal": "of at most",
}


class UnknownNameError(InputError):
    """Raised if a value is given for a field that does not exist."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class UnknownArgumentError(UnknownNameError, InputTypeError):
    """Raised if there is no such argument, which Python calls a TypeError."""


def check(
    kind: type[S], values: Mapping[str, Any], source: str, *, noun: str = "setting", flags: Collection[str] = ()
) -> S:
    """Validate plain values and return them as settings.

    Args:
        kind: class of the settings.
        values: mapping from field to value.
        source: where the values come from, for error messages.
        noun: what error messages call a field.
        flags: fields that a command line gave as flags, which are at fault rather than the source.

    Returns:
        The settings, with each value converted to its type; fields that accept one value or several hold a list.

    Raises:
        InputTypeError: if a value has the wrong type.
        UnknownNameError: if there is no such field. The message names the most similar one.
        InputError: if a value is invalid. The message names the field, the value found and what was expected.
    """
    try:
        return _adapter(kind).validate_python(values)
    except ValidationError as error:
        faults = error.errors()
        # a misspelt name is more likely than a missing one
        first = next((fault for fault in faults if fault["type"] == "unexpected_keyword_argument"), faults[0])
        # of a setting of several types, the fault that a check of ours names says most
        first = next((f for f in faults if f["type"] == "value_error" and f["loc"][:1] == first["loc"][:1]), first)
        message = _message(first, source, names_of(kind), noun, flags)
        if first["type"] == "unexpected_keyword_argument":
            unknown = UnknownArgumentError if noun == "argument" else UnknownNameError
            raise unknown(message, str(first["loc"][-1])) from None
        is_type = first["type"].endswith(("_type", "_parsing")) or first["type"] == "is_instance_of"
        raise (InputTypeError if is_type else InputError)(message) from None


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


def _message(error: Any, source: str, known: Sequence[str], noun: str, flags: Collection[str]) -> str:
    if not error["loc"]:
        return f"{source}: {_expected(error)}."
    *outside, last = error["loc"]
    whose = f" of {_place(outside)}" if outside else ""
    if error["type"] == "missing":
        return f"{source}: the {noun} {last!r}{whose} is missing."
    if error["type"] == "unexpected_keyword_argument":
        return f"{source}: there is no {noun} {last!r}{whose or near_miss(last, known)}{'.' * bool(whose)}"
    flag = str(error["loc"][0])
    name = f"--{flag.replace('_', '-')}" if flag in flags else f"{source}: {_place(error['loc'])}"
    return f"{name} is {shown(error['input'], 120)}; {_expected(error)}."


def _place(path: Sequence[str | int]) -> str:
    """Return a field with the place in a list; other parts of the path name types."""
    return str(path[0]) + "".join(f"[{part}]" for part in path[1:] if isinstance(part, int))


def _expected(error: Any) -> str:
    if error["type"] in BOUNDS:
        (bound,) = error["ctx"].values()
        number = f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"
        return f"expected a {'whole ' * isinstance(bound, int)}number {BOUNDS[error['type']]} {number}"
    message = re.sub(
        r"^(String|List|Value|Dictionary) should", "expected to", error["msg"].removeprefix("Value error, ")
    )
    message = re.sub("[Ii]nput should be", "expected", message)
    for theirs, ours in PHRASES.items():
        if theirs in message:
            return f"expected {ours}"
    return message
