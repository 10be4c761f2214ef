"""Write a bundle: what follows from the manifests first, then the blobs, at last what makes models of them."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
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
from packllama.places.bundle.output import Output, Writing
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
        contents = _contents(moves)
        head = contents.head()
        size = len(head) + contents.size_behind_head()
        self._output.check(size, kept=self._output.kept(head, size=size))
        return BundleSession(contents, moves, self._output.open(head, size=size, stop=stop))

    def begun(self, moves: Sequence[Move]) -> Mapping[Blob, int]:
        """How many bytes of each blob an earlier run of this export left. Nothing is changed.

        Raises: InvalidBundle, InvalidManifest, NotSupported, MachineError.
        """
        contents = _contents(moves)
        head = contents.head()
        position, found = len(head), {}
        kept = self._output.kept(head, size=position + contents.size_behind_head())
        for blob in contents.blobs:
            found[blob] = min(max(kept - position - BLOCK, 0), blob.size)
            position += contents.room(blob)
        return found


def _contents(moves: Sequence[Move]) -> Contents:
    contents = Contents.of(Model(move.name, move.model.manifest) for move in moves)
    contents.check_limits()
    return contents


class BundleSession:
    """A bundle being written. It is complete once the last of the moves was published, else it never is."""

    def __init__(self, contents: Contents, moves: Sequence[Move], opening: AbstractContextManager[Writing]) -> None:
        self._contents = contents
        self._moves = moves
        self._opening = opening
        self._stack = ExitStack()
        self._pieces: dict[Digest, Pieces] = {}
        self._published: set[ModelName] = set()

    def __enter__(self) -> Self:
        self._writing = self._stack.enter_context(self._opening)
        self._begin = self._writing.position
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def missing(self) -> Sequence[tuple[Blob, Move]]:
        """Every blob once, the smallest first."""
        movers = {blob.digest: move for move in reversed(self._moves) for blob in move.model.blobs}
        return [(blob, movers[blob.digest]) for blob in self._contents.blobs]

    def append(self, blob: Blob, *, of: Move) -> "BundleAppender":  # noqa: ARG002 - a place's door
        """Write the header of the next blob, or find it.

        Raises: IntegrityError, when another is to come, or a pipe has wrong bytes; NoSpace, MachineError, Cancelled.
        """
        following = self._contents.blobs[len(self._pieces) :]
        if following[:1] != (blob,) or not self._writing.go_back(self._begin):
            raise IntegrityError(
                f"the bundle cannot go on with {blob.digest}: a blob before it is missing or damaged",
                hint="Verify the models here, then export them again.",
            )
        self._writing.write(encode(self._contents.entries(blob)[0]))
        return BundleAppender(self, blob, self._writing)

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
            self._writing.write(self._contents.tail(piece_list.encode(self._pieces)))
            self._writing.complete()
        return move.name

    def finish(self, blob: Blob, pieces: Pieces) -> None:
        """The blob is written, and is right."""
        link = self._contents.entries(blob)[1]
        self._writing.write(padding(blob.size) + (encode(link) if link else b""))
        self._pieces[blob.digest] = pieces
        self._begin = self._writing.position

    def discard(self) -> None:
        """The blob's bytes are wrong. A pipe has them, so the bundle in it can't be completed any more."""
        self._writing.go_back(self._begin, cut=True)


class BundleAppender(AbstractContextManager["BundleAppender"]):
    """One blob on its way into a bundle."""

    def __init__(self, session: BundleSession, blob: Blob, writing: Writing) -> None:
        self.kept = min(writing.kept, blob.size)
        self._session = session
        self._blob = blob
        self._writing = writing
        self._rest = blob.size - self.kept
        self._again = writing.reread(self.kept) if self.kept else None

    def __exit__(self, *_: object) -> None:
        """What is written is written."""

    def reread(self) -> AbstractContextManager[Reader] | None:
        return None if self._again is None else nullcontext(self._again)

    def write(self, data: memoryview, /) -> None:
        """Raises: IntegrityError, when it is more than the blob has; NoSpace, MachineError, Cancelled."""
        self._rest -= len(data)
        if self._rest < 0:
            raise self._wrong_size()
        self._writing.write(data)

    def finish(self, pieces: Pieces) -> None:
        """Raises: IntegrityError, when bytes are missing; NoSpace, MachineError, Cancelled."""
        if self._rest:
            raise self._wrong_size()
        self._session.finish(self._blob, pieces)

    def discard(self) -> None:
        self._session.discard()

    def _wrong_size(self) -> IntegrityError:
        return IntegrityError(f"expected {self._blob.size:,} bytes, found {self._blob.size - self._rest:,}")
