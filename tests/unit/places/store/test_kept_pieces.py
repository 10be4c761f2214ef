"""Pieces fall out of whatever reads a blob into a store, and go with the blob."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.fs import NewFile
from packllama.base.observer import SILENT
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from packllama.model import Blob, Move
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES, Pieces
from packllama.places.store import Session, Store, StoreTarget, remove_model
from packllama.places.store.kept_pieces import read_pieces
from tests.unit.stores import put_model

A = ModelName.parse("a")
WEIGHTS = b"weights " * (PIECE_BYTES // 8) + b"and a second piece"
BLOB = Blob(Digest.of(WEIGHTS), len(WEIGHTS))
PIECES = Pieces.of([hashlib.sha256(WEIGHTS[:PIECE_BYTES]).hexdigest(), BLOB.digest.hex])

Taking = Callable[[Session, Path], Blob]


def read(session: Session, path: Path, *, may_link: bool = False) -> Blob:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return session.ingest(descriptor, path=path, before=os.fstat(descriptor), may_link=may_link)
    finally:
        os.close(descriptor)


def linked(session: Session, path: Path) -> Blob:
    return read(session, path, may_link=True)


def adopted(session: Session, path: Path) -> Blob:
    put_model(session.store.layout.root, "b", weights=WEIGHTS)
    return session.adopt(BLOB)


def begun(store: Store) -> Session:
    return Session(store, holder="test", observer=SILENT, stop=Stop())


def publish(session: Session, blob: Blob) -> None:
    config = session.put(b"config")
    model = Layer(LayerKind.MODEL.media_type, blob.digest, blob.size)
    session.publish(A, compose(Layer(CONFIG_TYPE, config.digest, config.size), [model]))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(WEIGHTS)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("take", [read, linked, adopted])
@pytest.mark.parametrize("clones", [False, True])
def test_they_are_kept(
    store: Store, weights: Path, take: Taking, clones: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if clones:
        monkeypatch.setattr(NewFile, "clone_from", cloned)
    with begun(store) as session:
        publish(session, take(session, weights))
    assert read_pieces(store.layout, BLOB) == PIECES
    assert [path.name for path in store.layout.pieces.iterdir()] == [BLOB.digest.hex]


def cloned(file: NewFile, source: int) -> bool:
    """What a file system does that can share blocks."""
    file.write(os.pread(source, len(WEIGHTS) + 1, 0))
    return True


def test_none_of_what_was_not_published(store: Store, weights: Path) -> None:
    with begun(store) as session:
        read(session, weights)
    assert list(store.layout.pieces.iterdir()) == []


def test_they_go_with_the_blob(store: Store, weights: Path) -> None:
    with begun(store) as session:
        publish(session, read(session, weights))
    assert remove_model(store, A, stop=Stop()).freed >= len(WEIGHTS)
    assert list(store.layout.pieces.iterdir()) == []


def test_a_store_that_takes_none_gets_its_model(store: Store, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with begun(store) as session:
        store.layout.pieces.rmdir()
        store.layout.pieces.write_bytes(b"in the way")
        publish(session, read(session, weights))
    assert store.find(A).name == A
    assert read_pieces(store.layout, BLOB) is None


def test_what_another_store_knows_comes_along(store: Store, weights: Path, tmp_path: Path) -> None:
    with begun(store) as session:
        publish(session, linked(session, weights))
    there = Store(tmp_path / "there")
    move = Move(store.find(A))
    with StoreTarget(there, source=store, link=True).begin([move], stop=Stop()) as copying:
        assert copying.take(BLOB, store.path(BLOB))
    assert read_pieces(there.layout, BLOB) == PIECES
