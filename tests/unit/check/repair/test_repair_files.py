"""What there was stays until what replaces it stands, and a machine that fails loses nothing."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import (
    FileChanged,
    IntegrityError,
    MachineError,
    NoRights,
    NoSpace,
)
from packllama.base.fs import move
from packllama.base.partfile import boot_id
from packllama.digest import Digest
from packllama.model import Blob
from packllama.places.place import Reader
from packllama.places.store import Store, replace
from packllama.places.store.session import Session
from tests.unit.check.repairing import (
    BLOB,
    SYSTEM,
    WEIGHTS,
    P,
    flip,
    honest,
    is_whole,
    left_over,
    repaired,
    weights,
)
from tests.unit.stores import snapshot


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
