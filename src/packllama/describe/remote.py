"""Stubs: names in a store that stand for a model of a remote service."""

from packllama.base.errors import PackLlamaError
from packllama.config import ModelConfig
from packllama.manifest import LayerKind
from packllama.model import Model
from packllama.places.store import Store, read_config


def is_stub(config: ModelConfig) -> bool:
    """Whether the config points to a model elsewhere."""
    return bool(config.remote_host or config.remote_model)


def is_remote(store: Store, model: Model) -> bool:
    """Whether a stored model is a stub. One whose config cannot be read is not known to be."""
    if any(model.manifest.of_kind(LayerKind.MODEL, LayerKind.TENSOR)):
        return False
    try:
        return is_stub(read_config(store, model))
    except PackLlamaError:
        return False
