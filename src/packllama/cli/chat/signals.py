"""Signals, for as long as a block runs."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from packllama.base.stop import Stop

# What ends the program: somebody asks it to, or the terminal is gone.
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def heard(number: signal.Signals, act: Callable[[], None], *, alone: bool = False) -> Iterator[None]:
    """Call ``act`` at each such signal, and then what handled it before, unless ``alone``."""
    before = signal.getsignal(number)

    def handle(caught: int, frame: FrameType | None) -> None:
        act()
        if callable(before) and not alone:
            before(caught, frame)

    signal.signal(number, handle)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextlib.contextmanager
def ended_by(act: Callable[[], None]) -> Iterator[None]:
    """Call ``act`` when the program is to end, and then what handled that before."""
    with contextlib.ExitStack() as stack:
        for number in _ENDING:
            stack.enter_context(heard(number, act))
        yield


def talking() -> contextlib.AbstractContextManager[None]:
    """A conversation, which Ctrl-C does not end, also when it comes a moment too late for an answer."""
    return heard(signal.SIGINT, lambda: None, alone=True)


@contextlib.contextmanager
def stoppable(ending: Stop) -> Iterator[Stop]:
    """A stop for one answer: set by Ctrl-C, and by what ends the program, which ``ending`` tells of."""
    stop = Stop()
    with heard(signal.SIGINT, stop.set), ended_by(stop.set):
        if ending.is_set():
            stop.set()
        yield stop
