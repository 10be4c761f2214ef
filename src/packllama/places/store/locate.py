"""Which directory is the store."""

# Path.exists and Path.is_dir raise for a folder that may not be looked into; os.path's say no.
# ruff: noqa: PTH110, PTH112, PTH208

import os
from pathlib import Path

from packllama.base.errors import MissingFile, from_os_error
from packllama.base.settings import SERVICE_STORE, Settings


def find_root(settings: Settings, *, flag: Path | None = None, service: Path = SERVICE_STORE) -> Path:
    """The store's root: the flag, ``PACKLLAMA_STORE``, ``OLLAMA_MODELS``, the user's, the Linux service's.

    The service's store is taken only while the user has none. The result need not exist when nobody named it.

    Raises:
        NoStore: nothing names a store and ``HOME`` is unset.
    """
    named = flag or settings.named_store
    if named is not None:
        # Ollama takes its own variable as it is.
        is_ollamas = flag is None and settings.named_store_origin == "OLLAMA_MODELS"
        return named if is_ollamas else _without_tilde(named, settings)
    if settings.home is None and os.path.isdir(service):
        return service
    own = settings.home_folder() / ".ollama" / "models"
    return service if not os.path.exists(own) and os.path.isdir(service) else own


def _without_tilde(path: Path, settings: Settings) -> Path:
    if path.parts[:1] == ("~",):
        return settings.home_folder().joinpath(*path.parts[1:])
    return path


def check_exists(root: Path) -> None:
    """For a store that the user named and that is to be read. An empty folder is an empty store.

    Raises:
        MissingFile: it is not there, or holds other things, so an empty list would be a lie.
        NoRights: it may not be looked into.
    """
    if os.path.isdir(root):
        try:
            names = set(os.listdir(root))
        except OSError as error:
            raise from_os_error(error, doing="looking for the store", where=root) from error
        if not names or names & {"blobs", "manifests"}:
            return
    hint = "Check the path, and that the disk is mounted. 'packllama create' makes a new store."
    if os.path.isdir(root / "models" / "manifests"):
        hint = f"There is one in {root / 'models'}."
    raise MissingFile("there is no store here", where=str(root), hint=hint)
