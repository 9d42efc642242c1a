"""A text of any size: a file, a folder, standard input or a string, read in pieces as often as it takes."""

import codecs
import gzip
import io
import shutil
import sys
import tempfile
import weakref
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, Protocol, TextIO, runtime_checkable

from recurra.errors import InputError, reason, shown, shown_path

AT_ONCE = 1 << 20  # bytes or characters in a piece
STANDARD_INPUT = "-"
BYTE_ORDER_MARK = codecs.BOM_UTF8


@runtime_checkable
class Text(Protocol):
    """A text that can be read several times."""

    def pieces(self) -> Iterator[str]:
        """Yield the text from its beginning, in pieces of any length."""
        ...


class StringText(NamedTuple):
    """A text in memory."""

    text: str

    def pieces(self) -> Iterator[str]:
        for start in range(0, len(self.text), AT_ONCE):
            yield self.text[start : start + AT_ONCE]


class FileText:
    """The text of a file, of all files in a folder, or of standard input.

    The files of a folder, and of the folders in it, follow each other in the order of their paths; hidden ones are left
    out. Files named *.gz are unpacked. Line ends become newlines, and a byte order mark is left out.

    Args:
        source: a path, "-" for standard input, or a list of files.
        encoding: encoding of the text.
        bad_bytes: what to do with bytes that are invalid in this encoding: "error", or "replace" them by U+FFFD.

    Raises:
        InputError: there is no such file, the folder has no files, or there is no such encoding.
    """

    def __init__(
        self,
        source: str | Path | Sequence[Path],
        *,
        encoding: str = "utf-8",
        bad_bytes: Literal["error", "replace"] = "error",
    ) -> None:
        self.encoding, self.bad_bytes = encoding, bad_bytes
        try:
            codecs.lookup(encoding)
            "".encode(encoding)
        except (LookupError, ValueError):
            raise InputError(f"encoding is {shown(encoding)}; expected one that Python knows, such as utf-8.") from None
        self._input: BinaryIO | None = None
        if source == STANDARD_INPUT:
            self._input = _copied(sys.stdin)
            weakref.finalize(self, self._input.close)
        self.files: list[Path] = []
        if isinstance(source, str | Path) and source != STANDARD_INPUT:
            self.files = _files_of(Path(source))
        elif not isinstance(source, str | Path):
            self.files = list(source)

    def pieces(self) -> Iterator[str]:
        """Yield the text from its beginning.

        Raises:
            InputError: a file cannot be read or is damaged, or has bytes that are no text.
        """
        if self._input is not None:
            self._input.seek(0)
            yield from self._decoded(self._input, "standard input")
        for path in self.files:
            name = shown_path(path)
            try:
                with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                    yield from self._decoded(file, name)
            except (OSError, EOFError, zlib.error) as error:
                what = "is not a complete gzip file" if path.suffix == ".gz" else "cannot be read"
                raise InputError(f"{name} {what} ({reason(error, 100)}).") from error

    def _decoded(self, file: "BinaryIO | gzip.GzipFile", name: str) -> Iterator[str]:
        errors = "strict" if self.bad_bytes == "error" else "replace"
        decoder = codecs.getincrementaldecoder(self.encoding)(errors)
        lines = io.IncrementalNewlineDecoder(None, translate=True)
        read = 0  # bytes before the piece
        while True:
            piece = file.read(AT_ONCE)
            begins = read == 0 and piece.startswith(BYTE_ORDER_MARK) and codecs.lookup(self.encoding).name == "utf-8"
            skipped = len(BYTE_ORDER_MARK) if begins else 0
            left = len(decoder.getstate()[0])  # bytes of a character whose beginning was in the piece before
            try:
                text = lines.decode(decoder.decode(piece[skipped:], final=not piece), final=not piece)
            except UnicodeDecodeError as error:
                offset = read + skipped - left + error.start
                found = " ".join(f"{byte:02X}" for byte in error.object[error.start : error.end][:4])
                raise InputError(
                    f"{name} is not {self.encoding}: byte {offset} is 0x{found}; if it is a text, name its encoding, "
                    "such as --text-encoding gb18030, or replace such bytes with --bad-bytes replace."
                ) from None
            if text:
                yield text
            if not piece:
                return
            read += len(piece)


def _files_of(source: Path) -> list[Path]:
    """Return the file, or the files of a folder in the order of their paths."""
    if not source.exists():
        raise InputError(f"{shown_path(source)}: there is no such file or folder.")
    if not source.is_dir():
        return [source]
    inside = (path for path in source.rglob("*") if path.is_file())
    files = [path for path in inside if not any(part.startswith(".") for part in path.relative_to(source).parts)]
    if not files:
        raise InputError(f"{shown_path(source)} is a folder without files; expected texts in it.")
    return sorted(files, key=lambda path: path.relative_to(source).parts)


def _copied(stream: TextIO | None) -> BinaryIO:
    """Return a temporary file with all that a stream holds, so that it can be read again."""
    if stream is None:
        raise InputError("there is no text: standard input is closed.")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is read later
    shutil.copyfileobj(stream.buffer, file, AT_ONCE)
    return file
