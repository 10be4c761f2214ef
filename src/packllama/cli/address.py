"""Where models are or shall go, as it is written on the command line."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from packllama.base.errors import UsageError
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.places.bundle import BundleSource
from packllama.places.store import Store
from packllama.places.store.layout import Layout
from packllama.places.store.locate import check_exists

# A word that is none of these could be a model's name.
_PATH = re.compile(r"\.{1,2}(/.*)?|/.*|~(/.*)?|.*\.tar", re.DOTALL)


def is_place(text: str) -> bool:
    """Whether a word that may be a name or a place is a place."""
    return _PATH.fullmatch(text) is not None


def parse_place(text: str, settings: Settings) -> Path:
    """The path of a store's folder or of a bundle, whose name ends with ``.tar``.

    Raises: UsageError, for anything else: what could be a model's name is never taken for a place.
    """
    if text == "-":
        raise UsageError(
            "a stream is no place to copy from or to", hint="Use 'packllama export' or 'packllama import'."
        )
    if not is_place(text):
        raise UsageError(f"'{text}' is no place", hint="A place is written ./folder, /mnt/stick/models or models.tar.")
    path = Path(text)
    return settings.home_folder().joinpath(*path.parts[1:]) if path.parts[:1] == ("~",) else path


def is_bundle_name(path: Path) -> bool:
    """Whether a path, where nothing need be yet, means a bundle."""
    return path.name.endswith(".tar") and not path.is_dir()


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths, where nothing need be, mean one place."""
    return os.path.realpath(one) == os.path.realpath(other)


def check_different(source: Path, target: Path) -> None:
    """Raises: UsageError, when both are one place."""
    if is_same(source, target):
        raise UsageError(
            "the source is the target", hint="Name another place, or use 'packllama cp' for a second name."
        )


def check_beside(bundle: Path, root: Path) -> None:
    """Raises: UsageError, when a bundle would be written among a store's own files."""
    folder = bundle.parent.resolve()
    if root.resolve() in folder.parents:
        raise UsageError(
            f"{folder} is a part of the store", hint="Write the bundle somewhere else: what is there is Ollama's."
        )


def check_no_part(path: Path, layout: Layout) -> None:
    """Raises: UsageError, when a path is that of a file or folder among a store's own, and not of the store."""
    for part in (layout.blobs, layout.manifests, layout.own):
        if path.resolve().is_relative_to(part.resolve()):
            raise UsageError(f"{path} is a part of the store", hint=f"Name all of it: packllama import {layout.root}")


@contextlib.contextmanager
def opened(path: Path, *, stop: Stop) -> Iterator[Store | BundleSource]:
    """The store or the bundle at a path.

    Raises: MissingFile, BadInput, and what else a bundle may be refused for.
    """
    if path.is_dir():
        check_exists(path)
        yield Store(path)
        return
    with BundleSource(path, stop=stop) as source:
        yield source
