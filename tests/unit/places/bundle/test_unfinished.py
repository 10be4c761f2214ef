"""An export to a file that was interrupted: what the next one goes on with, what it does not rely on, and who waits."""

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, DigestMismatch, MachineError, NoSpace
from packllama.base.observer import SILENT, Observer, SilentObserver
from packllama.base.partfile import WORTH_RECORDING, boot_id
from packllama.base.stop import Stop
from packllama.model import Move
from packllama.name import ModelName
from packllama.places.bundle import BundleTarget, ToFile, output
from packllama.places.bundle.entry import BLOCK
from packllama.places.store import Store
from packllama.transfer import CopyReport, copy
from tests.unit.stores import put_blob, put_model

SMALL = b"small weights" * 100
LARGE = os.urandom(3 * WORTH_RECORDING)


class Noting(SilentObserver):
    """Keeps what a person would read."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.waits = threading.Event()

    def noted(self, text: str) -> None:
        self.notes.append(text)

    def waiting(self, holder: str) -> None:
        self.notes.append(holder)
        self.waits.set()


class StopsBehind(Noting):
    """Sets a stop once so many bytes have passed."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._left = count
        self.stop = Stop()

    def advanced(self, count: int) -> None:
        self._left -= count
        if self._left <= 0:
            self.stop.set()


class Full(SilentObserver):
    """Fails in the middle of everything."""

    def advanced(self, count: int) -> None:
        raise NoSpace("full")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    put_model(tmp_path / "store", "small", weights=SMALL)
    put_model(tmp_path / "store", "other", weights=b"other weights")
    put_model(tmp_path / "store", "large", weights=LARGE)
    return Store(tmp_path / "store")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "x.tar"


@pytest.fixture
def part(path: Path) -> Path:
    return path.with_name(".x.tar.packllama-part")


def moves(store: Store, *names: str) -> list[Move]:
    return [Move(store.find(ModelName.parse(name))) for name in names or ("small", "other")]


def export(store: Store, path: Path, *names: str, observer: Observer = SILENT, stop: Stop | None = None) -> CopyReport:
    target = BundleTarget(ToFile(path, observer=observer))
    return copy(moves(store, *names), sources=[store], target=target, observer=observer, stop=stop)


def whole(store: Store, path: Path, *names: str) -> bytes:
    """The bundle as it is when nothing happens."""
    export(store, path, *names)
    data = path.read_bytes()
    path.unlink()
    return data


def leave(part: Path, data: bytes, *, boot: str = "", synced: int = 0) -> None:
    """What a killed run leaves."""
    part.mkdir()
    (part / "bundle").write_bytes(data)
    (part / "bundle.synced").write_text(json.dumps({"boot": boot or boot_id(), "synced": synced}))
    (part / "lock").write_text("process 1")
    (part / "tmp0123456789abcdef").write_text("{")


def size_of(store: Store, *names: str) -> int:
    return sum(blob.size for blob in {blob for move in moves(store, *names) for blob in move.model.blobs})


@pytest.mark.slow
def test_it_goes_on_wherever_it_stopped(store: Store, path: Path, part: Path) -> None:
    data, size = whole(store, path), size_of(store)
    sent = []
    for end in range(0, len(data) + BLOCK, BLOCK):
        for cut in {max(end - 1, 0), end, end + 1}:
            leave(part, data[:cut])
            sent.append(export(store, path).bytes_sent)
            assert path.read_bytes() == data, cut
            assert list(path.parent.iterdir()) == [path], cut
            path.unlink()
    assert (max(sent), sent[-4]) == (size, 0)


def test_what_is_damaged_in_it_is_written_again(store: Store, path: Path, part: Path) -> None:
    data = whole(store, path)
    for position in range(0, len(data), BLOCK - 1):
        wrong = bytearray(data)
        wrong[position] ^= 1
        leave(part, bytes(wrong))
        export(store, path)
        assert path.read_bytes() == data, position
        path.unlink()


def test_of_other_models_it_is_begun_anew(store: Store, path: Path, part: Path) -> None:
    leave(part, whole(store, path, "large")[:-BLOCK])
    noting = Noting()
    data = whole(store, path.with_name("y.tar"), "large", "small")
    export(store, path, "large", "small", observer=noting)
    assert path.read_bytes() == data
    assert noting.notes == [f"beginning anew: {part} was of other models"]


def test_after_a_restart_only_what_was_synced_is_relied_on(store: Store, path: Path, part: Path) -> None:
    data = whole(store, path, "large")
    leave(part, data[:-WORTH_RECORDING] + bytes(WORTH_RECORDING), boot="another run", synced=WORTH_RECORDING)
    report = export(store, path, "large")
    assert path.read_bytes() == data
    assert len(LARGE) - WORTH_RECORDING < report.bytes_sent < len(LARGE)


def test_a_stop_keeps_it(store: Store, path: Path, part: Path) -> None:
    data = whole(store, path, "large")
    stopping, again = StopsBehind(len(LARGE) // 2), Noting()
    with pytest.raises(Cancelled):
        export(store, path, "large", observer=stopping, stop=stopping.stop)
    kept = (part / "bundle").stat().st_size
    assert data.startswith((part / "bundle").read_bytes())
    assert [note.partition(":")[0] for note in stopping.notes] == [f"1.6 MB stay in {part}"]
    begun = BundleTarget(ToFile(path)).begun(moves(store, "large"))
    report = export(store, path, "large", observer=again)
    assert path.read_bytes() == data
    assert again.notes == [f"going on behind 1.6 MB that an earlier run left in {part}"]
    assert report.bytes_sent == size_of(store, "large") - sum(begun.values())
    assert 0 < kept - sum(begun.values()) < 20 * BLOCK
    assert list(path.parent.iterdir()) == [path]


def test_little_is_not_kept(store: Store, path: Path) -> None:
    with pytest.raises(NoSpace):
        export(store, path, "large", observer=Full())
    assert list(path.parent.iterdir()) == []


def test_a_damaged_source_keeps_the_blobs_before(store: Store, path: Path, part: Path) -> None:
    larger = LARGE + b"more"
    put_model(store.layout.root, "larger", weights=larger)
    data = whole(store, path, "large", "larger")
    damaged = put_blob(store.layout.root, larger)
    damaged.write_bytes(bytes(len(larger)))
    with pytest.raises(DigestMismatch):
        export(store, path, "large", "larger")
    left = (part / "bundle").read_bytes()
    assert not path.exists()
    assert data.startswith(left)
    assert len(LARGE) < len(left) < len(data) - len(larger)
    damaged.write_bytes(larger)
    assert export(store, path, "large", "larger").bytes_sent == len(larger)
    assert path.read_bytes() == data


def test_space_is_needed_only_for_what_is_not_there(
    store: Store, path: Path, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = whole(store, path, "large")
    leave(part, data[:-100_000])
    monkeypatch.setattr(output, "free_space", lambda _: 99_999)
    with pytest.raises(NoSpace):
        export(store, path, "large")
    monkeypatch.setattr(output, "free_space", lambda _: 100_000)
    export(store, path, "large")
    assert path.read_bytes() == data


def test_the_second_waits_and_says_for_whom(store: Store, path: Path) -> None:
    first, second = Noting(), Noting()
    with ThreadPoolExecutor(1) as pool:
        with BundleTarget(ToFile(path, observer=first)).begin(moves(store), stop=Stop()):
            done = pool.submit(export, store, path, observer=second)
            assert second.waits.wait(30)
            assert not path.exists()
        assert done.result(30).published
    assert second.notes == [f"process {os.getpid()} (exporting to x.tar)"]
    assert list(path.parent.iterdir()) == [path]


def test_who_waits_hears_a_stop(store: Store, path: Path) -> None:
    stop = Stop()

    class Impatient(SilentObserver):
        def waiting(self, holder: str) -> None:
            stop.set()

    with BundleTarget(ToFile(path)).begin(moves(store), stop=Stop()):
        with pytest.raises(Cancelled):
            export(store, path, observer=Impatient(), stop=stop)


def file_of_that_name(part: Path, outside: Path) -> None:
    part.write_bytes(b"somebody's")


def link_of_that_name(part: Path, outside: Path) -> None:
    part.symlink_to(outside)


@pytest.mark.parametrize("make", [file_of_that_name, link_of_that_name])
def test_what_is_no_folder_of_ours_stays(
    make: Callable[[Path, Path], None], store: Store, path: Path, part: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    make(part, outside)
    with pytest.raises(MachineError, match="expected the folder of an unfinished bundle"):
        export(store, path)
    assert part.is_symlink() or part.read_bytes() == b"somebody's"
    assert list(outside.iterdir()) == []


def test_a_file_with_a_second_name_is_not_written_to(store: Store, path: Path, part: Path, tmp_path: Path) -> None:
    data = whole(store, path)
    leave(part, data[:-1])
    (tmp_path / "second").hardlink_to(part / "bundle")
    export(store, path)
    assert ((tmp_path / "second").read_bytes(), path.read_bytes()) == (data[:-1], data)


def test_what_somebody_put_beside_it_stays(store: Store, path: Path, part: Path) -> None:
    leave(part, b"")
    (part / "notes").write_text("mine")
    export(store, path)
    assert [entry.name for entry in part.iterdir()] == ["notes"]
