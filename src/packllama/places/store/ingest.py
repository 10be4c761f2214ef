"""Take in a file whose digest is not known yet: read once, hash and write the very bytes that were read.

Where the bytes are in their place already (a clone, a link), they are only hashed.
"""

import os
from dataclasses import dataclass

from packllama.base.errors import FileChanged, from_os_error
from packllama.base.fs import NewFile
from packllama.base.hashing import Hashing
from packllama.base.observer import Observer
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.pieces import PIECE_BYTES, Pieces


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a file turned out to be."""

    digest: Digest
    pieces: Pieces


def ingest(
    descriptor: int, *, before: os.stat_result, where: str, out: NewFile | None, observer: Observer, stop: Stop
) -> Ingested:
    """Copy the open file into ``out``, if there is one, and say what was read.

    ``before`` is what ``fstat`` said when the caller first looked into the file.

    Raises:
        FileChanged: the file is not what it was then. What was written must not be used.
        Cancelled: ``stop`` was set.
    """
    with Hashing(step=PIECE_BYTES) as hashing:
        offset = 0
        while offset < before.st_size:
            stop.check()
            buffer = hashing.free_buffer()
            count = _read(descriptor, buffer, offset, where)
            if count == 0:
                raise _changed(where, f"it ended after {offset:,} of {before.st_size:,} bytes")
            filled = buffer[:count]
            hashing.put(buffer, filled)
            if out is not None:
                out.write(filled)
            offset += count
            observer.advanced(count)
        hashes = hashing.finish()
    check_unchanged(descriptor, before=before, where=where)
    return Ingested(Digest(hashes.whole), Pieces.of(hashes.beginnings))


def check_unchanged(descriptor: int, *, before: os.stat_result, where: str) -> None:
    """Raises: FileChanged, when the open file is not what it was ``before``."""
    if not is_unchanged(os.fstat(descriptor), before):
        raise _changed(where, "somebody wrote to it")


def is_unchanged(now: os.stat_result, before: os.stat_result) -> bool:
    """Whether it is the same file, and nobody has written to it, or done anything else that its times tell."""
    return _identity(now) == _identity(before)


def same_file(now: os.stat_result, before: os.stat_result) -> bool:
    """Like :func:`is_unchanged`, for a file that got another name since, which changes its ctime."""
    return _identity(now)[:-1] == _identity(before)[:-1]


def _read(descriptor: int, buffer: memoryview, offset: int, where: str) -> int:
    try:
        return os.preadv(descriptor, [buffer], offset)
    except OSError as error:
        raise from_os_error(error, doing="reading", where=where) from error


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _changed(where: str, how: str) -> FileChanged:
    return FileChanged(
        f"the file changed while it was read: {how}",
        where=where,
        hint="Wait until its download or copy has finished, then run the same command again.",
    )
