"""The keyboard, while nobody is asked anything."""

import contextlib
import sys
import termios
from collections.abc import Iterator

_INPUT_FLAGS, _LOCAL_FLAGS = 0, 3  # where they stand in what tcgetattr gives


@contextlib.contextmanager
def held_keys() -> Iterator[None]:
    """Keep what is typed in the block out of sight, and for the next question; Ctrl-C remains a signal."""
    if not sys.stdin.isatty():
        yield
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    held = termios.tcgetattr(keyboard)
    held[_INPUT_FLAGS] &= ~termios.ICRNL  # Enter stays Enter
    held[_LOCAL_FLAGS] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(keyboard, termios.TCSANOW, held)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)
