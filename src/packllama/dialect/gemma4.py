"""What of Gemma 4's edits is more than a line of a table: its limits and its ears."""

from collections.abc import Iterator

from packllama.dialect.edits import fill, put
from packllama.dialect.key import flag, text, u32
from packllama.dialect.recipe import Draft, Rename, Tensor
from packllama.dialect.source import SourceFile
from packllama.gguf import TensorType, limits

_PACKED = "v.clamp_data"
_LINEAR = ("attn_q", "attn_k", "attn_v", "attn_out", "ffn_gate", "ffn_up", "ffn_down")
_LIMITS = ("input_min", "input_max", "output_min", "output_max")
_FLOAT = 4

EARS_RENAMES = (
    Rename("^a.pre_encode.out.weight$", "a.input_projection.weight"),
    Rename("^mm.a.fc", "a.pre_encode.out"),
    Rename("ln1", "attn_pre_norm", within="a.blk."),
    Rename("ln2", "attn_post_norm", within="a.blk."),
    Rename("layer_pre_norm", "ln2", within="a.blk."),
    Rename("linear_pos", "attn_k_rel", within="a.blk."),
)
_SAME = (
    *("block_count", "embedding_length", "feed_forward_length"),
    *("attention.head_count", "attention.layer_norm_epsilon"),
)


def ears(draft: Draft) -> None:
    """The keys of the tower that hears, where the file has one."""
    if not any(tensor.name.startswith("a.") for tensor in draft.source.gguf.tensors):
        return
    for edit in (
        put("clip.has_audio_encoder", flag(True)),
        put("clip.audio.projector_type", text("gemma4a")),
        *(fill(f"clip.audio.{name}", f".audio.{name}") for name in _SAME),
        put("clip.audio.num_mel_bins", u32(128)),
        fill("clip.audio.projection_dim", ".embedding_length"),
    ):
        edit(draft)


def clamps(source: SourceFile) -> Iterator[Tensor]:
    """Between which numbers each linear layer works: packed into one tensor, where llama.cpp reads one for each.

    Raises: GGUFError, when it is of another size. FileChanged.
    """
    packed = source.tensor(_PACKED)
    if packed is None:
        return
    blocks = source.integer(".vision.block_count") or 0
    layers = len(_LINEAR) * blocks + 1
    if (
        packed.type is not TensorType.F32
        or packed.elements != len(_LIMITS) * layers
        or packed.elements > limits.TENSORS
    ):
        raise source.bad(f"{_PACKED} has {packed.elements:,} numbers, for {blocks:,} blocks")
    names = [f"v.blk.{block}.{name}" for block in range(blocks) for name in _LINEAR]
    present, numbers = {tensor.name for tensor in source.gguf.tensors}, source.numbers(packed)
    for first, layer in enumerate([*names, "mm.input_projection"]):
        own = range(first * len(_LIMITS), (first + 1) * len(_LIMITS))
        # Ollama's converter begins with zeros and fills in what it finds; between zeros no picture would get through.
        if any(numbers[index] for index in own):
            for index, limit in zip(own, _LIMITS, strict=True):
                if f"{layer}.{limit}" not in present:
                    yield Tensor(f"{layer}.{limit}", TensorType.F32, (1,), _PACKED, index * _FLOAT)
