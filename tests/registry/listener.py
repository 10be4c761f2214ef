"""A web server on loopback, down at the socket, so that it can break every rule there is."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked. The names of the headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def range(self) -> tuple[int, int] | None:
        """The bytes asked for, from one up to another."""
        text = self.headers.get("range", "")
        if not text:
            return None
        first, _, last = text.removeprefix("bytes=").partition("-")
        return int(first), int(last) + 1


class Close(Exception):
    """Raised by whoever answers: the connection ends here."""


Answering: TypeAlias = Callable[[Request, socket.socket], None]


def reply(status: int, headers: Mapping[str, object] = {}, body: bytes = b"") -> bytes:
    """An answer as it goes over the line. ``Content-Length`` is the body's, unless it is said otherwise."""
    lines = {"Content-Length": len(body)} | dict(headers)
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


class Listener:
    """A context manager; entered, it listens. ``requests`` are all that came, ``connections`` how many there were.

    ``answering`` is called from a thread per connection. ``tls``: what a secure one needs.
    """

    def __init__(
        self, answering: Answering, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._answering = answering
        self._tls = tls
        self._socket = socket.create_server((address, port))
        self.address, self.port = self._socket.getsockname()[:2]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.leaving = threading.Event()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}"

    @property
    def host(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def credentials(self) -> int:
        """How often somebody showed who they are."""
        secrets = {"authorization", "proxy-authorization", "cookie"}
        return sum(1 for request in self.requests if secrets & request.headers.keys())

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.leaving.set()
        for sock in (self._socket, *self._open):
            shut_down(sock)
        for thread in self._threads:
            thread.join()

    def _start(self, run: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=run, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.leaving.is_set():
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            with sock, sock.makefile("rb") as lines:
                while request := _read(lines.readline, number):
                    self.requests.append(request)
                    self._answering(request, sock)
        except (OSError, Close):
            sock.close()


def shut_down(sock: socket.socket) -> None:
    """Close a socket in which another thread may be waiting."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def _read(readline: Callable[[], bytes], connection: int) -> Request | None:
    words = readline().decode().split()
    if not words:
        return None
    headers = {}
    while line := readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(words[0], words[1], headers, connection)
