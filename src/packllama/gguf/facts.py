"""What a config, a listing or ``show`` says about a GGUF, in Ollama's words."""

from dataclasses import dataclass

from packllama.gguf.gguf import GGUF

UNKNOWN = "unknown"

_FILE_TYPES = {
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4_MOE",
    39: "NVFP4",
    40: "Q1_0",
}
"""``general.file_type``. 0 (all F32) is not in it: Ollama calls such a file unknown."""


def architecture(gguf: GGUF) -> str:
    """``general.architecture``, which is also the prefix of the model's own keys."""
    return gguf.string("general.architecture") or UNKNOWN


def file_type(gguf: GGUF) -> str:
    """The name of the quantisation, such as ``Q4_K_M``."""
    return _FILE_TYPES.get(gguf.uint32("general.file_type") or 0, UNKNOWN)


def parameter_count(gguf: GGUF) -> int:
    """Numbers in all tensors together. A stored ``general.parameter_count`` is not asked."""
    return sum(tensor.elements for tensor in gguf.tensors)


def human_count(count: int) -> str:
    """A parameter count for people: ``8.0B``, ``134.52M``, ``52K``, ``0``."""
    if count >= 1_000_000_000:
        return _scaled(count / 1e9, "%.1fB", "%.0fB")
    if count >= 1_000_000:
        return _scaled(count / 1e6, "%.2fM", "%.0fM")
    if count >= 1_000:
        return "%.0fK" % (count / 1e3)
    return str(count)


def _scaled(number: float, broken: str, whole: str) -> str:
    return (whole if number.is_integer() else broken) % number


def context_length(gguf: GGUF) -> int | None:
    """Tokens the model was trained for."""
    return gguf.integer(f"{architecture(gguf)}.context_length")


def embedding_length(gguf: GGUF) -> int | None:
    """Numbers in an embedding vector."""
    return gguf.integer(f"{architecture(gguf)}.embedding_length")


def chat_template(gguf: GGUF) -> str | None:
    """The Jinja template that the model was published with."""
    return gguf.string("tokenizer.chat_template")


def license_name(gguf: GGUF) -> str:
    """The licence that the file states, by its SPDX id or its own name; empty when it states none."""
    stated = gguf.string("general.license") or ""
    return (gguf.string("general.license.name") if stated in ("", "other") else "") or stated


def is_embedding_model(gguf: GGUF) -> bool:
    """Whether it says how token vectors are pooled, in whatever type."""
    return f"{architecture(gguf)}.pooling_type" in gguf.metadata


def has_inline_vision(gguf: GGUF) -> bool:
    """Whether the model's own file brings a vision tower."""
    return f"{architecture(gguf)}.vision.block_count" in gguf.metadata


def has_inline_audio(gguf: GGUF) -> bool:
    """Whether the model's own file brings an audio tower."""
    return f"{architecture(gguf)}.audio.block_count" in gguf.metadata


@dataclass(frozen=True, slots=True)
class ProjectorFacts:
    """What a projector file says about itself.

    ``type`` and ``vision_type`` are ``clip.projector_type`` and ``clip.vision.projector_type``, empty when absent.
    ``lacks_type``: a vision projector from before projectors had a type, which Ollama completes with ``mlp``.
    """

    vision: bool
    audio: bool
    type: str
    vision_type: str
    lacks_type: bool


def projector_facts(gguf: GGUF) -> ProjectorFacts:
    """Read them; a file that is no projector simply has none."""
    vision = gguf.boolean("clip.has_vision_encoder") is True
    keys = ("clip.projector_type", "clip.vision.projector_type")
    untyped = not any(key in gguf.metadata for key in keys)
    return ProjectorFacts(
        vision=vision,
        audio=gguf.boolean("clip.has_audio_encoder") is True,
        type=gguf.string(keys[0]) or "",
        vision_type=gguf.string(keys[1]) or "",
        lacks_type=vision and untyped and architecture(gguf) == "clip",
    )
