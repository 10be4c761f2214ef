"""Which name a text means when it is to be removed.

Ollama reads ``foo:local`` as ``foo:latest`` and removes that one. Nothing is removed here but what was named.
"""

from packllama.base.errors import InvalidName
from packllama.name import ModelName, Source, cloud_stub, split_source
from packllama.places.store.store import Store


def name_to_remove(store: Store, text: str) -> ModelName:
    """The name that a text means. Whether there is such a model matters only for ``:local``.

    ``…:cloud`` and ``…-cloud`` mean the stub of that name, never a model without the suffix.

    Raises:
        InvalidName: it is no name, or it ends in ``:local`` and no model has exactly that tag.
    """
    rest, source = split_source(text)
    if source is Source.UNSPECIFIED:
        return ModelName.parse(rest)
    if source is Source.CLOUD:
        return ModelName.parse(cloud_stub(rest))
    name = _stored(store, text.strip())
    if name is None:
        raise InvalidName(
            f"model '{text}' not found; Ollama would remove '{rest}' instead",
            hint=f"If that is meant: packllama rm {rest}",
        )
    return name


def _stored(store: Store, text: str) -> ModelName | None:
    try:
        name = store.canonical(ModelName.parse(text))
    except InvalidName:
        return None
    return name if name in store.scan().names else None
