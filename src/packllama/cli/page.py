"""``packllama page``: the link page as one file."""

from pathlib import Path

import click

from packllama.base.errors import UsageError
from packllama.cli.door import Door
from packllama.cli.new_file import check_new, write_new
from packllama.cli.options import PlacePath, common, pass_door


@click.command("page")
@click.option(
    "-o",
    "--output",
    required=True,
    type=PlacePath(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="The new file, as links.html; '-' for stdout.",
)
@click.option("--lang", type=click.Choice(["en", "zh"]), help="The language it begins in.  [default: the browser's]")
@common
@pass_door
def command(door: Door, output: Path, lang: str | None) -> None:
    """Write the link page: one HTML file that turns a model's name into direct links, and checks downloads.

    It needs a browser and nothing else: no network, no server, no packllama. Take it along on the stick, or give it to
    whoever has a network. It offers what 'packllama links' prints, for every name, and tells of downloaded files
    whether they are right; it sends nothing anywhere.
    """
    from packllama.page import page

    if str(output) == "-":
        if door.as_json:
            raise UsageError("the JSON document goes to stdout", hint="Write the page to a file with -o.")
        door.result(page(language=lang).decode())
        return
    check_new(output)
    raw = page(language=lang)
    write_new(output, raw, door)
    if door.as_json:
        door.result_json({"path": str(output), "size": len(raw)})
