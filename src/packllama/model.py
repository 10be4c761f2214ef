"""A model as every place holds it: a name, its manifest, the blobs that the manifest lists."""

from dataclasses import dataclass

from packllama.digest import Digest
from packllama.manifest import Manifest
from packllama.name import ModelName


@dataclass(frozen=True, slots=True, order=True)
class Blob:
    """Bytes filed under their digest."""

    digest: Digest
    size: int


def blobs_of(manifest: Manifest) -> tuple[Blob, ...]:
    """The blobs that a manifest names, each once, the config last."""
    return tuple(dict.fromkeys(Blob(layer.digest, layer.size) for layer in manifest.layers_and_config))


@dataclass(frozen=True, slots=True)
class Model:
    """A name *in that place*, and everything it needs."""

    name: ModelName
    manifest: Manifest

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Each blob once, the config last."""
        return blobs_of(self.manifest)


@dataclass(frozen=True, slots=True)
class Move:
    """A model on its way. ``rename`` is what it shall be called over there; None: what it is called here."""

    model: Model
    rename: ModelName | None = None

    @property
    def name(self) -> ModelName:
        """The name over there."""
        return self.rename or self.model.name
