"""What is wrong with a command line that cyclopts could not parse, in the words of all other messages."""

import difflib
from collections.abc import Iterable
from functools import reduce
from typing import Any, get_args

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from recurra.cli.flags import choices_of
from recurra.errors import shown

ARGUMENTS = {"RUN": "a run folder", "TEXT": "a text"}
VALUES: dict[Any, tuple[str, str]] = {  # by the type of a flag: what one value is, and several
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false, or no value", ""),
}


def in_our_words(error: CycloptsError, app: App) -> str:
    """Return what is wrong, and how to mend it."""
    match error:
        case UnknownCommandError(unused_tokens=[name, *_]):
            commands = [command for command in app if not command.startswith("-")]
            return f"there is no command {shown(name)}; {_nearest(name, commands) or f'expected {_either(commands)}.'}"
        case UnknownOptionError():
            option = error.token.keyword or error.token.value
            known = [name for argument in error.argument_collection for name in argument.names]
            nearest = _nearest(option, known) if option.startswith("--") else ""
            return f"there is no option {option}; {nearest}" if nearest else f"there is no option {option}."
        case UnusedCliTokensError(unused_tokens=[*tokens]):
            return f"unexpected argument{'s' * (len(tokens) > 1)} {', '.join(map(shown, tokens))}."
        case RepeatArgumentError():
            return f"{error.token.keyword} is given more than once; give it once."
        case MissingArgumentError(argument=argument) if argument is not None:
            name, command = error.keyword or argument.name, " ".join(error.command_chain or ())
            if name.startswith("-"):
                return f"{name} needs a value."
            arguments = reduce(App.__getitem__, error.command_chain or (), app).assemble_argument_collection()
            needed = [own.name for own in arguments if own.required and not own.name.startswith("-")]
            return f"{command} needs {ARGUMENTS.get(name, name)}: recurra {command} {' '.join(needed)}."
        case CoercionError(token=token, argument=argument) if token is not None and argument is not None:
            return _wrong_value(error, token.keyword or argument.name, token.value)
        case _:
            return f"{' '.join(str(error).split()).removesuffix('.')}."


def _wrong_value(error: CoercionError, name: str, value: str) -> str:
    """Return that a flag does not take a value, and which it takes."""
    kinds = [kind for kind in (error.target_type, *get_args(error.target_type)) if kind in VALUES]
    if choices := choices_of(error.target_type):
        nearest, either = _nearest(value, choices), _either([*(VALUES[kind][0] for kind in kinds), *choices])
        return f"{name} is {shown(value)}; expected {either}{f'; {nearest}' if nearest else '.'}"
    if not kinds:
        return f"{name} is {shown(value)}, which cannot be read."
    one, several = VALUES[kinds[0]]
    parts = value.replace(",", " ").split()
    if several and len(parts) > 1 and error.argument is not None and error.argument.parameter.consume_multiple:
        return f"{name} is {shown(value)}; expected {several} separated by spaces: {name} {' '.join(parts)}."
    return f"{name} is {shown(value)}; expected {one}."


def _either(words: list[str]) -> str:
    """Return words as a choice, in quotes where they are marks."""
    *first, last = [word if word[:1].isalnum() else shown(word) for word in words]
    return f"{', '.join(first)} or {last}"


def _nearest(word: str, known: Iterable[str]) -> str:
    """Return the question whether the nearest known word is meant; empty if none is near."""
    nearest = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {nearest[0]}?" if nearest else ""
