"""``packllama show``: what a model is."""

from collections.abc import Sequence

import click

from packllama.base.errors import NotSupported, UsageError
from packllama.base.terminal import escaped
from packllama.base.units import human_bytes
from packllama.cli import complete
from packllama.cli.door import Door
from packllama.cli.options import common, pass_door
from packllama.cli.overview import overview
from packllama.cli.table import titled_table
from packllama.describe import Description, LayerFile, describe, layer_files, modelfile_of, parameter_lines
from packllama.model import Model
from packllama.name import ModelName, Source, split_source
from packllama.places.store import Store

_PARTS = ("license", "modelfile", "parameters", "system", "template", "layers")


@click.command("show")
@click.argument("name", shell_complete=complete.names)
@click.option("--license", "part", flag_value="license", multiple=True, help="Print the licences.")
@click.option("--modelfile", "part", flag_value="modelfile", multiple=True, help="Print a Modelfile that builds it.")
@click.option("--parameters", "part", flag_value="parameters", multiple=True, help="Print the parameters.")
@click.option("--system", "part", flag_value="system", multiple=True, help="Print the system prompt.")
@click.option("--template", "part", flag_value="template", multiple=True, help="Print the prompt template.")
@click.option("--layers", "part", flag_value="layers", multiple=True, help="Print its layers and who shares them.")
@click.option("-v", "--verbose", is_flag=True, help="Also the GGUF's metadata and tensors.")
@common
@pass_door
def command(door: Door, name: str, part: tuple[str, ...], verbose: bool) -> None:
    """Show a model: what it is, what it can do, its parameters, system prompt and licence.

    With --layers, also of a model that is damaged or runs elsewhere.
    """
    if len(part) > 1:
        words = [f"'--{word}'" for word in _PARTS]
        raise UsageError(f"only one of {', '.join(words[:-1])}, or {words[-1]} can be specified")
    text, source = split_source(name)
    if source is Source.CLOUD:
        raise NotSupported("this names a model that runs elsewhere; remote model details are unavailable", where=name)
    store = door.store()
    model = store.find(ModelName.parse(text))
    if "layers" in part:
        _show_layers(door, model, layer_files(store, model))
        return
    described = describe(store, model, go_template=door.settings.go_template)
    for note in described.notes:
        door.say(note)
    if door.as_json:
        door.result_json(_document(store, described))
    elif part:
        door.result(_part(store, described, part[0]))
    else:
        door.result(overview(described, verbose=verbose))


def _part(store: Store, described: Description, part: str) -> str:
    parts = described.parts
    if part == "license":
        return "".join(f"{text}\n" for text in parts.licenses) or "\n"
    if part == "modelfile":
        return modelfile_of(store, described) + "\n"
    if part == "parameters":
        return "\n".join(f"{key:<30} {value}" for key, value in parameter_lines(parts.parameters)) + "\n"
    return parts.system if part == "system" else described.template


def _show_layers(door: Door, model: Model, files: Sequence[LayerFile]) -> None:
    if door.as_json:
        door.result_json({**_identity(model), "layers": [_layer_document(file) for file in files]})
        return
    rows = [
        (
            file.layer.digest.short,
            escaped(file.what),
            human_bytes(file.layer.size),
            file.path.as_posix(),
            ", ".join(name.short for name in file.shared_with) or "-",
        )
        for file in files
    ]
    lines = titled_table(("DIGEST", "WHAT", "SIZE", "PATH", "SHARED WITH"), rows)
    door.result("".join(f"{line.rstrip()}\n" for line in lines))


def _document(store: Store, described: Description) -> dict[str, object]:
    parts = described.parts
    return {
        **_identity(parts.model),
        "architecture": described.architecture,
        "dialect": described.dialect.family if described.dialect else "",
        "translated": described.dialect is not None and described.dialect.translated,
        "experimental": described.dialect is not None and described.dialect.experimental,
        "parameter_size": described.parameters,
        "context_length": described.context_length,
        "embedding_length": described.embedding_length,
        "quantization": described.quantization,
        "requires": described.requires,
        "capabilities": list(described.capabilities),
        "parameters": dict(parts.parameters),
        "system": parts.system,
        "template": described.template,
        "licenses": list(parts.licenses),
        "messages": [{"role": message.role, "content": message.content} for message in parts.messages],
        "modelfile": modelfile_of(store, described),
        "layers": [_layer_document(file) for file in layer_files(store, parts.model)],
    }


def _identity(model: Model) -> dict[str, object]:
    return {"name": model.name.short, "digest": model.manifest.digest.hex, "size": model.manifest.total_size}


def _layer_document(file: LayerFile) -> dict[str, object]:
    return {
        "type": file.what,
        "digest": str(file.layer.digest),
        "size": file.layer.size,
        "path": file.path.as_posix(),
        "shared_with": [name.short for name in file.shared_with],
    }
