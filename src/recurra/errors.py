"""The exceptions for invalid input, and how a message quotes what it found: on one line, short and printable."""

import re
import reprlib
import unicodedata
from collections.abc import Sequence

MESSAGE_LIMIT = 500  # characters of a message
JOINERS = "\u200c\u200d"  # of letters, and of emoji
LISTED = 8  # maximum number of names that a message lists


class InputError(ValueError):
    r"""Raised if the input of the user is invalid.

    The message says in one or two sentences where the fault is, what was found, what was expected and how to correct
    it. It is one line of at most 500 printable characters, whatever it quotes. The command line prints it and exits
    with status 2; any other exception is a bug in recurra.

    >>> print(InputError("column 'a\x1b[2J' is\n missing."))
    column 'a\u001b[2J' is missing.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shortened(in_one_line(message), MESSAGE_LIMIT))

    def add_note(self, note: str) -> None:
        """Add a sentence about the input that may explain the error; a traceback and the command line show it."""
        super().add_note(shortened(in_one_line(note), MESSAGE_LIMIT))


class InputTypeError(InputError, TypeError):
    """Raised if an argument has the wrong type."""


def shown(value: object, limit: int = 80) -> str:
    r"""Return a value as a message quotes it: its repr, on one line and shortened.

    >>> print(shown("a\tb"), shown("x" * 100, limit=9), shown([1, 2]))
    'a\tb' 'xxxxxx…' [1, 2]
    """
    if isinstance(value, str):
        quoted = repr(value[: limit + 1])
        return quoted if len(quoted) <= limit else f"{quoted[: limit - 2]}…{quoted[0]}"
    if isinstance(value, int) and value.bit_length() > 200:
        return f"an integer of {value.bit_length()} bits"
    short = reprlib.Repr()  # of containers it shows the first elements
    short.maxstring = short.maxother = short.maxlong = limit
    try:
        return shortened(in_one_line(short.repr(value)), limit)
    except ValueError:  # of an integer in it, with more digits than Python converts
        return a_type(value)


def shown_path(path: object, limit: int = 100) -> str:
    """Return a path on one line for the beginning of a message; the end of a long path is kept."""
    plain = _escaped(str(path), spaces=False)
    return plain if len(plain) <= limit else f"…{plain[1 - limit :]}"


def reason(error: BaseException, limit: int) -> str:
    """Return why a library failed, for brackets in a message: the first line of its error, shortened."""
    return shortened(in_one_line((str(error) or type(error).__name__).splitlines()[0]), limit)


def listed(names: Sequence[object], limit: int = 20) -> str:
    """Return the first names or numbers of a list on one line, and how many there are more; names are in quotes.

    >>> print(listed([f"c{i}" for i in range(1000)]))
    'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7' … and 992 more
    """
    first = ", ".join(shown(name, limit) for name in names[:LISTED])
    return first if len(names) <= LISTED else f"{first} … and {len(names) - LISTED} more"


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return a number with what it counts, in the singular or the plural.

    >>> counted(1, "row"), counted(1200, "row"), counted(2, "date is", "dates are")
    ('1 row', '1,200 rows', '2 dates are')
    """
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def left_out(count: int, total: int) -> str:
    """Return the beginning of a sentence about series that are left out.

    >>> left_out(1, 3), left_out(2, 3)
    ('1 of 3 series is left out', '2 of 3 series are left out')
    """
    return f"{count:,} of {total:,} series {'is' if count == 1 else 'are'} left out"


def series_left_out(ids: Sequence[str], total: int, why: str, of: str = "") -> str:
    """Return a sentence about series that are left out, which names the first.

    Args:
        ids: the series.
        total: number of all series.
        why: clause that says why.
        of: what they are left out of, such as "the scores"; empty: of all that is done.

    >>> print(series_left_out(["a"], 3, "as they are too short"))
    1 of 3 series is left out, as they are too short: 'a'.
    """
    name = f": {shown(ids[0])}" if len(ids) == 1 else f"; the first is {shown(ids[0])}"
    return f"{left_out(len(ids), total)}{f' of {of}' if of else ''}, {why}{name}."


def a_type(value: object) -> str:
    """Return the type of a value with its article.

    >>> a_type([]), a_type(1)
    ('a list', 'an int')
    """
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' or name.startswith('nd') else 'a'} {name}"


def shortened(text: str, limit: int) -> str:
    """Return a text without its middle if it is longer than a limit.

    >>> shortened("abcdefghij", 5)
    'ab…ij'
    """
    if len(text) <= limit:
        return text
    end = (limit - 1) // 2
    return f"{text[: limit - 1 - end]}…{text[-end:]}"


def in_one_line(text: str) -> str:
    """Return a text with spaces in place of line breaks, and with control characters escaped."""
    lines = (line.strip() for line in re.split(r"[\r\n]", text))  # one expression for all took quadratic time
    return _escaped(" ".join(line for line in lines if line), spaces=False)


def printable(text: str) -> str:
    r"""Return a text with control and format characters, also line breaks, escaped as in JSON.

    A terminal obeys such characters: they may hide text, reverse it or move the cursor. Wide spaces, and the characters
    that join letters or emoji, stay.

    >>> print(printable("red \x1b[31m, reversed \u202e"))
    red \u001b[31m, reversed \u202e
    """
    return _escaped(text, spaces=True)


def _escaped(text: str, *, spaces: bool) -> str:
    """Escape what is not printable, except, on request, spaces of all kinds and joiners."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or (spaces and _is_space(c)) else _escape(c) for c in text)


def _is_space(character: str) -> bool:
    return character in JOINERS or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))
