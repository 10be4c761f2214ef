"""What reading every byte teaches about places in a blob: kept while it is right, compared when it is not."""

import contextlib
from collections.abc import Mapping

from packllama.base.errors import PackLlamaError
from packllama.base.observer import SILENT
from packllama.base.stop import Stop
from packllama.check.reading import Reading
from packllama.digest import Digest
from packllama.model import Blob
from packllama.pieces import Pieces
from packllama.places.store import Store
from packllama.places.store.kept_pieces import read_pieces, write_pieces
from packllama.places.store.session import Session


def first_bad(store: Store, blob: Blob, reading: Reading) -> range | None:
    """The bytes with the first wrong one, of a blob that was read to its end; None: nobody knows."""
    known = read_pieces(store.layout, blob)
    return known.first_bad(reading.pieces, size=blob.size) if known and reading.pieces else None


def keep_pieces(store: Store, readings: Mapping[Digest, Reading], *, stop: Stop) -> None:
    """Keep those of the blobs that are right, where they were not known. A store that cannot be written gets none."""
    new = {digest: pieces for digest, reading in readings.items() if (pieces := _news(store, digest, reading))}
    if not new:
        return
    with contextlib.suppress(PackLlamaError), Session(store, holder="verify", observer=SILENT, stop=stop) as session:
        for digest, pieces in new.items():
            write_pieces(store.layout, digest, pieces, staging=session.folder)


def _news(store: Store, digest: Digest, reading: Reading) -> Pieces | None:
    """The pieces of a blob that is right, and has several, and of which the store knows others or none."""
    if reading.digest != digest or reading.pieces is None or len(reading.pieces.beginnings) < 2:
        return None
    return reading.pieces if read_pieces(store.layout, Blob(digest, reading.size)) != reading.pieces else None
