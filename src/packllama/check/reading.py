"""Read files to their end and hash them, several at a time.

Each file is read forward by one thread, largest first, so that the threads end together. A file that cannot be
read does not stop the others.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.fs import translated
from packllama.base.hashing import StepHash
from packllama.base.observer import Observer
from packllama.base.reading import open_plain, page_buffer
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.pieces import PIECE_BYTES, Pieces
from packllama.places.store.ingest import is_unchanged

# Measured on two cores: 256 KiB is 1 to 4 % slower, 4 MiB no faster. Small enough to stop at once.
BUFFER_SIZE = 1 << 20

# SHA-256 takes some 1.5 GB/s and core. More threads would outrun any disk, and make one with a head seek.
MOST_THREADS = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file turned out to be: so many bytes with that digest and pieces, or the error that ended the reading.

    ``status`` is that of the file, before and after; None when something happened to it meanwhile. ``unread``: only its
    size was looked at.
    """

    size: int = 0
    digest: Digest | None = None
    pieces: Pieces | None = None
    error: PackLlamaError | None = None
    status: os.stat_result | None = None
    unread: bool = False

    def may_be(self, digest: Digest) -> bool:
        """Whether nothing is known that speaks against it."""
        return self.unread or self.digest == digest


def read_all(paths: Sequence[Path], *, observer: Observer, stop: Stop) -> list[Reading]:
    """Read every file; one reading per path, in the same order.

    Raises:
        Cancelled: ``stop`` was set.
    """
    sizes = [_size(path) for path in paths]
    observer.planned(sum(sizes))
    order = sorted(range(len(paths)), key=lambda index: -sizes[index])
    work = _Work(paths, order, observer, stop)
    threads = max(1, min(MOST_THREADS, os.cpu_count() or 1, len(paths)))
    with ThreadPoolExecutor(threads, thread_name_prefix="verify") as pool:
        running = [pool.submit(work.run) for _ in range(threads)]
        try:
            for future in running:
                future.result()
        finally:
            work.end()
    return [work.readings[index] for index in range(len(paths))]


class _Work:
    """What the threads share."""

    def __init__(self, paths: Sequence[Path], order: Sequence[int], observer: Observer, stop: Stop) -> None:
        self.readings: dict[int, Reading] = {}
        self._paths = paths
        self._order: Iterator[int] = iter(order)
        self._observer = observer
        self._stop = stop
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def end(self) -> None:
        """One thread failed, or the caller is gone: the others shall not go on."""
        self._ended.set()

    def run(self) -> None:
        """Read files until none is left."""
        buffer = page_buffer(BUFFER_SIZE)
        while (index := self._next()) is not None:
            try:
                self.readings[index] = self._read(self._paths[index], buffer)
            except BaseException:
                self.end()
                raise

    def _next(self) -> int | None:
        with self._lock:
            return None if self._ended.is_set() else next(self._order, None)

    def _read(self, path: Path, buffer: memoryview) -> Reading:
        self._stop.check()
        try:
            descriptor = open_plain(path, what="a blob")
        except PackLlamaError as error:
            return Reading(error=error)
        try:
            return self._hash(path, descriptor, buffer)
        finally:
            os.close(descriptor)

    def _hash(self, path: Path, descriptor: int, buffer: memoryview) -> Reading:
        algorithm, size, before = StepHash(step=PIECE_BYTES), 0, os.fstat(descriptor)
        while not self._ended.is_set():
            self._stop.check()
            try:
                with translated("reading", path):
                    count = os.readv(descriptor, [buffer])
            except PackLlamaError as error:
                return Reading(size, error=error)
            if count == 0:
                break
            algorithm.update(buffer[:count])
            size += count
            with self._lock:
                self._observer.advanced(count)
        hashes = algorithm.hashes()
        status = before if is_unchanged(os.fstat(descriptor), before) else None
        return Reading(size, Digest(hashes.whole), Pieces.of(hashes.beginnings), status=status)


def _size(path: Path) -> int:
    """0 for what cannot be looked at: reading it will say why."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
