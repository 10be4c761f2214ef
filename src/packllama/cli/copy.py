"""``packllama copy``: copy models between two places."""

from contextlib import nullcontext

import click

from packllama.base.errors import MissingFile, UsageError
from packllama.cli import complete
from packllama.cli.address import check_beside, check_different, is_bundle_name, opened, parse_place
from packllama.cli.choose import as_moves, chosen
from packllama.cli.door import Door
from packllama.cli.moved import move_into_bundle, move_into_store, plan_bundle, plan_store, tell, tell_plans
from packllama.cli.moving import Moving, moving
from packllama.cli.options import common, pass_door
from packllama.places.bundle import ToFile
from packllama.places.store import Store


@click.command("copy")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete.names)
@click.option("--to", metavar="PLACE", help="Where to: the folder of a store, or a bundle NAME.tar.")
@click.option("--from", "origin", metavar="PLACE", help="Where from, instead of the store.")
@click.option("--rename", metavar="NAME", help="What a single model shall be called over there.")
@moving
@common
@pass_door
def command(
    door: Door, names: tuple[str, ...], to: str | None, origin: str | None, rename: str | None, moving: Moving
) -> None:
    """Copy models from one place to another: what is there is not sent, what was begun is gone on with.

    A PLACE is the folder of a store (./folder, /mnt/stick/models) or a bundle (models.tar). A store comes into being
    where there is none. A model that has the name over there is replaced. NAME may be a pattern with * and ?.
    """
    if to is None:
        raise UsageError(
            "copy needs --to PLACE", hint="'packllama cp OLD NEW' gives a model of the store a second name."
        )
    path = parse_place(to, door.settings)
    root = parse_place(origin, door.settings) if origin is not None else door.store().layout.root
    check_different(root, path)
    into_bundle = is_bundle_name(path)
    if into_bundle:
        check_beside(path, root)
    if not path.parent.is_dir():
        # A disk that is not mounted must not get a folder made in its place.
        raise MissingFile(
            "there is no such folder", where=str(path.parent), hint="Check the spelling, and that the disk is mounted."
        )
    with opened(root, stop=door.stop) if origin is not None else nullcontext(door.store()) as source:
        moves = as_moves(chosen(source, names), rename=rename, option="--rename")
        if moving.dry_run:
            planned = plan_bundle(ToFile(path), moves) if into_bundle else plan_store(Store(path), moves)
            tell_plans(door, [planned])
            return
        with moving.job(door, "copying", lambda name: door.result(f"copied {name} to {path}\n")) as job:
            if into_bundle:
                moved = move_into_bundle(ToFile(path, observer=job.observer), moves, source=source, job=job)
            else:
                moved = move_into_store(Store(path), moves, source=source, job=job)
    tell(door, [moved])
