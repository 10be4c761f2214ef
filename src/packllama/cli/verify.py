"""``packllama verify``: read every byte of the store's models and say what is wrong."""

from dataclasses import replace

import click

from packllama.base.errors import IntegrityError, NoStore
from packllama.check.verify.verify import VerifyReport, verify
from packllama.cli import complete
from packllama.cli.door import Door, Progress
from packllama.cli.options import common, pass_door
from packllama.cli.verify_file import is_file, verify_file
from packllama.cli.verify_report import document, text
from packllama.name import ModelName
from packllama.places.store import Store, find_root

_SOMETHING_FOUND = 1


@click.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME|FILE]...", shell_complete=complete.names)
@click.option("--quick", is_flag=True, help="Look at sizes and structure only, and read no blob.")
@click.option(
    "--since", type=click.Choice(["last"]), help="Do not read again what has not changed since the last time."
)
@common
@pass_door
def command(door: Door, names: tuple[str, ...], quick: bool, since: str | None) -> int:
    """Read every byte of these models, or of the whole store, and say what is damaged.

    No model is changed. Without names, also what belongs to no model is read and told. FILE is a bundle (models.tar,
    ./models), which is checked without a store.

    --quick finds what is missing, truncated or out of place, not what is damaged. --since last passes over files of the
    same size, times and inode as when they were last read, but reads a tenth of them, those read longest ago. That is
    no proof against a disk that forgets.

    The exit status is 0 when all is right, 5 when a byte of a model is wrong or missing, else 1.
    """
    if any(is_file(text) for text in names):
        return verify_file(door, names, whole=not quick and since is None)
    parsed = [ModelName.parse(text) for text in names]
    store = door.store()
    with Progress(door, "verifying") as progress:
        report = verify(
            store, parsed, quick=quick, since_last_time=since is not None, observer=progress, stop=door.stop
        )
    if door.as_json:
        door.result_json(document(report))
    else:
        door.result(text(report, unsaid=store.layout if _is_default(door, store) else None))
    return _status(report)


def _is_default(door: Door, store: Store) -> bool:
    """Whether this store is taken when none is named, with these variables and without them."""
    try:
        roots = {find_root(each).absolute() for each in (door.settings, replace(door.settings, named_store=None))}
    except NoStore:
        return False
    return roots == {store.layout.root.absolute()}


def _status(report: VerifyReport) -> int:
    if report.broken:
        return IntegrityError.exit_status
    return 0 if report.clean else _SOMETHING_FOUND
