"""``packllama init``: write a Modelfile for a GGUF."""

import os
import shlex
import stat
from pathlib import Path

import click

from packllama.base.errors import UsageError
from packllama.base.fs import write_file
from packllama.build import propose
from packllama.cli.door import Door
from packllama.cli.options import PlacePath, common, pass_door

_NAME = "Modelfile"


@click.command("init")
@click.argument("place", metavar="FILE|FOLDER", type=PlacePath(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=PlacePath(allow_dash=True),
    help="Where to write it; - prints it.  [default: beside the GGUF]",
)
@click.option("--like", default="", metavar="NAME", help="Take this template of packllama's, whatever fits best.")
@click.option("--yes", is_flag=True, help="Replace a file that is there.")
@common
@pass_door
def command(door: Door, place: Path, output: str | None, like: str, yes: bool) -> None:
    """Write a Modelfile for a GGUF, saying where each line comes from.

    Found and used: a projector beside the weights, the template that renders what the GGUF's own does, its stop words,
    the publisher's parameters (in the GGUF, or generation_config.json beside it), the licence.
    """
    target = _target(place, output, replace=yes)
    base = target.parent if target else Path.cwd()
    proposal = propose(place, base=base, like=like, stop=door.stop)
    if target is not None:
        write_file(target, proposal.text.encode(), staging=base, mode=None)
        door.say(f"wrote {target}; next: packllama create NAME -f {shlex.quote(str(target))}")
    if door.as_json:
        lines = [{"origin": line.origin, "text": line.text, "active": line.active} for line in proposal.lines]
        path = str(target) if target else None
        door.result_json({"path": path, "modelfile": proposal.text, "lines": lines})
    elif target is None:
        door.result(proposal.text)


def _target(place: Path, output: str | None, *, replace: bool) -> Path | None:
    """The absolute path to write to; None for stdout."""
    if output == "-":
        return None
    target = Path(output).absolute() if output else (place if place.is_dir() else place.parent).absolute()
    if target.is_dir() or (output or "").endswith(os.sep):
        target /= _NAME
    if os.path.lexists(target):
        _check_replaceable(target, place, replace=replace)
    return target


def _check_replaceable(target: Path, weights: Path, *, replace: bool) -> None:
    if not replace:
        hint = "Name another file with -o (-o - prints it), or replace this one with --yes."
        raise UsageError("this file is there already", where=str(target), hint=hint)
    if not stat.S_ISREG(target.lstat().st_mode):
        message = "only a plain file is replaced, and this is a link, a pipe or a device"
    elif target.suffix.lower() == ".gguf" or (weights.exists() and target.samefile(weights)):
        message = "this is a GGUF, and no Modelfile to be replaced"
    else:
        return
    raise UsageError(message, where=str(target), hint="Name another file with -o (-o - prints it).")
