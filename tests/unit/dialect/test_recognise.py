"""Ollama's own form of GGUF, told from plain files."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, FileChanged, GGUFError
from packllama.base.stop import Stop
from packllama.dialect import Dialect, Reader, dialect_of
from packllama.gguf import ValueType, open_gguf
from tests.fixtures import gguf_files
from tests.unit.gguf import builder
from tests.unit.gguf.builder import array, boolean, scalar, string, strings, tensor, text, uint32

EPSILON = uint32("gemma3.attention.layer_norm_rms_epsilon", 1)
SECTIONS = array("qwen3vl.rope.dimension_sections", ValueType.INT32, 4, bytes(16))
SECTIONS_MOE = array("qwen3vlmoe.rope.dimension_sections", ValueType.INT32, 4, bytes(16))
VISION = boolean("clip.has_vision_encoder", True)
T5 = string("tokenizer.ggml.model", "t5")
CHARSMAP = "tokenizer.ggml.precompiled_charsmap"


@dataclass(frozen=True)
class Shaped:
    """A tensor of which the shape counts."""

    name: str
    shape: tuple[int, ...]
    kind: int = 24


FIRST_MXFP4 = Shaped("blk.0.ffn_up_exps.weight", (32,), 4)


@dataclass(frozen=True)
class Case:
    """A file of this architecture, with these keys and tensors, and the family it is of; empty for a plain one."""

    architecture: str
    family: str = ""
    stock: str = ""
    keys: Sequence[bytes] = ()
    tensors: Sequence[str | Shaped] = field(default=("token_embd.weight", "blk.0.attn_q.weight"))

    def __str__(self) -> str:
        return f"{self.architecture}-{self.family or 'plain'}"

    @property
    def data(self) -> bytes:
        shaped = [each if isinstance(each, Shaped) else Shaped(each, (1,)) for each in self.tensors]
        table = [tensor(each.name, each.shape, kind=each.kind, offset=32 * index) for index, each in enumerate(shaped)]
        head = string("general.architecture", self.architecture)
        return builder.gguf([head, *self.keys], table, data=32 * len(table))


def gemma3(*keys: bytes, tensors: Sequence[str] = ("token_embd.weight",)) -> Case:
    return Case("gemma3", "gemma3", "gemma3", [EPSILON, *keys], tensors)


def qwen35(*keys: bytes, tensors: Sequence[str] = ()) -> Case:
    return Case("qwen35", "qwen35", "qwen35", keys, tensors)


def qwen35moe(*keys: bytes, tensors: Sequence[str] = ()) -> Case:
    return Case("qwen35moe", "qwen35moe", "qwen35moe", keys, tensors)


def llama3(
    *keys: bytes,
    family: str = "llama",
    eos: int | None = 128009,
    end: str = "<|eot_id|>",
    begin: str = "<|start_header_id|>",
    count: int = 128256,
) -> Case:
    """A vocabulary of the size of Llama 3's."""
    tokens = [text("")] * count
    tokens[128006:128007], tokens[128009:128010] = [text(begin)], [text(end)]
    said = [] if eos is None else [uint32("tokenizer.ggml.eos_token_id", eos)]
    vocabulary = array("tokenizer.ggml.tokens", ValueType.STRING, count, b"".join(tokens[:count]))
    return Case("llama", family, family, [*keys, *said, vocabulary])


PRE = "tokenizer.ggml.pre"
BPE = string(PRE, "llama-bpe")
CHAT = "tokenizer.chat_template"

DIALECTS = [
    Case("gemma3", "embeddinggemma", "gemma-embedding", [EPSILON], ["dense.0.weight"]),
    Case("gemma3", "embeddinggemma", "gemma-embedding", [], ["v.blk.0.ln1.weight", "dense.0.weight"]),
    gemma3(uint32("gemma3.mm.tokens_per_image", 256)),
    gemma3(tensors=["v.patch_embedding.weight"]),
    gemma3(tensors=["mm.mm_soft_emb_norm.weight"]),
    gemma3(scalar("gemma3.rope.global.freq_base", ValueType.FLOAT32, 1e6)),
    gemma3(scalar("gemma3.rope.local.freq_base", ValueType.FLOAT32, 1e4)),
    gemma3(boolean("tokenizer.ggml.add_padding_token", False)),
    gemma3(boolean("tokenizer.ggml.add_unknown_token", False)),
    Case("gemma3", "gemma3", "gemma3"),
    Case(
        "gemma3n",
        "gemma3n",
        "gemma3n",
        tensors=[Shaped("token_embd.weight", (2, 3)), Shaped("per_layer_token_embd.weight", (2, 2))],
    ),
    Case("gemma4", "gemma4", "gemma4", tensors=["a.blk.0.ln1.weight"]),
    Case("gemma4", "gemma4", "gemma4", tensors=["v.blk.0.ln1.weight"]),
    Case("gemma4", "gemma4", "gemma4", tensors=["mm.a.fc.weight"]),
    Case("gemma4", "gemma4", "gemma4", tensors=["model.vision_tower.weight"]),
    Case("gemma4", "gemma4", "gemma4", [string("tokenizer.ggml.model", "llama")]),
    Case("gptoss", "gptoss", "gpt-oss"),
    llama3(),
    llama3(string(PRE, "")),
    llama3(string(PRE, "default")),
    llama3(BPE, eos=128001),
    llama3(string(CHAT, "{{ '<|start_header_id|>' }}"), begin="other"),
    llama3(string(CHAT, "{{ '<|eot_id|>' }}"), begin="other"),
    Case("llama4", "llama4", "llama4", tensors=["v.class_embedding"]),
    Case("llama4", "llama4", "llama4", tensors=["mm.linear_1.weight"]),
    Case("mistral3", "mistral3", "mistral3", tensors=["v.patch_conv.weight"]),
    Case("mistral3", "mistral3", "mistral3", tensors=["mm.norm.weight"]),
    Case("mistral3", "mistral3", "mistral3", [uint32("mistral3.rope.scaling.beta_fast", 32)]),
    Case("mistral3", "mistral3", "mistral3", [uint32("mistral3.rope.scaling.mscale_all_dim", 1)]),
    Case("mistral3", "mistral3", "mistral3", [uint32("mistral3.rope.scaling_beta", 1)]),
    Case("qwen25vl", "qwen25vl", "qwen2vl"),
    Case("qwen3vl", "qwen3vl", "qwen3vl"),
    Case("qwen3vl", "qwen3vl", "qwen3vl", [SECTIONS], ["v.pos_embed.weight"]),
    Case("qwen3vlmoe", "qwen3vlmoe", "qwen3vlmoe", [SECTIONS]),
    Case("qwen3vlmoe", "qwen3vlmoe", "qwen3vlmoe", [SECTIONS_MOE], ["v.pos_embed.weight"]),
    qwen35(uint32("qwen35.vision.block_count", 27), uint32("qwen35.block_count", 2)),
    qwen35(uint32("qwen35.image_token_id", 5)),
    qwen35(boolean("qwen35.ssm.v_head_reordered", True)),
    qwen35(boolean("qwen35.rope.mrope_interleaved", True)),
    qwen35(tensors=["v.pos_embed.weight"]),
    qwen35(tensors=["mtp.fc.weight"]),
    qwen35moe(uint32("qwen35moe.vision.block_count", 27), uint32("qwen35moe.block_count", 2)),
    qwen35moe(uint32("qwen35moe.image_token_id", 5)),
    qwen35moe(boolean("qwen35moe.ssm.v_head_reordered", True)),
    qwen35moe(boolean("qwen35moe.rope.mrope_interleaved", True)),
    qwen35moe(uint32("qwen35moe.feed_forward_length", 5)),
    qwen35moe(tensors=["v.pos_embed.weight"]),
    qwen35moe(tensors=["mtp.fc.weight"]),
    Case("qwen3next", "qwen3next", "qwen3next", tensors=["blk.0.ssm_dt"]),
    Case("deepseekocr", "deepseekocr", "deepseek2-ocr"),
    Case("glmocr", "glmocr", "glm4"),
    Case("glm4moelite", "glm4moelite", "deepseek2"),
    Case("lfm2", "lfm2", "lfm2", tensors=["output_norm.weight"]),
    Case("olmo3", "olmo3", "olmo2"),
    Case("laguna", "laguna", "laguna", [uint32("laguna.rope.swa.dimension_count", 64)]),
    Case("laguna", "laguna", "laguna", [uint32("laguna.rope.swa.freq_base", 64)]),
    Case("laguna", "laguna", "laguna", tensors=["blk.0.attn_g.weight"]),
    Case("nemotron_h_moe", "nemotron_h_moe", "nemotron_h_moe", tensors=["blk.0.ffn_latent_in.weight"]),
    Case("nemotron_h_moe", "nemotron_h_moe", "nemotron_h_moe", tensors=["blk.1.ffn_latent_in.weight"]),
    Case("nemotron_h_moe", "nemotron_h_moe", "nemotron_h_moe", tensors=["mtp.layers.0.weight"]),
    Case("nemotron_h_omni", "nemotron_h_omni", "nemotron_h", tensors=["v.cls_embd"]),
    Case("nemotron_h_omni", "nemotron_h_omni", "nemotron_h", tensors=["a.blk.0.weight"]),
    Case("nemotron_h_omni", "nemotron_h_omni", "nemotron_h", [uint32("nemotron_h_omni.expert_count", 0)], ["mm.norm"]),
    *(
        Case("nemotron_h_omni", "nemotron_h_omni", "nemotron_h_moe", [uint32(f"nemotron_h_omni.{count}", 8)], ["v.x"])
        for count in ("expert_count", "expert_used_count")
    ),
    Case("bert", "snowflake-arctic-embed2", "bert", [T5, strings(CHARSMAP, ["A", "b"])]),
    Case("clip", "llava-projector", "", [VISION], ["v.blk.0.ln1.weight", "mm.0.weight"]),
    Case("mllama", "mllama"),
    *(Case("foo", "foo", tensors=[f"{prefix}x.weight"]) for prefix in ("v.", "mm.", "a.", "s.", "mtp.")),
    # None of the architecture's own marks, and yet a tower in the model's file.
    Case("llama", "llama", tensors=["v.blk.0.ln1.weight"]),
    Case("lfm2", "lfm2", tensors=["output_norm.weight", "token_embd_norm.weight", "v.blk.0.ln1.weight"]),
]

PLAIN_GEMMA3 = Case("gemma3", keys=[EPSILON])

PLAIN = [
    PLAIN_GEMMA3,
    Case("gemma3", keys=[EPSILON, scalar("gemma3.rope.freq_base", ValueType.FLOAT32, 1e6)]),
    Case("gemma3", keys=[EPSILON], tensors=["dense.0.bias", "blk.0.v.weight", "video.weight"]),
    Case("gemma3n", tensors=[Shaped("token_embd.weight", (2, 3)), Shaped("per_layer_token_embd.weight", (4, 3))]),
    Case("gemma3n", tensors=[Shaped("token_embd.weight", (2, 3))]),
    Case("gemma3n", tensors=[Shaped("token_embd.weight", (2,)), Shaped("per_layer_token_embd.weight", (3, 2))]),
    Case("gemma4", keys=[string("tokenizer.ggml.model", "gemma4")]),
    Case("gpt-oss"),
    Case("llama"),
    llama3(BPE, family=""),
    llama3(BPE, family="", eos=None),
    llama3(family="", end="<|end|>"),
    llama3(family="", end="<|end|>", eos=128001),
    llama3(family="", begin="other"),
    llama3(string(CHAT, "{{ messages }}"), family="", begin="other"),
    llama3(family="", count=128009),
    Case("llama4"),
    Case("mistral3", keys=[uint32("mistral3.rope.scaling.yarn_beta_fast", 32)]),
    Case("qwen2vl"),
    Case("qwen3vl", keys=[SECTIONS]),
    Case("qwen3vlmoe", keys=[SECTIONS_MOE]),
    Case("qwen35", keys=[uint32("qwen35.feed_forward_length", 8)]),
    Case("qwen35moe", keys=[uint32("qwen35moe.expert_feed_forward_length", 8)]),
    Case("qwen3next", tensors=["blk.0.ssm_dt.bias"]),
    Case("deepseek2-ocr"),
    Case("glm4"),
    Case("deepseek2"),
    Case("lfm2", tensors=["token_embd_norm.weight"]),
    Case("lfm2", tensors=["output_norm.weight", "token_embd_norm.weight"]),
    Case("lfm2", tensors=["blk.0.attn_q.weight"]),
    Case("olmo2"),
    Case("laguna", keys=[uint32("laguna.rope.dimension_count_swa", 64)], tensors=["blk.0.attn_gate.weight"]),
    Case("nemotron_h_moe", tensors=["blk.0.ffn_latent_down.weight", "blk.2.ffn_latent_in.weight"]),
    Case("nemotron_h_omni", keys=[uint32("nemotron_h_omni.expert_count", 8)]),
    Case("bert", keys=[T5, array(CHARSMAP, ValueType.UINT8, 2, b"Ab")]),
    Case("bert", keys=[string("tokenizer.ggml.model", "bert"), strings(CHARSMAP, ["A"])]),
    Case("bert", keys=[T5]),
    Case("clip", keys=[VISION, string("clip.projector_type", "mlp")], tensors=["v.blk.0.ln1.weight"]),
    Case("clip", keys=[VISION, string("clip.vision.projector_type", "gemma3")], tensors=["v.blk.0.ln1.weight"]),
    Case("clip", keys=[boolean("clip.has_vision_encoder", False)], tensors=["v.blk.0.ln1.weight"]),
    Case("clip", keys=[boolean("clip.has_audio_encoder", True)], tensors=["a.blk.0.ln1.weight"]),
    Case("foo", tensors=["V.x", "ma.x", "blk.0.mm.weight"]),
    # Adapters are of a model's architecture, shards hold some of its tensors.
    Case("gptoss", keys=[string("general.type", "adapter")]),
    Case("lfm2", keys=[scalar("split.count", ValueType.UINT16, 2)], tensors=["output_norm.weight"]),
]

WRONG_TYPES = [
    Case("llama", keys=[array("tokenizer.ggml.tokens", ValueType.INT32, 128256, bytes(4 * 128256))]),
    Case("llama", keys=[uint32("tokenizer.ggml.tokens", 128256)]),
    llama3(uint32(CHAT, 7), begin="other", family=""),
    llama3(strings(CHAT, ["<|eot_id|>"]), begin="other", family=""),
    llama3(uint32(PRE, 7), family=""),
    llama3(BPE, string("tokenizer.ggml.eos_token_id", "128001"), family="", eos=None),
    Case("gemma4", keys=[strings("tokenizer.ggml.model", ["llama"])]),
    Case("gemma3n", tensors=[Shaped("token_embd.weight", ()), Shaped("per_layer_token_embd.weight", ())]),
    Case(
        "nemotron_h_omni",
        "nemotron_h_omni",
        "nemotron_h",
        [string("nemotron_h_omni.expert_count", "8"), strings("nemotron_h_omni.expert_used_count", ["8"])],
        ["v.x"],
    ),
    Case("bert", keys=[T5, string(CHARSMAP, "Ab")]),
    Case("bert", keys=[uint32("tokenizer.ggml.model", 5), strings(CHARSMAP, ["A"])]),
    Case("clip", keys=[uint32("clip.has_vision_encoder", 1)]),
    # Keys that only have to be there, or away.
    gemma3(strings("gemma3.mm.tokens_per_image", ["256"])),
    Case("gemma3", keys=[string("gemma3.attention.layer_norm_rms_epsilon", "1e-6")]),
]


def found(case: Case, folder: Path) -> Dialect | None:
    path = folder / "m.gguf"
    path.write_bytes(case.data)
    return dialect_of(open_gguf(path), path)


@pytest.mark.parametrize("case", [*DIALECTS, *PLAIN, *WRONG_TYPES], ids=str)
def test_recognised(case: Case, tmp_path: Path) -> None:
    dialect = found(case, tmp_path)
    assert (dialect.family if dialect else "", dialect.stock if dialect else "") == (case.family, case.stock)


@pytest.mark.slow
def test_real_files(gguf: Callable[[str], Path]) -> None:
    families = {}
    for name in gguf_files.names():
        if name not in ("cut.gguf", "cut-header.gguf", "not.gguf"):
            dialect = dialect_of(open_gguf(gguf(name)), gguf(name))
            families[name] = dialect and dialect.family
    assert len(families) > 15
    assert {name for name, family in families.items() if family} == {"tiny-gemma3-inline.gguf"}
    assert families["tiny-gemma3-inline.gguf"] == "gemma3"


def test_a_file_without_an_architecture(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(builder.gguf([], [tensor("v.x")], data=1))
    dialect = dialect_of(open_gguf(path), path)
    assert dialect is not None
    assert (dialect.family, dialect.reader) == ("unknown", Reader.NONE)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (gemma3(tensors=["v.x"]), "this is Gemma 3 in Ollama's own form .* refuses .* translates it once"),
        (Case("gptoss"), "this is gpt-oss .* translates it once.* experimental: .* plain GGUF .* --engine .* Ollama"),
        (Case("gptoss", tensors=[FIRST_MXFP4]), "this is gpt-oss .* cannot be translated yet. Use a plain .* --engine"),
        (Case("clip", keys=[VISION]), "this is a LLaVA projector .* translates it once.* experimental"),
        (llama3(), "this is Llama 3 .* llama.cpp loads, but may misread. .* translates it once"),
        (Case("glmocr"), "this is GLM-OCR .* refuses .* plain GGUF .* --engine .* Ollama"),
        (Case("mllama"), "this is Llama 3.2 Vision .* no engine is known to read.* plain GGUF"),
        (Case("foo", tensors=["v.x"]), 'this is "foo" .* no engine is known to read.* plain GGUF'),
        (Case("x" * 60_000, tensors=["v.x"]), 'this is "x{120}…" .* no engine'),
    ],
)
def test_what_is_said_of_it(case: Case, words: str, tmp_path: Path) -> None:
    dialect = found(case, tmp_path)
    assert dialect is not None
    assert re.match(words, dialect.note)
    assert dialect.translated is ("translates" in words)
    assert dialect.experimental is (dialect.translated and "experimental" in dialect.note)


def test_a_file_that_changes_while_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(llama3().data)
    gguf = open_gguf(path)
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        dialect_of(gguf, path, stop=stop)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(FileChanged):
        dialect_of(gguf, path)
    path.write_bytes(b"\xff" * gguf.size)
    with pytest.raises(GGUFError, match="bytes of text"):
        dialect_of(gguf, path)


def test_tokens_are_read_only_where_they_count(tmp_path: Path) -> None:
    """Of other files the header is enough: the file itself may be gone."""
    path = tmp_path / "m.gguf"
    for case in (llama3(BPE), PLAIN_GEMMA3, Case("llama")):
        path.write_bytes(case.data)
        gguf = open_gguf(path)
        path.unlink()
        assert dialect_of(gguf, path) is None
