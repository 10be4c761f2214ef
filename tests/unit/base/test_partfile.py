"""A file that a later run goes on with: what is kept of it, and what is not relied on."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base import fs, partfile
from packllama.base.errors import MachineError, NoSpace
from packllama.base.partfile import WORTH_RECORDING, PartFile, kept_bytes, remove_part

SIZE = 4 << 20
DATA = os.urandom(WORTH_RECORDING)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.part"


def opened(path: Path, *, size: int = SIZE) -> PartFile:
    return PartFile(path, size=size, staging=path.parent)


def leave(path: Path, data: bytes = DATA, *, size: int = SIZE) -> None:
    with opened(path, size=size) as file:
        file.write(data)


def record(path: Path) -> Path:
    return path.with_name("x.part.synced")


def restart(monkeypatch: pytest.MonkeyPatch, boot: str = "another run") -> None:
    monkeypatch.setattr(partfile, "boot_id", lambda: boot)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_it_is_gone_on_with(path: Path) -> None:
    leave(path)
    with opened(path) as file:
        assert (file.kept, file.length) == (len(DATA), len(DATA))
        file.write(b"more")
        assert file.length == len(DATA) + 4
    assert path.read_bytes() == DATA + b"more"
    assert kept_bytes(path, size=SIZE) == len(DATA) + 4


def test_finished(path: Path) -> None:
    with opened(path) as file:
        file.write(DATA)
        file.move_to(path.with_name("done"))
    remove_part(path)
    assert [(entry.name, entry.read_bytes()) for entry in path.parent.iterdir()] == [("done", DATA)]


def test_discarded(path: Path) -> None:
    leave(path)
    with opened(path) as file:
        file.discard()
    assert list(path.parent.iterdir()) == []


def test_after_a_restart_only_what_was_synced_is_relied_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fs, "SYNC_STEP", 300_000)
    monkeypatch.setattr(partfile, "RECORD_STEP", 400_000)
    with opened(path) as file:
        for start in range(0, len(DATA), 100_000):
            file.write(DATA[start : start + 100_000])
    synced = json.loads(record(path).read_text())["synced"]
    assert 400_000 <= synced < len(DATA)
    restart(monkeypatch)
    with opened(path) as file:
        assert file.kept == synced
        file.write(DATA[synced:])
    assert path.read_bytes() == DATA
    with opened(path) as file:
        assert file.kept == len(DATA)
    restart(monkeypatch, "a third")
    with opened(path) as file:
        assert file.kept == synced


def test_one_that_was_left_empty_is_recorded_too(path: Path) -> None:
    leave(path, b"")
    leave(path)
    with opened(path) as file:
        assert file.kept == len(DATA)


def test_cut_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written next is not what was synced."""
    monkeypatch.setattr(fs, "SYNC_STEP", 100_000)
    monkeypatch.setattr(partfile, "RECORD_STEP", 100_000)
    with opened(path) as file:
        for start in range(0, len(DATA), 100_000):
            file.write(DATA[start : start + 100_000])
    with opened(path) as file:
        file.cut_back(50_000)
        assert file.length == 50_000
        file.write(b"other")
    assert path.read_bytes() == DATA[:50_000] + b"other"
    restart(monkeypatch)
    with opened(path) as file:
        assert file.kept == 50_000


@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_what_could_not_be_synced_is_not_relied_on(call: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(fs, "SYNC_STEP", 100_000)
    file = opened(path)
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(MachineError), file:
        file.write(DATA[:200_000])
        file.move_to(path.with_name("done"))
    assert path.stat().st_size == 0


def test_a_record_that_cannot_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise NoSpace("full")

    before = open_files()
    monkeypatch.setattr(partfile, "write_file", full)
    with pytest.raises(NoSpace):
        opened(path)
    assert open_files() == before


def test_without_a_sync_nothing_is_kept_over_a_restart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(path)
    restart(monkeypatch)
    with opened(path) as file:
        assert (file.kept, path.stat().st_size) == (0, 0)


def test_where_nothing_tells_of_restarts_each_run_may_be_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    restart(monkeypatch, "")
    leave(path)
    with opened(path) as file:
        assert file.kept == 0


def test_a_record_does_not_speak_for_another_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(path).write_text(json.dumps({"boot": partfile.boot_id(), "synced": 1 << 20}))
    leave(path)
    restart(monkeypatch)
    with opened(path) as file:
        assert file.kept == 0


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b'{"boot": 1, "synced": 5}', b'{"synced": 5}', b'{"boot": "x", "synced": true}',
            b'{"boot": "x", "synced": -1}', b"[" * 900, b"\xff", b" " * 2000]
)  # fmt: skip
def test_a_damaged_record_is_none(path: Path, raw: bytes) -> None:
    leave(path)
    record(path).write_bytes(raw)
    with opened(path) as file:
        assert file.kept == 0


def test_a_small_file_is_begun_anew_and_has_no_record(path: Path) -> None:
    leave(path, b"half", size=8)
    assert not record(path).exists()
    with opened(path, size=8) as file:
        assert file.kept == 0


def too_long(path: Path, outside: Path) -> None:
    path.write_bytes(bytes(SIZE + 1))


def link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def second_name(path: Path, outside: Path) -> None:
    path.hardlink_to(outside)


def pipe(path: Path, outside: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [too_long, link, second_name, pipe])
def test_what_was_not_left_by_us_goes(path: Path, make: Callable[[Path, Path], None]) -> None:
    outside = path.with_name("outside")
    outside.write_bytes(DATA)
    make(path, outside)
    assert kept_bytes(path, size=SIZE) == 0
    with opened(path) as file:
        assert file.kept == 0
        file.write(b"new")
    assert (path.read_bytes(), path.is_symlink(), outside.read_bytes()) == (b"new", False, DATA)


def test_this_run_of_the_machine_has_a_name() -> None:
    assert len(partfile.boot_id()) == 36
