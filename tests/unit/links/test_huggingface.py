"""Repositories of Hugging Face, and servers that are not what they seem."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from packllama.base.errors import AccessDenied, BadAnswer, ModelNotFound, NotFound, Overloaded, Unsafe, UsageError
from packllama.base.observer import SilentObserver
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.links.huggingface import repository_links
from packllama.links.listing import RepositoryLinks
from packllama.links.typed import is_repository
from packllama.name import ModelName
from tests.registry.listener import Listener, Request, reply

NAME = ModelName.parse("hf.co/me/Repo-GGUF")
TREE = "/api/models/me/Repo-GGUF/tree/main?recursive=true"


class Hub(Listener):
    """Answers by target; a target that nobody told it is not there."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.answers: dict[str, bytes] = {}

    def _answer(self, request: Request, sock: socket.socket) -> None:
        sock.sendall(self.answers.get(request.target, reply(404)))


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as listening:
        yield listening


class Noting(SilentObserver):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def noted(self, text: str) -> None:
        self.notes.append(text)


def file(path: object, size: object = 7, oid: object = "a" * 64) -> dict[str, Any]:
    lfs = {"oid": oid, "size": size, "pointerSize": 130}
    return {"type": "file", "path": path, "size": size, "oid": "b" * 40, "lfs": lfs}


def page(entries: object, **headers: str) -> bytes:
    return reply(200, {"Content-Type": "application/json", **headers}, json.dumps(entries).encode())


def listed(hub: Hub, pattern: str = "", *, token: str = "", observer: Noting | None = None) -> RepositoryLinks:
    settings = Settings(hf_endpoint=hub.url + "/", hf_token=token)
    return repository_links(NAME, settings=settings, pattern=pattern, observer=observer or Noting(), stop=Stop())


def test_files(hub: Hub) -> None:
    entries = [
        {"type": "directory", "path": "Q8_0.gguf", "size": 0, "oid": "b" * 40},
        file("README.md"),
        file("repo-Q4_K_M.gguf", 4_000_000_000),
        file("Q8_0/repo-Q8_0-00001-of-00002.gguf"),
        file("mmproj-repo-F16.GGUF"),
        {"type": "file", "path": "tiny.gguf", "size": 9, "oid": "b" * 40},
        file("+a,b=c@d.gguf"),
    ]
    hub.answers[TREE] = page(entries)
    found = listed(hub)
    assert found.name == "hf.co/me/Repo-GGUF"
    assert [(link.what, link.path, link.size, link.digest is None, link.target) for link in found.links] == [
        ("shard", "Q8_0/repo-Q8_0-00001-of-00002.gguf", 7, False, None),
        ("projector", "mmproj-repo-F16.GGUF", 7, False, None),
        ("model", "repo-Q4_K_M.gguf", 4_000_000_000, False, None),
        ("model", "tiny.gguf", 9, True, None),
    ]
    assert found.links[0].url == f"{hub.url}/me/Repo-GGUF/resolve/main/Q8_0/repo-Q8_0-00001-of-00002.gguf"


def test_pattern(hub: Hub) -> None:
    hub.answers[TREE] = page([file("a/x-Q8_0.gguf"), file("b/x-Q8_0.gguf"), file("y-Q4_0.gguf")])
    assert [link.path for link in listed(hub, "*q4_0*").links] == ["y-Q4_0.gguf"]
    assert [link.path for link in listed(hub, "b/*").links] == ["x-Q8_0.gguf"]
    with pytest.raises(UsageError, match="several folders"):
        listed(hub, "*.gguf")
    with pytest.raises(NotFound, match="like \\*Q2\\*"):
        listed(hub, "*Q2*")


def test_pages(hub: Hub) -> None:
    hub.answers[TREE] = page([file("a.gguf")], Link=f'<{hub.url}/more?cursor=x>; rel="next"')
    hub.answers["/more?cursor=x"] = page([file("b.gguf")], Link='</last>; rel="next"')
    hub.answers["/last"] = page([file("c.gguf")])
    assert [link.path for link in listed(hub).links] == ["a.gguf", "b.gguf", "c.gguf"]


def test_a_repository_that_has_moved(hub: Hub) -> None:
    hub.answers[TREE] = reply(307, {"Location": "/api/models/me/New/tree/main"})
    hub.answers["/api/models/me/New/tree/main"] = page([file("a.gguf")])
    assert len(listed(hub).links) == 1


def test_the_token_goes_to_the_endpoint_alone(hub: Hub) -> None:
    with Hub() as other:
        hub.answers[TREE] = page([file("a.gguf")], Link=f'<{hub.url}/next>; rel="next"')
        for answer in (
            reply(302, {"Location": f"{other.url}/"}),
            page([], Link=f'<{other.url}/>; rel="next"'),
            reply(302, {"Location": f"https://{hub.host}/"}),
            reply(302, {"Location": "file:///etc/passwd"}),
            reply(302, {"Location": "http://[::1"}),
            reply(302, {"Location": rf"{other.url}\@{hub.host}/"}),
            page([], Link=rf'<{other.url}\@{hub.host}/>; rel="next"'),
        ):
            hub.answers["/next"] = answer
            with pytest.raises(Unsafe):
                listed(hub, token="hf_secret")
        assert {request.headers["authorization"] for request in hub.requests} == {"Bearer hf_secret"}
        assert not other.requests


def test_without_a_token_none_is_sent(hub: Hub) -> None:
    hub.answers[TREE] = page([file("a.gguf")])
    listed(hub)
    assert hub.credentials == 0


@pytest.mark.parametrize(
    "entries",
    [
        {"error": "x"}, "x", ["x"], [[]], [file("a.gguf", -1)], [file("a.gguf", 1.5)], [file("a.gguf", 2**51)],
        [file("a.gguf", "7")], [file("a.gguf", oid="../../x")], [file("a.gguf", oid=7)], [file(7)],
        [{"type": "file", "path": "a.gguf", "size": 7, "lfs": []}],
    ],
    ids=str,
)  # fmt: skip
def test_lists_that_are_none(hub: Hub, entries: object) -> None:
    hub.answers[TREE] = page(entries)
    with pytest.raises(BadAnswer):
        listed(hub)


@pytest.mark.parametrize("body", [b"", b"[", b"[" * 100_000, b'[{"size":1e999}]', b"\xff", b" " * (5 << 20)])
def test_what_is_no_json(hub: Hub, body: bytes) -> None:
    hub.answers[TREE] = reply(200, {}, body)
    with pytest.raises(BadAnswer):
        listed(hub)


def test_endless_pages(hub: Hub) -> None:
    hub.answers[TREE] = page([file("a.gguf")], Link=f'<{hub.url}{TREE}>; rel="next"')
    with pytest.raises(BadAnswer, match="pages"):
        listed(hub)
    assert len(hub.requests) == 50


def test_endless_redirects(hub: Hub) -> None:
    hub.answers[TREE] = reply(302, {"Location": TREE})
    with pytest.raises(BadAnswer, match="redirects"):
        listed(hub)


@pytest.mark.parametrize(
    "path",
    [
        "../x.gguf",
        "/x.gguf",
        "a/../x.gguf",
        "$(touch canary).gguf",
        "'.gguf",
        "-o.gguf",
        "a b.gguf",
        "a\nb.gguf",
        "ä.gguf",
    ],
)
def test_paths_that_are_left_out(hub: Hub, path: str) -> None:
    observer = Noting()
    hub.answers[TREE] = page([file(path), file("good.gguf")])
    assert [link.path for link in listed(hub, observer=observer).links] == ["good.gguf"]
    assert observer.notes == ["hf.co/me/Repo-GGUF: left out, for their unusual names: 1"]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (reply(401), ModelNotFound, "HF_TOKEN"),
        (reply(404), ModelNotFound, "HF_TOKEN"),
        (reply(403, {"X-Error-Code": "GatedRepo"}), AccessDenied, "Accept its terms"),
        (reply(429, {"Retry-After": "60"}), Overloaded, "60 seconds"),
        (reply(503), Overloaded, "later"),
        (reply(418), BadAnswer, "418"),
        (reply(200, {}, b"<html>log in</html>"), BadAnswer, ""),
        (page([file("a.txt")]), NotFound, "no GGUF"),
    ],
)
def test_refusals(hub: Hub, answer: bytes, error: type[Exception], words: str) -> None:
    hub.answers[TREE] = answer
    with pytest.raises(error) as caught:
        listed(hub, token="hf_secret")
    assert words in str(caught.value)
    assert "hf_secret" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(hf_endpoint="hf-mirror.com"),
        Settings(hf_endpoint="file:///etc"),
        Settings(hf_endpoint="https://me:secret@h"),
        Settings(hf_endpoint="https://h/$(touch canary)"),
        Settings(hf_token="a\r\nX: y"),
        Settings(hf_token="ä"),
    ],
)
def test_settings_that_cannot_be(settings: Settings) -> None:
    with pytest.raises(UsageError):
        repository_links(NAME, settings=settings, stop=Stop())


def test_settings() -> None:
    assert Settings.read({}).hf_endpoint == "https://huggingface.co"
    read = Settings.read({"HF_ENDPOINT": "https://hf-mirror.com", "HF_TOKEN": " hf_x "})
    assert (read.hf_endpoint, read.hf_token) == ("https://hf-mirror.com", "hf_x")


def test_the_token_is_no_part_of_the_settings_text() -> None:
    assert "secret" not in repr(Settings.read({"HF_TOKEN": "secret"}))


@pytest.mark.parametrize(
    ("name", "endpoint", "is_one"),
    [
        ("hf.co/a/b", "https://huggingface.co", True),
        ("HuggingFace.co/a/b", "https://huggingface.co", True),
        ("hf-mirror.com/a/b", "https://hf-mirror.com", True),
        ("hf-mirror.com/a/b", "https://huggingface.co", False),
        ("gemma3", "https://huggingface.co", False),
        ("gemma3", "http://[::1", False),
    ],
)
def test_what_is_a_repository(name: str, endpoint: str, is_one: bool) -> None:
    assert is_repository(ModelName.parse(name), Settings(hf_endpoint=endpoint)) is is_one
