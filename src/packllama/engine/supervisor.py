"""Holds one engine process, so that it never outlives the process that wanted it.

Run as a file of its own by ``process.py``. It reads one JSON line, the order, from its standard input
and starts the engine; the end of that input means that the owner has closed it or is gone, and ends the
engine. The engine's end ends the supervisor, with the engine's exit status (128 + N after signal N).

It imports nothing of ours and little else: it starts with each model and stays as long as it does.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

# Long enough for llama-server to close its sockets, short enough that nothing is left after 2 s.
GRACE_SECONDS = 1.0
# The shell's word for a program that could not be started.
CANNOT_START = 127
_PR_SET_PDEATHSIG = 1


def main() -> int:
    order = json.loads(sys.stdin.buffer.readline())
    try:
        engine = start(order)
    except OSError as error:
        sys.stderr.write(f"cannot start the engine: {error}\n")
        return CANNOT_START
    ended = threading.Event()

    def end(*_: object) -> None:
        threading.Thread(target=stop, args=(engine, ended), daemon=True).start()

    # Only now: the engine would inherit an ignored signal.
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=watch_owner, args=(engine, ended), daemon=True).start()
    status = engine.wait()
    ended.set()
    _signal(engine, "SIGKILL")
    return status if status >= 0 else 128 - status


def start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the engine that the order describes, and hand it its input."""
    engine = subprocess.Popen(
        order["command"],
        env=order["env"],
        stdin=subprocess.DEVNULL if order["input"] is None else subprocess.PIPE,
        # A plain llama-server may print anything anywhere: all of it is talk.
        stdout=sys.stderr if order["input"] is None else None,
        # A group of its own also reaches what a wrapper script started.
        process_group=0 if os.name == "posix" else None,
        preexec_fn=_die_with_me(),  # noqa: PLW1509  there is no second thread yet
    )
    if engine.stdin is not None:
        # The pipe stays open: its end tells the engine that this process was killed.
        with contextlib.suppress(BrokenPipeError):
            engine.stdin.write(order["input"].encode() + b"\n")
            engine.stdin.flush()
    return engine


def watch_owner(engine: subprocess.Popen[bytes], ended: threading.Event) -> None:
    """Wait for the end of our input, then end the engine."""
    sys.stdin.buffer.read()
    stop(engine, ended)


def stop(engine: subprocess.Popen[bytes], ended: threading.Event) -> None:
    _signal(engine, "SIGTERM")
    if not ended.wait(GRACE_SECONDS):
        _signal(engine, "SIGKILL")


def _signal(engine: subprocess.Popen[bytes], name: str) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(engine.pid, getattr(signal, name))
        else:
            engine.kill()


def _die_with_me() -> Callable[[], None] | None:
    """On Linux the kernel ends the engine when this process is killed; elsewhere only the pipes tell."""
    if sys.platform != "linux":
        return None
    import ctypes  # noqa: PLC0415  only here is it needed

    libc = ctypes.CDLL(None)
    me = os.getpid()

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != me:  # killed between the fork and the line above
            os._exit(CANNOT_START)

    return arm


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # The thread that waits for the owner blocks in a read; an ordinary exit would wait for its lock.
    os._exit(status)
