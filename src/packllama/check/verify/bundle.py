"""``verify`` of a bundle: read all of it, without a store, and say which models would not come out whole."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packllama.base.hashing import Hashes, hash_all
from packllama.base.observer import SILENT, Observer
from packllama.base.reading import opened_plain
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES, Pieces
from packllama.places.bundle import BundleStream


@dataclass(frozen=True, slots=True)
class WrongBlob:
    """A blob whose bytes are those of ``actual``; they are right up to byte ``right_until`` at least."""

    blob: Blob
    actual: Digest
    right_until: int
    models: tuple[ModelName, ...]


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What was read of a bundle, and what is wrong with it."""

    models: tuple[ModelName, ...]
    wrong: tuple[WrongBlob, ...]
    blobs: int
    bytes_read: int


def verify_bundle(path: Path, *, observer: Observer = SILENT, stop: Stop | None = None) -> BundleReport:
    """Read and hash every blob of a bundle, and check all else in it. Nothing is written.

    Raises:
        MissingFile, InvalidBundle, InvalidManifest, NotSupported: it is no bundle, or breaks the format.
        IntegrityError: it is cut short, or damaged outside of its blobs. Cancelled: ``stop`` was set.
    """
    stop = stop or Stop()
    with opened_plain(path, what="a bundle") as descriptor:
        observer.planned(os.fstat(descriptor).st_size)
        stream = BundleStream(descriptor, where=str(path), stop=stop)
        models = stream.models()
        found = {
            blob: hash_all(reader, step=PIECE_BYTES, observer=observer, stop=stop) for blob, reader in stream.blobs()
        }
    wrong = {blob: hashes for blob, hashes in found.items() if hashes.whole != blob.digest.hex}
    return BundleReport(
        models=tuple(model.name for model in models),
        wrong=tuple(_wrong(blob, hashes, models, stream.pieces) for blob, hashes in wrong.items()),
        blobs=len(found),
        bytes_read=sum(blob.size for blob in found),
    )


def _wrong(blob: Blob, hashes: Hashes, models: Sequence[Model], pieces: Mapping[Digest, Pieces]) -> WrongBlob:
    known = pieces.get(blob.digest, Pieces(()))
    first_bad = known.first_bad(Pieces.of(hashes.beginnings), size=blob.size)
    return WrongBlob(
        blob,
        Digest(hashes.whole),
        right_until=first_bad.start if first_bad else 0,
        models=tuple(model.name for model in models if blob in model.blobs),
    )
