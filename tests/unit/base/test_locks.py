"""Locks between processes."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from packllama.base import locks
from packllama.base.errors import Cancelled, PackLlamaError
from packllama.base.locks import FileLock, held, is_held
from packllama.base.stop import Stop

HOLDER = """
import os, sys
from pathlib import Path
from packllama.base.locks import FileLock
from packllama.base.stop import Stop
lock = FileLock(Path(sys.argv[1]), holder=f"process {os.getpid()} (test)")
lock.acquire(exclusive=sys.argv[2] == "exclusive", stop=Stop())
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


@contextlib.contextmanager
def other_process(path: Path, mode: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its stdin ends."""
    command = [sys.executable, "-c", HOLDER, str(path), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


@pytest.mark.parametrize(
    ("theirs", "ours", "granted"),
    [
        ("exclusive", "exclusive", False),
        ("exclusive", "shared", False),
        ("shared", "exclusive", False),
        ("shared", "shared", True),
    ],
)
def test_who_may_hold_it_together(tmp_path: Path, theirs: str, ours: str, granted: bool) -> None:
    lock = FileLock(tmp_path / "lock", holder="we")
    with other_process(lock.path, theirs):
        assert lock.try_acquire(exclusive=ours == "exclusive") is granted
        lock.release()
    assert lock.try_acquire(exclusive=True)


def test_a_waiter_is_told_once_for_whom_it_waits(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", holder="we")
    told: list[str] = []
    with other_process(lock.path, "exclusive") as process:
        assert process.stdin

        def on_wait(holder: str) -> None:
            told.append(holder)
            assert process.stdin
            process.stdin.close()

        lock.acquire(exclusive=True, stop=Stop(), on_wait=on_wait)
        assert told == [f"process {process.pid} (test)"]
    assert lock.read_holder() == "we"


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", holder="we")
    with other_process(lock.path, "exclusive") as process:
        assert not lock.try_acquire(exclusive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert lock.try_acquire(exclusive=True)


def test_waiting_ends_when_the_user_stops_it(tmp_path: Path) -> None:
    stop = Stop()
    with other_process(tmp_path / "lock", "shared"), pytest.raises(Cancelled):
        with held(tmp_path / "lock", holder="we", exclusive=True, stop=stop, on_wait=lambda _: stop.set()):
            pytest.fail("the lock was given away twice")


def test_a_lock_file_that_is_removed_meanwhile_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock, removals = locks._flock, [True]

    def remove_first(descriptor: int, *, exclusive: bool) -> bool:
        if removals:
            removals.pop()
            (tmp_path / "lock").unlink()
        return flock(descriptor, exclusive=exclusive)

    monkeypatch.setattr(locks, "_flock", remove_first)
    first, second = FileLock(tmp_path / "lock", holder="1"), FileLock(tmp_path / "lock", holder="2")
    assert first.try_acquire(exclusive=True)
    assert not second.try_acquire(exclusive=True)
    first.release(remove=True)
    assert not (tmp_path / "lock").exists()
    assert second.try_acquire(exclusive=True)


def test_a_lock_is_given_back_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path / "lock", holder="we", exclusive=True, stop=Stop()):
        _ = 1 / 0
    assert FileLock(tmp_path / "lock", holder="you").try_acquire(exclusive=True)


def test_giving_back_twice_does_nothing(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", holder="we")
    lock.release(remove=True)
    assert lock.try_acquire(exclusive=True)
    lock.release()
    lock.release(remove=True)
    assert lock.path.exists()


def test_a_lock_is_never_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"data")
    (tmp_path / "lock").symlink_to("precious")
    with pytest.raises(PackLlamaError):
        FileLock(tmp_path / "lock", holder="we").try_acquire(exclusive=True)
    assert (tmp_path / "precious").read_bytes() == b"data"


@pytest.mark.parametrize("kind", ["nothing", "empty", "pipe", "folder", "huge"])
def test_an_unknown_holder(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "lock"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind != "nothing":
        path.touch()
        os.truncate(path, 1 << 40 if kind == "huge" else 0)
    assert FileLock(path, holder="we").read_holder() == "another process"


def test_a_lock_file_with_a_second_name_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"data")
    (tmp_path / "lock").hardlink_to(tmp_path / "precious")
    lock = FileLock(tmp_path / "lock", holder="we")
    with pytest.raises(PackLlamaError, match="second name") as caught:
        lock.try_acquire(exclusive=True)
    assert caught.value.where == str(tmp_path / "lock")
    assert (tmp_path / "precious").read_bytes() == b"data"
    (tmp_path / "lock").unlink()
    assert lock.try_acquire(exclusive=True)


@pytest.mark.parametrize("remove", [False, True])
def test_held_for_a_block(tmp_path: Path, remove: bool) -> None:
    path = tmp_path / "lock"
    with held(path, holder="we", exclusive=True, stop=Stop(), remove=remove):
        assert is_held(path)
    assert (is_held(path), path.exists()) == (False, not remove)


@pytest.mark.parametrize("exclusive", [True, False])
def test_those_count_too_that_share_it(exclusive: bool, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with held(path, holder="us", exclusive=exclusive, stop=Stop()):
        assert (is_held(path), is_held(path, shared=True)) == (exclusive, True)
    assert not is_held(path, shared=True)
    assert not is_held(tmp_path / "nothing", shared=True)
