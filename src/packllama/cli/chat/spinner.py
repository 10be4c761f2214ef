"""A sign of life while nothing is there to print yet."""

import itertools
import sys
import threading
from contextlib import AbstractContextManager
from types import TracebackType

from packllama.cli.door import Door

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAME_SECONDS = 0.1
_ERASE = "\x1b[K"


class Spinner(AbstractContextManager["Spinner"]):
    """Turns at the beginning of the line for the block, or until it is stopped. Only on a terminal that draws."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._turn, name="spinner", daemon=True)
        self._drawn = sys.stderr.isatty() and sys.stdout.isatty() and door.settings.draws and not door.quiet

    def __enter__(self) -> "Spinner":
        if self._drawn:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Leave the line as it was. May be called again."""
        if self._drawn and not self._stop.is_set():
            self._stop.set()
            self._thread.join()

    def _turn(self) -> None:
        for frame in itertools.cycle(_FRAMES):
            # An answer that comes at once leaves nothing to be erased.
            if self._stop.wait(_FRAME_SECONDS):
                break
            # The cursor goes back, so that what else is said in between stands in its place.
            if not self._door.bar_is_shown:
                _draw(f"{frame}\r")
        _draw(_ERASE)


def _draw(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
