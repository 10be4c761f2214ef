"""One blob on its way into a store, whose lock is held until the appender is left."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path

from packllama.base.errors import IntegrityError
from packllama.base.partfile import PartFile
from packllama.base.reading import FileRange
from packllama.model import Blob
from packllama.pieces import Pieces

Finished = Callable[[Blob, Path, Pieces], None]
Discarded = Callable[[Blob, Path], None]


class PartAppender(AbstractContextManager["PartAppender"]):
    """Goes on behind what an earlier session left. The file gets the blob's name when it is finished."""

    def __init__(self, blob: Blob, file: PartFile, *, target: Path, finished: Finished, leaving: ExitStack) -> None:
        """``finished`` is told of the durable file; ``leaving`` closes the file and gives up the lock."""
        self.kept = file.kept
        self._blob = blob
        self._file = file
        self._target = target
        self._finished = finished
        self._leaving = leaving

    def __exit__(self, *_: object) -> None:
        self._leaving.close()

    def reread(self) -> AbstractContextManager[FileRange]:
        where = str(self._file.path)
        return nullcontext(FileRange(self._file.descriptor, start=0, stop=self.kept, where=where))

    def write(self, data: memoryview, /) -> None:
        self._file.write(data)

    def finish(self, pieces: Pieces) -> None:
        """Raises: IntegrityError, when bytes are missing or too many."""
        if self._file.length != self._blob.size:
            raise IntegrityError(
                f"expected {self._blob.size:,} bytes, found {self._file.length:,}", where=str(self._file.path)
            )
        self._file.move_to(self._target)
        self._finished(self._blob, self._target, pieces)

    def discard(self) -> None:
        self._file.discard()


class PresentAppender(AbstractContextManager["PresentAppender"]):
    """Another session finished the blob meanwhile: all of it was kept, and is only to be hashed."""

    def __init__(
        self,
        blob: Blob,
        path: Path,
        descriptor: int,
        *,
        finished: Finished,
        discarded: Discarded,
        leaving: ExitStack,
    ) -> None:
        """``path`` is where the open file was; ``leaving`` closes it and gives up the lock."""
        self.kept = blob.size
        self._blob = blob
        self._path = path
        self._descriptor = descriptor
        self._finished = finished
        self._discarded = discarded
        self._leaving = leaving

    def __exit__(self, *_: object) -> None:
        self._leaving.close()

    def reread(self) -> AbstractContextManager[FileRange]:
        return nullcontext(FileRange(self._descriptor, start=0, stop=self.kept, where=str(self._path)))

    def write(self, data: memoryview, /) -> None:
        """Raises: IntegrityError: nothing is missing."""
        raise IntegrityError(f"{len(data):,} bytes too many", where=str(self._path))

    def finish(self, pieces: Pieces) -> None:
        self._finished(self._blob, self._path, pieces)

    def discard(self) -> None:
        self._discarded(self._blob, self._path)
