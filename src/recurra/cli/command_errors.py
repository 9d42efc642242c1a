"""What is wrong with a command line, which cyclopts finds, in the words of recurra's other messages."""

from cyclopts import CycloptsError
from cyclopts.exceptions import CoercionError, MissingArgumentError, RepeatArgumentError, UnusedCliTokensError

from recurra.errors import shown

KINDS: dict[type | None, str] = {float: "a number", int: "a whole number", bool: "true or false"}


def in_words(error: CycloptsError) -> str:
    """Return what is wrong, and how to mend it; as cyclopts says it where that is plain."""
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        first = shown(error.unused_tokens[0])
        return f"{first} is not expected here; leave it out, or write the flag before it whose value it is."
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.keyword or error.argument.name
        command = " ".join(["recurra", *(error.command_chain or ()), name])
        is_flag = name.startswith("-")
        return (
            f"{name} has no value; write one after it." if is_flag else f"{name} is missing; write it as in {command}."
        )
    if isinstance(error, RepeatArgumentError):
        return f"{error.token.keyword} is given more than once; give it once."
    if isinstance(error, CoercionError) and error.msg is None and error.token and error.target_type in KINDS:
        return f"{error.token.keyword} is {shown(error.token.value)}; expected {KINDS[error.target_type]}."
    return " ".join(str(error).split())
