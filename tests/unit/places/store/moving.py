"""A model on its way into a store."""

import os
from collections.abc import Callable
from pathlib import Path

from packllama.base.observer import SILENT, Observer, SilentObserver
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Blob, Move
from packllama.name import ModelName
from packllama.pieces import Pieces, count
from packllama.places.store import Store, StoreTarget
from packllama.places.store.target import StoreSession
from tests.unit.stores import TINY_CONFIG

# Large enough for its beginning to be kept.
WEIGHTS = os.urandom(2 << 20)
SYSTEM = b"Be brief."
DATA = {Digest.of(data): data for data in (WEIGHTS, SYSTEM, TINY_CONFIG)}
BIG = Blob(Digest.of(WEIGHTS), len(WEIGHTS))


class Noting(SilentObserver):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.plans: list[int] = []
        self.waited: list[str] = []
        self.done = 0

    def planned(self, total: int) -> None:
        self.plans.append(total)

    def advanced(self, count: int) -> None:
        self.done += count

    def noted(self, text: str) -> None:
        self.notes.append(text)

    def waiting(self, holder: str) -> None:
        self.waited.append(holder)


def begun(store: Store, *moves: Move, stop: Stop | None = None, observer: Observer = SILENT) -> StoreSession:
    return StoreTarget(store, observer=observer).begin(moves, stop=stop or Stop())


def pieces_of(blob: Blob) -> Pieces:
    """Invented ones, but for the last, with which the blob's digest begins."""
    return Pieces((*(f"{number:032x}" for number in range(count(blob.size) - 1)), blob.digest.hex[:32]))


def send(session: StoreSession, blob: Blob, move: Move, *, up_to: int | None = None) -> None:
    """Append a blob, or only its first bytes."""
    data = DATA[blob.digest][:up_to]
    with session.append(blob, of=move) as appender:
        appender.write(memoryview(data)[appender.kept :]) if appender.kept < len(data) else None
        if up_to is None:
            appender.finish(pieces_of(blob))


def receive(store: Store, move: Move, *, keep_open: Callable[[StoreSession], None] | None = None) -> ModelName:
    with begun(store, move) as session:
        for blob, of in session.missing():
            send(session, blob, of)
        if keep_open:
            keep_open(session)
        return session.publish(move)


def left(store: Store) -> list[str]:
    """What waits in the store, with short digests."""
    return sorted(f"{path.name[:4]}{path.suffix}" for path in store.layout.finished.iterdir())


def name_of(blob: Blob) -> str:
    return blob.digest.hex[:4]


def link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")
