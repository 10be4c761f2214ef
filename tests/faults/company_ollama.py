"""What an Ollama beside us does to a store: its clean-up at start, and the old files it may have left."""

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.checker import listed

BLOB = re.compile(r"sha256-[0-9a-f]{64}\Z")
HOUR_SECONDS = 3600


def clean_up(store: Path, *, spared_seconds: float = 0) -> int:
    """Remove every blob that no manifest names and that is not that young. Returns how many.

    With 0 seconds it is an Ollama whose clock is hours ahead: harsher than any real one.
    """
    used = _used(store)
    found = [path for path in (store / "blobs").glob("*") if not BLOB.match(path.name) or path.name not in used]
    removed = sum(_remove(store, path, spared_seconds) for path in found)
    for folder, _, _ in os.walk(store / "manifests", topdown=False):
        if Path(folder) != store / "manifests":
            with suppress(OSError):  # not empty, or gone
                Path(folder).rmdir()
    return removed


def _used(store: Path) -> set[str]:
    used = set()
    for path in listed(str(store)):
        with suppress(FileNotFoundError):
            manifest = json.loads(Path(path).read_bytes())
            used |= {layer["digest"].replace(":", "-") for layer in [manifest["config"], *(manifest["layers"] or [])]}
    return used


def _remove(store: Path, path: Path, spared_seconds: float) -> bool:
    with suppress(FileNotFoundError), _in_one_breath(store, spared_seconds):
        if not spared_seconds or path.lstat().st_mtime + spared_seconds < time.time():
            path.unlink()
            return True
    return False


@contextmanager
def _in_one_breath(store: Path, spared_seconds: float) -> Iterator[None]:
    """Nothing is published between the look at a file's age and its removal, which nobody could prevent.

    Who spares nothing looks at nothing, and must not wait for those whose steps it stands between.
    """
    if not spared_seconds:
        yield
        return
    descriptor = os.open(store / ".packllama/locks/publish", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def leave_old(store: Path, blob: Path, staging: Path) -> None:
    """Put a whole blob there that nobody names, as old as a clean-up likes them, unless there is one."""
    staging.write_bytes(blob.read_bytes())
    long_ago = time.time() - 2 * HOUR_SECONDS
    os.utime(staging, (long_ago, long_ago))
    with suppress(FileExistsError):
        (store / "blobs" / blob.name).hardlink_to(staging)
    staging.unlink()
