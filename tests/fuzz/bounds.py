"""What one input may cost: a second of processor time, 200 MB of memory, and no other error than a sentence."""

import contextlib
import resource
import signal
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from packllama.base.errors import PackLlamaError

SECONDS = 1.0
MEMORY = 200 << 20
# For what waits without working. Far above any time limit that a target has itself.
_WAITING_SECONDS = 60

Target = Callable[[bytes], object]


class TooSlow(BaseException):
    """No program under test may catch it by accident."""


def limit_memory() -> None:
    """Let this process take so much more than it has now; then allocations fail."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        [kibibytes] = [int(line.split()[1]) for line in status if line.startswith("VmData:")]
    # The stacks of threads and what the libraries keep for themselves count, though nobody touches it.
    resource.setrlimit(resource.RLIMIT_DATA, ((kibibytes << 10) + MEMORY,) * 2)


def run_within_bounds(target: Target, data: bytes) -> None:
    """Give a target one input. In the main thread only.

    Raises: TooSlow; MemoryError; whatever the target raises that is no `PackLlamaError`.
    """
    before = signal.signal(signal.SIGPROF, _too_slow), signal.signal(signal.SIGALRM, _too_slow)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.setitimer(signal.ITIMER_REAL, _WAITING_SECONDS)
    try:
        with contextlib.suppress(PackLlamaError):
            target(data)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGPROF, before[0])
        signal.signal(signal.SIGALRM, before[1])


def _too_slow(number: int, frame: FrameType | None) -> NoReturn:
    raise TooSlow(f"{SECONDS} s of processor time" if number == signal.SIGPROF else f"{_WAITING_SECONDS} s")
