"""Links in a store. Ollama reads through them; what removes, moves or carries models does not."""

import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from packllama.base.errors import MachineError
from packllama.check.finding import Finding, FindingKind
from packllama.check.survey.entries import Entry
from packllama.places.store.layout import Layout


def foreign_links(layout: Layout, entries: Iterable[Entry]) -> Iterator[Finding]:
    """Those that lead out of the store, to a file or folder."""
    root = os.path.realpath(layout.root)
    for entry in entries:
        if entry.is_link:
            target = os.path.realpath(entry.path)
            if os.path.commonpath([root, target]) != root and _may_be_data(entry):
                yield _foreign(entry, target)


def _may_be_data(entry: Entry) -> bool:
    """Whether a link leads to a file or folder, or to what may not be looked at: not to nothing, and to no device."""
    try:
        found = entry.followed()
    except MachineError:
        return True
    return found is not None and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))


def no_folders(layout: Layout) -> Iterator[Finding]:
    """What stands where the store's own folders should be: links to nothing, or files."""
    for path in (layout.blobs, layout.manifests, layout.own):
        if path.is_symlink() and not path.is_dir():
            message = f"a link that leads to no folder: {os.readlink(path)}"  # noqa: PTH115 - a Path loses a slash
            hint = f"Mount the disk it leads to, or remove it: rm {shlex.quote(str(path))}"
            yield Finding(FindingKind.DANGLING_LINK, path, message, hint)
        elif os.path.lexists(path) and not path.is_dir():
            yield Finding(FindingKind.STRAY, path, "no folder, where one of the store's should be", "Move it away.")


def _foreign(entry: Entry, target: str) -> Finding:
    here, new = shlex.quote(entry.path), shlex.quote(f"{entry.path}.new")
    if entry.is_folder:
        message = f"a link out of the store, to the folder {target}; nothing is written or removed through it"
        copied = f"mkdir {new} && cp -R {shlex.quote(f'{target}/.')} {new}"
        hint = f"Put the folder itself there: {copied} && rm {here} && mv {new} {here}"
    else:
        message = (
            f"a link out of the store, to {target}; 'rm' leaves that file, and no copy of the store brings it along"
        )
        hint = f"Put the file itself there: cp {shlex.quote(target)} {new} && mv {new} {here}"
    return Finding(FindingKind.FOREIGN_LINK, Path(entry.path), message, hint)
