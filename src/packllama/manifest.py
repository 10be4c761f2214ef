"""The list of a model's config and layers, as Ollama's store holds it.

A manifest that came from somewhere keeps its bytes: they are its identity. Only :func:`compose` makes new ones,
with the very bytes Ollama's ``create`` writes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Self

from packllama import gojson
from packllama.base.errors import InvalidDigest, InvalidManifest
from packllama.digest import Digest
from packllama.jsonfields import Fields, as_fields, first_value

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"

# What OCI tools know of a model that they carry. Its last layer is the model's own manifest, byte for byte.
TWIN_TYPE = "application/vnd.oci.image.manifest.v1+json"
ORIGINAL_TYPE = "application/vnd.ollama.manifest.v1+json"

LAYER_PREFIX = "application/vnd.ollama.image."

# Tensor models list thousands of layers of about 200 bytes; the largest known manifest has 1.5 MB.
MANIFEST_LIMIT = 4 << 20


class LayerKind(StrEnum):
    """What a layer is, by the last word of its media type."""

    MODEL = "model"
    PROJECTOR = "projector"
    ADAPTER = "adapter"
    DRAFT = "draft"
    TEMPLATE = "template"
    PROMPT = "prompt"
    SYSTEM = "system"
    PARAMS = "params"
    MESSAGES = "messages"
    LICENSE = "license"
    EMBED = "embed"
    TENSOR = "tensor"
    JSON = "json"

    @property
    def media_type(self) -> str:
        return LAYER_PREFIX + self.value


@dataclass(frozen=True, slots=True)
class Layer:
    """A blob's part in a model. ``source`` is the JSON key ``from``, ``name`` a tensor's or file's name."""

    media_type: str
    digest: Digest
    size: int
    source: str = ""
    name: str = ""

    @property
    def kind(self) -> LayerKind | None:
        """None for a media type that packllama does not know."""
        word = self.media_type.removeprefix(LAYER_PREFIX)
        return LayerKind(word) if word != self.media_type and word in set(LayerKind) else None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A decoded manifest and the bytes it came from."""

    raw: bytes
    media_type: str
    config: Layer
    layers: tuple[Layer, ...]
    end: int

    @classmethod
    def decode(cls, raw: bytes, *, where: str) -> Self:
        """Read as leniently as Ollama does, but refuse what could not be a whole model.

        Raises:
            InvalidManifest: no JSON object, a digest that is none, a negative or fractional size.
        """
        if len(raw) > MANIFEST_LIMIT:
            raise InvalidManifest(f"larger than {MANIFEST_LIMIT:,} bytes", where=where)
        value, end = first_value(raw, where=where)
        fields = as_fields(value, where=where)
        return cls(
            raw=raw,
            media_type=fields.text("mediaType"),
            config=_decode_layer(fields.fields("config")),
            layers=tuple(_decode_layer(layer) for layer in fields.list_of_fields("layers")),
            end=end,
        )

    @property
    def digest(self) -> Digest:
        """The model's digest: the hash of what Go's decoder would have read when the object was complete."""
        return Digest(hashlib.sha256(self.raw[: _bytes_read(self.end)]).hexdigest())

    @property
    def layers_and_config(self) -> tuple[Layer, ...]:
        """All that has a blob, the config last."""
        return (*self.layers, self.config)

    @property
    def total_size(self) -> int:
        """The stated sizes of config and layers, duplicates counted each time."""
        return sum(layer.size for layer in self.layers_and_config)

    def digests(self) -> frozenset[Digest]:
        """All blobs that the model needs."""
        return frozenset(layer.digest for layer in self.layers_and_config)

    def of_kind(self, *kinds: LayerKind) -> Iterator[Layer]:
        """The layers of these kinds, in order."""
        return (layer for layer in self.layers if layer.kind in kinds)


def compose(config: Layer, layers: Sequence[Layer]) -> bytes:
    """The bytes of a new manifest, as Ollama's ``create`` writes them."""
    return gojson.line(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": _encode_layer(config),
            "layers": [_encode_layer(layer) for layer in layers] or None,
        }
    )


def _encode_layer(layer: Layer) -> dict[str, gojson.JSON]:
    members: dict[str, gojson.JSON] = {
        "mediaType": layer.media_type,
        "digest": str(layer.digest),
        "size": layer.size,
    }
    if layer.source:
        members["from"] = layer.source
    if layer.name:
        members["name"] = layer.name
    return members


def _decode_layer(fields: Fields) -> Layer:
    size = fields.integer("size")
    if size < 0:
        raise InvalidManifest(f"expected a size, found {size}", where=fields.where)
    try:
        return _layer(fields.text("mediaType"), fields.text("digest"), size, fields.text("from"), fields.text("name"))
    except InvalidDigest as error:
        raise InvalidManifest(error.message, where=fields.where) from error


@lru_cache(maxsize=4096)
def _layer(media_type: str, digest: str, size: int, source: str, name: str) -> Layer:
    """Models share many layers, so a list meets the same ones again and again."""
    return Layer(media_type, Digest.parse_lenient(digest), size, source, name)


def _bytes_read(end: int) -> int:
    """Go's decoder fills its buffer to 512 bytes, then to twice as much and 512 more, and so on."""
    filled = 512
    while filled < end:
        filled = 2 * filled + 512
    return filled
