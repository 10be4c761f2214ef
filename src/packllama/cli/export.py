"""``packllama export``: pack models into one file, or a stream."""

import sys
from pathlib import Path

import click

from packllama.base.errors import UsageError
from packllama.base.observer import SILENT, Observer
from packllama.cli import complete
from packllama.cli.address import check_beside
from packllama.cli.choose import chosen
from packllama.cli.door import Door
from packllama.cli.failure import ReaderLeft
from packllama.cli.moved import move_into_bundle, plan_bundle, tell, tell_plans
from packllama.cli.moving import Moving, moving
from packllama.cli.options import PlacePath, common, pass_door
from packllama.model import Move
from packllama.places.bundle import ToFile, ToPipe
from packllama.places.bundle.output import Output

_COMPRESSED = (".gz", ".tgz", ".xz", ".zst", ".bz2", ".zip", ".7z")


@click.command("export")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete.names)
@click.option("-o", "--output", type=PlacePath(), metavar="FILE", help="The bundle; - is stdout.")
@moving
@common
@pass_door
def command(door: Door, names: tuple[str, ...], output: str | None, moving: Moving) -> None:
    """Pack models into one file, or a stream: a bundle, which 'packllama import' takes.

    A bundle is a tar file that other programs can unpack too. Equal models give equal files. What several models share
    stands in it once. NAME may be a pattern with * and ?.

    Every byte is hashed on its way. When a model turns out to be damaged, there is no file, and a stream has no end
    that an import would take. An export to a file that is interrupted leaves a folder .FILE.packllama-part beside it;
    the same command goes on there. Through a pipe: packllama export gemma3 -o - | ssh host packllama import -
    """
    if output is None:
        raise UsageError("export needs -o FILE", hint="For example -o models.tar; -o - writes into a pipe.")
    if output.endswith(_COMPRESSED):
        raise UsageError("a bundle is not compressed", where=output, hint="Name it .tar: weights hardly get smaller.")
    store = door.store()
    moves = [Move(model) for model in chosen(store, names)]
    to_stdout = output == "-"
    if not to_stdout:
        check_beside(Path(output), store.layout.root)
    if moving.dry_run:
        tell_plans(door, [plan_bundle(_sink(output), moves)])
        return
    if to_stdout:
        _check_stdout(door)
    say = door.say if to_stdout else lambda line: door.result(f"{line}\n")
    with moving.job(door, "exporting", lambda name: say(f"exported {name}")) as job:
        try:
            moved = move_into_bundle(_sink(output, job.observer), moves, source=store, job=job)
        except BrokenPipeError as error:
            raise ReaderLeft from error
    tell(door, [moved])


def _sink(output: str, observer: Observer = SILENT) -> Output:
    return ToPipe(sys.stdout.fileno()) if output == "-" else ToFile(Path(output), observer=observer)


def _check_stdout(door: Door) -> None:
    if sys.__stdout__ is None:
        raise UsageError("stdout is closed", hint="Name a file with -o FILE, or pipe it on.")
    if sys.stdout.isatty():
        raise UsageError("a bundle on a terminal helps nobody", hint="Name a file with -o FILE, or pipe it on.")
    if door.as_json:
        raise UsageError(
            "stdout cannot take both the bundle and the document", hint="Leave out --json, or use -o FILE."
        )
