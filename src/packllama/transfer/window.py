"""Ranges of one blob, fetched several at a time and read strictly in order, through a window of bounded size.

A part that is late while everybody waits for it is asked for once more: the first to come is taken.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import Self

from packllama.base.reading import page_buffer
from packllama.base.stop import Stop
from packllama.transfer.crew import Crew

PART_BYTES = 1 << 20

# While a part is late, the stop is looked at this often.
_POLL_SECONDS = 0.2

# A part is late after so many times what others took, but not before so many seconds: a connection takes some to begin.
_TIMES_LATE, _LATE_SECONDS = 3, 2.0

# Of so many parts that were read it is known what they took.
_RECENT = 16

# Fill the buffer with the bytes from an offset on; end soon after the stop.
Fetch = Callable[[int, memoryview, Stop], None]


class _Asking:
    """One fetch of a part. The buffer is nobody else's until it has ended."""

    future: Future[None]

    def __init__(self, buffer: memoryview) -> None:
        self.buffer = buffer
        self.stop = Stop()
        self.began: float | None = None
        self.took: float | None = None


class _Part:
    """So many bytes from an offset on, asked for once, or twice where they are late."""

    def __init__(self, offset: int, size: int, asking: _Asking) -> None:
        self.offset = offset
        self.size = size
        self.askings = [asking]

    def ended(self) -> _Asking | None:
        """The one that has brought the bytes, or one that failed, when all have."""
        ended = [asking for asking in self.askings if asking.future.done()]
        right = [asking for asking in ended if asking.future.exception() is None]
        return (right or ended)[0] if right or len(ended) == len(self.askings) else None


class Window:
    """A reader whose bytes threads fetch ahead. A context manager, for one caller's thread.

    ``fetch`` is called from the threads, for one part each; what it raises is raised where that part would have been
    read. Nothing is fetched more than ``parts`` parts ahead, and at most one of them twice. Leaving stops what is being
    fetched.
    """

    def __init__(
        self,
        fetch: Fetch,
        start: int,
        end: int,
        *,
        threads: int,
        parts: int,
        part_bytes: int = PART_BYTES,
        stop: Stop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._offset = start
        self._end = end
        self._part_bytes = part_bytes
        self._stop = stop
        self._clock = clock
        self._parts = min(parts, -(-(end - start) // part_bytes))
        # One more, for the part that is fetched twice.
        self._free = [page_buffer(part_bytes) for _ in range(self._parts + 1)]
        self._ahead: deque[_Part] = deque()
        self._outrun: list[_Asking] = []
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._unread = memoryview(b"")
        self._in_part = False
        # One part may be fetched twice.
        self._crew = Crew(min(threads, self._parts + 1), name="range")

    def __enter__(self) -> Self:
        self._ask_ahead()
        return self

    def __exit__(self, *_: object) -> None:
        for part in self._ahead:
            for asking in part.askings:
                asking.stop.set()
        self._crew.leave()

    def readinto(self, buffer: memoryview, /) -> int:
        """Raises: Cancelled, and what ``fetch`` raises."""
        if not self._unread:
            self._leave_part()
            if self._ahead:
                self._unread = self._first_part()
                self._in_part = True
        count = min(len(buffer), len(self._unread))
        buffer[:count] = self._unread[:count]
        self._unread = self._unread[count:]
        return count

    def _leave_part(self) -> None:
        """Ask for another one instead. Not before more is wanted: until then what was read may be lost with us."""
        if self._in_part:
            self._in_part = False
            self._free.append(self._ahead.popleft().askings[0].buffer)
            self._ask_ahead()

    def _first_part(self) -> memoryview:
        """The first part ahead. It stays there until it was read, for its buffer is in use."""
        part = self._ahead[0]
        self._stop.check()
        while (asking := part.ended()) is None:
            wait([each.future for each in part.askings if not each.future.done()], _POLL_SECONDS, FIRST_COMPLETED)
            self._stop.check()
            self._ask_again(part)
        asking.future.result()
        self._recent.append(asking.took or 0.0)
        self._outrun += [each for each in part.askings if each is not asking]
        for each in self._outrun:
            each.stop.set()
        part.askings = [asking]
        return asking.buffer[: part.size]

    def _ask_ahead(self) -> None:
        while len(self._ahead) < self._parts and self._offset < self._end:
            size = min(self._part_bytes, self._end - self._offset)
            self._ahead.append(_Part(self._offset, size, self._ask(self._offset, size)))
            self._offset += size

    def _ask_again(self, part: _Part) -> None:
        """If it is late, and nothing else is being fetched twice."""
        self._free += [asking.buffer for asking in self._outrun if asking.future.done()]
        self._outrun = [asking for asking in self._outrun if not asking.future.done()]
        began = part.askings[0].began
        if len(part.askings) == 1 and not self._outrun and began is not None and self._is_late(began):
            part.askings.append(self._ask(part.offset, part.size))

    def _is_late(self, began: float) -> bool:
        ahead = [asking.took for part in self._ahead for asking in part.askings if asking.took is not None]
        took = sorted([*self._recent, *ahead])
        return bool(took) and self._clock() - began > max(_TIMES_LATE * took[len(took) // 2], _LATE_SECONDS)

    def _ask(self, offset: int, size: int) -> _Asking:
        asking = _Asking(self._free.pop())
        asking.future = self._crew.submit(partial(self._fill, asking, offset, size))
        return asking

    def _fill(self, asking: _Asking, offset: int, size: int) -> None:
        asking.stop.check()
        began = asking.began = self._clock()
        self._fetch(offset, asking.buffer[:size], asking.stop)
        asking.took = self._clock() - began
