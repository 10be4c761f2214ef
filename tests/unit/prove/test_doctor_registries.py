"""Whether registries can be reached, asked of ones on loopback."""

import re
import socket
from email.utils import formatdate
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled
from packllama.base.http import Client
from packllama.base.stop import Stop
from packllama.prove.doctor import registries
from packllama.prove.doctor.checkup import Fact, Level
from tests.registry.clients import QUICK, Names, client_of
from tests.registry.listener import Listener, Request, reply
from tests.registry.registry import Registry, says
from tests.unit.prove.patients import patient, sentences, worst

NOW = 1_700_000_000.0


def reached(there: Listener) -> list[Fact]:
    """By a name, as registries are."""

    def client(url: str) -> Client:
        return client_of(url, limits=QUICK, names=Names(**{"registry.test": [str(there.address)]}))

    return list(registries.reach(f"http://registry.test:{there.port}", client, clock=lambda: NOW))


@pytest.mark.parametrize(
    ("status", "level", "said"),
    [
        (200, Level.OK, r"http://registry\.test:\d+ answers \(200\) after \d+ ms"),
        (401, Level.OK, r"answers \(401\)"),
        (404, Level.OK, r"answers \(404\)"),
        (307, Level.OK, r"answers \(307\)"),
        (503, Level.WARNING, r"answers, but fails \(503\) after \d+ ms → Try again later"),
    ],
)
def test_answers(status: int, level: Level, said: str) -> None:
    with Registry() as there:
        there.tricks.append(says(reply(status, {"Location": "http://127.0.0.1:1/"})))
        facts = reached(there)
    assert worst(facts) is level
    assert re.search(said, sentences(facts))
    assert [(request.method, request.target) for request in there.requests] == [("GET", "/v2/")]
    assert there.credentials == 0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, ""),
        (299, ""),
        (-299, ""),
        (86_400, "this machine's clock is 24 hours behind that of http://registry.test"),
        (-600, "this machine's clock is 10 minutes ahead of that of"),
    ],
)
def test_clocks(seconds: int, said: str) -> None:
    with Registry() as there:
        there.tricks.append(says(reply(200, {"Date": formatdate(NOW + seconds, usegmt=True)})))
        warnings = sentences(reached(there), Level.WARNING)
    assert bool(warnings) == bool(said)
    assert said in warnings


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Xyz 99999999999 99:99:99 GMT", "\x1b[31m"])
def test_dates_that_are_none(date: str) -> None:
    with Registry() as there:
        there.tricks.append(says(reply(200, {"Date": date})))
        assert worst(reached(there)) is Level.OK


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Registry() as there:
        there.port = port
        facts = reached(there)
    assert worst(facts) is Level.PROBLEM
    assert f"http://registry.test:{port} cannot be reached: " in sentences(facts)


def test_one_that_never_answers() -> None:
    def hang(_request: Request, _sock: socket.socket) -> None:
        there.leaving.wait()

    with Listener(hang) as there:
        assert worst(reached(there)) is Level.PROBLEM


def test_who_is_asked(tmp_path: Path) -> None:
    """Ollama's and Hugging Face's, the endpoint that is set instead, the mirrors; each once."""
    asked = patient(tmp_path, {"HF_ENDPOINT": "https://hf.test/", "PACKLLAMA_MIRROR": "http://m:5000 https://m"})
    urls = ["https://registry.ollama.ai", "https://hf.co", "https://hf.test", "http://m:5000", "https://m"]
    assert list(registries.urls(asked)) == urls


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://mirror.lan:8080", "http://mirror.lan:8080"),
        ("https://me:hush@mirror.lan/hf/", "https://mirror.lan"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_endpoint_is_asked_as_it_is_written(endpoint: str, url: str, tmp_path: Path) -> None:
    assert list(registries.urls(patient(tmp_path, {"HF_ENDPOINT": endpoint})))[2:] == [url]


def test_stopped(tmp_path: Path) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        list(registries.check(stop=stop)(patient(tmp_path)))
