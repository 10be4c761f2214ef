"""A model's layers as files of the store, and who else uses them."""

from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.digest import Digest
from packllama.manifest import Layer
from packllama.model import Model
from packllama.name import ModelName
from packllama.places.store import Store


@dataclass(frozen=True, slots=True)
class LayerFile:
    """``what`` is the layer's kind in a word; ``path`` is relative to the store's root."""

    layer: Layer
    what: str
    path: Path
    shared_with: tuple[ModelName, ...]


def layer_files(store: Store, model: Model) -> tuple[LayerFile, ...]:
    """The layers in the manifest's order, then the config. Whether the files are there is not looked at.

    A model that cannot be read shares nothing here.
    """
    users = _users(store, besides=model.name)
    files = [_layer_file(store, layer, str(layer.kind or layer.media_type), users) for layer in model.manifest.layers]
    return (*files, _layer_file(store, model.manifest.config, "config", users))


def _layer_file(store: Store, layer: Layer, what: str, users: dict[Digest, list[ModelName]]) -> LayerFile:
    path = store.layout.blob(layer.digest).relative_to(store.layout.root)
    return LayerFile(layer, what, path, tuple(users.get(layer.digest, ())))


def _users(store: Store, *, besides: ModelName) -> dict[Digest, list[ModelName]]:
    users: dict[Digest, list[ModelName]] = {}
    for name in sorted(store.scan().names):
        if name == besides:
            continue
        try:
            digests = store.model(name).manifest.digests()
        except PackLlamaError:
            continue
        for digest in digests:
            users.setdefault(digest, []).append(name)
    return users
