"""The moment a model exists: its blobs move in, its manifest is written, and every blob is looked at once more.

An Ollama beside us may remove a blob at any moment, and knows no lock. What vanishes is put back from a second
link that the session keeps; what cannot be put back takes the new name with it. Called under the publish lock.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from packllama.base.errors import Busy, FileChanged, InvalidManifest, MissingFile, PackLlamaError
from packllama.base.fs import (
    check_directory,
    link,
    make_directory,
    move,
    remove,
    remove_empty_directories,
    remove_tree,
    rename,
    sync_directory,
    sync_names,
    touch,
    translated,
    try_move_folder,
    write_file,
)
from packllama.base.reading import read_small
from packllama.digest import Digest
from packllama.manifest import MANIFEST_LIMIT, Manifest
from packllama.model import Blob
from packllama.name import ModelName
from packllama.places.store.hash_record import Hashed
from packllama.places.store.layout import Layout
from packllama.places.store.references import referenced
from packllama.places.store.store import Store

# Ollama's rm, and our own, clear empty folders away, also those just made for a name that is about to come.
_MANIFEST_TRIES = 50


def publish(
    store: Store,
    name: ModelName,
    manifest: bytes,
    *,
    waiting: Mapping[Digest, Path],
    work: Path,
    hashed: dict[Digest, Hashed],
) -> tuple[ModelName, Manifest | None]:
    """Publish what is ``waiting``. Returns the name in the store's spelling, and the manifest it replaced.

    ``hashed`` says which files had the right bytes; it gets their new times. ``work`` is the session's own folder.

    Raises:
        IntegrityError: a blob is not there, or was written to since it was hashed.
        NoSpace, MachineError: the file system. In both cases the store is as it was.
    """
    decoded = Manifest.decode(manifest, where=name.short)
    name = store.canonical(name)
    replaced = _old_manifest(store.layout.manifest(name))
    placed: dict[Digest, Path] = {}
    try:
        with translated("publishing the model", store.layout.root):
            _move_blobs_in(store.layout, decoded, waiting, work, placed, hashed)
            _check_at_hand(store, decoded, work)
            # Also for blobs that are not ours: Ollama, or a run that was killed, may have named them a moment ago.
            sync_directory(store.layout.blobs)
            _write_manifest(store.layout, name, manifest, work)
            _check_whole(store, decoded, work)
    except BaseException:
        _withdraw(store.layout, name, replaced, manifest, work)
        _put_back(store, placed)
        raise
    return name, _decoded(replaced, name)


def _move_blobs_in(
    layout: Layout,
    manifest: Manifest,
    waiting: Mapping[Digest, Path],
    work: Path,
    placed: dict[Digest, Path],
    hashed: dict[Digest, Hashed],
) -> None:
    """Each blob gets a fresh time, so that no clean-up takes it for old before its name is written.

    Bytes that were hashed a moment ago are the best there are, so they also replace a blob that is there.
    """
    for digest in sorted(manifest.digests()):
        source, target = waiting.get(digest), layout.blob(digest)
        if source is None or not source.exists():
            _return_vanished(layout, digest, work)
            _freshen(target, digest, hashed, ours=False)
            continue
        if not target.exists():
            placed[digest] = source
        _freshen(source, digest, hashed, ours=True)
        link(source, kept_link(work, digest))
        rename(source, target)


def _freshen(path: Path, digest: Digest, hashed: dict[Digest, Hashed], *, ours: bool) -> None:
    """Give a blob the time of now. One of another owner may refuse; a missing one is found later.

    What is no longer the file that was hashed loses its record: another session may have put its own bytes there.

    Raises: FileChanged, when a user's file that was linked was written to.
    """
    known = hashed.pop(digest, None)
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        same = known is not None and known.is_still(status)
        # A copy of our own has one name; only its times can be odd, on odd file systems.
        if known is not None and not same and ours and status.st_nlink > 1:
            raise FileChanged(
                "the file was written to after it was read", where=str(path), hint="Run the same command again."
            )
        with contextlib.suppress(PackLlamaError):
            touch(path)
        if known is not None and same:
            hashed[digest] = Hashed.of(path.stat(), at=known.at)


def kept_link(work: Path, digest: Digest) -> Path:
    """A second name for a blob, as long as the session lasts."""
    return work / f"{digest.file_name}.kept"


def drop_kept_links(work: Path) -> None:
    """Give up the second names: nothing needs to be put back any more."""
    for path in work.glob("*.kept"):
        with contextlib.suppress(OSError):
            path.unlink()


def _check_at_hand(store: Store, manifest: Manifest, work: Path) -> None:
    """Every blob is there, or can be put back once a manifest protects it from being cleared away again."""
    for layer in manifest.layers_and_config:
        _return_vanished(store.layout, layer.digest, work)
        if not kept_link(work, layer.digest).exists():
            store.path(Blob(layer.digest, layer.size))


def _check_whole(store: Store, manifest: Manifest, work: Path) -> None:
    """Every blob of the manifest is there, of its size; what vanished is put back."""
    for layer in manifest.layers_and_config:
        _return_vanished(store.layout, layer.digest, work)
        store.path(Blob(layer.digest, layer.size))


def _return_vanished(layout: Layout, digest: Digest, work: Path) -> None:
    """Put a blob back from its second name, if it has one."""
    path, kept = layout.blob(digest), kept_link(work, digest)
    if kept.exists() and not path.exists() and not link(kept, path):
        move(kept, path)


def _write_manifest(layout: Layout, name: ModelName, manifest: bytes, work: Path) -> None:
    """An empty folder may be cleared away at any moment, so missing ones come into being with the manifest in them.

    Where the file system cannot move a folder, they are made in place.
    """
    target = layout.manifest(name)
    may_move = True
    for tries_left in reversed(range(_MANIFEST_TRIES)):
        try:
            top = _highest_missing(target.parent, below=layout.root)
            sync_names(top.parent if top else target.parent, below=layout.root)
            if top is None or not may_move:
                make_directory(target.parent, below=layout.root)
                write_file(target, manifest, staging=work, mode=None)
                return
            may_move = _grow(top, target, manifest, work)
            if may_move:
                return
        except (MissingFile, Busy):
            if not tries_left:
                raise


def _highest_missing(folder: Path, *, below: Path) -> Path | None:
    parts = [folder, *folder.parents]
    missing = [part for part in parts[: parts.index(below)] if not part.exists()]
    check_directory(folder if not missing else missing[-1].parent, below=below)
    return missing[-1] if missing else None


def _grow(top: Path, target: Path, manifest: bytes, work: Path) -> bool:
    """Make the folders from ``top`` down to the manifest in ``work``, then move them into place at once.

    False: this file system cannot do that; fusefat even says that it did, and has lost what was in the folder.

    Raises: Busy, when somebody else has made ``top`` in the meantime.
    """
    tree = work / "tree"
    leaf = tree / target.relative_to(top)
    try:
        make_directory(leaf.parent, below=work)
        write_file(leaf, manifest, staging=work, mode=None)
        return try_move_folder(tree, top) and target.exists()
    finally:
        remove_tree(tree)


def _withdraw(layout: Layout, name: ModelName, replaced: bytes | None, manifest: bytes, work: Path) -> None:
    """Give the name back what it stood for, if it already stands for the new model."""
    target = layout.manifest(name)
    with contextlib.suppress(PackLlamaError):
        if _old_manifest(target) == manifest:
            if replaced is not None:
                write_file(target, replaced, staging=work, mode=None)
            else:
                remove(target)
        remove_empty_directories(target.parent, below=layout.manifests)


def _put_back(store: Store, placed: Mapping[Digest, Path]) -> None:
    """Let blobs that only this failed try brought in wait again. When in doubt they stay: they are whole."""
    with contextlib.suppress(PackLlamaError):
        used = referenced(store)
        for digest in sorted(placed.keys() - used):
            with contextlib.suppress(MissingFile):
                move(store.layout.blob(digest), placed[digest])


def _old_manifest(path: Path) -> bytes | None:
    try:
        return read_small(path, limit=MANIFEST_LIMIT, what="a manifest")
    except MissingFile:
        return None


def _decoded(raw: bytes | None, name: ModelName) -> Manifest | None:
    """None also for a manifest that cannot be understood: what it listed is nobody's to remove."""
    if raw is None:
        return None
    try:
        return Manifest.decode(raw, where=name.short)
    except InvalidManifest:
        return None
