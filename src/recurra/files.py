"""Files that are replaced whole or not at all."""

import contextlib
import os
import secrets
from pathlib import Path

from recurra.errors import InputError

TEMPORARY_SUFFIX = ".tmp"


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that at any moment the old file or the new one is there, complete.

    The bytes are written beside the file, synced to disk and renamed over it.

    Raises:
        InputError: the disk is full, or the place cannot be written. The old file is untouched.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
    try:
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{path}: cannot be written ({reason}); what was there before is unchanged. "
            "Free the disk or choose another place."
        ) from error


def sweep_temporary_files(folder: Path) -> None:
    """Remove what writers that were killed left in `folder`. Only for who holds the folder's lock."""
    for leftover in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        leftover.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
