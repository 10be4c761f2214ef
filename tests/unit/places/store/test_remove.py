"""Names go first; a blob goes only when nobody can need it."""

import os
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, MachineError, ModelNotFound
from packllama.base.locks import FileLock
from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Removal, Store, remove_model
from packllama.places.store.layout import Layout
from packllama.places.store.remove import delete_unreferenced
from packllama.places.store.workspace import prepare, store_lock
from tests.unit.stores import (
    GEMMA_MANIFEST,
    GEMMA_NAME,
    TINY_CONFIG,
    TINY_GGUF,
    Snapshot,
    put_blob,
    put_gemma,
    put_manifest,
    put_model,
    snapshot,
)

OWN = ".packllama"


def remove(root: Path, name: str, *, dry_run: bool = False) -> Removal:
    return remove_model(Store(root), ModelName.parse(name), dry_run=dry_run, stop=Stop())


def models(root: Path) -> Snapshot:
    return snapshot(root, without=OWN)


def has(root: Path, data: bytes) -> bool:
    return os.path.lexists(Layout(root).blob(Digest.of(data)))


def test_the_last_model_leaves_only_the_two_folders(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, b"one"))
    assert remove(tmp_path, "a") == Removal(len(TINY_GGUF) + len(TINY_CONFIG) + 3)
    assert sorted(models(tmp_path)) == ["blobs", "manifests"]


def test_what_another_model_uses_stays(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, b"one"))
    put_model(tmp_path, "a:other", (LayerKind.SYSTEM, b"two"))
    put_blob(tmp_path, b"nobody's")
    assert remove(tmp_path, "a") == Removal(3)
    assert not has(tmp_path, b"one")
    assert has(tmp_path, b"nobody's")
    for blob in Store(tmp_path).find(ModelName.parse("a:other")).blobs:
        assert Store(tmp_path).path(blob)


def test_the_letter_case_does_not_matter(tmp_path: Path) -> None:
    put_model(tmp_path, "Me/Foo:Q8_0")
    remove(tmp_path, "me/fOO:q8_0")
    assert Store(tmp_path).scan().names == []


def test_a_missing_blob_is_no_obstacle(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, b"one"))
    Layout(tmp_path).blob(Digest.of(b"one")).unlink()
    assert remove(tmp_path, "a") == Removal(len(TINY_GGUF) + len(TINY_CONFIG))


@pytest.mark.parametrize("name", ["b", "a:other", "n/a", "h/n/a"])
def test_an_unknown_name_changes_nothing(tmp_path: Path, name: str) -> None:
    put_model(tmp_path, "a")
    before = snapshot(tmp_path)
    for dry_run in (True, False):
        with pytest.raises(ModelNotFound):
            remove(tmp_path, name, dry_run=dry_run)
    assert snapshot(tmp_path) == before


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, b"one"))
    put_model(tmp_path, "b", (LayerKind.SYSTEM, b"two"))
    before = snapshot(tmp_path)
    assert remove(tmp_path, "a", dry_run=True) == Removal(3)
    assert snapshot(tmp_path) == before
    assert remove(tmp_path, "a") == Removal(3)


def doubt(root: Path, kind: str) -> Path:
    """Something because of which no blob may be called unused; where it is."""
    if kind == "newer layout":
        path = root / "manifests-v2"
        path.mkdir()
    elif kind == "stray":
        path = root / "manifests/registry.ollama.ai/library/a/.DS_Store"
        path.touch()
    elif kind == "dangling":
        path = root / "manifests/registry.ollama.ai/library/a/link"
        path.symlink_to("nowhere")
    elif kind == "unmounted host":
        path = root / "manifests/h"
        path.symlink_to("nowhere")
    elif kind == "pipe":
        path = root / "manifests/registry.ollama.ai/library/a/pipe"
        os.mkfifo(path)
    else:
        path = put_manifest(root, "b", b"" if kind == "empty" else b"{half")
    return path


@pytest.mark.parametrize("kind", ["corrupt", "empty", "stray", "dangling", "unmounted host", "pipe", "newer layout"])
def test_in_doubt_the_name_goes_and_the_blobs_stay(tmp_path: Path, kind: str) -> None:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, b"one"))
    blobs = snapshot(tmp_path / "blobs")
    where = doubt(tmp_path, kind)
    expected = remove(tmp_path, "a", dry_run=True)
    removal = remove(tmp_path, "a")
    assert removal == expected
    assert removal.freed == 0
    assert removal.kept_because.startswith(str(where))
    assert snapshot(tmp_path / "blobs") == blobs
    assert not Layout(tmp_path).manifest(ModelName.parse("a")).exists()
    assert os.path.lexists(where)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_model_that_cannot_be_read_leaves_unknown_blobs(tmp_path: Path, dry_run: bool) -> None:
    put_model(tmp_path, "a").write_bytes(b"{half")
    blobs = snapshot(tmp_path / "blobs")
    removal = remove(tmp_path, "a", dry_run=dry_run)
    assert (removal.freed, bool(removal.kept_because)) == (0, True)
    assert snapshot(tmp_path / "blobs") == blobs
    assert len(Store(tmp_path).scan().names) == (1 if dry_run else 0)


def test_a_blob_that_cannot_be_removed_does_not_stop_the_others(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (LayerKind.SYSTEM, b"one"))
    folder = Layout(tmp_path).blob(Digest.of(b"one"))
    folder.unlink()
    folder.mkdir()
    removal = remove(tmp_path, "a")
    assert removal.freed == len(TINY_GGUF) + len(TINY_CONFIG)
    assert removal.kept_because.startswith(str(folder))
    assert Store(tmp_path).scan().names == []


@pytest.mark.parametrize("part", ["registry.ollama.ai", "registry.ollama.ai/library", "registry.ollama.ai/library/a"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_is_removed_behind_a_link(tmp_path: Path, part: str, dry_run: bool) -> None:
    root, outside = tmp_path / "store", tmp_path / "outside"
    put_model(root, "a")
    outside.mkdir()
    (root / "manifests" / part).rename(outside / "moved")
    (root / "manifests" / part).symlink_to(outside / "moved")
    assert Store(root).find(ModelName.parse("a"))
    before = snapshot(outside), snapshot(root, without=OWN)
    with pytest.raises(MachineError) as caught:
        remove(root, "a", dry_run=dry_run)
    assert caught.value.where == str(root / "manifests" / part)
    assert (snapshot(outside), snapshot(root, without=OWN)) == before


def test_removing_waits_for_a_writer_and_says_so(tmp_path: Path) -> None:
    put_model(tmp_path, "a")
    layout, stop, told = Layout(tmp_path), Stop(), list[str]()
    prepare(layout)
    writer = FileLock(store_lock(layout), holder="process 1 (create b)")
    assert writer.try_acquire(exclusive=False)

    class Listener(SilentObserver):
        def waiting(self, holder: str) -> None:
            told.append(holder)
            stop.set()

    with pytest.raises(Cancelled):
        remove_model(Store(tmp_path), ModelName.parse("a"), observer=Listener(), stop=stop)
    writer.release()
    assert told == ["process 1 (create b)"]
    assert Store(tmp_path).find(ModelName.parse("a"))


def test_of_some_blobs_those_that_nobody_uses(tmp_path: Path) -> None:
    put_model(tmp_path, "a")
    put_blob(tmp_path, b"left over")
    prepare(Layout(tmp_path))
    candidates = [Digest.of(b"left over"), Digest.of(TINY_GGUF), Digest.of(b"never there")]
    assert delete_unreferenced(Store(tmp_path), candidates) == Removal(9)
    assert (has(tmp_path, b"left over"), has(tmp_path, TINY_GGUF)) == (False, True)


def test_none_of_no_blobs(tmp_path: Path) -> None:
    assert delete_unreferenced(Store(tmp_path), []) == Removal(0)
    assert snapshot(tmp_path) == {}


def test_the_published_gemma3_survives_the_removal_of_another_model(tmp_path: Path) -> None:
    put_model(tmp_path, "a")
    path = put_gemma(tmp_path, TINY_GGUF)
    remove(tmp_path, "a")
    assert path.read_bytes() == GEMMA_MANIFEST
    for blob in Store(tmp_path).find(ModelName.parse(GEMMA_NAME)).blobs:
        assert Store(tmp_path).path(blob)
    assert remove(tmp_path, GEMMA_NAME).freed == 8_928_675_346
