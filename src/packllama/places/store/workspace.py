"""packllama's own folder in a store: made and checked before anything is written, swept of what was killed."""

import contextlib
import errno
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from packllama.base.errors import NoRights, NotSupported, PackLlamaError
from packllama.base.fs import check_writable, make_directory, remove_tree, write_file
from packllama.base.locks import FileLock
from packllama.base.reading import read_small
from packllama.base.stop import Stop
from packllama.places.store.layout import Layout

# The version of what is under `.packllama/`. A higher one was written by a newer packllama.
OWN_VERSION = 1


def prepare(layout: Layout, *more: Path) -> None:
    """Make a store's folders where they are missing, and ``more`` in it, and see whether they may be written.

    Raises:
        NoRights: they may not. The hint says how to become who may.
        NotSupported: a newer packllama works in this store.
    """
    try:
        for folder in (layout.root, layout.blobs, layout.manifests):
            check_writable(folder)
        own = layout.locks, layout.work, layout.hashes, layout.pieces
        for folder in (layout.blobs, layout.manifests, *own, *more):
            make_directory(folder, below=layout.root)
            check_writable(folder)
        if not layout.version_file.exists():
            write_file(layout.version_file, f"{OWN_VERSION}\n".encode(), staging=layout.own)
    except NoRights as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EROFS:
            raise
        raise NoRights(error.message, where=error.where, hint=_who_may(layout)) from error
    text = read_small(layout.version_file, limit=100, what="a version file").decode(errors="replace").strip()
    if text != str(OWN_VERSION):
        raise NotSupported(
            f"expected version {OWN_VERSION} of packllama's own files, found {text!r}",
            where=str(layout.version_file),
            hint="A newer packllama writes into this store; use that one.",
        )


def _who_may(layout: Layout) -> str:
    try:
        owner = layout.root.owner()
    except KeyError:
        owner = f"user {layout.root.stat().st_uid}"
    except OSError:
        owner = "somebody else"
    command = f'sudo "$(command -v packllama)" --store {shlex.quote(str(layout.root))} …'
    return f"The store belongs to {owner}. Run the same command as root; what it makes will belong to them: {command}"


def store_lock(layout: Layout) -> Path:
    """Shared among writers, exclusive for whoever removes blobs."""
    return layout.locks / "store"


@contextlib.contextmanager
def work_folder(layout: Layout, holder: str) -> Iterator[Path]:
    """A folder for one session's unpublished blobs, removed at the end."""
    token = os.urandom(8).hex()
    lock = FileLock(layout.locks / f"work-{token}", holder=holder)
    lock.acquire(exclusive=True, stop=Stop())
    folder = layout.work / token
    try:
        make_directory(folder, below=layout.root)
        yield folder
    finally:
        with contextlib.suppress(PackLlamaError):
            remove_tree(folder)
        lock.release(remove=True)


def sweep(layout: Layout) -> None:
    """Remove the work folders of sessions that were killed: nobody holds their locks.

    What somebody else put there, or what cannot be removed, stays: it is in nobody's way.
    """
    for folder in list(layout.work.iterdir()):
        with contextlib.suppress(PackLlamaError, OSError):
            _sweep_one(layout, folder)
    for path in layout.locks.glob("work-*"):
        # Killed between taking the lock and making the folder, or between removing the two.
        with contextlib.suppress(PackLlamaError, OSError):
            lock = FileLock(path, holder="cleaning up")
            if lock.try_acquire(exclusive=True):
                lock.release(remove=True)


def _sweep_one(layout: Layout, folder: Path) -> None:
    if folder.is_symlink() or not folder.is_dir():
        return
    lock = FileLock(layout.locks / f"work-{folder.name}", holder="cleaning up")
    if lock.try_acquire(exclusive=True):
        try:
            remove_tree(folder)
        finally:
            lock.release(remove=True)
