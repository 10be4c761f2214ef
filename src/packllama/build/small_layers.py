"""The small layers of a model, fetched from any place into memory: bounded, hashed, and nothing beside them."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Self

from packllama.base.errors import InvalidManifest
from packllama.base.observer import Observer
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import Layer, LayerKind
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.place import Source
from packllama.transfer import CopyOptions, copy

# Published templates and licences have some ten KiB, and a model has few of them.
_LONGEST = 1 << 20
_MOST = 4 << 20

_KINDS = (LayerKind.TEMPLATE, LayerKind.PROMPT, LayerKind.SYSTEM, LayerKind.PARAMS, LayerKind.LICENSE)


def small_layers(model: Model) -> tuple[Layer, ...]:
    """A model's texts and parameters, and its config.

    Raises: InvalidManifest, when they are too large to be that.
    """
    layers = (*model.manifest.of_kind(*_KINDS), model.manifest.config)
    for layer in layers:
        if layer.size > _LONGEST:
            what = layer.kind or "config"
            raise InvalidManifest(
                f"a {what} of {layer.size:,} bytes, where {_LONGEST:,} are plenty", where=model.name.short
            )
    if (total := sum(layer.size for layer in layers)) > _MOST:
        raise InvalidManifest(f"{total:,} bytes of texts, where {_MOST:,} are plenty", where=model.name.short)
    return layers


def read_small_layers(model: Model, *, source: Source, observer: Observer, stop: Stop) -> Mapping[Digest, bytes]:
    """The bytes of `small_layers`.

    Raises:
        InvalidManifest: as `small_layers` does.
        BadInput, IntegrityError, FarSideError, MachineError: as `copy` does. Cancelled.
    """
    memory = _Memory([Blob(layer.digest, layer.size) for layer in small_layers(model)])
    copy([Move(model)], sources=[source], target=memory, options=CopyOptions(parallel=1), observer=observer, stop=stop)
    return memory.held


class _Memory:
    """A target that wants these blobs only, and publishes nothing. It is its own session, for one thread."""

    def __init__(self, wanted: Collection[Blob]) -> None:
        self.held: dict[Digest, bytes] = {}
        self._wanted = wanted

    def begin(self, moves: Sequence[Move], *, stop: Stop) -> Self:  # noqa: ARG002
        self._moves = moves
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def missing(self) -> Sequence[tuple[Blob, Move]]:
        return [(blob, move) for move in self._moves for blob in self._wanted]

    def append(self, blob: Blob, *, of: Move) -> "_Growing":  # noqa: ARG002
        return _Growing(self.held, blob.digest)

    def take(self, blob: Blob, path: Path) -> bool:  # noqa: ARG002
        return False

    def publish(self, move: Move) -> ModelName:
        return move.name


class _Growing:
    kept = 0

    def __init__(self, held: dict[Digest, bytes], digest: Digest) -> None:
        self._held = held
        self._digest = digest
        self._data = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def reread(self) -> None: ...

    def write(self, data: memoryview, /) -> None:
        self._data += data

    def finish(self, pieces: Pieces) -> None:  # noqa: ARG002
        self._held[self._digest] = bytes(self._data)

    def discard(self) -> None: ...
