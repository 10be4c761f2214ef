"""Moving models into a store: nothing is published that is not whole, and first it is asked whether it can be."""

import os
from collections.abc import Callable

import pytest

from packllama.base.errors import (
    Cancelled,
    MachineError,
    NoRights,
    NoSpace,
)
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.model import Move
from packllama.name import ModelName
from packllama.places.place import LocalFiles, Source, Target
from packllama.places.store import Store, StoreTarget, has_valid_record
from packllama.places.store.session import Session
from tests.faults.checker import check
from tests.unit.places.store.moving import (
    BIG,
    WEIGHTS,
    begun,
    left,
    receive,
    send,
)
from tests.unit.stores import put_blob, put_model, snapshot


def test_the_protocols(store: Store) -> None:
    target: Target = StoreTarget(store)
    source: Source = store
    files: LocalFiles = store
    assert (target, source.streams, files) == (target, 1, store)


def test_a_model_is_received(store: Store, move: Move) -> None:
    assert receive(store, move) == move.name
    assert check(str(store.layout.root)) == []
    assert store.find(move.name) == move.model
    assert left(store) == []
    assert list(store.layout.locks.glob("blob-*")) == []
    assert all(has_valid_record(store.layout, blob.digest) for blob in move.model.blobs)
    assert {path.stat().st_mode & 0o777 for path in store.layout.blobs.iterdir()} == {0o644}
    with begun(store, move) as session:
        assert session.missing() == []


def test_missing_is_sorted_and_says_for_whom(store: Store, source: Store, move: Move) -> None:
    put_model(source.layout.root, "n", (LayerKind.SYSTEM, b"Be long, and be it at length."), weights=WEIGHTS)
    other = Move(source.find(ModelName.parse("n")))
    with begun(store, move, other) as session:
        missing = session.missing()
    assert [blob.size for blob, _ in missing] == sorted(blob.size for blob, _ in missing)
    assert len(missing) == len({blob for blob, _ in missing}) == 4
    assert dict(missing)[BIG] == move
    assert all(blob in of.model.blobs for blob, of in missing)


def test_several_models_share_blobs(store: Store, source: Store, move: Move) -> None:
    twin = Move(move.model, ModelName.parse("twin"))
    with begun(store, move, twin) as session:
        for blob, of in session.missing():
            send(session, blob, of)
        assert [session.publish(move), session.publish(twin)] == [move.name, twin.name]
    assert check(str(store.layout.root)) == []


def test_a_name_takes_the_spelling_that_is_there(store: Store, move: Move) -> None:
    receive(store, Move(move.model, ModelName.parse("Foo")))
    assert receive(store, Move(move.model, ModelName.parse("fOO"))) == ModelName.parse("Foo")
    assert store.scan().names == [ModelName.parse("Foo")]


def test_what_is_replaced_is_left_to_the_caller(store: Store, move: Move) -> None:
    put_model(store.layout.root, "m", weights=b"old weights")
    old = Digest.of(b"old weights")
    target = StoreTarget(store)
    with target.begin([move], stop=Stop()) as session:
        for blob, of in session.missing():
            send(session, blob, of)
        session.publish(move)
        assert store.layout.blob(old).exists()
    assert target.replaced == {old}
    assert target.delete_replaced().freed == len(b"old weights")
    assert check(str(store.layout.root)) == []


@pytest.mark.parametrize("there_before", [False, True])
def test_a_blob_that_vanishes_is_put_back(
    store: Store, move: Move, there_before: bool, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    if there_before:
        put_blob(store.layout.root, WEIGHTS)
    meanwhile(store.layout.blob(BIG.digest).unlink)
    receive(store, move)
    assert check(str(store.layout.root)) == []


def test_what_came_waits_again_when_publishing_fails(
    store: Store, move: Move, meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    meanwhile(fail)
    with pytest.raises(MachineError):
        receive(store, move)
    assert store.scan().names == []
    assert list(store.layout.blobs.iterdir()) == []
    with begun(store, move) as session:
        assert session.missing() == []
        session.publish(move)
    assert (check(str(store.layout.root)), left(store)) == ([], [])


def test_stopped(store: Store, move: Move) -> None:
    stop = Stop()
    with begun(store, move, stop=stop) as session:
        for blob, of in session.missing():
            send(session, blob, of)
        stop.set()
        with pytest.raises(Cancelled):
            session.publish(move)
    assert (store.scan().names, len(left(store))) == ([], 3)


def test_rights(store: Store, move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    put_model(store.layout.root, "n")
    before = snapshot(store.layout.root)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    with pytest.raises(NoRights) as caught:
        begun(store, move)
    assert "sudo" in caught.value.hint
    assert snapshot(store.layout.root) == before


def test_space_counts_what_is_missing(store: Store, move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    with begun(store, move) as session:
        send(session, BIG, move, up_to=1_500_000)
    before = snapshot(store.layout.root)
    asked: list[tuple[list[int], int]] = []
    check_space = Session.check_space

    def noted(self: Session, sizes: list[int], *, present: int = 0) -> None:
        asked.append((sorted(sizes), present))
        check_space(self, sizes, present=present)

    monkeypatch.setattr(Session, "check_space", noted)
    with begun(store, move):
        pass
    assert set(map(str, asked)) == {str((sorted(blob.size for blob in move.model.blobs), 1_500_000))}
    monkeypatch.setattr("packllama.places.store.session.free_space", lambda path: 0)
    with pytest.raises(NoSpace, match=r"needs .*, free are 0 B"):
        begun(store, move)
    monkeypatch.undo()
    assert snapshot(store.layout.root) == before
    monkeypatch.setattr("packllama.places.store.session.file_size_limit", lambda path: 1 << 20)
    with pytest.raises(NoSpace, match="this file system takes none above 4 GiB"):
        begun(store, move)
    assert snapshot(store.layout.root) == before
