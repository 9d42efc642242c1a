"""The text of a file, packed or not: read through once in small parts and checked, then read as a stream."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, TextIO

from recurra.errors import InputError, reason, shown, shown_path
from recurra.tables.files.encodings import ENCODINGS, found_encoding
from recurra.tables.files.unpacking import Unpacking

AT_ONCE = 1 << 20  # bytes
LONGEST_TAIL = 1 << 16  # characters
BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
LINE_END = re.compile(rb"\r\n?|\n")
UNUSABLE = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}  # no encodings of files


class _NullCharacterError(UnicodeError):
    """A null character, which no text has."""


@dataclass(frozen=True)
class TextFile:
    """A text file whose size and encoding are known.

    Attributes:
        path: the file; it is unpacked if it is named *.gz.
        encoding: a codec of Python.
        characters: number of characters.
        lines: number of line ends.
        head: the first characters.
        tail: the last characters.
    """

    path: Path
    encoding: str
    characters: int
    lines: int
    head: str
    tail: str

    @classmethod
    def checked(cls, path: Path, unpacking: Unpacking, encoding: str | None = None) -> Self:
        """Read a file through once, in little memory.

        Args:
            path: the file.
            unpacking: limit for what it unpacks to.
            encoding: its encoding; None: UTF-8, UTF-16 with a byte order mark, or what `found_encoding` finds.

        Raises:
            InputError: the file cannot be read, unpacks to too much, or is not text in this or any known encoding.
        """
        name, asked = shown_path(path), None if encoding is None else _codec(encoding)
        try:
            with _opened(path) as file:
                marked = file.read(2) in BYTE_ORDER_MARKS
            if marked and (asked is None or asked.startswith("utf-16")):
                return cls._measured(path, "utf-16", unpacking)
            if asked is not None:
                return cls._measured(path, asked, unpacking)
            try:
                return cls._measured(path, "utf-8-sig", unpacking)
            except UnicodeDecodeError:
                return cls._guessed(path, unpacking)
        except _NullCharacterError:
            raise InputError(
                f"{name} is not text, since it has null characters; save it as CSV in UTF-8, or, if it is in UTF-16 "
                "without a byte order mark, add --encoding utf-16-le (encoding='utf-16-le' in Python)."
            ) from None
        except UnicodeError:
            raise InputError(
                f"{name} is not text in {shown(encoding or 'utf-16', 30)}; name another encoding with --encoding "
                "(encoding=… in Python), or save the file in UTF-8."
            ) from None
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{name} cannot be read ({reason(error, 80)}).") from error

    @classmethod
    def _guessed(cls, path: Path, unpacking: Unpacking) -> Self:
        """Read a file through in the likeliest encoding in which all of it is text."""
        sample, left = _lines_beyond_ascii(path, unpacking), list(ENCODINGS)
        while True:
            encoding = found_encoding(sample, shown_path(path), left)
            try:
                return cls._measured(path, encoding, unpacking)
            except UnicodeDecodeError:  # in a line after the sample
                left.remove(encoding)

    @classmethod
    def _measured(cls, path: Path, encoding: str, unpacking: Unpacking) -> Self:
        """Read a file through in an encoding; UnicodeError if it is no text in it."""
        decoder = codecs.getincrementaldecoder(encoding)()
        size = characters = lines = 0
        head = tail = ""
        with _opened(path) as file:
            while part := file.read(AT_ONCE):
                size += len(part)
                unpacking.check(path, size)
                text = decoder.decode(part)
                if "\x00" in text:
                    raise _NullCharacterError
                characters += len(text)
                lines += text.count("\n") or text.count("\r")
                head = head or text
                tail = (tail + text)[-LONGEST_TAIL:]
            decoder.decode(b"", final=True)
        return cls(path, encoding, characters, lines, head, tail)

    @contextmanager
    def opened(self) -> Iterator[TextIO]:
        """Open the text as a stream, with its line ends as they are."""
        with _opened(self.path) as file, io.TextIOWrapper(file, self.encoding, newline="") as text:
            yield text


def _opened(path: Path) -> BinaryIO:
    # a GzipFile is what io.TextIOWrapper takes, but for its type
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _codec(encoding: str) -> str:
    """Return the name of the codec for an encoding that the user names; InputError if there is none."""
    try:
        name = codecs.lookup(encoding).name
        io.TextIOWrapper(io.BytesIO(), name)
    except (LookupError, ValueError):  # no codec, or one that is not for text
        name = "undefined"
    if name in UNUSABLE:
        raise InputError(
            f"encoding is {shown(encoding, 40)}; expected the name of an encoding of text, such as utf-8, utf-16, "
            "gb18030, big5, shift_jis, euc-kr, cp1252, latin-1 or cp1250."
        )
    return "utf-8-sig" if name == "utf-8" else name


def _lines_beyond_ascii(path: Path, unpacking: Unpacking) -> bytes:
    """Return the first lines that are not all ASCII, about as many bytes as are read at once."""
    lines: list[bytes] = []
    found, size, rest = 0, 0, b""
    with _opened(path) as file:
        while found < AT_ONCE and (part := file.read(AT_ONCE)):
            size += len(part)
            unpacking.check(path, size)
            if b"\x00" in part:
                raise _NullCharacterError
            if part.isascii() and rest.isascii():
                rest = part[part.rfind(b"\n") + 1 :]
                continue
            *whole, rest = LINE_END.split(rest + part)
            if len(rest) > AT_ONCE:
                whole, rest = [*whole, rest], b""
            lines += [line for line in whole if not line.isascii()]
            found = sum(map(len, lines))
    return b"\n".join([*lines, rest])
