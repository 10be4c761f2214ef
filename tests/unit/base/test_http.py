"""A client that waits for nothing for ever, and says what failed."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from packllama.base.errors import (
    AccessDenied,
    BadAnswer,
    Cancelled,
    FarSideError,
    Unreachable,
    UsageError,
)
from packllama.base.http import Client, Origin
from packllama.base.network import Network
from packllama.base.sockets import Endpoint
from packllama.base.stop import Stop
from tests.registry.clients import QUICK, client_of
from tests.registry.listener import Close, Listener, Request, reply

Answering = Callable[[Request, socket.socket], None]


def sends(*parts: bytes, then: Callable[[], None] | None = None) -> Answering:
    def answer(_: Request, sock: socket.socket) -> None:
        for part in parts:
            sock.sendall(part)
        if then:
            then()

    return answer


def close() -> None:
    raise Close


def all_of(client: Client, url: str) -> bytes:
    """By way of the reader for large bodies."""
    body = bytearray()
    buffer = memoryview(bytearray(1000))
    with client.get(url, {}) as answer:
        while count := answer.readinto(buffer):
            body += buffer[:count]
    return bytes(body)


@pytest.mark.parametrize(
    "url",
    [
        "", "registry", "ftp://host", "file:///etc/passwd", "http://", "http://h:99999", "http://h:x", "https://[::1",
        r"http://other\@h/", r"http://h/\x", f"http://{'a' * 254}/", "http://h:0",
    ],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError):
        client_of(url)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://Reg.example:443/a?b", "https://reg.example"),
        ("http://h:443", "http://h:443"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
        ("http://127.0.0.%31/", "http://127.0.0.1"),
        ("http://h@other/", "http://other"),
    ],
)
def test_an_origin_in_words(url: str, text: str) -> None:
    assert str(Origin.of(url)) == text


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (sends(reply(200, {}, b"hello world")), b"hello world"),
        (sends(reply(200)), b""),
        (sends(CHUNKED), b"hello world"),
        (sends(b"HTTP/1.0 200 OK\r\n\r\nhello world", then=close), b"hello world"),
        (sends(b"HTTP/1.1 100 Continue\r\n\r\n", reply(200, {}, b"hello world")), b"hello world"),
        (sends(reply(200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")), b"\x1f\x8b"),
    ],
)
def test_bodies(answer: Answering, body: bytes) -> None:
    with Listener(answer) as there:
        client = client_of(there.url)
        assert all_of(client, there.url) == body
        with client.get(there.url, {}) as again:
            assert again.document(100) == body


def test_a_connection_is_used_again() -> None:
    with Listener(sends(reply(200, {}, b"body"))) as there:
        client = client_of(there.url)
        for _ in range(3):
            with client.get(there.url, {}) as answer:
                assert answer.document(4) == b"body"
        assert there.connections == 1
        with client.get(there.url, {}):
            pass  # leaves bytes behind, which nobody may take for the next answer
        assert all_of(client, there.url) == b"body"
        assert there.connections == 2


def test_what_is_sent() -> None:
    with Listener(sends(reply(200))) as there:
        with client_of(there.url).get(f"{there.url}/a?b=%2f", {"Range": "bytes=0-1"}):
            pass
        [request] = there.requests
    assert (request.method, request.path) == ("GET", "/a")
    assert request.headers["user-agent"].startswith("packllama/")
    assert request.headers["user-agent"].endswith(" (ollama-compatible)")
    assert set(request.headers) == {"host", "user-agent", "accept-encoding", "range"}
    assert request.headers["accept-encoding"] == "identity"


def quick(there: Listener) -> Client:
    """One that gives up soon."""
    return client_of(there.url, limits=QUICK)


def endlessly(part: bytes, *first: bytes) -> Answering:
    def answer(_: Request, sock: socket.socket) -> None:
        for piece in first:
            sock.sendall(piece)
        while True:
            sock.sendall(part)

    return answer


def dripping(part: bytes, *first: bytes) -> Answering:
    """A few bytes at a time, much more often than a stall is."""

    def answer(_: Request, sock: socket.socket) -> None:
        for piece in first:
            sock.sendall(piece)
        while True:
            sock.sendall(part)
            pause.wait(0.02)

    pause = threading.Event()
    return answer


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (sends(), Unreachable, "too slowly"),
        (sends(then=close), Unreachable, "cut off"),
        (sends(HEAD), Unreachable, "too slowly"),
        (sends(HEAD, b"\r\nshort"), Unreachable, "too slowly"),
        (sends(HEAD, b"\r\nshort", then=close), Unreachable, "cut off"),
        (sends(CHUNKED[:-10], then=close), Unreachable, "cut off"),
        (sends(b"SSH-2.0-OpenSSH_9.9\r\n", then=close), BadAnswer, "no answer of a web server"),
        (sends(b"HTTP/1.1 abc\r\n\r\n", then=close), BadAnswer, "no answer of a web server"),
        (endlessly(b"HTTP/1.1 100 Continue\r\n\r\n"), Unreachable, "too slowly"),
        (endlessly(b"A: b\r\n", HEAD), BadAnswer, "no answer of a web server"),
        (endlessly(b"aaaaaaaa", HEAD), BadAnswer, "no answer of a web server"),
        (endlessly(b"body", b"HTTP/1.1 200 OK\r\n\r\n"), BadAnswer, "larger than 65,536 bytes"),
        (endlessly(b"1000\r\n" + b"a" * 4096 + b"\r\n", CHUNKED[:-5]), BadAnswer, "larger than 65,536 bytes"),
        (endlessly(b"A: b\r\n", CHUNKED[:-2]), BadAnswer, "no answer of a web server"),
        (dripping(b"a"), Unreachable, "too slowly"),
        (dripping(b"a", HEAD), Unreachable, "too slowly"),
        (dripping(b"a", HEAD, b"\r\n"), Unreachable, "too slowly"),
        (dripping(b"a" * 100, HEAD, b"\r\n"), Unreachable, "too slowly"),
        (sends(reply(407)), AccessDenied, "407"),
    ],
)
def test_misbehaviour(answer: Answering, error: type[FarSideError], words: str) -> None:
    with Listener(answer) as there:
        before = time.monotonic()
        with pytest.raises(error, match=words) as caught, quick(there).get(there.url, {}) as got:
            got.document(64 << 10)
        assert time.monotonic() - before < 5
        assert caught.value.where == there.url


def test_what_no_web_server_says_is_shown_in_part() -> None:
    with Listener(sends(b"\x00" * 60000 + b"\r\n", then=close)) as there, pytest.raises(BadAnswer) as caught:
        quick(there).get(there.url, {})
    assert len(caught.value.message) < 200


def test_a_dripping_body_stalls_and_a_slow_one_does_not() -> None:
    with Listener(dripping(b"a", HEAD, b"\r\n")) as there, pytest.raises(Unreachable, match="too slowly"):
        all_of(quick(there), there.url)
    slow = b"HTTP/1.1 200 OK\r\nContent-Length: 65000\r\n\r\n"
    with Listener(dripping(b"a" * 650, slow)) as there:
        assert len(all_of(quick(there), there.url)) == 65000


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_nobody_there() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match="cannot be connected to: Connection refused") as caught:
        client_of(url).get(url, {})
    assert caught.value.exit_status == 6


def fails(host: str, port: int) -> list[Endpoint]:
    raise socket.gaierror(-2, "Name or service not known")


def test_no_such_name() -> None:
    client = Client("http://nowhere.example", Network(), stop=Stop(), resolve=fails)
    with pytest.raises(Unreachable, match="no address is known") as caught:
        client.get("http://nowhere.example/", {})
    assert "HTTPS_PROXY" in caught.value.hint


def test_the_next_address_is_tried() -> None:
    with Listener(sends(reply(200, {}, b"body"))) as there:

        def resolve(host: str, port: int) -> list[Endpoint]:
            return [(socket.AF_INET, ("127.0.0.3", port)), (socket.AF_INET, ("127.0.0.1", port))]

        url = f"http://two.example:{there.port}"
        assert all_of(Client(url, Network(), stop=Stop(), resolve=resolve), url) == b"body"


@contextlib.contextmanager
def stopped_when(asked: threading.Event) -> Iterator[Stop]:
    """A stop that is set once something is being waited for."""
    stop = Stop()

    def wait() -> None:
        asked.wait(10)
        stop.set()

    setter = threading.Thread(target=wait)
    setter.start()
    yield stop
    setter.join()


def test_a_stop_ends_the_wait_for_a_name() -> None:
    asked, answered = threading.Event(), threading.Event()

    def resolve(host: str, port: int) -> list[Endpoint]:
        asked.set()
        answered.wait(10)
        return []

    with stopped_when(asked) as stop, pytest.raises(Cancelled):
        before = time.monotonic()
        Client("http://slow.example", Network(), stop=stop, resolve=resolve).get("http://slow.example", {})
    assert time.monotonic() - before < 1
    answered.set()


def test_a_stop_ends_the_wait_for_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        asked = threading.Event()
        asked.set()
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        with stopped_when(asked) as stop, pytest.raises(Cancelled):
            client_of(url, stop=stop).get(url, {})
        for sock in waiting:
            sock.close()


@pytest.mark.parametrize("first", [b"", HEAD, HEAD + b"\r\nshort"])
def test_a_stop_ends_the_wait_for_an_answer(first: bytes) -> None:
    asked = threading.Event()
    with Listener(sends(first, then=asked.set)) as there, stopped_when(asked) as stop:
        client = Client(there.url, Network(), stop=stop)
        before = time.monotonic()
        with pytest.raises(Cancelled), client.get(there.url, {}) as answer:
            answer.document(1 << 20)
        assert time.monotonic() - before < 1


def test_a_stop_ends_a_handshake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked = threading.Event()
        accepted = []

        def accept() -> None:
            accepted.append(silent.accept())
            asked.set()

        accepting = threading.Thread(target=accept)
        accepting.start()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with stopped_when(asked) as stop, pytest.raises(Cancelled):
            Client(url, Network(), stop=stop).get(url, {})
        accepting.join()
        accepted[0][0].close()


def test_what_came_before_a_break_is_not_lost() -> None:
    with Listener(sends(HEAD, b"\r\nshort", then=close)) as there:
        buffer = memoryview(bytearray(100))
        with client_of(there.url).get(there.url, {}) as answer:
            assert bytes(buffer[: answer.readinto(buffer)]) == b"short"
            with pytest.raises(Unreachable):
                answer.readinto(buffer)
