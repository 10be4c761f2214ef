"""Where in a blob damage is: digests of its beginnings.

A blob's sha256 says that a byte is wrong somewhere. The digests of its first 16 MiB, of its first 32 MiB and so on say
where: the first that differs names the piece. They fall out of the one pass that hashes the whole, and cost nothing.
What follows a bad piece can be judged once its right bytes are there. They prove nothing by themselves: a blob is
right when its sha256 is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from packllama.base.errors import BadInput
from packllama.digest import Digest
from packllama.jsonfields import Json

PIECE_BYTES = 16 << 20
# Hexadecimal digits that are kept of a digest: two beginnings that differ have the same ones in 1 of 2^128 cases.
_KEPT_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Pieces:
    """The digests of a blob's beginnings, each a piece longer than the one before; the last one is of the whole."""

    beginnings: tuple[str, ...]

    @classmethod
    def of(cls, digests: Sequence[str]) -> Self:
        """From full sha256 digests in hexadecimal digits."""
        return cls(tuple(digest[:_KEPT_DIGITS] for digest in digests))

    @classmethod
    def decode(cls, value: Json, *, size: int, where: str) -> Self:
        """Those of a blob of ``size`` bytes, from parsed JSON.

        Raises: BadInput, when they are not as many short texts of hexadecimal digits as the blob has pieces.
        """
        if isinstance(value, list) and len(value) == count(size):
            texts = [text for text in value if isinstance(text, str) and _is_beginning(text)]
            if len(texts) == len(value):
                return cls(tuple(texts))
        raise BadInput(f"expected {count(size)} digests of pieces", where=where)

    def end_in(self, digest: Digest) -> bool:
        """Whether they can be those of a blob: the last one is its own digest. An empty blob has none."""
        return all(digest.hex.startswith(last) for last in self.beginnings[-1:])

    def first_bad(self, found: "Pieces", *, size: int) -> range | None:
        """The first piece in which what was found differs from these, as the bytes it has; None: nothing differs.

        ``size``: of the blob. What comes after is not known to be right.
        """
        for number, (right, other) in enumerate(zip(self.beginnings, found.beginnings, strict=False)):
            if right != other:
                return range(number * PIECE_BYTES, min((number + 1) * PIECE_BYTES, size))
        return None


def count(size: int) -> int:
    """How many pieces a blob of so many bytes has."""
    return -(-size // PIECE_BYTES)


def _is_beginning(text: str) -> bool:
    return len(text) == _KEPT_DIGITS and all(character in "0123456789abcdef" for character in text)
