"""A store with a large blob, ways to damage it, and places in memory that have it."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from packllama.base.observer import SILENT, Observer
from packllama.check.repair.repair import RepairReport, repair
from packllama.check.repair.suppliers import Origin
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.model import Blob
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES, Pieces
from packllama.places.place import Source
from packllama.places.store import Store
from packllama.places.store.kept_pieces import write_pieces
from packllama.transfer import CopyOptions
from tests.unit.stores import TINY_CONFIG, put_model
from tests.unit.transfer.memory import MemorySource

P = PIECE_BYTES
SYSTEM = b"You are brief."
# Each piece has other bytes, so that none can stand for another.
WEIGHTS = b"".join(bytes([number]) * P for number in (1, 2, 3)) + b"and a fourth piece"
BLOB = Blob(Digest.of(WEIGHTS), len(WEIGHTS))
LAST = len(WEIGHTS) - 3 * P
DATA = {Digest.of(data): data for data in (WEIGHTS, SYSTEM, TINY_CONFIG)}
# Does not wait before it asks again.
ONCE = CopyOptions(retry=0)


def beginnings(data: bytes) -> Pieces:
    ends = range(P, len(data) + P, P)
    return Pieces.of([hashlib.sha256(data[:end]).hexdigest() for end in ends])


KNOWN = beginnings(WEIGHTS)


def make_store(root: Path, *, pieces: Pieces | None = KNOWN) -> Store:
    """One model, ``m``, of whose weights these pieces are known."""
    put_model(root, "m", (LayerKind.SYSTEM, SYSTEM), weights=WEIGHTS)
    store = Store(root)
    know(store, pieces)
    return store


def know(store: Store, pieces: Pieces | None) -> None:
    store.layout.pieces.mkdir(parents=True, exist_ok=True)
    if pieces:
        write_pieces(store.layout, BLOB.digest, pieces, staging=store.layout.pieces)


def weights(store: Store) -> Path:
    return store.layout.blob(BLOB.digest)


def flip(store: Store, *offsets: int) -> None:
    with weights(store).open("r+b") as file:
        for offset in offsets:
            (byte,) = os.pread(file.fileno(), 1, offset)
            os.pwrite(file.fileno(), bytes([byte ^ 1]), offset)


def honest(**words: object) -> MemorySource:
    return MemorySource(DATA, **words)  # type: ignore[arg-type]


def liar(name: str = "the liar") -> MemorySource:
    """Has as many bytes of everything, and all of them wrong."""
    return MemorySource({digest: bytes(len(data)) for digest, data in DATA.items()}, name=name)


def repaired(
    store: Store, *sources: Source, names: Sequence[str] = (), dry_run: bool = False, observer: Observer = SILENT
) -> RepairReport:
    origins = [Origin(str(source), source) for source in sources]
    wanted = [ModelName.parse(name) for name in names]
    return repair(store, origins, wanted, dry_run=dry_run, options=ONCE, observer=observer)


def is_whole(store: Store) -> bool:
    return all(store.layout.blob(digest).read_bytes() == data for digest, data in DATA.items())


def left_over(store: Store) -> list[str]:
    """What is in the quarantine and among what waits."""
    folders = (store.layout.quarantine, store.layout.finished)
    return sorted(path.name for folder in folders if folder.is_dir() for path in folder.iterdir())


def append(store: Store, data: bytes) -> None:
    with weights(store).open("ab") as file:
        file.write(data)
