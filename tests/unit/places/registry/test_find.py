"""Manifests asked for: what is found, and what each refusal is called."""

import gzip
from collections.abc import Mapping

import pytest

from packllama.base.errors import (
    AccessDenied,
    BadAnswer,
    InvalidManifest,
    ModelNotFound,
    Overloaded,
    PackLlamaError,
    Unreachable,
)
from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.name import ModelName
from packllama.places.registry import RegistrySource
from tests.registry.clients import QUICK, client_of, source_of
from tests.registry.listener import reply
from tests.registry.registry import Registry, says

NAME = ModelName.parse("m")
TYPE = {"Content-Type": "application/json"}


class Listening(SilentObserver):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def noted(self, text: str) -> None:
        self.notes.append(text)


def test_a_model() -> None:
    with Registry() as there:
        blobs = there.put("library/m", "latest", weights=b"weights")
        model = source_of(there).find(NAME)
        assert model.name == NAME
        assert model.blobs == tuple(blobs)
        assert model.manifest.raw == there.manifests["library/m:latest"]
        [request] = there.requests
    assert request.target == "/v2/library/m/manifests/latest"
    assert request.headers["accept"] == "application/vnd.docker.distribution.manifest.v2+json"


def test_a_mirror_of_another_host() -> None:
    with Registry() as there:
        there.put("me/Repo", "Q4_K_M", weights=b"weights")
        name = ModelName.parse("hf.co/me/Repo:Q4_K_M")
        assert source_of(there).find(name).name == name
        assert there.requests[0].headers["host"] == there.host


PORTAL = b"<html><body>Please log in</body></html>"


@pytest.mark.parametrize(
    ("status", "headers", "body", "error", "words"),
    [
        (404, TYPE, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', ModelNotFound, "model 'm:latest' not found"),
        (404, {"Content-Type": "text/html"}, PORTAL, BadAnswer, "web page"),
        (200, {"Content-Type": "text/html; charset=utf-8"}, PORTAL, BadAnswer, "web page"),
        (200, {}, b"\n" + PORTAL, BadAnswer, "web page"),
        (403, TYPE, b'{"errors":[{"code":"DENIED","message":"no rights"}]}', AccessDenied, "403: no rights"),
        (400, TYPE, b'{"error":"not a valid quantization scheme"}', BadAnswer, "400: not a valid quantization"),
        (400, {}, b"plain  words\n", BadAnswer, "400: plain words"),
        (400, {}, b"x" * 1000, BadAnswer, "x…"),
        (400, {}, b"x" * (1 << 20), BadAnswer, "had: 400"),
        (418, {}, b"", BadAnswer, "418"),
        (204, {}, b"", BadAnswer, "204"),
        (500, TYPE, b'{"errors":{}}', Overloaded, "500"),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(b"{}" * (1 << 20)), BadAnswer, "gzip"),
        (200, TYPE, b"{}", InvalidManifest, "layers"),
        (200, TYPE, b" " * ((4 << 20) + 1), BadAnswer, "larger than 4,194,304 bytes"),
        (200, TYPE | {"Content-Length": 9}, b"{}", Unreachable, "too slowly"),
        (302, {}, b"", BadAnswer, "leads nowhere"),
        (401, {"WWW-Authenticate": "Basic realm=x"}, b"", BadAnswer, "kind of login"),
    ],
)  # fmt: skip
def test_what_is_no_manifest(
    status: int, headers: Mapping[str, object], body: bytes, error: type[PackLlamaError], words: str
) -> None:
    with Registry() as there:
        there.tricks = [says(reply(status, headers, body))]
        with pytest.raises(error) as caught:
            source_of(there, client=client_of(there.url, limits=QUICK)).find(NAME)
    assert words in str(caught.value)
    assert caught.value.where in {there.url, "m:latest"}


def test_what_passes_is_asked_again() -> None:
    hearing = Listening()
    with Registry() as there:
        there.put("library/m", "latest", weights=b"weights")
        there.tricks = [says(reply(503), times=1), says(b"", times=1, then_close=True)]
        source_of(there, observer=hearing).find(NAME)
        assert len(there.requests) == 3
    assert [note.rpartition("; ")[2] for note in hearing.notes] == ["asking again"] * 2


def test_but_not_for_ever() -> None:
    with Registry() as there:
        there.tricks = [says(reply(502))]
        with pytest.raises(Overloaded):
            source_of(there).find(NAME)
        assert len(there.requests) == 3


DATES = {"Date": "Mon, 23 Nov 2026 02:00:00 GMT", "Retry-After": "Mon, 23 Nov 2026 02:00:07 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "99999999999999999999"}, 120),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({}, 0),
        (DATES, 7),
        (DATES | {"Date": None}, 0),
        (DATES | {"Date": "Mon, 23 Nov 2027 02:00:00 GMT"}, 0),
        (DATES | {"Retry-After": "Mon, 23 Nov 2099 02:00:00 GMT"}, 120),
        (DATES | {"Retry-After": "Mon, 23 Nov 2026 02:00:07 -0000"}, 0),
    ],
)
def test_when_to_come_again(headers: Mapping[str, object], seconds: float) -> None:
    class Stopping(Stop):
        def wait(self, seconds: float) -> None:
            waited.append(seconds)

    waited: list[float] = []
    with Registry() as there:
        there.put("library/m", "latest", weights=b"weights")
        there.tricks = [says(reply(429, headers), times=1)]
        RegistrySource(there.host, client=client_of(there.url), insecure=True, stop=Stopping(), pauses=(0,)).find(NAME)
    assert waited == [seconds]


def test_a_model_for_newer_versions_only() -> None:
    hearing = Listening()
    with Registry() as there:
        there.put("library/m", "latest", weights=b"weights")
        there.tricks = [says(reply(412, {}, b"requires a newer version"), times=1)]
        source_of(there, observer=hearing).find(NAME)
        first, second = (request.headers["user-agent"] for request in there.requests)
    assert first.startswith("packllama/")
    assert second.startswith("ollama/")
    assert len(hearing.notes) == 1


def test_a_model_for_nobody_yet() -> None:
    with Registry() as there:
        there.tricks = [says(reply(412, {}, b"requires a newer version"))]
        with pytest.raises(BadAnswer, match="412: requires a newer version"):
            source_of(there).find(NAME)
        assert len(there.requests) == 2
