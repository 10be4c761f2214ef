"""Copy models from places to a place."""

from collections.abc import Sequence

from packllama.base.errors import DigestMismatch, PackLlamaError, UsageError
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.model import Blob, Move
from packllama.places.place import Appender, LocalFiles, Session, Source, Target
from packllama.transfer.fetch import Fetching
from packllama.transfer.pump import Flow, Pumped, pump
from packllama.transfer.ranges import Patience, SourceFailed
from packllama.transfer.report import CopyOptions, CopyReport
from packllama.transfer.shipment import Shipment, check_moves


def copy(
    moves: Sequence[Move],
    *,
    sources: Sequence[Source],
    target: Target,
    options: CopyOptions = CopyOptions(),  # noqa: B008 - frozen
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> CopyReport:
    """Copy models, blobs first and each name when its blobs are all there.

    A blob that the target holds is not sent. What is sent is hashed on its way. Where a source fails or lies, the next
    one is asked. It stops at the first blob that none can give; models that were whole by then stay published.

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
        suppliers = [_Supplier(source, session, options, flow) for source in sources]
        shipment.publish_whole()
        for blob, move in list(shipment.lacking.items()):
            if any(supplier.lend(blob) for supplier in suppliers):
                shipment.taken(blob)
            else:
                shipment.sent(blob, _send(blob, move, suppliers, observer))
            shipment.publish_whole()
    return shipment.report()


class _Supplier:
    """One source beside the session that it supplies."""

    def __init__(self, source: Source, session: Session, options: CopyOptions, flow: Flow) -> None:
        self._source = source
        self._session = session
        self._flow = flow
        self._fetching = Fetching(source, parallel=options.parallel, patience=Patience(options.retry), stop=flow.stop)

    def lend(self, blob: Blob) -> bool:
        """Offer a local file, so that nothing needs to be sent."""
        if not isinstance(self._source, LocalFiles):
            return False
        try:
            path = self._source.path(blob)
        except PackLlamaError:  # whoever reads it will say so
            return False
        return self._session.take(blob, path)

    def send(self, blob: Blob, move: Move) -> int:
        """Send a blob. Returns how many bytes crossed.

        Raises: SourceFailed, and what the target raises.
        """
        while True:
            with self._session.append(blob, of=move) as appender:
                kept = appender.kept
                pumped = self._pump(blob, move, appender)
                if pumped.digest == blob.digest:
                    appender.finish(pumped.pieces)
                    return pumped.sent
                appender.discard()
            # What an earlier run or another source left may be what was wrong: then this one sends it all.
            if not kept:
                raise SourceFailed(
                    DigestMismatch(expected=str(blob.digest), actual=str(pumped.digest), where=self._where(blob))
                )

    def _pump(self, blob: Blob, move: Move, appender: Appender) -> Pumped:
        return pump(blob, lambda start: self._fetching.reader(blob, move.model, start), appender, flow=self._flow)

    def _where(self, blob: Blob) -> str:
        return str(self._source.path(blob) if isinstance(self._source, LocalFiles) else self._source)


def _send(blob: Blob, move: Move, suppliers: Sequence[_Supplier], observer: Observer) -> int:
    for supplier in suppliers[:-1]:
        try:
            return supplier.send(blob, move)
        except SourceFailed as failed:
            observer.noted(f"{failed.error.sentence}; asking the next source")
    try:
        return suppliers[-1].send(blob, move)
    except SourceFailed as failed:
        raise failed.error from failed
