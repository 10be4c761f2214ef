from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.gguf import (
    GGUF,
    ProjectorFacts,
    ValueType,
    architecture,
    chat_template,
    context_length,
    embedding_length,
    file_type,
    has_inline_audio,
    has_inline_vision,
    human_count,
    is_embedding_model,
    license_name,
    open_gguf,
    parameter_count,
    projector_facts,
)
from tests.unit.gguf import builder
from tests.unit.gguf.builder import boolean, scalar, string, uint32

CLIP = string("general.architecture", "clip")


def of(*keys: bytes) -> GGUF:
    return builder.parse(builder.gguf(keys))


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1K"),
        (1_500, "2K"),
        (2_500, "2K"),
        (165_000, "165K"),
        (999_999, "1000K"),
        (1_000_000, "1M"),
        (1_234_567, "1.23M"),
        (134_515_008, "134.52M"),
        (999_999_999, "1000.00M"),
        (1_000_000_000, "1B"),
        (8_030_261_248, "8.0B"),
        (20_914_757_184, "20.9B"),
        (671_000_000_000, "671B"),
    ],
)
def test_counts_for_people(count: int, text: str) -> None:
    assert human_count(count) == text


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, "unknown"),
        (1, "F16"),
        (4, "unknown"),
        (7, "Q8_0"),
        (15, "Q4_K_M"),
        (32, "BF16"),
        (33, "unknown"),
        (35, "unknown"),
        (36, "TQ1_0"),
        (40, "Q1_0"),
        (41, "unknown"),
        (1024, "unknown"),
        (1025, "unknown"),
        (2**32 - 1, "unknown"),
    ],
)
def test_file_types(code: int, name: str) -> None:
    assert file_type(of(uint32("general.file_type", code))) == name


def test_a_file_type_counts_only_as_uint32() -> None:
    assert file_type(of(scalar("general.file_type", ValueType.INT32, 15))) == "unknown"
    assert file_type(of()) == "unknown"


def test_what_is_missing_is_unknown() -> None:
    empty = of()
    assert architecture(empty) == "unknown"
    assert (context_length(empty), embedding_length(empty), chat_template(empty)) == (None, None, None)
    assert not (is_embedding_model(empty) or has_inline_vision(empty) or has_inline_audio(empty))


def test_facts_of_a_tiny_model(gguf: Callable[[str], Path]) -> None:
    found = open_gguf(gguf("tiny.gguf"))
    assert architecture(found) == "llama"
    assert file_type(found) == "F16"
    assert human_count(parameter_count(found)) == "166K"
    assert (context_length(found), embedding_length(found)) == (2048, 64)
    assert "<|im_start|>" in (chat_template(found) or "")
    assert not is_embedding_model(found)


def test_facts_of_its_kin(gguf: Callable[[str], Path]) -> None:
    assert is_embedding_model(open_gguf(gguf("tiny-bert.gguf")))
    assert has_inline_vision(open_gguf(gguf("tiny-gemma3-inline.gguf")))
    assert not has_inline_vision(open_gguf(gguf("tiny-gemma3.gguf")))
    assert chat_template(open_gguf(gguf("tiny-plain.gguf"))) is None
    assert parameter_count(open_gguf(gguf("meta-only.gguf"))) == 0


def test_a_key_of_any_type_marks_a_tower() -> None:
    audio = of(string("general.architecture", "x"), scalar("x.audio.block_count", ValueType.UINT64, 0))
    assert has_inline_audio(audio)


def test_facts_of_a_projector(gguf: Callable[[str], Path]) -> None:
    facts = projector_facts(open_gguf(gguf("tiny-mmproj.gguf")))
    assert facts == ProjectorFacts(vision=True, audio=False, type="gemma3", vision_type="", lacks_type=False)


@pytest.mark.parametrize(
    ("keys", "lacks"),
    [
        ([CLIP, boolean("clip.has_vision_encoder", True)], True),
        ([CLIP, boolean("clip.has_vision_encoder", True), string("clip.projector_type", "")], False),
        ([CLIP, boolean("clip.has_vision_encoder", True), string("clip.vision.projector_type", "x")], False),
        ([CLIP, boolean("clip.has_audio_encoder", True)], False),
        ([CLIP], False),
        ([string("general.architecture", "llama"), boolean("clip.has_vision_encoder", True)], False),
    ],
)
def test_old_projectors_lack_a_type(keys: list[bytes], lacks: bool) -> None:
    assert projector_facts(of(*keys)).lacks_type is lacks


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ([], ""),
        ([string("general.license", "mit")], "mit"),
        ([string("general.license", "mit"), string("general.license.name", "MIT")], "mit"),
        ([string("general.license.name", "gemma")], "gemma"),
        ([string("general.license", "other"), string("general.license.name", "gemma")], "gemma"),
        ([string("general.license", "other")], "other"),
    ],
)
def test_license(keys: list[bytes], name: str) -> None:
    assert license_name(of(*keys)) == name
