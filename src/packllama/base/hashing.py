"""Hash bytes while they pass: one thread hashes beside the one that reads and writes, four buffers go round."""

import hashlib
import queue
import threading
from dataclasses import dataclass
from typing import Protocol, Self

from packllama.base.observer import Observer
from packllama.base.reading import page_buffer
from packllama.base.stop import Stop

# Larger buffers measured slower: these stay in the processor's cache between read, hash and write.
BUFFER_SIZE = 256 << 10
BUFFER_COUNT = 4


@dataclass(frozen=True, slots=True)
class Hashes:
    """SHA-256 in hexadecimal digits: of the whole, and of its beginnings, each a step longer; the last is the whole."""

    whole: str
    beginnings: tuple[str, ...]


class StepHash:
    """The hash of what passes, and of its beginnings. For one thread."""

    def __init__(self, *, step: int) -> None:
        """``step``: after how many bytes each to note the digest of what has passed."""
        self._step = step
        self._size = 0
        self._hash = hashlib.sha256()
        self._beginnings: list[str] = []

    def update(self, data: memoryview) -> None:
        while data:
            part = data[: self._step - self._size % self._step]
            self._hash.update(part)
            self._size += len(part)
            data = data[len(part) :]
            if self._size % self._step == 0:
                self._beginnings.append(self._hash.copy().hexdigest())

    def hashes(self) -> Hashes:
        """The digests of everything so far."""
        whole = self._hash.hexdigest()
        rest = [whole] if self._size % self._step else []
        return Hashes(whole, (*self._beginnings, *rest))


class Hashing:
    """The thread that hashes, and the buffers that go round. A context manager, for one caller's thread.

    For each buffer: take it with `free_buffer`, fill it, `put` it, and only read it from then on. Nobody waits for
    anything but the hashing of what was put in before.
    """

    def __init__(self, *, step: int) -> None:
        """``step``: as for `StepHash`."""
        self._hash = StepHash(step=step)
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        self._full: queue.SimpleQueue[tuple[memoryview, memoryview] | None] = queue.SimpleQueue()
        for _ in range(BUFFER_COUNT):
            self._free.put(page_buffer(BUFFER_SIZE))
        self._thread = threading.Thread(target=self._run, name="hash", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._full.put(None)
        self._thread.join()

    def free_buffer(self) -> memoryview:
        return self._free.get()

    def put(self, buffer: memoryview, filled: memoryview) -> None:
        """Hash ``filled``, the beginning of ``buffer``, which is free again afterwards."""
        self._full.put((buffer, filled))

    def finish(self) -> Hashes:
        """The digests of everything put in so far; nothing may follow."""
        self._full.put(None)
        self._thread.join()
        return self._hash.hashes()

    def _run(self) -> None:
        while (item := self._full.get()) is not None:
            buffer, filled = item
            self._hash.update(filled)
            self._free.put(buffer)


class _Reader(Protocol):
    def readinto(self, buffer: memoryview, /) -> int: ...


def hash_all(reader: _Reader, *, step: int, observer: Observer, stop: Stop) -> Hashes:
    """The digests of all that a reader has. ``step``: as for `StepHash`.

    Raises: Cancelled, and what the reader raises.
    """
    with Hashing(step=step) as hashing:
        while True:
            stop.check()
            buffer = hashing.free_buffer()
            filled = buffer[: reader.readinto(buffer)]
            if not filled:
                return hashing.finish()
            hashing.put(buffer, filled)
            observer.advanced(len(filled))
