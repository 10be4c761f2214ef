"""Run the program on a terminal of 80 columns and 24 lines, type, and read what it shows."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyte

from tests.program import environment
from tests.terminal import CONTINUED_HINT, HINT, Terminal

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-_])")


def on_terminal(args: list[str], *, cwd: Path, env: dict[str, str]) -> tuple[int, str]:
    """The exit status, and the text without escapes, its lines ended by LF. Nothing is typed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "packllama", *args],
        cwd=cwd,
        env=environment(cwd, {"TERM": "xterm", **env}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = _read_all(ours)
    os.close(ours)
    text = _ESCAPES.sub("", shown.decode("utf-8", "replace"))
    return process.returncode, text.replace("\r\n", "\n").replace("\r", "\n")


def typed_on_terminal(
    args: list[str], steps: list[tuple[str, str | None]], *, cwd: Path, env: dict[str, str]
) -> tuple[int, str]:
    """The exit status, and what is left on the screen. A step is a text to wait for and keys to press."""
    hints = {">>> ": HINT, "... ": CONTINUED_HINT}
    with Terminal(*args, cwd=cwd, env=env) as terminal:
        for awaited, keys in steps:
            if awaited in hints:
                terminal.wait_for_prompt(awaited, hints[awaited])
            else:
                terminal.wait_for(awaited)
            terminal.type(keys or "")
        return terminal.wait_end(), terminal.text


def left_on_screen(recorded: str) -> str:
    """What a recorded text leaves on the screen, its hints replaced by what was typed."""
    screen = pyte.Screen(80, recorded.count("\n") + 10)
    pyte.Stream(screen).feed(recorded.replace(HINT, "").replace(CONTINUED_HINT, "").replace("\n", "\r\n"))
    return "\n".join(line.rstrip() for line in screen.display).rstrip("\n")


def _read_all(descriptor: int) -> bytes:
    """Until the last process has closed the terminal, which Linux reports as an error."""
    pieces = []
    while True:
        try:
            piece = os.read(descriptor, 1 << 16)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)
