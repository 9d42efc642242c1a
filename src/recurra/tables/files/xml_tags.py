"""Go through the XML of an archive tag by tag, in little memory."""

from collections.abc import Callable
from contextlib import closing
from typing import TypeAlias
from xml.parsers import expat

from recurra.tables.files.zip_archive import Archive

OnStart: TypeAlias = Callable[[str, dict[str, str]], object]
OnEnd: TypeAlias = Callable[[str], object]

ELEMENT = 16  # bytes; an element takes as much time as that many bytes of other elements
DEEPEST = 100  # number of elements within each other; each takes memory


def walk(archive: Archive, entry: str, on_start: OnStart, on_end: OnEnd, on_text: Callable[[str], object]) -> None:
    """Call functions at each tag of an XML document.

    Args:
        archive: the archive.
        entry: name of the document in it.
        on_start: called at the start of an element with its name, without a prefix, and its attributes.
        on_end: called at the end of an element with its name.
        on_text: called with each piece of text between tags.

    Raises:
        InputError: it unpacks to too much, or has too many elements.
        ValueError: it is not XML, is too deep, or defines entities, which may unpack to gigabytes.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    count = depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal count, depth
        count += 1
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"XML: more than {DEEPEST} levels")
        on_start(local(name) if ":" in name else name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        on_end(local(name) if ":" in name else name)

    def refuse(*_: object) -> None:
        raise ValueError("it defines a document type")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, on_text
    parser.StartDoctypeDeclHandler = refuse
    try:
        with closing(archive.parts(entry)) as parts:
            for part in parts:
                parser.Parse(part)
                archive.unpacking.check(archive.path, count * ELEMENT)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ValueError(f"XML: {error}") from error


def local(name: str) -> str:
    """Return a name without the prefix of a namespace."""
    return name.rpartition(":")[2]


def without_prefixes(attributes: dict[str, str]) -> dict[str, str]:
    """Return attributes by their names without prefixes."""
    return {local(name): value for name, value in attributes.items()}
