"""Paths that users give, and atomic replacement of files."""

import contextlib
import errno
import os
import re
import secrets
from pathlib import Path

from recurra.errors import InputError, InputTypeError, shown, shown_path

NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # errors of a full disk
TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")


def path_of(path: str | os.PathLike[str]) -> Path:
    """Return a path as a Path.

    Raises:
        InputTypeError: it is neither a str nor a path.
        InputError: no file can have this path.
    """
    try:
        found = Path(path)
        os.fsencode(found).decode()  # safetensors takes no other names
        found.lstat()
    except TypeError:
        raise InputTypeError(f"the path is {shown(path)}; expected a str or a pathlib.Path.") from None
    except ValueError as error:
        raise InputError(f"{shown_path(path)}: no file can have this path ({error}).") from error
    except OSError as error:  # mostly that there is no such file yet
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"{shown_path(path)}: no file can have this path ({error.strerror}).") from error
    return found


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file atomically: at any moment, the path has the complete old or the complete new content.

    The content is written to a temporary file in the same folder, synced to disk, and renamed.

    Raises:
        InputError: if the disk is full or the path is not writable; an existing file is left unchanged.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}.tmp"
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
        mend = "Free disk space, or choose another folder" if error.errno in NO_SPACE else "Choose another folder"
        raise InputError(f"{path} cannot be written ({reason}); an existing file is unchanged. {mend}.") from error


def sweep_temporary_files(folder: Path) -> None:
    """Remove the temporary files of killed processes. The caller must hold the lock of the folder."""
    for path in folder.glob(".*.tmp"):
        if TEMPORARY.fullmatch(path.name) and not path.is_dir():
            path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Sync a folder so that a rename in it survives a power failure, where the system supports that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
