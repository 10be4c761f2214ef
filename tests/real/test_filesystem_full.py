"""A disk that is really full in the middle of the work: the verb says so and leaves everything as it was."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random

import pytest

from tests.faults.checker import check
from tests.faults.dose import full
from tests.mounted import IMAGE, Mounted, mounted, sparse_file
from tests.program import packllama, snapshot
from tests.registry.listener import Request
from tests.registry.registry import Registry
from tests.unit.stores import put_model

pytestmark = pytest.mark.slow

MIB = 1 << 20
NeedProgram = Callable[[str, str], str]

# Each makes files and folders. ``STORE`` is the store on the disk that is full, ``HOST`` a registry.
VERBS = {
    "create": ("create", "new"),
    "cp": ("cp", "m", "h/n/new"),
    "import": ("import", "in.tar"),
    "copy": ("--store", "origin", "copy", "there", "--to", "STORE"),
    "pull": ("pull", "HOST/library/p", "--insecure"),
    "export": ("export", "m", "-o", "STORE/../out.tar"),
    "repair": ("repair", "hurt", "--from", "./origin"),
}
HURT = b"hurt" * 5000

# How many more files the disk takes: from none at all to enough for everything.
ROOM = count() if full() else (0, 2, 5, 9, 14, 100)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as there:
        there.put("library/p", "latest", weights=Random(2).randbytes(20 * MIB))
        yield there


@pytest.fixture
def folder(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    shutil.copyfile(gguf("tiny-q4.gguf"), tmp_path / "model.gguf")
    (tmp_path / "Modelfile").write_text("FROM model.gguf\nSYSTEM one\n")
    put_model(tmp_path / "origin", "there", weights=Random(1).randbytes(MIB))
    assert packllama("--store", "origin", "export", "there", "-o", "in.tar", cwd=tmp_path).returncode == 0
    put_model(tmp_path / "origin", "hurt", weights=HURT)
    return tmp_path


@pytest.fixture
def disk(folder: Path, need_root: None, need_program: NeedProgram) -> Iterator[Mounted]:
    """With a store, and few files that it can hold."""
    image = sparse_file(folder / "disk.image", 64 * MIB)
    subprocess.run([need_program("mkfs.ext4", "e2fsprogs"), "-q", "-N", "256", str(image)], check=True)
    with mounted(image, folder / "disk", mount=IMAGE) as there:
        put_model(there.seen / "store", "m")
        put_model(there.seen / "store", "hurt", weights=HURT)
        yield there


@pytest.mark.parametrize("verb", VERBS)
def test_no_room_for_another_file(verb: str, folder: Path, disk: Mounted, registry: Registry) -> None:
    store, fillers = disk.seen / "store", disk.seen / "fillers"
    fillers.mkdir()
    words = [word.replace("STORE", f"{disk.at}/store").replace("HOST", registry.host) for word in VERBS[verb]]
    blobs = sorted(path for path in (store / "blobs").iterdir() if path.stat().st_size == len(HURT))
    if verb == "repair":
        blobs[0].write_bytes(bytes(len(HURT)))
    before, refused = snapshot(disk.seen), 0
    for room in ROOM:
        take_all_but(fillers, room)
        done = disk.packllama(*words)
        if done.returncode == 0:
            break
        refused += 1
        assert (done.returncode, "No space left" in done.stderr) == (7, True), f"{room}: {done.stderr}"
        shutil.rmtree(fillers)
        fillers.mkdir()
        assert snapshot(disk.seen) == before, room
        assert verb == "repair" or check(str(store)) == [], room
    assert done.returncode == 0
    assert refused > 1
    assert check(str(store)) == []


def take_all_but(folder: Path, room: int) -> None:
    """Make files until the disk takes no more, then remove so many."""
    with suppress(OSError):
        for number in count():
            (folder / str(number)).touch()
    for number in range(room):
        (folder / str(number)).unlink(missing_ok=True)


def test_somebody_else_fills_it_during_a_pull(folder: Path, disk: Mounted, registry: Registry) -> None:
    """What came is kept, and is not asked for again."""

    def hog(request: Request, _: socket.socket) -> bool:
        if request.range and request.range[0] and not (disk.seen / "hog").exists():
            with (disk.seen / "hog").open("wb", buffering=0) as file, suppress(OSError):
                while file.write(bytes(MIB)):
                    pass
        return False

    registry.tricks.append(hog)
    words = ("pull", f"{registry.host}/library/p", "--insecure", "--parallel", "1")
    before = snapshot(disk.seen)
    done = disk.packllama(*words)
    assert (done.returncode, "No space left" in done.stderr) == (7, True), done.stderr
    (disk.seen / "hog").unlink()
    assert snapshot(disk.seen) == before
    registry.tricks.clear()
    assert disk.packllama(*words).returncode == 0
    assert check(str(disk.seen / "store")) == []
