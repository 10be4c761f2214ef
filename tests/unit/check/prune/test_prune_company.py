"""Others are at work in the store: it waits for them, and takes nothing of theirs."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled
from packllama.base.locks import FileLock
from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.check.prune.prune import PruneReport, prune
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.places.store import Store
from packllama.places.store.layout import Layout
from packllama.places.store.workspace import prepare, store_lock
from tests.faults.checker import check_manifest, listed
from tests.unit.check.leavings import (
    CASES,
    DAY,
    GONE,
    NAMED,
    NOW,
    ORPHAN,
    TOKEN,
    Case,
    make_old,
    put,
)
from tests.unit.check.prune.pruning import old_orphan, paths, pruned
from tests.unit.stores import put_model, snapshot


class Listener(SilentObserver):
    """Does something once it is told for whom to wait."""

    def __init__(self, then: Callable[[], object]) -> None:
        self.told: list[str] = []
        self._then = then

    def waiting(self, holder: str) -> None:
        self.told.append(holder)
        self._then()


@contextmanager
def locked(path: Path, *, exclusive: bool = True) -> Iterator[FileLock]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, holder="process 1 (create b)")
    assert lock.try_acquire(exclusive=exclusive)
    try:
        yield lock
    finally:
        lock.release()


def waiting_for_a_writer(root: Path, meanwhile: Callable[[FileLock], object]) -> tuple[PruneReport, list[str]]:
    """Prune a store into which somebody writes, who does this, once somebody waits."""
    prepare(Layout(root))
    with locked(store_lock(Layout(root)), exclusive=False) as writer:

        def act() -> None:
            meanwhile(writer)
            writer.release()

        listener = Listener(act)
        report = prune(Store(root), older_than=DAY, clock=lambda: NOW, observer=listener)
    return report, listener.told


def test_it_waits_for_a_writer_and_says_for_whom(root: Path) -> None:
    orphan = old_orphan(root)
    report, told = waiting_for_a_writer(root, lambda _: None)
    assert told == ["process 1 (create b)"]
    assert (paths(report.removed), orphan.exists()) == ([orphan], False)


def test_what_became_named_meanwhile_stays(root: Path) -> None:
    orphan = old_orphan(root)
    report, _ = waiting_for_a_writer(root, lambda _: put_model(root, "new", (LayerKind.SYSTEM, ORPHAN)))
    assert (report.removed, orphan.exists()) == ((), True)
    assert [problem for path in listed(str(root)) for problem in check_manifest(str(root), path)] == []


def test_what_was_not_shown_stays(root: Path) -> None:
    orphan = old_orphan(root)

    def leave_more(_: FileLock) -> None:
        make_old(put(Layout(root).part(GONE)), 2 * DAY)

    report, _ = waiting_for_a_writer(root, leave_more)
    assert (paths(report.removed), Layout(root).part(GONE).exists()) == ([orphan], True)


def test_stopped_while_it_waits(root: Path) -> None:
    orphan, stop = old_orphan(root), Stop()
    prepare(Layout(root))
    with locked(store_lock(Layout(root)), exclusive=False), pytest.raises(Cancelled):
        prune(Store(root), clock=lambda: NOW, observer=Listener(stop.set), stop=stop)
    assert orphan.exists()


def test_a_dry_run_waits_for_nobody_and_writes_nothing(root: Path) -> None:
    orphan = old_orphan(root)
    prepare(Layout(root))
    with locked(store_lock(Layout(root))):
        before = snapshot(root)
        assert paths(pruned(root, dry_run=True).removed) == [orphan]
        assert snapshot(root) == before


LOCKED = {
    "an orphan": lambda layout: layout.blob_lock(Digest.of(ORPHAN)),
    "a blob that was repaired": lambda layout: layout.blob_lock(NAMED),
    "a whole blob that waits": lambda layout: layout.blob_lock(GONE),
    "the beginning of a blob": lambda layout: layout.blob_lock(GONE),
    "work that was stopped": lambda layout: layout.locks / f"work-{TOKEN}",
    "a translation of a blob that is gone": lambda layout: layout.derived / "locks" / f"{GONE.hex}-1",
    "a translation that was not finished": lambda layout: layout.derived / "locks" / f"{NAMED.hex}-1",
}


@pytest.mark.parametrize("case", [case for case in CASES if case.name in LOCKED], ids=lambda case: case.name)
@pytest.mark.parametrize("exclusive", [True, False])
def test_what_somebody_works_on_stays(case: Case, exclusive: bool, root: Path) -> None:
    left = case.made(Layout(root), age=1000 * DAY)
    with locked(LOCKED[case.name](Layout(root)), exclusive=exclusive):
        report = pruned(root, older_than=0)
    assert (report.removed, paths(report.kept)) == ((), [left[0]])
    assert report.kept[0].stays == "process 1 (create b) is at work on it"
    assert all(os.path.lexists(path) for path in left)


@pytest.mark.parametrize("name", [f"blob-{GONE.hex}", f"work-{TOKEN}"])
def test_a_lock_that_is_held_is_no_leftover(name: str, root: Path) -> None:
    with locked(Layout(root).locks / name):
        assert pruned(root) == PruneReport((), (), "")
