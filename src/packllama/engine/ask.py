"""A stored model, loaded and asked: its template, system prompt, messages and parameters hold."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from packllama.base.errors import NotSupported, TemplateError
from packllama.base.observer import SILENT, Observer
from packllama.base.settings import LOAD_TIMEOUT_SECONDS
from packllama.base.stop import Stop
from packllama.engine.answer import Chunk
from packllama.engine.engine import Engine, start
from packllama.engine.options import load_options, sampling_options
from packllama.gguf import GGUF, context_length, is_embedding_model, open_gguf
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import ModelParts, Store, layer_paths, read_parts
from packllama.prompt import EngineSide, GenerateRequest, Prompt, PromptModel, generate_prompt


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model of a store in a running engine. Made by :func:`loaded`."""

    parts: ModelParts
    engine: Engine
    prompts: PromptModel
    observer: Observer

    def ask(self, question: str, *, stop: Stop) -> Iterator[Chunk]:
        """The answer to one question, as it is made; the last chunk has ``done``.

        Of a question that is longer than the context the middle is left out, which the observer is told.

        Raises:
            TemplateError: the model's template cannot be rendered.
            EngineFailed, Cancelled.
        """
        options = sampling_options(self.parts.parameters)
        prompt = self.engine.fitted(self.prompt(question, stop=stop).text, keep=options.num_keep, stop=stop)
        if not isinstance(prompt, str):
            self.observer.noted(
                f"the prompt does not fit into the context of {self.engine.num_ctx} tokens, so its middle is left out; "
                "PARAMETER num_ctx, or OLLAMA_CONTEXT_LENGTH, makes room"
            )
        yield from self.engine.complete(prompt, options, stop=stop)

    def prompt(self, question: str, *, stop: Stop) -> Prompt:
        """What the model is given to read for a question.

        Raises: as `ask` does.
        """
        side = EngineSide(
            num_ctx=self.engine.num_ctx,
            count_tokens=partial(self.engine.count_tokens, stop=stop),
            apply_jinja=partial(self.engine.apply_template, stop=stop),
        )
        try:
            return generate_prompt(GenerateRequest(question), model=self.prompts, engine=side)
        except TemplateError as error:
            name = self.prompts.name.short
            error.where = error.where or name
            error.hint = error.hint or f"'packllama show --template {name}' prints it; create the model with another."
            raise


@contextlib.contextmanager
def loaded(
    store: Store,
    name: ModelName,
    *,
    engine: Path | None = None,
    context: int | None = None,
    load_timeout: float = LOAD_TIMEOUT_SECONDS,
    go_template: bool | None = None,
    environ: Mapping[str, str] | None = None,
    observer: Observer = SILENT,
    stop: Stop,
) -> Iterator[LoadedModel]:
    """Load a model of the store for the block. The store is only read.

    ``engine`` is a llama-server program, None the xllamacpp package; ``context`` is the ``num_ctx`` for models that
    set none; ``go_template`` whether the model's TEMPLATE or the GGUF's own is wanted, where it has both;
    ``observer`` is told when neither is used, and what of a question is not.

    Raises:
        ModelNotFound, IntegrityError, InvalidManifest, GGUFError: the model is not there, or not sound.
        NotSupported: a model of a kind that cannot be asked.
        TemplateError: its TEMPLATE does not parse.
        RendererMissing: its prompts are built by code that packllama lacks.
        EngineMissing, EngineFailed: the engine.
        Cancelled: ``stop`` was set. Nothing is left running.
    """
    model = store.find(name)
    parts = read_parts(store, model)
    weights = layer_paths(store, model, LayerKind.MODEL)
    if not weights:
        raise NotSupported("the model has no weights on this machine", where=model.name.short)
    gguf = open_gguf(weights[-1])
    _check_can_answer(gguf, model.name)
    projectors = layer_paths(store, model, LayerKind.PROJECTOR)
    prompts = PromptModel.of(
        model.name,
        parts.config,
        template=parts.template,
        gguf=gguf,
        projectors=[open_gguf(path) for path in projectors],
        system=parts.system,
        messages=parts.messages,
        go_template=go_template,
    )
    if parts.template is None and prompts.template is not None:
        observer.noted("this model has no template to build a prompt with, so yours goes in as it is")
    load = load_options(
        weights[-1],
        {"num_ctx": context},
        parts.parameters,
        projectors=projectors,
        adapters=layer_paths(store, model, LayerKind.ADAPTER),
        trained_ctx=context_length(gguf),
    )
    with start(load, engine=engine, stop=stop, load_timeout=load_timeout, environ=environ) as running:
        yield LoadedModel(parts, running, prompts, observer)


def _check_can_answer(gguf: GGUF, name: ModelName) -> None:
    if is_embedding_model(gguf):
        raise NotSupported("an embedding model answers no prompt; vectors are not supported yet", where=name.short)
