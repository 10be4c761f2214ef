"""``packllama import``: take models from bundles, from a stream, from other stores."""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import click

from packllama.base.errors import UsageError
from packllama.cli.address import check_different, opened
from packllama.cli.choose import as_moves, chosen
from packllama.cli.door import Door
from packllama.cli.moved import Moved, holds, move_into_store, receive_into_store, tell, tell_plans
from packllama.cli.moving import Job, Moving, moving
from packllama.cli.options import PlacePath, common, pass_door
from packllama.model import Model, Move
from packllama.places.bundle import BundleSource, BundleStream
from packllama.places.store import Store
from packllama.transfer import Plan, plan


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=PlacePath(), metavar="PATH...")
@click.option("--as", "rename", metavar="NAME", help="What a single model shall be called here.")
@click.option("--link", is_flag=True, help="Take the files of another store by hard links, where that is safe.")
@moving
@common
@pass_door
def command(door: Door, paths: tuple[str, ...], rename: str | None, link: bool, moving: Moving) -> None:
    """Take all models from bundles, from a stream (-), or from the folders of other stores.

    What is here already is not taken again, and what was begun is gone on with. A model that has the name of one that
    comes is replaced. Models from a stream exist when all of it has come and was found right.
    """
    if rename is not None and len(paths) > 1:
        raise UsageError(f"--as is for one model, and these are {len(paths)} places")
    taking = _Import(door, door.store(writing=True), rename=rename, link=link)
    if moving.dry_run:
        tell_plans(door, [taking.plan(path) for path in paths])
        return
    done = []
    for path in paths:
        with moving.job(door, "importing") as job:
            done.append(taking.take(path, job))
        if not door.as_json:  # said at once: the next one may fail
            tell(door, "imported", done[-1:])
    if door.as_json:
        tell(door, "imported", done)


class _Import:
    """What is the same for all paths."""

    def __init__(self, door: Door, store: Store, *, rename: str | None, link: bool) -> None:
        self._door = door
        self._store = store
        self._rename = rename
        self._link = link

    def plan(self, path: str) -> Plan:
        if path == "-":
            return plan(self._moves(self._stdin().models()), present=holds(self._store))
        with self._opened(path) as source:
            return plan(self._moves(chosen(source)), present=holds(self._store))

    def take(self, path: str, job: Job) -> Moved:
        if path == "-":
            if self._link:
                raise UsageError("--link is for the files of another store, not for a stream")
            return receive_into_store(self._store, self._stdin(), moves=self._moves, job=job)
        with self._opened(path) as source:
            if self._link and not isinstance(source, Store):
                raise UsageError(f"--link is for the files of another store, and {path} is a bundle")
            return move_into_store(self._store, self._moves(chosen(source)), source=source, job=job, link=self._link)

    def _moves(self, models: Sequence[Model]) -> list[Move]:
        return as_moves(models, rename=self._rename, option="--as")

    def _opened(self, path: str) -> AbstractContextManager[Store | BundleSource]:
        check_different(Path(path), self._store.layout.root)
        return opened(Path(path), stop=self._door.stop)

    def _stdin(self) -> BundleStream:
        if sys.stdin.isatty():
            raise UsageError("stdin is a terminal", hint="Pipe a bundle into it, or name a file.")
        return BundleStream(sys.stdin.fileno(), where="stdin", stop=self._door.stop)
