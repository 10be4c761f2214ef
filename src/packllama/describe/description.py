"""The facts about one stored model, gathered."""

from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import NotSupported, TemplateError
from packllama.dialect import Dialect, dialect_of
from packllama.gguf import (
    GGUF,
    architecture,
    chat_template,
    context_length,
    embedding_length,
    human_count,
    open_gguf,
    parameter_count,
)
from packllama.manifest import LayerKind
from packllama.model import Model
from packllama.places.store import ModelParts, Store, layer_paths, read_parts
from packllama.prompt import PLAIN_TEMPLATE, capabilities, uses_jinja
from packllama.template import Template


@dataclass(frozen=True, slots=True)
class Projector:
    """The part of a model that sees. ``dimensions`` is the width it projects to."""

    architecture: str
    parameters: str
    embedding_length: int | None
    dimensions: int | None


@dataclass(frozen=True, slots=True)
class Description:
    """What ``show`` prints. Lengths are in tokens or numbers; None when the file does not say.

    ``gguf`` is the header of the file that is loaded, the last one. ``template`` is what renders the model: the
    text of its Go template layer, or the GGUF's own Jinja template, or the plain one. ``dialect`` is Ollama's own form
    of GGUF that the weights, or else a projector, are in. ``notes`` say what keeps the model from being run as it
    should.
    """

    parts: ModelParts
    gguf: GGUF | None
    gguf_path: Path | None
    architecture: str
    parameters: str
    context_length: int | None
    embedding_length: int | None
    quantization: str
    requires: str
    capabilities: tuple[str, ...]
    projector: Projector | None
    template: str
    dialect: Dialect | None = None
    notes: tuple[str, ...] = ()


def describe(store: Store, model: Model, *, go_template: bool | None = None) -> Description:
    """Read what a model's layers and GGUF headers say.

    ``go_template``: whether the user wants the Go template to render, or the GGUF's own; None leaves it to what they
    offer.

    Raises:
        IntegrityError: a blob is missing or has another size.
        InvalidManifest, GGUFError: a layer cannot be understood.
        NotSupported: the model is a stub of a remote one.
    """
    parts = read_parts(store, model)
    config = parts.config
    if config.is_stub:
        raise NotSupported(
            f"this is a stub of the remote model {config.remote_model!r}; remote model details are unavailable",
            where=model.name.short,
            hint="Only --layers can be shown of it.",
        )
    weights = layer_paths(store, model, LayerKind.MODEL)
    loaded = [*weights[-1:], *layer_paths(store, model, LayerKind.PROJECTOR)]
    headers = [open_gguf(path) for path in loaded]
    gguf, projectors = (headers[0], headers[1:]) if weights else (None, headers)
    dialect = next(filter(None, map(dialect_of, headers, loaded)), None)
    template, notes = _parsed(parts.template)
    wish = True if notes else go_template
    jinja = chat_template(gguf) if gguf else None
    by_jinja = uses_jinja(config, template=template, jinja=jinja, go_template=wish)
    shown = jinja if by_jinja else parts.template
    return Description(
        parts=parts,
        gguf=gguf,
        gguf_path=weights[-1] if weights else None,
        architecture=architecture(gguf) if gguf else config.model_family,
        parameters=config.model_type or (human_count(parameter_count(gguf)) if gguf else ""),
        context_length=(context_length(gguf) if gguf else None) or config.context_length or None,
        embedding_length=(embedding_length(gguf) if gguf else None) or config.embedding_length or None,
        quantization=config.file_type,
        requires=config.requires,
        capabilities=capabilities(config, model=gguf, projectors=projectors, template=template, go_template=wish),
        projector=_projector(projectors[0]) if projectors else None,
        template=PLAIN_TEMPLATE if shown is None else shown,
        dialect=dialect,
        notes=(*notes, dialect.note) if dialect else notes,
    )


def _parsed(text: str | None) -> tuple[Template | None, tuple[str, ...]]:
    """A stored template, and what is to be said of it. One that does not parse counts as empty; Ollama fails here."""
    try:
        return (None if text is None else Template.parse(text)), ()
    except TemplateError as error:
        return Template.parse(""), (f"this model cannot be run, because its TEMPLATE does not parse: {error.message}",)


def _projector(gguf: GGUF) -> Projector:
    name = architecture(gguf)
    return Projector(
        architecture=name,
        parameters=human_count(parameter_count(gguf)),
        embedding_length=gguf.integer(f"{name}.vision.embedding_length"),
        dimensions=gguf.integer(f"{name}.vision.projection_dim"),
    )
