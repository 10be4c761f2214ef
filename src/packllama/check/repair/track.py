"""How far a blob's bytes are right. Each piece is judged by the hash of it and of all that is before it.

So whoever has the right bytes of a bad piece can go on behind it: one pass finds and mends any number of bad pieces.
"""

import hashlib
from dataclasses import dataclass

from packllama.base.stop import Stop
from packllama.model import Blob
from packllama.pieces import PIECE_BYTES, Pieces, count
from packllama.places.place import Reader

# Hashed while it is still in the processor's cache.
READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of a blob's beginnings. ``pieces`` None: nothing, so that only the whole can be judged."""

    blob: Blob
    pieces: Pieces | None

    @property
    def tell(self) -> bool:
        """Whether they say which piece is bad."""
        return self.pieces is not None or count(self.blob.size) <= 1

    def expected(self, end: int) -> str:
        """With what the digest of the first ``end`` bytes begins; "" when nothing is known of them."""
        if end == self.blob.size:
            return self.blob.digest.hex
        return self.pieces.beginnings[end // PIECE_BYTES - 1] if self.pieces else ""


class Track:
    """The hash of a blob's beginning. ``position``: so many bytes passed, and none was found wrong."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self.position = 0
        self._hash = hashlib.sha256()

    @property
    def whole(self) -> bool:
        """Whether all bytes passed, and are right."""
        blob = self.marks.blob
        return self.position == blob.size and self._hash.hexdigest() == blob.digest.hex

    @property
    def piece(self) -> range:
        """Which bytes come next; none at the end."""
        return range(self.position, min(self.position + PIECE_BYTES, self.marks.blob.size))

    def take(self, reader: Reader, buffer: memoryview, *, stop: Stop) -> bool:
        """Read the next piece. False: it is wrong or cut short, and nothing has passed.

        It is in the beginning of the buffer then, if that is as large. Raises: Cancelled, and what the reader raises.
        """
        ahead, filled, size = self._hash.copy(), 0, len(self.piece)
        while filled < size:
            stop.check()
            part = buffer[filled % len(buffer) :][: min(READ_BYTES, size - filled)]
            part = part[: reader.readinto(part)]
            if not part:
                return False
            ahead.update(part)
            filled += len(part)
        if not ahead.hexdigest().startswith(self.marks.expected(self.piece.stop)):
            return False
        self._hash, self.position = ahead, self.piece.stop
        return True

    def ends_right(self, reader: Reader, buffer: memoryview, *, stop: Stop) -> bool:
        """Whether what has passed and all that is left of a file hash to the blob's digest, whatever pieces say.

        Raises: Cancelled, and what the reader raises.
        """
        ahead = self._hash.copy()
        while count := reader.readinto(buffer):
            stop.check()
            ahead.update(buffer[:count])
        return ahead.hexdigest() == self.marks.blob.digest.hex
