"""One blob's file in place of another that is damaged. At every instant one of the two is in the store.

A run that finds no blob, but one in the quarantine, was stopped in between on a file system without hard links.
"""

import stat
from pathlib import Path

from packllama.base.errors import IntegrityError
from packllama.base.fs import clear, link, make_directory, move, translated
from packllama.digest import Digest
from packllama.places.store.layout import Layout


def put_in_place(layout: Layout, digest: Digest, source: Path) -> None:
    """Give the blob's name to ``source``, a durable file. What had the name is in the quarantine then.

    Other names of the damaged file still mean that one.

    Raises: IntegrityError, when what is there is no plain file; MachineError.
    """
    target, kept = layout.blob(digest), layout.quarantined(digest)
    make_directory(layout.quarantine, below=layout.root)
    if is_plain(target):
        clear(kept)
        if not link(target, kept):
            move(target, kept)
    move(source, target)


def is_plain(path: Path) -> bool:
    """Whether there is a file. Raises: IntegrityError, when there is something else."""
    with translated("looking at a blob", path):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            return False
    if stat.S_ISREG(mode):
        return True
    what = "a link" if stat.S_ISLNK(mode) else "a folder, pipe, socket or device"
    raise IntegrityError(
        f"expected a blob, found {what}; it is not replaced",
        where=str(path),
        hint="Move it away, then run the same command again: what is missing is fetched.",
    )
