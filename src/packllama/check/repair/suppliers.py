"""Who is asked for right bytes: several places in turn, each under the names that the models have there."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packllama.base.errors import AccessDenied, BadInput, FarSideError, IntegrityError, NotFound, PackLlamaError
from packllama.check.repair.track import Track
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.place import Judged, Reader, Source
from packllama.transfer.fetch import Fetching
from packllama.transfer.pump import Flow
from packllama.transfer.ranges import Patience, SourceFailed
from packllama.transfer.report import CopyOptions

# A blob may be a part of very many models; so many of their names are tried at a registry.
_MOST_NAMES = 8


def _nothing(_: Blob) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Origin:
    """A place to repair from. ``pieces``: what it knows of a blob's beginnings."""

    label: str
    source: Source
    pieces: Callable[[Blob], Pieces | None] = _nothing


class Supplier:
    """An origin that counts what comes from it. May be shared between threads."""

    def __init__(self, origin: Origin, users: Mapping[Blob, Sequence[Model]]) -> None:
        """``users``: the models that list a blob. At a registry it is known by their names."""
        self.origin = origin
        self.sent = 0
        self._source = origin.source
        self._users = users
        self._known: dict[Blob, Model] = {}
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return self.origin.label

    @property
    def streams(self) -> int:
        return self._source.streams

    def find(self, name: ModelName) -> Model:
        """Raises: as the source does."""
        return self._source.find(name)

    @contextlib.contextmanager
    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> Iterator[Reader]:
        """The bytes from ``start`` up to ``stop``. Raises: as the source does."""
        with self._lock:
            known = self._known.get(blob) or self._known.setdefault(blob, self._user(blob, of))
        with self._source.read(blob, of=known, start=start, stop=stop) as reader:
            counted = _Counted(reader)
            try:
                yield counted
            finally:
                with self._lock:
                    self.sent += counted.count

    def _user(self, blob: Blob, of: Model) -> Model:
        """A model under whose name the source has the blob; ``of`` if there is none."""
        users = self._users.get(blob, ())[:_MOST_NAMES]
        # A disk knows blobs by their digests alone.
        for user in users if len(users) > 1 and self.streams > 1 else ():
            with (
                contextlib.suppress(IntegrityError, NotFound, AccessDenied),
                self._source.read(blob, of=user, start=0, stop=min(blob.size, 1)) as reader,
            ):
                self.sent += reader.readinto(memoryview(bytearray(1)))
                return user
        return of

    def was_right(self, blob: Blob, right: Pieces) -> None:
        if isinstance(self._source, Judged):
            self._source.was_right(blob, right)

    def was_wrong(self, blob: Blob, found: Pieces) -> bool:
        return isinstance(self._source, Judged) and self._source.was_wrong(blob, found)


class _Counted:
    def __init__(self, reader: Reader) -> None:
        self.count = 0
        self._reader = reader

    def readinto(self, buffer: memoryview, /) -> int:
        count = self._reader.readinto(buffer)
        self.count += count
        return count


class _Limited:
    """A reader that keeps to the rate that was asked for."""

    def __init__(self, reader: Reader, flow: Flow) -> None:
        self._reader = reader
        self._flow = flow

    def readinto(self, buffer: memoryview, /) -> int:
        count = self._reader.readinto(buffer)
        if self._flow.limit:
            self._flow.limit.spend(count, stop=self._flow.stop)
        return count


class Suppliers:
    """Those that are asked, in turn: who failed or lied is asked last from then on. For one thread."""

    def __init__(
        self, origins: Sequence[Origin], users: Mapping[Blob, Sequence[Model]], options: CopyOptions, flow: Flow
    ) -> None:
        self.order = [Supplier(origin, users) for origin in origins]
        self._gave: dict[Blob, list[Supplier]] = {}
        self._users = users
        self._options = options
        self._flow = flow

    @property
    def sent(self) -> int:
        """How many bytes have come from all of them."""
        return sum(supplier.sent for supplier in self.order)

    def find(self, name: ModelName) -> Iterator[tuple[Model, Supplier]]:
        """The models of this name, each with who has it."""
        for supplier in self.order:
            try:
                yield supplier.find(name), supplier
            except (NotFound, BadInput, IntegrityError, FarSideError) as error:
                self._flow.observer.noted(f"{supplier}: {error.sentence}")

    def fetch(self, track: Track, buffer: memoryview, *, pieces_lie: Callable[[], bool]) -> bool:
        """Take the next piece of a blob into a buffer. False: bytes came, but none that are right by what is known.

        ``pieces_lie``: whether what is known is wrong, and not who is asked. Then nobody is blamed, or asked again.

        Raises: the error of the last one asked, when no bytes came at all; Cancelled.
        """
        failure: PackLlamaError | None = None
        lied = False
        for supplier in list(self.order):
            piece = track.piece
            try:
                if self._ask(supplier, track, buffer):
                    self._gave.setdefault(track.marks.blob, []).append(supplier)
                    return True
                if pieces_lie():
                    return False
                why, lied = f"{supplier} sends wrong bytes {piece.start:,} to {piece.stop - 1:,}", True
            except SourceFailed as failed:
                failure = failed.error
                why = f"{supplier}: {failure.sentence}"
            self._put_last(supplier, f"{why} of {track.marks.blob.digest}")
        if failure and not lied:
            raise failure
        return False

    def accuse(self, blob: Blob) -> None:
        """Say who gave bytes of a blob that were right by its pieces, though the pieces lie."""
        for supplier in dict.fromkeys(self._gave.get(blob, ())):
            self._put_last(supplier, f"{supplier} sends wrong bytes of {blob.digest}")

    def _put_last(self, supplier: Supplier, why: str) -> None:
        self._flow.observer.noted(why)
        self.order.remove(supplier)
        self.order.append(supplier)

    def _ask(self, supplier: Supplier, track: Track, buffer: memoryview) -> bool:
        """Raises: SourceFailed, Cancelled."""
        while True:
            streams = supplier.streams
            try:
                if self._take(supplier, track, buffer):
                    return True
            except SourceFailed:
                if supplier.streams == streams:
                    raise
                continue  # it turned out to give whole files only, and is asked so now
            if not supplier.was_wrong(track.marks.blob, Pieces(())):
                return False

    def _take(self, supplier: Supplier, track: Track, buffer: memoryview) -> bool:
        blob, piece, stop = track.marks.blob, track.piece, self._flow.stop
        patience = Patience(self._options.retry)
        fetching = Fetching(supplier, parallel=self._options.parallel, patience=patience, stop=stop)
        with fetching.reader(blob, self._users[blob][0], piece.start, piece.stop) as reader:
            return track.take(_Limited(reader, self._flow), buffer, stop=stop)
