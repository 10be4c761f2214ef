"""Ranges of one blob, fetched several at a time and read strictly in order, through a window of bounded size."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Self

from packllama.base.reading import page_buffer
from packllama.base.stop import Stop

PART_BYTES = 1 << 20

# While a part is late, the stop is looked at this often.
_POLL_SECONDS = 0.2

# Fill the buffer with the bytes from an offset on; end soon after the stop.
Fetch = Callable[[int, memoryview, Stop], None]


class Window:
    """A reader whose bytes threads fetch ahead. A context manager, for one caller's thread.

    ``fetch`` is called from the threads, for one part each; what it raises is raised where that part would have been
    read. Nothing is fetched more than ``parts`` parts ahead. Leaving stops what is being fetched.
    """

    def __init__(
        self, fetch: Fetch, start: int, end: int, *, threads: int, parts: int, part_bytes: int = PART_BYTES, stop: Stop
    ) -> None:
        self._fetch = fetch
        self._offset = start
        self._end = end
        self._stop = stop
        self._left = Stop()
        count = min(parts, -(-(end - start) // part_bytes))
        self._free = [page_buffer(part_bytes) for _ in range(count)]
        self._ahead: deque[tuple[memoryview, Future[memoryview]]] = deque()
        self._unread = memoryview(b"")
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="range")

    def __enter__(self) -> Self:
        self._ask_ahead()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._pool.shutdown(cancel_futures=True)

    def readinto(self, buffer: memoryview, /) -> int:
        """Raises: Cancelled, and what ``fetch`` raises."""
        if not self._unread and self._ahead:
            self._unread = self._next_part()
        count = min(len(buffer), len(self._unread))
        buffer[:count] = self._unread[:count]
        self._unread = self._unread[count:]
        if not self._unread and self._ahead:
            self._free.append(self._ahead.popleft()[0])
            self._ask_ahead()
        return count

    def _next_part(self) -> memoryview:
        """The first part ahead. It stays there until it was read, for its buffer is in use."""
        while True:
            self._stop.check()
            try:
                return self._ahead[0][1].result(timeout=_POLL_SECONDS)
            except NotYet:
                if self._ahead[0][1].done():  # then it was the fetch that timed out
                    raise

    def _ask_ahead(self) -> None:
        while self._free and self._offset < self._end:
            buffer = self._free.pop()
            part = buffer[: self._end - self._offset]
            self._ahead.append((buffer, self._pool.submit(self._fill, self._offset, part)))
            self._offset += len(part)

    def _fill(self, offset: int, part: memoryview) -> memoryview:
        self._left.check()
        self._fetch(offset, part, self._left)
        return part
