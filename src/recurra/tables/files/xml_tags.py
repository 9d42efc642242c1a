"""Go through XML tag by tag, in little memory."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeAlias
from xml.parsers import expat

OnStart: TypeAlias = Callable[[str, dict[str, str]], object]
OnEnd: TypeAlias = Callable[[str], object]


def walk(parts: Generator[bytes], on_start: OnStart, on_end: OnEnd, on_text: Callable[[str], object]) -> None:
    """Call functions at each tag of an XML document.

    If the name of the outermost element has the prefix of a namespace, all names are given without prefixes.

    Args:
        parts: the document, piece by piece.
        on_start: called at the start of an element with its name and attributes.
        on_end: called at the end of an element with its name.
        on_text: called with each piece of text between tags.

    Raises:
        ValueError: it is not XML, or defines entities, which may unpack to gigabytes.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        on_start(local(name), attributes)

    def end(name: str) -> None:
        on_end(local(name))

    def first(name: str, attributes: dict[str, str]) -> None:
        has_prefix = ":" in name  # most have none, and are not worth two more calls for each cell
        parser.StartElementHandler, parser.EndElementHandler = (start, end) if has_prefix else (on_start, on_end)
        start(name, attributes)

    def refuse(*_: object) -> None:
        raise ValueError("it defines a document type")

    parser.StartElementHandler, parser.CharacterDataHandler = first, on_text
    parser.StartDoctypeDeclHandler = refuse
    try:
        with closing(parts):
            for part in parts:
                parser.Parse(part)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ValueError(f"XML: {error}") from error


def local(name: str) -> str:
    """Return a name without the prefix of a namespace."""
    return name.rpartition(":")[2]


def without_prefixes(attributes: dict[str, str]) -> dict[str, str]:
    """Return attributes by their names without prefixes."""
    return {local(name): value for name, value in attributes.items()}
