"""``repair``: what is fetched of what is damaged, what becomes of the damaged file, and what is said."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import (
    DigestMismatch,
    IntegrityError,
    MachineError,
    ModelNotFound,
    PackLlamaError,
    Unreachable,
)
from packllama.base.reading import FileRange
from packllama.check.repair.repair import repair
from packllama.check.repair.suppliers import Origin
from packllama.check.verify.verify import verify
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.model import Blob
from packllama.places.place import Reader
from packllama.places.store import Store, has_valid_record
from packllama.places.store.kept_pieces import read_pieces
from tests.unit.check.repairing import (
    BLOB,
    DATA,
    KNOWN,
    LAST,
    SYSTEM,
    WEIGHTS,
    P,
    append,
    beginnings,
    flip,
    honest,
    is_whole,
    know,
    left_over,
    liar,
    make_store,
    repaired,
    weights,
)
from tests.unit.places.store.moving import Noting
from tests.unit.stores import put_model, snapshot
from tests.unit.transfer.memory import MemorySource


def too_long_and_wrong(store: Store) -> None:
    append(store, b"more")
    flip(store, P)


def short_and_wrong(store: Store) -> None:
    os.truncate(weights(store), 3 * P)
    flip(store, P)


@pytest.mark.parametrize(
    ("damage", "fetched"),
    [
        (lambda store: None, None),
        (lambda store: flip(store, 0), P),
        (lambda store: flip(store, P - 1), P),
        (lambda store: flip(store, P), P),
        (lambda store: flip(store, 2 * P + 5), P),
        (lambda store: flip(store, len(WEIGHTS) - 1), LAST),
        (lambda store: flip(store, 1, 2, 3), P),
        (lambda store: flip(store, 1, 2 * P), 2 * P),
        (lambda store: flip(store, 1, P, 2 * P, 3 * P), len(WEIGHTS)),
        (lambda store: os.truncate(weights(store), len(WEIGHTS) - 1), LAST),
        (lambda store: os.truncate(weights(store), P + 1), 2 * P + LAST),
        (lambda store: os.truncate(weights(store), P), 2 * P + LAST),
        (lambda store: os.truncate(weights(store), 0), len(WEIGHTS)),
        (lambda store: append(store, b"more"), 0),
        (too_long_and_wrong, P),
        (short_and_wrong, P + LAST),
        (lambda store: weights(store).unlink(), len(WEIGHTS)),
    ],
)
def test_only_what_is_bad_is_fetched(store: Store, damage: Callable[[Store], object], fetched: int | None) -> None:
    damage(store)
    source = honest()
    report = repaired(store, source)
    assert is_whole(store)
    assert not report.problems
    assert [done.blob for done in report.repaired] == ([] if fetched is None else [BLOB])
    assert report.bytes_fetched == (fetched or 0)
    assert all(done.bytes_fetched == fetched for done in report.repaired)
    assert left_over(store) == []
    assert verify(store).clean


def test_what_is_right_is_left_alone(store: Store) -> None:
    before, status = snapshot(store.layout.root), weights(store).stat()
    source = honest()
    assert not repaired(store, source).repaired
    assert snapshot(store.layout.root) == before
    assert weights(store).stat().st_ino == status.st_ino
    assert source.asked == []


def test_what_is_known_of_it_then(store: Store) -> None:
    flip(store, P)
    repaired(store, honest())
    assert has_valid_record(store.layout, BLOB.digest)
    assert read_pieces(store.layout, BLOB) == KNOWN


@pytest.mark.parametrize("pieces", [None, beginnings(b"x" * len(WEIGHTS))])
def test_without_pieces_all_of_it_is_fetched(tmp_path: Path, pieces: object) -> None:
    """Nor does a record count that is another blob's."""
    store = make_store(tmp_path, pieces=pieces)  # type: ignore[arg-type]
    flip(store, 2 * P)
    report = repaired(store, honest())
    assert is_whole(store)
    assert report.bytes_fetched == len(WEIGHTS)
    assert read_pieces(store.layout, BLOB) == KNOWN


def test_too_long_without_pieces(tmp_path: Path) -> None:
    """All of its bytes are right: nothing has to be fetched."""
    store = make_store(tmp_path, pieces=None)
    append(store, b"more")
    assert repaired(store, honest()).bytes_fetched == 0
    assert is_whole(store)


def test_pieces_that_lie(store: Store) -> None:
    """Those whose last is the blob's, but not the others: nobody's bytes agree with them, and all of it is fetched."""
    lies = (KNOWN.beginnings[0], "0" * 32, *KNOWN.beginnings[2:])
    know(store, type(KNOWN)(lies))
    flip(store, 2 * P)
    notes = Noting()
    assert not repaired(store, honest(name="far"), observer=notes).problems
    assert is_whole(store)
    assert any("far sends wrong bytes 16,777,216 to 33,554,431" in note for note in notes.notes)
    assert read_pieces(store.layout, BLOB) == KNOWN


def test_pieces_that_the_origin_knows(tmp_path: Path) -> None:
    store = make_store(tmp_path, pieces=None)
    flip(store, 2 * P)
    origin = Origin("far", honest(), lambda blob: KNOWN if blob == BLOB else None)
    assert repair(store, [origin]).bytes_fetched == P
    assert is_whole(store)


@pytest.mark.parametrize("damage", ["flip", "unlink"])
def test_a_small_blob(store: Store, damage: str) -> None:
    path = store.layout.blob(Digest.of(SYSTEM))
    path.write_bytes(b"You are lost!!") if damage == "flip" else path.unlink()
    report = repaired(store, honest())
    assert (report.bytes_fetched, is_whole(store)) == (len(SYSTEM), True)


def test_an_empty_blob(tmp_path: Path) -> None:
    put_model(tmp_path, "m", (LayerKind.SYSTEM, b""))
    store = Store(tmp_path)
    assert not repaired(store, honest()).repaired
    path = store.layout.blob(Digest.of(b""))
    path.write_bytes(b"no")
    report = repaired(store, honest())
    assert (report.bytes_fetched, path.read_bytes(), report.problems) == (0, b"", ())
    path.unlink()
    report = repaired(store, MemorySource({Digest.of(b""): b""}))
    assert (report.bytes_fetched, path.read_bytes(), report.problems) == (0, b"", ())


def test_bytes_that_the_disk_cannot_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read = FileRange.readinto

    def failing(self: FileRange, buffer: memoryview, /) -> int:
        if self._where == str(weights(store)) and P <= self._offset < 2 * P:
            raise MachineError("Input/output error", where=self._where)
        return read(self, buffer)

    monkeypatch.setattr(FileRange, "readinto", failing)
    report = repaired(store, honest())
    assert (report.bytes_fetched, report.problems) == (P, ())
    assert is_whole(store)


def test_a_blob_of_several_models_is_repaired_once(store: Store) -> None:
    put_model(store.layout.root, "me/other:7b", weights=WEIGHTS)
    flip(store, 0)
    source = honest()
    report = repaired(store, source)
    assert [model.name.short for model in report.models] == ["m:latest", "me/other:7b"]
    assert [done.blob for done in report.repaired] == [BLOB]
    assert report.bytes_fetched == P


def test_only_the_models_of_these_names(store: Store) -> None:
    put_model(store.layout.root, "me/other:7b", config=b'{"other":1}')
    flip(store, 0)
    before = weights(store).read_bytes()
    assert not repaired(store, honest(), names=["ME/other:7B"]).repaired
    assert weights(store).read_bytes() == before
    with pytest.raises(ModelNotFound, match="nope:latest"):
        repaired(store, honest(), names=["m", "nope"])


def test_what_no_model_names_is_not_its_business(store: Store) -> None:
    store.layout.blob(Digest.of(b"orphan")).write_bytes(b"damaged")
    report = repaired(store, honest())
    assert (report.repaired, report.problems, report.blobs) == ((), (), 3)


# ---- who is asked


def test_the_next_one_is_asked_where_one_lies(store: Store) -> None:
    flip(store, 0, 2 * P)
    first, second, notes = liar(), honest(name="far"), Noting()
    report = repaired(store, first, second, observer=notes)
    assert is_whole(store)
    assert set(report.repaired[0].origins) == {"far", "the liar"}
    assert [note for note in notes.notes if "wrong bytes" in note] == [
        f"the liar sends wrong bytes 0 to 16,777,215 of {BLOB.digest}"
    ]
    # Who has lied is asked last from then on.
    assert [(start, stop) for _, start, stop in first.asked] == [(0, P)]
    assert [(start, stop) for _, start, stop in second.asked] == [(0, P), (2 * P, 3 * P)]


def fails(error: PackLlamaError) -> Callable[[Blob, int, int], Reader]:
    def answer(blob: Blob, start: int, stop: int) -> Reader:
        raise error

    return answer


@pytest.mark.parametrize(
    ("known", "error"),
    [
        (True, Unreachable("no connection")),
        (False, Unreachable("no connection")),
        (True, IntegrityError("it has no such blob")),
        (False, IntegrityError("it has no such blob")),
    ],
)
def test_the_next_one_is_asked_where_one_fails(tmp_path: Path, known: bool, error: PackLlamaError) -> None:
    store = make_store(tmp_path, pieces=KNOWN if known else None)
    flip(store, 0)
    notes = Noting()
    report = repaired(store, honest(answer=fails(error)), honest(name="far"), observer=notes)
    assert is_whole(store)
    assert report.repaired[0].origins == ("far",)
    assert any(error.message in note for note in notes.notes)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("error", [Unreachable("no connection"), IntegrityError("it has no such blob")])
def test_nobody_has_it(tmp_path: Path, known: bool, error: PackLlamaError) -> None:
    """What there was is still there."""
    store = make_store(tmp_path, pieces=KNOWN if known else None)
    flip(store, 0)
    before = weights(store).stat()
    report = repaired(store, MemorySource({}), honest(answer=fails(error)))
    (problem,) = report.problems
    assert problem.error is error
    assert [name.short for name in problem.models] == ["m:latest"]
    assert (weights(store).stat().st_ino, weights(store).stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not verify(store).whole
    assert repaired(store, honest()).bytes_fetched == (P if known else len(WEIGHTS))


@pytest.mark.parametrize("known", [True, False])
def test_all_lie(tmp_path: Path, known: bool) -> None:
    store = make_store(tmp_path, pieces=KNOWN if known else None)
    flip(store, 0)
    before = weights(store).read_bytes()
    (problem,) = repaired(store, liar(), liar("another")).problems
    assert isinstance(problem.error, DigestMismatch)
    assert weights(store).read_bytes() == before
    assert repaired(store, honest()).repaired
    assert is_whole(store)


def test_one_that_cannot_be_had_does_not_hold_up_the_others(store: Store) -> None:
    flip(store, 0)
    store.layout.blob(Digest.of(SYSTEM)).unlink()
    without = MemorySource({digest: data for digest, data in DATA.items() if data != SYSTEM})
    report = repaired(store, without)
    assert [done.blob for done in report.repaired] == [BLOB]
    assert [problem.blob and problem.blob.size for problem in report.problems] == [len(SYSTEM)]
