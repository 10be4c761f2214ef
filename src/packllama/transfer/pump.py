"""One blob's bytes on their way from a reader into a place, every one of them hashed as it passes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Self

from packllama.base.hashing import Hashing
from packllama.base.observer import Observer
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Blob
from packllama.pieces import PIECE_BYTES, Pieces
from packllama.places.place import Appender, Reader
from packllama.transfer.ranges import ended_early
from packllama.transfer.rate import RateLimit
from packllama.transfer.report import CopyOptions

# The bytes of a blob from an offset on.
ReaderFrom = Callable[[int], AbstractContextManager[Reader]]


@dataclass(frozen=True, slots=True)
class Flow:
    """What all bytes on their way are subject to."""

    observer: Observer
    stop: Stop
    limit: RateLimit | None = None

    @classmethod
    def of(cls, options: CopyOptions, observer: Observer, stop: Stop) -> Self:
        return cls(observer, stop, RateLimit(options.limit_rate) if options.limit_rate else None)


@dataclass(frozen=True, slots=True)
class Pumped:
    """What a blob turned out to be. ``sent`` bytes were new."""

    digest: Digest
    pieces: Pieces
    sent: int


def pump(blob: Blob, reader_from: ReaderFrom, appender: Appender, *, flow: Flow) -> Pumped:
    """Append what is missing of a blob and hash the whole: what an earlier run left is read again.

    The caller compares the digest, and finishes or discards.

    Raises:
        IntegrityError: the reader ended early.
        Cancelled, and what the reader and the appender raise.
    """
    kept = appender.kept
    with Hashing(step=PIECE_BYTES) as hashing:
        again = appender.reread() if kept else None
        if again is not None:
            with again as reader:
                _pass(reader, kept, hashing, flow, None)
        start = 0 if again is None else kept
        if start < blob.size:
            with reader_from(start) as reader:
                _pass(reader, kept - start, hashing, flow, None)
                _pass(reader, blob.size - kept, hashing, flow, appender)
        hashes = hashing.finish()
    return Pumped(Digest(hashes.whole), Pieces.of(hashes.beginnings), blob.size - kept)


def _pass(reader: Reader, count: int, hashing: Hashing, flow: Flow, appender: Appender | None) -> None:
    """Hash the next ``count`` bytes, and append them, where somebody wants them."""
    while count:
        flow.stop.check()
        buffer = hashing.free_buffer()
        filled = buffer[: reader.readinto(buffer[:count])]
        if not filled:
            raise ended_early(count)
        hashing.put(buffer, filled)
        if appender is not None:
            if flow.limit is not None:
                flow.limit.spend(len(filled), stop=flow.stop)
            appender.write(filled)
        flow.observer.advanced(len(filled))
        count -= len(filled)
