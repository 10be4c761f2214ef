"""Where a bundle is written to: a file that gets its name at the very end, or a pipe."""

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from packllama.base.disk import file_size_limit, free_space
from packllama.base.errors import BadInput, NoSpace, from_os_error
from packllama.base.fs import check_writable, translated
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.places.bundle.recognise import is_bundle
from packllama.places.bundle.unfinished import FileWriting, Unfinished
from packllama.places.bundle.waiting import Waiting
from packllama.places.place import Reader


class Writing(Protocol):
    """A bundle on its way, written from its beginning on."""

    @property
    def position(self) -> int: ...

    @property
    def kept(self) -> int:
        """Bytes behind the position that an earlier run left."""

    def write(self, data: memoryview | bytes) -> None:
        """What an earlier run left is compared with it, and cut off where it differs.

        Raises: NoSpace, MachineError, Cancelled.
        """

    def reread(self, count: int) -> Reader | None:
        """Pass over so many of the kept bytes. None: there are none."""

    def go_back(self, position: int, *, cut: bool = False) -> bool:
        """Continue from where it was before. ``cut``: nothing behind it is kept. False: that cannot be."""

    def complete(self) -> None:
        """All was written."""


class Output(Protocol):
    """Somewhere a bundle can be written to. ``head`` is what it begins with, ``size`` what it will have."""

    def kept(self, head: bytes, *, size: int) -> int:
        """Bytes of it that an earlier run left."""

    def check(self, size: int, *, kept: int) -> None:
        """Raises: NoRights, NoSpace, MissingFile, BadInput, when what is not kept cannot be written there."""

    def open(self, head: bytes, *, size: int, stop: Stop) -> AbstractContextManager[Writing]:
        """Write the head. What is left without `Writing.complete` is no bundle.

        Raises: NoSpace, MachineError, Cancelled.
        """


class ToFile:
    """A file, which replaces what has its name when it is whole and durable.

    Until then it is in a folder beside it, where the same export goes on when this one is interrupted. The observer is
    told of that, and when another process is writing this very file, which is waited for.
    """

    def __init__(self, path: Path, *, observer: Observer = SILENT) -> None:
        self._path = path
        self._observer = observer
        self._unfinished = Unfinished(path)

    def kept(self, head: bytes, *, size: int) -> int:
        return self._unfinished.kept(head, size=size)

    def check(self, size: int, *, kept: int) -> None:
        folder = self._path.parent
        with translated("looking at the place for the bundle", folder):
            folder.stat()
            _check_name(self._path)
        check_writable(folder)
        free, limit = free_space(folder), file_size_limit(folder)
        if free is not None and size - kept > free:
            raise NoSpace(
                f"needs {human_bytes(size - kept)}, free are {human_bytes(free)}",
                where=str(folder),
                hint="Free some space there, or write to a larger disk.",
            )
        if limit is not None and size > limit:
            raise NoSpace(
                f"a bundle of {human_bytes(size)} does not fit: this file system takes no file above 4 GiB",
                where=str(folder),
                hint="Write volumes with -o - | split -b 4000M - NAME.tar. and read them with cat NAME.tar.* .",
            )

    def open(self, head: bytes, *, size: int, stop: Stop) -> AbstractContextManager[FileWriting]:
        return self._unfinished.opened(head, size=size, observer=self._observer, stop=stop)


def _check_name(path: Path) -> None:
    """See that a file may get this name. Raises: BadInput."""
    if _names_a_descriptor(path) or (path.exists() and not path.is_file()):
        raise BadInput(
            "expected the name of a file, found a folder, a pipe or a device",
            where=str(path),
            hint="Name a file, or write to stdout with -o -.",
        )
    if path.exists() and not is_bundle(path):
        raise BadInput(
            "there is a file of this name, and it is no bundle",
            where=str(path),
            hint="Choose another name, or remove the file first.",
        )


def _names_a_descriptor(path: Path) -> bool:
    """``/dev/stdout``, ``/dev/fd/1``: what has such a name cannot be replaced, even where it is a file."""
    return path.is_symlink() and any(each.is_relative_to("/proc") for each in (path.parent.resolve(), path.readlink()))


class ToPipe:
    """An open descriptor, which stays its owner's: stdout, be it a pipe or a redirection.

    A reader that leaves is a `BrokenPipeError`, and no error of ours.
    """

    def __init__(self, descriptor: int, *, where: str = "stdout") -> None:
        self._owned = descriptor
        self._where = where

    def kept(self, head: bytes, *, size: int) -> int:  # noqa: ARG002 - an output's door
        return 0

    def check(self, size: int, *, kept: int) -> None:
        """Nobody knows how much the other end takes."""

    @contextlib.contextmanager
    def open(self, head: bytes, *, size: int, stop: Stop) -> Iterator["PipeWriting"]:  # noqa: ARG002
        descriptor = _without_waiting(self._owned)
        try:
            writing = PipeWriting(descriptor, where=self._where, stop=stop)
            writing.write(head)
            yield writing
        finally:
            os.close(descriptor)


class PipeWriting:
    """A bundle that is gone as soon as it is written. Left incomplete, it has no end mark."""

    kept = 0

    def __init__(self, descriptor: int, *, where: str, stop: Stop) -> None:
        self.position = 0
        self._descriptor = descriptor
        self._where = where
        self._stop = stop
        self._waiting = Waiting(descriptor, to_write=True)

    def write(self, data: memoryview | bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._waiting.wait(stop=self._stop)
            rest = rest[self._write(rest) :]
        self.position += len(data)

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            raise
        except OSError as error:
            raise from_os_error(error, doing="writing the bundle", where=self._where) from error

    def reread(self, count: int) -> None:
        """Nothing is kept."""

    def go_back(self, position: int, *, cut: bool = False) -> bool:  # noqa: ARG002 - an output's door
        return position == self.position

    def complete(self) -> None:
        """The end mark says it."""


def _without_waiting(descriptor: int) -> int:
    """The same pipe, opened once more so that a write never waits: then a stop is heard. Others keep theirs."""
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        with contextlib.suppress(OSError):  # another user's pipe, or no /proc
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return os.dup(descriptor)
