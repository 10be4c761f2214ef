"""``pull`` where somebody means ill: who is asked, who is told a secret, whose certificate counts."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.certificates import make_certificate
from tests.registry.listener import Listener, Request, reply
from tests.registry.registry import Registry, Trick, ranged, says, wants_token
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_pull import MIB, WEIGHTS, is_whole, m

TOKEN = says(reply(200, {}, b'{"token":"secret-token"}'), to="/token?")


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as there:
        there.put("library/m", "latest", weights=WEIGHTS)
        yield there


@pytest.fixture
def storage() -> Iterator[Registry]:
    """Another host, which has the weights under any path."""
    with Registry(address="127.0.0.3") as there:
        there.tricks = [_gives_weights]
        yield there


def _gives_weights(request: Request, sock: socket.socket) -> bool:
    sock.sendall(ranged(request, WEIGHTS))
    return True


def sends_away(to: Listener, *, behind: int = 0) -> Trick:
    """To a signed link elsewhere for whatever of the weights begins behind a byte."""

    def trick(request: Request, sock: socket.socket) -> bool:
        if "/blobs/" not in request.target or request.range is None or request.range[0] < behind:
            return False
        if request.range[1] <= 2:  # the config is small
            return False
        sock.sendall(reply(307, {"Location": f"{to.url}/data?signature=abc"}))
        return True

    return trick


def test_whose_certificate_is_trusted(store: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, tls = make_certificate(tmp_path)
    with Registry(tls=tls) as there:
        there.put("library/m", "latest", weights=WEIGHTS)
        done = run("pull", m(there))
        assert done.status == 6
        assert "certificate is not trusted" in done.err
        assert "SSL_CERT_FILE" in done.err
        assert not there.requests
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        done = run("pull", m(there))
        assert done.status == 0, done.err
        assert is_whole(store, there)


def test_links_in_a_manifest_are_not_asked(registry: Registry, storage: Registry, store: Path, run: Run) -> None:
    raw = json.loads(registry.manifests["library/m:latest"])
    for layer in [*raw["layers"], raw["config"]]:
        layer["urls"] = [f"{storage.url}/elsewhere"]
    registry.manifests["library/m:latest"] = json.dumps(raw).encode()
    done = run("pull", m(registry), "--insecure")
    assert done.status == 0, done.err
    assert is_whole(store, registry)
    assert not storage.requests


def test_the_token_stays_when_the_rest_is_elsewhere(
    registry: Registry, storage: Registry, store: Path, run: Run
) -> None:
    """The first run breaks off, the second goes on behind it, and is sent to another host for that."""
    needs_token = wants_token(f"{registry.url}/token")
    breaks = says(reply(500), to=f"/blobs/{registry_digest(registry)}", times=None)
    registry.tricks = [TOKEN, needs_token, _only_behind(2 * MIB, breaks)]
    assert run("pull", m(registry), "--insecure", "--parallel", "1", "--retry", "0").status == 6
    asked = len(registry.requests)
    registry.tricks = [TOKEN, needs_token, sends_away(storage)]
    done = run("pull", m(registry), "--insecure")
    assert done.status == 0, done.err
    assert is_whole(store, registry)
    again = [request.range for request in [*registry.requests[asked:], *storage.requests] if request.range]
    assert min(start for start, stop in again if stop > 2) >= MIB  # the config is small
    assert storage.requests
    assert not any("authorization" in request.headers for request in storage.requests)


def registry_digest(registry: Registry) -> str:
    return str(json.loads(registry.manifests["library/m:latest"])["layers"][0]["digest"])


def _only_behind(start: int, trick: Trick) -> Trick:
    return lambda request, sock: bool(request.range and request.range[0] >= start and trick(request, sock))


def test_links_are_the_registrys_own(registry: Registry, storage: Registry, run: Run) -> None:
    registry.tricks = [sends_away(storage)]
    done = run("links", m(registry), "--insecure", "--format", "urls")
    assert done.status == 0, done.err
    assert {line.partition("/v2/")[0] for line in done.out.splitlines()} == {registry.url}
    assert not storage.requests


def test_no_faster_than_is_allowed(registry: Registry, store: Path, run: Run) -> None:
    began = time.monotonic()
    done = run("pull", m(registry), "--insecure", "--limit-rate", "5M", "--parallel", "2")
    assert done.status == 0, done.err
    assert time.monotonic() - began > 0.8  # 5.2 MB, of which the first buffer is free
    assert is_whole(store, registry)
