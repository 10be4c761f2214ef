"""A file of the user that becomes a blob by a hard link: only when nobody but its owner, us, can write to it."""

import os
import stat
from pathlib import Path

from packllama.base.fs import remove, sync_file
from packllama.places.store.ingest import same_file

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def why_not_to_link(path: Path, *, before: os.stat_result, target: Path) -> str:
    """What speaks against it, in words; empty when nothing does. ``target`` is the folder the link would be in."""
    try:
        store = target.stat()
        found = [reason for reason, holds in _reasons(path.lstat(), before, store) if holds]
    except OSError as error:
        return str(error.strerror)
    return found[0] if found else ""


def hard_link(descriptor: int, path: Path, *, before: os.stat_result, target: Path) -> bool:
    """Give the open file a second name, if ``path`` still means it. False: there is none.

    The file's bytes are synced: its owner wrote them, perhaps a moment ago.
    """
    sync_file(descriptor, path)
    try:
        target.hardlink_to(path)
        linked = same_file(target.lstat(), before)
    except OSError:
        linked = False
    if not linked:
        remove(target)
    return linked


def _reasons(named: os.stat_result, file: os.stat_result, store: os.stat_result) -> tuple[tuple[str, bool], ...]:
    return (
        ("it is a symbolic link", stat.S_ISLNK(named.st_mode)),
        ("it lies on another file system than the store", store.st_dev != file.st_dev),
        ("it belongs to somebody else", file.st_uid != os.geteuid()),
        ("others can write to it (chmod go-w would change that)", bool(file.st_mode & _OTHERS_MAY_WRITE)),
        # Ollama sets the time of a blob that it uses, which only the owner of a file may do.
        ("it would not belong to the store's owner", file.st_uid != store.st_uid),
    )
