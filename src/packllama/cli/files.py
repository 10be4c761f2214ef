"""``packllama files``: the files a model consists of, for cp, rsync and tar."""

import os
from pathlib import Path

import click

from packllama.base.errors import UsageError
from packllama.cli import complete
from packllama.cli.door import Door
from packllama.cli.options import common, pass_door
from packllama.name import ModelName
from packllama.places.store import model_files


@click.command("files")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete.names)
@click.option("-0", "null", is_flag=True, help="End each path with a NUL byte instead of a newline.")
@click.option("--absolute", is_flag=True, help="Print absolute paths.")
@common
@pass_door
def command(door: Door, names: tuple[str, ...], null: bool, absolute: bool) -> None:
    """Print the files that models consist of, as paths relative to the store: data first, names last.

    Each file is printed once, and only when all of them are there.

    \b
      packllama files NAME | tar -C STORE -chf - -T - | tar -C OTHER -xmf -
      packllama files NAME | rsync -L --files-from=- STORE/ OTHER/
    """
    store = door.store()
    files = model_files(store, [ModelName.parse(text) for text in names])
    root = store.layout.root.absolute()
    if door.as_json:
        document = [{"path": str(_shown(file.path, root, absolute=absolute)), "size": file.size} for file in files]
        door.result_json({"store": str(root), "files": document})
        return
    if absolute and not null and "\n" in str(root):
        raise UsageError(
            "the store's path contains a newline, so lines cannot hold it",
            where=str(root),
            hint="Add -0, and read the paths with a program that splits at NUL: xargs -0, tar --null.",
        )
    end = b"\0" if null else b"\n"
    # Bytes, since a path need not be text.
    paths = [os.fsencode(_shown(file.path, root, absolute=absolute)) for file in files]
    door.result_bytes(b"".join(path + end for path in paths))


def _shown(path: Path, root: Path, *, absolute: bool) -> Path:
    return root / path if absolute else path
