"""This side of the supervisor: start it, hear what the engine says, know when it ends, end it.

The engine's words are kept, the last 64 KiB of them, and go to the debug log. It knows nothing of HTTP.
May be used from several threads.
"""

import contextlib
import json
import logging
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from typing import IO

from packllama.engine.command import Order, python
from packllama.engine.supervisor import GRACE_SECONDS

_log = logging.getLogger(__name__)

KEPT_BYTES = 64 * 1024
# One line of the engine's talk; longer ones are taken in pieces.
_LINE_BYTES = 16 * 1024
# What was said lies in a pipe of 64 KiB; only something that the engine left behind keeps its end away.
_HEAR_SECONDS = 10.0
# The supervisor needs its grace and a moment; a busy machine may need several moments.
_CLOSE_SECONDS = GRACE_SECONDS + 4


class Tail:
    """The end of what the engine said."""

    def __init__(self) -> None:
        self.heard = 0
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._lock = threading.Lock()

    def add(self, line: bytes) -> None:
        with self._lock:
            self.heard += len(line)
            self._size += len(line)
            self._lines.append(line)
            while self._size > KEPT_BYTES:
                self._size -= len(self._lines.popleft())

    def text(self) -> str:
        with self._lock:
            return b"".join(self._lines).decode(errors="backslashreplace")


class EngineProcess:
    """A supervisor and the engine it holds."""

    def __init__(self, order: Order, *, environ: Mapping[str, str]) -> None:
        self.tail = Tail()
        self._port = order.port
        self._process = subprocess.Popen(
            python("supervisor.py"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            # Out of the terminal's reach: Ctrl-C asks us to stop, not the engine.
            start_new_session=True,
        )
        _, stdout, stderr = self._pipes()
        self._readers = (
            threading.Thread(target=self._hear, args=(stderr,), daemon=True),
            threading.Thread(target=self._await_address, args=(stdout,), daemon=True),
        )
        for reader in self._readers:
            reader.start()
        self._send(order.line())

    @property
    def port(self) -> int | None:
        """Where the engine serves; None while that is not known."""
        return self._port

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait_end(self, seconds: float) -> int | None:
        """The exit status, when the engine ends in time and all it said has been heard; else None."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._readers[0].join(_HEAR_SECONDS)
        return status

    def close(self) -> None:
        """End the engine and wait until it is gone. May be called again."""
        stdin, stdout, stderr = self._pipes()
        with contextlib.suppress(OSError):
            stdin.close()
        if self.wait_end(_CLOSE_SECONDS) is None:
            self._kill()
        for reader, pipe in zip(self._readers, (stderr, stdout), strict=True):
            reader.join(1.0)
            # Something the engine left behind may hold the other end; its reader is a daemon.
            if not reader.is_alive():
                pipe.close()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
        process = self._process
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise AssertionError("the supervisor was started without pipes")
        return process.stdin, process.stdout, process.stderr

    def _send(self, line: bytes) -> None:
        stdin = self._pipes()[0]
        # A supervisor that is gone already shows in `ended`.
        with contextlib.suppress(BrokenPipeError):
            stdin.write(line)
            stdin.flush()

    def _hear(self, pipe: IO[bytes]) -> None:
        while line := pipe.readline(_LINE_BYTES):
            self.tail.add(line)
            _log.debug("%r", line)

    def _await_address(self, pipe: IO[bytes]) -> None:
        line = pipe.readline(_LINE_BYTES)
        if line and self._port is None:
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                self._port = int(json.loads(line)["address"].rpartition(":")[2])

    def _kill(self) -> None:
        _log.warning("the supervisor %d did not end in time and is killed", self._process.pid)
        with contextlib.suppress(ProcessLookupError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self.wait_end(1.0)
