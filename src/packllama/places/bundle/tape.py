"""Bytes that pass once, forward only: a file, a pipe or a socket, in as many reads as it takes."""

import os
import stat

from packllama.base.errors import IntegrityError, from_os_error
from packllama.base.stop import Stop
from packllama.places.bundle.waiting import Waiting

# What is read at once of bytes that nobody wants.
_DROPPED = 64 << 10


class Tape:
    """An open descriptor, which stays its owner's. Not to be shared between threads.

    ``end`` is where the bundle ought to end, once that is known; ``within`` is what is passing. A cut is told by them.
    """

    def __init__(self, descriptor: int, *, where: str, stop: Stop) -> None:
        self.where = where
        self.end: int | None = None
        self.within = "its table of contents"
        self._descriptor = descriptor
        self._stop = stop
        self._waiting = Waiting(descriptor)
        try:
            status = os.fstat(descriptor)
            self._size = status.st_size if stat.S_ISREG(status.st_mode) else None
            self.position = 0 if self._size is None else os.lseek(descriptor, 0, os.SEEK_CUR)
        except OSError as error:
            raise from_os_error(error, doing="looking at the bundle", where=where) from error

    def readinto(self, buffer: memoryview, /) -> int:
        """What is there, at most a buffer full; 0 at the end.

        Raises: Cancelled, MachineError.
        """
        if self._size is None:
            self._waiting.wait(stop=self._stop)
        try:
            count = os.readv(self._descriptor, [buffer])
        except OSError as error:
            raise from_os_error(error, doing="reading the bundle", where=self.where) from error
        self.position += count
        return count

    def read_up_to(self, count: int) -> bytes:
        """So many bytes; fewer only at the end."""
        data = bytearray(count)
        filled = 0
        with memoryview(data) as view:
            while filled < count and (more := self.readinto(view[filled:])):
                filled += more
        return bytes(data[:filled])

    def read(self, count: int) -> bytes:
        """Exactly so many bytes. Raises: IntegrityError, when it ends before."""
        data = self.read_up_to(count)
        if len(data) < count:
            raise self.cut_short()
        return data

    def skip(self, count: int) -> None:
        """Pass over so many bytes; in a file without reading them. Raises: IntegrityError, when it ends before."""
        if self._size is None:
            self._drop(count)
            return
        if self.position + count > self._size:
            raise self.cut_short()
        self.position = os.lseek(self._descriptor, count, os.SEEK_CUR)

    def _drop(self, count: int) -> None:
        with memoryview(bytearray(min(count, _DROPPED))) as view:
            while count:
                dropped = self.readinto(view[:count])
                if not dropped:
                    raise self.cut_short()
                count -= dropped

    def cut_short(self) -> IntegrityError:
        """The error for a bundle whose end is not there."""
        found = self.position if self._size is None else self._size
        of = f" of {self.end:,}" if self.end is not None else ""
        return IntegrityError(
            f"the bundle is cut short: it ends after {found:,}{of} bytes, in {self.within}",
            where=self.where,
            hint="Copy or fetch the file again, and see that all of it arrives.",
        )
