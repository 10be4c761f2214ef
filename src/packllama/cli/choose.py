"""Which models of a place shall move, and under which names."""

import fnmatch
from collections.abc import Sequence

from packllama.base.errors import ModelNotFound, UsageError
from packllama.model import Model, Move
from packllama.name import ModelName, check_not_reserved
from packllama.places.bundle import BundleSource
from packllama.places.store import Store


def chosen(place: Store | BundleSource, texts: Sequence[str] = ("*",)) -> list[Model]:
    """The models of these names, in this order, each once; a text with ``*`` or ``?`` means all that match it.

    Raises: InvalidName, InvalidManifest; ModelNotFound, also when nothing matches.
    """
    names = [name for text in texts for name in _names(place, text)]
    return list({model.name: model for model in map(place.find, names)}.values())


def _names(place: Store | BundleSource, text: str) -> list[ModelName]:
    if not any(character in text for character in "*?["):
        return [ModelName.parse(text)]
    names = place.scan().names if isinstance(place, Store) else place.names()
    found = sorted(name for name in names if fnmatch.fnmatchcase(name.short.lower(), text.lower()))
    if not found:
        raise ModelNotFound(text, message="there are no models" if text == "*" else f"no model matches '{text}'")
    return found


def as_moves(models: Sequence[Model], *, rename: str | None, option: str) -> list[Move]:
    """Models on their way. ``rename`` is for a single one; ``option`` is what asked for it.

    Raises: UsageError, InvalidName.
    """
    if rename is None:
        return [Move(model) for model in models]
    if len(models) != 1:
        names = ", ".join(model.name.short for model in models)
        raise UsageError(f"{option} is for one model, and these are {len(models)}: {names}")
    name = ModelName.parse(rename)
    check_not_reserved(name)
    return [Move(models[0], name)]
