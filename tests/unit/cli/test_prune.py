"""``packllama prune`` from outside."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.places.store.layout import Layout
from tests.later import DAY, later
from tests.program import called, packllama, snapshot
from tests.unit.stores import put_blob, put_manifest, put_model

ORPHAN = Digest.of(b"nobody's")

# A file cannot be made to have come here long ago, so the clock of ``prune`` is ahead.
AHEAD = 100 * DAY


@pytest.fixture(autouse=True)
def ahead() -> Iterator[None]:
    with later(AHEAD):
        yield


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A model, an old orphan, a young one, and a download that was begun nine days ago."""
    root = tmp_path / "store"
    put_model(root, "m")
    grow_old(put_blob(root, b"nobody's"), 30)
    grow_old(put_blob(root, b"young"), 0)
    part = Layout(root).part(Digest.of(b"download"))
    part.parent.mkdir(parents=True)
    part.write_bytes(b"down")
    grow_old(part, 9)
    return root


def grow_old(path: Path, days: float) -> None:
    then = time.time() + AHEAD - days * DAY
    os.utime(path, (then, then))


def names(store: Path) -> set[str]:
    return {path.name for path in store.rglob("*") if path.is_file() and path.parent.name in ("blobs", "latest")}


def test_all_is_shown_and_goes(store: Path, tmp_path: Path) -> None:
    before = names(store)
    shown = called("prune", "--dry-run", cwd=tmp_path)
    assert names(store) == before
    done = called("prune", cwd=tmp_path)
    orphan, part = ORPHAN.file_name, f"{Digest.of(b'download').hex}.part"
    assert done.returncode == shown.returncode == 0
    first, second, end = done.stdout.splitlines()
    assert first == f"blob that no model names    8 B    4 weeks    {store}/blobs/{orphan}"
    assert second == f"beginning of a blob         4 B    9 days     {store}/.packllama/blobs/{part}"
    assert end == "freed 12 B"
    assert shown.stdout == done.stdout.replace("freed", "would free")
    assert done.stderr.startswith(
        f"stays: {store}/blobs/{Digest.of(b'young').file_name}: blob that no model names: young"
    )
    assert before - names(store) == {orphan, part}
    assert called("prune", cwd=tmp_path).stdout == "nothing to remove\n"


def test_it_is_shown_before_it_goes(store: Path, tmp_path: Path) -> None:
    """Where it cannot be shown, nothing goes."""
    record = Layout(store).hash_record(Digest.of(b"gone"))  # goes at any age: this process has the right time
    record.parent.mkdir()
    record.touch()
    done = packllama("prune", cwd=tmp_path, before=("sh", "-c", '"$@" > /dev/full', "sh"))
    assert (done.returncode, record.exists()) == (7, True)
    done = packllama("prune", cwd=tmp_path)
    assert (done.returncode, record.exists()) == (0, False)


def test_with_json_it_is_shown_on_stderr(store: Path, tmp_path: Path) -> None:
    shown = called("prune", "--dry-run", cwd=tmp_path)
    assert called("prune", "--json", cwd=tmp_path).stderr.splitlines() == shown.stdout.splitlines()[:-1]


def test_what_has_just_come_here_stays(store: Path, tmp_path: Path) -> None:
    """Old as it may say it is."""
    os.utime(store / "blobs" / ORPHAN.file_name, (0, 0))
    before = snapshot(store)
    with later(0):
        done = called("prune", "--older-than", "0", cwd=tmp_path)
    assert f"{ORPHAN.file_name}: blob that no model names: younger than" in done.stderr
    assert snapshot(store) == before


@pytest.mark.parametrize(("age", "goes"), [("0", True), ("30m", True), ("8d", True), ("10d", False), ("2w", False)])
def test_older_than(age: str, goes: bool, store: Path, tmp_path: Path) -> None:
    done = called("prune", "--older-than", age, cwd=tmp_path)
    assert (".part\n" in done.stdout) == goes
    assert ("younger than" in done.stderr.replace("younger than about an hour", "")) != goes
    assert Digest.of(b"young").file_name in names(store)


@pytest.mark.parametrize("age", ["", "-1d", "7", "1.5d", "7 d", "1d12h", "d", "1y", "99999999w"])
def test_an_age_that_is_none(age: str, store: Path, tmp_path: Path) -> None:
    before = snapshot(store)
    done = called("prune", f"--older-than={age}", cwd=tmp_path)
    assert done.returncode == 2
    assert "write 30m, 12h, 7d, 2w or 0" in done.stderr
    assert snapshot(store) == before


def test_in_doubt_the_blobs_stay_and_it_is_said(store: Path, tmp_path: Path) -> None:
    path = put_manifest(store, "broken", b"{")
    done = called("prune", cwd=tmp_path)
    assert done.returncode == 0
    assert f"blobs that no model names stay, if there are any: {path}: " in done.stderr
    assert ".part\nfreed 4 B\n" in done.stdout
    assert ORPHAN.file_name in names(store)


def test_what_cannot_be_removed(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink, orphan = Path.unlink, store / "blobs" / ORPHAN.file_name

    def fail(path: Path, *, missing_ok: bool = False) -> None:
        if path == orphan:
            raise PermissionError(13, os.strerror(13), str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", fail)
    as_json = json.loads(called("prune", "--json", "--dry-run", cwd=tmp_path).stdout)
    assert [each["kind"] for each in as_json["removed"]] == ["orphan", "beginning"]
    done = called("prune", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (7, "freed 4 B")
    assert f"Error: {orphan}: " in done.stderr
    again = called("prune", "--json", cwd=tmp_path)
    document = json.loads(again.stdout)
    assert (again.returncode, document["removed"], document["freed"]) == (7, [], 0)
    assert [problem["where"] for problem in document["problems"]] == [str(orphan)]


def test_translations_in_the_cache(store: Path, tmp_path: Path) -> None:
    folder = tmp_path / ".cache/packllama/derived" / f"{Digest.of(b'elsewhere').hex}-1"
    unfinished = folder.with_name(f"{folder.name}.part")
    for each in (folder, unfinished):
        each.mkdir(parents=True)
        grow_old(each, 9)
    done = called("prune", cwd=tmp_path)
    assert f"translation of a blob that this store does not have    0 B    9 days     {folder}\n" in done.stdout
    assert f"translation that was not finished                      0 B    9 days     {unfinished}\n" in done.stdout
    assert not folder.exists()


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    assert called("prune", "--store", "nope", cwd=tmp_path).returncode == 3
    nothing = called("prune", cwd=tmp_path, env={"PACKLLAMA_STORE": None})
    assert (nothing.returncode, nothing.stdout) == (0, "nothing to remove\n")
    assert list(tmp_path.iterdir()) == []


def test_names_that_would_steer_a_terminal(tmp_path: Path) -> None:
    root = tmp_path / "st\x1b[31more"
    grow_old(put_blob(root, b"nobody's"), 30)
    done = called("prune", "--store", str(root), cwd=tmp_path)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
