"""``packllama create``: build a model from a Modelfile."""

import sys
from pathlib import Path

import click

from packllama.base.errors import MissingFile
from packllama.base.units import human_bytes
from packllama.build import Created, create
from packllama.cli.door import Door, Progress
from packllama.cli.options import common, pass_door
from packllama.modelfile import Modelfile, read_modelfile
from packllama.name import ModelName


@click.command("create")
@click.argument("name")
@click.option("-f", "--file", "path", default="Modelfile", show_default=True, help="The Modelfile; - reads stdin.")
@common
@pass_door
def command(door: Door, name: str, path: str) -> None:
    """Build the model NAME from a Modelfile.

    Relative paths in it count from its folder. The GGUF is stored as it is, so its digest is its publisher's.
    Unlike Ollama, a Modelfile that is missing is an error, and nothing is ever downloaded.
    """
    parsed = ModelName.parse(name)
    modelfile, where, base = _read(path)
    with Progress(door, f"creating {parsed.short}") as progress:
        created = create(
            parsed,
            modelfile,
            base=base,
            where=where,
            store=door.store(writing=True),
            keep_replaced=door.settings.keep_replaced,
            observer=progress,
            stop=door.stop,
        )
    if door.as_json:
        door.result_json(_document(created))
    else:
        _tell(door, created)


def _read(path: str) -> tuple[Modelfile, str, Path]:
    if path == "-":
        return Modelfile.parse(read_modelfile(sys.stdin.buffer), where="<stdin>"), "<stdin>", Path.cwd()
    if not Path(path).exists() and not Path(path).is_symlink():
        raise MissingFile(
            "no such Modelfile",
            where=str(Path(path).absolute()),
            hint="Write one that begins with FROM ./model.gguf, or name it with -f FILE (- for stdin).",
        )
    return Modelfile.parse(read_modelfile(path), where=path), path, Path(path).absolute().parent


def _tell(door: Door, created: Created) -> None:
    for warning in created.warnings:
        door.result(f"{warning}\n")
    for item in created.layers:
        door.say(f"{'using existing' if item.existed else 'creating new'} layer {item.layer.digest}")
    if created.removed.kept_because:
        door.say(f"what the older model left over stays: {created.removed.kept_because}")
    elif created.removed.freed:
        door.say(f"freed {human_bytes(created.removed.freed)} of the older model")
    door.say(f"created {created.name.short}, {human_bytes(created.manifest.total_size)}")


def _document(created: Created) -> dict[str, object]:
    return {
        "name": created.name.short,
        "digest": created.manifest.digest.hex,
        "size": created.manifest.total_size,
        "layers": [
            {
                "type": str(item.layer.kind or item.layer.media_type),
                "digest": str(item.layer.digest),
                "size": item.layer.size,
                "existed": item.existed,
            }
            for item in created.layers
        ],
        "freed": created.removed.freed,
        "warnings": list(created.warnings),
    }
