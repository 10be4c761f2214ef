"""packllama's own folder in a store: made and checked before anything is written, swept of what was killed."""

import contextlib
import errno
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from packllama.base.errors import NoRights, NotSupported, PackLlamaError
from packllama.base.fs import check_writable, make_directory, remove_tree, write_file
from packllama.base.locks import FileLock, held, is_held
from packllama.base.observer import Observer
from packllama.base.reading import read_small
from packllama.base.stop import Stop
from packllama.places.store.layout import Layout

# The version of what is under `.packllama/`. A higher one was written by a newer packllama.
OWN_VERSION = 1


def needed(layout: Layout) -> tuple[Path, ...]:
    """The folders that every writer makes where they are missing, and must be able to write into."""
    return layout.blobs, layout.manifests, layout.locks, layout.work, layout.hashes, layout.pieces


def prepare(layout: Layout, *more: Path) -> None:
    """Make a store's folders where they are missing, and ``more`` in it, and see whether they may be written.

    Raises:
        NoRights: they may not. The hint says how to become who may.
        NotSupported: a newer packllama works in this store.
    """
    try:
        for folder in (layout.root, layout.blobs, layout.manifests):
            check_writable(folder)
        for folder in (*needed(layout), *more):
            make_directory(folder, below=layout.root)
            check_writable(folder)
        if not layout.version_file.exists():
            write_file(layout.version_file, f"{OWN_VERSION}\n".encode(), staging=layout.own)
    except NoRights as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EROFS:
            raise
        raise NoRights(error.message, where=error.where, hint=who_may(layout)) from error
    text = read_small(layout.version_file, limit=100, what="a version file").decode(errors="replace").strip()
    if text != str(OWN_VERSION):
        raise NotSupported(
            f"expected version {OWN_VERSION} of packllama's own files, found {text!r}",
            where=str(layout.version_file),
            hint="A newer packllama writes into this store; use that one.",
        )


def who_may(layout: Layout) -> str:
    """Whose store it is, and the command by which others write into it."""
    command = f'sudo "$(command -v packllama)" --store {shlex.quote(str(layout.root))} …'
    return (
        f"The store belongs to {owner_of(layout.root)}. Run the same command as root; "
        f"what it makes will belong to them: {command}"
    )


def owner_of(path: Path) -> str:
    """The name of who owns a file; ``user 1000`` for one without a name."""
    try:
        return path.owner()
    except KeyError:
        return f"user {path.stat().st_uid}"
    except OSError:
        return "somebody else"


def store_lock(layout: Layout) -> Path:
    """Shared among writers, exclusive for whoever removes blobs."""
    return layout.locks / "store"


def hold_store(
    layout: Layout, *, holder: str, exclusive: bool, observer: Observer, stop: Stop
) -> contextlib.AbstractContextManager[None]:
    """Be one of the writers, or alone, for a block. A waiter is told who is at work, once."""

    def on_wait(last: str) -> None:
        observer.waiting(", ".join(_at_work(layout)) or last)

    return held(store_lock(layout), holder=holder, exclusive=exclusive, stop=stop, on_wait=on_wait)


def _at_work(layout: Layout) -> list[str]:
    """The sessions that there are. What the lock itself says is only who came last, and may have left."""
    locks = [path for path in layout.locks.glob("work-*") if is_held(path)]
    return sorted(FileLock(path, holder="").read_holder() for path in locks)


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
