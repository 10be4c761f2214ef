"""The families whose files can be translated, each with its recipe; nothing else knows of any of them.

A family that is told apart but is missing here is refused. What is not ``proven`` follows what Ollama's own loader
does, and no published file of it was seen to answer well.
"""

import base64
import binascii
from collections.abc import Mapping
from types import MappingProxyType

from packllama.dialect import gemma3, gemma4
from packllama.dialect.edits import (
    drop,
    fill,
    largest,
    measure,
    measured,
    move,
    offer,
    put,
    sections,
    splitting,
    stated,
    whole_array,
)
from packllama.dialect.key import Key, f32, flag, numbers, text, u32
from packllama.dialect.marks import END_OF_TEXT, END_OF_TURN
from packllama.dialect.recipe import Draft, Edit, Recipe, Rename, Side
from packllama.gguf import ValueType

_TOWER = ("v.", "mm.")
_EPSILON = ".attention.layer_norm_epsilon"
_OF_TOWER = (
    *("block_count", "embedding_length", "feed_forward_length", "image_size", "patch_size"),
    *("attention.head_count", "attention.layer_norm_epsilon"),
)
_PATCHES, _POSITIONS = "v.patch_embd.weight", "v.position_embd.weight"
# A picture has no more than some thousand patches beside each other.
_LEAST_RATIO = 1e-3
# Of a map of characters; published ones are of a third.
_MOST_LETTERS = 1 << 20


def _floats(*values: float) -> Key:
    return numbers(ValueType.FLOAT32, values)


def _eyes(
    kind: str,
    *edits: Edit,
    named: str = "clip.projector_type",
    act: str = "clip.use_gelu",
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5),
    std: tuple[float, float, float] = (0.5, 0.5, 0.5),
) -> tuple[Edit, ...]:
    """The keys of every tower. Those of ``edits`` come first, so that they count more."""
    return (
        put("clip.has_vision_encoder", flag(True)),
        put(named, text(kind)),
        *([put(act, flag(True))] if act else []),
        *edits,
        *(fill(f".{name}", f".vision.{name}") for name in _OF_TOWER),
        fill(".projection_dim", ".embedding_length"),
        put(".image_mean", _floats(*mean)),
        put(".image_std", _floats(*std)),
    )


def _llama3_ends(draft: Draft) -> None:
    for name in ("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"):
        if draft.source.integer(name) in (None, END_OF_TEXT):
            draft.keys[name] = u32(END_OF_TURN)


def _latent(draft: Draft) -> None:
    """The width of the first block that has one: not all blocks are alike."""
    names = (tensor.name for tensor in draft.source.gguf.tensors)
    first = next((name for name in names if name.endswith(".ffn_latent_in.weight")), "")
    if first:
        measure(".moe_latent_size", first, 1, only_missing=True)(draft)


def _one_key_head(draft: Draft) -> None:
    """GLM's attention as llama.cpp has it: one head of keys, wide enough for what all heads share."""
    shared, turned = stated(draft, ".attention.kv_lora_rank"), stated(draft, ".rope.dimension_count")
    own = stated(draft, ".attention.key_length")
    values = {"head_count_kv": 1, "key_length": shared + turned, "value_length": shared}
    for name, number in {**values, "key_length_mla": own, "value_length_mla": own}.items():
        draft.count(f".attention.{name}", number)


def _glm_ends(draft: Draft) -> None:
    for name, end in zip(("eot", "eom"), whole_array(draft, "tokenizer.ggml.eos_token_ids")[1:3], strict=False):
        draft.count(f"tokenizer.ggml.{name}_token_id", end, only_missing=True)


def _charsmap(draft: Draft) -> None:
    """Bytes that are stored as base64, one letter a string."""
    name = "tokenizer.ggml.precompiled_charsmap"
    array = draft.source.gguf.array(name)
    if array is None:
        return
    if array.count > _MOST_LETTERS:
        raise draft.source.bad(f"{name} has {array.count:,} letters")
    try:
        data = base64.b64decode("".join(map(str, draft.source.elements(array))), validate=True)
    except (binascii.Error, ValueError) as error:
        raise draft.source.bad(f"{name} is no base64") from error
    draft.keys[name] = Key(ValueType.ARRAY, data, ValueType.UINT8, len(data))


def _experts(draft: Draft) -> None:
    width = measured(draft, "blk.1.ffn_down_exps.weight", 0)
    shared = measured(draft, "blk.1.ffn_down_shexp.weight", 0) // width
    draft.count(".expert_feed_forward_length", width, only_missing=True)
    draft.count(".expert_shared_count", shared, only_missing=True)


def _shuffle(draft: Draft) -> None:
    """How many patches beside each other Llama 4 makes one of; the file has its reciprocal."""
    ratio = draft.source.number(".vision.pixel_shuffle_ratio")
    draft.count(".projector.scale_factor", round(1 / ratio) if ratio and _LEAST_RATIO <= ratio <= 1 else 2)


def _every_so_many(draft: Draft) -> None:
    full = whole_array(draft, ".vision.fullatt_block_indexes")
    draft.count(".n_wa_pattern", full[0] + 1 if full else 8)


def _deepstack(draft: Draft) -> None:
    if count := len(whole_array(draft, ".vision.deepstack_visual_indexes")):
        draft.count(".n_deepstack_layers", count, only_missing=True)


_QWEN3VL = Recipe(
    text=Side(
        (
            fill(".rope.dimension_sections", otherwise=numbers(ValueType.INT32, (24, 20, 20, 0))),
            _deepstack,
        )
    )
)
_QWEN35 = Recipe(
    text=Side(
        (largest(".attention.head_count_kv", otherwise=2), sections(".rope.dimension_sections")),
        (Rename("ssm_dt$", "ssm_dt.bias"),),
    )
)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "gemma3": Recipe(
            proven=True,
            text=Side(
                (
                    fill(".rope.freq_base", ".rope.global.freq_base", otherwise=f32(1_000_000)),
                    fill(".rope.freq_base_swa", ".rope.local.freq_base", otherwise=f32(10_000)),
                    fill(".attention.layer_norm_rms_epsilon", otherwise=f32(1e-6)),
                    gemma3.long_context,
                    gemma3.vocabulary,
                    gemma3.marks,
                    fill("tokenizer.ggml.add_space_prefix", otherwise=flag(False)),
                )
            ),
            eyes=Side(
                _eyes("gemma3", gemma3.scale_factor),
                (
                    Rename("^v.patch_embedding", "v.patch_embd"),
                    Rename("^v.position_embedding", "v.position_embd"),
                    Rename("layer_norm1", "ln1", within="v.blk."),
                    Rename("layer_norm2", "ln2", within="v.blk."),
                    Rename("attn_output", "attn_out", within="v.blk."),
                    Rename("mlp.fc1", "ffn_up", within="v.blk."),
                    Rename("mlp.fc2", "ffn_down", within="v.blk."),
                    Rename("^v.post_layernorm", "v.post_ln"),
                    Rename("^mm.mm_input_projection", "mm.input_projection"),
                    Rename("^mm.mm_soft_emb_norm", "mm.soft_emb_norm"),
                ),
                wide=(_PATCHES, _POSITIONS),
                takes=_TOWER,
                tower=gemma3.tower,
            ),
        ),
        "gptoss": Recipe(
            text=Side(
                (
                    measure(".expert_feed_forward_length", "blk.0.ffn_gate_exps.weight", 1, only_missing=True),
                    fill(".rope.scaling.type", otherwise=text("yarn")),
                    put("tokenizer.ggml.pre", text("gpt-4o")),
                ),
                (
                    Rename("attn_out", "attn_output"),
                    Rename("attn_sinks$", "attn_sinks.weight"),
                    Rename("ffn_norm", "post_attention_norm"),
                ),
                wide=("_exps.bias",),
            )
        ),
        "llama": Recipe(text=Side((splitting("llama-bpe"), _llama3_ends))),
        "lfm2": Recipe(
            text=Side(
                (
                    put("tokenizer.ggml.pre", text("lfm2")),
                    measure(".feed_forward_length", "blk.0.ffn_gate.weight", 1),
                ),
                (Rename("^output_norm.weight$", "token_embd_norm.weight"),),
            )
        ),
        "olmo3": Recipe(text=Side()),
        "qwen3next": Recipe(text=Side((largest(".attention.head_count_kv"),), (Rename("ssm_dt$", "ssm_dt.bias"),))),
        "laguna": Recipe(
            text=Side(
                (
                    move(".rope.swa.dimension_count", ".rope.dimension_count_swa"),
                    move(".rope.swa.freq_base", ".rope.freq_base_swa"),
                ),
                (Rename("attn_g", "attn_gate"),),
            )
        ),
        "glm4moelite": Recipe(
            text=Side(
                (
                    _one_key_head,
                    fill(".expert_group_count", otherwise=u32(1)),
                    fill(".expert_group_used_count", otherwise=u32(1)),
                    put("tokenizer.ggml.pre", text("glm4")),
                    _glm_ends,
                )
            )
        ),
        "embeddinggemma": Recipe(
            text=Side(
                (
                    drop(".attention.causal", ".attention.sliding_window_pattern"),
                    fill(".rope.freq_base_swa", otherwise=f32(10_000)),
                    measure(".dense_2_feat_in", "dense.0.weight", 0),
                    measure(".dense_2_feat_out", "dense.0.weight", 1),
                    measure(".dense_3_feat_in", "dense.1.weight", 0),
                    measure(".dense_3_feat_out", "dense.1.weight", 1),
                ),
                (
                    Rename("^dense.0.weight$", "dense_2.weight"),
                    Rename("^dense.1.weight$", "dense_3.weight"),
                    Rename("^norm.weight$", "output_norm.weight"),
                ),
            )
        ),
        "snowflake-arctic-embed2": Recipe(text=Side((_charsmap,))),
        "llava-projector": Recipe(eyes=Side((put("clip.projector_type", text("mlp")),))),
        "nemotron_h_moe": Recipe(
            text=Side(
                (_latent,), (Rename("ffn_latent_in", "ffn_latent_down"), Rename("ffn_latent_out", "ffn_latent_up"))
            )
        ),
        "llama4": Recipe(
            text=Side(),
            eyes=Side(
                _eyes(
                    "llama4",
                    put(".projector_type", text("llama4")),
                    fill(_EPSILON, ".vision.layer_norm_epsilon"),
                    _shuffle,
                ),
                (
                    Rename("^v.positional_embedding_vlm$", _POSITIONS),
                    Rename("^v.vision_adapter.mlp.fc1", "mm.model.mlp.1"),
                    Rename("^v.vision_adapter.mlp.fc2", "mm.model.mlp.2"),
                    Rename("^mm.linear_1", "mm.model.fc"),
                    Rename("^v.class_embedding", "v.class_embd"),
                    Rename("^v.layernorm_post", "v.post_ln"),
                    Rename("^v.layernorm_pre", "v.pre_ln"),
                    Rename("^v.patch_embedding", "v.patch_embd"),
                    Rename("attn_output", "attn_out"),
                    Rename("attn_norm", "ln1"),
                    Rename("ffn_norm", "ln2"),
                    Rename("mlp.fc1", "ffn_up", within="v.blk."),
                    Rename("mlp.fc2", "ffn_down", within="v.blk."),
                ),
                takes=_TOWER,
            ),
        ),
        "qwen25vl": Recipe(
            text=Side((sections(".rope.mrope_section"),)),
            eyes=Side(
                _eyes(
                    "qwen2.5vl_merger",
                    *(offer(f".{name}", f".vision.{name}") for name in ("num_channels", "spatial_merge_size")),
                    offer(".window_size", ".vision.window_size"),
                    offer(".feed_forward_length", ".vision.feed_forward_length"),
                    measure(".feed_forward_length", "v.blk.0.ffn_up.weight", 1, only_missing=True),
                    _every_so_many,
                    put(".image_size", u32(560)),
                    act="clip.use_silu",
                    mean=(0.48145466, 0.4578275, 0.40821073),
                    std=(0.26862954, 0.26130258, 0.27577711),
                ),
                (
                    Rename("^v.merger.ln_q", "v.post_ln"),
                    Rename("^v.merger.mlp.0", "mm.0"),
                    Rename("^v.merger.mlp.2", "mm.2"),
                    Rename("^v.patch_embd_0.weight$", _PATCHES),
                    Rename("^v.patch_embd_1.weight$", f"{_PATCHES}.1"),
                ),
                wide=(_PATCHES, f"{_PATCHES}.1"),
                takes=_TOWER,
            ),
        ),
        "gemma4": Recipe(
            text=Side(
                (put("tokenizer.ggml.model", text("gemma4")),),
                (Rename("ffn_gate_inp.per_expert_scale", "ffn_down_exps.scale"),),
            ),
            eyes=Side(
                _eyes(
                    "gemma4v",
                    fill(".image_size", ".vision.image_size", otherwise=u32(224)),
                    fill(".projector.scale_factor", ".vision.projector.scale_factor", otherwise=u32(3)),
                    gemma4.ears,
                    named="clip.vision.projector_type",
                    act="",
                    mean=(0.0, 0.0, 0.0),
                    std=(1.0, 1.0, 1.0),
                ),
                gemma4.EARS_RENAMES,
                wide=(_PATCHES, ".conv_dw.weight"),
                takes=(*_TOWER, "a."),
                more=gemma4.clamps,
            ),
        ),
        "deepseekocr": Recipe(
            text=Side((fill(".attention.layer_norm_rms_epsilon", otherwise=f32(1e-6)), _experts)),
            eyes=Side(
                _eyes(
                    "deepseekocr",
                    fill(".attention.head_count", ".vision.head_count"),
                    *(
                        fill(f".sam.{name}", f".sam.{name}")
                        for name in ("block_count", "embedding_length", "head_count")
                    ),
                    fill(".feed_forward_length", otherwise=u32(64)),
                    fill(".projection_dim", otherwise=u32(1280)),
                    fill(".projector.scale_factor", otherwise=u32(1)),
                    fill(".window_size", otherwise=u32(14)),
                    fill(_EPSILON, otherwise=f32(1e-6)),
                ),
                (
                    Rename("^s", "v.sam"),
                    Rename("^v.sam.position_embd$", "v.sam.pos_embd.weight"),
                    Rename("self_attn.out_proj", "attn_out"),
                    Rename("self_attn.qkv_proj", "attn_qkv"),
                    Rename("layer_norm1", "ln1"),
                    Rename("layer_norm2", "ln2"),
                    Rename("mlp.fc1", "ffn_up"),
                    Rename("mlp.fc2", "ffn_down"),
                    Rename("^v.pre_layrnorm", "v.pre_ln"),
                    Rename("attn.proj", "attn.out", within="v.sam."),
                    Rename("attn.rel_pos_h$", "attn.pos_h.weight", within="v.sam."),
                    Rename("attn.rel_pos_w$", "attn.pos_w.weight", within="v.sam."),
                    Rename("norm1", "pre_ln", within="v.sam."),
                    Rename("norm2", "post_ln", within="v.sam."),
                    Rename("^mm.layers", "mm.model.fc"),
                    Rename("^mm.image_newline", "v.image_newline"),
                    Rename("^mm.view_seperator", "v.view_seperator"),
                ),
                wide=(_PATCHES, "v.sam.patch_embd.weight", _POSITIONS),
                takes=(*_TOWER, "s."),
            ),
        ),
        "mistral3": Recipe(
            text=Side(
                (
                    offer(".rope.scaling.yarn_beta_fast", ".rope.scaling.beta_fast"),
                    offer(".rope.scaling.yarn_beta_slow", ".rope.scaling.beta_slow"),
                    offer(".rope.scaling.yarn_log_multiplier", ".rope.scaling.mscale_all_dim"),
                    offer(".attention.temperature_scale", ".rope.scaling_beta"),
                    splitting("tekken"),
                )
            )
        ),
        "qwen3vl": _QWEN3VL,
        "qwen3vlmoe": _QWEN3VL,
        "qwen35": _QWEN35,
        "qwen35moe": _QWEN35,
    }
)
"""By family, as it is told."""
