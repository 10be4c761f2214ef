"""What files hashed to, remembered from one run to the next while they stay as they were.

It only helps to choose among files: whatever is copied is hashed on its way. So losing it costs time, and a lie in it
no more. No name of any file is noted.
"""

import json
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.fs import make_directory, write_file
from packllama.base.reading import read_small
from packllama.digest import Digest
from packllama.places.loose.walk import Seen

# The newest; each takes about 150 bytes.
MOST = 4096
_LIMIT = 2 << 20

_Key = tuple[int, int, int, int, int]


class Memory:
    """``path`` None: nothing outlives this object."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known = dict(_read(path)) if path else {}
        self._changed = False

    def digest(self, file: Seen) -> Digest | None:
        return self._known.get(_key(file))

    def learn(self, file: Seen, digest: Digest) -> None:
        self._known.pop(_key(file), None)
        self._known[_key(file)] = digest
        self._changed = True

    def save(self) -> None:
        """Keep it for the next run. Raises: PackLlamaError."""
        if self._path is None or not self._changed:
            return
        newest = list(self._known.items())[-MOST:]
        data = json.dumps([[*key, digest.hex] for key, digest in newest], separators=(",", ":"))
        make_directory(self._path.parent, below=self._path.parent)
        write_file(self._path, data.encode(), staging=self._path.parent, mode=0o600)
        self._changed = False


def _key(file: Seen) -> _Key:
    return file.device, file.inode, file.size, file.mtime_ns, file.ctime_ns


def _read(path: Path) -> list[tuple[_Key, Digest]]:
    """Any doubt means: nothing."""
    try:
        rows = json.loads(read_small(path, limit=_LIMIT, what="remembered digests"))
        known = []
        for device, inode, size, mtime_ns, ctime_ns, text in rows:
            key = (int(device), int(inode), int(size), int(mtime_ns), int(ctime_ns))
            known.append((key, Digest(str(text))))
    except (PackLlamaError, ValueError, TypeError, OverflowError, RecursionError):
        return []
    return known[-MOST:]
