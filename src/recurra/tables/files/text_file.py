"""The text of a file, packed or not: read through once in small parts and checked, then read as a stream."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, TextIO

from recurra.errors import InputError, reason, shown_path
from recurra.tables.files.unpacking import Unpacking

AT_ONCE = 1 << 20  # bytes
BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}


@dataclass(frozen=True)
class TextFile:
    """A text file whose size and encoding are known.

    Attributes:
        path: the file; it is unpacked if it is named *.gz.
        encoding: "utf-8-sig", "utf-16" or "gb18030".
        characters: number of characters.
        lines: number of line ends.
    """

    path: Path
    encoding: str
    characters: int
    lines: int

    @classmethod
    def checked(cls, path: Path, unpacking: Unpacking) -> Self:
        """Read a file through once, in little memory.

        Raises:
            InputError: the file cannot be read, unpacks to too much, or is not text in UTF-8, UTF-16 or GBK.
        """
        try:
            with _opened(path) as file:
                encodings = ["utf-16"] if file.read(2) in BYTE_ORDER_MARKS else ["utf-8-sig", "gb18030"]
            for encoding in encodings:
                try:
                    characters, lines = _measured(path, encoding, unpacking)
                except UnicodeError:
                    continue
                return cls(path, encoding, characters, lines)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{shown_path(path)}: cannot be read ({reason(error, 80)}).") from error
        raise InputError(f"{shown_path(path)}: is not text in UTF-8, UTF-16 or GBK; save it as CSV in UTF-8.")

    @contextmanager
    def opened(self) -> Iterator[TextIO]:
        """Open the text as a stream, with its line ends as they are."""
        with _opened(self.path) as file, io.TextIOWrapper(file, self.encoding, newline="") as text:
            yield text


def _opened(path: Path) -> BinaryIO:
    # a GzipFile is what io.TextIOWrapper takes, but for its type
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _measured(path: Path, encoding: str, unpacking: Unpacking) -> tuple[int, int]:
    """Return the numbers of characters and of line ends; UnicodeError if it is no text in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    size = characters = lines = 0
    with _opened(path) as file:
        while part := file.read(AT_ONCE):
            size += len(part)
            unpacking.check(path, size)
            text = decoder.decode(part)
            if "\x00" in text:
                raise UnicodeError
            characters += len(text)
            lines += text.count("\n") or text.count("\r")
        decoder.decode(b"", final=True)
    return characters, lines
