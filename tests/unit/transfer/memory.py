"""Places in memory, as small as the protocols allow."""

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from packllama.base.errors import IntegrityError, ModelNotFound
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, Manifest, compose
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.place import Reader, Session


def made(name: str, *contents: bytes, config: bytes = b"{}") -> tuple[Model, dict[Digest, bytes]]:
    """A model of these layers, and its blobs."""
    layers = [Layer(LayerKind.MODEL.media_type, Digest.of(data), len(data)) for data in contents]
    manifest = compose(Layer(CONFIG_TYPE, Digest.of(config), len(config)), layers)
    blobs = {Digest.of(data): data for data in (*contents, config)}
    return Model(ModelName.parse(name), Manifest.decode(manifest, where=name)), blobs


class BytesReader:
    """``readinto`` gives at most ``most`` bytes at a time, as a pipe does."""

    def __init__(self, data: bytes, *, most: int = 1 << 30) -> None:
        self._file = io.BytesIO(data)
        self._most = most

    def readinto(self, buffer: memoryview, /) -> int:
        return self._file.readinto(buffer[: self._most])


# What a source says to being asked for the bytes of a blob from one offset up to another.
Answer = Callable[[Blob, int, int], Reader]


class MemorySource:
    """Gives what it has, or what ``answer`` makes of a question."""

    def __init__(
        self, blobs: Mapping[Digest, bytes], *, streams: int = 1, name: str = "memory", answer: Answer | None = None
    ) -> None:
        self.streams = streams
        self.asked: list[tuple[Blob, int, int]] = []
        self._blobs = blobs
        self._name = name
        self.answer = answer or self.honest

    def __str__(self) -> str:
        return self._name

    def find(self, name: ModelName) -> Model:
        raise ModelNotFound(name.short)

    def honest(self, blob: Blob, start: int, stop: int) -> Reader:
        if blob.digest not in self._blobs:
            raise IntegrityError(f"the blob {blob.digest} is missing", where=self._name)
        return BytesReader(self._blobs[blob.digest][start:stop])

    @contextlib.contextmanager
    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> Iterator[Reader]:
        self.asked.append((blob, start, stop))
        yield self.answer(blob, start, stop)


class MemoryStream:
    """Passes by in the order given."""

    def __init__(self, models: Sequence[Model], passing: Sequence[tuple[Blob, bytes]], *, most: int = 1 << 30) -> None:
        self._models = models
        self._passing = passing
        self._most = most

    def __str__(self) -> str:
        return "the stream"

    def models(self) -> Sequence[Model]:
        return self._models

    def blobs(self) -> Iterator[tuple[Blob, Reader]]:
        for blob, data in self._passing:
            yield blob, BytesReader(data, most=self._most)


@dataclass
class MemoryTarget:
    """Keeps beginnings in ``parts``, whole blobs in ``blobs``, manifests in ``published``; a session takes one writer.

    ``rereads``: whether what an earlier run left can be read again here; if not, it is hashed here at the end.
    """

    rereads: bool = True
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    parts: dict[Digest, bytes] = field(default_factory=dict)
    pieces: dict[Digest, Pieces] = field(default_factory=dict)
    published: dict[ModelName, Manifest] = field(default_factory=dict)
    on_write: Callable[[bytes], object] = lambda _: None
    takes: bool = False

    def begin(self, moves: Sequence[Move], *, stop: Stop) -> Session:
        return _MemorySession(self, moves)

    def check(self) -> None:
        """Whatever happened, what has a good name is right."""
        assert all(Digest.of(data) == digest for digest, data in self.blobs.items())
        for manifest in self.published.values():
            for layer in manifest.layers_and_config:
                assert len(self.blobs[layer.digest]) == layer.size


class _MemorySession:
    def __init__(self, target: MemoryTarget, moves: Sequence[Move]) -> None:
        self._target = target
        self._moves = moves

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def missing(self) -> Sequence[tuple[Blob, Move]]:
        wanted: dict[Blob, Move] = {}
        for move in self._moves:
            for blob in move.model.blobs:
                wanted.setdefault(blob, move)
        return [(blob, move) for blob, move in wanted.items() if blob.digest not in self._target.blobs]

    def append(self, blob: Blob, *, of: Move) -> "_MemoryAppender":
        return _MemoryAppender(self._target, blob)

    def take(self, blob: Blob, path: object) -> bool:
        return False

    def publish(self, move: Move) -> ModelName:
        for blob in move.model.blobs:
            if blob.digest not in self._target.blobs:
                raise IntegrityError("a blob is not there")
        self._target.published[move.name] = move.model.manifest
        return move.name


class _MemoryAppender:
    def __init__(self, target: MemoryTarget, blob: Blob) -> None:
        self._target = target
        self._blob = blob
        self._data = bytearray(target.parts.get(blob.digest, b""))
        self.kept = len(self._data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._data:
            self._target.parts[self._blob.digest] = bytes(self._data)

    def reread(self) -> contextlib.AbstractContextManager[Reader] | None:
        return contextlib.nullcontext(BytesReader(bytes(self._data))) if self._target.rereads else None

    def write(self, data: memoryview, /) -> None:
        self._target.on_write(bytes(data))
        self._data += data

    def finish(self, pieces: Pieces) -> None:
        if not self._target.rereads and Digest.of(self._data) != self._blob.digest:
            raise IntegrityError("what is here has another digest")
        self._target.blobs[self._blob.digest] = bytes(self._data)
        self._target.pieces[self._blob.digest] = pieces
        self.discard()

    def discard(self) -> None:
        self._target.parts.pop(self._blob.digest, None)
        self._data.clear()
