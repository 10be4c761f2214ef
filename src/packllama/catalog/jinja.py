"""What a GGUF's own chat template writes for given conversations: rendered in a bounded child process.

The text may come from anybody. Whatever it does, the answer is its renderings or one sentence, and no child is left.
"""

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, TypeAlias

from packllama.base.errors import TemplateError
from packllama.base.stop import Stop
from packllama.catalog.conversations import Request

# Of everything that a template writes. The conversations are short; published templates write 20 KB in all.
MAX_OUTPUT_BYTES = 4 << 20
# The longest published template has some 30,000 characters.
MAX_SOURCE_CHARACTERS = 1 << 20
_MEMORY_BYTES = 200 << 20
_SECONDS = 2.0
# Loading Python and Jinja takes 0.1 s, and much longer on a machine that is busy; no template runs meanwhile.
_START_SECONDS = 20.0
# Should we be killed, the child ends by itself: its start and the 2 s.
_PROCESSOR_SECONDS = 5
# Python needs nothing else when it is isolated.
_ENVIRONMENT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_PACKAGES = ("jinja2", "markupsafe")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The template refused a conversation, or failed on it, in these words."""

    message: str


Rendering: TypeAlias = str | Refusal


def is_installed() -> bool:
    """Whether Jinja is there: an extra of ours, not part of the core."""
    return all(importlib.util.find_spec(package) for package in _PACKAGES)


def render_all(source: str, requests: Mapping[str, Request], *, bos: str, eos: str, stop: Stop) -> dict[str, Rendering]:
    """Render every request, under its name.

    If the first request's first text does not show, the template wants contents as lists of parts and gets them so.

    Raises:
        TemplateError: it does not parse, or takes too much time, memory or output; the message begins with what it
            does: "takes more than 2 s".
        Cancelled: ``stop`` was set.
    """
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise TemplateError(f"has {len(source)} characters, more than the {MAX_SOURCE_CHARACTERS} allowed")
    first = next(iter(requests.values()))
    order = {
        "source": source,
        "bos": bos,
        "eos": eos,
        "shows": first.messages[0]["content"],
        "requests": [request.as_json() for request in requests.values()],
        "path": _path(),
        "bytes": _MEMORY_BYTES,
        "seconds": _PROCESSOR_SECONDS,
    }
    answer = _decoded(_run(json.dumps(order).encode(), stop=stop))
    return {
        name: Refusal(error) if text is None else text for name, (text, error) in zip(requests, answer, strict=True)
    }


def _path() -> list[str]:
    specs = [importlib.util.find_spec(package) for package in _PACKAGES]
    return [str(Path(spec.origin).parents[1]) for spec in specs if spec and spec.origin]


def _decoded(answer: bytes) -> list[tuple[str | None, str]]:
    try:
        decoded = json.loads(answer)
    except ValueError as error:
        raise TemplateError("ends the process that renders it") from error
    if isinstance(decoded, str):
        raise TemplateError(decoded)
    return [(text, error) for text, error in decoded]


def _run(order: bytes, *, stop: Stop) -> bytes:
    code = resources.files(__package__).joinpath("jinja_child.py").read_text("utf-8")
    try:
        process = subprocess.Popen(
            (sys.executable, "-I", "-S", "-c", code),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            # Out of the terminal's reach: Ctrl-C asks us to stop.
            start_new_session=True,
        )
    except OSError as error:
        raise TemplateError(f"cannot be rendered here: {error.strerror} (while starting Python)") from error
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the child was started without pipes")
    pieces: SimpleQueue[bytes] = SimpleQueue()
    reader = threading.Thread(target=_read, args=(process.stdout, pieces), daemon=True)
    with process:
        reader.start()
        try:
            # A child that is gone shows in its answer.
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(order)
            return _gather(pieces, stop=stop)
        finally:
            _kill(process)
            reader.join()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """The child has a session of its own, and so has all that it may have started."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _read(pipe: IO[bytes], pieces: "SimpleQueue[bytes]") -> None:
    """Move what comes from the pipe; the last piece is empty."""
    while piece := os.read(pipe.fileno(), 1 << 16):
        pieces.put(piece)
    pieces.put(b"")


def _gather(pieces: "SimpleQueue[bytes]", *, stop: Stop) -> bytes:
    """The answer. The clock begins with the line that says that the child is ready."""
    answer = bytearray()
    end = time.monotonic() + _START_SECONDS
    while piece := _next(pieces, end=end, stop=stop):
        if not answer:
            end = time.monotonic() + _SECONDS
        answer += piece
        if len(answer) > MAX_OUTPUT_BYTES:
            raise TemplateError(f"writes more than {MAX_OUTPUT_BYTES >> 20} MB")
    return bytes(answer)


def _next(pieces: "SimpleQueue[bytes]", *, end: float, stop: Stop) -> bytes:
    while True:
        stop.check()
        if time.monotonic() > end:
            raise TemplateError(f"takes more than {_SECONDS:.0f} s")
        with contextlib.suppress(Empty):
            return pieces.get(timeout=0.05)
