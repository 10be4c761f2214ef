"""What a single file is said to be."""

import json
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import BadInput, GGUFError, InvalidManifest, MissingFile
from packllama.describe import Inspection, inspect, metadata_keys
from packllama.gguf import Kind, ValueType, shard_count, shard_index
from packllama.manifest import Manifest
from tests.unit.gguf import builder
from tests.unit.gguf.builder import array, boolean, scalar, string, strings, tensor, uint32
from tests.unit.stores import put_model

LLAMA = string("general.architecture", "llama")
CLIP = string("general.architecture", "clip")


def inspected(path: Path) -> Inspection:
    found = inspect(path)
    assert isinstance(found, Inspection)
    return found


def made(folder: Path, *keys: bytes, tensors: tuple[bytes, ...] = (), data: int = 0) -> Inspection:
    path = folder / "m.gguf"
    path.write_bytes(builder.gguf(keys, tensors, data=data))
    return inspected(path)


@pytest.mark.parametrize(
    ("file", "kind", "variant", "capabilities"),
    [
        ("tiny.gguf", Kind.MODEL, "", ("completion",)),
        ("tiny-lora.gguf", Kind.ADAPTER, "lora", ()),
        ("tiny-mmproj.gguf", Kind.PROJECTOR, "gemma3", ("vision",)),
        ("tiny-bert.gguf", Kind.MODEL, "", ("embedding",)),
        ("tiny-jtools.gguf", Kind.MODEL, "", ("tools", "completion")),
    ],
)
def test_kinds(file: str, kind: Kind, variant: str, capabilities: tuple[str, ...], gguf: Callable[[str], Path]) -> None:
    found = inspected(gguf(file))
    assert (found.kind, found.variant, found.capabilities) == (kind, variant, capabilities)


def test_one_shard(tmp_path: Path) -> None:
    keys = (LLAMA, scalar("split.no", ValueType.UINT16, 1), scalar("split.count", ValueType.UINT16, 3))
    found = made(tmp_path, *keys)
    assert (shard_index(found.gguf), shard_count(found.gguf)) == (1, 3)


def test_types_begin_with_the_largest(tmp_path: Path) -> None:
    tensors = (
        tensor("a", (64,), kind=0),
        tensor("b", (32,), kind=8, offset=256),
        tensor("c", (64,), kind=0, offset=320),
    )
    found = made(tmp_path, LLAMA, tensors=tensors, data=576)
    assert [(t.type.name, t.tensors, t.size) for t in found.types] == [("F32", 2, 512), ("Q8_0", 1, 34)]


@pytest.mark.parametrize(
    ("architecture", "name", "family"),
    [
        ("qwen2vl", "blk.0.attn_q.weight", None),
        ("qwen2vl", "v.patch_embd.weight", "qwen2vl"),
        ("gptoss", "blk.0.attn_q.weight", "gptoss"),
    ],
)
def test_dialect(architecture: str, name: str, family: str | None, tmp_path: Path) -> None:
    dialect = made(tmp_path, string("general.architecture", architecture), tensors=(tensor(name),), data=32).dialect
    assert (dialect and dialect.family) == family


def test_a_projector_is_no_dialect(tmp_path: Path) -> None:
    keys = (CLIP, boolean("clip.has_vision_encoder", True), string("clip.vision.projector_type", "qwen3"))
    found = made(tmp_path, *keys, tensors=(tensor("v.blk.0.weight"),), data=32)
    assert (found.kind, found.variant, found.dialect) == (Kind.PROJECTOR, "qwen3", None)


@pytest.mark.parametrize(
    ("key", "stored", "length", "value"),
    [
        (uint32("k", 7), "uint32", None, 7),
        (scalar("k", ValueType.UINT64, (1 << 64) - 1), "uint64", None, (1 << 64) - 1),
        (scalar("k", ValueType.FLOAT32, 0.1), "float32", None, 0.1),
        (scalar("k", ValueType.FLOAT64, float("inf")), "float64", None, "inf"),
        (boolean("k", True), "bool", None, True),
        (string("k", b"\xff\x1b"), "string", None, "\ufffd\x1b"),
        (strings("k", []), "string", 0, ()),
        (strings("k", ["a", "b"]), "string", 2, ("a", "b")),
        (strings("k", ["x" * 200]), "string", 1, ("x" * 120 + "…",)),
        (array("k", ValueType.FLOAT32, 9, struct.pack("<9f", *[0.1] * 9)), "float32", 9, (0.1,) * 8),
        (array("k", ValueType.FLOAT32, 1, struct.pack("<f", float("nan"))), "float32", 1, ("nan",)),
    ],
)
def test_metadata(key: bytes, stored: str, length: int | None, value: object, tmp_path: Path) -> None:
    found = made(tmp_path, LLAMA, key)
    _, shown = metadata_keys(found.path, found.gguf)
    assert (shown.name, shown.type, shown.length, shown.value) == ("k", stored, length, value)


def test_a_manifest(tmp_path: Path) -> None:
    put_model(tmp_path, "m")
    found = inspect(tmp_path / "manifests/registry.ollama.ai/library/m/latest")
    assert isinstance(found, Manifest)
    assert len(found.layers) == 1


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", GGUFError),
        (b"GGUF", GGUFError),
        (b"FROM x\n", GGUFError),
        (b'{"error": "no such model"}', InvalidManifest),
        (b" {", InvalidManifest),
        (b"{" + b" " * (5 << 20), GGUFError),
        (builder.gguf([LLAMA])[:-40], GGUFError),
    ],
)
def test_what_is_neither(content: bytes, error: type[Exception], tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(error):
        inspect(tmp_path / "f")


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        inspect(tmp_path)
    with pytest.raises(MissingFile):
        inspect(tmp_path / "nope")


def test_a_large_vocabulary_takes_no_time(tmp_path: Path) -> None:
    """As many tokens, and merges twice as many, as the largest published models have."""
    tokens = strings("tokenizer.ggml.tokens", [f"▁token{number}" for number in range(262_144)])
    merges = strings("tokenizer.ggml.merges", [f"to {number}" for number in range(262_144)])
    (tmp_path / "m.gguf").write_bytes(builder.gguf([LLAMA, tokens, merges]))
    best = min(_seconds(tmp_path / "m.gguf") for _ in range(3))
    assert best < 0.5  # on an idle machine below 0.1


def _seconds(path: Path) -> float:
    start = time.process_time()
    found = inspected(path)
    assert json.dumps([key.value for key in metadata_keys(path, found.gguf)])
    return time.process_time() - start
