"""A file seen through a window that moves forward."""

import os
from struct import Struct

from packllama.base.errors import FileChanged, GGUFError, from_os_error
from packllama.base.stop import Stop
from packllama.gguf import limits

WINDOW_BYTES = 256 * 1024
"""Large enough that a vocabulary of 3 MB takes a dozen reads, small enough not to show in the memory used."""

CUT_SHORT = "The file is cut short or damaged: fetch it again, and compare its size or digest with the original."


class Window:
    """Sequential reads of an open file through one buffer.

    Memory is one window plus what a single :meth:`take` asks for, whatever the file's size. Reads with ``pread``:
    a medium that is pulled out is an error, where a mapping would kill the process. The descriptor's own position
    is neither used nor changed; it stays the caller's to close. Not for sharing between threads.

    Every read looks at ``stop`` first and raises Cancelled when it is set.
    """

    def __init__(self, fd: int, *, size: int, where: str, position: int = 0, stop: Stop | None = None) -> None:
        self.size = size
        self.where = where
        self._fd = fd
        self._stop = stop
        self._start = position
        self._block = b""
        self._index = 0

    @property
    def position(self) -> int:
        """The next byte's offset in the file."""
        return self._start + self._index

    @property
    def left(self) -> int:
        """Bytes from the position to the file's end; never negative."""
        return max(0, self.size - self.position)

    def require(self, count: int, what: str) -> None:
        """Make sure that ``count`` bytes follow, without reading them. ``what`` names what they are.

        Raises: GGUFError, when the file ends before.
        """
        if count > self.left:
            raise GGUFError(
                f"unexpected end of file: {what} needs {count} bytes at offset {self.position}, "
                f"but the file ends at {self.size}",
                where=self.where,
                hint=CUT_SHORT,
            )
        if self.position + count > limits.HEADER_BYTES:
            raise GGUFError(f"the header goes on beyond {limits.HEADER_BYTES} bytes (at {what})", where=self.where)

    def skip(self, count: int, what: str) -> None:
        """Move on by ``count`` bytes."""
        self.require(count, what)
        self._index += count

    def view(self, count: int, what: str) -> tuple[bytes, int]:
        """The buffer and the index of the position in it; at least ``count`` bytes follow there.

        ``count`` is at most :data:`WINDOW_BYTES`. The position does not move.
        """
        if self._index + count > len(self._block):
            self.require(count, what)
            self._start = self.position
            self._index = 0
            self._block = self._pread(min(WINDOW_BYTES, self.size - self._start), self._start)
        return self._block, self._index

    def take(self, count: int, what: str) -> bytes:
        """The next ``count`` bytes. The caller has bounded ``count``; it is allocated here."""
        if count > WINDOW_BYTES:
            self.require(count, what)
            data = self._pread(count, self.position)
        else:
            block, index = self.view(count, what)
            data = block[index : index + count]
        self._index += count
        return data

    def integer(self, form: Struct, what: str) -> int:
        """The next number, of an integer ``form``."""
        return int(self.number(form, what))

    def number(self, form: Struct, what: str) -> int | float:
        """The next number; ``form`` decides of which type."""
        block, index = self.view(form.size, what)
        value: int | float = form.unpack_from(block, index)[0]
        self._index += form.size
        return value

    def _pread(self, count: int, offset: int) -> bytes:
        """Exactly ``count`` bytes; one system call may bring fewer (2 GiB at most, or a signal)."""
        parts: list[bytes] = []
        missing = count
        while missing:
            if self._stop is not None:
                self._stop.check()
            try:
                part = os.pread(self._fd, missing, offset + count - missing)
            except OSError as error:
                raise from_os_error(error, doing="reading the GGUF", where=self.where) from error
            if not part:
                raise FileChanged(
                    f"the file ends at {offset + count - missing}, but was {self.size} bytes long before",
                    where=self.where,
                    hint="Something still writes it. Wait until that is done.",
                )
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
