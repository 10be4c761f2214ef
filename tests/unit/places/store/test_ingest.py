"""Files of unknown digest: copied and hashed in one pass, or refused without a trace."""

import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packllama.base.errors import Cancelled, FileChanged, MachineError
from packllama.base.fs import NewFile
from packllama.base.hashing import BUFFER_COUNT, BUFFER_SIZE
from packllama.base.observer import SILENT, Observer, SilentObserver
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.places.store.ingest import ingest
from tests.unit.stores import snapshot

LONG_AGO = 1_000_000_000
MIB = 1 << 20


def pattern(size: int) -> bytes:
    """Bytes in which no two buffers are alike."""
    return b"".join(i.to_bytes(8, "big") for i in range(-(-size // 8)))[:size]


def take(source: Path, folder: Path, *, observer: Observer = SILENT, stop: Stop | None = None) -> tuple[Digest, bytes]:
    descriptor = os.open(source, os.O_RDONLY)
    try:
        with NewFile(folder) as out:
            ingested = ingest(
                descriptor,
                before=os.fstat(descriptor),
                where="f",
                out=out,
                observer=observer,
                stop=stop or Stop(),
            )
            return ingested.digest, out.path.read_bytes()
    finally:
        os.close(descriptor)


class Acting(SilentObserver):
    """Does something once, after the first bytes have passed."""

    def __init__(self, action: Callable[[], object]) -> None:
        self.counted = 0
        self._action = action

    def advanced(self, count: int) -> None:
        if not self.counted:
            self._action()
        self.counted += count


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of three buffers, last written long ago."""
    path = tmp_path / "source"
    path.write_bytes(pattern(3 * BUFFER_SIZE))
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


@pytest.mark.parametrize(
    "size",
    [
        0,
        1,
        BUFFER_SIZE - 1,
        BUFFER_SIZE,
        BUFFER_SIZE + 1,
        MIB - 1,
        MIB,
        MIB + 1,
        (BUFFER_COUNT + 1) * BUFFER_SIZE,
        3 * MIB,
    ],
)
def test_the_digest_and_the_bytes(tmp_path: Path, work: Path, size: int) -> None:
    data = pattern(size)
    (tmp_path / "f").write_bytes(data)
    observer = Acting(lambda: None)
    assert take(tmp_path / "f", work, observer=observer) == (Digest(hashlib.sha256(data).hexdigest()), data)
    assert observer.counted == size


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(size=st.integers(0, 6 * BUFFER_SIZE), seed=st.binary(min_size=1, max_size=9))
def test_any_size(tmp_path: Path, work: Path, size: int, seed: bytes) -> None:
    data = (seed * (size // len(seed) + 1))[:size]
    (tmp_path / "f").write_bytes(data)
    assert take(tmp_path / "f", work) == (Digest.of(data), data)


def shorten(path: Path) -> None:
    os.truncate(path, BUFFER_SIZE + 10)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"other bytes")


@pytest.mark.parametrize("change", [shorten, empty, lengthen, rewrite])
def test_a_file_that_changes_meanwhile(source: Path, work: Path, change: Callable[[Path], None]) -> None:
    with pytest.raises(FileChanged) as caught:
        take(source, work, observer=Acting(lambda: change(source)))
    assert caught.value.where == "f"
    assert caught.value.hint
    assert snapshot(work) == {}


def test_stopping(source: Path, work: Path) -> None:
    stop = Stop()
    before = threading.active_count()
    with pytest.raises(Cancelled):
        take(source, work, observer=Acting(stop.set), stop=stop)
    assert snapshot(work) == {}
    assert threading.active_count() == before


def test_an_error_of_the_observer_ends_the_hash_thread(source: Path, work: Path) -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        take(source, work, observer=Acting(lambda: 1 / 0))
    assert snapshot(work) == {}
    assert threading.active_count() == before


def test_a_file_that_cannot_be_read(tmp_path: Path, work: Path) -> None:
    (tmp_path / "f").write_bytes(b"data")
    descriptor = os.open(tmp_path / "f", os.O_WRONLY)
    try:
        with NewFile(work) as out, pytest.raises(MachineError) as caught:
            ingest(descriptor, before=os.fstat(descriptor), where="f", out=out, observer=SILENT, stop=Stop())
    finally:
        os.close(descriptor)
    assert "(while reading)" in caught.value.message
