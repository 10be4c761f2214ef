"""``packllama create``: build a model from a Modelfile."""

import os
from pathlib import Path

import click

from packllama.base.errors import MissingFile
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.build import UNKNOWN, Created, Rehearsed, create, rehearse
from packllama.build.parent import missing_parent
from packllama.cli import complete
from packllama.cli.door import Door, Progress
from packllama.cli.like import Wish, find_like, wishing
from packllama.cli.options import common, pass_door
from packllama.cli.stdin import read_stdin
from packllama.cli.table import padded_rows
from packllama.manifest import Layer
from packllama.model import Move
from packllama.modelfile import MAX_BYTES, Modelfile, decode_modelfile, read_modelfile
from packllama.name import ModelName


@click.command("create")
@click.argument("name", shell_complete=complete.names)
@click.option("-f", "--file", "path", default="Modelfile", show_default=True, help="The Modelfile; - reads stdin.")
@wishing
@click.option("--pull", is_flag=True, help="Download the model that FROM names, if it is not in the store.")
@click.option("--link", is_flag=True, help="Hard-link the files instead of copying them; see below.")
@click.option("--dry-run", is_flag=True, help="Check everything and say what would be made; write nothing.")
@common
@pass_door
def command(door: Door, name: str, path: str, wish: Wish, pull: bool, link: bool, dry_run: bool) -> None:
    """Build the model NAME from a Modelfile.

    Relative paths in it count from its folder. The GGUF is stored as it is, so its digest is its publisher's.
    Unlike Ollama, a Modelfile that is missing is an error, and nothing is downloaded unless --pull or --like says so.

    A Modelfile without TEMPLATE gets the one of packllama's templates that renders what the GGUF's own chat template
    renders, with its stop words. If none does, recent versions of Ollama use the GGUF's own.

    --like NAME decides otherwise. It takes a template of packllama's, or what the model NAME has: template, system
    text, parameters, licence, and the renderer, parser and least version of Ollama that go with them. What the
    Modelfile says itself counts more. NAME is looked for among packllama's templates, then in the store; else its
    registry is asked for some KiB, never for weights. A model called like a template is written with its tag:
    gemma3:latest.

    With --link the file and the store's blob are one: no space is used twice, the file's time becomes now, and
    whoever edits the file later damages the model, which then no longer matches its digest. Only a file that is
    yours and that nobody else can write to is linked; others are copied. Where the file system can share blocks
    between copies (btrfs, xfs), packllama does that by itself, and --link is not needed.
    """
    parsed = ModelName.parse(name)
    modelfile, where, base = _read(path, stop=door.stop)
    store = door.store(writing=True)
    like = find_like(door, wish)
    if dry_run:
        rehearsed = rehearse(parsed, modelfile, base=base, where=where, store=store, like=like, stop=door.stop)
        _rehearse(door, rehearsed)
        return
    if pull and (parent := missing_parent(modelfile, base=base, store=store, where=where)):
        _pull(door, parent, wish)
    with Progress(door, f"creating {parsed.short}") as progress:
        created = create(
            parsed,
            modelfile,
            base=base,
            where=where,
            store=store,
            like=like,
            link=link,
            keep_replaced=door.settings.keep_replaced,
            observer=progress,
            stop=door.stop,
        )
    if door.as_json:
        door.result_json(_document(created))
    else:
        _tell(door, created)


def _read(path: str, *, stop: Stop) -> tuple[Modelfile, str, Path]:
    if path == "-":
        text = decode_modelfile(read_stdin(MAX_BYTES, stop=stop))
        return Modelfile.parse(text, where="<stdin>"), "<stdin>", Path.cwd()
    if not os.path.lexists(path):
        raise MissingFile(
            "no such Modelfile",
            where=str(Path(path).absolute()),
            hint="Write one that begins with FROM ./model.gguf, or name it with -f FILE (- for stdin).",
        )
    return Modelfile.parse(read_modelfile(path), where=path), path, Path(path).absolute().parent


def _pull(door: Door, name: ModelName, wish: Wish) -> None:
    from packllama.cli.moved import move_into_store
    from packllama.cli.moving import Moving
    from packllama.cli.registries import mirrors_meant, open_mirrored
    from packllama.places.registry.address import Address
    from packllama.transfer import CopyOptions

    moving = Moving(CopyOptions(), verify=False, progress=True, dry_run=False)
    mirrors = mirrors_meant(door, wish.mirrors)
    with moving.job(door, f"pulling {name.short}", lambda pulled: door.say(f"pulled {pulled}")) as job:
        source = open_mirrored(Address(name.host, wish.insecure), mirrors, door, observer=job.observer)
        move_into_store(door.store(writing=True), [Move(source.find(name))], source=source, job=job)


def _tell(door: Door, created: Created) -> None:
    for warning in created.warnings:
        door.result(f"{warning}\n")
    for note in created.notes:
        door.say(note)
    for sentence in created.about_template:
        door.say(sentence)
    for item in created.layers:
        door.say(f"{'using existing' if item.existed else 'creating new'} layer {item.layer.digest}")
    if created.removed.kept_because:
        door.say(f"what the older model left over stays: {created.removed.kept_because}")
    elif created.removed.freed:
        door.say(f"freed {human_bytes(created.removed.freed)} of the older model")
    door.say(f"created {created.name.short}, {human_bytes(created.manifest.total_size)}")


def _rehearse(door: Door, rehearsed: Rehearsed) -> None:
    rows = [(str(built.layer.kind or built.layer.media_type), built.layer) for built in rehearsed.layers]
    if door.as_json:
        layers = [
            {"type": kind, "digest": None if layer.digest == UNKNOWN else str(layer.digest), "size": layer.size}
            for kind, layer in rows
        ]
        door.result_json(
            {
                "dry_run": True,
                "name": rehearsed.name.short,
                "replaces": rehearsed.replaces,
                "layers": layers,
                "files": [str(path) for path in rehearsed.files],
                "bytes_to_read": rehearsed.bytes_to_read,
                "warnings": list(rehearsed.warnings),
                "template": list(rehearsed.about_template),
            }
        )
        return
    for warning in rehearsed.warnings:
        door.say(warning)
    for sentence in rehearsed.about_template:
        door.say(sentence)
    door.result(f"would {'replace' if rehearsed.replaces else 'create'} {rehearsed.name.short}\n")
    table = [(kind, human_bytes(layer.size), _digest_words(layer)) for kind, layer in rows]
    door.result("".join(f"  {line.rstrip()}\n" for line in padded_rows(table)))


def _digest_words(layer: Layer) -> str:
    return "hashed when it is taken in" if layer.digest == UNKNOWN else str(layer.digest)


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
        "kept_because": created.removed.kept_because,
        "warnings": [*created.warnings, *created.notes],
        "template": list(created.about_template),
    }
