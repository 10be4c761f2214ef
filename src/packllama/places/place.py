"""What it takes to be a place: any range of its blobs read, a stream that passes once, blobs written in order.

A place implements what is true of it, no more. Where a method may be called from several threads, it says so. Names
and digests that come out are checked; bytes are not: whoever moves them hashes them.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from packllama.base.stop import Stop
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.pieces import Pieces


class Reader(Protocol):
    """Bytes, forward only."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the beginning of a buffer. Returns how many bytes came, 0 at the end."""


class Ranges(Protocol):
    """What any range of any blob can be read of, any number of times, from several threads."""

    @property
    def streams(self) -> int:
        """How many ranges it gains from being read at once: a disk 1, a registry 16."""

    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> AbstractContextManager[Reader]:
        """The bytes from ``start`` up to ``stop``.

        Raises: IntegrityError, when the blob is missing or has another size; MachineError.
        """


class Source(Ranges, Protocol):
    """A place that holds whole models."""

    def find(self, name: ModelName) -> Model:
        """Raises: ModelNotFound, InvalidManifest."""


class Extents(Protocol):
    """A place that holds some ranges of some blobs: what another program's unfinished download left. Never trusted."""

    def extents(self, blob: Blob) -> Sequence[range]:
        """Those of a blob, in order, none touching the next."""

    def read(self, blob: Blob, *, start: int, stop: int) -> AbstractContextManager[Reader]:
        """The bytes of one of them, or of a part of one. May be called from several threads.

        Raises: PackLlamaError, when they cannot be had after all.
        """


@runtime_checkable
class LocalFiles(Protocol):
    """A source whose blobs are whole local files, which can be cloned and linked."""

    def path(self, blob: Blob) -> Path:
        """Raises: IntegrityError, when it is missing or has another size."""


@runtime_checkable
class Judged(Protocol):
    """A source made of several, which learns from what the bytes of a blob turned out to be."""

    def was_right(self, blob: Blob, right: Pieces) -> None:
        """What was read of a blob has the right digest."""

    def was_wrong(self, blob: Blob, found: Pieces) -> bool:
        """It has another. Whether it should be read again: others will be asked then."""


class Stream(Protocol):
    """Models that pass by once, in their own order: a bundle on stdin. As a text it is what errors call it."""

    def models(self) -> Sequence[Model]:
        """What will pass, known before the first large byte."""

    def blobs(self) -> Iterator[tuple[Blob, Reader]]:
        """Each blob with its bytes, which are read, or left, before the next is asked for.

        After the last one the stream has been read, and checked, to its end.
        """


class Appender(AbstractContextManager["Appender"], Protocol):
    """One blob on its way into a place. Leaving it without `finish` or `discard` keeps the bytes for another run."""

    @property
    def kept(self) -> int:
        """Bytes that an earlier run left; what is written follows them."""

    def reread(self) -> AbstractContextManager[Reader] | None:
        """Those bytes, to be hashed again; None: they cannot be had, so the source's are hashed instead."""

    def write(self, data: memoryview, /) -> None:
        """Raises: NoSpace, MachineError."""

    def finish(self, pieces: Pieces) -> None:
        """The digest is right. Makes the bytes durable; they are not a part of any model yet."""

    def discard(self) -> None:
        """The digest is wrong."""


class Session(AbstractContextManager["Session"], Protocol):
    """One writer's work in a place. What is published stays; what is not leaves no name behind."""

    def missing(self) -> Sequence[tuple[Blob, Move]]:
        """The blobs that are wanted, in the order in which they must come, each with a move that needs it."""

    def append(self, blob: Blob, *, of: Move) -> Appender:
        """Waits while another process writes the same blob. Raises: Cancelled, MachineError."""

    def take(self, blob: Blob, path: Path) -> bool:
        """Use a local file by cloning or linking it; it must have been hashed. False: the bytes have to be sent."""

    def publish(self, move: Move) -> ModelName:
        """Make the model exist, at once or not at all. Returns its name in the place's spelling.

        Raises: IntegrityError, when a blob is not there.
        """


class Target(Protocol):
    """A place that can be written."""

    def begin(self, moves: Sequence[Move], *, stop: Stop) -> Session:
        """Looks at rights, space and limits before the first byte.

        Raises: NoRights, NoSpace, MachineError, NotSupported.
        """
