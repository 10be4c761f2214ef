"""``packllama import``: take models from bundles, from a stream, from other stores, from folders of downloads."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import click

from packllama.base.errors import IntegrityError, InvalidManifest, PackLlamaError, UsageError
from packllama.cli.address import is_same, opened
from packllama.cli.choose import as_moves, chosen
from packllama.cli.door import Door
from packllama.cli.downloads import Folders, Found, How
from packllama.cli.failure import as_document, report_all
from packllama.cli.moved import Moved, holds, move_into_store, plan_store, receive_into_store, tell, tell_plans
from packllama.cli.moving import Job, Moving, moving
from packllama.cli.options import PlacePath, common, pass_door
from packllama.model import Model, Move
from packllama.places.bundle import BundleSource, BundleStream, is_bundle
from packllama.places.store import Store
from packllama.transfer import Plan


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=PlacePath(), metavar="PATH...")
@click.option("--as", "rename", metavar="NAME", help="What a single model shall be called here.")
@click.option("--link", is_flag=True, help="Take the files of a folder by hard links, where that is safe.")
@click.option("--move", is_flag=True, help="Remove the files of a folder when their models are here.")
@moving
@common
@pass_door
def command(
    door: Door, paths: tuple[str, ...], rename: str | None, link: bool, move: bool, moving: Moving
) -> int | None:
    """Take all models from bundles, from a stream (-), from other stores, or from folders of downloads.

    What is here already is not taken again, and what was begun is gone on with. A model that has the name of one that
    comes is replaced. Models from a stream exist when all of it has come and was found right.

    In a FOLDER, manifests and blobs may have any names and lie at any depth; several folders are looked through as one.
    A model that is not whole is not taken: what it lacks is listed with its links, and the exit status is 5.
    """
    if link and move:
        raise UsageError("--link keeps the files, and --move removes them: one of the two")
    how = How.LINK if link else How.MOVE if move else How.COPY
    folders = [path for path in paths if _is_loose(path, several=len(paths) > 1)]
    if rename is not None and len(paths) > 1 and len(folders) < len(paths):
        raise UsageError(f"--as is for one model, and these are {len(paths)} places")
    taking = _Import(door, door.store(writing=True), rename=rename, how=how)
    found = taking.plan(paths, folders) if moving.dry_run else taking.take(paths, folders, moving)
    return _tell(door, found, dry_run=moving.dry_run)


def _is_loose(path: str, *, several: bool) -> bool:
    """Whether it is a folder, or one of several files that a folder may as well hold."""
    if Path(path).is_dir():
        return True
    return several and not path.endswith(".tar") and Path(path).is_file() and not is_bundle(Path(path))


class _Import:
    """What is the same for all paths."""

    def __init__(self, door: Door, store: Store, *, rename: str | None, how: How) -> None:
        self._door = door
        self._store = store
        self._rename = rename
        self._how = how
        self._told: set[str] = set()

    def plan(self, paths: Sequence[str], folders: Sequence[str]) -> Found:
        plans = [self._plan(path) for path in paths if path not in folders]
        found = self._folders(folders).plan() if folders else Found()
        found.plans = [*plans, *found.plans]
        return found

    def _plan(self, path: str) -> Plan:
        if path == "-":
            return plan_store(self._store, self._moves(self._stdin().models()))
        with self._opened(path) as source:
            return plan_store(self._store, self._moves(chosen(source)))

    def take(self, paths: Sequence[str], folders: Sequence[str], moving: Moving) -> Found:
        done, settled = [], []
        for path in paths:
            with moving.job(self._door, "importing", self._imported) as job:
                if path not in folders:
                    done.append(self._take(path, job))
                elif moved := self._take_store(path, job):
                    done.append(moved)
                    settled.append(path)
        if not folders:
            return Found(done)
        with moving.job(self._door, "importing", self._imported) as job:
            found = self._folders(folders, settled).take(self._how, job)
        found.done = [*done, *found.done]
        return found

    def _imported(self, name: str) -> None:
        """Once: a store that turns out to be damaged is gone through again as a folder."""
        if name not in self._told:
            self._told.add(name)
            self._door.result(f"imported {name}\n")

    def _folders(self, folders: Sequence[str], settled: Sequence[str] = ()) -> Folders:
        paths = list(map(Path, folders))
        rename = None if settled else self._rename
        return Folders(self._door, self._store, paths, rename=rename, settled=list(map(Path, settled)))

    def _take_store(self, path: str, job: Job) -> Moved | None:
        """All models of a folder that is a store of whole ones. None: it is looked through as any other folder."""
        source = Store(Path(path))
        if self._how is How.MOVE or not Path(path).is_dir() or is_same(Path(path), self._store.layout.root):
            return None
        try:
            if not source.scan().names:
                return None
            moves = self._moves(chosen(source))
            if not all(map(holds(source), {blob for move in moves for blob in move.model.blobs})):
                return None
            return move_into_store(self._store, moves, source=source, job=job, link=self._how is How.LINK)
        except (IntegrityError, InvalidManifest):
            return None

    def _take(self, path: str, job: Job) -> Moved:
        if self._how is not How.COPY:
            raise UsageError(f"--{self._how.value} is for the files of another store or of a folder, not for a bundle")
        if path == "-":
            return receive_into_store(self._store, self._stdin(), moves=self._moves, job=job)
        with self._opened(path) as source:
            return move_into_store(self._store, self._moves(chosen(source)), source=source, job=job)

    def _moves(self, models: Sequence[Model]) -> list[Move]:
        return as_moves(models, rename=self._rename, option="--as")

    def _opened(self, path: str) -> AbstractContextManager[Store | BundleSource]:
        return opened(Path(path), stop=self._door.stop)

    def _stdin(self) -> BundleStream:
        if sys.__stdin__ is None or sys.stdin.isatty():
            raise UsageError("stdin is closed, or a terminal", hint="Pipe a bundle into it, or name a file.")
        return BundleStream(sys.stdin.fileno(), where="stdin", stop=self._door.stop)


def _tell(door: Door, found: Found, *, dry_run: bool) -> int:
    """Say what came of it. Returns the exit status: the worst of those of what was not taken.

    Raises: the problem, when there is nothing else to say.
    """
    if len(found.problems) == 1 and not found.done and not found.incomplete:
        raise found.problems[0]
    more = {
        "incomplete": [model.document() for model in found.incomplete],
        "problems": [as_document(problem) for problem in found.problems],
    }
    if dry_run:
        tell_plans(door, found.plans, more=more)
    elif found.done or door.as_json:
        tell(door, found.done, more=more)
    errors: list[PackLlamaError] = [*found.problems, *(model.error() for model in found.incomplete)]
    return report_all(errors, as_json=door.as_json)
