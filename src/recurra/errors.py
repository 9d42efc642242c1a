"""The exception for invalid input, and how its messages quote what was found."""

import reprlib


class InputError(ValueError):
    """Raised if the input of the user is invalid.

    The message says in one or two sentences where the fault is, what was found, what was expected and how to correct
    it. The command line prints it and exits with status 2; any other exception is a bug in recurra.
    """


def shown(value: object, limit: int = 80) -> str:
    r"""Return a value as it is quoted in a message: on one line, without control characters, not too long.

    Args:
        value: any value; a text is put in quotation marks.
        limit: the largest number of characters; a longer text is shortened in the middle.

    Example:
        >>> print(shown("lstm\x1b[2J"), shown([1, 2]), shown("a" * 1000, limit=12))
        'lstm\x1b[2J' [1, 2] 'aaa...aaaa'
    """
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = limit - 2
    return printable(short.repr(value), limit)


def printable(text: str, limit: int = 80) -> str:
    r"""Return a text on one line, without quotation marks: what cannot be printed is escaped.

    Args:
        text: any text.
        limit: the largest number of characters; a longer text is shortened in the middle.

    Example:
        >>> print(printable("two\nlines"), printable("a" * 1000, limit=9))
        two\nlines aaaa…aaaa
    """
    if len(text) > limit:  # escapes only lengthen it: the middle will not be needed
        text = f"{text[:limit]}{text[-limit:]}"
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if len(escaped) <= limit:
        return escaped
    end = (limit - 1) // 2
    return f"{escaped[: limit - 1 - end]}…{escaped[len(escaped) - end :]}"
