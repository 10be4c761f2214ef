"""Which plain files lie in folders. No link is followed, nothing is opened, and there is an end to it."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from packllama.base.errors import BadInput, MissingFile, PackLlamaError, from_os_error
from packllama.base.stop import Stop

# A download folder has a few hundred files, a store of a thousand models ten thousand.
MOST_FILES = 200_000
DEEPEST = 40

# packllama's own files in a store, and what every ext file system has in its root.
_NOT_ENTERED = {".packllama", "lost+found"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A plain file as it was when it was looked at."""

    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> Self:
        return cls(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(slots=True)
class Sight:
    """What was seen. ``unread``: what could not be looked at, and why. ``entered``: the folders, as `identity` says."""

    files: list[Seen] = field(default_factory=list)
    unread: list[PackLlamaError] = field(default_factory=list)
    entered: set[tuple[int, int]] = field(default_factory=set)


def walk(roots: Sequence[Path], *, without: Iterable[Path] = (), stop: Stop) -> Sight:
    """All plain files at or below the roots, by path; each folder is entered once. ``without``: folders not to enter.

    A root may be a link; it was named. Other links are passed over, and so are pipes, sockets and devices.

    Raises:
        MissingFile, BadInput: a root is not there, or no file and no folder; there are more than `MOST_FILES`.
        Cancelled: the stop was set.
    """
    sight = Sight()
    passed = {identity(folder.stat()) for folder in without if folder.is_dir()}
    sight.entered |= passed
    for root in roots:
        status = _status(root)
        if stat.S_ISREG(status.st_mode):
            sight.files.append(Seen.of(str(root.resolve() if root.is_symlink() else root), status))
            continue
        for file in _below(str(root), status, sight, stop):
            sight.files.append(file)
            if len(sight.files) > MOST_FILES:
                raise BadInput(
                    f"there are more than {MOST_FILES:,} files",
                    where=str(root),
                    hint="Name the folder in which the downloads are.",
                )
    sight.files.sort(key=lambda file: file.path)
    sight.entered -= passed
    return sight


def _status(root: Path) -> os.stat_result:
    try:
        status = root.stat()
    except FileNotFoundError as error:
        raise MissingFile(
            "no such file or folder", where=str(root), hint="Check the spelling, and that the disk is mounted."
        ) from error
    except OSError as error:
        raise from_os_error(error, doing="looking at", where=root) from error
    if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
        raise BadInput("expected a file or a folder, found a pipe, socket or device", where=str(root))
    return status


def _below(root: str, status: os.stat_result, sight: Sight, stop: Stop) -> Iterator[Seen]:
    waiting = [(root, identity(status), 0)]
    while waiting:
        folder, which, depth = waiting.pop()
        if which in sight.entered:
            continue
        sight.entered.add(which)
        stop.check()
        for path, found in _entries(folder, sight):
            if stat.S_ISREG(found.st_mode):
                yield Seen.of(path, found)
            elif stat.S_ISDIR(found.st_mode) and path.rpartition("/")[2] not in _NOT_ENTERED:
                if depth == DEEPEST:
                    sight.unread.append(BadInput("too deep to be looked into", where=path))
                else:
                    waiting.append((path, identity(found), depth + 1))


def _entries(folder: str, sight: Sight) -> Iterator[tuple[str, os.stat_result]]:
    path = folder
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = entry.path
                yield path, entry.stat(follow_symlinks=False)
    except OSError as error:
        sight.unread.append(from_os_error(error, doing="looking through the folder", where=path))


def identity(status: os.stat_result) -> tuple[int, int]:
    """Which file or folder it is, whatever path leads there."""
    return status.st_dev, status.st_ino
