"""Where in a blob damage is: what a reading tells beside the pieces that the store has kept."""

from packllama.check.reading import Reading
from packllama.digest import Digest
from packllama.model import Blob
from packllama.pieces import Pieces
from packllama.places.store import Store
from packllama.places.store.kept_pieces import read_pieces


def first_bad(store: Store, blob: Blob, reading: Reading) -> range | None:
    """The bytes with the first wrong one, of a blob that was read to its end; None: nobody knows."""
    known = read_pieces(store.layout, blob)
    return known.first_bad(reading.pieces, size=blob.size) if known and reading.pieces else None


def new_pieces(store: Store, digest: Digest, reading: Reading) -> Pieces | None:
    """The pieces of a blob that is right, and has several, and of which the store knows others or none."""
    if reading.digest != digest or reading.pieces is None or len(reading.pieces.beginnings) < 2:
        return None
    return reading.pieces if read_pieces(store.layout, Blob(digest, reading.size)) != reading.pieces else None
