"""Take in a file whose digest is not known yet: read once, hash and write the very bytes that were read.

Where the bytes are in their place already (a clone, a link), they are only hashed. One thread hashes while the
caller's reads and writes; four buffers go round between them.
"""

import hashlib
import os
import queue
import threading

from packllama.base.errors import FileChanged, from_os_error
from packllama.base.fs import NewFile
from packllama.base.observer import Observer
from packllama.base.reading import page_buffer
from packllama.base.stop import Stop
from packllama.digest import Digest

# Larger buffers measured slower: these stay in the processor's cache between read, hash and write.
BUFFER_SIZE = 256 << 10
BUFFER_COUNT = 4


def ingest(
    descriptor: int, *, before: os.stat_result, where: str, out: NewFile | None, observer: Observer, stop: Stop
) -> Digest:
    """Copy the open file into ``out``, if there is one, and return the digest of what was read.

    ``before`` is what ``fstat`` said when the caller first looked into the file.

    Raises:
        FileChanged: the file is not what it was then. What was written must not be used.
        Cancelled: ``stop`` was set.
    """
    with _Hashing() as hashing:
        offset = 0
        while offset < before.st_size:
            stop.check()
            buffer = hashing.free_buffer()
            count = _read(descriptor, buffer, offset, where)
            if count == 0:
                raise _changed(where, f"it ended after {offset:,} of {before.st_size:,} bytes")
            filled = buffer[:count]
            hashing.put(buffer, filled)
            if out is not None:
                out.write(filled)
            offset += count
            observer.advanced(count)
        digest = hashing.finish()
    check_unchanged(descriptor, before=before, where=where)
    return digest


def check_unchanged(descriptor: int, *, before: os.stat_result, where: str) -> None:
    """Raises: FileChanged, when the open file is not what it was ``before``."""
    if _identity(os.fstat(descriptor)) != _identity(before):
        raise _changed(where, "somebody wrote to it")


def same_file(now: os.stat_result, before: os.stat_result) -> bool:
    """Like :func:`check_unchanged`, for a file that got another name since, which changes its ctime."""
    return _identity(now)[:-1] == _identity(before)[:-1]


def _read(descriptor: int, buffer: memoryview, offset: int, where: str) -> int:
    try:
        return os.preadv(descriptor, [buffer], offset)
    except OSError as error:
        raise from_os_error(error, doing="reading", where=where) from error


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _changed(where: str, how: str) -> FileChanged:
    return FileChanged(
        f"the file changed while it was read: {how}",
        where=where,
        hint="Wait until its download or copy has finished, then run the same command again.",
    )


class _Hashing:
    """The thread that hashes, and the buffers that go round."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        self._full: queue.SimpleQueue[tuple[memoryview, memoryview] | None] = queue.SimpleQueue()
        for _ in range(BUFFER_COUNT):
            self._free.put(page_buffer(BUFFER_SIZE))
        self._thread = threading.Thread(target=self._run, name="hash", daemon=True)

    def __enter__(self) -> "_Hashing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._full.put(None)
        self._thread.join()

    def free_buffer(self) -> memoryview:
        return self._free.get()

    def put(self, buffer: memoryview, filled: memoryview) -> None:
        self._full.put((buffer, filled))

    def finish(self) -> Digest:
        """The digest of everything put in so far; nothing may follow."""
        self._full.put(None)
        self._thread.join()
        return Digest(self._hash.hexdigest())

    def _run(self) -> None:
        while (item := self._full.get()) is not None:
            buffer, filled = item
            self._hash.update(filled)
            self._free.put(buffer)
