"""A registry and those that mirror it, for the verbs that ask one."""

from collections.abc import Callable, Sequence

from packllama.base.observer import Observer
from packllama.cli.door import Door
from packllama.model import Blob
from packllama.pieces import Pieces
from packllama.places.registry.address import Address, parse_addresses
from packllama.transfer.mirrored import Mirrored


def mirrors_meant(door: Door, given: Sequence[str]) -> list[Address]:
    """Those that were given, else those of the settings. Raises: UsageError."""
    return parse_addresses(given or door.settings.mirrors.split())


def open_mirrored(
    registry: Address,
    mirrors: Sequence[Address],
    door: Door,
    *,
    observer: Observer,
    pieces: Callable[[Blob], Pieces | None] = lambda _: None,
) -> Mirrored:
    """One source out of them. Nobody is asked yet. ``pieces``: what is known of a blob.

    Raises: UsageError, when there can be no such host.
    """
    from packllama.places.registry import open_registry

    sources = [
        open_registry(each.host, door.settings, insecure=each.insecure, observer=observer, stop=door.stop)
        for each in (registry, *mirrors)
    ]
    return Mirrored(sources, pieces=pieces, observer=observer)
