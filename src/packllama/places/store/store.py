"""The store as something to read. May be shared between threads."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from packllama.base.errors import (
    IntegrityError,
    InvalidManifest,
    InvalidName,
    MissingFile,
    ModelNotFound,
    PackLlamaError,
    from_os_error,
)
from packllama.base.reading import FileRange, open_range, read_small, read_with_status
from packllama.manifest import MANIFEST_LIMIT, Layer, Manifest
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.store.layout import Layout


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list. ``modified`` is the manifest's time in seconds since the epoch."""

    model: Model
    modified: float


@dataclass(slots=True)
class Scan:
    """What stands under ``manifests/``: names, and the paths of entries that cannot be one."""

    names: list[ModelName] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)


class Store:
    """A directory in Ollama's layout. Reading never writes, so a read-only one is enough."""

    streams = 1

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root)

    def scan(self) -> Scan:
        """All names, in no order. A store without ``manifests/`` is empty."""
        scan = Scan()
        for name, path in self._entries():
            if name is None:
                scan.strays.append(path)
            else:
                scan.names.append(name)
        return scan

    def _entries(self) -> Iterator[tuple[ModelName | None, str]]:
        """Each manifest's name and path; no name for an entry that cannot be one."""
        for entry, parts in _tags(self.layout.manifests):
            if _is_folder(entry):
                continue
            try:
                yield ModelName.from_path_parts(parts), entry.path
            except InvalidName:
                yield None, entry.path

    def canonical(self, name: ModelName) -> ModelName:
        """``name`` in the spelling that the store's names already have."""
        return name.canonical(self.scan().names)

    def model(self, name: ModelName) -> Model:
        """The model of exactly this name.

        Raises:
            ModelNotFound: there is no such manifest.
            InvalidManifest: it cannot be understood.
        """
        return _read_model(name, str(self.layout.manifest(name))).model

    def find(self, name: ModelName) -> Model:
        """The model of this name in any letter case.

        Raises: as `model` does; the error says which names are like it.
        """
        try:
            return self.model(self.canonical(name))
        except ModelNotFound as error:
            raise ModelNotFound(name.short, near=[other.short for other in name.near(self.scan().names)]) from error

    def listing(self) -> tuple[list[Listed], list[PackLlamaError]]:
        """All models, newest first, and what is wrong with those that cannot be read."""
        listed: list[Listed] = []
        broken: list[PackLlamaError] = []
        for name, path in self._entries():
            if name is None:
                continue
            try:
                listed.append(_read_model(name, path))
            except PackLlamaError as error:
                broken.append(error)
        listed.sort(key=lambda item: (-int(item.modified), item.model.name))
        return listed, broken

    def path(self, blob: Blob) -> Path:
        """Where a blob's bytes are, checked for presence and size.

        Raises:
            IntegrityError: it is missing or has another size.
        """
        path = self.layout.blob(blob.digest)
        try:
            found = path.stat()
        except FileNotFoundError as error:
            raise IntegrityError(
                f"the blob {blob.digest} is missing",
                where=str(path),
                hint="The model is not whole; create or copy it again.",
            ) from error
        except OSError as error:
            raise from_os_error(error, doing="looking for a blob", where=path) from error
        if not stat.S_ISREG(found.st_mode) or found.st_size != blob.size:
            raise IntegrityError(
                f"expected a file of {blob.size:,} bytes, found {found.st_size:,}",
                where=str(path),
                hint="The blob is damaged; create or copy the model again.",
            )
        return path

    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> AbstractContextManager[FileRange]:  # noqa: ARG002
        """The bytes of a blob from ``start`` up to ``stop``, of whichever model.

        Raises:
            IntegrityError: it is missing, has another size, or is no plain file: a link may lead anywhere.
        """
        path = self.path(blob)
        if path.is_symlink():
            raise IntegrityError(
                "expected a blob, found a link", where=str(path), hint="Put the file itself there, or link the folder."
            )
        return open_range(path, what="a blob", start=start, stop=stop)

    def read_layer(self, layer: Layer, *, limit: int) -> bytes:
        """The bytes of a small layer.

        Raises:
            IntegrityError: the blob is missing or has another size.
            InvalidManifest: the manifest says it is larger than ``limit``.
        """
        path = self.path(Blob(layer.digest, layer.size))
        if layer.size > limit:
            raise InvalidManifest(f"a {layer.media_type} of {layer.size:,} bytes", where=str(path))
        return read_small(path, limit=limit, what="a layer")


def _read_model(name: ModelName, path: str) -> Listed:
    try:
        raw, status = read_with_status(path, limit=MANIFEST_LIMIT, what="a manifest")
    except MissingFile as error:
        raise ModelNotFound(name.short) from error
    return Listed(Model(name, Manifest.decode(raw, where=path)), status.st_mtime)


def _tags(manifests: Path) -> Iterator[tuple[os.DirEntry[str], tuple[str, ...]]]:
    """Every entry four levels below, and every link above that leads nowhere, with the parts of its path."""
    return _level(manifests, ())


def _level(folder: Path | str, above: tuple[str, ...]) -> Iterator[tuple[os.DirEntry[str], tuple[str, ...]]]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except FileNotFoundError as error:
        if os.path.lexists(folder):
            raise MissingFile(
                "the link leads nowhere", where=str(folder), hint="Mount the disk it leads to."
            ) from error
        return
    except OSError as error:
        raise from_os_error(error, doing="listing the store", where=folder) from error
    for entry in found:
        parts = (*above, entry.name)
        if len(parts) == 4 or _leads_nowhere(entry):
            yield entry, parts
        elif _is_folder(entry):
            yield from _level(entry.path, parts)


def _leads_nowhere(entry: os.DirEntry[str]) -> bool:
    """A link to a disk that is not mounted, perhaps: then what is behind it is unknown, not absent."""
    return entry.is_symlink() and not os.path.exists(entry.path)  # noqa: PTH110 - Path.exists can raise


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """False also for a link that leads in a circle; but what cannot be looked at must not count as absent."""
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        raise from_os_error(error, doing="listing the store", where=entry.path) from error
