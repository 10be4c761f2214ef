"""Where in a blob damage would be: the digests of its beginnings, kept beside the store's blobs."""

import contextlib
import json
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.fs import write_file
from packllama.base.reading import read_small
from packllama.digest import Digest
from packllama.model import Blob
from packllama.pieces import Pieces, count
from packllama.places.store.layout import Layout

# A piece's digest is written in so many bytes at most.
_BYTES_EACH = 40


def read_pieces(layout: Layout, blob: Blob) -> Pieces | None:
    """Those of a blob, if they were kept. What does not end with its digest is not this blob's."""
    path = layout.pieces_record(blob.digest)
    with contextlib.suppress(PackLlamaError, ValueError, RecursionError):
        raw = read_small(path, limit=_BYTES_EACH * (count(blob.size) + 1), what="digests of pieces")
        pieces = Pieces.decode(json.loads(raw), size=blob.size, where=str(path))
        return pieces if pieces.end_in(blob.digest) else None
    return None


def write_pieces(layout: Layout, digest: Digest, pieces: Pieces, *, staging: Path) -> None:
    """Keep them, unless there is one only, which says no more than the blob's digest.

    A store that cannot be written simply gets none.
    """
    if len(pieces.beginnings) > 1:
        with contextlib.suppress(PackLlamaError):
            write_file(layout.pieces_record(digest), json.dumps(pieces.beginnings).encode(), staging=staging)
