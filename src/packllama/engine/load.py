"""From a name in a store to a model that can be asked."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import NotSupported
from packllama.base.observer import SILENT, Observer
from packllama.base.settings import LOAD_TIMEOUT_SECONDS
from packllama.base.stop import Stop
from packllama.engine.ask import LoadedModel
from packllama.engine.launch import start
from packllama.engine.options import load_options
from packllama.gguf import GGUF, context_length, has_inline_vision, is_embedding_model, open_gguf, refuse_dialect
from packllama.manifest import LayerKind
from packllama.model import Model
from packllama.name import ModelName
from packllama.places.store import ModelParts, Store, layer_paths, read_parts
from packllama.prompt import PromptModel


@contextlib.contextmanager
def loaded(
    store: Store,
    name: ModelName,
    *,
    engine: Path | None = None,
    context: int | None = None,
    options: Mapping[str, object] | None = None,
    load_timeout: float = LOAD_TIMEOUT_SECONDS,
    go_template: bool | None = None,
    environ: Mapping[str, str] | None = None,
    observer: Observer = SILENT,
    stop: Stop,
) -> Iterator[LoadedModel]:
    """Load a model of the store for the block. The store is only read.

    ``engine`` is a llama-server program, None the xllamacpp package; ``context`` is the ``num_ctx`` for models that
    set none; ``options`` go over the model's parameters; ``go_template`` whether the model's TEMPLATE or the GGUF's
    own is wanted, where it has both; ``observer`` is told when neither is used, what of a question is not, and how far
    a long load is.

    Raises:
        ModelNotFound, IntegrityError, InvalidManifest, GGUFError: the model is not there, or not sound.
        NotSupported: a model of a kind that cannot be asked.
        TemplateError: its TEMPLATE does not parse.
        RendererMissing: its prompts are built by code that packllama lacks.
        EngineMissing, EngineFailed: the engine.
        Cancelled: ``stop`` was set. Nothing is left running.
    """
    began = time.monotonic()
    model = store.find(name)
    parts = read_parts(store, model)
    found = _files(store, parts, own_engine=engine is None, stop=stop)
    prompts = PromptModel.of(
        model.name,
        parts.config,
        template=parts.template,
        gguf=found.gguf,
        projectors=[open_gguf(path) for path in found.projectors],
        system=parts.system,
        messages=parts.messages,
        go_template=go_template,
    )
    embedding = is_embedding_model(found.gguf)
    if parts.template is None and prompts.template is not None and not embedding:
        observer.noted("this model has no template to build a prompt with, so yours goes in as it is")
    load = load_options(
        found.weights,
        {"num_ctx": context},
        parts.parameters,
        options or {},
        projectors=found.projectors,
        adapters=layer_paths(store, model, LayerKind.ADAPTER),
        draft=next(iter(layer_paths(store, model, LayerKind.DRAFT)), None),
        embedding=embedding,
        trained_ctx=context_length(found.gguf),
    )
    with start(
        load, engine=engine, stop=stop, load_timeout=load_timeout, environ=environ, observer=observer
    ) as running:
        yield LoadedModel(parts, running, prompts, observer, embedding, time.monotonic() - began)


def has_eyes(store: Store, model: Model, *, engine: Path | None) -> bool:
    """Whether the model will take pictures, with this engine. Only headers are read.

    Raises: IntegrityError, GGUFError.
    """
    if any(model.manifest.of_kind(LayerKind.PROJECTOR)):
        return True
    weights = layer_paths(store, model, LayerKind.MODEL)
    return engine is not None and bool(weights) and has_inline_vision(open_gguf(weights[-1]))


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a model that say what it is."""

    weights: Path
    gguf: GGUF
    projectors: tuple[Path, ...]


def _files(store: Store, parts: ModelParts, *, own_engine: bool, stop: Stop) -> _Files:
    """Raises: NotSupported, when there are none, or the package's engine cannot read them."""
    model = parts.model
    where = model.name.short
    weights = layer_paths(store, model, LayerKind.MODEL)
    if parts.config.is_stub or not weights:
        raise NotSupported("the model has no weights on this machine", where=where)
    gguf = open_gguf(weights[-1])
    projectors = layer_paths(store, model, LayerKind.PROJECTOR)
    if own_engine:
        refuse_dialect(gguf, weights[-1], where=where, stop=stop)
        for path in projectors:
            refuse_dialect(open_gguf(path), path, where=where, stop=stop)
    elif not projectors and has_inline_vision(gguf):
        # Ollama's llama-server takes the eyes out of the same file.
        projectors = weights[-1:]
    return _Files(weights[-1], gguf, projectors)
