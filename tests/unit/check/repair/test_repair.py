"""``repair``: what is fetched of what is damaged, what becomes of the damaged file, and what is said."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import (
    DigestMismatch,
    FileChanged,
    IntegrityError,
    MachineError,
    ModelNotFound,
    NoRights,
    NoSpace,
    PackLlamaError,
    Unreachable,
)
from packllama.base.fs import move
from packllama.base.partfile import boot_id
from packllama.base.reading import FileRange
from packllama.check.repair.repair import repair
from packllama.check.repair.suppliers import Origin
from packllama.check.verify.verify import verify
from packllama.digest import Digest
from packllama.manifest import LayerKind, Manifest
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.place import Reader
from packllama.places.store import Store, has_valid_record, replace
from packllama.places.store.kept_pieces import read_pieces
from packllama.places.store.session import Session
from tests.unit.check.repairing import (
    BLOB,
    DATA,
    KNOWN,
    LAST,
    SYSTEM,
    WEIGHTS,
    P,
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
from tests.unit.stores import put_manifest, put_model, snapshot
from tests.unit.transfer.memory import MemorySource, made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path / "store")


def append(store: Store, data: bytes) -> None:
    with weights(store).open("ab") as file:
        file.write(data)


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


# ---- what there was


def test_other_names_of_the_damaged_file_stay_as_they_were(store: Store, tmp_path: Path) -> None:
    flip(store, 0)
    other = tmp_path / "other"
    other.hardlink_to(weights(store))
    before = other.read_bytes()
    repaired(store, honest())
    assert is_whole(store)
    assert other.read_bytes() == before
    assert other.stat().st_nlink == 1


@pytest.mark.parametrize("links", [True, False])
def test_the_old_file_is_there_until_the_new_one_stands(
    store: Store, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Also where there are no hard links; and what is in the quarantine is mended when nothing else is there."""
    if not links:
        monkeypatch.setattr(replace, "link", lambda *_: False)

    def killed(source: Path, target: Path) -> None:
        if target == weights(store):
            raise MachineError("killed")
        move(source, target)

    flip(store, 0)
    damaged = weights(store).read_bytes()
    monkeypatch.setattr(replace, "move", killed)
    assert repaired(store, honest()).problems
    assert store.layout.quarantined(BLOB.digest).read_bytes() == damaged
    assert weights(store).exists() is links
    monkeypatch.setattr(replace, "move", move)
    # The right bytes wait already.
    report = repaired(store, honest())
    assert (report.bytes_fetched, report.problems) == (0, ())
    assert is_whole(store)
    assert left_over(store) == []


def test_what_a_stopped_run_left_in_the_quarantine(store: Store) -> None:
    flip(store, 0)
    store.layout.quarantine.mkdir(parents=True)
    weights(store).rename(store.layout.quarantined(BLOB.digest))
    report = repaired(store, honest())
    assert (report.bytes_fetched, report.problems) == (P, ())
    assert is_whole(store)
    assert left_over(store) == []


@pytest.mark.parametrize("damage", ["none", "flipped", "missing"])
@pytest.mark.parametrize("odd", ["link", "pipe", "folder"])
def test_what_is_no_file_in_our_own_folders_is_in_nobodys_way(store: Store, damage: str, odd: str) -> None:
    if damage == "flipped":
        flip(store, 0)
    elif damage == "missing":
        weights(store).unlink()
    layout = store.layout
    elsewhere = layout.root.with_name("elsewhere")
    elsewhere.write_bytes(b"mine")
    for folder in (layout.quarantine, layout.finished):
        folder.mkdir(parents=True, exist_ok=True)
    for path in (layout.quarantined(BLOB.digest), *([layout.finished_blob(BLOB.digest)] if odd == "folder" else [])):
        if odd == "link":
            path.symlink_to(elsewhere)
        elif odd == "pipe":
            os.mkfifo(path)
        else:
            (path / "x").mkdir(parents=True)
    assert repaired(store, honest()).whole
    assert is_whole(store)
    assert not os.path.lexists(layout.quarantined(BLOB.digest))
    assert elsewhere.read_bytes() == b"mine"


def test_the_quarantine_of_what_is_right_is_cleared(store: Store) -> None:
    store.layout.quarantine.mkdir(parents=True)
    store.layout.quarantined(BLOB.digest).write_bytes(b"old")
    assert not repaired(store, honest()).repaired
    assert left_over(store) == []


@pytest.mark.parametrize("kept", [P, 2 * P, P + 5, len(WEIGHTS)])
@pytest.mark.parametrize("right", [True, False])
def test_it_goes_on_behind_what_was_mended(store: Store, kept: int, right: bool) -> None:
    """What an earlier run left is used as far as it is right."""
    flip(store, 0, 2 * P)
    store.layout.finished.mkdir(parents=True)
    part = store.layout.part(BLOB.digest)
    part.write_bytes(WEIGHTS[:kept] if right else bytes(kept))
    part.with_name(f"{part.name}.synced").write_text(json.dumps({"boot": boot_id(), "synced": kept}))
    report = repaired(store, honest())
    bad_before = sum(start < kept - P + 1 for start in (0, 2 * P)) if right else 0
    assert report.bytes_fetched == (2 - bad_before) * P
    assert is_whole(store)
    assert left_over(store) == []


@pytest.mark.parametrize("right", [True, False])
def test_a_finished_blob_that_waits(store: Store, right: bool) -> None:
    flip(store, 0)
    store.layout.finished.mkdir(parents=True)
    store.layout.finished_blob(BLOB.digest).write_bytes(WEIGHTS if right else bytes(len(WEIGHTS)))
    assert repaired(store, honest()).bytes_fetched == (0 if right else P)
    assert is_whole(store)
    assert left_over(store) == []


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: path.symlink_to("elsewhere"), "a link"),
        (lambda path: path.symlink_to("nowhere"), "a link"),
        (lambda path: path.mkdir(), "a folder"),
        (os.mkfifo, "a folder, pipe"),
    ],
)
def test_what_is_no_plain_file_is_not_replaced(store: Store, make: Callable[[Path], object], found: str) -> None:
    path = store.layout.blob(Digest.of(SYSTEM))
    path.with_name("elsewhere").write_bytes(b"You are lost!!")
    path.unlink()
    make(path)
    before = path.lstat()
    (problem,) = repaired(store, honest()).problems
    assert isinstance(problem.error, IntegrityError)
    assert f"found {found}" in problem.error.message
    assert path.lstat() == before
    assert path.with_name("elsewhere").read_bytes() == b"You are lost!!"


def test_a_link_to_the_right_bytes_is_whole(store: Store, tmp_path: Path) -> None:
    path = store.layout.blob(Digest.of(SYSTEM))
    path.rename(tmp_path / "system")
    path.symlink_to(tmp_path / "system")
    assert not repaired(store, honest()).problems
    assert path.is_symlink()


def test_somebody_writes_to_it_meanwhile(store: Store) -> None:
    """What was read of it says nothing then; the next run does."""
    flip(store, P)
    source = honest()

    def answer(blob: Blob, start: int, stop: int) -> Reader:
        flip(store, 5)
        return source.honest(blob, start, stop)

    source.answer = answer
    (problem,) = repaired(store, source).problems
    assert isinstance(problem.error, FileChanged)
    assert not is_whole(store)
    assert repaired(store, honest()).problems == ()
    assert is_whole(store)


def test_somebody_repaired_it_before_us(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    flip(store, 0)
    enter = Session.__enter__

    def entering(self: Session) -> Session:
        weights(store).unlink()
        weights(store).write_bytes(WEIGHTS)
        return enter(self)

    monkeypatch.setattr(Session, "__enter__", entering)
    source = honest()
    report = repaired(store, source)
    assert (report.repaired, report.problems, source.asked) == ((), (), [])


# ---- the machine


def test_a_store_that_may_not_be_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoRights("Read-only file system")

    monkeypatch.setattr("packllama.places.store.session.prepare", refuse)
    assert repaired(store, honest()).problems == ()
    flip(store, 0)
    before = snapshot(store.layout.root)
    with pytest.raises(NoRights):
        repaired(store, honest())
    assert snapshot(store.layout.root) == before


def test_no_room_for_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known before the first byte; a small blob still finds its place."""
    monkeypatch.setattr("packllama.places.store.session.free_space", lambda _: len(WEIGHTS))
    monkeypatch.setattr(Session, "needs_space", lambda *_, **__: True)
    flip(store, 0)
    store.layout.blob(Digest.of(SYSTEM)).unlink()
    source = honest()
    report = repaired(store, source)
    (problem,) = report.problems
    assert isinstance(problem.error, NoSpace)
    assert [done.blob.size for done in report.repaired] == [len(SYSTEM)]
    assert all(blob != BLOB for blob, _, _ in source.asked)


def test_the_disk_is_full_meanwhile(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def full(descriptor: int, data: memoryview) -> int:
        if os.lseek(descriptor, 0, os.SEEK_CUR) > P:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    flip(store, 2 * P)
    monkeypatch.setattr("packllama.base.fs.os.write", full)
    (problem,) = repaired(store, honest()).problems
    assert isinstance(problem.error, NoSpace)
    monkeypatch.undo()
    assert repaired(store, honest()).bytes_fetched == P
    assert is_whole(store)


# ---- manifests


def find_in(source: MemorySource, raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "find", lambda name: Model(name, Manifest.decode(raw, where="far")))


def test_a_manifest_that_cannot_be_read_is_taken(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.layout.manifest(ModelName.parse("m"))
    right = path.read_bytes()
    path.write_bytes(b"{")
    flip(store, 0)
    source = honest(name="far")
    find_in(source, right, monkeypatch)
    notes = Noting()
    report = repaired(store, source, observer=notes)
    assert [name.short for name in report.taken] == ["m:latest"]
    assert report.problems == ()
    assert report.bytes_fetched == P
    assert path.read_bytes() == right
    assert "m:latest: its manifest cannot be read; it is taken from far" in notes.notes
    assert verify(store).clean


def test_a_manifest_is_not_taken_without_its_blobs(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.layout.manifest(ModelName.parse("m"))
    right = path.read_bytes()
    path.write_bytes(b"{")
    flip(store, 0)
    source = MemorySource({})
    find_in(source, right, monkeypatch)
    report = repaired(store, source)
    assert path.read_bytes() == b"{"
    assert [name.short for problem in report.problems for name in problem.models] == ["m:latest"]


def test_a_manifest_that_nobody_has(store: Store) -> None:
    path = store.layout.manifest(ModelName.parse("m"))
    path.write_bytes(b"{")
    put_model(store.layout.root, "other")
    report = repaired(store, honest(), honest(name="far"))
    (problem,) = report.problems
    assert isinstance(problem.error, IntegrityError)
    assert "nobody who was asked has that model" in problem.error.message
    assert [model.name.short for model in report.models] == ["other:latest"]
    assert path.read_bytes() == b"{"


def test_what_the_store_has_stays_though_the_source_has_a_newer_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.layout.manifest(ModelName.parse("m"))
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    flip(store, 0)
    source = honest()
    find_in(source, made("m", b"newer")[0].manifest.raw, monkeypatch)
    repaired(store, source)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, when)
    assert is_whole(store)


def test_a_manifest_that_cannot_be_read_again_is_not_called_replaced(store: Store) -> None:
    class Broken(Store):
        def model(self, name: ModelName) -> Model:
            if name in was_read:
                raise MachineError("Input/output error", where=str(self.layout.manifest(name)))
            was_read.append(name)
            return super().model(name)

    was_read: list[ModelName] = []
    report = repaired(Broken(store.layout.root), honest())
    assert {problem.error.message for problem in report.problems} == {"Input/output error"}
    assert report.whole is False


def test_a_model_that_is_replaced_meanwhile(store: Store) -> None:
    flip(store, 0)
    source = honest()

    def answer(blob: Blob, start: int, stop: int) -> Reader:
        put_manifest(store.layout.root, "m", made("m", b"newer")[0].manifest.raw)
        return source.honest(blob, start, stop)

    source.answer = answer
    (problem,) = repaired(store, source).problems
    assert isinstance(problem.error, FileChanged)


def test_a_size_in_the_manifest_that_is_wrong(tmp_path: Path) -> None:
    """No bytes can be right by it. What is there is not touched."""
    path = put_model(tmp_path, "m", (LayerKind.SYSTEM, SYSTEM))
    path.write_bytes(path.read_bytes().replace(b'"size":14}', b'"size":15}'))
    blob = Store(tmp_path).layout.blob(Digest.of(SYSTEM))
    (problem,) = repaired(Store(tmp_path), MemorySource(DATA)).problems
    assert isinstance(problem.error, IntegrityError)
    assert blob.read_bytes() == SYSTEM


# ---- what would be done


@pytest.mark.parametrize(
    ("damage", "bad", "behind"),
    [
        (lambda store: flip(store, P + 1), range(P, 2 * P), True),
        (lambda store: flip(store, 3 * P), range(3 * P, len(WEIGHTS)), False),
        (lambda store: os.truncate(weights(store), 2 * P + 1), range(2 * P, len(WEIGHTS)), False),
        (lambda store: append(store, b"!"), range(len(WEIGHTS), len(WEIGHTS)), False),
        (lambda store: weights(store).unlink(), range(len(WEIGHTS)), False),
    ],
)
def test_a_dry_run(store: Store, damage: Callable[[Store], object], bad: range, behind: bool) -> None:
    damage(store)
    before, source = snapshot(store.layout.root), honest()
    (found,) = repaired(store, source, dry_run=True).damages
    assert (found.blob, found.bad, found.behind) == (BLOB, bad, behind)
    assert source.asked == []
    assert snapshot(store.layout.root) == before


def test_a_dry_run_without_pieces(tmp_path: Path) -> None:
    store = make_store(tmp_path, pieces=None)
    flip(store, P + 1)
    (found,) = repaired(store, honest(), dry_run=True).damages
    assert (found.bad, found.behind) == (range(len(WEIGHTS)), False)
