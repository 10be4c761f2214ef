"""Where a bundle is written to: a file that gets its name at the very end, or a pipe."""

import contextlib
import os
import stat
from pathlib import Path
from typing import Protocol, Self

from packllama.base.errors import BadInput, NoSpace, from_os_error
from packllama.base.fs import NewFile, check_writable, file_size_limit, free_space, translated
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.places.bundle.recognise import is_bundle
from packllama.places.bundle.waiting import Waiting


class Output(Protocol):
    """Bytes, forward only. A context manager; leaving it without `complete` leaves no bundle behind."""

    def check(self, size: int) -> None:
        """Raises: NoRights, NoSpace, MissingFile, BadInput, when so many bytes cannot be written there."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def write(self, data: memoryview | bytes, *, stop: Stop) -> None:
        """Raises: NoSpace, MachineError, Cancelled."""

    def complete(self) -> None:
        """All was written."""


class ToFile:
    """A file, which replaces what has its name when it is whole and durable."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, size: int) -> None:
        folder = self._path.parent
        with translated("looking at the place for the bundle", folder):
            folder.stat()
            free_to_name = self._path.is_file() or not self._path.exists()
        if not free_to_name:
            raise BadInput(
                "expected the name of a file, found a folder or a device",
                where=str(self._path),
                hint="Name a file, or write to stdout with -o -.",
            )
        if self._path.exists() and not is_bundle(self._path):
            raise BadInput(
                "there is a file of this name, and it is no bundle",
                where=str(self._path),
                hint="Choose another name, or remove the file first.",
            )
        check_writable(folder)
        free, limit = free_space(folder), file_size_limit(folder)
        if free is not None and size > free:
            raise NoSpace(
                f"needs {human_bytes(size)}, free are {human_bytes(free)}",
                where=str(folder),
                hint="Free some space there, or write to a larger disk.",
            )
        if limit is not None and size > limit:
            raise NoSpace(
                f"a bundle of {human_bytes(size)} does not fit: this file system takes no file above 4 GiB",
                where=str(folder),
                hint="Write volumes with -o - | split -b 4000M - NAME.tar. and read them with cat NAME.tar.* .",
            )

    def __enter__(self) -> Self:
        self._file = NewFile(self._path.parent)
        return self

    def __exit__(self, *error: object) -> None:
        self._file.__exit__(*error)

    def write(self, data: memoryview | bytes, *, stop: Stop) -> None:
        stop.check()
        self._file.write(data)

    def complete(self) -> None:
        self._file.move_to(self._path, mode=None)


class ToPipe:
    """An open descriptor, which stays its owner's: stdout, be it a pipe or a redirection.

    A reader that leaves is a `BrokenPipeError`, and no error of ours.
    """

    def __init__(self, descriptor: int, *, where: str = "stdout") -> None:
        self._owned = descriptor
        self._where = where

    def check(self, size: int) -> None:
        """Nobody knows how much the other end takes."""

    def __enter__(self) -> Self:
        self._descriptor = _without_waiting(self._owned)
        self._waiting = Waiting(self._descriptor, to_write=True)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def write(self, data: memoryview | bytes, *, stop: Stop) -> None:
        rest = memoryview(data)
        while rest:
            self._waiting.wait(stop=stop)
            rest = rest[self._write(rest) :]

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            raise
        except OSError as error:
            raise from_os_error(error, doing="writing the bundle", where=self._where) from error

    def complete(self) -> None:
        """The end mark says it."""


def _without_waiting(descriptor: int) -> int:
    """The same pipe, opened once more so that a write never waits: then a stop is heard. Others keep theirs."""
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        with contextlib.suppress(OSError):  # another user's pipe, or no /proc
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return os.dup(descriptor)
