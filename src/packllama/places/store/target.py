"""A store that models of another place are moved into.

Blobs whose digest is known are written forward under ``.packllama/blobs/``, where they outlive the session and no
clean-up of Ollama's looks. A finished one waits there until a model is published that needs it.
"""

import contextlib
import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from packllama.base.errors import BadInput, IntegrityError, MissingFile, PackLlamaError
from packllama.base.fs import NewFile
from packllama.base.observer import SILENT, Observer
from packllama.base.partfile import PartFile, kept_bytes
from packllama.base.reading import opened_plain
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Blob, Move
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.place import LocalFiles
from packllama.places.store.append import PartAppender, PresentAppender
from packllama.places.store.hash_record import Hashed, recorded
from packllama.places.store.ingest import check_unchanged
from packllama.places.store.inventory import Inventory
from packllama.places.store.kept_pieces import read_pieces, write_pieces
from packllama.places.store.linking import hard_link, why_not_to_link
from packllama.places.store.remove import Removal, delete_unreferenced
from packllama.places.store.session import Session
from packllama.places.store.store import Store


class StoreTarget:
    """A store as somewhere to copy to. Not to be shared between threads.

    ``source`` is the store whose files will be offered to `StoreSession.take`: what it knows of their bytes counts, and
    what can be cloned from it takes no space. ``files``: the same for a place that knows nothing of its bytes.
    ``link``: take them by hard links where that is safe. ``verify``: hash what is there already, also where it is
    known to be right.
    """

    def __init__(
        self,
        store: Store,
        *,
        source: Store | None = None,
        files: LocalFiles | None = None,
        link: bool = False,
        verify: bool = False,
        observer: Observer = SILENT,
    ) -> None:
        self.store = store
        self.source = source
        self.files = files or source
        self.link = link
        self.verify = verify
        self.observer = observer
        self.replaced: set[Digest] = set()

    def begin(self, moves: Sequence[Move], *, stop: Stop) -> "StoreSession":
        """Begin to write, when rights, names and space allow it.

        What the store has counts as there if it is known since when its bytes are right. Otherwise it is hashed now,
        which takes as long as reading it; the observer is told.

        Raises:
            NoRights, NoSpace, MachineError, NotSupported: nothing but empty folders was made.
            Cancelled: the stop was set.
        """
        layout = self.store.layout
        session = Session(
            self.store,
            holder=_what(moves),
            observer=self.observer,
            stop=stop,
            folders=(layout.finished,),
        )
        with contextlib.ExitStack() as stack:
            writer = StoreSession(self, stack.enter_context(session), moves)
            stack.pop_all()
        return writer

    def begun(self, blob: Blob) -> int:
        """How many bytes of a blob an earlier run seems to have left that was not published. Nothing is changed."""
        paths = self.store.layout.finished_blob(blob.digest), self.store.layout.part(blob.digest)
        return max(kept_bytes(path, size=blob.size) for path in paths)

    def delete_replaced(self) -> Removal:
        """Remove the blobs that only replaced models used. For after the session."""
        return delete_unreferenced(self.store, self.replaced)


def _what(moves: Sequence[Move]) -> str:
    more = ", …" if len(moves) > 1 else ""
    return f"copying {moves[0].name.short}{more}" if moves else "copying"


class StoreSession(AbstractContextManager["StoreSession"]):
    """One copy into a store, begun by `StoreTarget.begin`. Not to be shared between threads."""

    def __init__(self, target: StoreTarget, session: Session, moves: Sequence[Move]) -> None:
        """Looks what is there. The session has begun, and is left with this one."""
        self._target = target
        self._session = session
        self._layout = target.store.layout
        self._inventory = Inventory(session, again=target.verify, observer=target.observer)
        self._missing = self._look(moves)

    def __exit__(self, *error: object) -> None:
        self._session.__exit__(*error)

    def _look(self, moves: Sequence[Move]) -> list[tuple[Blob, Move]]:
        for move in moves:
            self._session.check_name(move.name)
        # The last one to be set down is the first that needs it.
        wanted = {blob: move for move in reversed(moves) for blob in move.model.blobs}
        found = [blob for blob in wanted if self._inventory.file(blob)]
        self._check_space(wanted.keys() - found)
        if unknown := sum(blob.size for blob in found if self._inventory.has_to_be_read(blob)):
            self._target.observer.planned(unknown)
        missing = wanted.keys() - {blob for blob in found if self._inventory.use(blob)}
        self._check_space(missing)
        return [(blob, wanted[blob]) for blob in sorted(missing, key=lambda blob: (blob.size, blob.digest))]

    def _check_space(self, blobs: Iterable[Blob]) -> None:
        needed = [blob for blob in blobs if not self._can_be_shared(blob)]
        present = sum(kept_bytes(self._layout.part(blob.digest), size=blob.size) for blob in needed)
        self._session.check_space([blob.size for blob in needed], present=present)

    def _can_be_shared(self, blob: Blob) -> bool:
        """Whether the source has a file that takes no room here."""
        if self._target.files is None:
            return False
        with contextlib.suppress(PackLlamaError):
            path = self._target.files.path(blob)
            with opened_plain(path, what="a blob", follow=False) as descriptor:
                before, may_link = os.fstat(descriptor), self._target.link
                return not self._session.needs_space(descriptor, path=path, before=before, may_link=may_link)
        return False

    def missing(self) -> Sequence[tuple[Blob, Move]]:
        """The blobs that are not there, or not right, smallest first, each with the first move that needs it."""
        return self._missing

    def append(self, blob: Blob, *, of: Move) -> PartAppender | PresentAppender:  # noqa: ARG002
        """Go on with a blob. When another session has finished it meanwhile, all of it is kept.

        Raises:
            Cancelled: the stop was set while another process was writing the blob. MachineError.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._session.alone(self._layout.blob_lock(blob.digest), remove=True))
            if present := self._inventory.open_likely_file(blob):
                stack.callback(os.close, present[1])
                return PresentAppender(
                    blob, *present, finished=self._finish, discarded=self._inventory.reject, leaving=stack.pop_all()
                )
            part = PartFile(self._layout.part(blob.digest), size=blob.size, staging=self._session.folder)
            target = self._layout.finished_blob(blob.digest)
            return PartAppender(
                blob, stack.enter_context(part), target=target, finished=self._finish, leaving=stack.pop_all()
            )

    def _finish(self, blob: Blob, path: Path, pieces: Pieces) -> None:
        write_pieces(self._layout, blob.digest, pieces, staging=self._session.folder)
        self._inventory.accept(blob, path)

    def take(self, blob: Blob, path: Path) -> bool:
        """Use a file by sharing its blocks or, where that was asked for, by a hard link.

        Its bytes are hashed here, unless it is the target's source's own and known to be right.
        False: neither can be, or it has other bytes. They have to be sent, and whoever hashes them will see.
        """
        with self._session.alone(self._layout.blob_lock(blob.digest), remove=True):
            if self._inventory.likely_file(blob):
                return False
            try:
                with opened_plain(path, what="a blob", follow=False) as descriptor:
                    return self._take(blob, path, descriptor)
            except (IntegrityError, MissingFile, BadInput):
                return False

    def _take(self, blob: Blob, path: Path, descriptor: int) -> bool:
        before, target = os.fstat(descriptor), self._layout.finished_blob(blob.digest)
        known = vouched = self._vouched(blob, path, before)
        if self._target.link and not why_not_to_link(path, before=before, target=self._layout.finished):
            known = known or self._session.hash_open(blob, descriptor, path)
            taken = hard_link(descriptor, path, before=before, target=target)
        else:
            with NewFile(self._session.folder) as file:
                if taken := file.clone_from(descriptor):
                    check_unchanged(descriptor, before=before, where=str(path))
                    known = known or self._session.hash_open(blob, file.descriptor, path)
                    file.move_to(target)
        if taken and known:
            self._inventory.accept(blob, target, known=Hashed.of(target.stat(), at=known.at))
        if taken and vouched:
            self._target.observer.advanced(blob.size)
            self._carry_pieces(blob)
        return taken

    def _carry_pieces(self, blob: Blob) -> None:
        """Those that the source knows of a blob that is not read here."""
        if self._target.source and (pieces := read_pieces(self._target.source.layout, blob)):
            write_pieces(self._layout, blob.digest, pieces, staging=self._session.folder)

    def _vouched(self, blob: Blob, path: Path, before: os.stat_result) -> Hashed | None:
        """What the source knows of this very file."""
        source = self._target.source
        if source is None or path != source.layout.blob(blob.digest):
            return None
        known = recorded(source.layout, blob.digest)
        return known if known and known.is_still(before) else None

    def publish(self, move: Move) -> ModelName:
        """Make the model exist, at once or not at all. Returns its name in the store's spelling.

        Raises:
            IntegrityError: a blob is not there. What was finished waits for another try.
        """
        manifest = move.model.manifest
        if lacking := self._inventory.lacks(manifest.digests()):
            raise IntegrityError(
                f"{len(lacking)} of its blobs did not come, for example {min(lacking)}",
                where=move.name.short,
                hint="Run the same command again: what came is kept.",
            )
        name, replaced = self._session.publish(move.name, manifest.raw)
        if replaced is not None:
            self._target.replaced |= replaced.digests() - manifest.digests()
        self._target.observer.published(name.short)
        return name
