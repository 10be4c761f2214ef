"""How long the far side may take: nothing it does, or leaves undone, lets us wait for ever."""

import math
import time
from collections.abc import Callable

from packllama.base.errors import Unreachable
from packllama.base.stop import Stop

# What counts as a sign of life. A byte now and then does not: it would keep a dead transfer for days.
_LIFE_BYTES = 1 << 10


class Watch:
    """One wait for one answer, for one thread at a time.

    Whoever waits does so in slices of `SLICE_SECONDS` and looks at this after each.
    """

    def __init__(
        self, stop: Stop, *, stall: float, whole: float, where: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``stall``: seconds without a sign of life. ``whole``: seconds for all of it."""
        self._stop = stop
        self._stall = stall
        self._where = where
        self._clock = clock
        self._end = clock() + whole
        self.alive()

    def now(self) -> float:
        return self._clock()

    def alive(self) -> None:
        """There was a sign of life."""
        self._came = 0
        self._stalled_at = self._clock() + self._stall

    def endless(self) -> None:
        """From now on it may take any time, as long as there are signs of life."""
        self._end = math.inf

    def look(self, count: int = 0) -> None:
        """See whether it may go on, after so many bytes more.

        Raises: Cancelled; Unreachable, when it took too long.
        """
        self._stop.check()
        self._came += count
        if self._came >= _LIFE_BYTES:
            self.alive()
        if self._clock() > min(self._stalled_at, self._end):
            raise Unreachable(
                "the far side answers too slowly or not at all",
                where=self._where,
                hint="Try again later; what was fetched is kept.",
            )


# A Ctrl-C takes no longer than this to end a wait.
SLICE_SECONDS = 0.2
