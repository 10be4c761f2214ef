"""Each part of a store as a link, or as something that is no file: verify reads through, tells, and changes nothing."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.check.verify.verify import verify
from packllama.digest import Digest
from packllama.name import ModelName
from packllama.places.store import Store
from tests.unit.check.damages import K, two_models
from tests.unit.stores import TINY_GGUF, snapshot

BLOB = f"blobs/{Digest.of(TINY_GGUF).file_name}"
HOST = "manifests/registry.ollama.ai"
MODEL = f"{HOST}/library/m"
TAG = f"{MODEL}/latest"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    root.mkdir()
    two_models(root)
    return root


def inside(path: Path, root: Path) -> None:
    (root / "kept").mkdir()
    path.rename(root / "kept" / "it")
    path.symlink_to(root / "kept" / "it")


def outside(path: Path, root: Path) -> None:
    path.rename(root.parent / "elsewhere")
    path.symlink_to(root.parent / "elsewhere")


def nowhere(path: Path, root: Path) -> None:
    _remove(path)
    path.symlink_to(root.parent / "gone")


def circle(path: Path, root: Path) -> None:
    _remove(path)
    path.symlink_to(path.name)


def pipe(path: Path, root: Path) -> None:
    _remove(path)
    os.mkfifo(path)


def device(path: Path, root: Path) -> None:
    _remove(path)
    path.symlink_to("/dev/zero")


def folder(path: Path, root: Path) -> None:
    _remove(path)
    path.mkdir()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


MISSING_BLOBS = (K.MISSING,) * 4
# What is told besides, when a model cannot be seen: nobody names its text any more, or nobody knows.
TABLE = [
    ("blobs", inside, ()),
    ("blobs", outside, (K.FOREIGN_LINK,)),
    ("blobs", nowhere, (*MISSING_BLOBS, K.DANGLING_LINK)),
    ("blobs", circle, (*(K.UNREADABLE,) * 4, K.DANGLING_LINK)),
    ("blobs", pipe, (*MISSING_BLOBS, K.STRAY)),
    ("blobs", device, (*MISSING_BLOBS, K.DANGLING_LINK)),
    ("blobs", folder, MISSING_BLOBS),
    (BLOB, inside, ()),
    (BLOB, outside, (K.FOREIGN_LINK,)),
    (BLOB, nowhere, (K.MISSING,)),
    (BLOB, circle, (K.UNREADABLE,)),
    (BLOB, pipe, (K.UNREADABLE,)),
    (BLOB, device, (K.UNREADABLE,)),
    (BLOB, folder, (K.UNREADABLE,)),
    ("manifests", inside, ()),
    ("manifests", outside, (K.FOREIGN_LINK,)),
    ("manifests", nowhere, (K.DANGLING_LINK, *(K.CANNOT_TELL,) * 4)),
    ("manifests", circle, (K.DANGLING_LINK, *(K.CANNOT_TELL,) * 4)),
    ("manifests", pipe, (K.STRAY, *(K.CANNOT_TELL,) * 4)),
    ("manifests", device, (K.DANGLING_LINK, *(K.CANNOT_TELL,) * 4)),
    ("manifests", folder, (K.ORPHAN,) * 4),
    (HOST, inside, ()),
    (HOST, outside, (K.FOREIGN_LINK,)),
    (HOST, nowhere, (K.DANGLING_LINK, *(K.CANNOT_TELL,) * 4)),
    (HOST, circle, (K.DANGLING_LINK, *(K.CANNOT_TELL,) * 4)),
    (HOST, pipe, (K.STRAY, *(K.ORPHAN,) * 4)),
    (MODEL, inside, ()),
    (MODEL, outside, (K.FOREIGN_LINK,)),
    (MODEL, nowhere, (K.DANGLING_LINK, K.CANNOT_TELL)),
    (TAG, inside, ()),
    (TAG, outside, (K.FOREIGN_LINK,)),
    (TAG, nowhere, (K.UNREADABLE_MANIFEST, K.CANNOT_TELL)),
    (TAG, circle, (K.UNREADABLE_MANIFEST, K.CANNOT_TELL)),
    (TAG, pipe, (K.UNREADABLE_MANIFEST, K.CANNOT_TELL)),
    (TAG, device, (K.UNREADABLE_MANIFEST, K.CANNOT_TELL)),
    (TAG, folder, (K.STRAY, K.ORPHAN)),
]


@pytest.mark.parametrize(("part", "make", "kinds"), TABLE, ids=lambda value: getattr(value, "__name__", None))
@pytest.mark.parametrize("quick", [False, True])
def test_a_part_that_is_no_plain_one(
    part: str, make: Callable[[Path, Path], None], kinds: tuple[K, ...], quick: bool, root: Path
) -> None:
    make(root / part, root)
    before = snapshot(root.parent)
    report = verify(Store(root), quick=quick)
    assert tuple(finding.kind for finding in report.findings) == kinds
    assert snapshot(root.parent) == before


def test_a_store_by_a_link_is_that_store(root: Path) -> None:
    (root.parent / "other").symlink_to(root)
    assert verify(Store(root.parent / "other")).clean


def test_of_one_model_only_its_own_links_are_told(root: Path) -> None:
    outside(root / f"{HOST}/me", root)
    assert verify(Store(root), [ModelName.parse("m")]).clean
    (finding,) = verify(Store(root), [ModelName.parse("me/other:7b")]).findings
    assert (finding.kind, finding.path) == (K.FOREIGN_LINK, root / f"{HOST}/me")


def test_of_one_model_only_its_own_oddities_are_told(root: Path) -> None:
    for name in ("x:local", "M"):
        path = root / "manifests" / ModelName.parse(name).relative_path()
        path.parent.mkdir()
        shutil.copyfile(root / TAG, path)
    kinds = {
        name: [finding.kind for finding in verify(Store(root), [ModelName.parse(name)]).findings]
        for name in ("m", "me/other:7b", "x:local")
    }
    assert kinds == {"m": [K.CASE_TWIN], "me/other:7b": [], "x:local": [K.RESERVED_TAG]}
