"""``packllama rm``: take names out of the store, and the blobs that nobody else uses."""

import click

from packllama.base.errors import PackLlamaError
from packllama.base.units import human_bytes
from packllama.cli import complete
from packllama.cli.door import Door, Progress
from packllama.cli.failure import as_document
from packllama.cli.options import common, pass_door
from packllama.places.store import Removal, name_to_remove, remove_model


@click.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete.names)
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
@common
@pass_door
def command(door: Door, names: tuple[str, ...], dry_run: bool) -> int:
    """Remove models, and the data that no other model uses. Stops at the first name that cannot be removed."""
    store = door.store()
    parsed = [(text, name_to_remove(store, text)) for text in names]
    removed: list[dict[str, object]] = []
    document: dict[str, object] = {"dry_run": dry_run, "removed": removed, "error": None}
    status = 0
    with Progress(door, "removing") as progress:
        for text, name in parsed:
            try:
                removal = remove_model(store, name, dry_run=dry_run, observer=progress, stop=door.stop)
            except PackLlamaError as error:
                if not door.as_json or not removed:
                    raise
                # What went before is as true as the error.
                document["error"] = as_document(error)
                status = error.exit_status
                break
            removed.append({"name": text, "freed": removal.freed, "kept_because": removal.kept_because})
            if not door.as_json:
                door.result(f"would delete '{text}'\n" if dry_run else f"deleted '{text}'\n")
            _tell(door, removal, dry_run=dry_run)
    if door.as_json:
        door.result_json(document)
    return status


def _tell(door: Door, removal: Removal, *, dry_run: bool) -> None:
    if removal.kept_because:
        door.say(f"its data stays in the store: {removal.kept_because}")
    elif not door.as_json:
        door.say(f"{'would free' if dry_run else 'freed'} {human_bytes(removal.freed)}")
