"""How far a load is, seen from outside: the engine itself does not say.

On Linux the memory of the engine's process tells it, whether the model is mapped or read. Elsewhere nothing is known.
"""

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from packllama.base.observer import Observer

# Most models are there before anybody looks.
QUIET_SECONDS = 0.5
_LOOK_SECONDS = 0.1


class LoadProgress:
    """Tells an observer how much of a model is in memory."""

    def __init__(self, files: Sequence[Path], observer: Observer) -> None:
        self._size = sum(path.stat().st_size for path in files)
        self._observer = observer
        self._told = -1
        self._next = time.monotonic() + QUIET_SECONDS

    def look(self, supervisor: int) -> None:
        """Look at the engine that a supervisor of this process id holds. Returns at once."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LOOK_SECONDS
        if self._told < 0:
            self._observer.planned(self._size)
            self._told = 0
        seen = min(_resident(supervisor), self._size)
        if seen > self._told:
            self._observer.advanced(seen - self._told)
            self._told = seen


def _resident(supervisor: int) -> int:
    """Bytes of memory that the children of a process hold; 0 where the system does not tell."""
    total = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
            total += int(Path(f"/proc/{child}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return total
