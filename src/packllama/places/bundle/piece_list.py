"""`pieces.json`: where in a large blob damage is. A blob of one piece is not listed; its digest says as much."""

from collections.abc import Mapping, Sequence

from packllama.base.errors import BadInput, InvalidBundle
from packllama.digest import Digest
from packllama.model import Blob
from packllama.pieces import PIECE_BYTES, Pieces, count
from packllama.places.bundle.index import canonical, decode_fields

# What the digest of a blob and of a piece take, with quotes and separators, and what is there without any.
_BLOB_BYTES, _PIECE_BYTES, _FIXED_BYTES = 77, 35, 64


def encode(pieces: Mapping[Digest, Pieces]) -> bytes:
    """The pieces of all blobs that have more than one."""
    lists = {str(digest): list(of.beginnings) for digest, of in pieces.items() if len(of.beginnings) > 1}
    return canonical({"packllama": 1, "piece": PIECE_BYTES, "blobs": lists})


def encoded_size(blobs: Sequence[Blob]) -> int:
    """At most how many bytes the list of these blobs takes."""
    return _FIXED_BYTES + sum(_BLOB_BYTES + _PIECE_BYTES * count(blob.size) for blob in _large(blobs))


def decode(raw: bytes, *, blobs: Sequence[Blob], where: str) -> dict[Digest, Pieces]:
    """Raises: InvalidBundle, when it is not the list of just these blobs."""
    fields = decode_fields(raw, where=where)
    lists = fields.members("blobs") or {}
    large = {str(blob.digest): blob for blob in _large(blobs)}
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
        if not digest.hex.startswith(of.beginnings[-1]):
            raise fields.refusal(f"the last piece of {digest} does not end where the blob does")
    return pieces


def _large(blobs: Sequence[Blob]) -> list[Blob]:
    return [blob for blob in blobs if count(blob.size) > 1]
