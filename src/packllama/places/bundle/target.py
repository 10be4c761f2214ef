"""Write a bundle: what follows from the manifests first, then the blobs, at last what makes models of them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

from packllama.base.errors import IntegrityError
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.bundle import piece_list
from packllama.places.bundle.contents import Contents
from packllama.places.bundle.entry import BLOCK, encode, padding
from packllama.places.bundle.output import Output
from packllama.places.place import Reader


class BundleTarget:
    """One bundle to be written."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def begin(self, moves: Sequence[Move], *, stop: Stop) -> "BundleSession":
        """Look at rights, space and limits.

        Raises:
            InvalidBundle, InvalidManifest: these models cannot stand in one bundle.
            NotSupported: they are too many. NoRights, NoSpace, MachineError, BadInput: not there.
        """
        contents = Contents.of(Model(move.name, move.model.manifest) for move in moves)
        contents.check_limits()
        self._output.check(sum(blob.size + 3 * BLOCK for blob in contents.blobs) + len(contents.head()))
        return BundleSession(contents, moves, self._output, stop=stop)


class BundleSession:
    """A bundle being written. It is complete once the last of the moves was published, else it never is."""

    streams = 1

    def __init__(self, contents: Contents, moves: Sequence[Move], output: Output, *, stop: Stop) -> None:
        self._contents = contents
        self._moves = moves
        self._output = output
        self._stop = stop
        self._begun = 0
        self._pieces: dict[Digest, Pieces] = {}
        self._published: set[ModelName] = set()

    def __enter__(self) -> Self:
        self._output.__enter__()
        try:
            self.write(self._contents.head())
        except BaseException:
            self._output.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._output.__exit__()

    def missing(self) -> Sequence[tuple[Blob, Move]]:
        """Every blob once, the smallest first."""
        movers = {blob.digest: move for move in reversed(self._moves) for blob in move.model.blobs}
        return [(blob, movers[blob.digest]) for blob in self._contents.blobs]

    def append(self, blob: Blob, *, of: Move) -> "BundleAppender":  # noqa: ARG002 - a place's door
        """Write the header of the next blob.

        Raises: IntegrityError, when the one before was not finished, which nothing can mend; MachineError, Cancelled.
        """
        if self._begun != len(self._pieces) or self._contents.blobs[self._begun] != blob:
            raise IntegrityError(
                f"the bundle cannot go on with {blob.digest}: a blob before it is missing or damaged",
                hint="Verify the models here, then export them again.",
            )
        self._begun += 1
        self.write(encode(self._contents.entries(blob)[0]))
        return BundleAppender(self, blob)

    def take(self, blob: Blob, path: Path) -> bool:  # noqa: ARG002 - a place's door
        """The bytes have to be sent."""
        return False

    def publish(self, move: Move) -> ModelName:
        """With the last one, write the manifests and the end, and give the file its name.

        Raises: IntegrityError, when a blob is not there; NoSpace, MachineError, Cancelled.
        """
        if lacking := move.model.manifest.digests() - self._pieces.keys():
            raise IntegrityError(f"the bundle lacks {min(lacking)}", where=move.name.short)
        self._published.add(move.name)
        if len(self._published) == len(self._contents.models):
            self.write(self._contents.tail(piece_list.encode(self._pieces)))
            self._output.complete()
        return move.name

    def write(self, data: memoryview | bytes) -> None:
        """Raises: NoSpace, MachineError, Cancelled; BrokenPipeError, when whoever read the pipe has left."""
        self._output.write(data, stop=self._stop)

    def finish(self, blob: Blob, pieces: Pieces) -> None:
        """The blob is written, and is right."""
        link = self._contents.entries(blob)[1]
        self.write(padding(blob.size) + (encode(link) if link else b""))
        self._pieces[blob.digest] = pieces


class BundleAppender(AbstractContextManager["BundleAppender"]):
    """One blob on its way into a bundle. Leaving it without `finish` leaves a bundle that cannot be completed."""

    kept = 0

    def __init__(self, session: BundleSession, blob: Blob) -> None:
        self._session = session
        self._blob = blob
        self._rest = blob.size

    def __exit__(self, *_: object) -> None:
        """What a tape has, it has."""

    def reread(self) -> AbstractContextManager[Reader] | None:
        """Nothing is kept."""
        return None

    def write(self, data: memoryview, /) -> None:
        """Raises: IntegrityError, when it is more than the blob has; NoSpace, MachineError, Cancelled."""
        self._rest -= len(data)
        if self._rest < 0:
            raise self._wrong_size()
        self._session.write(data)

    def finish(self, pieces: Pieces) -> None:
        """Raises: IntegrityError, when bytes are missing; NoSpace, MachineError, Cancelled."""
        if self._rest:
            raise self._wrong_size()
        self._session.finish(self._blob, pieces)

    def discard(self) -> None:
        """Its bytes stand in the bundle, which can't be completed any more."""

    def _wrong_size(self) -> IntegrityError:
        return IntegrityError(f"expected {self._blob.size:,} bytes, found {self._blob.size - self._rest:,}")
