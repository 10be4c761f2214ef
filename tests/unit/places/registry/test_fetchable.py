"""Manifests that are refused before any blob is asked for."""

import json
from typing import Any

import pytest

from packllama.base.errors import InvalidManifest
from packllama.places.registry.fetchable import decode_fetchable


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def manifest(*sizes: object, **more: Any) -> bytes:
    layers = [{"mediaType": "x", "digest": digest(i), "size": size} for i, size in enumerate(sizes, start=1)]
    members = {"schemaVersion": 2, "config": {"mediaType": "c", "digest": digest(0), "size": 2}, "layers": layers}
    return json.dumps(members | more).encode()


def test_a_plain_one() -> None:
    found = decode_fetchable(manifest(1, 2, 3), where="m")
    assert (len(found.layers), found.total_size) == (3, 8)


@pytest.mark.parametrize("count", [4096])
def test_a_large_one(count: int) -> None:
    assert len(decode_fetchable(manifest(*[1] * count), where="m").layers) == count


TWICE = [{"mediaType": "x", "digest": digest(1), "size": size} for size in (5, 6)]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "m"),
        (b"not JSON", "m"),
        (b"[]", "expected a JSON object"),
        (b"{}", "layers, found 0"),
        (manifest(), "layers, found 0"),
        (manifest(layers=None), "layers, found 0"),
        (manifest(layers={}), "expected a list"),
        (manifest(manifests=[]), "an index"),
        (manifest(*[1] * 4097), "found 4,097"),
        (manifest(-1), "found -1"),
        (manifest(1.5), "whole number"),
        (manifest("1"), "whole number"),
        (manifest(True), "whole number"),
        (manifest(2**63), "whole number"),
        (manifest(2**50), "more than any model"),
        (manifest(*[2**49] * 3), "more than any model"),
        (manifest(layers=TWICE), "and also 6"),
        (manifest(layers=[{"digest": "sha256:1", "size": 1}]), "digest"),
        (manifest(layers=[{"digest": "../../etc/passwd", "size": 1}]), "digest"),
        (manifest(1, config={}), "digest"),
        (b"[" * 100_000, "m"),
    ],
)
def test_what_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        decode_fetchable(raw, where="m")
    assert words in str(caught.value)
