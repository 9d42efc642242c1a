"""What a settings class defines, for the command line's flags, constructors' signatures and their documentation."""

import ast
import inspect
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, reduce
from itertools import pairwise
from operator import or_
from textwrap import dedent, fill
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from recurra.settings.base import Settings


class Setting(NamedTuple):
    """One setting: what a constructor's argument or a flag needs to know of it."""

    name: str
    type: Any  # without the bounds, which `check` knows
    default: Any  # `inspect.Parameter.empty` if there is none
    sentence: str  # "" for what a user does not set
    keyword_only: bool


def describe(kind: type[Settings]) -> list[Setting]:
    """The settings that a class defines, the most particular ones first.

    Each stands where its sentence is written: a subclass that changes a default alone inherits sentence and place.
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
    """The signature of the constructor, `self` included, with plain types in the order of `describe`."""
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    for setting in describe(kind):
        how = inspect.Parameter.KEYWORD_ONLY if setting.keyword_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters.append(inspect.Parameter(setting.name, how, default=setting.default, annotation=setting.type))
    return inspect.Signature(parameters, return_annotation=None)


def documentation_of(kind: type[Settings]) -> str:
    """The `Args:` section of a docstring in Google style."""
    entries = [
        fill(f"{setting.name}: {setting.sentence}", 112, initial_indent=" " * 4, subsequent_indent=" " * 8)
        for setting in describe(kind)
    ]
    return "\n".join(["Args:", *entries])


def _as_written(kind: Any) -> Any:
    """`Optional[int]`, which `get_type_hints` makes of `int | None` with bounds, as `int | None` again."""
    return reduce(or_, get_args(kind)) if get_origin(kind) is Union else kind


@cache
def _sentences(owner: type) -> dict[str, str]:
    """The docstring under each field that a class itself defines, as one line."""
    try:
        source = inspect.getsource(owner)
    except (OSError, TypeError):  # of a program that was packed without its sources, or of a class made by `exec`
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
