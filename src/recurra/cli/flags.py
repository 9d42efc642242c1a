"""A flag for each setting of a class."""

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from cyclopts import CoercionError, Parameter, Token

from recurra.settings.base import Settings
from recurra.settings.describe import describe
from recurra.settings.network import CellName, NamedCell

F = TypeVar("F", bound=Callable[..., None])


def flags_of(kind: type[Settings], defaults: object = None) -> list[inspect.Parameter]:
    """Return a flag for each setting that users set.

    Args:
        kind: class of the settings.
        defaults: object with the default of each setting; None: those of the class.
    """
    return [
        flag(
            setting.name,
            setting.type,
            setting.default if defaults is None else getattr(defaults, setting.name),
            setting.sentence,
            negative=f"--no-{setting.name.replace('_', '-')}" if setting.type in {bool, bool | None} else (),
        )
        for setting in describe(kind)
        if setting.sentence
    ]


def takes(*flags: inspect.Parameter) -> Callable[[F], F]:
    """Decorator of a command: its `**` argument takes these flags, as far as they are given."""

    def decorated(command: F) -> F:
        own = inspect.signature(command).parameters.values()
        parameters = [p for p in own if p.kind is not inspect.Parameter.VAR_KEYWORD]
        signature = inspect.Signature([*parameters, *flags])
        command.__signature__ = signature  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
        return command

    return decorated


def flag(name: str, kind: Any, default: Any, text: str, *, negative: str | tuple[()] = ()) -> inspect.Parameter:
    """Return a flag that takes a value of this type."""
    flag_type = _flag_type(kind)
    converters = {int: whole_numbers, int | None: whole_numbers, list[int]: whole_numbers, float | int: _part}
    converter = converters.get(flag_type)
    several = any(get_origin(part) is list for part in (flag_type, *get_args(flag_type)))
    choices = choices_of(kind)
    marks = any(not choice[:1].isalnum() for choice in choices)
    if marks:  # which cyclopts shows without quotes, so that a space or a comma cannot be seen
        quoted = (choice if choice.isalpha() else f'"{choice}"' for choice in choices)
        text += f" [choices: {', '.join(quoted)}]"
    parameter = Parameter(
        help=text,
        negative=negative,
        converter=converter,
        consume_multiple=1 if several else None,
        show_choices=not marks,
    )
    annotation: Any = Annotated[flag_type, parameter]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def whole_numbers(kind: Any, tokens: Sequence[Token]) -> int | list[int]:
    """Convert tokens as cyclopts does, but reject 2.5 where a whole number is expected."""
    for token in tokens:
        if not token.value.removeprefix("-").isdecimal():
            raise CoercionError(token=token, target_type=int)
    values = [int(token.value) for token in tokens]
    return values if get_origin(kind) is list else values[0]


def _part(_: Any, tokens: Sequence[Token]) -> float | int:
    """Convert a token to a number of rows or, with a decimal point, to a fraction of them."""
    value = tokens[0].value
    try:
        return int(value) if value.isdecimal() else float(value)
    except ValueError:
        raise CoercionError(token=tokens[0], target_type=float) from None


def choices_of(kind: Any) -> list[str]:
    """Return the values that a type allows, if it lists them."""
    literals = [part for part in (kind, *get_args(kind)) if get_origin(part) is Literal]
    return [str(choice) for part in literals for choice in get_args(part)]


def _flag_type(kind: Any) -> Any:
    """Return the type of a flag: a list if the setting accepts several values."""
    if NamedCell in get_args(kind):
        return CellName  # an object cannot be given on the command line
    several = [part for part in (kind, *get_args(kind)) if get_origin(part) is Sequence]
    if not several:
        return kind
    values: Any = list[get_args(several[0])[0]]  # type: ignore[misc]
    return values | None if type(None) in get_args(kind) else values
