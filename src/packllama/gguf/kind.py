"""What a GGUF is good for: a model, a projector, an adapter, a part of a split model."""

from enum import Enum

from packllama.base.errors import NotSupported
from packllama.gguf.facts import architecture
from packllama.gguf.gguf import GGUF


class Kind(Enum):
    """What a file's layer will be."""

    MODEL = "model"
    PROJECTOR = "projector"
    ADAPTER = "adapter"


INLINE_PREFIXES = ("a.", "mm.", "mtp.", "s.", "v.")
"""Names of tensors that Ollama keeps in the model's file and llama.cpp in one of its own, or nowhere."""


def kind_of(gguf: GGUF) -> Kind:
    """Decide as Ollama does. Only the exact stored types count: a block count in uint64 is none."""
    stated = gguf.string("general.type")
    if stated == "adapter":
        return Kind.ADAPTER
    if stated in ("projector", "mmproj") or _is_tower(gguf):
        return Kind.PROJECTOR
    return Kind.MODEL


def _is_tower(gguf: GGUF) -> bool:
    """An encoder without a text model behind it."""
    name = architecture(gguf)
    if gguf.uint32(f"{name}.block_count"):
        return False
    if gguf.uint32(f"{name}.vision.block_count"):
        return True
    encoders = ("clip.has_vision_encoder", "clip.has_audio_encoder")
    return name == "clip" and any(gguf.boolean(key) for key in encoders)


def has_inline_tensors(gguf: GGUF) -> bool:
    """Whether the file is to be kept byte for byte, because it holds tensors that stock llama.cpp would drop."""
    return any(tensor.name.startswith(INLINE_PREFIXES) for tensor in gguf.tensors)


def shard_count(gguf: GGUF) -> int:
    """How many files the model is split into; 1 if it is whole. An integer of any width counts."""
    return max(1, _split(gguf, "count") or 1)


def refuse_shard(gguf: GGUF, *, where: str) -> None:
    """Raises: NotSupported, for one shard of several."""
    if (count := shard_count(gguf)) > 1:
        raise NotSupported(
            f"this is one shard of {count}; models in several files are not supported yet",
            where=where,
            hint="Merge the shards into one GGUF first (llama-gguf-split --merge does it).",
        )


def shard_index(gguf: GGUF) -> int | None:
    """Which part of a split model this is, from 0; ``None`` if it does not say."""
    return _split(gguf, "no")


def _split(gguf: GGUF, field: str) -> int | None:
    plain = gguf.integer(f"split.{field}")
    return plain if plain is not None else gguf.integer(f"{architecture(gguf)}.split.{field}")
