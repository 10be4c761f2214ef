"""``packllama show``: what a model is."""

from collections.abc import Sequence

import click

from packllama.base.errors import NotSupported, UsageError
from packllama.base.terminal import escaped
from packllama.cli.door import Door
from packllama.cli.options import common, pass_door
from packllama.cli.table import padded_rows
from packllama.describe import Description, describe, metadata_rows, modelfile_of, parameter_lines, tensor_rows
from packllama.name import ModelName, Source, split_source
from packllama.places.store import Store

_PARTS = ("license", "modelfile", "parameters", "system", "template")
_SHOWN_LINES = 2


@click.command("show")
@click.argument("name")
@click.option("--license", "part", flag_value="license", multiple=True, help="Print the licences.")
@click.option("--modelfile", "part", flag_value="modelfile", multiple=True, help="Print a Modelfile that builds it.")
@click.option("--parameters", "part", flag_value="parameters", multiple=True, help="Print the parameters.")
@click.option("--system", "part", flag_value="system", multiple=True, help="Print the system prompt.")
@click.option("--template", "part", flag_value="template", multiple=True, help="Print the prompt template.")
@click.option("-v", "--verbose", is_flag=True, help="Also the GGUF's metadata and tensors.")
@common
@pass_door
def command(door: Door, name: str, part: tuple[str, ...], verbose: bool) -> None:
    """Show a model: what it is, what it can do, its parameters, system prompt and licence."""
    if len(part) > 1:
        words = [f"'--{word}'" for word in _PARTS]
        raise UsageError(f"only one of {', '.join(words[:-1])}, or {words[-1]} can be specified")
    text, source = split_source(name)
    if source is Source.CLOUD:
        raise NotSupported("models that run elsewhere are not supported", where=name)
    store = door.store()
    described = describe(store, store.find(ModelName.parse(text)))
    if door.as_json:
        door.result_json(_document(store, described))
    elif part:
        door.result(_part(store, described, part[0]))
    else:
        door.result(_overview(described, verbose=verbose))


def _part(store: Store, described: Description, part: str) -> str:
    parts = described.parts
    if part == "license":
        return "".join(f"{text}\n" for text in parts.licenses) or "\n"
    if part == "modelfile":
        return modelfile_of(store, described) + "\n"
    if part == "parameters":
        return "\n".join(f"{key:<30} {value}" for key, value in parameter_lines(parts.parameters)) + "\n"
    return parts.system if part == "system" else described.template


def _overview(described: Description, *, verbose: bool) -> str:
    parts = described.parts
    sections = [
        _section("Model", _facts(described)),
        _section("Capabilities", [(word,) for word in described.capabilities]),
        _section("Projector", _projector_facts(described)),
        _section("Parameters", parameter_lines(parts.parameters)),
        *(_header_sections(described) if verbose else ()),
        _section("System", _first_lines(parts.system)),
        _section("License", _first_lines("\n".join(parts.licenses))),
    ]
    return "".join(sections)


def _header_sections(described: Description) -> list[str]:
    if described.gguf is None or described.gguf_path is None:
        return []
    return [
        _section("Metadata", metadata_rows(described.gguf_path, described.gguf)),
        _section("Tensors", tensor_rows(described.gguf)),
    ]


def _section(title: str, rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = padded_rows([[escaped(cell) for cell in row] for row in rows])
    return f"  {title}\n" + "".join(f"    {line}\n" for line in lines) + "\n"


def _facts(described: Description) -> list[tuple[str, str]]:
    return _known(
        ("architecture", described.architecture),
        ("parameters", described.parameters),
        ("context length", described.context_length),
        ("embedding length", described.embedding_length),
        ("quantization", described.quantization),
        ("requires", described.requires),
    )


def _projector_facts(described: Description) -> list[tuple[str, str]]:
    projector = described.projector
    if projector is None:
        return []
    return _known(
        ("architecture", projector.architecture),
        ("parameters", projector.parameters),
        ("embedding length", projector.embedding_length),
        ("dimensions", projector.dimensions),
    )


def _known(*rows: tuple[str, str | int | None]) -> list[tuple[str, str]]:
    return [(label, str(value)) for label, value in rows if value not in (None, "")]


def _first_lines(text: str) -> list[tuple[str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    shown = [(line,) for line in lines[:_SHOWN_LINES]]
    return [*shown, ("...",)] if len(lines) > _SHOWN_LINES else shown


def _document(store: Store, described: Description) -> dict[str, object]:
    parts = described.parts
    return {
        "name": parts.model.name.short,
        "digest": parts.model.manifest.digest.hex,
        "size": parts.model.manifest.total_size,
        "architecture": described.architecture,
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
    }
