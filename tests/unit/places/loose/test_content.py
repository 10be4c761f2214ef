"""What small files are."""

from pathlib import Path

import pytest

from packllama.manifest import MANIFEST_LIMIT, Manifest
from packllama.places.loose.content import Oddity, read_content
from packllama.places.loose.walk import Seen
from tests.unit.places.loose.downloading import manifest
from tests.unit.stores import TINY_CONFIG

STUB = (
    b'{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",'
    b'"config":{"digest":"sha256:' + b"a" * 64 + b'","size":1},"layers":null}'
)


def content(tmp_path: Path, data: bytes) -> Manifest | Oddity | None:
    path = tmp_path / "file"
    path.write_bytes(data)
    return read_content(Seen.of(str(path), path.stat()))


@pytest.mark.parametrize("data", [manifest(), b"\n " + manifest(), STUB, manifest() + b"behind it"])
def test_manifests(tmp_path: Path, data: bytes) -> None:
    found = content(tmp_path, data)
    assert isinstance(found, Manifest)
    assert found.raw == data


@pytest.mark.parametrize(
    ("data", "what", "surely"),
    [
        (b"", "empty", False),
        (b"<!DOCTYPE html><title>404</title>", "web page", False),
        (b"\n<html lang=en>", "web page", False),
        (b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such"}]}', "MANIFEST_UNKNOWN: no such", True),
        (b'{"errors":[{"code":"oops","message":"x"}]}', "oops: x", False),
        (b'{"error":"The specified tag is not valid"}', "The specified tag", False),
        (manifest()[:-20], "damaged manifest: not JSON", True),
        (manifest().replace(b'"size":', b'"size":-'), "damaged manifest: expected a size", True),
    ],
)
def test_oddities(tmp_path: Path, data: bytes, what: str, surely: bool) -> None:
    found = content(tmp_path, data)
    assert isinstance(found, Oddity)
    assert what in found.what
    assert found.surely == surely


@pytest.mark.parametrize(
    "data",
    [
        TINY_CONFIG,
        b"GGUF",
        b"[" * 5000,
        b'{"a":' * 5000 + b'"sha256"',
        b'{"error":' + b"[" * 5000,
        b'{"lock":"sha256"}',
        b'{"errors":[]}',
        b'{"errors":7}',
        manifest().replace(b"vnd.docker.distribution.manifest.v2", b"vnd.oci.image.manifest.v1"),
        manifest().replace(b"vnd.ollama.image.model", b"vnd.docker.image.rootfs"),
        manifest() + b" " * MANIFEST_LIMIT,
    ],
)
def test_nothing_of_ours(tmp_path: Path, data: bytes) -> None:
    assert content(tmp_path, data) is None
