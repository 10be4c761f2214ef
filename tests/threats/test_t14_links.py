"""Links and special files in a store: read through where they lead, never written or removed through."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from packllama.digest import Digest
from tests.faults.checker import check, listed
from tests.threats.refusal import Scene, outside
from tests.unit.places.bundle.bundles import entries, packed
from tests.unit.stores import TINY_GGUF, put_model

pytestmark = pytest.mark.slow

READS = [
    ("list",), ("show", "here"), ("files", "here"), ("verify",),
    ("export", "here", "-o", "x.tar"), ("copy", "here", "--to", "./other"),
]  # fmt: skip
WRITES = [("cp", "here", "there"), ("create", "new", "-f", "Good"), ("import", "good.tar"), ("rm", "here")]

PARTS = {
    "root": "",
    "blobs": "blobs",
    "one blob": f"blobs/{Digest.of(TINY_GGUF).file_name}",
    "manifests": "manifests",
    "host": "manifests/registry.ollama.ai",
    "tag": "manifests/registry.ollama.ai/library/here/latest",
}

# The statuses of all reads, then of all writes. The root is the user's to choose, so a link there is followed.
TABLE = {
    ("root", "link inside"): "000000 0000",
    ("root", "link outside"): "000000 0000",
    ("root", "dangling link"): "333333 3773",
    ("root", "loop"): "333333 3773",
    ("root", "FIFO"): "333333 3773",
    ("root", "device"): "333333 3773",
    ("root", "another kind"): "333333 3773",
    ("blobs", "link inside"): "000000 7777",
    ("blobs", "link outside"): "000100 7777",
    ("blobs", "dangling link"): "055555 7777",
    ("blobs", "loop"): "044544 7777",
    ("blobs", "FIFO"): "033533 7777",
    ("blobs", "device"): "033533 7777",
    ("blobs", "another kind"): "033533 7777",
    ("one blob", "link inside"): "000055 0000",
    ("one blob", "link outside"): "000155 0000",
    ("one blob", "dangling link"): "055555 5000",
    ("one blob", "loop"): "044544 4000",
    ("one blob", "FIFO"): "055555 5000",
    ("one blob", "device"): "055555 5000",
    ("one blob", "another kind"): "055555 5400",
    ("manifests", "link inside"): "000000 7777",
    ("manifests", "link outside"): "000100 7777",
    ("manifests", "dangling link"): "333133 3773",
    ("manifests", "loop"): "444144 4774",
    ("manifests", "FIFO"): "333133 3773",
    ("manifests", "device"): "333133 3773",
    ("manifests", "another kind"): "333133 3773",
    ("host", "link inside"): "000000 7777",
    ("host", "link outside"): "000100 7777",
    ("host", "dangling link"): "033133 3333",
    ("host", "loop"): "044144 4443",
    ("host", "FIFO"): "033133 3773",
    ("host", "device"): "033133 3773",
    ("host", "another kind"): "033133 3773",
    ("tag", "link inside"): "000000 0000",
    ("tag", "link outside"): "000100 0000",
    ("tag", "dangling link"): "033533 3000",
    ("tag", "loop"): "044544 4000",
    ("tag", "FIFO"): "044544 4000",
    ("tag", "device"): "044544 4000",
    ("tag", "another kind"): "044144 4004",
}
LOOKING = {"open", "os.listdir", "os.scandir"}


def spoil(scene: Scene, part: str, kind: str) -> None:
    """Put something else in the place of a part of the store; the part itself lies where a link leads."""
    path = scene.store / PARTS[part]
    if kind.startswith("link"):
        beside = scene.folder if part == "root" else scene.store
        away = (beside if kind == "link inside" else scene.folder.parent) / "elsewhere"
        path.rename(away)
        path.symlink_to(away)
        return
    was_folder = path.is_dir()
    (shutil.rmtree if was_folder else os.unlink)(path)
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "another kind":
        path.touch() if was_folder else path.mkdir()
    else:
        path.symlink_to({"dangling link": "nowhere", "loop": path.name, "device": "/dev/zero"}[kind])


@pytest.fixture
def ready(scene: Scene) -> Scene:
    put_model(scene.store, "keep")
    (scene.folder / "model.gguf").write_bytes(TINY_GGUF)
    (scene.folder / "Good").write_text("FROM ./model.gguf\nSYSTEM x\n")
    (scene.folder / "good.tar").write_bytes(packed(entries()))
    return scene


def all_outside(scene: Scene) -> object:
    return [
        (str(path), path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in [*sorted((scene.folder.parent / "elsewhere").rglob("*")), scene.folder.parent / "elsewhere"]
        if path.exists()
    ]


@pytest.mark.parametrize(("part", "kind"), TABLE, ids=str)
def test_read_through_and_never_written_or_removed_through(part: str, kind: str, ready: Scene) -> None:
    spoil(ready, part, kind)
    before, store = all_outside(ready), ready.seen()
    done = ready.program.run(*READS, cwd=ready.folder)
    statuses = "".join(str(ended.status) for ended in done.ended) + " "
    assert all_outside(ready) == before
    assert bool(listed(str(ready.folder / "other"))) == (done.status == 0)
    assert (ready.folder / "x.tar").exists() == (done.ended[-2].status == 0)
    shutil.rmtree(ready.folder / "other", ignore_errors=True)
    (ready.folder / "x.tar").unlink(missing_ok=True)
    assert ready.seen() == store
    for words in WRITES:
        done = ready.program.run(words, cwd=ready.folder)
        statuses += str(done.status)
        assert "bug in packllama" not in done.err
        if part != "root":
            assert all_outside(ready) == before
            # Of a link itself the time is set.
            assert {kind for kind, _ in outside(ready, done)} <= LOOKING | {"os.utime"}
    assert statuses == TABLE[part, kind]


@pytest.mark.parametrize(("part", "kind"), [case for case in TABLE if case[0] != "root"], ids=str)
def test_mended_and_cleared_up_in_the_store_alone(part: str, kind: str, ready: Scene) -> None:
    """What ``repair`` and ``prune`` can do there they do, and nothing behind a link."""
    shutil.copytree(ready.store, ready.folder / "good")
    spoil(ready, part, kind)
    before = all_outside(ready)
    for words in (("repair", "--from", "./good"), ("prune", "--older-than", "0"), ("verify",)):
        done = ready.program.run(words, cwd=ready.folder)
        assert done.status in range(10), done.err
        assert all_outside(ready) == before
        assert {kind for kind, _ in outside(ready, done)} <= LOOKING | {"os.utime"}


@contextmanager
def flipping(path: Path, other: Path) -> Iterator[None]:
    """Now it is the real thing, now a link to something else, as fast as can be."""
    real, link, ended = path.with_name("real"), path.with_name("link"), threading.Event()
    link.symlink_to(other)

    def flip() -> None:
        while not ended.is_set():
            path.rename(real)
            link.rename(path)
            path.rename(link)
            real.rename(path)

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    ("verb", "more"), [("copy", ("--to", "./other{}")), ("export", ("-o", "{}.tar")), ("verify", ())], ids=str
)
def test_a_blob_that_becomes_a_link_and_back(verb: str, more: tuple[str, ...], scene: Scene) -> None:
    """What is copied meanwhile is either right or refused; what the link leads to is in no copy."""
    secret = scene.canary.with_name("secret")
    secret.write_bytes(b"s" * len(TINY_GGUF))
    with flipping(scene.store / PARTS["one blob"], secret):
        done = scene.program.run(
            *[(verb, "here", *(word.format(number) for word in more)) for number in range(30)], cwd=scene.folder
        )
    assert {ended.status for ended in done.ended} <= {0, 1, 3, 4, 5}
    assert secret.read_bytes() == b"s" * len(TINY_GGUF)
    for number in range(30):
        other, bundle = scene.folder / f"other{number}", scene.folder / f"{number}.tar"
        assert check(str(other)) == []
        assert not bundle.exists() or b"sssss" not in bundle.read_bytes()
    assert len(listed(str(scene.store))) == 1
