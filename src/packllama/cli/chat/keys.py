"""The keyboard, while nobody is asked anything."""

import contextlib
import sys
import termios
from collections.abc import Iterator

_INPUT_FLAGS, _LOCAL_FLAGS, _KEYS = 0, 3, 6  # where they stand in what tcgetattr gives
_NO_KEY = b"\0"


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
    # Ctrl-\ would end the program at once and leave the terminal like this.
    held[_KEYS][termios.VQUIT] = _NO_KEY
    termios.tcsetattr(keyboard, termios.TCSANOW, held)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)
