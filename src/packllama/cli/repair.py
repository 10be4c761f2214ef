"""``packllama repair``: fetch again what is damaged in the store, and only that."""

from contextlib import ExitStack

import click

from packllama.check.repair.repair import repair
from packllama.cli import complete
from packllama.cli.door import Door
from packllama.cli.failure import report_all
from packllama.cli.moving import Moving, moving_verified
from packllama.cli.options import common, pass_door
from packllama.cli.repair_from import parse_from
from packllama.cli.repair_report import document, summary, text
from packllama.name import ModelName

# After a dry run; else a problem says why.
_SOMETHING_TO_REPAIR = 1


@click.command("repair")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.names)
@click.option("--from", "places", multiple=True, metavar="PLACE", help="Where to fetch from; several: in turn.")
@click.option("--insecure", is_flag=True, help="Speak http with a registry, which encrypts nothing.")
@moving_verified
@common
@pass_door
def command(door: Door, names: tuple[str, ...], places: tuple[str, ...], insecure: bool, moving: Moving) -> int:
    """Read every byte of these models, or of all, and fetch again what is damaged, and only that.

    A PLACE is the folder of a store (./folder, /mnt/stick/models), a bundle (models.tar), a folder of downloads, a
    registry or a mirror of one (registry.ollama.ai, http://10.0.0.5:8080). Of a large blob only the bad pieces of
    16 MiB are fetched, where its pieces are known: 'packllama verify' and all that fetches notes them while it is
    right. What is damaged is replaced when its sha256 is right, and not before.

    The exit status is 0 when all these models are whole now, 5 when one is not, 6 when a place could not be reached;
    with --dry-run 1 when there is something to repair.
    """
    wanted = [ModelName.parse(text) for text in names]
    origins = parse_from(places, door, insecure=insecure)
    with moving.job(door, "reading", lambda _: None) as job, ExitStack() as stack:
        report = repair(
            door.store(),
            [origin.open(door, stack, job.observer) for origin in origins],
            wanted,
            dry_run=moving.dry_run,
            options=job.options,
            observer=job.observer,
            stop=door.stop,
        )
    if door.as_json:
        door.result_json(document(report, origins=[origin.text for origin in origins], dry_run=moving.dry_run))
    else:
        door.result(text(report))
        door.say(summary(report))
    status = report_all([problem.error for problem in report.problems], as_json=door.as_json)
    return status or (0 if report.whole else _SOMETHING_TO_REPAIR)
