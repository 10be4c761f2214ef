"""Pieces and manifests that lie about a blob whose own sha256 is right: it stays, and nobody else is blamed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import IntegrityError, NoRights, PackLlamaError, Unreachable
from packllama.base.reading import FileRange
from packllama.check.repair.repair import RepairReport, repair
from packllama.check.repair.suppliers import Origin
from packllama.check.verify.verify import verify
from packllama.model import Blob
from packllama.pieces import Pieces
from packllama.places.place import Reader
from packllama.places.store import Store
from packllama.places.store.ingest import is_unchanged
from packllama.places.store.kept_pieces import read_pieces
from tests.unit.check.repairing import (
    BLOB,
    DATA,
    KNOWN,
    ONCE,
    WEIGHTS,
    P,
    beginnings,
    flip,
    honest,
    is_whole,
    left_over,
    liar,
    make_store,
    repaired,
    weights,
)
from tests.unit.places.store.moving import Noting
from tests.unit.stores import snapshot
from tests.unit.transfer.memory import MemorySource

LIES = Pieces((KNOWN.beginnings[0], "0" * 32, *KNOWN.beginnings[2:]))

WRONG = bytes([9]) * 2 * P + WEIGHTS[2 * P :]
# They fit it up to its last piece: the last one has to be the blob's own digest.
WRONG_PIECES = Pieces((*beginnings(WRONG).beginnings[:-1], KNOWN.beginnings[-1]))


def unreachable(blob: Blob, start: int, stop: int) -> Reader:
    raise Unreachable("no connection")


def run(store: Store, source: MemorySource, pieces: Pieces | None, notes: Noting) -> RepairReport:
    return repair(store, [Origin("far", source, lambda blob: pieces)], options=ONCE, observer=notes)


@pytest.mark.parametrize(
    "make", [honest, liar, lambda: MemorySource({}), lambda: honest(answer=unreachable)], ids=range(4)
)
@pytest.mark.parametrize("own", [True, False])
def test_pieces_that_lie_about_what_is_right(tmp_path: Path, make: Callable[[], MemorySource], own: bool) -> None:
    store, notes = make_store(tmp_path, pieces=LIES if own else None), Noting()
    before = weights(store).stat()
    report = run(store, make(), None if own else LIES, notes)
    assert (report.whole, report.problems, report.repaired) == (True, (), ())
    assert is_unchanged(weights(store).stat(), before)
    assert read_pieces(store.layout, BLOB) is None
    assert left_over(store) == []
    assert not [note for note in notes.notes if "sends wrong bytes" in note]
    assert verify(store).whole


def test_pieces_and_bytes_that_lie_together(tmp_path: Path) -> None:
    """What they say fits until all of it is there."""
    store, notes = make_store(tmp_path, pieces=None), Noting()
    before = weights(store).stat()
    report = run(store, MemorySource({**DATA, BLOB.digest: WRONG}), WRONG_PIECES, notes)
    assert (report.whole, report.problems, report.repaired) == (True, (), ())
    assert is_unchanged(weights(store).stat(), before)
    assert left_over(store) == []
    assert f"far sends wrong bytes of {BLOB.digest}" in notes.notes


def test_a_dry_run_believes_no_pieces(tmp_path: Path) -> None:
    store = make_store(tmp_path, pieces=LIES)
    before = snapshot(store.layout.root)
    report = repaired(store, honest(), dry_run=True)
    assert (report.whole, report.damages, report.problems) == (True, (), ())
    assert snapshot(store.layout.root) == before


def test_pieces_that_lie_in_a_store_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoRights("Read-only file system")

    monkeypatch.setattr("packllama.places.store.session.prepare", refuse)
    assert repaired(make_store(tmp_path, pieces=LIES), honest()).whole


def test_damage_with_right_pieces_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To be sure of it costs nothing while pieces and place agree: up to the bad piece twice, the rest once."""
    store, count, read = make_store(tmp_path), 0, FileRange.readinto
    flip(store, P)

    def counting(self: FileRange, buffer: memoryview, /) -> int:
        nonlocal count
        found = read(self, buffer)
        count += found if self._where == str(weights(store)) else 0
        return found

    monkeypatch.setattr(FileRange, "readinto", counting)
    assert repaired(store, honest()).bytes_fetched == P
    assert count <= len(WEIGHTS) + 2 * P
    assert is_whole(store)


# ---- sizes


@pytest.mark.parametrize("size", [len(WEIGHTS) + 1, len(WEIGHTS) - 1, 2 * P, 3 * 10**12, 0])
@pytest.mark.parametrize("pieces", [KNOWN, None])
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_manifest_that_lies_about_a_size(tmp_path: Path, size: int, pieces: Pieces | None, dry_run: bool) -> None:
    store = make_store(tmp_path, pieces=pieces)
    (path,) = (path for path in store.layout.manifests.rglob("*") if path.is_file())
    path.write_bytes(path.read_bytes().replace(f'"size":{len(WEIGHTS)}'.encode(), f'"size":{size}'.encode()))
    source = honest()
    (problem,) = repaired(store, source, dry_run=dry_run).problems
    assert isinstance(problem.error, IntegrityError)
    assert f"expected {size:,} bytes, found {len(WEIGHTS):,}" in problem.error.message
    assert "the manifest is wrong" in problem.error.message
    assert (source.asked, left_over(store), is_whole(store)) == ([], [], True)


# ---- what is said


@pytest.mark.parametrize("damage", ["damaged", "missing"])
@pytest.mark.parametrize("error", [Unreachable("no connection"), IntegrityError("it is gone", where="/far/blob")])
def test_what_could_not_be_repaired_is_named(tmp_path: Path, damage: str, error: PackLlamaError) -> None:
    def answer(blob: Blob, start: int, stop: int) -> Reader:
        raise error

    store, sentence = make_store(tmp_path), error.sentence
    flip(store, 0) if damage == "damaged" else weights(store).unlink()
    source = honest(answer=answer, name="far")
    (problem,) = repaired(store, source).problems
    assert problem.error.sentence == (
        f"{weights(store)}: {damage} (m:latest), and could not be repaired from far: {sentence}"
    )
    assert isinstance(error, Unreachable) or "--from" in problem.error.hint


def test_a_quarantine_that_is_a_link(tmp_path: Path) -> None:
    """Found before anything is fetched."""
    store, source = make_store(tmp_path / "store"), honest()
    flip(store, 0)
    (tmp_path / "elsewhere").mkdir()
    store.layout.quarantine.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PackLlamaError, match="link"):
        repaired(store, source)
    assert source.asked == []
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_cannot_be_repaired_needs_no_right_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoRights("Read-only file system")

    store = make_store(tmp_path)
    weights(store).rename(tmp_path / "elsewhere")
    weights(store).symlink_to("nowhere")
    monkeypatch.setattr("packllama.places.store.session.prepare", refuse)
    (problem,) = repaired(store, honest()).problems
    assert "found a link" in problem.error.message
