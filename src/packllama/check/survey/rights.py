"""Whose a store's files are, and what their modes allow: Ollama's service works as one user."""

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from packllama.base.errors import from_os_error
from packllama.check.finding import Finding, FindingKind
from packllama.check.survey.entries import Entry
from packllama.check.survey.in_manifests import CLEAN_UP_IS_OFF
from packllama.places.store.layout import Layout


def wrong_rights(layout: Layout, entries: Sequence[Entry]) -> Iterator[Finding]:
    """One finding for each stranger who owns something, one for files, and one for folders.

    Raises: MachineError, when the store itself cannot be looked at.
    """
    if not entries:
        return
    try:
        owner, writable = _owner(layout), not os.statvfs(layout.root).f_flag & os.ST_RDONLY
    except OSError as error:
        raise from_os_error(error, doing="looking at the store", where=layout.root) from error
    for stranger in sorted({entry.status.st_uid for entry in entries} - {owner.st_uid}):
        theirs = [entry for entry in entries if entry.status.st_uid == stranger]
        yield _wrong_owner(layout, theirs, stranger, owner)
    who = _user(owner.st_uid)
    if files := [each for each in entries if each.is_plain and _lacks(each, stat.S_IRUSR)]:
        yield _wrong_mode(layout, files, f"does not let {who} read it", "u+r")
    needed = stat.S_IRWXU if writable else stat.S_IRUSR | stat.S_IXUSR
    if folders := [each for each in entries if stat.S_ISDIR(each.status.st_mode) and _lacks(each, needed)]:
        yield _wrong_mode(layout, folders, f"does not let {who} read and write it", "u+rwx")


def _owner(layout: Layout) -> os.stat_result:
    """Of whom the store is. Root may have made the folder for somebody else, whose Ollama made the others in it."""
    root = layout.root.stat()
    return root if root.st_uid or not layout.blobs.is_dir() else layout.blobs.stat()


def _lacks(entry: Entry, bits: int) -> bool:
    return entry.status.st_mode & bits != bits


def _wrong_owner(layout: Layout, theirs: Sequence[Entry], stranger: int, owner: os.stat_result) -> Finding:
    who = _user(owner.st_uid)
    command = f"chown -h {who}:{_group(owner.st_gid)}", f"chown -Rh {who}:{_group(owner.st_gid)}"
    return Finding(
        FindingKind.WRONG_OWNER,
        Path(theirs[0].path),
        f"belongs to {_user(stranger)}, the store to {who}{_and_more(theirs)}",
        f"Their Ollama may fail to use it, or to remove it: {_cure(layout, theirs, *command)}",
    )


def _wrong_mode(layout: Layout, shut: Sequence[Entry], says: str, letters: str) -> Finding:
    manifests = f"{layout.manifests}/"
    off = f"; {CLEAN_UP_IS_OFF}" if any(each.is_plain and each.path.startswith(manifests) for each in shut) else ""
    return Finding(
        FindingKind.WRONG_MODE,
        Path(shut[0].path),
        f"its mode {stat.S_IMODE(shut[0].status.st_mode):04o} {says}{_and_more(shut)}{off}",
        f"Let them: {_cure(layout, shut, f'chmod {letters}', 'chmod -R u+rwX')}",
    )


def _and_more(entries: Sequence[Entry]) -> str:
    return f"; {len(entries) - 1:,} more like it" if len(entries) > 1 else ""


def _cure(layout: Layout, entries: Sequence[Entry], one: str, several: str) -> str:
    """The command for one path, or that for the whole store."""
    command, path = (one, entries[0].path) if len(entries) == 1 else (several, str(layout.root))
    return f"sudo {command} {shlex.quote(path)}"


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
