"""Put a new model into a store: blobs first, its name last.

Blobs wait in a work folder of this session. :meth:`Session.publish` moves them in with a fresh time, writes the
manifest by rename, and looks at every blob once more, since an Ollama beside us may remove one at any moment.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from packllama.base.errors import (
    InvalidManifest,
    MissingFile,
    NoSpace,
    NotSupported,
    PackLlamaError,
)
from packllama.base.fs import (
    NewFile,
    free_space,
    make_directory,
    move,
    read_small,
    remove,
    remove_empty_directories,
    remove_tree,
    touch,
    write_file,
)
from packllama.base.locks import FileLock, held
from packllama.base.observer import Observer
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.digest import Digest
from packllama.manifest import MANIFEST_LIMIT, Manifest
from packllama.model import Blob
from packllama.name import ModelName
from packllama.places.store.ingest import ingest
from packllama.places.store.layout import Layout
from packllama.places.store.references import referenced
from packllama.places.store.store import Store

# The version of what is under `.packllama/`. A higher one was written by a newer packllama.
OWN_VERSION = 1

# Room for manifests, configs and what the file system keeps for itself.
_SPARE_BYTES = 1 << 20


class Session:
    """One writer at work in a store. A context manager; not to be shared between threads.

    Leaving it without :meth:`publish` leaves the store as it was.
    """

    def __init__(self, store: Store, *, holder: str, observer: Observer, stop: Stop) -> None:
        self.store = store
        self._layout = store.layout
        self._observer = observer
        self._stop = stop
        self._holder = f"process {os.getpid()} ({holder})"
        self._sizes: dict[Digest, int] = {}
        self._stack = contextlib.ExitStack()
        self._work = Path()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            prepare(self._layout)
            stack.enter_context(
                held(
                    store_lock(self._layout),
                    holder=self._holder,
                    exclusive=False,
                    stop=self._stop,
                    on_wait=self._observer.waiting,
                )
            )
            _sweep(self._layout)
            self._work = stack.enter_context(_work_folder(self._layout, self._holder))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def check_space(self, size: int) -> None:
        """Raises: NoSpace, when ``size`` more bytes cannot fit."""
        free = free_space(self._layout.root)
        if size + _SPARE_BYTES > free:
            raise NoSpace(
                f"needs {human_bytes(size)}, free are {human_bytes(free)}",
                where=str(self._layout.root),
                hint="Free some space there, or name a store on a larger disk with --store.",
            )

    def ingest(self, descriptor: int, *, before: os.stat_result, where: str) -> Blob:
        """Take in an open file, which must still be what ``before`` says."""
        with NewFile(self._work) as file:
            digest = ingest(
                descriptor,
                before=before,
                where=where,
                out=file,
                observer=self._observer,
                stop=self._stop,
            )
            file.move_to(self._work / digest.file_name)
        self._sizes[digest] = before.st_size
        return Blob(digest, before.st_size)

    def put(self, data: bytes) -> Blob:
        """Take in a small blob."""
        blob = Blob(Digest.of(data), len(data))
        write_file(self._work / blob.digest.file_name, data, staging=self._work)
        self._sizes[blob.digest] = blob.size
        return blob

    def existed(self, blob: Blob) -> bool:
        """Whether the store had a blob of this digest already."""
        return self._layout.blob(blob.digest).exists()

    def publish(self, name: ModelName, manifest: bytes) -> tuple[ModelName, Manifest | None]:
        """Make the model exist. Returns the name in the store's spelling, and the manifest it replaced.

        Raises:
            IntegrityError: a blob is not there. The store has no new name, and the old one is as it was.
        """
        self._stop.check()
        decoded = Manifest.decode(manifest, where=name.short)
        publishing = self._layout.locks / "publish"
        with held(publishing, holder=self._holder, exclusive=True, stop=self._stop):
            name = self.store.canonical(name)
            replaced = _old_manifest(self._layout.manifest(name))
            placed: list[Digest] = []
            try:
                self._move_blobs_in(placed)
                self._check_whole(decoded)
                self._write_manifest(name, manifest)
                self._check_whole(decoded)
            except PackLlamaError:
                self._withdraw(name, replaced, manifest)
                self._take_out(placed)
                raise
        return name, _decoded(replaced, name)

    def _move_blobs_in(self, placed: list[Digest]) -> None:
        for digest in self._sizes:
            waiting = self._work / digest.file_name
            if waiting.exists():
                target = self._layout.blob(digest)
                if not target.exists():
                    placed.append(digest)
                touch(waiting)
                self._keep(waiting)
                move(waiting, target)

    def _take_out(self, placed: Sequence[Digest]) -> None:
        """Remove blobs that only this failed try brought in. When in doubt they stay: they are whole."""
        with contextlib.suppress(PackLlamaError):
            used = referenced(self.store)
            for digest in placed:
                if digest not in used:
                    remove(self._layout.blob(digest))

    def _keep(self, waiting: Path) -> None:
        """A second link for as long as this session lasts, to put back what somebody removes."""
        with contextlib.suppress(OSError):
            waiting.with_suffix(".kept").hardlink_to(waiting)

    def _check_whole(self, manifest: Manifest) -> None:
        """Every blob of the manifest is there, of its size; what vanished is put back."""
        for layer in (*manifest.layers, manifest.config):
            path = self._layout.blob(layer.digest)
            kept = (self._work / path.name).with_suffix(".kept")
            if not path.exists() and kept.exists():
                move(kept, path)
            self.store.path(Blob(layer.digest, layer.size))

    def _write_manifest(self, name: ModelName, manifest: bytes) -> None:
        target = self._layout.manifest(name)
        for last_try in (False, True):
            make_directory(target.parent, below=self._layout.root)
            try:
                write_file(target, manifest, staging=self._work)
            except MissingFile:
                # Ollama's rm clears empty folders away, also those just made.
                if last_try:
                    raise
            else:
                return

    def _withdraw(self, name: ModelName, replaced: bytes | None, manifest: bytes) -> None:
        """Give the name back what it stood for, if it already stands for the new model."""
        target = self._layout.manifest(name)
        with contextlib.suppress(PackLlamaError):
            if _old_manifest(target) != manifest:
                return
            if replaced is not None:
                write_file(target, replaced, staging=self._work)
            else:
                remove(target)
                remove_empty_directories(target.parent, below=self._layout.manifests)


def prepare(layout: Layout) -> None:
    """Make a store's folders where they are missing, and see whether they may be written.

    Raises:
        NoRights: they may not.
        NotSupported: a newer packllama works in this store.
    """
    for folder in (layout.blobs, layout.manifests, layout.locks, layout.work):
        make_directory(folder, below=layout.root)
    if not layout.version_file.exists():
        write_file(layout.version_file, f"{OWN_VERSION}\n".encode(), staging=layout.own)
    text = read_small(layout.version_file, limit=100, what="a version file").decode(errors="replace").strip()
    if text != str(OWN_VERSION):
        raise NotSupported(
            f"expected version {OWN_VERSION} of packllama's own files, found {text!r}",
            where=str(layout.version_file),
            hint="A newer packllama writes into this store; use that one.",
        )


def store_lock(layout: Layout) -> Path:
    """Shared among writers, exclusive for whoever removes blobs."""
    return layout.locks / "store"


@contextlib.contextmanager
def _work_folder(layout: Layout, holder: str) -> Iterator[Path]:
    token = secrets.token_hex(8)
    lock = FileLock(layout.locks / f"work-{token}", holder=holder)
    lock.acquire(exclusive=True, stop=Stop())
    folder = layout.work / token
    try:
        make_directory(folder, below=layout.root)
        yield folder
    finally:
        with contextlib.suppress(PackLlamaError):
            remove_tree(folder)
        lock.release(remove=True)


def _sweep(layout: Layout) -> None:
    """Remove the work folders of sessions that were killed: nobody holds their locks."""
    for folder in list(layout.work.iterdir()):
        lock = FileLock(layout.locks / f"work-{folder.name}", holder="cleaning up")
        if lock.try_acquire(exclusive=True):
            remove_tree(folder)
            lock.release(remove=True)


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
