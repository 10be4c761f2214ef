"""Manifests: read as Ollama reads them, written with its bytes, and known by the right digest."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packllama.base.errors import InvalidManifest
from packllama.digest import Digest
from packllama.manifest import (
    CONFIG_TYPE,
    MANIFEST_LIMIT,
    MANIFEST_TYPE,
    Layer,
    LayerKind,
    Manifest,
    compose,
)
from tests.unit.stores import GEMMA_MANIFEST

HEX = "89a2116c3a82d6a97f59f748d86ed4417214353fd178ee54df418fde32495fad"
CONFIG = Layer(
    CONFIG_TYPE, Digest.parse("sha256:99759ad5b91e723db0393d698ffbb448b1b7df5ff6377a108c49254583b1bc8c"), 147
)


def layer(kind: LayerKind, digits: str, size: int, *, source: str = "", name: str = "") -> Layer:
    return Layer(kind.media_type, Digest.parse(f"sha256:{digits}"), size, source=source, name=name)


def decode(document: object) -> Manifest:
    return Manifest.decode(json.dumps(document).encode(), where="m")


def smallest(**config: object) -> dict[str, object]:
    return {"config": {"digest": f"sha256:{HEX}", "size": 1, **config}}


def test_worked_example_of_one_layer() -> None:
    raw = compose(CONFIG, [layer(LayerKind.MODEL, HEX, 68)])
    manifest = Manifest.decode(raw, where="m")
    assert len(raw) == 408
    assert raw.endswith(b"]}\n")
    assert manifest.digest.hex == "f75369d1dd1fb2f7c3db80c05854077604d2e78397dbe270fbe9d8a453ae62ff"
    assert manifest.total_size == 215


def test_worked_example_of_a_derived_model() -> None:
    raw = compose(
        CONFIG,
        [
            layer(LayerKind.MODEL, HEX, 68, source="test:latest"),
            layer(LayerKind.TEMPLATE, "a1110959ef27c0e18e4cf3951c7c710d9ba9cfa9e266b1809c824c58dbb79937", 61),
            layer(LayerKind.SYSTEM, "5b27ef1bd70bbd322fc666713eb7508339711ded50c7fa9e9894d7593a82acac", 27),
            layer(LayerKind.LICENSE, "e5dcffe836b6ec8a58e492419b550e65fb8cbdc308503979e5dacb33ac7ea3b7", 3),
            layer(LayerKind.PARAMS, "a504f6bef0ce1c75f85f4c1b8459ba14412a036c3f9e5e3b17a17e8ac0ccd7c8", 73),
            layer(LayerKind.MESSAGES, "fb44e63e379aa5ee6c231ce24c5190ce091ddfc6dad2c635330145c55ce3d0a4", 87),
        ],
    )
    manifest = Manifest.decode(raw, where="m")
    assert len(raw) == 1158
    assert manifest.digest.hex == "6c53f05dcf6e32b93e917bc29781222782b205600c0439384e22bc2fc3cbda16"
    assert manifest.total_size == 466


def test_the_published_gemma3() -> None:
    manifest = Manifest.decode(GEMMA_MANIFEST, where="m")
    assert len(GEMMA_MANIFEST) == 825
    assert manifest.raw == GEMMA_MANIFEST
    assert manifest.digest.short == "5d4fa005e7bb"
    assert manifest.total_size == 8_928_675_346
    assert manifest.media_type == MANIFEST_TYPE
    assert [found.kind for found in manifest.layers] == [LayerKind.MODEL, LayerKind.TEMPLATE, LayerKind.PARAMS]
    assert manifest.layers[0].source.startswith("/Users/")
    assert len(manifest.digests()) == 4


def test_no_layers_are_null() -> None:
    raw = compose(CONFIG, [])
    assert raw.endswith(b',"layers":null}\n')
    assert Manifest.decode(raw, where="m").layers == ()


@pytest.mark.parametrize(
    ("size_to_the_brace", "tail", "hashed"),
    [
        (511, b"\n", 512),
        (512, b"\n", 512),
        (513, b"\n", 514),
        (1535, b"\n", 1536),
        (1536, b"\n", 1536),
        (1537, b"\n", 1538),
        (3584, b"\n", 3584),
        (7680, b"\n", 7680),
        (15872, b"\n", 15872),
        (400, bytes(1000), 512),
        (600, bytes(5000), 1536),
        (600, bytes(10), 610),
    ],
)
def test_the_digest_covers_what_a_decoder_had_read(size_to_the_brace: int, tail: bytes, hashed: int) -> None:
    body = json.dumps(smallest(**{"from": ""})).encode()
    text = "x" * (size_to_the_brace - len(body))
    raw = json.dumps(smallest(**{"from": text})).encode()
    assert len(raw) == size_to_the_brace
    assert Manifest.decode(raw + tail, where="m").digest.hex == hashlib.sha256((raw + tail)[:hashed]).hexdigest()


@pytest.mark.parametrize("text", ["ä" * 3, "\ufffd", "\u4e16\U0001f44b"])
def test_the_end_of_the_object_is_counted_in_bytes(text: str) -> None:
    raw = json.dumps(smallest(**{"from": text}), ensure_ascii=False).encode()
    assert Manifest.decode(raw + b"\n\n", where="m").end == len(raw)


def test_the_end_of_the_object_behind_bytes_that_are_no_text() -> None:
    raw = json.dumps(smallest(**{"from": "?"})).encode().replace(b"?", b"\xff\xc3")
    manifest = Manifest.decode(b" \n" + raw + b"\xff\n", where="m")
    assert manifest.end == len(raw) + 2
    assert manifest.config.source == "\ufffd\ufffd"


def test_keys_in_any_case_unknown_ones_and_trailing_bytes() -> None:
    raw = f'{{"Config":{{"DIGEST":"sha256-{HEX.upper()}","sIzE":5,"x":[1]}},"layers":null,"y":{{}}}}{{"trailing'
    manifest = Manifest.decode(raw.encode(), where="m")
    assert (manifest.config.digest.hex, manifest.config.size, manifest.layers) == (HEX, 5, ())


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {"config": None},
        {"config": {"digest": "sha256:12", "size": 1}},
        {"config": {"digest": "../../etc/passwd", "size": 1}},
        {"config": {"digest": f"sha256:{HEX}/../x", "size": 1}},
        {"config": {"digest": f"sha256:{HEX}\n", "size": 1}},
        {"config": {"digest": 5, "size": 1}},
        smallest(size=-1),
        smallest(size=1.5),
        smallest(size=1e3),
        smallest(size=True),
        smallest(size="5"),
        smallest(size=1 << 63),
        smallest(mediaType=5),
        {**smallest(), "layers": {}},
        {**smallest(), "layers": [None]},
        {**smallest(), "layers": [[]]},
        {**smallest(), "layers": [{"digest": f"sha256:{HEX}", "size": -5}]},
        {"schemaVersion": 2, "manifests": [{"digest": f"sha256:{HEX}"}]},
    ],
)
def test_what_is_no_manifest(document: object) -> None:
    with pytest.raises(InvalidManifest) as caught:
        decode(document)
    assert caught.value.where.startswith("m")


@pytest.mark.parametrize(
    "raw", [b"", b" ", b"{", b"\xef\xbb\xbf{}", b"\x00", b"[" * 100_000, b'{"size":NaN}', b"9" * 5000]
)
def test_what_is_no_json(raw: bytes) -> None:
    with pytest.raises(InvalidManifest):
        Manifest.decode(raw, where="m")


def test_no_manifest_is_that_large() -> None:
    with pytest.raises(InvalidManifest, match="larger than"):
        Manifest.decode(b" " * (MANIFEST_LIMIT + 1), where="m")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_manifest_or_refused(raw: bytes) -> None:
    with pytest.raises(InvalidManifest):
        Manifest.decode(raw, where="m")


SIZES = st.integers(0, (1 << 63) - 1)
LAYERS = st.builds(
    Layer,
    media_type=st.sampled_from([kind.media_type for kind in LayerKind]) | st.text(st.characters(codec="utf-8")),
    digest=st.binary(max_size=4).map(Digest.of),
    size=SIZES,
    source=st.text(st.characters(codec="utf-8")),
    name=st.text(st.characters(codec="utf-8")),
)


@given(LAYERS, st.lists(LAYERS, max_size=4))
def test_what_is_composed_is_read_again(config: Layer, layers: list[Layer]) -> None:
    manifest = Manifest.decode(compose(config, layers), where="m")
    assert (manifest.config, list(manifest.layers)) == (config, layers)
    assert manifest.end == len(manifest.raw) - 1
    assert manifest.total_size == config.size + sum(item.size for item in layers)


def test_kinds() -> None:
    manifest = Manifest.decode(
        compose(
            CONFIG,
            [
                layer(LayerKind.LICENSE, HEX, 1),
                layer(LayerKind.MODEL, HEX, 2),
                Layer("application/vnd.ollama.image.unheard-of", Digest(HEX), 3),
                Layer("model", Digest(HEX), 4),
                layer(LayerKind.LICENSE, HEX, 5),
            ],
        ),
        where="m",
    )
    assert [found.size for found in manifest.of_kind(LayerKind.LICENSE, LayerKind.MODEL)] == [1, 2, 5]
    assert [found.kind for found in manifest.layers] == [
        LayerKind.LICENSE,
        LayerKind.MODEL,
        None,
        None,
        LayerKind.LICENSE,
    ]
    assert manifest.digests() == {Digest(HEX), CONFIG.digest}
