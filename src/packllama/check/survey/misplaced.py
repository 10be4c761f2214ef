"""Manifests where Ollama does not look for them. The blobs that they name must not be called unused."""

import os
import re
import stat
from pathlib import Path

from packllama.base.errors import MachineError, PackLlamaError
from packllama.base.reading import read_small
from packllama.check.survey.entries import Entry, entries
from packllama.manifest import MANIFEST_LIMIT

_DIGEST = re.compile(rb"[0-9a-fA-F]{64}")
_DESKTOPS = {".DS_Store", ".localized", "Thumbs.db", "desktop.ini"}

# What has more is no folder of manifests that somebody put in a wrong place, and is not read.
_MOST_ENTRIES = 1000


def may_be_manifest(entry: Entry) -> bool:
    """Whether a file may name a blob. What cannot be read may, and so may what a link leads to."""
    if entry.is_link:
        return True
    if not entry.is_plain or entry.status.st_size == 0 or entry.name in _DESKTOPS:
        return False
    try:
        raw = read_small(Path(entry.path), limit=MANIFEST_LIMIT, what="a manifest")
    except PackLlamaError:
        return True
    return _DIGEST.search(raw.replace(b"\0", b"")) is not None  # an editor may have made UTF-16 of it


def may_hold_manifests(folder: Path, *, root: Path) -> list[Path]:
    """Which files in a folder may be manifests; the folder itself, when it cannot be gone through.

    Links are not followed, nor is anything looked at outside of the ``root``.
    """
    if not Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(root)):
        return [folder]
    found, folders, left = [], [str(folder)], _MOST_ENTRIES
    while folders:
        try:
            inside = entries(folders.pop())
        except MachineError:
            return [folder]
        left -= len(inside)
        if left < 0:
            return [folder]
        folders += [entry.path for entry in inside if stat.S_ISDIR(entry.status.st_mode)]
        found += [Path(entry.path) for entry in inside if may_be_manifest(entry)]
    return found
