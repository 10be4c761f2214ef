"""``packllama prove``: verify a model, load it, let it answer once, and say so in a receipt."""

from pathlib import Path

import click

from packllama.base.errors import NotSupported
from packllama.cli import complete
from packllama.cli.door import Door, Progress
from packllama.cli.options import PlacePath, common, pass_door
from packllama.engine import derived_for
from packllama.name import ModelName, Source, split_source
from packllama.prove.document import document
from packllama.prove.files import ReceiptPlace
from packllama.prove.page import page
from packllama.prove.prove import prove


@click.command("prove")
@click.argument("name", shell_complete=complete.names)
@click.option(
    "-o",
    "--output",
    type=PlacePath(),
    metavar="FILE|FOLDER",
    help="Also write the receipt to FILE.json and FILE.txt; in a folder, under the model's name and the date.",
)
@click.option("--engine", type=PlacePath(path_type=Path), help="A llama-server program to use as the engine.")
@common
@pass_door
def command(door: Door, name: str, output: str | None, engine: Path | None) -> int:
    """Prove that the model NAME works on this machine: read every byte of it, load it, let it answer once.

    The receipt is one page of text, or with --json a document, to be carried back: digests, template, engine, machine,
    speed, and what the model said. It is written of a model that is damaged or fails, too. A FILE that ends in .json
    or .txt is taken without its ending; files of these names are replaced.

    The exit status is 0 when the model is proved, 5 when it is damaged, 9 when the engine or its answer failed, else
    what the error means.
    """
    text, source = split_source(name)
    if source is Source.CLOUD:
        raise NotSupported("models that run elsewhere are not supported", where=name)
    # The receipt is on stdout anyway.
    place = ReceiptPlace.at(output) if output not in (None, "-") else None
    with Progress(door, "proving") as progress:
        store = door.store()
        receipt = prove(
            store,
            ModelName.parse(text),
            engine=engine or door.settings.engine,
            context=door.settings.context_length,
            load_timeout=door.settings.load_timeout_seconds,
            go_template=door.settings.go_template,
            derived=derived_for(door.settings, store),
            observer=progress,
            stop=door.stop,
        )
    for path in place.write(receipt) if place else ():
        door.say(f"wrote {path}")
    if door.as_json:
        door.result_json(document(receipt))
    else:
        door.result(page(receipt))
    return receipt.exit_status
