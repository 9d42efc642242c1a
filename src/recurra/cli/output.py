"""What a command prints: results on standard output; notes and errors on standard error, each as one line."""

import sys
from json import dumps
from typing import Any

from recurra.errors import MESSAGE_LIMIT, in_one_line, printable, shortened


def print_result(text: str) -> None:
    """Print a result; names from files may hold control characters, which are escaped."""
    print("\n".join(map(printable, text.split("\n"))))


def print_json(content: Any) -> None:
    """Print a result as JSON."""
    print_result(dumps(content, ensure_ascii=False, indent=2))


def complain(text: str) -> None:
    """Print an error."""
    print(f"recurra: {_sentence(text)}", file=sys.stderr)


def note(text: str) -> None:
    """Print a note: the command goes on."""
    print(f"recurra: note: {_sentence(text)}", file=sys.stderr)


def _sentence(text: str) -> str:
    """Return a text on one line, with a full stop at its end."""
    line = shortened(in_one_line(text), MESSAGE_LIMIT)
    return line if line.endswith((".", "?", "!")) else f"{line}."
