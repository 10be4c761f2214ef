"""A registry of a few models, which answers well until it is told otherwise."""

import re
import socket
import ssl
from collections.abc import Callable
from typing import TypeAlias

from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, MANIFEST_TYPE, Layer, LayerKind, compose
from packllama.model import Blob
from tests.registry.listener import Close, Listener, Request, reply

_TARGET = re.compile(r"/v2/([^/]+/[^/]+)/(manifests|blobs)/([^/?]+)")

# Answers instead of the registry; False: it has not.
Trick: TypeAlias = Callable[[Request, socket.socket], bool]


class Registry(Listener):
    """``tricks`` come before the registry's own answers, each as long as it stands there."""

    def __init__(self, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(self._answer, address=address, port=port, tls=tls)
        self.manifests: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.tricks: list[Trick] = []

    def put(self, repository: str, tag: str, *, weights: bytes, config: bytes = b"{}") -> list[Blob]:
        """A model of one layer. Returns its blobs, the config last."""
        blobs = [Blob(self.put_blob(data), len(data)) for data in (weights, config)]
        layers = [Layer(LayerKind.MODEL.media_type, blobs[0].digest, blobs[0].size)]
        self.manifests[f"{repository}:{tag}"] = compose(Layer(CONFIG_TYPE, blobs[1].digest, blobs[1].size), layers)
        return blobs

    def put_blob(self, data: bytes) -> Digest:
        digest = Digest.of(data)
        self.blobs[str(digest)] = data
        return digest

    def asked(self, part: str) -> list[Request]:
        """The requests in whose target this stands."""
        return [request for request in self.requests if part in request.target]

    def _answer(self, request: Request, sock: socket.socket) -> None:
        if not any(trick(request, sock) for trick in list(self.tricks)):
            sock.sendall(self._right_answer(request))

    def _right_answer(self, request: Request) -> bytes:
        match = _TARGET.fullmatch(request.path)
        if match and match[2] == "manifests" and f"{match[1]}:{match[3]}" in self.manifests:
            return reply(200, {"Content-Type": MANIFEST_TYPE}, self.manifests[f"{match[1]}:{match[3]}"])
        if match and match[2] == "blobs" and match[3] in self.blobs:
            return ranged(request, self.blobs[match[3]])
        return reply(404, {"Content-Type": "application/json"}, b'{"errors":[{"code":"UNKNOWN","message":"unknown"}]}')


def ranged(request: Request, data: bytes) -> bytes:
    """What of these bytes was asked for."""
    if not request.range:
        return reply(200, {}, data)
    start, stop = request.range
    return reply(206, {"Content-Range": f"bytes {start}-{min(stop, len(data)) - 1}/{len(data)}"}, data[start:stop])


def says(answer: bytes, *, to: str = "", times: int | None = None, then_close: bool = False) -> Trick:
    """Give the same answer to all in whose target ``to`` stands, or to the first so many of them."""
    left = [times]

    def trick(request: Request, sock: socket.socket) -> bool:
        if to not in request.target or left[0] == 0:
            return False
        if left[0] is not None:
            left[0] -= 1
        sock.sendall(answer)
        if then_close:
            raise Close
        return True

    return trick


def wants_token(realm: str, *, token: str = "secret-token") -> Trick:
    """Let in only who shows the token, and send the others for it."""

    def trick(request: Request, sock: socket.socket) -> bool:
        if request.path.startswith("/v2/") and request.headers.get("authorization") != f"Bearer {token}":
            scope = "repository:library/m:pull"
            sock.sendall(reply(401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="reg",scope="{scope}"'}))
            return True
        return False

    return trick
