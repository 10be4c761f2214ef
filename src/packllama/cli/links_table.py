"""Links as a table for people."""

from collections.abc import Iterator

from packllama.base.units import human_bytes
from packllama.cli.table import section
from packllama.links.formats.heading import heading
from packllama.links.link import Link
from packllama.links.listing import Listing
from packllama.links.stores import SERVICE, STORES

# What fits into a column: a hostile manifest has media types of megabytes.
_LONGEST = 60


def table(listing: Listing) -> str:
    """What each file is, its size and its link; where it belongs; and what takes in all of them."""
    return "".join(_sections(listing))


def _sections(listing: Listing) -> Iterator[str]:
    for model in listing.models:
        yield section(model.name.short, [(_cut(link.what), _size(link), link.url) for link in model.links])
    for repository in listing.repositories:
        rows = [(link.what, _size(link), link.digest.hex if link.digest else "", link.url) for link in repository.links]
        yield section(f"Files of {repository.name}, with their sha256", rows)
    if not listing.models:
        yield "Build a model of them in one folder:\n  packllama init FOLDER\n"
        return
    yield section("Where they belong", [(_cut(link.what), link.target or "") for link in listing.links])
    yield section("Stores of Ollama", [(system, store) for system, store in {**STORES, **SERVICE}.items()])
    yield f"{heading(listing)}. In one folder, under any names, they are taken by\n"
    named = f" --as {listing.names[0]}" if len(listing.models) == 1 else ""
    yield f"  packllama import FOLDER{named}\n"


def _size(link: Link) -> str:
    return "" if link.size is None else human_bytes(link.size)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
