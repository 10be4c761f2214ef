"""Links: nothing goes through one, and what one leads to is needed."""

import os
import shutil
from pathlib import Path

import pytest

from packllama.base.errors import MachineError
from packllama.places.store.layout import Layout
from packllama.places.store.workspace import prepare
from tests.unit.check.leavings import (
    DAY,
    GONE,
    HOUR,
    NAMED,
    make_old,
    put,
)
from tests.unit.check.prune.pruning import old_orphan, paths, pruned
from tests.unit.stores import snapshot

FOLDERS = ("blobs", "manifests", ".packllama", *(f".packllama/{name}" for name in ("blobs", "work", "locks", "hashes")))


@pytest.mark.parametrize("part", FOLDERS)
@pytest.mark.parametrize("target", ["inside", "outside", "nowhere", "itself"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_goes_through_a_linked_folder(
    part: str, target: str, dry_run: bool, root: Path, tmp_path: Path
) -> None:
    prepare(Layout(root), Layout(root).finished)
    old_orphan(root)
    folder = root / part
    led_to = {"inside": root / "moved", "outside": tmp_path / "moved", "nowhere": root / "gone", "itself": folder}[
        target
    ]
    if target in ("inside", "outside"):
        folder.rename(led_to)
    else:
        shutil.rmtree(folder)
    folder.symlink_to(led_to)
    before = snapshot(tmp_path)
    with pytest.raises(MachineError) as caught:
        pruned(root, dry_run=dry_run)
    assert caught.value.where == str(folder)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("target", ["inside", "outside", "nowhere", "itself"])
def test_a_link_among_the_blobs_goes_itself(target: str, root: Path, tmp_path: Path) -> None:
    """As with Ollama: what it leads to stays."""
    path = root / "blobs" / GONE.file_name
    there = {
        "inside": put(root / "kept"),
        "outside": put(tmp_path / "kept"),
        "nowhere": root / "gone",
        "itself": path,
    }[target]
    path.symlink_to(there)
    make_old(path, 2 * HOUR)
    report = pruned(root)
    assert (paths(report.removed), report.freed, os.path.lexists(path)) == ([path], 0, False)
    assert there.exists() == (target in ("inside", "outside"))


@pytest.mark.parametrize(
    "part", ["registry.ollama.ai", "registry.ollama.ai/library/m", "registry.ollama.ai/library/m/latest"]
)
def test_names_behind_a_link_count(part: str, root: Path, tmp_path: Path) -> None:
    path = root / "manifests" / part
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    blobs, orphan = snapshot(root / "blobs"), old_orphan(root)
    assert paths(pruned(root).removed) == [orphan]
    assert snapshot(root / "blobs") == blobs


def test_links_in_folders_that_go(root: Path, tmp_path: Path) -> None:
    """Ollama's own folder for a conversion holds links to blobs."""
    (tmp_path / "outside").mkdir()
    put(tmp_path / "outside/kept")
    folder = root / "ollama-safetensors123456"
    folder.mkdir()
    (folder / "folder").symlink_to(tmp_path / "outside")
    (folder / "blob").symlink_to(Layout(root).blob(NAMED))
    for path in (*folder.iterdir(), folder):
        make_old(path, 2 * DAY)
    assert paths(pruned(root).removed) == [folder]
    assert (tmp_path / "outside/kept").exists()
    assert Layout(root).blob(NAMED).exists()
