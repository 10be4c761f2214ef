"""Sockets that never wait for ever, and that go only where they may.

A name is turned into addresses first, then each address is judged, and only then connected to: what a name means a
moment later does not matter. All waits are cut into slices, after each of which a `Watch` is looked at.
"""

import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from urllib3.util.wait import wait_for_write

from packllama.base.addresses import Address, parse_address
from packllama.base.errors import Unreachable, Unsafe
from packllama.base.watch import SLICE_SECONDS, Watch

# Family and socket address, as `getaddrinfo` has them.
Endpoint: TypeAlias = "tuple[int, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]"
Resolve: TypeAlias = Callable[[str, int], Sequence[Endpoint]]
WatchOf: TypeAlias = Callable[[], Watch]

_T = TypeVar("_T")


def resolve(host: str, port: int) -> Sequence[Endpoint]:
    """What the system says. Raises: OSError, UnicodeError."""
    return [(found[0], found[4]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def address_of(socket_address: tuple[object, ...]) -> Address:
    """Raises: Unreachable, for a kind of address that no host of the internet has."""
    address = parse_address(str(socket_address[0]).partition("%")[0])
    if address is None:
        raise Unreachable("its address is of no kind that is known", where=str(socket_address[0]))
    return address


class PatientSocket(socket.socket):
    """Its time-out is one slice: reading goes on until the watch has enough."""

    watch_of: WatchOf

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        watch = self.watch_of()
        count = _patiently(watch, lambda: super(PatientSocket, self).recv_into(buffer, nbytes, flags))
        watch.look(count)
        return count


def patient_tls(watch_of: WatchOf) -> type[ssl.SSLSocket]:
    """The same for TLS, whose sockets are made by a context from a class."""

    class PatientTLSSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            _patiently(watch_of(), lambda: super(PatientTLSSocket, self).do_handshake(block))

        def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
            watch = watch_of()
            count = _patiently(watch, lambda: super(PatientTLSSocket, self).recv_into(buffer, nbytes, flags))
            watch.look(count)
            return count

        def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
            """What TLS inside of TLS reads by."""
            watch = watch_of()
            data = _patiently(watch, lambda: super(PatientTLSSocket, self).recv(buflen, flags))
            watch.look(len(data))
            return data

    return PatientTLSSocket


def _patiently(watch: Watch, step: Callable[[], _T]) -> _T:
    while True:
        try:
            return step()
        except TimeoutError:
            watch.look()


def connect(
    host: str,
    port: int,
    *,
    resolve: Resolve,
    admits: Callable[[Address], bool],
    new_watch: WatchOf,
    watch_of: WatchOf,
) -> PatientSocket:
    """A connection to the first address that answers. ``new_watch``: how long one attempt may take.

    Raises: Unreachable, Cancelled; Unsafe, when ``admits`` refused all there is.
    """
    where = f"{host}:{port}"
    endpoints = _resolved(host, port, resolve, new_watch())
    admitted = [endpoint for endpoint in endpoints if admits(address_of(endpoint[1]))]
    if not admitted:
        addresses = ", ".join(str(address_of(endpoint[1])) for endpoint in endpoints[:3])
        raise Unsafe(
            f"its address {addresses} is of this machine or of a private network, where nothing from the internet may"
            " send us",
            where=where,
            hint="If you trust it, name that host itself.",
        )
    failure: OSError | Unreachable = Unreachable("it has no address", where=where)
    for endpoint in admitted:
        try:
            return _connected(endpoint, new_watch(), watch_of)
        except (OSError, Unreachable) as error:
            failure = error
    reason = failure.strerror if isinstance(failure, OSError) else failure.message
    raise Unreachable(
        f"cannot be connected to: {reason}",
        where=where,
        hint="Check that it is the right host and port, that it runs, and that no firewall is in between.",
    ) from failure


def _resolved(host: str, port: int, resolve: Resolve, watch: Watch) -> Sequence[Endpoint]:
    """Asked for by a thread of its own, because the system's resolver cannot be interrupted."""
    found: list[Sequence[Endpoint] | Exception] = []

    def ask() -> None:
        try:
            found.append(resolve(host, port))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=ask, name=f"resolve {host}", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(SLICE_SECONDS)
        if not found:
            watch.look()
    result = found[0]
    if isinstance(result, Exception) or not result:
        raise Unreachable(
            "no address is known for this name",
            where=host,
            hint="Check the spelling and the network. Behind a proxy, set HTTPS_PROXY.",
        ) from (result if isinstance(result, Exception) else None)
    return result


def _connected(endpoint: Endpoint, watch: Watch, watch_of: WatchOf) -> PatientSocket:
    family, address = endpoint
    sock = PatientSocket(family, socket.SOCK_STREAM)
    sock.watch_of = watch_of
    try:
        sock.setblocking(False)
        _finish(sock, sock.connect_ex(address), watch)
        sock.settimeout(SLICE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _finish(sock: socket.socket, code: int, watch: Watch) -> None:
    """Wait for what connecting came to. Raises: OSError, Unreachable, Cancelled."""
    while code in {errno.EINPROGRESS, errno.EWOULDBLOCK}:
        if wait_for_write(sock, SLICE_SECONDS):
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        else:
            watch.look()
    if code:
        raise OSError(code, os.strerror(code))
