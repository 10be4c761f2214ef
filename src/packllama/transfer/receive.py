"""Take models from a stream that passes by once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from packllama.base.errors import DigestMismatch, IntegrityError
from packllama.base.hashing import BUFFER_SIZE
from packllama.base.observer import SILENT, Observer
from packllama.base.reading import page_buffer
from packllama.base.stop import Stop
from packllama.model import Blob, Model, Move
from packllama.places.place import Reader, Session, Stream, Target
from packllama.transfer.pump import Flow, pump
from packllama.transfer.report import CopyOptions, CopyReport
from packllama.transfer.shipment import Shipment, check_moves


def as_they_are(models: Sequence[Model]) -> list[Move]:
    """Each model under the name it has."""
    return [Move(model) for model in models]


def receive(
    stream: Stream,
    *,
    target: Target,
    moves: Callable[[Sequence[Model]], Sequence[Move]] = as_they_are,
    options: CopyOptions = CopyOptions(),  # noqa: B008 - frozen
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> CopyReport:
    """Copy models out of a stream. ``moves`` chooses among those that will pass, and says what they shall be called.

    Blobs are taken in as they come; names are published when the stream has been read, and found right, to its end.

    Raises:
        DigestMismatch: the stream's bytes are not what its manifests say. Nothing was published.
        IntegrityError, BadInput: the stream ended early or is damaged. UsageError: two models would get one name.
        MachineError: the target. Cancelled: the stop was set. What came before is kept where the target can.
    """
    stop = stop or Stop()
    chosen = moves(stream.models())
    check_moves(chosen)
    with target.begin(chosen, stop=stop) as session:
        shipment = Shipment(chosen, session, observer)
        flow = Flow.of(options, observer, stop)
        for blob, reader in stream.blobs():
            stop.check()
            if move := shipment.lacking.get(blob):
                where = f"{stream}: {move.model.name.short}"
                shipment.sent(blob, _take_in(blob, move, reader, session, flow, where))
        if shipment.lacking:
            raise IntegrityError(
                f"the stream ended without the blob {next(iter(shipment.lacking)).digest}",
                hint="It is not whole; make it again.",
            )
        shipment.publish_whole()
    return shipment.report()


def _take_in(blob: Blob, move: Move, reader: Reader, session: Session, flow: Flow, where: str) -> int:
    with session.append(blob, of=move) as appender:
        pumped = pump(blob, lambda start: _behind(reader, start, flow.stop), appender, flow=flow)
        if pumped.digest == blob.digest:
            appender.finish(pumped.pieces)
            return pumped.sent
        appender.discard()
    raise DigestMismatch(expected=str(blob.digest), actual=str(pumped.digest), where=where)


@contextmanager
def _behind(reader: Reader, start: int, stop: Stop) -> Iterator[Reader]:
    """The reader, after so many bytes that an earlier run left already."""
    scratch = page_buffer(min(start, BUFFER_SIZE) or 1)
    while start and (count := reader.readinto(scratch[:start])):
        stop.check()
        start -= count
    yield reader
