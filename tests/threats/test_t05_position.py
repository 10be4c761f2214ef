"""Nobody uses our token or our place in the network: every way to be sent somewhere, to every place that is not meant.

Each case stands for one registry on the internet, played by 127.0.0.1; 127.0.0.2 is this machine. The same source
serves ``pull``, ``links``, ``create --like``, ``repair`` and mirrors.
"""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from packllama.base.errors import FarSideError, PackLlamaError
from packllama.model import Move
from packllama.name import ModelName
from packllama.places.registry import RegistrySource
from packllama.places.store import Store, StoreTarget
from packllama.transfer import CopyOptions, copy
from tests.registry.clients import Names, client_of, source_of
from tests.registry.listener import Request, reply
from tests.registry.registry import Registry, Trick, says, wants_token
from tests.unit.places.registry.keys import put_key

DATA = bytes(range(256)) * 16_384  # fetched in several parts
NAME = ModelName.parse("m")

PLACES = {
    "loopback": "http://127.0.0.2:{port}/x",
    "loopback by name": "http://localhost:{port}/x",
    "a name of this machine": "http://inside.example:{port}/x",
    "IPv6-mapped": "http://[::ffff:127.0.0.2]:{port}/x",
    "a name that is mapped": "http://mapped.example:{port}/x",
    "a decimal address": "http://2130706434:{port}/x",
    "an address with a dot behind": "http://127.0.0.2.:{port}/x",
    "with a user": "http://me:pw@127.0.0.2:{port}/x",
    "without a scheme": "//127.0.0.2:{port}/x",
    "link-local": "http://169.254.169.254/latest/meta-data/",
    "private": "http://10.0.0.1/x",
    "private by name": "http://private.example/x",
    "unique local": "http://[fd00::1]/x",
    "carrier's": "http://100.64.0.1/x",
    "nobody": "http://0.0.0.0:{port}/x",
    "multicast": "http://224.0.0.1/x",
    "translated": "http://[64:ff9b::7f00:2]:{port}/x",
    "a file": "file:///etc/passwd",
    "a socket": "unix:///var/run/docker.sock",
    "gopher": "gopher://127.0.0.2:{port}/x",
}
NAMES = {
    "reg.example": ["127.0.0.1"],
    "localhost": ["127.0.0.2"],
    "inside.example": ["127.0.0.2"],
    "mapped.example": ["::ffff:127.0.0.2"],
    "2130706434": ["127.0.0.2"],
    "127.0.0.2.": ["127.0.0.2"],
    "private.example": ["192.168.1.1"],
}

Way = Callable[[str], Sequence[Trick]]


def behind_the_first(location: str) -> Sequence[Trick]:
    """The beginning of the blob is the registry's own to give; what comes later is said to be elsewhere."""

    def trick(request: Request, sock: socket.socket) -> bool:
        if "/blobs/" not in request.target or not request.range or request.range[0] == 0:
            return False
        sock.sendall(reply(307, {"Location": location}))
        return True

    return [trick]


WAYS: dict[str, Way] = {
    "at the manifest": lambda location: [says(reply(307, {"Location": location}), to="/manifests/")],
    "at a blob": lambda location: [says(reply(307, {"Location": location}), to="/blobs/")],
    "at a later part": behind_the_first,
    "for the token": lambda location: [wants_token(location)],
}


def fetched(source: RegistrySource, folder: Path) -> None:
    target = StoreTarget(Store(folder / "store"))
    copy([Move(source.find(NAME))], sources=[source], target=target, options=CopyOptions(retry=0))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES)
def test_nobody_inside_is_asked(place: str, way: str, tmp_path: Path) -> None:
    with Registry() as there, Registry(address="127.0.0.2") as inside:
        there.put("library/m", "latest", weights=DATA)
        there.tricks = list(WAYS[way](PLACES[place].format(port=inside.port)))
        host = f"reg.example:{there.port}"
        client = client_of(f"http://{host}", names=Names(**NAMES))
        source = source_of(there, client=client, host=host, key=put_key(tmp_path))
        with pytest.raises(FarSideError):
            fetched(source, tmp_path)
        assert there.requests
        assert inside.connections == 0
    assert not list((tmp_path / "store").rglob("manifests/*/*/*/*"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.3"], ids=["another port", "another host"])
def test_nobody_else_is_told_a_secret(address: str, way: str, tmp_path: Path) -> None:
    """A public storage may give the data, and is asked without a token, nor with what makes one."""
    with Registry() as there, Registry(address=address) as storage:
        there.put("library/m", "latest", weights=DATA)
        storage.put("library/m", "latest", weights=DATA)
        gives = says(reply(200, {}, b'{"token":"secret-token"}'), to="/token?")
        let_in = wants_token(f"{there.url}/token")
        there.tricks = [gives, *([] if way == "for the token" else [let_in]), *WAYS[way](f"{storage.url}/x")]
        storage.tricks = [wants_token(f"{storage.url}/token")]
        with pytest.raises(PackLlamaError):
            fetched(source_of(there, key=put_key(tmp_path)), tmp_path)
        assert storage.credentials == 0


def test_a_storage_on_the_internet_is_asked(tmp_path: Path) -> None:
    """The allowed case, without which no pull from Hugging Face works."""
    with Registry() as there, Registry(address="127.0.0.3") as storage:
        there.put("library/m", "latest", weights=DATA)
        storage.put("library/m", "latest", weights=DATA)

        def away(request: Request, sock: socket.socket) -> bool:
            if "/blobs/" in request.target:
                sock.sendall(reply(307, {"Location": f"{storage.url}{request.target}?signature=x"}))
            return "/blobs/" in request.target

        there.tricks = [
            says(reply(200, {}, b'{"token":"secret-token"}'), to="/token?"),
            wants_token(f"{there.url}/token"),
            away,
        ]
        fetched(source_of(there, key=put_key(tmp_path)), tmp_path)
        assert (there.credentials > 0, len(storage.requests) > 0, storage.credentials) == (True, True, 0)


def test_a_name_that_becomes_another(tmp_path: Path) -> None:
    """It leads to the internet when it is first asked, and to this machine from then on."""
    with Registry() as there, Registry(address="127.0.0.2") as inside:
        there.put("library/m", "latest", weights=DATA)
        there.tricks = list(WAYS["at a blob"](f"http://rebinding.example:{inside.port}/x"))
        host = f"reg.example:{there.port}"
        names = Names(**NAMES, **{"rebinding.example": ["127.0.0.3", "127.0.0.2"]})
        source = source_of(there, client=client_of(f"http://{host}", names=names), host=host)
        for _ in range(3):
            with pytest.raises(FarSideError):
                fetched(source, tmp_path)
        assert inside.connections == 0
