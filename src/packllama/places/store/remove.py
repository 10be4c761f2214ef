"""Take a name out of a store, and the blobs that nobody else uses.

The manifest goes first, so a listed model stays whole whatever happens in between. A blob goes only if every
manifest of the store could be read and none names it; otherwise it stays, and the report says why.
"""

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

from packllama.base.errors import ModelNotFound, PackLlamaError
from packllama.base.fs import check_directory, remove, remove_empty_directories, translated
from packllama.base.locks import FileLock
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import Manifest
from packllama.name import ModelName
from packllama.places.store.layout import Layout
from packllama.places.store.references import referenced
from packllama.places.store.store import Store
from packllama.places.store.workspace import hold_store, prepare, store_lock


@dataclass(frozen=True, slots=True)
class Removal:
    """What went. ``kept_because`` is empty when nothing had to stay that might have gone."""

    freed: int
    kept_because: str = ""


def remove_model(
    store: Store, name: ModelName, *, dry_run: bool = False, observer: Observer = SILENT, stop: Stop
) -> Removal:
    """Remove a name, in any letter case, and the blobs that no other model uses.

    Raises:
        ModelNotFound: there is no such name. Nothing was changed.
        MachineError: its folder is a link. Nothing was changed.
    """
    name = store.canonical(name)
    path = store.layout.manifest(name)
    if not os.path.lexists(path):
        raise ModelNotFound(name.short)
    check_directory(path.parent, below=store.layout.root)
    if dry_run:
        return _sweep(store, _digests(store, name), besides=name, dry_run=True)
    prepare(store.layout)
    holder = f"process {os.getpid()} (rm {name.short})"
    with hold_store(store.layout, holder=holder, exclusive=True, observer=observer, stop=stop):
        candidates = _digests(store, name)
        if not remove(path):
            raise ModelNotFound(name.short)
        remove_empty_directories(path.parent, below=store.layout.manifests)
        return _sweep(store, candidates, dry_run=False)


def delete_unreferenced(store: Store, candidates: Iterable[Digest]) -> Removal:
    """Remove those of the candidates that no manifest names. Waits for nobody: while others write, all stay."""
    candidates = frozenset(candidates)
    if not candidates:
        return Removal(0)
    lock = FileLock(store_lock(store.layout), holder=f"process {os.getpid()} (removing what was replaced)")
    if not lock.try_acquire(exclusive=True):
        return Removal(0, f"{lock.read_holder()} is at work in the store")
    try:
        return _sweep(store, candidates, dry_run=False)
    finally:
        lock.release()


def delete_replaced(store: Store, replaced: Manifest | None, *, by: Manifest) -> Removal:
    """Remove the blobs that only a replaced model used. None: there was no model, or nobody knows what it listed."""
    return delete_unreferenced(store, replaced.digests() - by.digests() if replaced else ())


def _digests(store: Store, name: ModelName) -> frozenset[Digest] | None:
    """What the model's manifest lists; None if it cannot be understood."""
    try:
        return store.model(name).manifest.digests()
    except PackLlamaError:
        return None


def _sweep(
    store: Store, candidates: frozenset[Digest] | None, *, besides: ModelName | None = None, dry_run: bool
) -> Removal:
    if candidates is None:
        return Removal(0, "which it was is unknown, for its manifest could not be read")
    freed, kept_because = 0, ""
    try:
        used = referenced(store, besides=besides)
    except PackLlamaError as error:
        return Removal(0, error.sentence)
    for digest in sorted(candidates - used):
        try:
            freed += _delete(store.layout, digest, dry_run)
        except PackLlamaError as error:
            kept_because = error.sentence
    return Removal(freed, kept_because)


def _delete(layout: Layout, digest: Digest, dry_run: bool) -> int:
    path = layout.blob(digest)
    with translated("looking at a blob", path):
        try:
            size = path.lstat().st_size
        except FileNotFoundError:
            return 0
    if not dry_run:
        remove(path)
        with contextlib.suppress(PackLlamaError):
            remove(layout.hash_record(digest))
            remove(layout.pieces_record(digest))
    return size
