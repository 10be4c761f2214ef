"""Keep to so many bytes a second, whoever sends them."""

import threading
import time
from collections.abc import Callable

from packllama.base.stop import Stop


class RateLimit:
    """A common allowance. May be shared between threads.

    What was not used does not add up: after a pause nobody may send faster than before it.
    """

    def __init__(self, bytes_per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds_per_byte = 1 / bytes_per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = clock()

    def spend(self, count: int, *, stop: Stop) -> None:
        """Wait until so many bytes may follow those of all callers before.

        Raises: Cancelled.
        """
        with self._lock:
            now = self._clock()
            begins = max(now, self._free_at)
            self._free_at = begins + count * self._seconds_per_byte
        if begins > now:
            stop.wait(begins - now)
