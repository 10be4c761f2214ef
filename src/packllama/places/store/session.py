"""Put a new model into a store: blobs first, its name last.

Blobs wait in a work folder of this session until :meth:`Session.publish` moves them in.
"""

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from packllama.base.errors import BadInput, DigestMismatch, MachineError, NoSpace
from packllama.base.fs import (
    NewFile,
    file_size_limit,
    free_space,
    link,
    make_directory,
    remove,
    remove_tree,
    translated,
    write_file,
)
from packllama.base.locks import held
from packllama.base.observer import Observer
from packllama.base.reading import open_plain
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.digest import Digest
from packllama.manifest import Manifest
from packllama.model import Blob
from packllama.name import ModelName
from packllama.places.store.hash_record import Hashed, recorded, write_record
from packllama.places.store.ingest import check_unchanged, ingest, same_file
from packllama.places.store.linking import why_not_to_link
from packllama.places.store.publish import drop_kept_links, kept_link, publish
from packllama.places.store.store import Store
from packllama.places.store.workspace import prepare, store_lock, sweep, work_folder

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
        self._hashed: dict[Digest, Hashed] = {}
        self._published = False
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
            sweep(self._layout)
            self._work = stack.enter_context(work_folder(self._layout, self._holder))
            stack.callback(self._write_records)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _write_records(self) -> None:
        """At the very end: moving, touching and unlinking a second name all change a file's times."""
        if self._published:
            drop_kept_links(self._work)
            for digest, hashed in self._hashed.items():
                write_record(self._layout, digest, hashed, staging=self._work)

    def check_name(self, name: ModelName) -> None:
        """See whether the file system can hold the name.

        Raises: MachineError, when it cannot: FAT takes no colon, so no host with a port.
        """
        probe = self._work / "probe"
        try:
            make_directory(probe.joinpath(*name.path_parts), below=self._work)
        except (MachineError, BadInput) as error:
            if ":" not in name.host:
                raise
            raise MachineError(
                f"the file system cannot hold the name {name.short}: {error.message}",
                where=str(self._layout.root),
                hint="Choose a name whose host has no port.",
            ) from error
        finally:
            remove_tree(probe)

    def check_space(self, sizes: Sequence[int]) -> None:
        """Raises: NoSpace, when files of these sizes do not fit, together or one of them by itself."""
        free, needed = free_space(self._layout.root), sum(sizes)
        if free is not None and needed + _SPARE_BYTES > free:
            raise NoSpace(
                f"needs {human_bytes(needed)}, free are {human_bytes(free)}",
                where=str(self._layout.root),
                hint="Free some space there, or name a store on a larger disk with --store.",
            )
        limit, largest = file_size_limit(self._layout.root), max(sizes, default=0)
        if limit is not None and largest > limit:
            raise NoSpace(
                f"a file of {human_bytes(largest)} does not fit: this file system takes none above 4 GiB",
                where=str(self._layout.root),
                hint="Name a store on another disk with --store, or format this one as exFAT.",
            )

    def needs_space(self, descriptor: int, *, path: Path, before: os.stat_result, may_link: bool = False) -> bool:
        """Whether taking in this file takes up room: not when it will be linked, or shares its blocks."""
        if may_link and not why_not_to_link(path, before=before, target=self._work):
            return False
        with NewFile(self._work) as probe:
            return not probe.clone_from(descriptor)

    def ingest(self, descriptor: int, *, path: Path, before: os.stat_result, may_link: bool = False) -> Blob:
        """Take in an open file, which must still be what ``before`` says.

        Where the file system can, its blocks are shared instead of copied. ``may_link``: take a hard link to ``path``,
        if nobody else can write to the file; otherwise it is copied, and the observer hears why.

        Raises:
            FileChanged: the file is not what it was. Cancelled: the stop was set.
        """
        if may_link and (reason := why_not_to_link(path, before=before, target=self._work)):
            self._observer.noted(f"{path} is copied, not linked: {reason}")
            may_link = False
        digest = self._link(descriptor, path, before) if may_link else self._copy(descriptor, path, before)
        self._note(digest, (self._work / digest.file_name).stat())
        return Blob(digest, before.st_size)

    def _note(self, digest: Digest, status: os.stat_result) -> None:
        """This file's bytes are right now."""
        self._hashed[digest] = Hashed.of(status, at=time.time())

    def _copy(self, descriptor: int, path: Path, before: os.stat_result) -> Digest:
        with NewFile(self._work) as file:
            if file.clone_from(descriptor):
                check_unchanged(descriptor, before=before, where=str(path))
                digest = self._hash(file.descriptor, os.fstat(file.descriptor), path)
            else:
                digest = self._hash(descriptor, before, path, out=file)
            file.move_to(self._work / digest.file_name)
        return digest

    def _link(self, descriptor: int, path: Path, before: os.stat_result) -> Digest:
        digest = self._hash(descriptor, before, path)
        waiting = self._work / digest.file_name
        if waiting.exists():  # another file with the same bytes was taken in before
            return digest
        _sync(descriptor, path)
        try:
            waiting.hardlink_to(path)
            linked = same_file(waiting.lstat(), before)
        except OSError:
            linked = False
        if not linked:
            remove(waiting)
            self._observer.noted(f"{path} is copied, not linked: the file system refused")
            return self._copy(descriptor, path, before)
        return digest

    def _hash(self, descriptor: int, before: os.stat_result, path: Path, out: NewFile | None = None) -> Digest:
        return ingest(descriptor, before=before, where=str(path), out=out, observer=self._observer, stop=self._stop)

    def put(self, data: bytes) -> Blob:
        """Take in a small blob."""
        blob = Blob(Digest.of(data), len(data))
        waiting = self._work / blob.digest.file_name
        if not waiting.exists():
            write_file(waiting, data, staging=self._work)
            self._note(blob.digest, waiting.stat())
        return blob

    def adopt(self, blob: Blob) -> Blob:
        """Use a blob that the store has. It is hashed, unless we know since when its bytes are right.

        Raises:
            IntegrityError: it is missing or has another size or other bytes.
        """
        path = self.store.path(blob)
        if blob.digest in self._hashed:
            return blob
        known = recorded(self._layout, blob.digest)
        if known is not None:
            self._hashed[blob.digest] = known
        else:
            self._hash_again(blob, path)
        # Should somebody remove it before our name is written, it can be put back.
        link(path, kept_link(self._work, blob.digest))
        return blob

    def _hash_again(self, blob: Blob, path: Path) -> None:
        descriptor = open_plain(path, what="a blob")
        try:
            status = os.fstat(descriptor)
            digest = self._hash(descriptor, status, path)
            _sync(descriptor, path)
        finally:
            os.close(descriptor)
        if digest != blob.digest:
            raise DigestMismatch(expected=str(blob.digest), actual=str(digest), where=str(path))
        self._note(digest, status)

    def existed(self, blob: Blob) -> bool:
        """Whether the store had a blob of this digest already."""
        return self._layout.blob(blob.digest).exists()

    def publish(self, name: ModelName, manifest: bytes) -> tuple[ModelName, Manifest | None]:
        """Make the model exist. Returns the name in the store's spelling, and the manifest it replaced.

        Raises:
            IntegrityError: a blob is not there. The store has no new name, and the old one is as it was.
        """
        self._stop.check()
        lock = self._layout.locks / "publish"
        with held(lock, holder=self._holder, exclusive=True, stop=self._stop, on_wait=self._observer.waiting):
            result = publish(self.store, name, manifest, work=self._work, hashed=self._hashed)
        self._published = True
        return result


def _sync(descriptor: int, path: Path) -> None:
    """Somebody else wrote this file, perhaps a moment ago: its bytes must be durable before a name says so."""
    with translated("syncing", path):
        os.fsync(descriptor)
