"""One run of packllama, what a power cut may leave of it at any instant, and what must be true of that."""

import functools
import json
import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tests.faults import power_program
from tests.faults.checker import check
from tests.faults.power_disk import NEVER, Disk, File, Named, State
from tests.faults.power_endings import endings
from tests.faults.power_log import Call, traced
from tests.program import called

Command: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """``before`` is run in a fresh folder; the power goes while ``args`` runs.

    Where the pattern ``word`` is in what it says, the user knows that it is done.
    """

    name: str
    before: tuple[Command, ...]
    args: Command
    word: str


@dataclass(frozen=True)
class Left:
    """One state that a power cut may leave, and whether the user had been told of the success."""

    state: State
    told: bool
    where: str


@dataclass
class Leavings:
    """What may be left, counted once where no check can tell it apart.

    The checker sees blobs, manifests and bundles. A later run sees all but the words in locks.
    """

    instants: int = 0
    endings: int = 0
    seen: dict[object, Left] = field(default_factory=dict)
    all: dict[object, Left] = field(default_factory=dict)

    def add(self, left: Left) -> None:
        self.endings += 1
        parts = [
            (path, node, id(left.state.content[node]) if isinstance(node, File) else 0)
            for path, node in left.state.tree.items()
            if "/locks/" not in path
        ]
        self.all.setdefault((left.told, frozenset(parts)), left)
        self.seen.setdefault((left.told, frozenset(part for part in parts if _is_seen(part[0]))), left)

    def __str__(self) -> str:
        return f"{self.instants} instants, {self.endings} endings, {len(self.all)} states, {len(self.seen)} to be seen"


@functools.cache
def _is_seen(path: str) -> bool:
    return "/blobs/sha256-" in path or "/manifests/" in path or path.endswith(".tar")


def _seen(disk: Disk) -> set[str]:
    return {path for path in disk.now().tree if _is_seen(path)}


def leavings(disk: Disk, calls: Iterable[Call], *, bound: int) -> Leavings:
    """Do the calls, and cut the power after each.

    After a sync no more can be left than before it, and without the newest change no other than before that.
    """
    found, random_ = Leavings(), random.Random(1)
    for call in calls:
        before, told = len(disk.pending), disk.told
        disk.do(call)
        new = len(disk.pending) - before
        if new <= 0 and told == disk.told:
            continue
        found.instants += 1
        where = f"instant {found.instants}, {call.name} {call.args!r:.200}"
        outcomes = [change.outcomes for _, change in disk.pending]
        for ending in endings(outcomes, bound=bound, random_=random_):
            if told != disk.told or any(ending[before:]):
                found.add(Left(disk.after_cut(ending), disk.told, where))
    return found


class Run:
    """A case in its folder: run undisturbed, with all its calls, and with what was published before and after."""

    def __init__(self, case: Case, folder: Path, *, strace: str, fill: Callable[[Path], object]) -> None:
        """``fill`` puts the files there that the commands name."""
        self.case = case
        self.place = folder / "place"
        self._strace = strace
        (self.place / "store").mkdir(parents=True)
        fill(self.place)
        for args in case.before:
            done = called(*args, cwd=self.place)
            assert done.returncode == 0, done.stderr
        self.before = published(self.place)
        self._at_first = {path.name for path in self.place.iterdir()}
        self._disk = Disk(self.place, word=case.word)
        self.calls = self.trace(self.disk())
        self.after = published(self.place)
        self._blobs = {path.name: path.read_bytes() for path in self.place.glob("store/blobs/*")}

    def disk(self, *, ignored: str = NEVER) -> Disk:
        """As it was before the run. ``ignored``: as for `Disk`."""
        return self._disk.copy(ignored=ignored)

    def trace(self, disk: Disk) -> list[Call]:
        """Run the command on what is in the place, and do the same on the disk, which must end as the place does."""
        log, program = self.place.with_name("log"), Path(power_program.__file__)
        calls = traced(self._strace, self.place, self.case.args, log=log, program=program)
        for call in calls:
            disk.do(call)
        assert disk.told
        assert disk.now().description() == Disk(self.place).now().description()
        return calls

    def leavings(self, disk: Disk, calls: Iterable[Call], *, bound: int) -> Leavings:
        """What a run may leave that began with what is on the disk, and ended with what is in the place."""
        found = leavings(disk, calls, bound=bound)
        disk.learn_inodes(self.place)
        return found

    def killed(self, after: int) -> Disk:
        """The disk when the run was killed after so many calls, and the place as it is then."""
        disk = self.disk()
        for call in self.calls[:after]:
            disk.do(call)
        self._clear()
        return disk.killed(self.place)

    def naming(self) -> tuple[list[int], list[int]]:
        """After how many calls a name has just been given or taken away; and those of a blob, a model or a bundle."""
        disk, found, seen = self.disk(), [], []
        for number, call in enumerate(self.calls, 1):
            before, names = len(disk.pending), _seen(disk)
            disk.do(call)
            if len(disk.pending) > before and isinstance(disk.pending[-1][1], Named):
                found.append(number)
                seen += [number] if _seen(disk) != names else []
        return found, seen

    def build(self, left: Left) -> None:
        self._clear()
        left.state.build(self.place)

    def _clear(self) -> None:
        shutil.rmtree(self.place)
        self.place.mkdir()

    def assert_sound(self, left: Left) -> None:
        """All that is listed is whole: what was there before, or what the command makes. A told success is true."""
        for store in self.place.glob("*/blobs"):
            assert check(str(store.parent)) == [], left.where
        found = published(self.place)
        assert self.before.keys() & self.after.keys() <= found.keys(), left.where
        for path, data in found.items():
            assert data in (self.before.get(path), self.after.get(path)), f"{left.where}: {path}"
        if left.told:
            assert found == self.after, f"{left.where}: told, and not true"

    def assert_repeatable(self, left: Left) -> None:
        """The same command again does it, and leaves nothing but that."""
        again = called(*self.case.args, cwd=self.place)
        allowed = {0, 3} if self.case.args[0] == "rm" else {0}  # what was to be removed may be gone already
        assert again.returncode in allowed, f"{left.where}: {again.stderr}"
        self.assert_sound(Left(left.state, told=True, where=f"run again after {left.where}"))
        if again.returncode == 0:
            assert {path.name for path in self.place.iterdir()} <= self._at_first | {*self.after}, left.where
            assert self._leftovers() == [], left.where

    def _leftovers(self) -> list[Path]:
        """Unfinished work. A blob's second name is none: it is left where a rename between folders is two steps."""
        own = self.place / "store" / ".packllama"
        return [*own.glob("work/*"), *(path for path in own.glob("blobs/*") if path.stat().st_nlink == 1)]

    def assert_progress_true(self, left: Left) -> int:
        """What a record beside an unfinished blob says is synced is there. Returns how many bytes that is."""
        files = {path: left.state.content[node] for path, node in left.state.tree.items() if isinstance(node, File)}
        found = 0
        for path, record in files.items():
            part = path.removesuffix(".synced")
            if path.endswith(".part.synced") and part in files and record.endswith(b"}"):
                synced = json.loads(record)["synced"]
                blob = self._blobs[f"sha256-{Path(part).stem}"]
                assert files[part][:synced] == blob[:synced], left.where
                found += synced
        return found


def published(folder: Path) -> dict[str, bytes]:
    """All models and bundles that are to be seen in a folder."""
    paths = [*folder.glob("*/manifests/*/*/*/*"), *folder.glob("*.tar")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}
