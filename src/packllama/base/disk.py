"""What is known of a disk: its free space, and what its file system cannot do."""

import contextlib
import os
from pathlib import Path

from packllama.base.fs import translated

# What FAT can address in one file.
_FAT_FILE_LIMIT = (1 << 32) - 1
_FAT_TYPES = {"vfat", "msdos", "fuse.fusefat"}

# Drivers that write to the wrong place, and may call it done, when a file that was closed is appended to.
_CANNOT_APPEND = {"fuse.fusefat"}


def free_space(path: Path) -> int | None:
    """Bytes that this user may still write to the file system of ``path``; None when it does not tell."""
    with translated("asking for free space", path):
        figures = os.statvfs(path)
    return figures.f_bavail * figures.f_frsize if figures.f_blocks else None


def file_size_limit(path: Path) -> int | None:
    """The largest file that the file system of ``path`` can hold, in bytes; None when nothing is known."""
    return _FAT_FILE_LIMIT if _types(path) & _FAT_TYPES else None


def may_append(path: Path) -> bool:
    """Whether a file that is there can be gone on with, as far as is known of its file system."""
    return not _types(path) & _CANNOT_APPEND


def file_system(path: Path) -> str:
    """What the system calls the file system of ``path``: ``ext4``; "" where it does not tell."""
    return next(iter(_types(path)), "")


def _types(path: Path) -> set[str]:
    """What the system calls the file system of ``path``: one word; none where it does not tell."""
    found = set()
    with contextlib.suppress(OSError):
        device = path.stat().st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
            before, _, after = line.partition(" - ")
            if before.split()[2] == wanted:
                found.add(after.split()[0])
    return found
