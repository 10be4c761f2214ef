"""Blobs read by ranges, from servers that break the rules."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packllama.base.errors import (
    AccessDenied,
    BadAnswer,
    Cancelled,
    IntegrityError,
    Overloaded,
    PackLlamaError,
    Unreachable,
)
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.places.registry import RegistrySource
from packllama.places.store import Store, StoreTarget
from packllama.transfer import CopyOptions, copy
from tests.registry.clients import source_of
from tests.registry.listener import Close, Request, reply
from tests.registry.registry import Registry, Trick, ranged, says
from tests.unit.places.registry.test_find import Listening

NAME = ModelName.parse("m")
DATA = os.urandom(3 << 20)
START, STOP = 1000, 3000
SIZE = len(DATA)


def taken(source: RegistrySource, model: Model, start: int = START, stop: int = STOP) -> bytes:
    """What comes of the weights' bytes from one to another."""
    body = bytearray()
    buffer = memoryview(bytearray(1 << 16))
    with source.read(model.blobs[0], of=model, start=start, stop=stop) as reader:
        while count := reader.readinto(buffer):
            body += buffer[:count]
    return bytes(body)


@pytest.fixture
def there() -> Iterator[Registry]:
    with Registry() as registry:
        registry.put("library/m", "latest", weights=DATA)
        yield registry


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (0, SIZE), (START, STOP), (SIZE - 1, SIZE), (5, 5)])
def test_any_range(there: Registry, start: int, stop: int) -> None:
    source = source_of(there)
    assert taken(source, source.find(NAME), start, stop) == DATA[start:stop]


def test_connections_are_used_again(there: Registry) -> None:
    source = source_of(there)
    model = source.find(NAME)
    for start in range(0, SIZE, 1 << 20):
        assert taken(source, model, start, start + (1 << 20)) == DATA[start : start + (1 << 20)]
    assert there.connections == 1


def test_from_several_threads(there: Registry) -> None:
    source = source_of(there)
    model = source.find(NAME)
    starts = range(0, SIZE, 1 << 16)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda start: taken(source, model, start, start + (1 << 16)), starts))
    assert b"".join(parts) == DATA
    assert there.connections <= 9


PART = DATA[START:STOP]
CHUNKED: dict[str, object] = {"Content-Length": None, "Transfer-Encoding": "chunked"}
RIGHT: dict[str, object] = {"Content-Range": f"bytes {START}-{STOP - 1}/{SIZE}"}


@pytest.mark.parametrize(
    "answer",
    [
        reply(206, RIGHT, PART),
        reply(206, {"Content-Range": f"bytes {START}-{STOP - 1}/*"}, PART),
        reply(206, RIGHT | {"Content-Encoding": "identity"}, PART),
        reply(206, RIGHT | CHUNKED) + b"7d0\r\n" + PART + b"\r\n0\r\n\r\n",
        reply(206, RIGHT | {"Content-Length": None}, PART + b"and more"),
    ],
)
def test_what_is_right(there: Registry, answer: bytes) -> None:
    source = source_of(there)
    model = source.find(NAME)
    there.tricks = [says(answer, to="blobs", then_close=True)]
    assert taken(source, model) == PART


def page(status: int) -> bytes:
    return reply(status, {"Content-Type": "text/html"}, b"<html>log in</html>")


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (reply(206, {"Content-Range": f"bytes 0-{STOP - 1}/{SIZE}"}, PART), BadAnswer, "1000-2999 were asked for"),
        (reply(206, {"Content-Range": f"bytes {START}-{STOP}/{SIZE}"}, PART), BadAnswer, "were asked for"),
        (reply(206, {"Content-Range": "bytes */*"}, PART), BadAnswer, "were asked for"),
        (reply(206, {"Content-Range": "x" * 1000}, PART), BadAnswer, "were asked for"),
        (reply(206, {}, PART), BadAnswer, "were asked for"),
        (reply(206, {"Content-Range": f"bytes {START}-{STOP - 1}/9"}, PART), IntegrityError, "9 bytes there"),
        (reply(206, RIGHT, PART[:-1]), BadAnswer, "1999 bytes"),
        (reply(206, RIGHT, PART + b"x"), BadAnswer, "2001 bytes"),
        (reply(206, RIGHT | {"Content-Length": "-1"}, PART), BadAnswer, "-1 bytes"),
        (reply(206, RIGHT | {"Content-Length": "1e9"}, PART), BadAnswer, "1e9 bytes"),
        (reply(206, RIGHT | {"Content-Type": "multipart/byteranges; boundary=x"}, PART), BadAnswer, "multipart"),
        (reply(206, RIGHT | {"Content-Encoding": "gzip"}, PART), BadAnswer, "gzip"),
        (reply(206, RIGHT | {"Content-Length": None}, PART[:-1]), Unreachable, "1 bytes early"),
        (reply(206, RIGHT | {"Content-Length": STOP - START}, PART[:-1]), Unreachable, "cut off"),
        (reply(200, {}, DATA + b"x"), BadAnswer, f"{SIZE + 1} bytes"),
        (reply(200, {}, DATA[:-1]), BadAnswer, f"{SIZE - 1} bytes"),
        (reply(200, {"Content-Encoding": "gzip", "Content-Length": None}, b"\x1f\x8b"), BadAnswer, "gzip"),
        (reply(200, {}, DATA), BadAnswer, "whole files only"),
        (page(200), BadAnswer, "web page"),
        (page(404), BadAnswer, "web page"),
        (page(511), BadAnswer, "web page"),
        (reply(404), IntegrityError, "it has no blob"),
        (reply(403, {}, b"<Error><Code>AccessDenied</Code></Error>"), AccessDenied, "403"),
        (reply(416), IntegrityError, "fewer bytes there"),
        (reply(429, {"Retry-After": "9"}), Overloaded, "429"),
        (reply(503), Overloaded, "503"),
        (reply(201), BadAnswer, "201"),
    ],
)  # fmt: skip
def test_what_is_wrong(there: Registry, answer: bytes, error: type[PackLlamaError], words: str) -> None:
    source = source_of(there)
    model = source.find(NAME)
    there.tricks = [says(answer, to="blobs", then_close=True)]
    with pytest.raises(error) as caught:
        taken(source, model)
    assert words in str(caught.value)
    assert caught.value.where == there.url


def test_the_beginning_of_a_whole_file_is_used(there: Registry) -> None:
    source = source_of(there)
    model = source.find(NAME)
    there.tricks = [says(reply(200, {}, DATA), to="blobs")]
    assert source.streams > 1
    assert taken(source, model, 0, STOP) == DATA[:STOP]
    assert source.streams == 1
    assert taken(source, model) == PART


def test_a_small_blob_may_come_whole(there: Registry) -> None:
    source = source_of(there)
    model = source.find(NAME)
    there.tricks = [says(reply(200, {}, DATA), to="blobs")]
    assert taken(source, model, 0, SIZE) == DATA
    assert source.streams > 1


def validated(version: Mapping[str, object]) -> Trick:
    def trick(request: Request, sock: socket.socket) -> bool:
        if "blobs" not in request.target:
            return False
        answer = ranged(request, DATA)
        said = "".join(f"{name}: {value}\r\n" for name, value in version.items()).encode()
        sock.sendall(answer.replace(b"\r\n", b"\r\n" + said, 1))
        return True

    return trick


@pytest.mark.parametrize("header", ["ETag", "Last-Modified"])
def test_a_blob_that_becomes_another(there: Registry, header: str) -> None:
    """Two edges of a network may differ in what they call the same file; a file that changes all the time is none."""
    observer = Listening()
    source = source_of(there, observer=observer)
    model = source.find(NAME)
    version = {header: "one"}
    there.tricks = [validated(version)]
    for said in ("one", "two", "one", "two"):
        version[header] = said
        assert taken(source, model) == PART
    assert observer.notes == [f"{there.url} says that {model.blobs[0].digest.short} has changed; its hash will tell"]
    for said in map(str, range(6)):
        version[header] = said
        assert taken(source, model) == PART
    version[header] = "one too many"
    with pytest.raises(BadAnswer, match="again and again"):
        taken(source, model)


class TestStorage:
    """A registry that sends us to a storage for the bytes."""

    @pytest.fixture
    def storage(self) -> Iterator[Registry]:
        with Registry(address="127.0.0.3") as storage:
            yield storage

    def sends_to(self, storage: Registry, there: Registry, status: int = 307) -> None:
        """To a signed link, which the storage knows."""

        def trick(request: Request, sock: socket.socket) -> bool:
            if "blobs" not in request.target:
                return False
            links.append(f"{storage.url}/data?signature={len(links)}")
            sock.sendall(reply(status, {"Location": links[-1]}))
            return True

        links: list[str] = []
        there.tricks = [trick]
        storage.tricks = [gives_data]

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_the_link_is_kept(self, there: Registry, storage: Registry, status: int) -> None:
        source = source_of(there)
        model = source.find(NAME)
        self.sends_to(storage, there, status)
        for _ in range(3):
            assert taken(source, model) == PART
        assert len(there.asked("blobs")) == 1
        assert [request.target for request in storage.requests] == ["/data?signature=0"] * 3
        assert storage.connections == 1

    @pytest.mark.parametrize("status", [401, 403, 404, 410])
    def test_one_that_has_expired_is_asked_for_again(self, there: Registry, storage: Registry, status: int) -> None:
        source = source_of(there)
        model = source.find(NAME)
        self.sends_to(storage, there)
        assert taken(source, model) == PART
        storage.tricks.insert(0, says(reply(status, {}, b"<Error>expired</Error>"), to="=0"))
        assert taken(source, model) == PART
        assert [request.target for request in storage.requests] == [f"/data?signature={i}" for i in (0, 0, 1)]

    @pytest.mark.parametrize("status", [401, 403, 404, 410])
    def test_but_only_once(self, there: Registry, storage: Registry, status: int) -> None:
        source = source_of(there)
        model = source.find(NAME)
        self.sends_to(storage, there)
        assert taken(source, model) == PART
        storage.tricks.insert(0, says(reply(status)))
        with pytest.raises((AccessDenied, IntegrityError, BadAnswer)):
            taken(source, model)
        assert len(storage.requests) == 3

    def test_a_broken_one_is_asked_for_again(self, there: Registry, storage: Registry) -> None:
        source = source_of(there)
        model = source.find(NAME)
        self.sends_to(storage, there)
        assert taken(source, model) == PART
        storage.tricks.insert(0, says(b"", to="=0", then_close=True))
        with pytest.raises(Unreachable):
            taken(source, model)
        assert taken(source, model) == PART
        assert storage.requests[-1].target == "/data?signature=1"


class TestCopy:
    """By the function that moves models."""

    def copied(self, there: Registry, path: Path, *, stop: Stop | None = None, retry: int = 3) -> Store:
        source = source_of(there, stop=stop)
        target = Store(path)
        move = Move(source.find(NAME))
        options = CopyOptions(retry=retry)
        copy([move], sources=[source], target=StoreTarget(target), options=options, stop=stop)
        return target

    def test_a_model(self, there: Registry, tmp_path: Path) -> None:
        target = self.copied(there, tmp_path)
        blob = Blob(Digest.of(DATA), SIZE)
        assert target.path(blob).read_bytes() == DATA

    def test_a_break_is_gone_on_behind(self, there: Registry, tmp_path: Path) -> None:
        there.tricks = [cut_short(100_000)]
        self.copied(there, tmp_path)
        asked = {request.range for request in there.asked(str(Digest.of(DATA))) if request.range}
        assert len(asked) == 4
        assert [(start, stop) for start, stop in asked if (start - 100_000, stop) in asked]

    def test_one_that_never_ends_well(self, there: Registry, tmp_path: Path) -> None:
        there.tricks = [cut_short(100_000, times=1000)]
        with pytest.raises(Unreachable):
            self.copied(there, tmp_path, retry=0)

    def test_from_a_server_that_gives_whole_files_only(self, there: Registry, tmp_path: Path) -> None:
        there.tricks = [gives_whole(there)]
        target = self.copied(there, tmp_path)
        assert target.path(Blob(Digest.of(DATA), SIZE)).read_bytes() == DATA
        assert len(there.asked(str(Digest.of(DATA)))) <= 5  # a part each, then all of it, once

    def test_a_stop(self, there: Registry, tmp_path: Path) -> None:
        stop = Stop()
        there.tricks = [silently(stop.set, until=there.leaving)]
        with pytest.raises(Cancelled):
            self.copied(there, tmp_path, stop=stop)


def gives_whole(registry: Registry) -> Trick:
    def trick(request: Request, sock: socket.socket) -> bool:
        data = registry.blobs.get(request.target.rpartition("/")[2])
        if data is None:
            return False
        sock.sendall(reply(200, {}, data))
        return True

    return trick


def gives_data(request: Request, sock: socket.socket) -> bool:
    sock.sendall(ranged(request, DATA))
    return True


def silently(do: Callable[[], None], *, until: threading.Event) -> Trick:
    """Do something when a blob is asked for, and answer nothing."""

    def trick(request: Request, _: socket.socket) -> bool:
        if "blobs" in request.target:
            do()
            until.wait()
        return False

    return trick


def cut_short(count: int, *, times: int = 1) -> Trick:
    """The first requests for a blob get so many bytes of what they asked for."""
    left = threading.Semaphore(times)

    def trick(request: Request, sock: socket.socket) -> bool:
        if not request.target.endswith(str(Digest.of(DATA))) or not left.acquire(blocking=False):
            return False
        answer = ranged(request, DATA)
        sock.sendall(answer[: answer.index(b"\r\n\r\n") + 4 + count])
        raise Close

    return trick
