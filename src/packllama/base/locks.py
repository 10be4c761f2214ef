"""Locks between processes: ``flock`` on files of their own, never on data.

A lock ends with its holder, also when that is killed. Each holder writes into the lock file who it is, so that
a waiter can say for whom it waits. On NFS these are as good as the server's ``flock`` emulation.
"""

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from packllama.base.errors import MachineError, PackLlamaError, from_os_error
from packllama.base.fs import give_to_owner_of, opened_folder
from packllama.base.reading import read_small
from packllama.base.stop import Stop

# Long enough to cost nothing, short enough that nobody notices.
POLL_SECONDS = 0.05

# A process id, a verb and a model's name, which has 593 bytes at most.
_HOLDER_LIMIT = 1000

OnWait = Callable[[str], None]


def _say_nothing(holder: str) -> None: ...


class FileLock:
    """One lock file. Not to be shared between threads."""

    def __init__(self, path: Path, *, holder: str) -> None:
        self.path = path
        self._holder = holder
        self._descriptor = -1

    def acquire(self, *, exclusive: bool, stop: Stop, on_wait: OnWait = _say_nothing) -> None:
        """Wait until the lock is ours. ``on_wait`` is told once who holds it."""
        told = False
        while not self.try_acquire(exclusive=exclusive):
            if not told:
                on_wait(self.read_holder())
                told = True
            stop.wait(POLL_SECONDS)

    def try_acquire(self, *, exclusive: bool) -> bool:
        """Take the lock if nobody else has it."""
        try:
            while True:
                descriptor = self._open()
                if not _flock(descriptor, exclusive=exclusive):
                    os.close(descriptor)
                    return False
                if _still_named(descriptor, self.path):
                    break
                os.close(descriptor)
        except OSError as error:
            raise from_os_error(error, doing="locking", where=self.path) from error
        self._descriptor = descriptor
        if os.fstat(descriptor).st_nlink > 1:
            self.release()
            raise MachineError(
                "this lock file has a second name; nothing is written into it",
                where=str(self.path),
                hint="Remove it: packllama makes a new one.",
            )
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, self._holder.encode(errors="backslashreplace"), 0)
        return True

    def _open(self) -> int:
        with opened_folder(self.path.parent) as folder:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self.path.name, flags, 0o644, dir_fd=folder)
            give_to_owner_of(folder, descriptor)
        return descriptor

    def release(self, *, remove: bool = False) -> None:
        """Give it back. ``remove``: the file too, for a lock that nobody will ask for again."""
        if self._descriptor < 0:
            return
        if remove:
            with contextlib.suppress(OSError):
                self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = -1

    def read_holder(self) -> str:
        """What the last holder wrote: a process id and what it does."""
        with contextlib.suppress(PackLlamaError):
            text = read_small(self.path, limit=_HOLDER_LIMIT, what="a lock file").decode(errors="replace")
            return text or "another process"
        return "another process"


def is_held(path: Path, *, shared: bool = False) -> bool:
    """Whether some process holds the lock, found out without writing. True also when that cannot be told.

    ``shared``: those count, too, that share it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        return error.errno != errno.ENOENT
    try:
        return not _flock(descriptor, exclusive=shared)
    except OSError:
        return True
    finally:
        os.close(descriptor)


def _flock(descriptor: int, *, exclusive: bool) -> bool:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _still_named(descriptor: int, path: Path) -> bool:
    """False when the file was removed between our opening and our locking it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def held(
    path: Path, *, holder: str, exclusive: bool, stop: Stop, on_wait: OnWait = _say_nothing, remove: bool = False
) -> Iterator[None]:
    """Hold the lock for the block. ``remove``: its file goes with it."""
    lock = FileLock(path, holder=holder)
    lock.acquire(exclusive=exclusive, stop=stop, on_wait=on_wait)
    try:
        yield
    finally:
        lock.release(remove=remove)
