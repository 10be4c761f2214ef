"""Which files a model consists of, for programs that copy files: cp, rsync, tar."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packllama.name import ModelName
from packllama.places.store.store import Store


@dataclass(frozen=True, slots=True)
class StoreFile:
    """A file by its path relative to the store's root."""

    path: Path
    size: int


def model_files(store: Store, names: Iterable[ModelName]) -> tuple[StoreFile, ...]:
    """All files of these models, each once: every blob first, the manifests last.

    So whoever copies them in this order, and stops half-way, has copied no name without its blobs.

    Raises:
        ModelNotFound: one of the names is not there.
        IntegrityError: a blob is missing or has another size.
    """
    layout = store.layout
    models = list(dict.fromkeys(store.find(name) for name in names))
    blobs = dict.fromkeys(blob for model in models for blob in model.blobs)
    files = [StoreFile(store.path(blob).relative_to(layout.root), blob.size) for blob in blobs]
    for model in models:
        files.append(StoreFile(layout.manifest(model.name).relative_to(layout.root), len(model.manifest.raw)))
    return tuple(files)
