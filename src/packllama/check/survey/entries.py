"""What lies in a store's folders: each thing is looked at once, and nothing is opened."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import from_os_error

# How a link fails that leads nowhere, in a circle, or through a file.
_NOWHERE = {errno.ENOENT, errno.ELOOP, errno.ENOTDIR}


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder. ``status`` is its own: a link's is not that of what it leads to."""

    path: str
    status: os.stat_result

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_plain(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def is_folder(self) -> bool:
        """Also for a link that leads to one, as far as that may be looked at."""
        if self.is_link:
            return os.path.isdir(self.path)  # noqa: PTH112 - Path.is_dir can raise
        return stat.S_ISDIR(self.status.st_mode)

    def followed(self) -> os.stat_result | None:
        """The status of what it is or leads to; None for a link that leads nowhere.

        Raises: MachineError, when that cannot be looked at: it must not count as absent.
        """
        if not self.is_link:
            return self.status
        try:
            return os.stat(self.path)  # noqa: PTH116 - ten thousand of them
        except OSError as error:
            if error.errno in _NOWHERE:
                return None
            raise from_os_error(error, doing="looking at the store", where=self.path) from error


def entries(folder: Path | str) -> list[Entry]:
    """What is in a folder, by name; nothing when it is not there.

    Raises: MachineError, when it cannot be listed.
    """
    try:
        return sorted(_scanned(folder), key=lambda entry: entry.path)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if error.errno == errno.ELOOP:
            return []
        raise from_os_error(error, doing="listing the store", where=folder) from error


def _scanned(folder: Path | str) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        for each in found:
            with contextlib.suppress(FileNotFoundError):  # gone by now
                yield Entry(each.path, each.stat(follow_symlinks=False))


def entries_at(paths: Iterable[Path]) -> list[Entry]:
    """Those of the paths that are there and may be looked at.

    Raises: MachineError, when one cannot be.
    """
    found = []
    for path in paths:
        try:
            found.append(Entry(str(path), path.lstat()))
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        except OSError as error:
            raise from_os_error(error, doing="looking at the store", where=path) from error
    return found
