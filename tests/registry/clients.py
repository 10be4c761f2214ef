"""Clients for tests: everything is on loopback, so what counts as public is told them."""

import itertools
import socket
from pathlib import Path

from packllama.base.addresses import Address, is_public
from packllama.base.http import Client, Limits
from packllama.base.network import DIRECT, Network
from packllama.base.observer import SILENT, Observer
from packllama.base.sockets import Endpoint
from packllama.base.stop import Stop
from packllama.places.registry import RegistrySource
from tests.registry.listener import Listener

# For what goes well, also on a busy machine, and for what shall be found to stall.
STEADY = Limits(connect=20, stall=20, document=60)
QUICK = Limits(connect=5, stall=0.3, document=1.5)

# What plays the internet; the rest of loopback is this machine.
PUBLIC = ("127.0.0.1", "127.0.0.3")


def seems_public(address: Address) -> bool:
    return str(address) in PUBLIC or is_public(address)


class Names:
    """A resolver of its own. Of several addresses of one name each is told in turn, then the last for ever."""

    def __init__(self, **addresses: list[str]) -> None:
        self._turns = {name: itertools.chain(told, itertools.repeat(told[-1])) for name, told in addresses.items()}

    def __call__(self, host: str, port: int) -> list[Endpoint]:
        address = next(self._turns[host]) if host in self._turns else host
        return [
            (found[0], found[4])
            for found in socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        ]


def client_of(
    url: str,
    *,
    network: Network = DIRECT,
    stop: Stop | None = None,
    limits: Limits = STEADY,
    names: Names | None = None,
) -> Client:
    return Client(url, network, stop=stop or Stop(), limits=limits, resolve=names or Names(), is_public=seems_public)


def source_of(
    listener: Listener,
    *,
    client: Client | None = None,
    key: Path | None = None,
    observer: Observer = SILENT,
    stop: Stop | None = None,
    host: str = "",
) -> RegistrySource:
    return RegistrySource(
        host or listener.host,
        client=client or client_of(listener.url, stop=stop),
        key=key,
        insecure=listener.url.startswith("http:"),
        observer=observer,
        stop=stop,
        pauses=(0, 0),
    )
