"""Hash a file that was seen, if it is still the same."""

import os
from dataclasses import replace
from pathlib import Path

from packllama.base.errors import FileChanged
from packllama.base.hashing import hash_all
from packllama.base.observer import Observer
from packllama.base.reading import FileRange, opened_plain
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.pieces import PIECE_BYTES
from packllama.places.loose.walk import Seen


def digest_of(file: Seen, *, observer: Observer, stop: Stop) -> Digest:
    """The digest of all its bytes.

    Raises: FileChanged, when it is not the file that was seen, or is written to; MissingFile, BadInput, MachineError,
        Cancelled.
    """
    with opened_plain(Path(file.path), what="a download", follow=False) as descriptor:
        before = Seen.of(file.path, os.fstat(descriptor))
        # A mode may have been set meanwhile, which changes the ctime and no byte.
        _check(before == replace(file, ctime_ns=before.ctime_ns), file)
        reader = FileRange(descriptor, start=0, stop=file.size, where=file.path)
        hashes = hash_all(reader, step=PIECE_BYTES, observer=observer, stop=stop)
        _check(before == Seen.of(file.path, os.fstat(descriptor)), file)
    return Digest(hashes.whole)


def _check(same: bool, file: Seen) -> None:
    if not same:
        raise FileChanged(
            "the file is not what it was a moment ago",
            where=file.path,
            hint="Wait until nobody writes to it, then run the same command again.",
        )
