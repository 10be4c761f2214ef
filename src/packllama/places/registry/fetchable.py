"""What a manifest must be before any of its blobs is asked for."""

from packllama.base.errors import InvalidManifest
from packllama.digest import Digest
from packllama.jsonfields import as_fields, first_value
from packllama.manifest import Manifest

# The largest tensor models list fewer layers; no disk holds more bytes.
MOST_LAYERS = 4096
MOST_BYTES = 1 << 50


def decode_fetchable(raw: bytes, *, where: str) -> Manifest:
    """The manifest of a model that could be fetched.

    Raises: InvalidManifest, when it is none, or an index, or has no layers or too many, or sizes that cannot be.
    """
    fields = as_fields(first_value(raw, where=where)[0], where=where)
    if fields.has("manifests"):
        raise InvalidManifest(
            "this is an index of several manifests, not the manifest of a model",
            where=where,
            hint="It was not made for Ollama: it is a container image, perhaps.",
        )
    layers = fields.items("layers") or ()
    if not 0 < len(layers) <= MOST_LAYERS:
        raise InvalidManifest(f"expected 1 to {MOST_LAYERS:,} layers, found {len(layers):,}", where=where)
    manifest = Manifest.decode(raw, where=where)
    _check_sizes(manifest, where)
    return manifest


def _check_sizes(manifest: Manifest, where: str) -> None:
    sizes: dict[Digest, int] = {}
    for layer in manifest.layers_and_config:
        if sizes.setdefault(layer.digest, layer.size) != layer.size:
            raise InvalidManifest(
                f"{layer.digest} is said to have {sizes[layer.digest]:,} bytes, and also {layer.size:,}", where=where
            )
    if sum(sizes.values()) > MOST_BYTES:
        raise InvalidManifest(f"it is said to have {sum(sizes.values()):,} bytes, more than any model", where=where)
