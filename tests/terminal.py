"""The program on a real pseudo-terminal, and the screen that a person sees."""

import sys
import termios
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import pexpect
import pyte

from tests.program import environment

# The program believes in its 24 rows; here nothing scrolls away.
_KEPT_ROWS = 400
HINT = "Send a message (/? for help)"
CONTINUED_HINT = "Press Enter to send"


class Terminal(AbstractContextManager["Terminal"]):
    """``packllama ARGS``, started on a terminal of its own. Leaving it kills what is left of the program."""

    def __init__(
        self,
        *args: str,
        cwd: Path,
        env: Mapping[str, str | None] | None = None,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "packllama", *args],
            cwd=str(cwd),
            env=environment(cwd, {"TERM": "xterm-256color", **(env or {})}),
            dimensions=(rows, columns),
            echo=True,
        )
        self._child.delaybeforesend = None
        self._screen = pyte.Screen(columns, _KEPT_ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._prompt_row = -1
        self.raw = b""
        # Whether the program has left the terminal as a shell wants it. Known when it has ended.
        self.echoes = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close(force=True)

    @property
    def pid(self) -> int:
        return int(self._child.pid)

    @property
    def lines(self) -> list[str]:
        """What is on the screen, without blanks at the ends of lines and empty lines at the end."""
        text = "\n".join(line.rstrip() for line in self._screen.display)
        return text.rstrip("\n").split("\n")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column."""
        return self._screen.cursor.y, self._screen.cursor.x

    def colour_of(self, text: str) -> str:
        """The colour of the first character of a text on the screen."""
        row = next(number for number, line in enumerate(self.lines) if text in line)
        cell = self._screen.buffer[row][self._screen.display[row].index(text)]
        return str(cell.fg)

    def type(self, keys: str) -> None:
        """Press keys."""
        self._child.send(keys)

    def resize(self, columns: int) -> None:
        self._child.setwinsize(24, columns)
        self._screen.resize(columns=columns)

    def wait(self, condition: Callable[[], object], seconds: float = 20.0) -> float:
        """Seconds until what is shown fulfils a condition; fails when it does not in time."""
        began = time.monotonic()
        while not condition():
            left = seconds - (time.monotonic() - began)
            assert left > 0, f"it did not appear in time on\n{self.text}"
            try:
                self._take(self._child.read_nonblocking(1 << 16, timeout=left))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                assert condition(), f"the program ended; left on the screen is\n{self.text}"
        return time.monotonic() - began

    def wait_for(self, text: str, seconds: float = 20.0) -> float:
        """Seconds until a text is on the screen."""
        return self.wait(lambda: text in self.text, seconds)

    def wait_for_prompt(self, prompt: str = ">>> ", hint: str = HINT, seconds: float = 20.0) -> float:
        """Seconds until a prompt waits below the one of the call before."""
        took = self.wait(lambda: self._waits(prompt, hint), seconds)
        self._prompt_row = self.cursor[0]
        return took

    def wait_end(self, seconds: float = 20.0) -> int:
        """The exit status, or minus the signal that ended the program."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._take(self._child.read_nonblocking(1 << 16, timeout=max(0.0, deadline - time.monotonic())))
            except pexpect.EOF:
                break
            except pexpect.TIMEOUT as error:
                raise AssertionError(f"it did not end in time:\n{self.text}") from error
        self.echoes = bool(termios.tcgetattr(self._child.child_fd)[3] & termios.ECHO)
        self._child.close(force=False)
        status = self._child.exitstatus
        return int(status) if status is not None else -int(self._child.signalstatus)

    def hang_up(self) -> None:
        """Close the terminal, as when its window is closed."""
        self._child.ptyproc.fileobj.close()

    def _take(self, data: bytes) -> None:
        self.raw += data
        self._stream.feed(data)

    def _waits(self, prompt: str, hint: str) -> bool:
        row, column = self.cursor
        line = self._screen.display[row].rstrip()
        return row > self._prompt_row and column == len(prompt) and line == (prompt + hint).rstrip()
