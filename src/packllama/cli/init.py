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
from packllama.cli.like import Wish, find_like, wishing
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
@wishing
@click.option("--yes", is_flag=True, help="Replace a file that is there.")
@common
@pass_door
def command(door: Door, place: Path, output: str | None, wish: Wish, yes: bool) -> None:
    """Write a Modelfile for a GGUF, saying where each line comes from.

    Found and used: a projector beside the weights, the template that renders what the GGUF's own does, its stop words,
    the publisher's parameters (in the GGUF, or generation_config.json beside it), the licence.

    --like NAME takes instead a template of packllama's, or what the model NAME has: template, system text, parameters,
    licence, and the renderer, parser and least version of Ollama that go with them. NAME is looked for among
    packllama's templates, then in the store; else its registry is asked for some KiB, never for weights. A model called
    like a template is written with its tag: gemma3:latest.
    """
    target = _target(place, output, replace=yes)
    base = target.parent if target else Path.cwd()
    proposal = propose(place, base=base, like=find_like(door, wish), stop=door.stop)
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
