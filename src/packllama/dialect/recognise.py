"""Ollama's own form of GGUF told from plain files, by the header; Llama 3 by two of its tokens too.

The vision tower stands inside the model's file, keys and tensors have other names, some keys are missing. Ollama's
llama.cpp rewrites such files in memory while it loads them; stock llama.cpp refuses them or misreads them.
"""

from pathlib import Path

from packllama.base.stop import Stop
from packllama.base.terminal import escaped
from packllama.dialect.dialect import Dialect, Reader
from packllama.dialect.marks import (
    Mark,
    always,
    begins,
    both,
    ends,
    has_experts,
    has_key,
    has_tensor,
    has_text,
    has_type,
    lacks_key,
    misnamed_llama3,
    spelled_charsmap,
    untyped_projector,
    vocabularies_differ,
    without,
)
from packllama.dialect.source import SourceFile
from packllama.gguf import GGUF, Kind, TensorType, architecture, has_inline_tensors, kind_of, quoted, shard_count


def dialect_of(gguf: GGUF, path: Path, *, stop: Stop | None = None) -> Dialect | None:
    """The dialect of the file at ``path`` whose header is ``gguf``; ``None`` for a plain one.

    Adapters and shards count as plain. Only of what may be Llama 3 more than the header is read, two tokens.

    Raises: GGUFError, FileChanged, MachineError, Cancelled, as :func:`packllama.gguf.read_element` does.
    """
    if kind_of(gguf) is Kind.ADAPTER or shard_count(gguf) > 1:
        return None
    name, file = architecture(gguf), SourceFile(gguf, path, stop)
    for form, marks, dialect in _FORMS:
        if form == name and any(mark(file) for mark in marks):
            return dialect
    if name != "clip" and has_inline_tensors(gguf):
        return Dialect(name, quoted(escaped(name)), reader=Reader.NONE)
    return None


_GEMMA3 = (
    has_key(".mm.tokens_per_image", ".rope.global.freq_base", ".rope.local.freq_base"),
    has_key("tokenizer.ggml.add_padding_token", "tokenizer.ggml.add_unknown_token"),
    lacks_key(".attention.layer_norm_rms_epsilon"),
    begins("v.", "mm."),
)
_GEMMA4 = (begins("a.", "v.", "mm.", "model.vision_tower."), has_text("tokenizer.ggml.model", "llama"))
_MISTRAL3 = (
    has_key(".rope.scaling.beta_fast", ".rope.scaling.mscale_all_dim", ".rope.scaling_beta"),
    begins("v.", "mm."),
)
_QWEN3VL = (lacks_key(".rope.dimension_sections"), begins("v."))
_QWEN35 = (
    has_key(".vision.block_count", ".image_token_id", ".ssm.v_head_reordered", ".rope.mrope_interleaved"),
    begins("v.", "mtp."),
)
_QWEN35_MOE = (*_QWEN35, has_key(".feed_forward_length"))
_LFM2 = both(has_tensor("output_norm.weight"), without(has_tensor("token_embd_norm.weight")))
_LAGUNA = (has_key(".rope.swa.dimension_count", ".rope.swa.freq_base"), has_tensor("blk.0.attn_g.weight"))
_NEMOTRON = begins("blk.0.ffn_latent_in", "blk.1.ffn_latent_in", "mtp.")
_OMNI = begins("v.", "a.", "mm.")
_ARCTIC = both(has_text("tokenizer.ggml.model", "t5"), spelled_charsmap)

_FIRST_GPTOSS = Dialect(
    "gptoss", "gpt-oss", "gpt-oss", obstacle="its experts are packed in a way that cannot be translated yet"
)

# Architecture, the marks of which any tells, dialect. The first that fits counts.
_FORMS: tuple[tuple[str, tuple[Mark, ...], Dialect], ...] = (
    ("gemma3", (has_tensor("dense.0.weight"),), Dialect("embeddinggemma", "EmbeddingGemma", "gemma-embedding")),
    ("gemma3", _GEMMA3, Dialect("gemma3", "Gemma 3", "gemma3")),
    ("gemma3n", (vocabularies_differ,), Dialect("gemma3n", "Gemma 3n", "gemma3n")),
    ("gemma4", _GEMMA4, Dialect("gemma4", "Gemma 4", "gemma4")),
    ("gptoss", (has_type(TensorType.MXFP4_OLLAMA), ends(".ffn_gate_up_exps.weight")), _FIRST_GPTOSS),
    ("gptoss", (always,), Dialect("gptoss", "gpt-oss", "gpt-oss")),
    ("llama", (misnamed_llama3,), Dialect("llama", "Llama 3", "llama", Reader.ANY)),
    ("llama4", (begins("v.", "mm."),), Dialect("llama4", "Llama 4", "llama4")),
    ("mistral3", _MISTRAL3, Dialect("mistral3", "Mistral 3", "mistral3")),
    ("qwen25vl", (always,), Dialect("qwen25vl", "Qwen2.5-VL", "qwen2vl")),
    ("qwen3vl", _QWEN3VL, Dialect("qwen3vl", "Qwen3-VL", "qwen3vl")),
    ("qwen3vlmoe", _QWEN3VL, Dialect("qwen3vlmoe", "Qwen3-VL MoE", "qwen3vlmoe")),
    ("qwen35", _QWEN35, Dialect("qwen35", "Qwen3.5", "qwen35")),
    ("qwen35moe", _QWEN35_MOE, Dialect("qwen35moe", "Qwen3.5 MoE", "qwen35moe")),
    ("qwen3next", (ends(".ssm_dt"),), Dialect("qwen3next", "Qwen3-Next", "qwen3next")),
    ("deepseekocr", (always,), Dialect("deepseekocr", "DeepSeek-OCR", "deepseek2-ocr")),
    ("glmocr", (always,), Dialect("glmocr", "GLM-OCR", "glm4")),
    ("glm4moelite", (always,), Dialect("glm4moelite", "GLM-4 MoE Lite", "deepseek2")),
    ("lfm2", (_LFM2,), Dialect("lfm2", "LFM2", "lfm2")),
    ("olmo3", (always,), Dialect("olmo3", "OLMo 3", "olmo2")),
    ("laguna", _LAGUNA, Dialect("laguna", "Laguna", "laguna")),
    ("nemotron_h_moe", (_NEMOTRON,), Dialect("nemotron_h_moe", "Nemotron-H MoE", "nemotron_h_moe")),
    ("nemotron_h_omni", (both(_OMNI, has_experts),), Dialect("nemotron_h_omni", "Nemotron Omni", "nemotron_h_moe")),
    ("nemotron_h_omni", (_OMNI,), Dialect("nemotron_h_omni", "Nemotron Omni", "nemotron_h")),
    ("bert", (_ARCTIC,), Dialect("snowflake-arctic-embed2", "Snowflake Arctic Embed 2", "bert")),
    ("clip", (untyped_projector,), Dialect("llava-projector", "a LLaVA projector")),
    ("mllama", (always,), Dialect("mllama", "Llama 3.2 Vision", reader=Reader.NONE)),
)
