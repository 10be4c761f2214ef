"""How much becomes free when something goes, and how old it is."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from packllama.base.stop import Stop
from packllama.base.units import human_age


def measure(path: Path, stop: Stop) -> tuple[int, float]:
    """The bytes that become free when it goes, and when it last changed or came here, with all that is in a folder.

    Raises: OSError, when it cannot be looked at. Cancelled.
    """
    size, changed = 0, float("-inf")
    for each in (path, *_inside(path)):
        stop.check()
        status = each.lstat()
        # An archive or a copy brings an old mtime along; the ctime is this disk's own.
        size, changed = size + _freed(status), max(changed, status.st_mtime, status.st_ctime)
    return size, changed


def _inside(path: Path) -> Iterator[Path]:
    """The folders and files in a folder; of all else, and of a link, nothing."""
    if path.is_symlink():
        return
    for folder, folders, files in os.walk(path):
        yield from (Path(folder, name) for name in (*folders, *files))


def _freed(status: os.stat_result) -> int:
    """Of a file with holes no more than it takes; nothing of one that has another name. Some disks tell no blocks."""
    if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        return 0
    return min(status.st_size, status.st_blocks * 512 or status.st_size)


def too_young(age: float, least: float | None) -> str:
    """Why something of this age may not go yet, in words; empty: it may. ``least`` None: at any age."""
    if least is None or age >= max(least, 0):
        return ""
    if age < 0:
        return "its time is still to come, so its age is not known"
    return f"younger than {human_age(least).lower()}"
