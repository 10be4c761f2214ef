"""The one way to ask running work to stop. Shared between threads."""

import threading

from packllama.base.errors import Cancelled


class Stop:
    """A flag that a user's Ctrl-C sets and that every blocking call looks at."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask everything that holds this to end soon."""
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raises: Cancelled, when the flag is set."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than until the flag is set.

        Raises: Cancelled, when the flag is set.
        """
        if self._event.wait(seconds):
            raise Cancelled
