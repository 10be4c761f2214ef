"""Mend a damaged file by its pieces, into another one, in one pass.

What is right is shared with the damaged file, or written as it was read and hashed; what is bad is fetched. It is
written forward, so what a stopped run leaves is a beginning that the next one goes on behind.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from packllama.base.errors import MachineError
from packllama.base.observer import Observer
from packllama.base.partfile import PartFile
from packllama.base.reading import FileRange, opened_plain, page_buffer
from packllama.base.stop import Stop
from packllama.check.repair.look import Look
from packllama.check.repair.suppliers import Suppliers
from packllama.check.repair.track import Track
from packllama.pieces import PIECE_BYTES
from packllama.places.store.ingest import check_unchanged


def mend(
    look: Look,
    part: PartFile,
    suppliers: Suppliers,
    *,
    pieces_lie: Callable[[], bool],
    observer: Observer,
    stop: Stop,
) -> bool:
    """Write the whole blob, bit by bit right. False: only a beginning, and the rest is better copied in one go.

    That is where the damaged file ends early, or nobody gives bytes that are right by what is known of the pieces;
    which is nothing, and the file is right, when ``pieces_lie``.

    Raises: FileChanged, when somebody writes to the damaged file; Cancelled, MachineError, and as `Suppliers.fetch`.
    """
    with opened_plain(look.path, what="a blob", follow=False) as descriptor:
        _check(descriptor, look)
        with ThreadPoolExecutor(1, thread_name_prefix="write") as writer:
            done = _Mending(look, descriptor, part, writer, suppliers, pieces_lie, observer, stop).run()
        _check(descriptor, look)
    return done


def _check(descriptor: int, look: Look) -> None:
    if look.status:
        check_unchanged(descriptor, before=look.status, where=str(look.path))


class _Mending:
    """One blob on its way. While one piece is written, the next is read and hashed."""

    def __init__(
        self,
        look: Look,
        damaged: int,
        part: PartFile,
        writer: ThreadPoolExecutor,
        suppliers: Suppliers,
        pieces_lie: Callable[[], bool],
        observer: Observer,
        stop: Stop,
    ) -> None:
        self._look = look
        self._damaged = damaged
        self._part = part
        self._writer = writer
        self._suppliers = suppliers
        self._pieces_lie = pieces_lie
        self._observer = observer
        self._stop = stop
        self._track = Track(look.track.marks)
        self._buffers = [page_buffer(PIECE_BYTES) for _ in range(2)]
        self._writing: Future[None] | None = None
        self._shares = True

    def run(self) -> bool:
        self._observer.planned(self._look.blob.size)
        self._keep()
        if not self._part.length and self._share(self._look.track.position):
            self._track = self._look.track
            self._observer.advanced(self._track.position)
        while piece := self._track.piece:
            if not self._next(piece):
                break
            self._observer.advanced(len(piece))
        self._wait()
        return self._track.whole

    def _keep(self) -> None:
        """Go on behind what an earlier run left, as far as that is right."""
        kept = self._part.kept
        reader = FileRange(self._part.descriptor, start=0, stop=kept, where=str(self._part.path))
        while self._track.marks.tell and (piece := self._track.piece) and piece.stop <= kept:
            if not self._track.take(reader, self._buffers[0], stop=self._stop):
                break
            self._observer.advanced(len(piece))
        if self._part.length > self._track.position:
            self._part.cut_back(self._track.position)

    def _next(self, piece: range) -> bool:
        buffer = self._buffers[0]
        if self._is_right(piece, buffer):
            if not self._share(len(piece)):
                self._write(len(piece))
            return True
        ends = piece.start >= self._look.size and self._look.blob.size - piece.start > PIECE_BYTES
        if ends or not self._suppliers.fetch(self._track, buffer, pieces_lie=self._pieces_lie):
            return False
        self._write(len(piece))
        return True

    def _is_right(self, piece: range, buffer: memoryview) -> bool:
        reader = FileRange(self._damaged, start=piece.start, stop=piece.stop, where=str(self._look.path))
        try:
            return self._track.take(reader, buffer, stop=self._stop)
        except MachineError:
            return False

    def _share(self, count: int) -> bool:
        """Append what the damaged file has next, if the file system can do that without copying."""
        if self._shares and count:
            self._wait()
            self._shares = self._part.share(self._damaged, self._part.length, count)
        return self._shares

    def _write(self, count: int) -> None:
        """Append the beginning of the first buffer. The other one is the first then."""
        self._wait()
        self._writing = self._writer.submit(self._part.write, self._buffers[0][:count])
        self._buffers.reverse()

    def _wait(self) -> None:
        if self._writing:
            self._writing.result()
            self._writing = None
