"""What a stored model says of itself, decoded: config, texts, parameters, messages, and where its weights are.

Where a kind of layer stands several times, the later one wins, as when Ollama loads it: texts and messages
replace, parameters are merged key by key.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import InvalidManifest, PackLlamaError
from packllama.config import CONFIG_LIMIT, ModelConfig
from packllama.jsonfields import Json, as_fields, first_value
from packllama.manifest import Layer, LayerKind
from packllama.message import Message
from packllama.model import Blob, Model
from packllama.places.store.store import Store

# A system prompt or a licence of more than this is an attack or a mistake.
TEXT_LIMIT = 16 << 20


@dataclass(frozen=True, slots=True)
class ModelParts:
    """A model's layers as values. ``template`` is None when there is no such layer."""

    model: Model
    config: ModelConfig
    template: str | None
    system: str
    parameters: Mapping[str, Json]
    messages: tuple[Message, ...]
    licenses: tuple[str, ...]


def read_parts(store: Store, model: Model) -> ModelParts:
    """Decode every small layer of a model.

    Raises:
        IntegrityError: a blob is missing or has another size.
        InvalidManifest: a layer's content is not what its media type says.
    """
    templates = _texts(store, model, LayerKind.TEMPLATE, LayerKind.PROMPT)
    return ModelParts(
        model=model,
        config=read_config(store, model),
        template=templates[-1] if templates else None,
        system=["", *_texts(store, model, LayerKind.SYSTEM)][-1],
        parameters=_parameters(store, model),
        messages=_messages(store, model),
        licenses=tuple(_texts(store, model, LayerKind.LICENSE)),
    )


def layer_paths(store: Store, model: Model, kind: LayerKind) -> tuple[Path, ...]:
    """Where the blobs of one kind are, in order."""
    return tuple(store.path(Blob(layer.digest, layer.size)) for layer in model.manifest.of_kind(kind))


def read_config(store: Store, model: Model) -> ModelConfig:
    """Decode the config alone.

    Raises: as `read_parts` does.
    """
    raw = store.read_layer(model.manifest.config, limit=CONFIG_LIMIT)
    return ModelConfig.decode(raw, where=f"{model.name.short}: config")


def is_remote(store: Store, model: Model) -> bool:
    """Whether a model is a stub of a remote one. One whose config cannot be read is not known to be."""
    if any(model.manifest.of_kind(LayerKind.MODEL, LayerKind.TENSOR)):
        return False
    try:
        return read_config(store, model).is_stub
    except PackLlamaError:
        return False


def _texts(store: Store, model: Model, *kinds: LayerKind) -> list[str]:
    return [
        store.read_layer(layer, limit=TEXT_LIMIT).decode("utf-8", errors="replace")
        for layer in model.manifest.of_kind(*kinds)
    ]


def _parameters(store: Store, model: Model) -> Mapping[str, Json]:
    merged: dict[str, Json] = {}
    for value, where in _values(store, model, LayerKind.PARAMS):
        if value is not None and not isinstance(value, dict):
            raise InvalidManifest("expected an object of parameters", where=where)
        merged |= value or {}
    return merged


def _messages(store: Store, model: Model) -> tuple[Message, ...]:
    messages: tuple[Message, ...] = ()
    for value, where in _values(store, model, LayerKind.MESSAGES):
        if value is not None and not isinstance(value, list):
            raise InvalidManifest("expected a list of messages", where=where)
        fields = [as_fields(item, where=where) for item in value or []]
        messages = tuple(Message(item.text("role"), item.text("content")) for item in fields)
    return messages


def _values(store: Store, model: Model, kind: LayerKind) -> Iterator[tuple[Json, str]]:
    for layer in model.manifest.of_kind(kind):
        where = _where(model, layer)
        yield first_value(store.read_layer(layer, limit=TEXT_LIMIT), where=where)[0], where


def _where(model: Model, layer: Layer) -> str:
    return f"{model.name.short}: {layer.kind or layer.media_type}"
