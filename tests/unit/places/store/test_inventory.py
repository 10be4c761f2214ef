"""What is there already, and what is not trusted to be."""

import os

import pytest

from packllama.base.errors import (
    IntegrityError,
)
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Move
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES
from packllama.places.store import Store, StoreTarget
from packllama.places.store.kept_pieces import read_pieces
from tests.faults.checker import check
from tests.unit.places.store.moving import (
    BIG,
    DATA,
    WEIGHTS,
    Noting,
    begun,
    pieces_of,
    receive,
)
from tests.unit.stores import TINY_CONFIG, put_blob, put_model


def test_blobs_that_nobody_knows_are_hashed_once(store: Store, move: Move) -> None:
    put_blob(store.layout.root, WEIGHTS)
    for done in (BIG.size, 0):
        observer = Noting()
        with begun(store, move, observer=observer) as session:
            assert BIG not in dict(session.missing())
        assert observer.done == done
    receive(store, move)
    assert check(str(store.layout.root)) == []


def test_a_known_blob_is_hashed_if_asked(store: Store, move: Move) -> None:
    receive(store, move)
    observer = Noting()
    with StoreTarget(store, verify=True, observer=observer).begin([move], stop=Stop()) as session:
        assert session.missing() == []
    assert observer.plans == [observer.done] == [sum(blob.size for blob in move.model.blobs)]


@pytest.mark.parametrize("data", [bytes(len(WEIGHTS)), WEIGHTS[:-1], b""])
def test_a_damaged_blob_is_replaced(store: Store, move: Move, data: bytes) -> None:
    receive(store, move)
    store.layout.blob(BIG.digest).write_bytes(data)
    with begun(store, move) as session:
        assert [blob for blob, _ in session.missing()] == [BIG]
        with pytest.raises(IntegrityError, match="1 of its blobs did not come"):
            session.publish(move)
    receive(store, move)
    assert check(str(store.layout.root)) == []


def test_pieces_are_kept(store: Store, source: Store) -> None:
    large = os.urandom(PIECE_BYTES + 1)
    DATA[Digest.of(large)] = large
    put_model(source.layout.root, "l", weights=large)
    model = source.find(ModelName.parse("l"))
    receive(store, Move(model))
    blobs = {blob.size: blob for blob in model.blobs}
    assert read_pieces(store.layout, blobs[len(large)]) == pieces_of(blobs[len(large)])
    assert read_pieces(store.layout, blobs[len(TINY_CONFIG)]) is None
    store.layout.pieces_record(Digest.of(large)).write_bytes(b"[1]")
    assert read_pieces(store.layout, blobs[len(large)]) is None
