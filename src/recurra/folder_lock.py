"""The lock of a folder: one process at a time writes to it."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class FolderLock:
    """A lock that is held on a folder itself, so that no file in it can be removed to let a second process in.

    Where the system locks no folders (Windows and some network file systems), a file `.lock` in the folder is locked.

    Args:
        folder: the folder, which exists.
        wait: whether to wait while another process, or another object of this one, holds the lock.

    Raises:
        BlockingIOError: if the lock is held elsewhere and `wait` is false.
        OSError: if the folder cannot be opened.
    """

    def __init__(self, folder: Path, *, wait: bool = False) -> None:
        self._path, self._folder, self._file, self._process = folder, -1, None, os.getpid()
        if fcntl is not None:
            opened = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._folder = opened
                return
            except BlockingIOError:
                os.close(opened)
                raise
            except OSError:  # a file system without such locks
                os.close(opened)
        self._file = FileLock(folder / ".lock")
        try:
            self._file.acquire(timeout=-1 if wait else 0)
        except Timeout as error:
            raise BlockingIOError(str(error)) from error

    def covers(self, path: Path) -> bool:
        """Whether a path is still that of the locked folder, which may have been removed or replaced since."""
        if self._folder < 0:
            return path.is_dir()
        try:
            return os.path.samestat(os.fstat(self._folder), path.stat())
        except OSError:  # of its parents too
            return False

    def release(self, *, remove: bool = False) -> None:
        """Release the lock; nothing happens if it has been released.

        Args:
            remove: whether to remove the file `.lock` if there is one, since the folder is about to be removed.
        """
        if self._folder >= 0:
            if os.getpid() == self._process:  # forked processes share the lock, and would keep it
                fcntl.flock(self._folder, fcntl.LOCK_UN)
            os.close(self._folder)
            self._folder = -1
        if self._file is not None:
            self._file.release()
            if remove:
                (self._path / ".lock").unlink(missing_ok=True)

    def __del__(self) -> None:
        self.release()

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
