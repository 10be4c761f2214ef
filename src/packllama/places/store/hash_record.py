"""What we know about blobs that we have hashed: which file it was when its bytes were right.

A record says inode, size, modification and change time, and when. While all of them still hold, nobody has
written to the file, and it need not be hashed again. Any doubt means: no record. ``verify`` never asks.
"""

import contextlib
import json
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.fs import read_small, write_file
from packllama.digest import Digest
from packllama.places.store.layout import Layout

_LIMIT = 1000


def has_valid_record(layout: Layout, digest: Digest) -> bool:
    """Whether the blob is, by all signs, the file that hashed to its digest."""
    try:
        record = json.loads(read_small(layout.hash_record(digest), limit=_LIMIT, what="a hash record"))
        signs = _signs(layout.blob(digest))
    except (PackLlamaError, OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and all(record.get(key) == value for key, value in signs.items())


def write_record(layout: Layout, digest: Digest, *, hashed_at: float, staging: Path) -> None:
    """Note that the blob's bytes were right at ``hashed_at`` (seconds since the epoch).

    The caller knows that nobody wrote to it since. A store that cannot be written simply gets no record.
    """
    with contextlib.suppress(PackLlamaError, OSError):
        record = {**_signs(layout.blob(digest)), "hashed_at": hashed_at}
        write_file(layout.hash_record(digest), json.dumps(record).encode(), staging=staging)


def _signs(path: Path) -> dict[str, int]:
    status = path.stat()
    return {
        "inode": status.st_ino,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
    }
