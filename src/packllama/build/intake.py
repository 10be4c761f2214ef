"""Where a builder's blobs go: into a session of the store, or, for a rehearsal, nowhere."""

from typing import Protocol

from packllama.build.sources import SourceFile
from packllama.digest import Digest
from packllama.manifest import Layer
from packllama.model import Blob
from packllama.places.store import Session, Store


class Intake(Protocol):
    """Takes in what a layer is made of and says what blob it became."""

    def file(self, file: SourceFile) -> Blob: ...

    def data(self, data: bytes) -> Blob: ...

    def inherited(self, layer: Layer) -> Blob: ...

    def existed(self, blob: Blob) -> bool: ...


class SessionIntake:
    """Puts everything into a session of a store."""

    def __init__(self, session: Session, *, link: bool) -> None:
        self._session = session
        self._link = link

    def file(self, file: SourceFile) -> Blob:
        return self._session.ingest(file.descriptor, path=file.path, before=file.before, may_link=self._link)

    def data(self, data: bytes) -> Blob:
        return self._session.put(data)

    def inherited(self, layer: Layer) -> Blob:
        return self._session.adopt(Blob(layer.digest, layer.size))

    def existed(self, blob: Blob) -> bool:
        return self._session.existed(blob)


# Stands for the digest of a file that was not hashed.
UNKNOWN = Digest("0" * 64)


class Rehearsal:
    """Takes nothing in. Files are not hashed, so their blobs have the digest ``UNKNOWN``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def file(self, file: SourceFile) -> Blob:
        return Blob(UNKNOWN, file.before.st_size)

    def data(self, data: bytes) -> Blob:
        return Blob(Digest.of(data), len(data))

    def inherited(self, layer: Layer) -> Blob:
        blob = Blob(layer.digest, layer.size)
        self._store.path(blob)
        return blob

    def existed(self, blob: Blob) -> bool:
        return blob.digest != UNKNOWN and self._store.layout.blob(blob.digest).exists()
