"""Describe the fields of a settings class, for flags, constructor signatures and documentation."""

import ast
import inspect
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, reduce
from itertools import pairwise
from operator import or_
from textwrap import dedent, fill
from typing import Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from recurra.settings.base import Settings


class Setting(NamedTuple):
    """Description of one setting."""

    name: str
    type: Any  # without the bounds
    default: Any  # `inspect.Parameter.empty` if there is none
    sentence: str  # "" if users do not set it
    keyword_only: bool


def describe(kind: type[Settings]) -> list[Setting]:
    """Return the settings that a class defines, those of subclasses first.

    A setting is ordered by the class that holds its sentence: a subclass that only changes a default inherits the
    sentence and the position.
    """
    sentences: dict[str, str] = {}
    for owner in filter(is_dataclass, kind.__mro__):
        sentences = sentences | {name: s for name, s in _sentences(owner).items() if name not in sentences}
    types, known = get_type_hints(kind), {field.name: field for field in fields(kind)}
    return [
        Setting(
            name,
            _as_written(types[name]),
            inspect.Parameter.empty if known[name].default is MISSING else known[name].default,
            sentences.get(name, ""),
            bool(known[name].kw_only),
        )
        for name in dict.fromkeys([*sentences, *known])
    ]


def signature_of(kind: type[Settings]) -> inspect.Signature:
    """Return the signature of the constructor, including `self`, with plain types in the order of `describe`."""
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    for setting in describe(kind):
        how = inspect.Parameter.KEYWORD_ONLY if setting.keyword_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters.append(inspect.Parameter(setting.name, how, default=setting.default, annotation=setting.type))
    return inspect.Signature(parameters, return_annotation=None)


def documentation_of(kind: type[Settings]) -> str:
    """Return the `Args:` section of a docstring in Google style."""
    entries = [
        fill(f"{setting.name}: {setting.sentence}", 112, initial_indent=" " * 4, subsequent_indent=" " * 8)
        for setting in describe(kind)
    ]
    return "\n".join(["Args:", *entries])


K = TypeVar("K", bound=type[Settings])


def documented(kind: K) -> K:
    """Class decorator that appends the `Args:` section to the docstring of a settings class."""
    kind.__doc__ = f"{inspect.cleandoc(kind.__doc__ or '')}\n\n{documentation_of(kind)}"
    return kind


def _as_written(kind: Any) -> Any:
    """Return `int | None` for `Optional[int]`, as `get_type_hints` spells it for annotated types."""
    return reduce(or_, get_args(kind)) if get_origin(kind) is Union else kind


@cache
def _sentences(owner: type) -> dict[str, str]:
    """Return the docstring under each field that the class itself defines, as one line."""
    try:
        source = inspect.getsource(owner)
    except (OSError, TypeError):  # a program packaged without sources, or a class created by `exec`
        return {}
    body = ast.parse(dedent(source)).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        statement.target.id: " ".join(text.value.value.split())
        for statement, text in pairwise(body.body)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
