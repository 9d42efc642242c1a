"""The exceptions for invalid input, and how their messages show what was found."""

from collections.abc import Sequence

LISTED = 8  # maximum number of names that a message lists


class InputError(ValueError):
    """Raised if the input of the user is invalid.

    The message says in one or two sentences where the fault is, what was found, what was expected and how to correct
    it. The command line prints it and exits with status 2; any other exception is a bug in recurra.
    """


class InputTypeError(InputError, TypeError):
    """Raised if an argument has the wrong type."""


def shown(value: object, limit: int = 80) -> str:
    r"""Return a value as quoted text on one line; control characters are escaped, and long text is shortened.

    Args:
        value: text, or a value that is converted to text.
        limit: maximum number of characters of the result.

    >>> print(shown("a\x1b[31m"), shown("x" * 100, limit=9))
    'a\x1b[31m' 'xxxxxx…'
    """
    text = str(value)
    quoted = repr(text[: limit + 1])
    return quoted if len(text) <= limit and len(quoted) <= limit else f"{quoted[: limit - 2]}…{quoted[0]}"


def printable(text: str) -> str:
    r"""Return text as it is, but with control characters escaped, such as those that move the cursor of a terminal.

    >>> print(printable("a\x1b[31m"))
    a\x1b[31m
    """
    return text if text.isprintable() else repr(text)[1:-1]


def shown_path(path: object, limit: int = 100) -> str:
    """Return a path on one line for the beginning of a message; the end of a long path is kept."""
    plain = printable(str(path))
    return plain if len(plain) <= limit else f"…{plain[1 - limit :]}"


def listed(names: Sequence[object], limit: int = 20) -> str:
    """Return the first names of a list on one line, without quotes, and how many there are more.

    >>> listed([f"c{i}" for i in range(1000)])
    'c0, c1, c2, c3, c4, c5, c6, c7 … and 992 more'
    """
    first = ", ".join(shown(name, limit)[1:-1] for name in names[:LISTED])
    return first if len(names) <= LISTED else f"{first} … and {len(names) - LISTED} more"
