"""Zip archives, as .zip, .xlsx and .ods files are: their entries are measured while they are unpacked."""

import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from recurra.errors import InputError, reason, shown, shown_path
from recurra.tables.files.unpacking import Unpacking

AT_ONCE = 1 << 20  # bytes
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # others may take gigabytes to unpack a byte
ENCRYPTED = 0x1  # flag of an entry
ZIP = b"PK"  # first bytes of an archive
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # first bytes of an old .xls file, and of an encrypted .xlsx file
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


@dataclass
class Archive:
    """An open zip archive.

    Attributes:
        path: its file.
        unpacking: limit for what all entries that are read unpack to.
        entries: its files by name.
    """

    path: Path
    unpacking: Unpacking
    entries: dict[str, zipfile.ZipInfo]
    _file: zipfile.ZipFile
    _unpacked: int = 0

    @classmethod
    @contextmanager
    def opened(cls, path: Path, unpacking: Unpacking, kind: str) -> Iterator["Archive"]:
        """Open an archive; whatever is found to be damaged in it within the context is an InputError.

        Args:
            path: the file.
            unpacking: limit for what all entries that are read unpack to.
            kind: what the file is, for messages.
        """
        try:
            with path.open("rb") as file:
                if file.read(len(OLE)) == OLE:
                    raise InputError(
                        f"{shown_path(path)} is encrypted, or an old .xls file; save it as .xlsx without a password."
                    )
            with zipfile.ZipFile(path) as file_:
                entries = {info.filename: info for info in file_.infolist() if not info.is_dir()}
                yield cls(path, unpacking, entries, file_)
        except DAMAGED as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{shown_path(path)} is not {kind} that can be read ({reason(error, 120)}).") from error

    def parts(self, name: str) -> Generator[bytes]:
        """Yield an entry piece by piece.

        Raises:
            InputError: the entry is encrypted or packed in an unusual way, or unpacks to too much.
        """
        info = self.entries[name]
        where = f"{shown_path(self.path)}: {shown(name)} in it"
        if info.flag_bits & ENCRYPTED:
            raise InputError(f"{where} is encrypted; save it without a password.")
        if info.compress_type not in METHODS:
            raise InputError(f"{where} is packed with method {info.compress_type}; pack it with Deflate, as is usual.")
        info.file_size = 1 << 62  # what the archive states may be wrong: it is read to its end
        with self._file.open(info) as entry:
            while part := entry.read(AT_ONCE):
                self._unpacked += len(part)
                self.unpacking.check(self.path, self._unpacked)
                yield part

    def only_entry(self) -> str:
        """Return the name of the only file in the archive.

        Raises:
            InputError: there is none, there are several, or the name leads out of the archive.
        """
        where = shown_path(self.path)
        names = [name for name in self.entries if not name.startswith("__MACOSX/")]  # what macOS adds to each file
        if not names:
            raise InputError(f"{where} has no file in it; expected one table.")
        if len(names) > 1:
            first = ", ".join(shown(name, 40) for name in names[:6]) + (" …" if len(names) > 6 else "")
            raise InputError(f"{where} has {len(names)} files in it ({first}); unpack it, and give one of them.")
        name = names[0].replace("\\", "/")
        if name.startswith("/") or ":" in name or ".." in PurePosixPath(name).parts:
            raise InputError(f"{where}: {shown(names[0])} in it is a path outside the archive; pack the file anew.")
        return names[0]
