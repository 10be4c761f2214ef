"""Ways to wait for processes without sleeping."""

import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path


def until(condition: Callable[[], object], seconds: float = 10.0) -> float:
    """Seconds until the condition holds; fails when it does not in time."""
    began = time.monotonic()
    tick = threading.Event()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        tick.wait(0.01)
    return time.monotonic() - began


class Watched:
    """Processes that must be gone soon. Opened while they live, so that no process id is mixed up."""

    def __init__(self, *pids: int) -> None:
        self._handles = [os.pidfd_open(pid) for pid in pids]

    def gone_after(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        left = set(self._handles)
        while left and (rest := deadline - time.monotonic()) > 0:
            left -= set(select.select(left, [], [], rest)[0])
        return not left


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
