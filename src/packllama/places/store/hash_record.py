"""What we know about blobs that we have hashed: which file it was when its bytes were right.

A record says inode, size, modification and change time, and when. While all of them still hold, nobody has
written to the file, and it need not be hashed again. Any doubt means: no record. ``verify`` asks only when it is told
to: a disk that forgets leaves all of them as they were.
"""

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from packllama.base.errors import PackLlamaError
from packllama.base.fs import write_file
from packllama.base.reading import read_small
from packllama.digest import Digest
from packllama.places.store.ingest import is_unchanged
from packllama.places.store.layout import Layout

_LIMIT = 1000

# The last second of which a date can be made: the year 9999.
_END_OF_TIME = 253402300800


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file whose bytes hashed to its digest ``at`` a time (seconds since the epoch), and which file that was."""

    at: float
    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result, *, at: float) -> Self:
        return cls(at, status.st_ino, status.st_size, status.st_mtime_ns)

    def is_still(self, status: os.stat_result) -> bool:
        """Whether that is the same file, and nobody has written to it since."""
        return (self.inode, self.size, self.mtime_ns) == (status.st_ino, status.st_size, status.st_mtime_ns)


def recorded(layout: Layout, digest: Digest, path: Path | None = None) -> Hashed | None:
    """What the record of a blob says, while it holds by all signs. ``path``: where the blob is, if not in its place."""
    try:
        record = json.loads(read_small(layout.hash_record(digest), limit=_LIMIT, what="a hash record"))
        status = (path or layout.blob(digest)).stat()
    except (PackLlamaError, OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(at := record.get("hashed_at"), int | float):
        return None
    if not 0 <= at < _END_OF_TIME:
        return None
    holds = all(record.get(key) == value for key, value in _signs(status).items())
    return Hashed.of(status, at=float(at)) if holds else None


def has_valid_record(layout: Layout, digest: Digest) -> bool:
    """Whether the blob is, by all signs, the file that hashed to its digest."""
    return recorded(layout, digest) is not None


def write_record(layout: Layout, digest: Digest, hashed: Hashed, *, staging: Path, path: Path | None = None) -> None:
    """Note what is known of a blob, if it is still the file that was hashed. ``path``: as for `recorded`.

    A store that cannot be written simply gets no record.
    """
    with contextlib.suppress(PackLlamaError, OSError):
        status = (path or layout.blob(digest)).stat()
        if hashed.is_still(status):
            _write(layout, digest, status, hashed.at, staging)


def note_right(layout: Layout, digest: Digest, status: os.stat_result, *, at: float, staging: Path) -> None:
    """Note that the file of this status had the blob's bytes ``at`` a time, if nothing of it has changed since.

    A store that cannot be written simply gets no record.
    """
    with contextlib.suppress(PackLlamaError, OSError):
        if is_unchanged(layout.blob(digest).stat(), status):
            _write(layout, digest, status, at, staging)


def _write(layout: Layout, digest: Digest, status: os.stat_result, at: float, staging: Path) -> None:
    record = {**_signs(status), "hashed_at": at}
    write_file(layout.hash_record(digest), json.dumps(record).encode(), staging=staging)


def _signs(status: os.stat_result) -> dict[str, int]:
    return {
        "inode": status.st_ino,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
    }
