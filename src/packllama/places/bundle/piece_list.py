"""`pieces.json`: where in a large blob damage is. A blob of one piece is not listed; its digest says as much."""

from collections.abc import Mapping, Sequence

from packllama.base.errors import BadInput, InvalidBundle
from packllama.digest import Digest
from packllama.model import Blob
from packllama.pieces import PIECE_BYTES, Pieces, count
from packllama.places.bundle.index import canonical, decode_fields

# What the digest of a piece takes, with quotes and a comma.
_PIECE_BYTES = 35


def encode(pieces: Mapping[Digest, Pieces]) -> bytes:
    """The pieces of all blobs that have more than one."""
    return _encode({str(digest): list(of.beginnings) for digest, of in pieces.items() if len(of.beginnings) > 1})


def _encode(lists: Mapping[str, Sequence[str]]) -> bytes:
    return canonical({"packllama": 1, "piece": PIECE_BYTES, "blobs": lists})


def encoded_size(blobs: Sequence[Blob]) -> int:
    """How many bytes the list of these blobs takes."""
    large = _large(blobs)
    empty = _encode({str(blob.digest): [] for blob in large})
    return len(empty) + sum(_PIECE_BYTES * count(blob.size) - 1 for blob in large)


def decode(raw: bytes, *, blobs: Sequence[Blob], where: str) -> dict[Digest, Pieces]:
    """Raises: InvalidBundle, when it is not the list of just these blobs."""
    fields = decode_fields(raw, where=where)
    lists = fields.members("blobs") or {}
    large = {str(blob.digest): blob for blob in _large(blobs)}
    if fields.integer("packllama") != 1:
        raise fields.refusal('expected "packllama": 1')
    if lists.keys() != large.keys() or fields.integer("piece") != PIECE_BYTES:
        raise fields.refusal(f"expected the pieces of each blob above {PIECE_BYTES:,} bytes, and of no other")
    try:
        pieces = {
            blob.digest: Pieces.decode(lists[key], size=blob.size, where=f"{where}: {key}")
            for key, blob in large.items()
        }
    except BadInput as error:
        raise InvalidBundle(error.message, where=error.where) from error
    for digest, of in pieces.items():
        if not of.end_in(digest):
            raise fields.refusal(f"the last piece of {digest} does not end where the blob does")
    return pieces


def _large(blobs: Sequence[Blob]) -> list[Blob]:
    return [blob for blob in blobs if count(blob.size) > 1]
