"""What ``--like`` means: a template of packllama's, or a model here, in a registry or beside its saved manifest."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packllama.base.errors import FarSideError, InvalidName, MissingFile, ModelNotFound, NoStore, UsageError
from packllama.build import Likeness
from packllama.cli.door import Door, Progress
from packllama.cli.options import PlacePath
from packllama.model import Blob, Model
from packllama.places.place import Source

if TYPE_CHECKING:
    from packllama.links.typed import Typed


@dataclass(frozen=True, slots=True)
class Wish:
    """The options as they were given. An empty ``word``: nothing is wished for."""

    word: str
    manifest: Path | None
    mirrors: tuple[str, ...]
    insecure: bool


_OPTIONS = (
    click.option("--like", "word", default="", metavar="NAME", help="Be like this template or model; see below."),
    click.option(
        "--manifest",
        type=PlacePath(path_type=Path),
        metavar="FILE",
        help="The saved manifest of --like's model, its small files beside it: needs no network.",
    ),
    click.option("--mirror", "mirrors", multiple=True, metavar="URL", help="Ask there too. [PACKLLAMA_MIRROR]"),
    click.option("--insecure", is_flag=True, help="Speak http with the registry, which encrypts nothing."),
)


def wishing(function: Callable[..., Any]) -> Callable[..., Any]:
    """These options, as one argument ``wish``."""

    @functools.wraps(function)
    def collected(
        *args: Any, word: str, manifest: Path | None, mirrors: tuple[str, ...], insecure: bool, **words: Any
    ) -> Any:
        return function(*args, wish=Wish(word, manifest, mirrors, insecure), **words)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected


def find_like(door: Door, wish: Wish) -> str | Likeness:
    """The name of a template of ours, or what a model hands down. What the word was taken for is said.

    A template comes first, then a model of the store; only a name that is neither is asked for in its registry.

    Raises: UsageError, InvalidName, ModelNotFound, MissingFile, FarSideError, and what `read_likeness` raises.
    """
    from packllama.catalog.formats import FORMATS
    from packllama.links.typed import read_typed

    if wish.manifest is not None and not wish.word:
        raise UsageError("--manifest needs the model's name", hint="Say it with --like NAME, for example gemma3:12b.")
    if not wish.word:
        return ""
    if wish.word in FORMATS and wish.manifest is None:
        door.say(f"--like {wish.word}: a template of packllama's; the model would be {wish.word}:latest")
        return wish.word
    try:
        (typed,) = read_typed([wish.word])
        typed = replace(typed, insecure=typed.insecure or wish.insecure)
        with Progress(door, "reading", lines=False) as progress:
            return _handed_down(door, wish, typed, progress)
    except (InvalidName, ModelNotFound, FarSideError) as error:
        if not {"/", ":"} & set(wish.word):
            error.hint += f"\nIf a template of packllama's was meant, there are {', '.join(sorted(FORMATS))}."
        raise


def _handed_down(door: Door, wish: Wish, typed: "Typed", progress: Progress) -> Likeness:
    from packllama.build.take_over import read_likeness

    source, model = _saved(door, wish.manifest, typed) if wish.manifest else _found(door, wish, typed, progress)
    return read_likeness(model, source=source, observer=progress, stop=door.stop)


def _found(door: Door, wish: Wish, typed: "Typed", progress: Progress) -> tuple[Source, Model]:
    try:
        store = door.store(writing=True)
        model = store.find(typed.name)
    except (NoStore, ModelNotFound):
        return _asked(door, wish, typed, progress)
    door.say(f"--like {wish.word}: the model in the store")
    return store, model


def _asked(door: Door, wish: Wish, typed: "Typed", progress: Progress) -> tuple[Source, Model]:
    from packllama.cli.registries import mirrors_meant, open_mirrored
    from packllama.places.registry import manifest_url
    from packllama.places.registry.address import Address

    mirrors = mirrors_meant(door, wish.mirrors)
    door.say(
        f"--like {wish.word}: no template of packllama's and no model in the store; asking {typed.name.host} for its"
        " small files"
    )
    source = open_mirrored(Address(typed.name.host, typed.insecure), mirrors, door, observer=progress)
    try:
        return source, source.find(typed.name)
    except FarSideError as error:
        url = manifest_url(typed.name, insecure=typed.insecure)
        error.hint += f"\nOr save {url} with a browser, and say --manifest FILE."
        raise


def _saved(door: Door, path: Path, typed: "Typed") -> tuple[Source, Model]:
    """Where the manifest lies as in a store, or as ``wget -x`` puts it, the blobs are in the folder beside its own."""
    from packllama.build.small_layers import small_layers
    from packllama.links.saved import read_saved
    from packllama.places.loose import look
    from packllama.places.registry import blob_url

    model = read_saved(path, name=typed.name, stop=door.stop)
    above = path.absolute().parents
    root = next((folder.parent for folder in above[:4] if folder.name == "manifests"), above[0])
    downloads = look([root], stop=door.stop)
    layers = {layer.digest: layer for layer in small_layers(model)}
    lacking = [each for each in layers.values() if downloads.choice(Blob(each.digest, each.size)) is None]
    if lacking:
        links = [blob_url(typed.name, layer.digest, insecure=typed.insecure) for layer in lacking]
        raise MissingFile(
            f"of {typed.name.short} {', '.join(str(layer.kind or 'config') for layer in lacking)} cannot be found here",
            where=str(root),
            hint="\n".join(["Fetch into this folder, under any name:", *links]),
        )
    return downloads, model
