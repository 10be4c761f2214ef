"""What nobody names goes, when it is old enough and nobody works on it; all else stays."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packllama.base.errors import Cancelled, NotSupported
from packllama.base.stop import Stop
from packllama.check.prune.leftover import LeftoverKind
from packllama.check.prune.prune import PruneReport, prune
from packllama.digest import Digest
from packllama.places.store import Store
from packllama.places.store.layout import Layout
from packllama.places.store.workspace import prepare
from tests.faults.checker import check_manifest, listed
from tests.unit.check.leavings import (
    CASES,
    DAY,
    GONE,
    HOUR,
    NAMED,
    NOW,
    ORPHAN,
    STRANGERS,
    Case,
    make_old,
    put,
    put_folder,
    two_models,
)
from tests.unit.check.prune.pruning import old_orphan, paths, pruned
from tests.unit.stores import put_manifest, snapshot


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_old_goes_with_all_that_belongs_to_it(case: Case, root: Path) -> None:
    before = snapshot(root, without=".packllama")
    left = case.made(Layout(root), age=0 if case.least is None else case.least)
    expected = pruned(root, dry_run=True)
    assert all(os.path.lexists(path) for path in left)
    report = pruned(root)
    assert report == expected
    assert [(each.kind, each.path, each.more) for each in report.removed] == [
        (case.kind, left[0], tuple(path for path in left[1:] if path.parent.name != "locks"))
    ]
    assert not any(os.path.lexists(path) for path in left)
    assert snapshot(root, without=".packllama") == before
    assert pruned(root) == PruneReport((), (), "")


@pytest.mark.parametrize("case", [case for case in CASES if case.least], ids=lambda case: case.name)
@pytest.mark.parametrize("future", [False, True])
def test_what_is_young_stays(case: Case, future: bool, root: Path) -> None:
    """And so does what a clock that has jumped has dated in the future, whatever was asked for."""
    assert case.least
    left = case.made(Layout(root), age=-1 if future else case.least - 1)
    report = pruned(root, older_than=0 if future else DAY)
    assert report.removed == ()
    assert paths(report.kept) == [left[0]]
    assert ("still to come" if future else "younger than") in report.kept[0].stays
    assert all(os.path.lexists(path) for path in left)


@pytest.mark.parametrize("case", [case for case in CASES if case.least], ids=lambda case: case.name)
def test_nothing_in_blobs_goes_within_ollamas_hour(case: Case, root: Path) -> None:
    layout = Layout(root)
    case.made(layout, age=HOUR - 1)
    went = bool(pruned(root, older_than=0).removed)
    assert went == (case.kind in (LeftoverKind.WAITING, LeftoverKind.BEGINNING))
    case.made(layout, age=HOUR)
    assert bool(pruned(root, older_than=0).removed)


@pytest.mark.parametrize("case", [case for case in CASES if case.least], ids=lambda case: case.name)
def test_what_has_just_come_here_is_young_whatever_its_time_says(case: Case, root: Path) -> None:
    """Untarred, say, and the manifests are still on their way. Nobody can set a ctime: the clock goes on instead."""
    left = case.made(Layout(root), age=NOW)
    report = prune(Store(root), older_than=DAY)
    assert (report.removed, paths(report.kept)) == ((), [left[0]])
    assert all(os.path.lexists(path) for path in left)
    report = prune(Store(root), older_than=DAY, clock=lambda: time.time() + DAY)
    assert paths(report.removed) == [left[0]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_stopped_while_it_looks(case: Case, root: Path) -> None:
    case.made(Layout(root), age=NOW)
    stop = Stop()

    def clock() -> float:
        stop.set()
        return NOW

    with pytest.raises(Cancelled):
        prune(Store(root), dry_run=True, clock=clock, stop=stop)


@pytest.mark.parametrize("make", STRANGERS.values(), ids=STRANGERS)
def test_what_is_needed_or_not_ours_stays(make: Callable[[Layout], Path], root: Path) -> None:
    prepare(Layout(root))
    made = make(Layout(root))
    for path in made if isinstance(made, tuple) else (made,):
        make_old(path, 1000 * DAY)
    old_orphan(root)
    pruned(root, older_than=0)
    after = snapshot(root)
    assert os.path.lexists(made[0] if isinstance(made, tuple) else made)
    assert pruned(root, older_than=0).removed == ()
    assert snapshot(root) == after


def test_a_download_is_as_young_as_its_youngest_file(root: Path) -> None:
    for end, age in (("-partial", 10.0), ("-partial-0", 1000 * DAY)):
        make_old(put(root / "blobs" / f"{GONE.file_name}{end}"), age)
    assert pruned(root).removed == ()


def test_what_waits_stays_while_another_blob_is_on_its_way(root: Path) -> None:
    waiting, part = put(Layout(root).finished_blob(GONE)), put(Layout(root).part(NAMED))
    make_old(waiting, 1000 * DAY)
    make_old(part, 10)
    assert pruned(root).removed == ()
    make_old(part, 1000 * DAY)
    assert sorted(paths(pruned(root).removed)) == sorted([waiting, part])


def test_what_verify_has_just_noted_makes_an_orphan_no_younger(root: Path) -> None:
    orphan, record = old_orphan(root), put(Layout(root).hash_record(Digest.of(ORPHAN)))
    make_old(record, 1)
    assert paths(pruned(root).removed) == [orphan]
    assert not record.exists()


def test_so_is_a_folder(root: Path) -> None:
    folder = put_folder(root / "ollama-safetensors123456")
    make_old(folder, 1000 * DAY)
    make_old(folder / "inside", 10)
    assert pruned(root).removed == ()


def test_what_replaced_a_damaged_blob_must_be_there(root: Path) -> None:
    path = put(Layout(root).quarantined(NAMED))
    Layout(root).blob(NAMED).unlink()
    report = pruned(root)
    assert (report.removed, paths(report.kept), path.exists()) == ((), [path], True)
    assert "packllama repair" in report.kept[0].stays


@pytest.mark.parametrize(
    "target", [f"sha256-{'a' * 64}", f"sha256-{'a' * 64}-partial", "../.packllama/work/0123456789abcdef/x"]
)
def test_what_a_blob_is_a_link_to_stays(target: str, root: Path) -> None:
    layout = Layout(root)
    prepare(layout)
    blob = layout.blob(NAMED)
    moved = blob.parent / target
    moved.parent.mkdir(exist_ok=True)
    blob.rename(moved)
    blob.symlink_to(target)
    make_old(moved, 1000 * DAY)
    make_old(moved.parent, 1000 * DAY)
    report = pruned(root, older_than=0)
    assert report.removed == ()
    assert [each.stays for each in report.kept] == ["a blob is a link to it"]
    assert blob.exists()


def test_what_no_model_names_any_more_needs_nothing_in_its_place(root: Path) -> None:
    path = put(Layout(root).quarantined(GONE))
    assert paths(pruned(root).removed) == [path]
    put(Layout(root).quarantined(GONE))
    put_manifest(root, "m:odd", b"{half")
    assert paths(pruned(root).kept) == [path]


def test_only_what_becomes_free_counts(root: Path) -> None:
    """Of a file with another name nothing; of one with holes what it takes."""
    path = old_orphan(root)
    path.with_name("other").hardlink_to(path)
    hole = put(root / "blobs" / f"{GONE.file_name}-partial")
    os.truncate(hole, 1 << 30)
    make_old(hole, 2 * DAY)
    report = pruned(root)
    assert len(report.removed) == 2
    assert report.freed <= 1 << 20
    assert report.removed[0].size == 0


def test_what_is_known_of_a_blob_goes_with_it(root: Path) -> None:
    layout = Layout(root)
    make_old(put(layout.finished_blob(GONE)), 2 * DAY)
    known = [put(layout.hash_record(GONE)), put_folder(layout.derived / f"{Digest.of(ORPHAN).hex}-1")]
    orphan = old_orphan(root)
    assert paths(pruned(root).removed) == [orphan, layout.finished_blob(GONE), *known]
    assert not any(path.exists() for path in known)


def doubt(root: Path, kind: str) -> Path:
    """Something because of which no blob may be called unnamed."""
    folder = root / "manifests/registry.ollama.ai/library/m"
    path = folder / "odd"
    if kind == "newer layout":
        path = root / "manifests-v2"
        path.mkdir()
    elif kind == "newer layout elsewhere":
        path = root / "manifests-v2"
        path.symlink_to("not-mounted")
    elif kind == "stray":
        path = put(folder / ".DS_Store")
    elif kind == "put there by hand":
        path = put(folder.with_name("m:odd"), b"{}")
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "unmounted host":
        path = root / "manifests/h"
        path.symlink_to("nowhere")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        contents = {"empty": b"", "half": b"{half", "no manifest": b"[]", "huge": b" " * (64 << 20)}
        path = put_manifest(root, "m:odd", contents[kind])
    return path


DOUBTS = (
    "empty",
    "half",
    "no manifest",
    "huge",
    "stray",
    "put there by hand",
    "dangling",
    "loop",
    "unmounted host",
    "pipe",
    "newer layout",
    "newer layout elsewhere",
)


@pytest.mark.parametrize("kind", DOUBTS)
def test_in_doubt_every_blob_stays_and_all_else_goes(kind: str, root: Path) -> None:
    orphan, where = old_orphan(root), doubt(root, kind)
    part = put(Layout(root).part(GONE))
    make_old(part, 2 * DAY)
    blobs = snapshot(root / "blobs")
    report = pruned(root)
    assert paths(report.removed) == [part]
    assert report.kept_because.startswith(str(where))
    assert (orphan.exists(), snapshot(root / "blobs")) == (True, blobs)
    assert os.path.lexists(where)


@pytest.mark.parametrize("part", ["registry.ollama.ai", "registry.ollama.ai/library", "registry.ollama.ai/library/m"])
def test_a_folder_of_manifests_that_cannot_be_listed_is_a_doubt(
    part: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, orphan, scandir = root / "manifests" / part, old_orphan(root), os.scandir
    blobs = snapshot(root / "blobs")

    def refuse(path: str | Path) -> object:
        if os.fspath(path) == str(folder):
            raise PermissionError(13, os.strerror(13), str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = pruned(root)
    assert report.removed == ()
    assert report.kept_because.startswith(str(folder))
    monkeypatch.undo()
    assert (orphan.exists(), snapshot(root / "blobs")) == (True, blobs)


def test_translations_in_the_users_cache(root: Path, tmp_path: Path) -> None:
    """Of what this store lacks, which another one may have: they must not have been used for a while."""
    cache = tmp_path / "cache"
    ages = {f"{GONE.hex}-1": 2 * DAY, f"{Digest.of(ORPHAN).hex}-1": HOUR, f"{NAMED.hex}-1": 1000 * DAY}
    for name, age in ages.items():
        folder = put_folder(cache / name)
        make_old(folder / "inside", age)
        make_old(folder, age)
    report = pruned(root, cache=cache)
    assert [path.name for path in paths(report.removed)] == [f"{GONE.hex}-1"]
    assert [path.name for path in paths(report.kept)] == [f"{Digest.of(ORPHAN).hex}-1"]
    assert sorted(path.name for path in cache.glob("*-1")) == sorted([f"{Digest.of(ORPHAN).hex}-1", f"{NAMED.hex}-1"])
    assert not (root / ".packllama").exists()  # nothing was to go from there


def test_what_cannot_be_removed_does_not_stop_the_others(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orphan, unlink = old_orphan(root), Path.unlink
    part = put(Layout(root).part(GONE))
    make_old(part, 2 * DAY)

    def fail(path: Path, *args: bool) -> None:
        if path == orphan:
            raise PermissionError(13, os.strerror(13), str(path))
        unlink(path, *args)

    monkeypatch.setattr(Path, "unlink", fail)
    report = pruned(root)
    assert paths(report.removed) == [part]
    assert [(problem.exit_status, problem.where) for problem in report.problems] == [(7, str(orphan))]


def test_a_store_of_a_newer_packllama(root: Path) -> None:
    orphan = old_orphan(root)
    put(Layout(root).version_file, b"2\n")
    with pytest.raises(NotSupported):
        pruned(root)
    assert orphan.exists()


@pytest.mark.parametrize("exists", [True, False])
def test_of_nothing_nothing_goes(exists: bool, tmp_path: Path) -> None:
    root = tmp_path / "store"
    if exists:
        root.mkdir()
    assert pruned(root) == PruneReport((), (), "")
    assert snapshot(tmp_path) == ({"store": ("other", 0o40000)} if exists else {})


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    left=st.lists(st.tuples(st.sampled_from(CASES), st.floats(0, 3 * DAY)), max_size=6),
    strangers=st.lists(st.sampled_from(sorted(STRANGERS)), max_size=3, unique=True),
    doubted=st.sampled_from([None, None, *(kind for kind in DOUBTS if kind != "huge")]),
    older_than=st.sampled_from([0.0, HOUR, DAY]),
)
def test_no_listed_model_is_harmed(
    left: list[tuple[Case, float]],
    strangers: list[str],
    doubted: str | None,
    older_than: float,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    root = tmp_path_factory.mktemp("any") / "store"
    root.mkdir()
    two_models(root)
    names, blobs = listed(str(root)), snapshot(root / "blobs")
    for name in strangers:
        STRANGERS[name](Layout(root))
    for case, age in left:
        case.made(Layout(root), age=age)
    if doubted:
        doubt(root, doubted)
    unnamed = snapshot(root / "blobs")
    report = pruned(root, older_than=older_than)
    assert report.problems == ()
    assert [problem for path in names for problem in check_manifest(str(root), path)] == []
    after = snapshot(root / "blobs")
    assert blobs.items() <= after.items()
    assert not any(os.path.lexists(each.path) for each in report.removed)
    if doubted:
        digests = [name for name in unnamed if len(name) == 71]
        assert [name for name in digests if name not in after] == []
    assert pruned(root, older_than=older_than).removed == ()
