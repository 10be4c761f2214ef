"""A source that is spared: what another program's unfinished download has of a blob is read there instead."""

import threading
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack

from packllama.base.errors import PackLlamaError
from packllama.base.observer import Observer
from packllama.model import Blob, Model
from packllama.places.place import Extents, Ranges, Reader


class Patched:
    """The ranges of one blob: from extents as far as they reach, the rest from a source.

    Extents that end early or cannot be read are not asked again. May be shared between threads.
    """

    def __init__(self, source: Ranges, blob: Blob, extents: Extents | None, *, kept: int, observer: Observer) -> None:
        """``kept``: so many bytes at the beginning do not count as found."""
        self.streams = source.streams
        self._source = source
        self._extents = extents
        self._ranges: Sequence[range] = extents.extents(blob) if extents else ()
        self._kept = kept
        self._size = blob.size
        self._found = 0
        self._observer = observer
        self._lock = threading.Lock()

    @property
    def found(self) -> int:
        """How many bytes came from the extents. A part that was late and fetched twice may count twice."""
        return min(self._found, self._size - self._kept)

    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> AbstractContextManager[Reader]:
        """The bytes from ``start`` up to ``stop``. Raises what the source raises."""
        return _Patchwork(self, blob, of, start, stop)

    def reach(self, offset: int, end: int) -> tuple[Extents | None, int]:
        """Who has the byte at an offset, None meaning the source, and up to where, ``end`` at most."""
        ranges = self._ranges
        index = bisect_right(ranges, offset, key=lambda known: known.start)
        if index and offset < ranges[index - 1].stop:
            return self._extents, min(ranges[index - 1].stop, end)
        return None, min(ranges[index].start, end) if index < len(ranges) else end

    def open(
        self, extents: Extents | None, blob: Blob, of: Model, start: int, stop: int
    ) -> AbstractContextManager[Reader]:
        """Bytes that `reach` said somebody has."""
        if extents is not None:
            return extents.read(blob, start=start, stop=stop)
        return self._source.read(blob, of=of, start=start, stop=stop)

    def count(self, start: int, stop: int) -> None:
        """These bytes were found in the extents."""
        with self._lock:
            self._found += max(0, stop - max(start, self._kept))

    def lose(self, why: str) -> None:
        """Read everything from the source from now on."""
        with self._lock:
            known, self._ranges = self._ranges, ()
        if known:
            self._observer.noted(f"{why}; the rest of that blob is not taken from the unfinished download")


class _Patchwork(AbstractContextManager["_Patchwork"]):
    """A reader of one range, for one thread."""

    def __init__(self, patched: Patched, blob: Blob, of: Model, start: int, stop: int) -> None:
        self._patched = patched
        self._blob = blob
        self._of = of
        self._offset = start
        self._end = stop
        self._extents: Extents | None = None
        self._until = start  # how far the open reader reaches
        self._reader: Reader | None = None
        self._opened = ExitStack()

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def readinto(self, buffer: memoryview, /) -> int:
        while self._offset < self._end:
            try:
                count = self._readinto(buffer)
            except PackLlamaError as error:
                if self._extents is None:
                    raise
                self._lose(error.sentence)
                continue
            if count or self._extents is None:
                return count
            self._lose("an unfinished download ends early")
        return 0

    def _readinto(self, buffer: memoryview) -> int:
        if self._reader is None or self._offset == self._until:
            self._opened.close()
            self._extents, self._until = self._patched.reach(self._offset, self._end)
            opening = self._patched.open(self._extents, self._blob, self._of, self._offset, self._until)
            self._reader = self._opened.enter_context(opening)
        part = buffer[: self._until - self._offset]
        start, count = self._offset, len(part[: self._reader.readinto(part)])
        self._offset += count
        if self._extents is not None:
            self._patched.count(start, self._offset)
        return count

    def _lose(self, why: str) -> None:
        self._patched.lose(why)
        self._reader = None
