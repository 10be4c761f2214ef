"""What the store's disk can do.

What has to be tried is tried with two small files in ``.packllama/``, and only in a store of the user's own that may be
written: anybody else's is looked at. All names are of the kind that ``packllama prune`` removes, should a doctor be
killed.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from packllama.base.disk import file_size_limit, file_system, free_space, may_append
from packllama.base.errors import MissingFile, NoRights, PackLlamaError
from packllama.base.fs import NewFile, check_writable, link, make_directory, move, remove, remove_empty_directories
from packllama.base.units import human_bytes
from packllama.places.store.layout import Layout
from packllama.places.store.locate import check_exists
from packllama.prove.doctor.checkup import Fact, Level, Patient, Topic
from packllama.prove.doctor.stores import nearest, taken

# Less than the smallest model that people chat with.
_LITTLE_SPACE = 10**9


@dataclass(frozen=True, slots=True)
class Abilities:
    """``clones``: two files may share their blocks. ``cases``: letters tell names apart by their case."""

    clones: bool
    links: bool
    cases: bool
    colons: bool


def look(patient: Patient) -> Iterator[Fact]:
    """The disk of the store that is taken, or of where it would be made."""
    layout = Layout(taken(patient).path)
    at = nearest(layout.root)
    kind, free = file_system(at), free_space(at)
    told = f"{kind or 'a file system that does not tell its kind'}, "
    told += "free space unknown" if free is None else f"{human_bytes(free)} free"
    little = free is not None and free < _LITTLE_SPACE
    cure = "Free some space, or name a larger disk with --store." if little else ""
    yield Fact(Topic.DISK, Level.WARNING if little else Level.OK, told, cure)
    if limit := file_size_limit(at):
        sentence = f"it takes no file of {limit + 1 >> 30} GiB or more, so larger models do not fit"
        yield Fact(Topic.DISK, Level.WARNING, sentence, "Use ext4, xfs, btrfs, APFS, NTFS or exFAT for the store.")
    if not may_append(at):
        sentence = "its driver writes what is appended to the wrong place: transfers that broke off begin anew"
        yield Fact(Topic.DISK, Level.NOTE, sentence)
    if _may_be_tried(layout, patient):
        yield from _about(abilities(layout))
    elif os.path.lexists(layout.root):
        yield Fact(Topic.DISK, Level.OK, "not tried, as that would write into it: clones, links, letters in names")


def _may_be_tried(layout: Layout, patient: Patient) -> bool:
    try:
        check_exists(layout.root)
        for folder in (layout.root, layout.own):
            check_writable(folder)
        return layout.root.stat().st_uid == patient.user
    except (MissingFile, NoRights):
        return False


def abilities(layout: Layout) -> Abilities:
    """What can be done with files in a store's own folder, tried. Nothing is left of it.

    Raises: NoRights, NoSpace, MachineError.
    """
    was_there = os.path.lexists(layout.own)
    make_directory(layout.own, below=layout.root)
    with ExitStack() as stack:
        if not was_there:
            stack.callback(remove_empty_directories, layout.own, below=layout.root)
        source, copy = (stack.enter_context(NewFile(layout.own)) for _ in range(2))
        source.write(bytes(4096))
        second = source.path.with_name(f"{source.path.name}-2")
        stack.callback(remove, second)
        return Abilities(
            clones=copy.clone_from(source.descriptor),
            links=link(source.path, second),
            cases=not os.path.lexists(source.path.with_name(source.path.name.upper())),
            colons=_can_be_called(copy.path, copy.path.with_name(f"{copy.path.name}:5000")),
        )


def _can_be_called(path: Path, name: Path) -> bool:
    try:
        move(path, name)
        remove(name)
    except PackLlamaError:
        return False
    return True


def _about(can: Abilities) -> Iterator[Fact]:
    linked = "hard links work" if can.links else "no hard links: --link copies"
    shared = "clones work" if can.clones else "no clones: 'import' and 'copy' from this disk write every byte again"
    yield Fact(Topic.DISK, Level.OK, f"{linked}; {shared}")
    if not can.cases:
        sentence = "names that differ only in their letters' case are one name there"
        yield Fact(Topic.DISK, Level.NOTE, sentence)
    if not can.colons:
        sentence = "no name may have a colon there: no models of hosts with a port (localhost:5000/…)"
        yield Fact(Topic.DISK, Level.NOTE, sentence)
