"""A model of the store as the base of a new one: which layers it hands down, and what its config leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import ModelNotFound, NotSupported
from packllama.build.sources import find_sources
from packllama.gguf import GGUF, open_gguf
from packllama.manifest import Layer, LayerKind
from packllama.model import Blob
from packllama.modelfile import Modelfile, Recipe
from packllama.name import ModelName, Source, split_source
from packllama.places.store import ModelParts, Store, read_parts

_GGUF_KINDS = (LayerKind.MODEL, LayerKind.PROJECTOR, LayerKind.ADAPTER, LayerKind.DRAFT)


@dataclass(frozen=True, slots=True)
class Parent:
    """``headers`` are the GGUF headers of the layers that have one, by digest of the layer."""

    parts: ModelParts
    headers: Mapping[Layer, GGUF]

    @property
    def layers(self) -> tuple[Layer, ...]:
        return self.parts.model.manifest.layers

    @property
    def source(self) -> str:
        """The ``from`` of every layer that is handed down."""
        return self.parts.model.name.short


def read_parent(store: Store, reference: str) -> Parent:
    """The model that a FROM names, in exactly this spelling: Ollama does not look for another one here.

    Raises:
        ModelNotFound: it is not in the store. Nothing is pulled unasked.
        IntegrityError, GGUFError: it is not whole.
        NotSupported: it is a stub of a remote model.
    """
    name = ModelName.parse(reference)
    try:
        model = store.model(name)
    except ModelNotFound as error:
        raise _not_found(store, name) from error
    parts = read_parts(store, model)
    if parts.config.is_stub:
        raise NotSupported("this is a stub of a remote model; nothing can be built on it", where=name.short)
    headers = {
        layer: open_gguf(store.path(Blob(layer.digest, layer.size)))
        for layer in model.manifest.layers
        if layer.kind in _GGUF_KINDS
    }
    return Parent(parts, headers)


def missing_parent(modelfile: Modelfile, *, base: Path, store: Store, where: str = "") -> ModelName | None:
    """The model that FROM names and the store has in no spelling; None also for one that runs elsewhere.

    Raises: as `find_sources` does; InvalidName.
    """
    reference = find_sources(Recipe.of(modelfile, where=where), base=base, where=where).parent
    if not reference:
        return None
    text, source = split_source(reference)
    name = ModelName.parse(text)
    return None if source is Source.CLOUD or store.canonical(name) in store.scan().names else name


def _not_found(store: Store, name: ModelName) -> ModelNotFound:
    alike = store.canonical(name)
    if alike != name and alike in store.scan().names:
        hint = f"There is {alike.short}; FROM minds letter case."
    else:
        hint = (
            "Nothing is downloaded unasked. With --pull it is. If a file was meant, relative paths count from the"
            " Modelfile's folder."
        )
    error = ModelNotFound(name.short)
    error.hint = hint
    return error
