"""The one place where HTTP clients are made.

A client asks once: it follows no redirect, asks nothing again and decodes nothing, for whoever asked has to judge
each of these. Whatever fails leaves as an error of :mod:`packllama.base.errors`. Importing this module brings in an
HTTP library, which a program's start has no time for: import it where the network is used.
"""

import contextlib
import http.client
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self, TypeAlias, cast
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from packllama.base import sockets
from packllama.base.addresses import Address, is_public, parse_address, proxy_for
from packllama.base.errors import BadAnswer, FarSideError, MissingFile, Unsafe, UsageError
from packllama.base.http_failures import PROXY_WANTS_A_PASSWORD, proxy_refuses, translated
from packllama.base.network import Network
from packllama.base.stop import Stop
from packllama.base.version import __version__
from packllama.base.watch import SLICE_SECONDS, Watch

# The statuses that send us on.
REDIRECTS = frozenset({301, 302, 303, 307, 308})

USER_AGENT = f"packllama/{__version__} (ollama-compatible)"

# Connections to one host that are kept for the next request.
_KEPT = 16

_PORTS = {"http": 80, "https": 443}

# No name has more letters.
_LONGEST_HOST = 253

# A read returns what it has after this time, so that progress is seen on a slow line too.
_MOMENT_SECONDS = 0.25

Judge: TypeAlias = Callable[[Address], bool]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``connect``: for one address. ``stall``: without a sign of life. ``document``: for an answer's head,
    or for all of an answer that is read whole.
    """

    connect: float = 10.0
    stall: float = 30.0
    document: float = 120.0


@dataclass(frozen=True, slots=True)
class Origin:
    """To whom a URL leads. What is secret for one origin is not told another."""

    scheme: str
    host: str
    port: int

    @classmethod
    @lru_cache(maxsize=256)  # one link is asked thousands of times
    def of(cls, url: str) -> Self:
        """Read as by who will connect: of a URL with a backslash other programs, a proxy perhaps, read another host.

        Raises: ValueError, when the URL is not one of http or https with a host.
        """
        parts = parse_url(url)
        host = (parts.host or "").strip("[]")
        if parts.scheme not in _PORTS or not 0 < len(host) <= _LONGEST_HOST or parts.port == 0 or "\\" in url:
            raise ValueError("expected http:// or https:// and a host")
        return cls(parts.scheme, host, parts.port or _PORTS[parts.scheme])

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port != _PORTS[self.scheme] else "")


class Client:
    """Asks one far side, and where that sends us. May be shared between threads.

    Only the address of ``home`` may be of this machine or of a private network, for the user named it. Another host's
    may be only if home's is: nothing on the internet may use us to reach what is behind a firewall. What a proxy
    connects to cannot be seen; there only hosts that are written as addresses are judged.
    """

    def __init__(
        self,
        home: str,
        network: Network,
        *,
        stop: Stop,
        limits: Limits = Limits(),
        resolve: sockets.Resolve = sockets.resolve,
        is_public: Judge = is_public,
    ) -> None:
        """Raises: UsageError, when ``home`` is no URL of http or https."""
        try:
            self.home = Origin.of(home)
        except ValueError as error:
            raise UsageError(
                f"'{home}' is no address of a registry: {error}", hint="Write HOST or HOST:PORT."
            ) from error
        self._network = network
        self._stop = stop
        self._limits = limits
        self._resolve = resolve
        self._is_public = is_public
        self._home_is_public: bool | None = None
        self._managers: dict[tuple[str, str], urllib3.PoolManager] = {}
        self._making = threading.Lock()
        self._waiting = _Waiting()

    def get(self, url: str, headers: Mapping[str, str]) -> "Answer":
        """Ask once for what is behind a URL.

        Raises: ValueError, when it is none; UsageError (a proxy of another kind); Unreachable; Unsafe;
        AccessDenied (the proxy's); BadAnswer; Cancelled.
        """
        origin = Origin.of(url)
        self._stop.check()
        manager = self._manager(origin)
        watch = self._new_watch(str(origin), stall=self._limits.stall, whole=self._limits.document)
        self._waiting.watch = watch
        try:
            response = manager.urlopen(
                "GET",
                url,
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                timeout=SLICE_SECONDS,
            )
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            raise translated(error, str(origin)) from error
        answer = Answer(url, cast("urllib3.HTTPResponse", response), watch, self._waiting)
        if answer.status == PROXY_WANTS_A_PASSWORD:
            answer.close()
            raise proxy_refuses(str(origin))
        return answer

    def _new_watch(self, where: str, *, stall: float, whole: float) -> Watch:
        return Watch(self._stop, stall=stall, whole=whole, where=where)

    def _manager(self, origin: Origin) -> urllib3.PoolManager:
        proxy = proxy_for(self._network, scheme=origin.scheme, host=origin.host, port=origin.port)
        if proxy:
            self._judge_unseen(origin)
        with self._making:
            key = (origin.scheme, proxy)
            if key not in self._managers:
                self._managers[key] = self._new_manager(origin.scheme, proxy)
            return self._managers[key]

    def _new_manager(self, scheme: str, proxy: str) -> urllib3.PoolManager:
        if proxy:
            check_proxy(proxy, where=f"{scheme.upper()}_PROXY")
        context = self._trust() if scheme == "https" or proxy.lower().startswith("https:") else None
        if not proxy:
            manager = urllib3.PoolManager(maxsize=_KEPT, ssl_context=context)
        else:
            parts = urlsplit(proxy)
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
            manager = urllib3.ProxyManager(
                proxy,
                maxsize=_KEPT,
                ssl_context=context,
                proxy_ssl_context=context,
                proxy_headers=urllib3.make_headers(proxy_basic_auth=login, user_agent=USER_AGENT),
            )
        manager.pool_classes_by_scheme = _pools(self._connect_anywhere if proxy else self._connect)
        return manager

    def _trust(self) -> ssl.SSLContext:
        context = trust(self._network)
        context.sslsocket_class = sockets.patient_tls(self._waiting.current)
        return context

    def _connect(self, host: str, port: int) -> sockets.PatientSocket:
        sock = self._connect_where(host, port, lambda address: self._admits(host, port, address))
        if self._home_is_public is None and (host, port) == (self.home.host, self.home.port):
            self._home_is_public = self._is_public(sockets.address_of(sock.getpeername()))
        return sock

    def _connect_anywhere(self, host: str, port: int) -> sockets.PatientSocket:
        """To a proxy, which the user named."""
        return self._connect_where(host, port, lambda _: True)

    def _connect_where(self, host: str, port: int, admits: Judge) -> sockets.PatientSocket:
        seconds = self._limits.connect
        sock = sockets.connect(
            host,
            port,
            resolve=self._resolve,
            admits=admits,
            new_watch=lambda: self._new_watch(f"{host}:{port}", stall=seconds, whole=seconds),
            watch_of=self._waiting.current,
        )
        self._waiting.watch.alive()
        return sock

    def _admits(self, host: str, port: int, address: Address) -> bool:
        """The address where home answered first says of which kind it is; after a public one all have to be."""
        if self._home_is_public is None:
            return (host, port) == (self.home.host, self.home.port) or self._is_public(address)
        return not self._home_is_public or self._is_public(address)

    def _judge_unseen(self, origin: Origin) -> None:
        address = parse_address(origin.host)
        public = address is None or self._is_public(address)
        if self._home_is_public is None and origin == self.home:
            self._home_is_public = public
        if self._home_is_public is not False and not public:
            raise Unsafe("a public registry leads to a private address; it is not asked", where=str(origin))


class _Waiting(threading.local):
    """What each thread waits by. The HTTP library makes the sockets, so they cannot be told otherwise."""

    watch: Watch

    def current(self) -> Watch:
        return self.watch


class Answer:
    """An answer whose body is read as it comes. A context manager, for one thread at a time.

    Leaving it gives the connection to the next request, or closes it when there are bytes left.
    """

    def __init__(self, url: str, response: urllib3.HTTPResponse, watch: Watch, waiting: _Waiting) -> None:
        self.url = url
        self.status = response.status
        self._response = response
        # The library's own ways to read copy every byte twice, which doubles the work of a transfer.
        self._raw: http.client.HTTPResponse = response._fp  # type: ignore[assignment]
        self._watch = watch
        self._waiting = waiting

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._raw.length == 0 and not self._raw.chunked:
            self._raw.close()
        if not self._raw.isclosed():
            self._response.close()
        self._response.release_conn()

    def header(self, name: str) -> str:
        """ "" when there is none."""
        return self._response.headers.get(name, "")

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer, or what a moment brings of it. Returns how many bytes came, 0 at the end.

        Raises: Unreachable, when it stalls or breaks off; Cancelled.
        """
        self._watch.endless()
        until = self._watch.now() + _MOMENT_SECONDS
        filled = 0
        while filled < len(buffer) and (not filled or self._watch.now() < until):
            try:
                count = self._some(buffer[filled:])
            except FarSideError:
                if filled:  # these bytes are good; whoever asks for the next ones is told
                    break
                raise
            if not count:
                break
            filled += count
        return filled

    def document(self, limit: int) -> bytes:
        """All of a small body.

        Raises: BadAnswer, when it is larger than ``limit`` bytes; Unreachable, when it takes too long; Cancelled.
        """
        parts = bytearray()
        buffer = memoryview(bytearray(min(limit + 1, 64 << 10)))
        while count := self._some(buffer[: limit + 1 - len(parts)]):
            parts += buffer[:count]
        if len(parts) > limit:
            raise BadAnswer(f"the answer is larger than {limit:,} bytes", where=str(Origin.of(self.url)))
        return bytes(parts)

    def _some(self, buffer: memoryview) -> int:
        self._waiting.watch = self._watch
        try:
            return _read(self._raw, buffer)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise translated(error, str(Origin.of(self.url))) from error


def _read(raw: http.client.HTTPResponse, buffer: memoryview) -> int:
    """What has come of a body, straight into the buffer; 0 at the end, for which the body is closed."""
    if raw.isclosed() or not buffer:
        return 0
    if raw.chunked:
        return raw.readinto(buffer)
    if raw.length is None:  # until the connection ends
        return raw.fp.readinto1(buffer)
    count = raw.fp.readinto1(buffer[: raw.length]) if raw.length else 0
    if raw.length and not count:
        raise http.client.IncompleteRead(b"", raw.length)
    raw.length -= count
    if not raw.length:
        raw.close()
    return count


class _Response(http.client.HTTPResponse):
    def _read_and_discard_trailer(self) -> None:
        """As few lines behind the last chunk as there may be headers; the library reads them without end."""
        http.client.parse_headers(self.fp)


def trust(network: Network) -> ssl.SSLContext:
    """Whose certificates count.

    Raises: MissingFile, when those that were named cannot be read.
    """
    file, folder = network.certificates, network.certificate_folder
    try:
        return ssl.create_default_context(cafile=file, capath=folder)
    except OSError as error:
        raise MissingFile(
            f"no certificates could be read there: {error.strerror or error}",
            where=str(file or folder),
            hint="SSL_CERT_FILE has to name a file of certificates in PEM form.",
        ) from error


def check_proxy(proxy: str, *, where: str) -> None:
    """Raises: UsageError, when this is no URL of a proxy that can be used. It never quotes a password."""
    kind = proxy.partition("://")[0].lower()
    if kind not in _PORTS:
        raise UsageError(
            f"a proxy of the kind {kind}:// is not supported",
            where=where,
            hint="Set it to the address of an HTTP proxy: http://HOST:PORT.",
        )
    with contextlib.suppress(ValueError):
        Origin.of(proxy)
        return
    # Not from that error, which may quote a password.
    raise UsageError(
        "this is no address of a proxy",
        where=where,
        hint="Write http://USER:PASSWORD@HOST:PORT; in a password %23 stands for #, %2F for / and %40 for @.",
    )


def _pools(connect: Callable[[str, int], sockets.PatientSocket]) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """Pools whose connections are made by this function, which sees where they lead before anything is sent."""

    class Plain(HTTPConnection):
        response_class = _Response

        def _new_conn(self) -> sockets.PatientSocket:
            return connect(self.host, self.port or _PORTS["http"])

    class Secure(HTTPSConnection):
        response_class = _Response

        def _new_conn(self) -> sockets.PatientSocket:
            return connect(self.host, self.port or _PORTS["https"])

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
