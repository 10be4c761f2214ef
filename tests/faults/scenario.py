"""What is interrupted, and what must be true of the folder afterwards."""

import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.faults.checker import check, hash_of
from tests.faults.launching import Run, launch
from tests.faults.tracing import run_with

Command = tuple[str, ...]
Fill = Callable[[Path], object]

# Files of a folder of this name shall not be lost either, wherever they end.
LOOSE = "downloads"


def _nothing(_folder: Path) -> None:
    """For scenarios that need nothing but their commands."""


@dataclass(frozen=True)
class Scenario:
    """``before`` is run in a fresh folder, ``run`` is what gets interrupted.

    ``fill`` puts more files there at first; ``prepare`` comes between the two, and then, where ``begun`` is a fault, a
    run that it ends.
    """

    name: str
    before: tuple[Command, ...]
    run: Run
    fill: Fill = _nothing
    prepare: Fill = _nothing
    begun: str = ""

    def where(self, words: dict[str, str]) -> "Scenario":
        """The same with the hosts that are known only now."""

        def told(command: Command) -> Command:
            for word, host in words.items():
                command = tuple(part.replace(word, host) for part in command)
            return command

        return replace(self, before=tuple(map(told, self.before)), run=replace(self.run, args=told(self.run.args)))


@dataclass(frozen=True)
class Published:
    """What can be seen in a folder: ``named`` are all models and bundles, ``blobs`` all paths under a blob's name."""

    named: dict[str, bytes]
    blobs: frozenset[str]
    entries: frozenset[str]

    @classmethod
    def of(cls, folder: Path) -> "Published":
        paths = [*folder.glob("*/manifests/*/*/*/*"), *folder.glob("*.tar")]
        return cls(
            {str(path.relative_to(folder)): path.read_bytes() for path in paths},
            frozenset(str(path.relative_to(folder)) for path in folder.glob("*/blobs/*")),
            frozenset(path.name for path in folder.iterdir()),
        )


@dataclass(frozen=True)
class Folder:
    """A scenario's folder before the fault, and all that was published in it by then and after an undisturbed run.

    ``damaged``: what the checker finds wrong before.
    """

    scenario: Scenario
    template: Path
    before: Published
    after: Published
    damaged: frozenset[str]

    @classmethod
    def make(cls, scenario: Scenario, folder: Path, fill: Fill, *, strace: str = "") -> "Folder":
        """``fill`` puts the files there that the commands name."""
        place = folder / "place"
        (place / "store").mkdir(parents=True)
        fill(place)
        scenario.fill(place)
        for args in scenario.before:
            done = launch(place, Run(args))
            assert done.returncode == 0, done.stderr
        scenario.prepare(place)
        if scenario.begun:
            assert run_with(strace, place, scenario.run, scenario.begun).met
        template = fresh(place, folder / "template")
        before, damaged = Published.of(place), problems(place)
        done = launch(place, scenario.run)
        assert done.returncode == 0, done.stderr
        assert not problems(place)
        return cls(scenario, template, before, Published.of(place), damaged)

    @property
    def place(self) -> Path:
        """Where it happens, each time: no point's number shall depend on it."""
        return self.template.with_name("place")

    def again(self) -> Path:
        """The place as it was before."""
        return fresh(self.template, self.place)

    def assert_sound(self, place: Path, where: str) -> None:
        """All that is published is whole: what was there before, or what the command makes. Nothing is lost."""
        assert problems(place) <= self.damaged, where
        found = Published.of(place)
        assert self.before.named.keys() & self.after.named.keys() <= found.named.keys(), where
        assert self.before.blobs & self.after.blobs <= found.blobs, where
        for path, data in found.named.items():
            assert data in (self.before.named.get(path), self.after.named.get(path)), f"{where}: {path}"
        assert contents(self.template.glob(f"{LOOSE}/*")) <= contents(place.rglob("*")), where

    def assert_done(self, place: Path, where: str) -> None:
        """All is as after an undisturbed run."""
        self.assert_sound(place, where)
        found = Published.of(place)
        assert found.named == self.after.named, where
        assert not problems(place), where

    def assert_clean(self, place: Path, where: str) -> None:
        """What an interrupted run left is cleared away."""
        found = Published.of(place)
        assert found.entries <= self.after.entries, where
        if "prune" in self.scenario.run.args:  # others leave it to prune
            assert found.blobs == self.after.blobs, where
        left = ["*/.packllama/blobs/*", "*/.packllama/quarantine/*"]
        if "repair" not in self.scenario.run.args:  # which finds nothing to do, and leaves it to the next writer
            left.append("*/.packllama/work/*")
        assert [path for pattern in left for path in place.glob(pattern)] == [], where

    def assert_repeatable(self, place: Path, where: str) -> None:
        """The same command again ends what was begun."""
        args = self.scenario.run.args
        removes = args[0] == "rm"  # the next writer clears away what was left of it
        for words in [(args[0], name) for name in args[1:]] if removes else [args]:
            again = launch(place, replace(self.scenario.run, args=words))
            # What was to be removed, or moved, may be gone already.
            gone = again.returncode == 3 and (removes or "--move" in args)
            assert again.returncode == 0 or gone, f"{where}: {again.stderr}"
        self.assert_done(place, where)
        if not gone and not removes:
            self.assert_clean(place, where)


def fresh(template: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    # Hash records hold of the very file only, so a copy has none that hold.
    shutil.copytree(template, place, symlinks=True)
    return place


def problems(folder: Path) -> frozenset[str]:
    """What the checker finds wrong in the stores of a folder."""
    return frozenset(problem for store in folder.glob("*/blobs") for problem in check(str(store.parent)))


def contents(paths: Iterable[Path]) -> set[bytes]:
    return {path.read_bytes() for path in paths if path.is_file()}


State = list[tuple[str, object]]


def state(folder: Path) -> State:
    """All that a later run can see in a folder, but for random names and the times of files."""
    found = [(_plain_name(str(path.relative_to(folder))), _content(path)) for path in folder.rglob("*")]
    return sorted(found, key=repr)


def _plain_name(name: str) -> str:
    return re.sub(r"\b(tmp|work-|work/)[0-9a-f]{16}", r"\1", name)


def _content(path: Path) -> object:
    if not path.is_file():
        return "folder"
    if path.parent.name == "hashes":
        return _record_holds(path)
    return path.stat().st_nlink, "" if path.parent.name == "locks" else hash_of(str(path))


def _record_holds(record: Path) -> bool:
    """Whether it still describes its blob: the numbers themselves are others in every run."""
    own = record.parent.parent
    for blob in (own.parent / "blobs" / f"sha256-{record.name}", own / "blobs" / record.name):
        if blob.exists():
            status, signs = blob.stat(), json.loads(record.read_bytes())
            if (signs["inode"], signs["mtime_ns"], signs["ctime_ns"]) == (
                status.st_ino,
                status.st_mtime_ns,
                status.st_ctime_ns,
            ):
                return True
    return False
