"""What is interrupted, and what must be true of the folder afterwards."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.checker import check
from tests.faults.tracing import run

Command = tuple[str, ...]


@dataclass(frozen=True)
class Scenario:
    """``before`` is run in a fresh folder, ``args`` is what gets interrupted, with the file ``stdin`` piped into it."""

    name: str
    before: tuple[Command, ...]
    args: Command
    stdin: str = ""


@dataclass(frozen=True)
class Folder:
    """A scenario's folder before the fault, and all that was published in it by then and after an undisturbed run."""

    scenario: Scenario
    template: Path
    before: dict[str, bytes]
    after: dict[str, bytes]

    @classmethod
    def make(cls, scenario: Scenario, folder: Path, fill: Callable[[Path], object]) -> "Folder":
        """``fill`` puts the files there that the commands name."""
        template = folder / "template"
        template.mkdir()
        (template / "store").mkdir()
        fill(template)
        for args in scenario.before:
            done = run(template, args)
            assert done.returncode == 0, done.stderr
        done = run(fresh(template, folder / "place"), scenario.args, stdin=scenario.stdin)
        assert done.returncode == 0, done.stderr
        return cls(scenario, template, published(template), published(folder / "place"))

    def again(self) -> Path:
        """A copy of it, at the same path each time: no point's number shall depend on it."""
        return fresh(self.template, self.template.with_name("place"))

    def assert_sound(self, place: Path, where: str) -> None:
        """All that is published is whole: what was there before, or what the command makes. Nothing is lost."""
        for store in place.glob("*/blobs"):
            assert check(str(store.parent)) == [], where
        found = published(place)
        assert self.before.keys() & self.after.keys() <= found.keys(), where
        for path, data in found.items():
            assert data in (self.before.get(path), self.after.get(path)), f"{where}: {path}"

    def assert_done(self, place: Path, where: str) -> None:
        """All is as after an undisturbed run."""
        self.assert_sound(place, where)
        assert published(place) == self.after, where

    def assert_clean(self, place: Path, where: str) -> None:
        """What an interrupted run left is cleared away."""
        known = {Path(path).parts[0] for path in self.after} | {path.name for path in self.template.iterdir()}
        assert {path.name for path in place.iterdir()} <= known, where
        for own in place.glob("*/.packllama"):
            assert [*own.glob("blobs/*"), *own.glob("work/*")] == [], where

    def assert_repeatable(self, place: Path, where: str) -> None:
        """The same command again ends what was begun."""
        again = run(place, self.scenario.args, stdin=self.scenario.stdin)
        removes = self.scenario.args[0] == "rm"
        # What was to be removed may be gone already.
        assert again.returncode == 0 or (removes and again.returncode == 3), f"{where}: {again.stderr}"
        self.assert_done(place, where)
        if not removes:  # the next writer does it
            self.assert_clean(place, where)


def fresh(template: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    # Hash records hold of the very file only, so a copy has none that hold.
    shutil.copytree(template, place)
    return place


def published(folder: Path) -> dict[str, bytes]:
    """All models and bundles that are to be seen in a folder."""
    paths = [*folder.glob("*/manifests/*/*/*/*"), *folder.glob("*.tar")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


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
    return path.stat().st_nlink, b"" if path.parent.name == "locks" else path.read_bytes()


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
