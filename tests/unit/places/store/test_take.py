"""Files that become blobs without being sent: cloned or linked, and hashed where nobody vouches for them."""

import os
from pathlib import Path

import pytest

from packllama.base.errors import (
    NoSpace,
)
from packllama.base.fs import NewFile
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Blob, Move
from packllama.places.store import Store, StoreTarget
from packllama.places.store.hash_record import Hashed, write_record
from packllama.places.store.session import Session
from tests.faults.checker import check
from tests.unit.places.store.moving import (
    BIG,
    SYSTEM,
    Noting,
    begun,
    left,
    link,
    receive,
)


def take_all(target: StoreTarget, source: Store, move: Move) -> list[bool]:
    with target.begin([move], stop=Stop()) as session:
        taken = [session.take(blob, source.path(blob)) for blob, _ in session.missing()]
        if all(taken):
            session.publish(move)
    return taken


@pytest.fixture
def cloning(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that shares blocks, as far as a caller can see."""

    def clone_from(self: NewFile, source: int) -> bool:
        os.sendfile(self.descriptor, source, 0, os.fstat(source).st_size)
        return True

    monkeypatch.setattr(NewFile, "clone_from", clone_from)


def test_without_clones_the_bytes_have_to_be_sent(
    store: Store, source: Store, move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NewFile, "clone_from", lambda self, source: False)
    assert take_all(StoreTarget(store), source, move) == [False] * 3
    receive(store, move)
    assert check(str(store.layout.root)) == []


def test_cloned_bytes_are_hashed_unless_the_source_knows_them(
    store: Store, source: Store, move: Move, cloning: None
) -> None:
    layout = source.layout
    write_record(layout, BIG.digest, Hashed.of(layout.blob(BIG.digest).stat(), at=1.0), staging=layout.root)
    layout.hashes.mkdir(parents=True)
    write_record(layout, BIG.digest, Hashed.of(layout.blob(BIG.digest).stat(), at=1.0), staging=layout.root)
    observer = Noting()
    hashed: list[Blob] = []
    hash_open = Session.hash_open

    def noted(self: Session, blob: Blob, descriptor: int, path: Path) -> Hashed:
        hashed.append(blob)
        return hash_open(self, blob, descriptor, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "hash_open", noted)
        target = StoreTarget(store, source=source, observer=observer)
        assert take_all(target, source, move) == [True] * 3
    assert sorted(hashed) == sorted(blob for blob in move.model.blobs if blob != BIG)
    assert observer.done == sum(blob.size for blob in move.model.blobs)
    assert (check(str(store.layout.root)), left(store)) == ([], [])
    assert not store.path(BIG).samefile(source.path(BIG))


def test_a_clone_needs_no_space(
    store: Store, source: Store, move: Move, cloning: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packllama.places.store.session.free_space", lambda path: 1 << 20)
    assert take_all(StoreTarget(store, source=source), source, move) == [True] * 3
    with pytest.raises(NoSpace):
        StoreTarget(Store(store.layout.root.with_name("other"))).begin([move], stop=Stop())


def test_links(store: Store, source: Store, move: Move) -> None:
    assert take_all(StoreTarget(store, link=True), source, move) == [True] * 3
    assert store.path(BIG).samefile(source.path(BIG))
    assert (check(str(store.layout.root)), left(store)) == ([], [])


@pytest.mark.parametrize("link", [False, True])
def test_wrong_bytes_are_not_taken(store: Store, source: Store, move: Move, cloning: None, link: bool) -> None:
    source.layout.blob(BIG.digest).write_bytes(bytes(BIG.size))
    with StoreTarget(store, link=link).begin([move], stop=Stop()) as session:
        assert not session.take(BIG, source.path(BIG))
        assert not session.take(BIG, source.path(BIG).with_name("absent"))
        assert not session.take(BIG, source.path(Blob(Digest.of(SYSTEM), len(SYSTEM))))
    assert left(store) == []


def test_a_link_is_not_taken(store: Store, source: Store, move: Move, cloning: None) -> None:
    path = source.path(BIG)
    link(path)
    with begun(store, move) as session:
        assert not session.take(BIG, path)
