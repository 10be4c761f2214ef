"""Answers without end, and other misbehaviour of a server: a refusal within the caps on bytes, depth, pages and memory.

What is slow, rather than large, needs limits of less than half a minute to be tested: see
``tests/unit/base/test_http.py``.
"""

import contextlib
import gzip
import json
import socket

import pytest

from packllama.manifest import MANIFEST_TYPE
from tests.registry.listener import Close, Request, reply
from tests.registry.registry import Registry, Trick, says, wants_token
from tests.threats.refusal import Scene, assert_refused

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNK = b"10000\r\n" + b" " * 0x10000 + b"\r\n"


def endless(first: bytes, part: bytes, *, to: str = "") -> Trick:
    """Send that for as long as anybody listens."""

    def trick(request: Request, sock: socket.socket) -> bool:
        if to not in request.target:
            return False
        with contextlib.suppress(OSError):
            sock.sendall(first)
            while True:
                sock.sendall(part)
        raise Close

    return trick


def nested(depth: int) -> bytes:
    return b'{"layers":' + b"[" * depth + b"]" * depth + b"}"


def manifest(body: bytes, **headers: str) -> Trick:
    return says(reply(200, {"Content-Type": MANIFEST_TYPE, **headers}, body), to="/manifests/")


def bomb() -> bytes:
    return gzip.compress(b" " * (50 << 20))


MISBEHAVIOURS: dict[str, tuple[list[Trick], int, str]] = {
    "a manifest without end": ([endless(HEAD + b"\r\n", b" " * 65536)], 6, "larger than"),
    "chunks without end": ([endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK)], 6, "larger than"),
    "headers without end": ([endless(HEAD, b"X-More: and more\r\n")], 6, "no answer of a web server"),
    "a header without end": ([endless(HEAD + b"X-More: ", b"m" * 65536)], 6, "no answer of a web server"),
    "a status line without end": ([endless(b"HTTP/1.1 200 ", b"O" * 65536)], 6, "no answer of a web server"),
    "a manifest of 5 MB": ([manifest(b'{"layers":[' + b" " * (5 << 20))], 6, "larger than"),
    "JSON 100,000 deep": ([manifest(nested(100_000))], 4, ""),
    "a number of 4 MB": ([manifest(b'{"layers":' + b"9" * (4_000_000) + b"}")], 4, ""),
    "a million empty layers": ([manifest(b'{"layers":[' + b"{}," * 1_000_000 + b"{}]}")], 4, "layers"),
    "a manifest that is a bomb": ([manifest(bomb(), **{"Content-Encoding": "gzip"})], 6, "not asked for"),
    "redirects without end": ([says(reply(307, {"Location": "/v2/library/m/manifests/latest"}))], 6, "10 redirects"),
    "a Location of 60 KB": ([says(reply(307, {"Location": "/" + "x" * 60_000}))], 6, ""),
    "a realm of 60 KB": ([wants_token("x" * 60_000)], 6, ""),
    "an error page of 50 MB": ([says(reply(403, {}, b"<html>" + b"no " * (17 << 20)))], 6, "403"),
    "a web page": ([says(reply(200, {"Content-Type": "text/html"}, b"<html>Sign in"))], 6, "web page"),
    "a length that is none": ([says(HEAD + b"Content-Length: -5\r\n\r\n", then_close=True)], 4, "not JSON"),
    "two lengths": ([says(HEAD + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nabcde", then_close=True)], 6, ""),
}


@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_of_who_is_asked_for_a_manifest(name: str, scene: Scene) -> None:
    tricks, exit, words = MISBEHAVIOURS[name]
    with Registry() as there:
        there.tricks = tricks
        done = assert_refused(scene, "pull", "--insecure", f"{there.host}/library/m", exit=exit, words=[words])
        assert len(done.err) < 2000
        assert len(there.requests) < 40


def test_a_token_without_end(scene: Scene) -> None:
    with Registry() as there:
        there.tricks = [
            endless(HEAD + b"\r\n", b" " * 65536, to="/token"), wants_token(f"{there.url}/token")
        ]  # fmt: skip
        assert_refused(scene, "pull", "--insecure", f"{there.host}/library/m", exit=6, words=["larger than"])


@pytest.mark.parametrize("door", ["links", "create --like", "init --like"])
def test_at_other_doors(door: str, scene: Scene) -> None:
    (scene.folder / "model.gguf").write_bytes(b"GGUF")
    with Registry() as there:
        there.tricks = [endless(HEAD + b"\r\n", b" " * 65536)]
        words = {
            "links": ("links", "--insecure", f"{there.host}/library/m"),
            "create --like": ("create", "x", "--insecure", "--like", f"{there.host}/library/m", "-f", "Fine"),
            "init --like": ("init", "-o", "-", "--insecure", "--like", f"{there.host}/library/m", "model.gguf"),
        }[door]
        from tests.unit.stores import TINY_GGUF

        (scene.folder / "model.gguf").write_bytes(TINY_GGUF)
        (scene.folder / "Fine").write_text("FROM ./model.gguf\n")
        assert_refused(scene, *words, exit=6, words=["larger than"])


BLOB = bytes(range(256)) * 4096


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Range": f"bytes 0-{len(BLOB) - 1}/{1 << 60}"}, BLOB),
        ({"Content-Range": f"bytes 5-{len(BLOB) + 4}/{len(BLOB)}"}, BLOB),
        ({"Content-Range": "bytes */5"}, b""),
        ({"Content-Range": "lies"}, BLOB),
        ({}, BLOB),
        ({"Content-Range": f"bytes 0-{len(BLOB) - 1}/{len(BLOB)}", "Content-Encoding": "gzip"}, gzip.compress(BLOB)),
        ({"Content-Range": f"bytes 0-{len(BLOB) - 1}/{len(BLOB)}"}, bytes(len(BLOB))),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_of_who_is_asked_for_a_blob(headers: dict[str, str], body: bytes, scene: Scene) -> None:
    with Registry() as there:
        there.put("library/m", "latest", weights=BLOB)
        there.tricks = [says(reply(206, headers, body), to="/blobs/")]
        pull = ("pull", "--insecure", "--retry", "0", f"{there.host}/library/m")
        done = scene.run(*pull)
        assert done.status in {5, 6}, done.err
        assert not (scene.store / "manifests" / there.host).exists()
        assert done.megabytes < 200
        there.tricks.clear()
        assert scene.run(*pull).status == 0


def test_a_blob_that_goes_on_behind_its_end(scene: Scene) -> None:
    """No more is read than was asked for."""
    with Registry() as there:
        there.put("library/m", "latest", weights=BLOB)
        there.tricks = [endless(b"HTTP/1.1 200 OK\r\n\r\n", BLOB, to="/blobs/")]
        done = scene.run("pull", "--insecure", "--retry", "0", f"{there.host}/library/m")
        assert done.status in {0, 5, 6}
        assert done.megabytes < 200
