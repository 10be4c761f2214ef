"""``repair`` as a process: stopped, killed, twice at once, on a full disk, and where blocks can be shared."""

import functools
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from packllama.digest import Digest
from tests.mounted import Mounted, mounted, sparse_file
from tests.program import environment, packllama
from tests.registry.listener import Request
from tests.registry.registry import Registry, Trick
from tests.unit.stores import put_model, snapshot

pytestmark = pytest.mark.slow

MIB = 1 << 20
PIECE = 16 * MIB
DEADLINE_SECONDS = 60

NeedProgram = Callable[[str, str], str]


@functools.cache
def weights() -> bytes:
    """Made when they are wanted: they are large."""
    return Random(8).randbytes(5 * PIECE + 5)


@functools.cache
def file_name() -> str:
    return Digest.of(weights()).file_name


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as there:
        there.put("library/m", "latest", weights=weights())
        yield there


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    """A store's blob that has two bad pieces. Its pieces are known."""
    put_model(tmp_path / "store", "m", weights=weights())
    assert packllama("verify", cwd=tmp_path).returncode == 0
    blob = tmp_path / "store" / "blobs" / file_name()
    spoil(blob)
    return blob


def spoil(blob: Path) -> None:
    with blob.open("r+b") as file:
        for offset in (PIECE + 1, 3 * PIECE):
            os.pwrite(file.fileno(), b"wrong", offset)


def fetched(registry: Registry) -> int:
    return sum(stop - start for start, stop in filter(None, (request.range for request in registry.requests)))


def second_piece_asked(action: Callable[[], object]) -> Trick:
    """Act once, when something of the second bad piece is asked for; and let it wait for ever."""
    done = threading.Event()

    def trick(request: Request, _: socket.socket) -> bool:
        if request.range is None or request.range[0] < 3 * PIECE:
            return False
        if not done.is_set():
            done.set()
            action()
        return True

    return trick


@contextmanager
def started(registry: Registry, *, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "packllama", "repair", "--from", registry.url]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=cwd, env=environment(cwd), stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_stopped_half_way(blob: Path, registry: Registry, tmp_path: Path, number: int, status: int) -> None:
    """The damaged file is as it was, and the first piece is not fetched again."""
    before = blob.read_bytes()
    processes: list[subprocess.Popen[str]] = []
    registry.tricks = [second_piece_asked(lambda: processes[0].send_signal(number))]
    with started(registry, cwd=tmp_path) as process:
        processes.append(process)
        process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == status
    assert blob.read_bytes() == before
    registry.tricks.clear()
    asked = len(registry.requests)
    done = packllama("repair", "--from", registry.url, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert blob.read_bytes() == weights()
    again = [request.range for request in registry.requests[asked:] if request.range]
    assert min(start for start, _ in again) >= 3 * PIECE
    assert packllama("verify", cwd=tmp_path).returncode == 0


def test_two_at_once(blob: Path, registry: Registry, tmp_path: Path) -> None:
    """One repairs, the other waits and finds it right."""
    with started(registry, cwd=tmp_path) as one, started(registry, cwd=tmp_path) as other:
        outputs = [process.communicate(timeout=DEADLINE_SECONDS) for process in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0], outputs
    assert blob.read_bytes() == weights()
    assert fetched(registry) == 2 * PIECE


def test_a_store_that_is_read_only(blob: Path, tmp_path: Path, registry: Registry, need_root: None) -> None:
    (tmp_path / "read-only").mkdir()
    with mounted(tmp_path / "store", tmp_path / "seen", mount='mount --bind -o ro "$0" "$1"') as place:
        before = snapshot(tmp_path / "store")
        command = ("--store", str(place.at), "repair", "--from", registry.url)
        done = packllama(*command, cwd=tmp_path, before=place.inside)
        assert done.returncode == 7, done.stdout
        assert "Read-only file system" in done.stderr
        assert snapshot(tmp_path / "store") == before
    assert registry.requests == []


@pytest.fixture
def xfs(tmp_path: Path, need_root: None, need_program: NeedProgram) -> Iterator[Mounted]:
    make = need_program("mkfs.xfs", "xfsprogs")
    image = sparse_file(tmp_path / "xfs.image", 320 * MIB)
    subprocess.run([make, "-q", "-m", "reflink=1", str(image)], check=True)
    with mounted(image, tmp_path / "xfs", mount='mount -t xfs -o loop "$0" "$1"') as found:
        yield found


def test_blocks_that_are_right_are_shared(xfs: Mounted, registry: Registry) -> None:
    """So there is room for it where there is none for a copy."""
    put_model(xfs.seen / "store", "m", weights=weights())
    assert xfs.packllama("verify").returncode == 0
    blob = xfs.seen / "store" / "blobs" / file_name()
    spoil(blob)
    other = xfs.seen / "damaged"
    other.hardlink_to(blob)
    damaged = blob.read_bytes()
    os.sync()
    figures = os.statvfs(xfs.seen)
    with (xfs.seen / "filler").open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, figures.f_bavail * figures.f_frsize - 4 * PIECE)
    done = xfs.packllama("repair", "--from", registry.url)
    assert done.returncode == 0, done.stderr
    assert blob.read_bytes() == weights()
    assert other.read_bytes() == damaged
    assert fetched(registry) == 2 * PIECE
    assert xfs.packllama("verify").returncode == 0
