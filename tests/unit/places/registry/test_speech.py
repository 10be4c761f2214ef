"""Tokens and redirects: who is told a secret, and who is asked at all."""

import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import pytest

from packllama.base.errors import AccessDenied, BadAnswer, FarSideError, NoRights, Unsafe
from packllama.base.network import Network
from packllama.model import Model
from packllama.name import ModelName
from packllama.places.registry import RegistrySource
from tests.registry.certificates import make_certificate
from tests.registry.clients import Names, client_of, source_of
from tests.registry.listener import Request, reply
from tests.registry.registry import Registry, Trick, says, wants_token
from tests.unit.places.registry.keys import put_key

NAME = ModelName.parse("m")
DATA = b"weights" * 1000
GIVES = reply(200, {}, b'{"token":"secret-token"}')


@pytest.fixture
def there() -> Iterator[Registry]:
    """On what plays the internet."""
    with Registry() as registry:
        registry.put("library/m", "latest", weights=DATA)
        registry.tricks = [says(GIVES, to="/token?"), wants_token(f"{registry.url}/token")]
        yield registry


def taken(source: RegistrySource, model: Model) -> bytes:
    buffer = memoryview(bytearray(10))
    with source.read(model.blobs[0], of=model, start=5, stop=15) as reader:
        return bytes(buffer[: reader.readinto(buffer)])


class TestToken:
    def test_a_signed_request_for_it(self, there: Registry, tmp_path: Path) -> None:
        source_of(there, key=put_key(tmp_path)).find(NAME)
        refused, asked, again = there.requests
        assert "authorization" not in refused.headers
        assert re.fullmatch(
            r"/token\?nonce=[\w-]{22}&scope=repository%3Alibrary%2Fm%3Apull&service=reg&ts=\d{10}", asked.target
        )
        assert re.fullmatch(r"AAAAC3NzaC1lZDI1NTE5[\w+/]{48}:[\w+/]{86}==", asked.headers["authorization"])
        assert again.headers["authorization"] == "Bearer secret-token"

    def test_it_is_kept(self, there: Registry) -> None:
        source = source_of(there)
        model = source.find(NAME)
        assert taken(source, model) == taken(source, model) == DATA[5:15]
        assert len(there.asked("/token")) == 1

    def test_one_for_all_threads(self, there: Registry) -> None:
        source = source_of(there)
        model = source.find(NAME)
        gives = says(reply(200, {}, b'{"token":"new"}'), to="/token?")
        there.tricks = [gives, wants_token(f"{there.url}/token", token="new")]
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: taken(source, model), range(16))) == {DATA[5:15]}
        assert len(there.asked("/token")) == 2

    def test_the_key_is_not_read_unless_somebody_asks(self, there: Registry, tmp_path: Path) -> None:
        there.tricks = []
        source_of(there, key=tmp_path).find(NAME)  # a folder could not be read

    def test_a_key_of_somebody_else(self, there: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Whoever gives tokens to anybody gives one to us, too."""

        def refuse(_url: str, *, key: Path) -> str:
            raise NoRights("reading the key: Permission denied", where=str(key))

        monkeypatch.setattr("packllama.places.registry.signature.authorization", refuse)
        assert source_of(there, key=tmp_path).find(NAME).name == NAME
        assert "authorization" not in there.requests[1].headers

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (reply(401, {}, b"who are you"), "401: who are you"),
            (reply(404), "404"),
            (reply(307, {"Location": "/token2"}), "307"),
            (reply(200, {}, b"{}"), "gave no token"),
            (reply(200, {}, b'{"token":1}'), "is none"),
            (reply(200, {}, b'{"token":"a\\r\\nX: y"}'), "cannot be sent"),
            (reply(200, {}, b'{"access_token":"x"}'), "gave no token"),
            (reply(200, {}, b"nonsense"), "is none"),
            (reply(200, {}, b" " * (1 << 20)), "larger than"),
            (reply(200, {}, b'{"token":"another"}'), "does not accept"),
        ],
    )
    def test_what_is_no_token(self, there: Registry, answer: bytes, words: str) -> None:
        there.tricks.insert(0, says(answer, to="/token?"))
        with pytest.raises(FarSideError) as caught:
            source_of(there).find(NAME)
        assert words in str(caught.value)

    def test_why_it_could_not_be_signed(self, there: Registry, tmp_path: Path) -> None:
        there.tricks.insert(0, says(reply(401), to="/token?"))
        with pytest.raises(AccessDenied) as caught:
            source_of(there, key=tmp_path / "none").find(NAME)
        assert "no such file" in caught.value.hint


class TestRedirects:
    def test_ten_and_no_more(self) -> None:
        def trick(request: Request, sock: socket.socket) -> bool:
            number = int(request.target.rpartition("=")[2]) if "hop" in request.target else 0
            if number < hops:
                sock.sendall(reply(307, {"Location": f"?hop={number + 1}"}))
            return number < hops

        with Registry() as there:
            there.put("library/m", "latest", weights=DATA)
            there.tricks = [trick]
            hops = 10
            source_of(there).find(NAME)
            hops = 11
            with pytest.raises(BadAnswer, match="more than 10 redirects"):
                source_of(there).find(NAME)

    @pytest.mark.parametrize(
        "location",
        [
            "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x", "javascript:alert(1)",
            "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://[::1", "data:,x", "unix:/x",
        ],
    )  # fmt: skip
    def test_where_none_leads(self, location: str) -> None:
        with Registry() as there:
            there.tricks = [says(reply(302, {"Location": location}))]
            with pytest.raises((Unsafe, BadAnswer)):
                source_of(there).find(NAME)
            assert len(there.requests) == 1

    def test_from_https_to_http(self, tmp_path: Path) -> None:
        certificate, tls = make_certificate(tmp_path)
        with Registry(tls=tls) as there, Registry() as plain:
            there.tricks = [says(reply(307, {"Location": f"{plain.url}/x"}))]
            client = client_of(there.url, network=Network(certificates=certificate))
            with pytest.raises(Unsafe, match="from https to http"):
                source_of(there, client=client).find(NAME)
            assert not plain.requests


# Where a hostile registry would like us to go, seen from one on the internet; the port is the listener's.
INSIDE = [
    "http://127.0.0.2:{port}/x", "http://localhost:{port}/x", "http://inside.example:{port}/x",
    "http://mapped.example:{port}/x", "http://[::ffff:127.0.0.2]:{port}/x", "http://2130706434:{port}/x",
    "http://0x7f000002:{port}/x", "http://me@127.0.0.2:{port}/x", "//127.0.0.2:{port}/x", "http://127.0.0.2.:{port}/x",
]  # fmt: skip
NAMES = {
    "reg.example": ["127.0.0.1"],
    "inside.example": ["127.0.0.2"],
    "mapped.example": ["::ffff:127.0.0.2"],
    "localhost": ["127.0.0.2"],
    "2130706434": ["127.0.0.2"],
    "0x7f000002": ["127.0.0.2"],
    "127.0.0.2.": ["127.0.0.2"],
}


Way: TypeAlias = Callable[[str], list[Trick]]


def at_manifest(location: str) -> list[Trick]:
    return [says(reply(307, {"Location": location}), to="manifests")]


def at_blob(location: str) -> list[Trick]:
    return [says(reply(307, {"Location": location}), to="blobs")]


def at_realm(location: str) -> list[Trick]:
    return [wants_token(location)]


class TestWhoIsAsked:
    """Each way in which a registry can send us somewhere, and each place where it must not."""

    @pytest.mark.parametrize("way", [at_manifest, at_blob, at_realm])
    @pytest.mark.parametrize("target", INSIDE)
    def test_nobody_inside(self, way: Way, target: str, tmp_path: Path) -> None:
        with Registry() as there, Registry(address="127.0.0.2") as inside:
            there.put("library/m", "latest", weights=DATA)
            there.tricks = way(target.format(port=inside.port))
            host = f"reg.example:{there.port}"
            client = client_of(f"http://{host}", names=Names(**NAMES))
            source = source_of(there, client=client, host=host, key=put_key(tmp_path))
            with pytest.raises(FarSideError):
                taken(source, source.find(NAME))
            assert there.requests
            assert inside.connections == 0

    @pytest.mark.parametrize("way", [at_manifest, at_blob])
    def test_a_registry_inside_may_lead_there(self, way: Way) -> None:
        with Registry(address="127.0.0.2") as there, Registry(address="127.0.0.4") as storage:
            for registry in (there, storage):
                registry.put("library/m", "latest", weights=DATA)
            there.tricks = [moved_to(storage, way)]
            source = source_of(there)
            assert taken(source, source.find(NAME)) == DATA[5:15]
            assert storage.requests


def moved_to(storage: Registry, way: Way) -> Trick:
    """The same request, over there."""
    part = "manifests" if way is at_manifest else "blobs"

    def trick(request: Request, sock: socket.socket) -> bool:
        if part not in request.target:
            return False
        sock.sendall(reply(307, {"Location": f"{storage.url}{request.target}"}))
        return True

    return trick


class TestWhoIsToldTheToken:
    @pytest.mark.parametrize("way", [at_manifest, at_blob])
    @pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.3"])
    def test_no_other_port_and_no_other_host(self, there: Registry, way: Way, address: str, tmp_path: Path) -> None:
        with Registry(address=address) as storage:
            storage.put("library/m", "latest", weights=DATA)
            let_in = wants_token(f"{there.url}/token")
            there.tricks = [there.tricks[0], let_in, moved_to(storage, way)]
            source = source_of(there, key=put_key(tmp_path))
            model = source.find(NAME)
            for _ in range(2):
                assert taken(source, model) == DATA[5:15]
            assert there.credentials
            assert storage.requests
            assert storage.credentials == 0

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.3"])
    def test_nor_is_anybody_else_asked_for_it(self, there: Registry, address: str, tmp_path: Path) -> None:
        with Registry(address=address) as other:
            there.tricks = [wants_token(f"{other.url}/token")]
            with pytest.raises(Unsafe, match="to another host"):
                source_of(there, key=put_key(tmp_path)).find(NAME)
            assert other.connections == 0
            assert there.credentials == 0

    def test_nobody_whose_url_looks_like_the_registrys(self, there: Registry) -> None:
        """Of these two hosts some programs read the first one, others the second."""
        with Registry(address="127.0.0.3") as storage:
            there.tricks.append(says(reply(307, {"Location": rf"{storage.url}\@{there.host}/x"}), to="/blobs/"))
            source = source_of(there)
            model = source.find(NAME)
            with pytest.raises(Unsafe, match="not followed"):
                taken(source, model)
            assert there.credentials
            assert storage.connections == 0

    def test_a_storage_that_wants_one_gets_none(self, there: Registry, tmp_path: Path) -> None:
        with Registry(address="127.0.0.3") as storage:
            storage.put("library/m", "latest", weights=DATA)
            storage.tricks = [wants_token(f"{storage.url}/token")]
            there.tricks.append(moved_to(storage, at_blob))
            source = source_of(there, key=put_key(tmp_path))
            model = source.find(NAME)
            with pytest.raises(AccessDenied):
                taken(source, model)
            assert storage.credentials == 0
