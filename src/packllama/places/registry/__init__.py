"""A registry, as a place to read models from. Follows Ollama's registry protocol.

A manifest names a model's blobs; each is asked for by ranges, at the registry or where it sends us for the bytes.
Such a link is kept until it expires. Nothing a registry says is believed: sizes and ranges are checked here, bytes by
whoever hashes them. The user's key signs only requests to the host that the user named; the token goes nowhere else.
"""

from typing import TYPE_CHECKING

from packllama.base.lazy import exports

if TYPE_CHECKING:
    from packllama.places.registry.address import blob_url, manifest_url
    from packllama.places.registry.source import RegistrySource, open_registry

_MODULES = {
    "RegistrySource": "source",
    "blob_url": "address",
    "manifest_url": "address",
    "open_registry": "source",
}
__getattr__ = exports(__name__, _MODULES)

__all__ = ["RegistrySource", "blob_url", "manifest_url", "open_registry"]
