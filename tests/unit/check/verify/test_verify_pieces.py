"""Where damage is: learnt while a blob was right, told when it is not."""

from pathlib import Path

import pytest

from packllama.base.errors import NoRights
from packllama.check.verify.verify import verify
from packllama.digest import Digest
from packllama.model import Blob
from packllama.pieces import PIECE_BYTES
from packllama.places.store import Store
from packllama.places.store.kept_pieces import read_pieces
from tests.unit.stores import put_model, snapshot

P = PIECE_BYTES
WEIGHTS = b"weights " * (P // 4) + b"and a third piece"
BLOB = Blob(Digest.of(WEIGHTS), len(WEIGHTS))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    put_model(tmp_path, "m", weights=WEIGHTS)
    return Store(tmp_path)


def spoil(store: Store, *offsets: int) -> None:
    with store.layout.blob(BLOB.digest).open("r+b") as file:
        for offset in offsets:
            file.seek(offset)
            file.write(b"!")


@pytest.mark.parametrize(
    ("offsets", "first_bad", "said"),
    [
        ((0,), range(P), "in bytes 0 to 16,777,215"),
        ((P - 1,), range(P), "in bytes 0 to 16,777,215"),
        ((P, 2 * P), range(P, 2 * P), "in bytes 16,777,216 to 33,554,431"),
        ((2 * P + 16,), range(2 * P, 2 * P + 17), "in bytes 33,554,432 to 33,554,448"),
    ],
)
def test_the_first_bad_bytes(store: Store, offsets: tuple[int, ...], first_bad: range, said: str) -> None:
    assert verify(store).clean
    spoil(store, *offsets)
    (finding,) = verify(store).findings
    assert finding.first_bad == first_bad
    assert finding.message.endswith(f"the first wrong one is {said}")


def test_nobody_knows(store: Store) -> None:
    spoil(store, 5)
    (finding,) = verify(store).findings
    assert finding.first_bad is None
    assert "first wrong" not in finding.message
    assert not store.layout.pieces.exists()


@pytest.mark.parametrize("text", ["[]", "[1, 2, 3]", "no JSON", f'["{"a" * 32}", "{"b" * 32}", "{"c" * 32}"]'])
def test_pieces_that_are_not_the_blobs(store: Store, text: str) -> None:
    """They are not believed while it is damaged, and replaced when it is right."""
    assert verify(store).clean
    right = read_pieces(store.layout, BLOB)
    assert right is not None
    store.layout.pieces_record(BLOB.digest).write_text(text)
    assert verify(store).clean
    assert read_pieces(store.layout, BLOB) == right
    store.layout.pieces_record(BLOB.digest).write_text(text)
    spoil(store, 5)
    (finding,) = verify(store).findings
    assert finding.first_bad is None


def test_what_is_known_is_not_written_again(store: Store) -> None:
    verify(store)
    before = store.layout.pieces_record(BLOB.digest).stat()
    held = snapshot(store.layout.root)
    assert verify(store).clean
    assert store.layout.pieces_record(BLOB.digest).stat().st_ino == before.st_ino
    assert snapshot(store.layout.root) == held


def test_a_store_that_may_not_be_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoRights("Read-only file system")

    monkeypatch.setattr("packllama.places.store.session.prepare", refuse)
    before = snapshot(store.layout.root)
    assert verify(store).clean
    assert snapshot(store.layout.root) == before
