"""The ways that a client may go: by TLS, by a proxy, and never to a private address for a stranger."""

import contextlib
import socket
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from packllama.base.errors import (
    AccessDenied,
    MissingFile,
    Unreachable,
    Unsafe,
    UsageError,
)
from packllama.base.http import Client
from packllama.base.network import DIRECT, Network
from packllama.base.sockets import Endpoint
from packllama.base.stop import Stop
from tests.registry.certificates import make_certificate
from tests.registry.clients import STEADY, Names, client_of, seems_public
from tests.registry.listener import Close, Listener, Request, reply, shut_down
from tests.unit.base.test_http import all_of, free_port, sends


class TestTLS:
    def test_a_certificate_of_ones_own(self, tmp_path: Path) -> None:
        certificate, tls = make_certificate(tmp_path)
        with Listener(sends(reply(200, {}, b"body" * 50_000)), tls=tls) as there:
            client = client_of(there.url, network=Network(certificates=certificate))
            assert all_of(client, there.url) == b"body" * 50_000
            with client.get(there.url, {}) as answer:
                assert answer.document(200_000) == b"body" * 50_000
            assert there.connections == 1

    def test_one_that_nobody_vouches_for(self, tmp_path: Path) -> None:
        _, tls = make_certificate(tmp_path)
        with Listener(sends(reply(200)), tls=tls) as there:
            with pytest.raises(Unsafe, match="certificate is not trusted") as caught:
                client_of(there.url).get(there.url, {})
            assert not there.requests
        assert "SSL_CERT_FILE" in caught.value.hint

    def test_one_for_another_host(self, tmp_path: Path) -> None:
        certificate, tls = make_certificate(tmp_path, address="127.0.0.9")
        with Listener(sends(reply(200)), tls=tls) as there, pytest.raises(Unsafe, match="not valid for"):
            client_of(there.url, network=Network(certificates=certificate)).get(there.url, {})

    def test_none_at_all(self) -> None:
        with plain_speaker() as port, pytest.raises(Unreachable, match="no secure connection") as caught:
            url = f"https://127.0.0.1:{port}"
            client_of(url).get(url, {})
        assert "--insecure" in caught.value.hint

    def test_no_such_file_of_certificates(self, tmp_path: Path) -> None:
        client = client_of("https://127.0.0.1", network=Network(certificates=tmp_path / "none.pem"))
        with pytest.raises(MissingFile, match=r"none\.pem"):
            client.get("https://127.0.0.1/", {})


@contextlib.contextmanager
def plain_speaker() -> Iterator[int]:
    """Answers whatever comes in plain HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            sock, _ = server.accept()
            with sock:
                sock.recv(100)
                sock.sendall(reply(400, {}, b"plain"))

        serving = threading.Thread(target=serve)
        serving.start()
        yield server.getsockname()[1]
        serving.join()


class Proxy:
    """Joins connections, or hands a plain request on. ``names`` are the hosts that it was asked for."""

    def __init__(self, target: Listener, *, status: int = 200) -> None:
        self.names: list[str] = []
        self._target = target
        self._status = status
        self._threads: list[threading.Thread] = []

    def __call__(self, request: Request, sock: socket.socket) -> None:
        self.names.append(request.target)
        if self._status != 200:
            sock.sendall(reply(self._status))
            raise Close
        with socket.create_connection((self._target.address, self._target.port)) as there:
            if request.method == "CONNECT":
                sock.sendall(b"HTTP/1.1 200 Joined\r\n\r\n")
            else:
                there.sendall(f"GET /plain HTTP/1.1\r\nHost: {request.headers['host']}\r\n\r\n".encode())
            back = threading.Thread(target=_pour, args=(there, sock))
            back.start()
            _pour(sock, there)
            back.join()
        raise Close


def _pour(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    shut_down(target)


class TestProxy:
    def test_by_a_tunnel(self, tmp_path: Path) -> None:
        certificate, tls = make_certificate(tmp_path, address="1.2.3.4")
        with Listener(sends(reply(200, {}, b"body")), tls=tls) as there, Listener(proxy := Proxy(there)) as by:
            network = Network(https_proxy=f"http://me:pass@{by.host}", certificates=certificate)
            assert all_of(client_of("https://1.2.3.4", network=network), "https://1.2.3.4/x") == b"body"
            assert proxy.names == ["1.2.3.4:443"]
            assert by.requests[0].headers["proxy-authorization"] == "Basic bWU6cGFzcw=="
            assert there.credentials == 0

    def test_by_a_tunnel_in_a_tunnel(self, tmp_path: Path) -> None:
        certificate, tls = make_certificate(tmp_path)
        with Listener(sends(reply(200, {}, b"body")), tls=tls) as there, Listener(Proxy(there), tls=tls) as by:
            network = Network(https_proxy=by.url, certificates=certificate)
            client = client_of("https://reg.example", network=network)
            with pytest.raises(Unsafe, match=r"not valid for 'reg\.example'"):
                client.get("https://reg.example/x", {})
            assert by.requests
            assert not there.requests

    def test_plainly(self) -> None:
        with Listener(sends(reply(200, {}, b"body"))) as there, Listener(proxy := Proxy(there)) as by:
            network = Network(http_proxy=by.host)
            client = client_of("http://reg.example", network=network)
            with client.get("http://reg.example/v2/", {}) as answer:
                assert answer.document(4) == b"body"
            assert proxy.names == ["http://reg.example/v2/"]

    def test_past_it(self) -> None:
        with Listener(sends(reply(200, {}, b"body"))) as there:
            url = f"http://reg.example:{there.port}"
            network = Network(http_proxy="http://127.0.0.1:1", no_proxy="reg.example")
            names = Names(**{"reg.example": ["127.0.0.1"]})
            assert all_of(client_of(url, network=network, names=names), url) == b"body"

    @pytest.mark.parametrize("url", ["http://reg.example/", "https://reg.example/"])
    def test_it_wants_a_password(self, url: str) -> None:
        with Listener(sends(reply(200))) as there, Listener(Proxy(there, status=407)) as by:
            network = Network(http_proxy=by.url, https_proxy=by.url)
            with pytest.raises(AccessDenied, match="user name and a password") as caught:
                client_of(url, network=network).get(url, {})
            assert not there.requests
        assert "USER:PASSWORD" in caught.value.hint

    @pytest.mark.parametrize("url", ["http://reg.example/", "https://reg.example/"])
    def test_it_is_not_there(self, url: str) -> None:
        by = f"http://127.0.0.1:{free_port()}"
        with pytest.raises(Unreachable, match="cannot be connected to"):
            client_of(url, network=Network(http_proxy=by, https_proxy=by)).get(url, {})

    def test_one_of_another_kind(self) -> None:
        client = client_of("https://reg.example", network=Network(https_proxy="socks5://127.0.0.1:1080"))
        with pytest.raises(UsageError, match="socks5"):
            client.get("https://reg.example/", {})

    @pytest.mark.parametrize(
        "by", ["http://me:secr#et@by.example:3128", "http://me:secr/et@by.example", "http://[secr"]
    )
    def test_one_that_cannot_be_read_is_not_printed(self, by: str) -> None:
        client = client_of("https://reg.example", network=Network(https_proxy=by))
        with pytest.raises(UsageError) as caught:
            client.get("https://reg.example/", {})
        assert (caught.value.where, "%23" in caught.value.hint) == ("HTTPS_PROXY", True)
        assert "secr" not in "".join(traceback.format_exception(caught.value))

    def test_it_is_not_led_to_a_private_address(self) -> None:
        with Listener(sends(reply(200))) as by:
            client = client_of("http://reg.example", network=Network(http_proxy=by.url))
            with pytest.raises(Unsafe):
                client.get("http://10.0.0.1/", {})
            assert not by.requests


class TestWhereItMayGo:
    """127.0.0.1 plays the internet, 127.0.0.2 this machine."""

    HOME, INSIDE = "http://reg.example", "http://inside.example"

    @pytest.mark.parametrize("inside", ["127.0.0.2", "::ffff:127.0.0.2"])
    def test_not_from_the_internet_to_this_machine(self, inside: str) -> None:
        with Listener(sends(reply(200))) as home, Listener(sends(reply(200)), address="127.0.0.2") as within:
            names = Names(**{"reg.example": ["127.0.0.1"], "inside.example": [inside]})
            client = client_of(f"{self.HOME}:{home.port}", names=names)
            client.get(f"{self.HOME}:{home.port}", {}).close()
            with pytest.raises(Unsafe, match="this machine or of a private network"):
                client.get(f"{self.INSIDE}:{within.port}", {})
            assert within.connections == 0

    def test_from_this_machine_anywhere(self) -> None:
        with Listener(sends(reply(200)), address="127.0.0.2") as home, Listener(sends(reply(200))) as outside:
            with Listener(sends(reply(200)), address="127.0.0.4") as within:
                client = client_of(home.url)
                for there in (home, outside, within):
                    client.get(there.url, {}).close()
                    assert len(there.requests) == 1

    def test_home_is_what_answers(self) -> None:
        """An address of this machine beside its own, where nobody answers, does not make a host one of this machine."""
        with Listener(sends(reply(200))) as home, Listener(sends(reply(200)), address="127.0.0.2") as within:
            several = {"reg.example": ["127.0.0.2", "127.0.0.1"], "inside.example": ["127.0.0.2"]}

            def resolve(host: str, port: int) -> list[Endpoint]:
                return [(socket.AF_INET, (address, port)) for address in several[host]]

            client = Client(
                f"{self.HOME}:{home.port}", DIRECT, stop=Stop(), limits=STEADY, resolve=resolve, is_public=seems_public
            )
            client.get(f"{self.HOME}:{home.port}", {}).close()
            with pytest.raises(Unsafe):
                client.get(f"{self.INSIDE}:{within.port}", {})
            assert within.connections == 0

    def test_a_name_that_becomes_another(self) -> None:
        """What answers first is on the internet; then the name is told to be of this machine."""
        with (
            Listener(sends(reply(200, {"Connection": "close"}))) as home,
            Listener(sends(reply(200)), address="127.0.0.2", port=home.port) as within,
        ):
            names = Names(**{"reg.example": ["127.0.0.1", "127.0.0.2"]})
            client = client_of(f"{self.HOME}:{home.port}", names=names)
            client.get(f"{self.HOME}:{home.port}", {}).close()
            with pytest.raises(Unsafe):
                client.get(f"{self.HOME}:{home.port}", {})
            assert within.connections == 0
