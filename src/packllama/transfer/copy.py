"""Copy models from places to a place."""

from collections.abc import Sequence

from packllama.base.errors import DigestMismatch, PackLlamaError, UsageError
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.model import Blob, Move
from packllama.places.place import Appender, Extents, Judged, LocalFiles, Session, Source, Target
from packllama.transfer.fetch import Fetching
from packllama.transfer.patched import Patched
from packllama.transfer.pump import Flow, Pumped, pump
from packllama.transfer.ranges import Patience, SourceFailed
from packllama.transfer.report import CopyOptions, CopyReport
from packllama.transfer.shipment import Shipment, check_moves


def copy(
    moves: Sequence[Move],
    *,
    sources: Sequence[Source],
    target: Target,
    extents: Extents | None = None,
    options: CopyOptions = CopyOptions(),  # noqa: B008 - frozen
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> CopyReport:
    """Copy models, blobs first and each name when its blobs are all there.

    A blob that the target holds is not sent. What is sent is hashed on its way. Where a source fails or lies, the next
    one is asked. What ``extents`` have of a blob is read there instead, once: if the blob turns out wrong, all of it is
    sent again. It stops at the first blob that none can give; models that were whole by then stay published.

    Raises:
        DigestMismatch: the bytes of the last source are not what its manifest says.
        IntegrityError: a source lacks bytes. MachineError: a source or the target. UsageError, BadInput: the moves.
        Cancelled: the stop was set. What was sent is kept where the target can, and the next copy goes on behind it.
    """
    stop = stop or Stop()
    check_moves(moves)
    if not sources:
        raise UsageError("there is no source to copy from")
    with target.begin(moves, stop=stop) as session:
        shipment = Shipment(moves, session, observer)
        flow = Flow.of(options, observer, stop)
        suppliers = [_Supplier(source, session, extents, options, flow) for source in sources]
        shipment.publish_whole()
        for blob, move in list(shipment.lacking.items()):
            if any(supplier.lend(blob) for supplier in suppliers):
                shipment.taken(blob)
            else:
                shipment.sent(blob, *_send(blob, move, suppliers, observer))
            shipment.publish_whole()
    return shipment.report()


class _Supplier:
    """One source beside the session that it supplies."""

    def __init__(
        self, source: Source, session: Session, extents: Extents | None, options: CopyOptions, flow: Flow
    ) -> None:
        self._source = source
        self._judged = source if isinstance(source, Judged) else None
        self._session = session
        self._extents = extents
        self._options = options
        self._flow = flow

    def lend(self, blob: Blob) -> bool:
        """Offer a local file, so that nothing needs to be sent."""
        if not isinstance(self._source, LocalFiles):
            return False
        try:
            path = self._source.path(blob)
        except PackLlamaError:  # whoever reads it will say so
            return False
        return self._session.take(blob, path)

    def send(self, blob: Blob, move: Move) -> tuple[int, int]:
        """Send a blob. Returns how many bytes crossed, and how many were found in the extents.

        Raises: SourceFailed, and what the target raises.
        """
        streams = self._source.streams
        try:
            return self._deliver(blob, move)
        except SourceFailed:
            if self._source.streams == streams:
                raise
        # It turned out to give no ranges: now it is read in one go, behind what came.
        return self._deliver(blob, move)

    def _deliver(self, blob: Blob, move: Move) -> tuple[int, int]:
        extents = self._extents
        while True:
            with self._session.append(blob, of=move) as appender:
                kept = appender.kept
                source = Patched(self._source, blob, extents, kept=kept, observer=self._flow.observer)
                pumped = self._pump(blob, move, appender, source)
                if pumped.digest == blob.digest:
                    appender.finish(pumped.pieces)
                    if self._judged:
                        self._judged.was_right(blob, pumped.pieces)
                    return pumped.sent - source.found, source.found
                appender.discard()
            again = self._judged and self._judged.was_wrong(blob, pumped.pieces)
            # What an earlier run, another source or another program left may be what was wrong: this one sends it all.
            if source.found:
                self._flow.observer.noted(f"{blob.digest}: an unfinished download has wrong bytes; it is left aside")
                extents = None
            elif not kept and not again:
                raise SourceFailed(
                    DigestMismatch(expected=str(blob.digest), actual=str(pumped.digest), where=self._where(blob))
                )

    def _pump(self, blob: Blob, move: Move, appender: Appender, source: Patched) -> Pumped:
        patience = Patience(self._options.retry)
        fetching = Fetching(source, parallel=self._options.parallel, patience=patience, stop=self._flow.stop)
        return pump(blob, lambda start: fetching.reader(blob, move.model, start), appender, flow=self._flow)

    def _where(self, blob: Blob) -> str:
        return str(self._source.path(blob) if isinstance(self._source, LocalFiles) else self._source)


def _send(blob: Blob, move: Move, suppliers: Sequence[_Supplier], observer: Observer) -> tuple[int, int]:
    for supplier in suppliers[:-1]:
        try:
            return supplier.send(blob, move)
        except SourceFailed as failed:
            observer.noted(f"{failed.error.sentence}; asking the next source")
    try:
        return suppliers[-1].send(blob, move)
    except SourceFailed as failed:
        raise failed.error from failed
