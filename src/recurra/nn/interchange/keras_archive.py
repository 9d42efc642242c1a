"""The zip archive that a `.keras` file is, read with limits on what it unpacks to."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from recurra.errors import InputError, shortened

PIECE = 1 << 20  # bytes that are read at once
CONFIG_BYTES = 2 << 20  # of config.json; Keras writes 1 to 4 KB a layer
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # unpacked piece by piece; Keras itself stores


class KerasArchive(NamedTuple):
    """What is read of a `.keras` file."""

    config: bytes
    weights: bytes


def read_keras_archive(path: Path, source: str, room: int) -> KerasArchive:
    """Read the configuration and the weight file of a `.keras` file.

    Args:
        path: the file.
        source: its name, for messages.
        room: the largest number of bytes that the weight file may unpack to.

    Raises:
        InputError: the file is no such archive, or unpacks to more than the limits.
    """
    try:
        with _InPieces(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
            return KerasArchive(
                _unpack(archive, "config.json", CONFIG_BYTES), _unpack(archive, "model.weights.h5", room)
            )
    except InputError as error:
        raise InputError(f"{source}: {error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, KeyError, ValueError) as error:
        raise InputError(f"{source} is not a .keras file of Keras 3 ({shortened(str(error), 120)}).") from error


class _InPieces(io.BufferedReader):
    """A file of which no large piece is read at once; a list of very many entries in a zip archive would be one."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > PIECE:
            raise zipfile.BadZipFile(f"its list of entries has {size:,} bytes")
        return super().read(size)


def _unpack(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Unpack an entry, whatever size the archive states for it."""
    entry = archive.getinfo(name)
    if entry.compress_type not in METHODS:
        raise InputError(f"{name} is compressed by method {entry.compress_type}; expected deflate or none.")
    content = io.BytesIO()
    with archive.open(entry) as file:
        while piece := file.read(PIECE):
            content.write(piece)
            if content.tell() > limit or entry.file_size > limit:
                raise InputError(
                    f"{name} unpacks to more than {limit:,} bytes, the limit for a file of this size. "
                    "If these are honest weights, unzip the file and zip it again without compression."
                )
    return content.getvalue()
