"""A bundle file of which any range of any blob can be read."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from packllama.base.errors import IntegrityError, ModelNotFound, from_os_error
from packllama.base.reading import open_plain
from packllama.base.stop import Stop
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.bundle.stream import BundleStream
from packllama.places.place import Reader


class BundleSource:
    """A context manager. Entering it passes over the whole file without reading the blobs, and checks all else.

    What it has then may be read from several threads.

    Raises: MissingFile; as `BundleStream`.
    """

    streams = 1

    def __init__(self, path: Path, *, stop: Stop | None = None) -> None:
        self._path = path
        self._stop = stop or Stop()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._descriptor = open_plain(self._path, what="a bundle")
            stack.callback(os.close, self._descriptor)
            stream = BundleStream(self._descriptor, where=str(self._path), stop=self._stop)
            self._models = {model.name: model for model in stream.models()}
            self._offsets = {blob: stream.position for blob, _ in stream.blobs()}
            self.pieces = stream.pieces
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __str__(self) -> str:
        return str(self._path)

    def names(self) -> Iterator[ModelName]:
        """In order."""
        yield from self._models

    def find(self, name: ModelName) -> Model:
        """The model of this name in any letter case. Raises: ModelNotFound."""
        for model in self._models.values():
            if model.name.folded == name.folded:
                return model
        near = [other.short for other in name.near(self._models)]
        raise ModelNotFound(name.short, where=str(self._path), near=near)

    @contextlib.contextmanager
    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> Iterator[Reader]:  # noqa: ARG002 - a place's door
        """The bytes from ``start`` up to ``stop``.

        Raises: IntegrityError, when the bundle has no such blob of this size, or ends early; MachineError.
        """
        if blob not in self._offsets:
            raise IntegrityError(f"there are no {blob.size:,} bytes of {blob.digest}", where=str(self._path))
        offset = self._offsets[blob]
        yield _Range(self._descriptor, offset + start, offset + min(stop, blob.size), where=self._path)


class _Range:
    """A part of a file, read at its own pace: others may read elsewhere."""

    def __init__(self, descriptor: int, start: int, stop: int, *, where: Path) -> None:
        self._descriptor = descriptor
        self._position = start
        self._stop = stop
        self._where = where

    def readinto(self, buffer: memoryview, /) -> int:
        try:
            count = os.preadv(self._descriptor, [buffer[: max(self._stop - self._position, 0)]], self._position)
        except OSError as error:
            raise from_os_error(error, doing="reading the bundle", where=self._where) from error
        self._position += count
        return count
