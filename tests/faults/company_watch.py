"""Look on while others work: is every listed model whole at every instant, and does anybody wait for ever?"""

import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.faults.checker import check_manifest, listed


class Repeated(threading.Thread):
    """A context manager: does the same over and over beside the block, at random instants. ``rounds`` were done."""

    def __init__(self, action: Callable[[], object], *, seed: int, longest_pause_seconds: float) -> None:
        super().__init__(daemon=True)
        self.rounds = 0
        self.error: BaseException | None = None
        self._action = action
        self._random = random.Random(seed)
        self._longest = longest_pause_seconds
        self._over = threading.Event()

    def run(self) -> None:
        try:
            while not self._over.wait(self._random.uniform(0, self._longest)):
                self._action()
                self.rounds += 1
        except BaseException as error:  # noqa: BLE001 - the test's own thread raises it
            self.error = error

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self.join()
        if self.error and error is None:
            raise self.error


def assert_whole_now(store: Path, *, always: Sequence[Path]) -> None:
    """Every manifest that is the same file before and after a look at its blobs has them all. ``always`` are there."""
    for path in always:
        assert path.is_file(), f"{path} is gone"
    for path in map(Path, listed(str(store))):
        # While it is open, no other file can pass for it.
        with suppress(FileNotFoundError), path.open("rb") as file:
            wrong = _wrong(store, path)
            assert not wrong or not os.path.samestat(os.fstat(file.fileno()), path.stat()), wrong


def _wrong(store: Path, manifest: Path) -> list[str]:
    try:
        return check_manifest(str(store), str(manifest))
    except FileNotFoundError as error:  # between two looks at a blob
        return [f"{manifest}: {error.filename} went"]


def ended(processes: Sequence[subprocess.Popen[str]], *, within_seconds: float) -> list[tuple[str, str]]:
    """What each printed on stdout and stderr. Who has not ended by then waits for ever: the error says for what."""
    deadline = time.monotonic() + within_seconds
    try:
        return [process.communicate(timeout=max(1, deadline - time.monotonic())) for process in processes]
    except subprocess.TimeoutExpired as error:
        told = [*(_where(process.pid) for process in processes), "/proc/locks:", _text("/proc/locks")]
        raise AssertionError("\n".join(told)) from error
    finally:
        for process in processes:
            for number in reversed(_family(process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(number, 9)


def _family(number: int) -> list[int]:
    """The process and all below it; none when it is over."""
    if not Path(f"/proc/{number}").exists():
        return []
    below = _text(f"/proc/{number}/task/{number}/children").split()
    return [number, *(each for child in below for each in _family(int(child)))]


def _where(number: int) -> str:
    return "\n".join(_where_one(Path(f"/proc/{each}")) for each in _family(number))


def _where_one(process: Path) -> str:
    """In which call each thread of a process stands, and which files it has open."""
    lines = [f"{process}: {_text(process / 'cmdline')!r}"]
    for task in _inside(process / "task"):
        lines.append(f"  thread {task.name}: {_text(task / 'wchan')}\n{_text(task / 'stack')}")
    for descriptor in _inside(process / "fd"):
        with suppress(OSError):
            lines.append(f"  {descriptor.name} -> {descriptor.readlink()}")
    return "\n".join(lines)


def _inside(folder: Path) -> list[Path]:
    with suppress(OSError):
        return list(folder.iterdir())
    return []


def _text(path: Path | str) -> str:
    with suppress(OSError):
        return Path(path).read_text(errors="replace")
    return ""
