"""From a name in a store to a model that can be asked."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from packllama.base.observer import SILENT, Observer
from packllama.base.settings import LOAD_TIMEOUT_SECONDS
from packllama.base.stop import Stop
from packllama.dialect import Derived
from packllama.engine.ask import LoadedModel
from packllama.engine.files import Translating, original_files, stock_files
from packllama.engine.launch import start
from packllama.engine.options import load_options
from packllama.gguf import context_length, is_embedding_model, open_gguf
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Store, layer_paths, read_parts
from packllama.prompt import PromptModel, parsed_template


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
    derived: Derived | None = None,
    observer: Observer = SILENT,
    stop: Stop,
) -> Iterator[LoadedModel]:
    """Load a model of the store for the block. The store is only read.

    ``engine`` is a llama-server program, None the xllamacpp package; ``context`` is the ``num_ctx`` for models that
    set none; ``options`` go over the model's parameters; ``go_template`` whether the model's TEMPLATE or the GGUF's
    own is wanted, where it has both; ``derived`` is where files in Ollama's own form are translated to, None: they are
    refused; ``observer`` is told when neither is used, what of a question is not, and how far
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
    with contextlib.ExitStack() as stack:
        if engine is None:
            # Better known before a large file is translated.
            parsed_template(model.name, parts.config, parts.template)
            translating = Translating(store.layout, derived, load_timeout, environ, observer, model.name.short, stop)
            found = stack.enter_context(stock_files(store, parts, translating))
        else:
            found = original_files(store, parts)
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
        adapters = layer_paths(store, model, LayerKind.ADAPTER)
        for path in (*adapters, *([found.draft] if found.draft else [])):
            open_gguf(path)  # an engine gets no file whose numbers nobody has checked
        embedding = is_embedding_model(found.gguf)
        if parts.template is None and prompts.template is not None and not embedding:
            observer.noted("this model has no template to build a prompt with, so yours goes in as it is")
        load = load_options(
            found.weights,
            {"num_ctx": context},
            parts.parameters,
            options or {},
            projectors=found.projectors,
            adapters=adapters,
            draft=found.draft,
            embedding=embedding,
            trained_ctx=context_length(found.gguf),
        )
        observer.began(f"loading {model.name.short}")
        running = stack.enter_context(
            start(load, engine=engine, stop=stop, load_timeout=load_timeout, environ=environ, observer=observer)
        )
        yield LoadedModel(parts, running, prompts, observer, embedding, time.monotonic() - began)
