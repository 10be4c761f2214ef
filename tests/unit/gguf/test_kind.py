from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.gguf import Kind, ValueType, has_inline_tensors, kind_of, open_gguf, shard_count, shard_index
from tests.unit.gguf import builder
from tests.unit.gguf.builder import boolean, scalar, string, uint32

CLIP = string("general.architecture", "clip")
LLAMA = string("general.architecture", "llama")
VISION = uint32("llama.vision.block_count", 4)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (Kind.MODEL, []),
        (Kind.MODEL, [LLAMA]),
        (Kind.MODEL, [LLAMA, string("general.type", "model")]),
        (Kind.ADAPTER, [LLAMA, string("general.type", "adapter")]),
        (Kind.ADAPTER, [CLIP, string("general.type", "adapter"), boolean("clip.has_vision_encoder", True)]),
        (Kind.PROJECTOR, [LLAMA, string("general.type", "projector"), uint32("llama.block_count", 2)]),
        (Kind.PROJECTOR, [string("general.type", "mmproj")]),
        (Kind.MODEL, [string("general.type", "Adapter")]),
        (Kind.MODEL, [scalar("general.type", ValueType.UINT32, 1)]),
        # A tower without a text model.
        (Kind.PROJECTOR, [LLAMA, VISION]),
        (Kind.PROJECTOR, [LLAMA, VISION, uint32("llama.block_count", 0)]),
        (Kind.MODEL, [LLAMA, VISION, uint32("llama.block_count", 2)]),
        (Kind.MODEL, [LLAMA, uint32("llama.vision.block_count", 0)]),
        (Kind.PROJECTOR, [uint32("unknown.vision.block_count", 1)]),
        # A count in another type is none, on both sides.
        (Kind.PROJECTOR, [LLAMA, VISION, scalar("llama.block_count", ValueType.UINT64, 2)]),
        (Kind.MODEL, [LLAMA, scalar("llama.vision.block_count", ValueType.INT32, 4)]),
        # clip says what it encodes.
        (Kind.PROJECTOR, [CLIP, boolean("clip.has_vision_encoder", True)]),
        (Kind.PROJECTOR, [CLIP, boolean("clip.has_audio_encoder", True)]),
        (Kind.MODEL, [CLIP, boolean("clip.has_vision_encoder", False)]),
        (Kind.MODEL, [CLIP, uint32("clip.has_vision_encoder", 1)]),
        (Kind.MODEL, [CLIP, boolean("clip.has_vision_encoder", True), uint32("clip.block_count", 3)]),
        (Kind.MODEL, [LLAMA, boolean("clip.has_vision_encoder", True)]),
    ],
)
def test_kind_is_decided_by_content(kind: Kind, keys: list[bytes]) -> None:
    assert kind_of(builder.parse(builder.gguf(keys))) is kind


@pytest.mark.parametrize(
    ("file", "kind", "inline"),
    [
        ("tiny.gguf", Kind.MODEL, False),
        ("tiny-lora.gguf", Kind.ADAPTER, False),
        ("tiny-bert.gguf", Kind.MODEL, False),
        ("tiny-gemma3.gguf", Kind.MODEL, False),
        ("tiny-mmproj.gguf", Kind.PROJECTOR, True),
        ("tiny-gemma3-inline.gguf", Kind.MODEL, True),
    ],
)
def test_kinds_of_real_files(gguf: Callable[[str], Path], file: str, kind: Kind, inline: bool) -> None:
    found = open_gguf(gguf(file))
    assert kind_of(found) is kind
    assert has_inline_tensors(found) is inline


@pytest.mark.parametrize(
    ("name", "inline"),
    [
        ("a.conv", True),
        ("mm.0.weight", True),
        ("mtp.fc.weight", True),
        ("s.weight", True),
        ("v.blk.0.ln1", True),
        ("blk.0.v.weight", False),
        ("vision.weight", False),
        ("V.weight", False),
    ],
)
def test_inline_tensors_are_known_by_their_prefix(name: str, inline: bool) -> None:
    data = builder.gguf(tensors=[builder.tensor(name)], data=1)
    assert has_inline_tensors(builder.parse(data)) is inline


@pytest.mark.parametrize(
    ("keys", "count", "index"),
    [
        ([], 1, None),
        ([scalar("split.count", ValueType.UINT16, 3), scalar("split.no", ValueType.UINT16, 2)], 3, 2),
        ([scalar("split.count", ValueType.INT64, 3), scalar("split.no", ValueType.UINT8, 0)], 3, 0),
        ([LLAMA, uint32("llama.split.count", 2), uint32("llama.split.no", 1)], 2, 1),
        ([uint32("split.count", 1)], 1, None),
        ([uint32("split.count", 0)], 1, None),
        ([scalar("split.count", ValueType.INT32, -4)], 1, None),
        ([scalar("split.count", ValueType.FLOAT32, 3)], 1, None),
        ([string("split.count", "3")], 1, None),
    ],
)
def test_shards(keys: list[bytes], count: int, index: int | None) -> None:
    gguf = builder.parse(builder.gguf(keys))
    assert (shard_count(gguf), shard_index(gguf)) == (count, index)
