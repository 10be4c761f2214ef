"""A model's config blob: what it is, in the few words that ``list`` and ``show`` need.

Written with the bytes Ollama's ``create`` writes today; read in every form that older versions wrote.
"""

from dataclasses import dataclass
from typing import Self

from packllama import gojson
from packllama.jsonfields import Fields, as_fields, first_value

# Ollama writes these on every machine.
_ARCHITECTURE = "amd64"
_SYSTEM = "linux"

# A config holds a few hundred bytes; the old form lists one digest per layer.
CONFIG_LIMIT = 4 << 20


@dataclass(frozen=True, slots=True)
class DraftConfig:
    """What the config says of a draft model for speculative decoding. Empty texts are left out."""

    model_format: str = ""
    architecture: str = ""
    tensor_prefix: str = ""
    config: str = ""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """``model_type`` is the human parameter count, ``file_type`` the quantisation's name."""

    model_format: str = ""
    model_family: str = ""
    model_families: tuple[str, ...] | None = None
    model_type: str = ""
    file_type: str = ""
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    remote_host: str = ""
    remote_model: str = ""
    capabilities: tuple[str, ...] = ()
    context_length: int = 0
    embedding_length: int = 0
    base_name: str = ""
    draft: DraftConfig | None = None

    @property
    def is_stub(self) -> bool:
        """Whether the model itself is elsewhere, and the store holds but its name and texts."""
        return bool(self.remote_host or self.remote_model)

    @classmethod
    def decode(cls, raw: bytes, *, where: str) -> Self:
        """Raises: InvalidManifest, when ``raw`` is no config."""
        value, _ = first_value(raw, where=where)
        fields = as_fields(value, where=where)
        return cls(
            model_format=fields.text("model_format"),
            model_family=fields.text("model_family"),
            model_families=fields.texts("model_families"),
            model_type=fields.text("model_type"),
            file_type=fields.text("file_type"),
            renderer=fields.text("renderer"),
            parser=fields.text("parser"),
            requires=fields.text("requires"),
            remote_host=fields.text("remote_host"),
            remote_model=fields.text("remote_model"),
            capabilities=fields.texts("capabilities") or (),
            context_length=fields.integer("context_length"),
            embedding_length=fields.integer("embedding_length"),
            base_name=fields.text("base_name"),
            draft=_decode_draft(fields.fields("draft")) if fields.has("draft") else None,
        )

    def encode(self) -> bytes:
        """The blob's bytes."""
        members: dict[str, gojson.JSON] = {
            "model_format": self.model_format,
            "model_family": self.model_family,
            "model_families": None if self.model_families is None else list(self.model_families),
            "model_type": self.model_type,
            "file_type": self.file_type,
        }
        optional: dict[str, gojson.JSON] = {
            "renderer": self.renderer,
            "parser": self.parser,
            "requires": self.requires,
            "remote_host": self.remote_host,
            "remote_model": self.remote_model,
            "capabilities": list(self.capabilities),
            "context_length": self.context_length,
            "embedding_length": self.embedding_length,
            "base_name": self.base_name,
            "draft": None if self.draft is None else _encode_draft(self.draft),
        }
        members |= {key: value for key, value in optional.items() if value}
        return gojson.line(members | {"architecture": _ARCHITECTURE, "os": _SYSTEM})


def _decode_draft(fields: Fields) -> DraftConfig:
    return DraftConfig(
        model_format=fields.text("model_format"),
        architecture=fields.text("architecture"),
        tensor_prefix=fields.text("tensor_prefix"),
        config=fields.text("config"),
    )


def _encode_draft(draft: DraftConfig) -> gojson.JSON:
    members = {
        "model_format": draft.model_format,
        "architecture": draft.architecture,
        "tensor_prefix": draft.tensor_prefix,
        "config": draft.config,
    }
    return {key: value for key, value in members.items() if value}
