"""Locks of folders: one run at a time writes to a folder."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from types import TracebackType

from freqnet.errors import ConfigurationError, got_expected

# The lock file, for file systems such as NFS that cannot lock a folder itself. It stays when the lock is released: a
# process that waits to open it could otherwise lock a file that no longer has a name.
LOCK = ".lock"
# Seconds between two attempts to get a lock.
_PAUSE = 0.01
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


class FolderLock:
    """The right to write to a folder, which one holder at a time has.

    The operating system releases the lock when its process ends, however it ends. Where it has no such locks
    (Windows), a folder is not protected.

    Parameters
    ----------
    folder : Path
        A folder that exists.

    Raises
    ------
    ConfigurationError
        Another run, in this process or in another, holds the lock.
    OSError
        The folder cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> from freqnet.training.locks import FolderLock, is_locked
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with FolderLock(Path(folder)):
    ...         inside = is_locked(Path(folder))
    ...     inside, is_locked(Path(folder))
    (True, False)
    """

    def __init__(self, folder: Path) -> None:
        self._handle = _locked(folder)
        if self._handle is None:
            todo = "wait until that run ends, or choose another folder"
            got = "a folder that another run is writing to"
            raise ConfigurationError(got_expected(f"output {folder}", got, "one that no run uses", todo))

    def release(self) -> None:
        """Let others lock the folder."""
        handle, self._handle = self._handle, None
        if handle is not None and handle >= 0:
            os.close(handle)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __del__(self) -> None:
        self.release()


def waited(folder: Path) -> FolderLock:
    """Return the lock of a folder, as soon as no other process or thread holds it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, waited(Path(folder)):
    ...     is_locked(Path(folder))
    True
    """
    while True:
        try:
            return FolderLock(folder)
        except ConfigurationError:
            time.sleep(_PAUSE)


def is_locked(folder: Path) -> bool:
    """Return whether a run is writing to a folder."""
    try:
        handle = _locked(folder)
    except OSError:
        return False
    if handle is not None and handle >= 0:
        os.close(handle)
    return handle is None


def _locked(folder: Path) -> int | None:
    """Return the descriptor that holds the lock, -1 where the system has no locks, or None if another holds it."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        return -1
    # On some file systems the lock of a folder needs a descriptor for writing, which folders do not have.
    for path, flags in ((folder, os.O_RDONLY), (folder / LOCK, os.O_RDWR | os.O_CREAT)):
        handle = os.open(path, flags | os.O_CLOEXEC, 0o666)
        try:
            flock(handle, LOCK_EX | LOCK_NB)
        except OSError as error:
            os.close(handle)
            if error.errno in _HELD:
                return None
            continue
        return handle
    return -1
