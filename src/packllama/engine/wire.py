"""HTTP to one engine on 127.0.0.1: a request with a whole answer, a request with a stream of events.

Every request has a connection of its own, which costs nothing here and can be cut: a thread watches the
``Stop`` and shuts the socket, which wakes whoever reads from it, and tells the engine to stop. Answers,
lines and silences are bounded. No proxy, no redirect, no retry, nothing but 127.0.0.1.

Calls may come from several threads.
"""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping

from packllama.base.errors import EngineFailed, EngineRefused
from packllama.base.stop import Stop
from packllama.engine.answer import Document
from packllama.engine.command import HOST

# An event carries a token or two, the last one the prompt again: far below this.
LONGEST_LINE = 8 * 1024 * 1024
LONGEST_ANSWER = 64 * 1024 * 1024
_LONGEST_COMPLAINT = 64 * 1024
# The engine reports progress while it reads a prompt: at least once per batch.
SILENCE_SECONDS = 300.0
# How late a Stop may be noticed.
_WATCH_SECONDS = 0.1


class Wire:
    """The way to one engine."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def healthy(self) -> bool:
        """Whether the engine has loaded its model. Answers at once, and sends no key."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=1.0)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/health", headers={"Connection": "close"})
            response = connection.getresponse()
            # An answer that is not read is a reset for the engine, and its complaint would look like a sign of life.
            response.read(_LONGEST_COMPLAINT)
            return response.status == http.client.OK
        return False

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None, *, stop: Stop) -> Document:
        """The object that the engine answers with. Raises: as `fetch` does."""
        return Document.parse(self.fetch(method, path, body, stop=stop))

    def fetch(self, method: str, path: str, body: Mapping[str, object] | None = None, *, stop: Stop) -> bytes:
        """The whole answer. Raises: EngineFailed, EngineRefused, Cancelled, OSError when the engine goes away."""
        with self._exchange(method, path, body, stop) as response:
            data = response.read(LONGEST_ANSWER + 1)
        if len(data) > LONGEST_ANSWER:
            raise EngineFailed(f"the engine's answer to {path} does not end")
        return data

    def events(self, path: str, body: Mapping[str, object], *, stop: Stop) -> Iterator[bytes]:
        """The data of each server-sent event. Leaving the iterator ends the engine's work.

        Raises: EngineFailed, EngineRefused, Cancelled, OSError when the engine goes away.
        """
        with self._exchange("POST", path, body, stop) as response:
            while line := response.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise EngineFailed(f"the engine sent a line of more than {LONGEST_LINE} bytes")
                stop.check()
                if not line.endswith(b"\n"):
                    raise EngineFailed("the engine's answer breaks off")
                # Other lines are comments that keep the connection awake.
                name, _, data = line.strip().partition(b":")
                if name in (b"data", b"error") and data.strip() != b"[DONE]":
                    yield data.strip() if name == b"data" else b'{"error":%s}' % data.strip()
        stop.check()

    @contextlib.contextmanager
    def _exchange(
        self, method: str, path: str, body: Mapping[str, object] | None, stop: Stop
    ) -> Iterator[http.client.HTTPResponse]:
        stop.check()
        connection = http.client.HTTPConnection(HOST, self._port, timeout=SILENCE_SECONDS)
        data = None if body is None else json.dumps(body).encode()
        with contextlib.closing(connection), _reading(path, stop):
            connection.connect()
            with _cut_by(stop, connection.sock):
                connection.request(method, path, body=data, headers=self._headers)
                with connection.getresponse() as response:
                    if response.status != http.client.OK:
                        raise _refusal(path, response)
                    yield response


@contextlib.contextmanager
def _reading(path: str, stop: Stop) -> Iterator[None]:
    """What a broken connection means: the user's stop, a hang, or an engine that went away."""
    try:
        yield
    except TimeoutError as error:
        raise EngineFailed(f"the engine said nothing for {SILENCE_SECONDS:.0f} s ({path})") from error
    except (OSError, http.client.HTTPException) as error:
        stop.check()
        if isinstance(error, OSError):
            raise
        raise ConnectionResetError(f"the engine's answer to {path} breaks off ({error})") from error


@contextlib.contextmanager
def _cut_by(stop: Stop, sock: socket.socket) -> Iterator[None]:
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_WATCH_SECONDS):
            if stop.is_set():
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _refusal(path: str, response: http.client.HTTPResponse) -> EngineFailed:
    data = response.read(_LONGEST_COMPLAINT)
    try:
        complaint = Document.parse(data).complaint
    except EngineFailed:
        complaint = ""
    said = complaint or repr(data[:80])
    kind = EngineRefused if response.status < http.client.INTERNAL_SERVER_ERROR else EngineFailed
    return kind(f"the engine refused {path} with status {response.status}: {said}")
