"""Tables that are no file of their own: standard input, an open file and the only entry of a zip archive.

They are written to a temporary file, which every reader can read from the start as often as it needs.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePath
from typing import IO, Any, TypeAlias, TypeGuard

from recurra.errors import InputError, InputTypeError, shown, shown_path
from recurra.tables.files.unpacking import GIGABYTE, MEGABYTE, MOST, Unpacking
from recurra.tables.files.zip_archive import Archive
from recurra.tables.form import Reading

Source: TypeAlias = str | Path | IO[bytes] | IO[str]
STANDARD_INPUT = "-"
AT_ONCE = 1 << 20  # bytes or characters


def is_source(data: object) -> TypeGuard[Source]:
    """Return whether data is a path or an open file."""
    return isinstance(data, str | Path) or callable(getattr(data, "read", None))


def name_of(source: Source) -> str:
    """Return how messages call a path or an open file."""
    if isinstance(source, str | Path):
        return "standard input" if str(source) == STANDARD_INPUT else shown_path(source)
    if source in (sys.stdin, getattr(sys.stdin, "buffer", None)):
        return "standard input"
    name = getattr(source, "name", None)
    return shown_path(name) if isinstance(name, str) and name else "the given file"


@contextmanager
def file_of(source: Source, reading: Reading) -> Iterator[tuple[Path, Reading]]:
    """Return the path of a table, and what the user says about that file.

    Args:
        source: a path, which is returned as it is; "-" for standard input; or a file open for reading.
        reading: what the user says.

    Raises:
        InputError: it is longer than 2 GB, or than `max_unpacked`, or standard input is closed.
    """
    if isinstance(source, str | Path) and str(source) != STANDARD_INPUT:
        yield Path(source), reading
        return
    stream: Any = source
    if isinstance(source, str | Path):
        if sys.stdin is None:
            raise InputError("standard input is closed; give a file.")
        stream = getattr(sys.stdin, "buffer", sys.stdin)
    name, own = name_of(source), getattr(source, "name", "")
    suffix = PurePath(own).suffix if isinstance(own, str) else ""
    most = MOST if reading.max_unpacked is None else round(reading.max_unpacked * GIGABYTE)
    with _temporary(suffix, name) as path:
        size = 0
        with path.open("wb") as file:
            while part := stream.read(AT_ONCE):
                if isinstance(part, str):
                    part, reading = part.encode(), replace(reading, encoding="utf-8")
                elif not isinstance(part, bytes):
                    raise InputTypeError(f"{name}: its read() returned {shown(part)}; expected bytes or text.")
                size += len(part)
                if size > most:
                    raise InputError(
                        f"{name} has more than {most / MEGABYTE:,.6g} MB; if you trust it, allow more with "
                        "--max-unpacked GIGABYTES (max_unpacked=… in Python)."
                    )
                file.write(part)
        yield path, reading


@contextmanager
def only_file_in(path: Path, reading: Reading) -> Iterator[tuple[Path, Reading]]:
    """Return the path of the only file in a zip archive, and what the user says about it.

    What it unpacks to, twice if it is packed itself, has the limit of the archive.

    Raises:
        InputError: the archive is damaged or encrypted, or has another number of files; see `Archive`.
    """
    unpacking = Unpacking(reading.max_unpacked)
    with Archive.opened(path, unpacking, "a zip archive") as archive:
        entry = archive.only_entry()
        suffix = "".join(PurePath(entry).suffixes[-2:])
        if suffix.lower().endswith(".zip"):
            raise InputError(f"{shown_path(path)} has another archive in it, {shown(entry)}; unpack it.")
        with _temporary(suffix, shown_path(path)) as inner:
            with inner.open("wb") as file:
                for part in archive.parts(entry):
                    file.write(part)
            yield inner, replace(reading, max_unpacked=unpacking.limit(path) / GIGABYTE)


@contextmanager
def _temporary(suffix: str, name: str) -> Iterator[Path]:
    """Return the path of a file to be written, which is removed afterwards; messages call it by the given name."""
    with tempfile.TemporaryDirectory(prefix="recurra-") as folder:
        path = Path(folder, f"table{suffix if suffix.isascii() and len(suffix) <= 20 else ''}")
        try:
            yield path
        except InputError as error:
            raise type(error)(str(error).replace(shown_path(path), name)) from error
