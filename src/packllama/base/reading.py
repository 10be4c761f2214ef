"""Read files that may be anything: plain ones only, small ones whole, without ever waiting for a pipe.

Every ``OSError`` leaves as an error of :mod:`packllama.base.errors`.
"""

import contextlib
import errno
import mmap
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from packllama.base.errors import BadInput, MissingFile, from_os_error


def page_buffer(size: int) -> memoryview:
    """A buffer for large reads and writes, beginning where a page of memory does.

    The kernel copies between it and a file's pages. A Zen 3 does so at a fifth of its speed when the two do not begin
    alike, and a large ``bytearray`` begins 16 bytes into a page: 2 GiB took 0.9 s to read instead of 0.2 s.
    """
    return memoryview(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE))


def read_small(path: Path, *, limit: int, what: str) -> bytes:
    """The bytes of a plain file of at most ``limit`` bytes. See :func:`read_with_status`."""
    return read_with_status(path, limit=limit, what=what)[0]


def read_with_status(path: str | Path, *, limit: int, what: str) -> tuple[bytes, os.stat_result]:
    """The bytes of a plain file of at most ``limit`` bytes, and its status. Never hangs on a pipe or a device.

    Raises:
        MissingFile: it is not there.
        BadInput: it is no plain file, or larger than ``limit``.
    """
    descriptor = open_plain(path, what=what)
    try:
        status = os.fstat(descriptor)
        # A file that says it is too large is not read; one that lies is read up to the limit.
        data = b"" if status.st_size > limit else _read_up_to(descriptor, limit + 1)
    except OSError as error:
        raise from_os_error(error, doing="reading", where=path) from error
    finally:
        os.close(descriptor)
    if max(len(data), status.st_size) > limit:
        raise BadInput(f"larger than the {limit:,} bytes that {what} may have", where=str(path))
    return data, status


def _read_up_to(descriptor: int, limit: int) -> bytes:
    parts = []
    while limit > 0 and (part := os.read(descriptor, min(limit, 1 << 20))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def pread_all(descriptor: int, count: int, offset: int, *, where: str | Path) -> bytes:
    """``count`` bytes of an open file from ``offset`` on; fewer only when it ends before.

    Raises: MachineError.
    """
    parts = []
    try:
        while count > 0 and (part := os.pread(descriptor, count, offset)):
            parts.append(part)
            count -= len(part)
            offset += len(part)
    except OSError as error:
        raise from_os_error(error, doing="reading", where=where) from error
    return b"".join(parts)


class FileRange:
    """The bytes of an open file from ``start`` up to ``stop``, forward only. Does not move the file's own position."""

    def __init__(self, descriptor: int, *, start: int, stop: int, where: str) -> None:
        self._descriptor = descriptor
        self._offset = start
        self._stop = stop
        self._where = where

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the beginning of a buffer. Returns how many bytes came, 0 at the end.

        Raises: MachineError.
        """
        try:
            count = os.preadv(self._descriptor, [buffer[: self._stop - self._offset]], self._offset)
        except OSError as error:
            raise from_os_error(error, doing="reading", where=self._where) from error
        self._offset += count
        return count


@contextlib.contextmanager
def open_range(path: Path, *, what: str, start: int, stop: int) -> Iterator[FileRange]:
    """That part of a plain file; links are not followed.

    Raises: as `open_plain` does.
    """
    with opened_plain(path, what=what, follow=False) as descriptor:
        yield FileRange(descriptor, start=start, stop=stop, where=str(path))


@contextlib.contextmanager
def opened_plain(path: Path, *, what: str, follow: bool = True) -> Iterator[int]:
    """`open_plain` for a block."""
    descriptor = open_plain(path, what=what, follow=follow)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_plain(path: str | Path, *, what: str, follow: bool = True) -> int:
    """A read-only descriptor of a plain file; pipes and devices are refused without waiting.

    ``follow``: also of one that a link leads to.

    Raises:
        MissingFile: it is not there, or a link leads nowhere.
        BadInput: it is a folder, a pipe, a socket or a device, or a link that is not followed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    except FileNotFoundError as error:
        hint = "Check the spelling, and that the disk is mounted."
        raise MissingFile("no such file", where=str(path), hint=hint) from error
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that nothing drives
            raise _not_plain(path, what) from error
        raise from_os_error(error, doing=f"opening {what}", where=path) from error
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise _not_plain(path, what)


def _not_plain(path: str | Path, what: str) -> BadInput:
    return BadInput(f"expected {what}, found a folder, pipe, socket or device", where=str(path))
