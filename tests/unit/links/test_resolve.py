"""Where the manifest's link leads."""

import json
import socket

import pytest

from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.links.link import Link
from packllama.links.resolve import resolve
from packllama.links.typed import Typed
from packllama.manifest import ORIGINAL_TYPE, TWIN_TYPE
from packllama.name import ModelName
from tests.registry.listener import Request, reply
from tests.registry.registry import Registry


def manifest_link(there: Registry) -> Link:
    typed = Typed(ModelName.parse(f"{there.host}/library/m"), insecure=True)
    return resolve(typed, settings=Settings(), stop=Stop()).links[0]


def test_to_the_manifest() -> None:
    with Registry() as there:
        there.put("library/m", "latest", weights=b"weights")
        raw = there.manifests["library/m:latest"]
        link = manifest_link(there)
        assert link.urls == (f"{there.url}/v2/library/m/manifests/latest",)
        assert (link.size, link.digest) == (len(raw), Digest.of(raw))


@pytest.mark.parametrize("asks_for", ["", TWIN_TYPE])
def test_what_oci_tools_have_brought_has_the_models_own_as_a_blob(asks_for: str) -> None:
    """What is behind the manifest's own link is another one, which is denied to most who ask for it."""

    def trick(request: Request, sock: socket.socket) -> bool:
        if "/manifests/" not in request.target or asks_for in request.headers["accept"]:
            return False
        sock.sendall(reply(404))
        return True

    with Registry() as there:
        there.put("library/m", "latest", weights=b"weights")
        raw = there.manifests["library/m:latest"]
        original = {"mediaType": ORIGINAL_TYPE, "digest": str(there.put_blob(raw)), "size": len(raw)}
        twin = json.loads(raw)
        twin["layers"].append(original)
        there.manifests["library/m:latest"] = json.dumps(twin).encode()
        there.tricks = [trick]
        link = manifest_link(there)
        assert link.urls == (f"{there.url}/v2/library/m/blobs/{Digest.of(raw)}",)
        assert (link.size, link.digest) == (len(raw), Digest.of(raw))
        assert link.target == f"manifests/{there.host}/library/m/latest"
