"""Put a new model into a store: blobs first, its name last.

Blobs wait in a work folder of this session, or where the caller says, until :meth:`Session.publish` moves them in.
"""

import contextlib
import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

from packllama.base.disk import file_size_limit, free_space
from packllama.base.errors import (
    BadInput,
    DigestMismatch,
    FileChanged,
    MachineError,
    MissingFile,
    NoSpace,
    PackLlamaError,
)
from packllama.base.fs import NewFile, clear, link, make_directory, remove, remove_tree, sync_file, write_file
from packllama.base.locks import held
from packllama.base.observer import Observer
from packllama.base.reading import opened_plain
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.digest import Digest
from packllama.manifest import Manifest
from packllama.model import Blob
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.store.hash_record import Hashed, recorded, write_record
from packllama.places.store.ingest import check_unchanged, ingest
from packllama.places.store.kept_pieces import write_pieces
from packllama.places.store.linking import hard_link, why_not_to_link
from packllama.places.store.publish import drop_kept_links, kept_link, publish
from packllama.places.store.replace import put_in_place
from packllama.places.store.store import Store
from packllama.places.store.workspace import hold_store, prepare, sweep, work_folder

# Room for manifests, configs and what the file system keeps for itself.
_SPARE_BYTES = 1 << 20

# How often a blob is read that other sessions touch, since they publish models with it.
_TRIES = 10


class Session:
    """One writer at work in a store. A context manager; not to be shared between threads.

    Leaving it without :meth:`publish` leaves the store as it was.
    """

    def __init__(
        self, store: Store, *, holder: str, observer: Observer, stop: Stop, folders: Sequence[Path] = ()
    ) -> None:
        """``holder`` says to others who waits for what; ``folders`` in the store are made if they are missing."""
        self.store = store
        self._layout = store.layout
        self._observer = observer
        self._stop = stop
        self._holder = f"process {os.getpid()} ({holder})"
        self._folders = folders
        self._hashed: dict[Digest, Hashed] = {}
        self._pieces: dict[Digest, Pieces] = {}
        self._waiting: dict[Digest, Path] = {}
        self._stack = contextlib.ExitStack()
        self._work = Path()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            prepare(self._layout, *self._folders)
            stack.enter_context(
                hold_store(self._layout, holder=self._holder, exclusive=False, observer=self._observer, stop=self._stop)
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
        drop_kept_links(self._work)
        for digest, hashed in self._hashed.items():
            write_record(self._layout, digest, hashed, staging=self._work)
        for digest in [digest for digest in self._pieces if self._layout.blob(digest).exists()]:
            write_pieces(self._layout, digest, self._pieces[digest], staging=self._work)

    @property
    def folder(self) -> Path:
        """The session's own, which goes with it."""
        return self._work

    def alone(self, lock: Path, *, remove: bool = False) -> AbstractContextManager[None]:
        """Hold a lock of the store's for a block. ``remove``: its file goes with it."""
        return held(
            lock,
            holder=self._holder,
            exclusive=True,
            stop=self._stop,
            on_wait=self._observer.waiting,
            remove=remove,
        )

    def check_name(self, name: ModelName) -> None:
        """See whether the file system can hold the name.

        Raises: MachineError, when it cannot: FAT takes no colon, so no host with a port.
        """
        probe = self._work / "probe"
        try:
            make_directory(probe.joinpath(*name.path_parts), below=self._work)
        except (MachineError, BadInput, MissingFile) as error:  # FAT calls it invalid, exFAT not found
            if ":" not in name.host:
                raise
            raise MachineError(
                f"the file system cannot hold the name {name.short}: {error.message}",
                where=str(self._layout.root),
                hint="Choose a name whose host has no port.",
            ) from error
        finally:
            remove_tree(probe)

    def check_space(self, sizes: Sequence[int], *, present: int = 0) -> None:
        """``present`` bytes of these files are there already.

        Raises: NoSpace, when files of these sizes do not fit, together or one of them by itself.
        """
        free, needed = free_space(self._layout.root), sum(sizes) - present
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
        self.wait(digest, self._work / digest.file_name)
        return Blob(digest, before.st_size)

    def wait(self, digest: Digest, path: Path, *, known: Hashed | None = None) -> Hashed:
        """Let a file of the store's file system, whose bytes are right, become the blob when a model is published.

        ``known`` says since when they are right; without it: now.
        """
        self._hashed[digest] = known or Hashed.of(path.stat(), at=time.time())
        self._waiting[digest] = path
        return self._hashed[digest]

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
        if not hard_link(descriptor, path, before=before, target=waiting):
            self._observer.noted(f"{path} is copied, not linked: the file system refused")
            return self._copy(descriptor, path, before)
        return digest

    def _hash(self, descriptor: int, before: os.stat_result, path: Path, out: NewFile | None = None) -> Digest:
        where, observer, stop = str(path), self._observer, self._stop
        ingested = ingest(descriptor, before=before, where=where, out=out, observer=observer, stop=stop)
        self._pieces[ingested.digest] = ingested.pieces
        return ingested.digest

    def put(self, data: bytes) -> Blob:
        """Take in a small blob."""
        blob = Blob(Digest.of(data), len(data))
        waiting = self._work / blob.digest.file_name
        if not waiting.exists():
            write_file(waiting, data, staging=self._work)
            self.wait(blob.digest, waiting)
        return blob

    def adopt(self, blob: Blob, *, again: bool = False) -> Blob:
        """Use a blob that the store has. It is hashed, unless we know since when its bytes are right.

        ``again``: it is hashed in any case.

        Raises:
            IntegrityError: it is missing or has another size or other bytes.
        """
        path = self.store.path(blob)
        if blob.digest in self._hashed:
            return blob
        known = None if again else recorded(self._layout, blob.digest)
        # Should somebody remove it before our name is written, it can be put back.
        kept = kept_link(self._work, blob.digest)
        linked = link(path, kept)
        try:
            self._hashed[blob.digest] = known or self._know(blob, kept if linked else path, again=again)
        except PackLlamaError as error:
            # What is not right must not be put back.
            remove(kept)
            error.where = str(path)
            raise
        return blob

    def _know(self, blob: Blob, path: Path, *, again: bool) -> Hashed:
        """Another session that uses the blob touches it, and notes at its end that it is right."""
        for _ in range(_TRIES):
            with contextlib.suppress(FileChanged):
                return self.hash(blob, path)
            if not again and (known := recorded(self._layout, blob.digest)):
                return known
        return self.hash(blob, path)

    def hash(self, blob: Blob, path: Path) -> Hashed:
        """Read a file that shall be the blob, and make it durable. Raises: as `hash_open` does."""
        with opened_plain(path, what="a blob") as descriptor:
            hashed = self.hash_open(blob, descriptor, path)
            sync_file(descriptor, path)
        return hashed

    def hash_open(self, blob: Blob, descriptor: int, path: Path) -> Hashed:
        """Read an open file that shall be the blob.

        Raises:
            DigestMismatch: it has other bytes. FileChanged: it was written to meanwhile.
        """
        status = os.fstat(descriptor)
        digest = self._hash(descriptor, status, path)
        if digest != blob.digest:
            raise DigestMismatch(expected=str(blob.digest), actual=str(digest), where=str(path))
        return Hashed.of(status, at=time.time())

    def replace(self, digest: Digest) -> None:
        """Put a file that waits where the store's blob is damaged or missing; no name is written.

        What was there waits in the quarantine meanwhile. Raises: IntegrityError, when that is no plain file;
        MachineError.
        """
        waiting, hashed = self._waiting.pop(digest), self._hashed.pop(digest)
        put_in_place(self._layout, digest, waiting)
        write_record(self._layout, digest, hashed, staging=self._work)
        clear(self._layout.quarantined(digest))

    def existed(self, blob: Blob) -> bool:
        """Whether the store had a blob of this digest already."""
        return self._layout.blob(blob.digest).exists()

    def publish(self, name: ModelName, manifest: bytes) -> tuple[ModelName, Manifest | None]:
        """Make the model exist. Returns the name in the store's spelling, and the manifest it replaced.

        Raises:
            IntegrityError: a blob is not there. The store has no new name, and the old one is as it was.
        """
        self._stop.check()
        with self.alone(self._layout.locks / "publish"):
            return publish(self.store, name, manifest, waiting=self._waiting, work=self._work, hashed=self._hashed)
