"""``packllama cp``: give a model a second name."""

import click

from packllama.base.errors import ModelNotFound
from packllama.base.units import human_bytes
from packllama.cli import complete
from packllama.cli.door import Door, Progress
from packllama.cli.options import common, pass_door
from packllama.name import ModelName
from packllama.places.store import copy_name


@click.command("cp")
@click.argument("source", shell_complete=complete.names)
@click.argument("destination", shell_complete=complete.names)
@common
@pass_door
def command(door: Door, source: str, destination: str) -> None:
    """Give the model SOURCE a second name, DESTINATION. No data is copied: both names share it.

    A model that had the name DESTINATION is replaced.
    """
    old, new = ModelName.parse(source), ModelName.parse(destination)
    with Progress(door, "copying") as progress:
        try:
            copied = copy_name(
                door.store(),
                old,
                new,
                keep_replaced=door.settings.keep_replaced,
                observer=progress,
                stop=door.stop,
            )
        except ModelNotFound as error:
            raise ModelNotFound(source, message=f'model "{source}" not found') from error
    if copied.removed.kept_because:
        door.say(f"what the older model left over stays: {copied.removed.kept_because}")
    elif copied.removed.freed and not door.as_json:
        door.say(f"freed {human_bytes(copied.removed.freed)} of the older model")
    if door.as_json:
        names = {"source": copied.source.short, "destination": copied.target.short}
        door.result_json({**names, "freed": copied.removed.freed, "kept_because": copied.removed.kept_because})
    else:
        door.result(f"copied '{source}' to '{destination}'\n")
