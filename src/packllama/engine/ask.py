"""A stored model, loaded and asked: its system prompt, messages and parameters hold.

The prompt is built by the GGUF's own chat template, which the engine applies.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import NotSupported
from packllama.base.observer import SILENT, Observer
from packllama.base.settings import LOAD_TIMEOUT_SECONDS
from packllama.base.stop import Stop
from packllama.engine.answer import Chunk
from packllama.engine.engine import Engine, start
from packllama.engine.options import load_options, sampling_options
from packllama.gguf import GGUF, chat_template, context_length, is_embedding_model, open_gguf
from packllama.manifest import LayerKind
from packllama.message import Message
from packllama.name import ModelName
from packllama.places.store import ModelParts, Store, layer_paths, read_parts


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model of a store in a running engine. Made by :func:`loaded`."""

    parts: ModelParts
    engine: Engine
    has_chat_template: bool

    def ask(self, prompt: str, *, stop: Stop) -> Iterator[Chunk]:
        """The answer to one prompt, as it is made; the last chunk has ``done``.

        Raises: EngineFailed, Cancelled.
        """
        options = sampling_options(self.parts.parameters)
        yield from self.engine.complete(self._text(prompt, stop), options, stop=stop)

    def _text(self, prompt: str, stop: Stop) -> str:
        if not self.has_chat_template:
            return prompt
        system = [Message("system", self.parts.system)] if self.parts.system else []
        turns = [*system, *self.parts.messages, Message("user", prompt)]
        return self.engine.apply_template(turns, stop=stop)


@contextlib.contextmanager
def loaded(
    store: Store,
    name: ModelName,
    *,
    engine: Path | None = None,
    context: int | None = None,
    load_timeout: float = LOAD_TIMEOUT_SECONDS,
    environ: Mapping[str, str] | None = None,
    observer: Observer = SILENT,
    stop: Stop,
) -> Iterator[LoadedModel]:
    """Load a model of the store for the block. The store is only read.

    ``engine`` is a llama-server program, None the xllamacpp package; ``context`` is the ``num_ctx`` for models that
    set none; ``observer`` is told what of the model is not used.

    Raises:
        ModelNotFound, IntegrityError, InvalidManifest, GGUFError: the model is not there, or not sound.
        NotSupported: a model of a kind that cannot be asked.
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
    for note in _unused(parts, gguf):
        observer.noted(note)
    load = load_options(
        weights[-1],
        {"num_ctx": context},
        parts.parameters,
        projectors=layer_paths(store, model, LayerKind.PROJECTOR),
        adapters=layer_paths(store, model, LayerKind.ADAPTER),
        trained_ctx=context_length(gguf),
    )
    with start(load, engine=engine, stop=stop, load_timeout=load_timeout, environ=environ) as running:
        yield LoadedModel(parts, running, has_chat_template=chat_template(gguf) is not None)


def _check_can_answer(gguf: GGUF, name: ModelName) -> None:
    if is_embedding_model(gguf):
        raise NotSupported("an embedding model answers no prompt; vectors are not supported yet", where=name.short)


def _unused(parts: ModelParts, gguf: GGUF) -> Iterator[str]:
    """What of the model does not reach the prompt yet, a line each."""
    instead = "the GGUF's own chat template builds the prompt"
    if chat_template(gguf) is None:
        instead = "the GGUF has no chat template, so the prompt goes in as it is"
    if parts.config.renderer:
        yield f"the built-in renderer {parts.config.renderer} is not supported yet: {instead}"
    elif parts.template is not None:
        yield f"this model's TEMPLATE is not used yet: {instead}"
    elif chat_template(gguf) is None:
        yield instead
