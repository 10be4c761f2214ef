"""Make one damaged blob of a store right, and put it in its place."""

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Self

from packllama.base.errors import Cancelled, DigestMismatch, FileChanged, IntegrityError, PackLlamaError
from packllama.base.fs import clear, remove
from packllama.base.partfile import PartFile, kept_bytes, remove_part
from packllama.base.reading import opened_plain
from packllama.base.stop import Stop
from packllama.check.repair.look import Look, is_right_after_all, is_still, look
from packllama.check.repair.mend import mend
from packllama.check.repair.suppliers import Suppliers
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.store.append import Finished, PartAppender
from packllama.places.store.kept_pieces import write_pieces
from packllama.places.store.session import Session
from packllama.transfer import CopyOptions, copy
from packllama.transfer.pump import Flow


class Renewing:
    """One writer's work on a store's blobs. For one thread."""

    def __init__(
        self,
        session: Session,
        suppliers: Suppliers,
        users: Mapping[Blob, Sequence[Model]],
        *,
        options: CopyOptions,
        flow: Flow,
    ) -> None:
        self._session = session
        self._layout = session.store.layout
        self._suppliers = suppliers
        self._users = users
        self._options = options
        self._flow = flow

    def renew(self, seen: Look) -> bool:
        """Put right bytes in the place of a blob that was seen to be damaged. False: it is right by now.

        Raises: PackLlamaError, when nobody has its right bytes, or the machine fails. What there was is still there.
        """
        blob = seen.blob
        with self._session.alone(self._layout.blob_lock(blob.digest), remove=True):
            if not is_still(seen, self._layout):
                seen = look(self._layout, seen.track.marks, observer=self._flow.observer, stop=self._flow.stop)
            if seen.whole:
                return False
            if seen.error:
                raise seen.error
            if not self._make(seen):
                self._drop_lies(blob)
                return False
            self._session.replace(blob.digest)
        return True

    def _make(self, seen: Look) -> bool:
        """Let right bytes wait. False: those that are there are right, and what is known of their pieces is wrong."""
        flow = self._flow
        pieces_lie = functools.cache(
            lambda: is_right_after_all(seen, self._layout, observer=flow.observer, stop=flow.stop)
        )
        try:
            if self._is_finished(seen.blob) or self._mend(seen, pieces_lie):
                return True
            if not pieces_lie():
                self._copy(seen.blob)
                return True
        except Cancelled:
            raise
        except PackLlamaError as error:
            if not pieces_lie():
                self._explain(error, seen)
                raise
        return False

    def _drop_lies(self, blob: Blob) -> None:
        """Forget what spoke against a blob that is right."""
        remove_part(self._layout.part(blob.digest))
        remove(self._layout.pieces_record(blob.digest))
        self._flow.observer.noted(f"{blob.digest} is right, what was said of its pieces is wrong; it stays as it is")
        self._suppliers.accuse(blob)

    def _explain(self, error: PackLlamaError, seen: Look) -> None:
        """Let an error, which speaks of a place, say what it could not help here."""
        first, *more = self._users[seen.blob]
        what = "damaged" if seen.status else "missing"
        places = [str(supplier) for supplier in self._suppliers.order]
        why = error.message if error.where in places else error.sentence
        models = f"{first.name.short}, …" if more else first.name.short
        error.message = f"{what} ({models}), and could not be repaired from {', '.join(places)}: {why}"
        error.where = str(self._layout.blob(seen.blob.digest))
        if isinstance(error, IntegrityError) and not isinstance(error, FileChanged):
            error.hint = "Name another place that has it with --from, or pull or create the model again."

    def clear(self, blob: Blob) -> None:
        """Drop what a stopped run left in the quarantine of a blob that is right."""
        with self._session.alone(self._layout.blob_lock(blob.digest), remove=True):
            clear(self._layout.quarantined(blob.digest))

    def _is_finished(self, blob: Blob) -> bool:
        """Whether all of it waits here: a stopped run came so far, or one whose model was not whole."""
        path = self._layout.finished_blob(blob.digest)
        if path.is_dir() and not path.is_symlink():  # nobody's, and in the way
            clear(path)
        if not os.path.lexists(path) or kept_bytes(path, size=blob.size) < blob.size:
            return False
        try:
            self._session.hash(blob, path)
        except DigestMismatch:
            remove(path)
            return False
        self._finish(blob, path, None)
        return True

    def _mend(self, seen: Look, pieces_lie: Callable[[], bool]) -> bool:
        blob, path, flow = seen.blob, self._layout.part(seen.blob.digest), self._flow
        if not seen.mendable:
            return False
        if self._takes_room(seen):
            self._session.check_space([blob.size], present=kept_bytes(path, size=blob.size))
        with PartFile(path, size=blob.size, staging=self._session.folder) as part:
            if not mend(seen, part, self._suppliers, pieces_lie=pieces_lie, observer=flow.observer, stop=flow.stop):
                return False
            part.move_to(self._layout.finished_blob(blob.digest))
        self._finish(blob, self._layout.finished_blob(blob.digest), seen.track.marks.pieces)
        return True

    def _takes_room(self, seen: Look) -> bool:
        with opened_plain(seen.path, what="a blob", follow=False) as descriptor:
            return self._session.needs_space(descriptor, path=seen.path, before=os.fstat(descriptor))

    def _copy(self, blob: Blob) -> None:
        """All of it, behind what is there already."""
        self._session.check_space([blob.size], present=kept_bytes(self._layout.part(blob.digest), size=blob.size))
        target = _BlobTarget(self._session, blob, self._finish)
        flow = self._flow
        copy(
            [Move(self._users[blob][0])],
            sources=self._suppliers.order,
            target=target,
            options=self._options,
            observer=flow.observer,
            stop=flow.stop,
        )

    def _finish(self, blob: Blob, path: Path, pieces: Pieces | None) -> None:
        if pieces:
            write_pieces(self._layout, blob.digest, pieces, staging=self._session.folder)
        self._session.wait(blob.digest, path)
        remove_part(self._layout.part(blob.digest))


class _BlobTarget(AbstractContextManager["_BlobTarget"]):
    """A target, and its own session, that takes one blob and no name. Its caller holds the blob's lock."""

    def __init__(self, session: Session, blob: Blob, finished: Finished) -> None:
        self._session = session
        self._blob = blob
        self._finished = finished

    def __exit__(self, *_: object) -> None: ...

    def begin(self, moves: Sequence[Move], *, stop: Stop) -> Self:  # noqa: ARG002 - a target's door
        self._moves = moves
        return self

    def missing(self) -> Sequence[tuple[Blob, Move]]:
        return [(self._blob, self._moves[0])]

    def append(self, blob: Blob, *, of: Move) -> PartAppender:  # noqa: ARG002 - a session's door
        layout = self._session.store.layout
        part = PartFile(layout.part(blob.digest), size=blob.size, staging=self._session.folder)
        leaving = ExitStack()
        leaving.push(part)
        target = layout.finished_blob(blob.digest)
        return PartAppender(blob, part, target=target, finished=self._finished, leaving=leaving)

    def take(self, blob: Blob, path: Path) -> bool:  # noqa: ARG002 - a session's door
        return False

    def publish(self, move: Move) -> ModelName:
        return move.name
