"""All of a bundle but its blobs' own bytes, as it follows from the models."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from packllama.base.errors import InvalidBundle, InvalidManifest, NotSupported
from packllama.digest import Digest
from packllama.manifest import MANIFEST_LIMIT
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.bundle.entry import BLOCK, END, Entry, encode, encode_file
from packllama.places.bundle.index import Index, IndexedModel
from packllama.places.bundle.layout import (
    INDEX,
    OCI_INDEX,
    OCI_LAYOUT,
    PIECES,
    SMALL_LIMIT,
    SUMS,
    blob_path,
    manifest_path,
    oci_path,
)
from packllama.places.bundle.piece_list import encoded_size
from packllama.places.bundle.twin import LAYOUT, oci_index, twin

# The manifests of all models together: these and their twins are held in memory. Ten of the largest known, or
# thousands of ordinary ones.
MANIFESTS_LIMIT = 4 * MANIFEST_LIMIT


@dataclass(frozen=True)
class Contents:
    """Models by name, and their blobs in the order in which they stand, the smallest first."""

    models: tuple[Model, ...]
    blobs: tuple[Blob, ...]

    @classmethod
    def of(cls, models: Iterable[Model], *, where: str = "") -> Self:
        """Raises:
        InvalidBundle: there are no models, or the names of two differ in letter case at most.
        InvalidManifest: two of them say two sizes for one blob.
        """
        ordered = tuple(sorted(models, key=lambda model: model.name))
        if not ordered:
            raise InvalidBundle("a bundle holds one model at least", where=where)
        if len({model.name.folded for model in ordered}) < len(ordered):
            raise InvalidBundle("two models have one name", where=where, hint="Upper and lower case count as the same.")
        return cls(ordered, tuple(sorted(_blobs(ordered, where), key=lambda blob: (blob.size, blob.digest))))

    @cached_property
    def manifests(self) -> dict[Digest, bytes]:
        """The bytes of each manifest; two models may share one."""
        return {Digest.of(model.manifest.raw): model.manifest.raw for model in self.models}

    @cached_property
    def twins(self) -> dict[ModelName, bytes]:
        return {model.name: twin(model) for model in self.models}

    @cached_property
    def index(self) -> Index:
        models = (
            IndexedModel(model.name, Digest.of(model.manifest.raw), Digest.of(self.twins[model.name]))
            for model in self.models
        )
        return Index(tuple(models), self.blobs)

    @cached_property
    def front(self) -> dict[str, bytes]:
        """The small files before the first manifest."""
        return {
            OCI_LAYOUT: LAYOUT,
            OCI_INDEX: oci_index(self.twins),
            INDEX: self.index.encode(),
            SUMS: self._sums(),
        }

    @cached_property
    def filed(self) -> dict[str, bytes]:
        """The small files that stand under their digests: manifests, then twins."""
        twins = {Digest.of(data): data for data in self.twins.values()}
        return {oci_path(digest): data for digest, data in (self.manifests | twins).items()}

    @cached_property
    def back(self) -> dict[str, bytes]:
        """The manifests at the end, which make models of the blobs."""
        return {manifest_path(model.name): model.manifest.raw for model in self.models}

    def entries(self, blob: Blob) -> tuple[Entry, Entry | None]:
        """A blob's entry and the link after it: none where its bytes stand as a manifest already."""
        path, twice = blob_path(blob.digest), oci_path(blob.digest)
        return Entry(path, blob.size), None if twice in self.filed else Entry(twice, target=path)

    def head(self) -> bytes:
        """All that stands before the first blob."""
        return b"".join(encode_file(path, data) for path, data in (self.front | self.filed).items())

    def tail(self, pieces: bytes) -> bytes:
        """All that stands behind the last blob."""
        last = {PIECES: pieces, **self.back}
        return b"".join(encode_file(path, data) for path, data in last.items()) + END

    def room(self, blob: Blob) -> int:
        """Bytes that a blob takes with its header, its padding and the link after it."""
        return BLOCK + _filled(blob.size) + (0 if oci_path(blob.digest) in self.filed else BLOCK)

    def size_behind_head(self) -> int:
        """Bytes from the first blob's header to the end."""
        last = {PIECES: encoded_size(self.blobs), **{path: len(data) for path, data in self.back.items()}}
        files = sum(len(encode(Entry(path, size))) + _filled(size) for path, size in last.items())
        return sum(map(self.room, self.blobs)) + files + len(END)

    def check_limits(self) -> None:
        """Raises: NotSupported, when no reader would take a bundle of so much."""
        small = [*map(len, self.front.values()), encoded_size(self.blobs)]
        if max(small) > SMALL_LIMIT or sum(len(model.manifest.raw) for model in self.models) > MANIFESTS_LIMIT:
            raise NotSupported(
                f"these are more models than one bundle holds: {len(self.models):,}, of {len(self.blobs):,} blobs",
                hint="Put them into several bundles.",
            )

    def _sums(self) -> bytes:
        files = {blob_path(blob.digest): blob.digest for blob in self.blobs}
        files |= {manifest_path(model.name): Digest.of(model.manifest.raw) for model in self.models}
        return "".join(f"{digest.hex}  {path}\n" for path, digest in files.items()).encode()


def _filled(size: int) -> int:
    """Bytes of so many with those that fill the last block."""
    return size + -size % BLOCK


def _blobs(models: Iterable[Model], where: str) -> Iterable[Blob]:
    found: dict[Digest, Blob] = {}
    for model in models:
        for blob in model.blobs:
            if found.setdefault(blob.digest, blob) != blob:
                raise InvalidManifest(
                    f"two sizes for one digest: {found[blob.digest].size:,} and {blob.size:,} bytes of {blob.digest}",
                    where=f"{where}: {model.name.short}" if where else model.name.short,
                    hint="One of the manifests was changed; fetch it again.",
                )
    return found.values()
