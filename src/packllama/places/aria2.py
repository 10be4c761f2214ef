"""What aria2 says of an unfinished download: ``FILE.aria2``, beside ``FILE``, tells what of it is there.

Follows aria2's technical notes on its control file. A map has a bit for each piece, another one a bit for each block of
16 KiB of a piece that was being fetched; the first bit of a byte is its highest.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Literal

from packllama.base.errors import BadInput
from packllama.base.reading import read_small
from packllama.places.extents import joined

SUFFIX = ".aria2"

_BLOCK_BYTES = 16 << 10
# A map of the pieces of 8 TiB at aria2's default of 1 MiB. What is larger would take long to read, and prove nothing.
_CONTROL_LIMIT = 1 << 20
# More ranges than so many connections leave; a map of holes must not fill the memory.
_MOST_EXTENTS = 1 << 14


@dataclass(frozen=True, slots=True)
class Control:
    """What a control file says: how long the whole file shall be, and which ranges of it are there."""

    size: int
    extents: tuple[range, ...]


def read_control(path: Path) -> Control:
    """Raises: BadInput, as `decode` does, and when it is too large; MissingFile, MachineError."""
    return decode(read_small(path, limit=_CONTROL_LIMIT, what="a control file"), where=str(path))


def decode(raw: bytes, *, where: str) -> Control:
    """Read a control file.

    Raises: BadInput, when it is none, or its numbers do not fit together.
    """
    fields = _Fields(raw, where)
    fields.skip(4)  # extensions: they are about torrents
    fields.skip(fields.number(4))  # and so is the hash
    piece_bytes = fields.number(4)
    size = fields.number(8)
    fields.skip(8)  # uploaded
    whole = _runs(fields.bits(size, piece_bytes), range(size), piece_bytes)
    begun = (_begun(fields, size, piece_bytes) for _ in range(fields.number(4)))
    extents = list(islice(chain(whole, chain.from_iterable(begun)), _MOST_EXTENTS + 1))
    if len(extents) > _MOST_EXTENTS:
        raise fields.refusal(f"more than {_MOST_EXTENTS:,} ranges")
    return Control(size, joined(extents, size=size))


def _begun(fields: "_Fields", size: int, piece_bytes: int) -> Iterator[range]:
    """The blocks that are there of one piece."""
    start = fields.number(4) * piece_bytes
    piece = range(start, start + fields.number(4))
    if not piece or piece.stop > size or len(piece) > piece_bytes:
        raise fields.refusal("a piece beyond the end")
    return _runs(fields.bits(len(piece), _BLOCK_BYTES), piece, _BLOCK_BYTES)


def _runs(bits: bytes, whole: range, step: int) -> Iterator[range]:
    """The parts of a range whose bits are set, each ``step`` bytes long; parts that touch are one."""
    start = None
    for index, offset in enumerate(whole[::step]):
        if bits[index >> 3] & 0x80 >> (index & 7):
            start = offset if start is None else start
        elif start is not None:
            yield range(start, offset)
            start = None
    if start is not None:
        yield range(start, whole.stop)


class _Fields:
    """The fields of a control file, one after the other. Version 0 has the numbers of the machine that wrote it."""

    def __init__(self, raw: bytes, where: str) -> None:
        self._rest = memoryview(raw)
        self._where = where
        self._order: Literal["little", "big"] = "big"
        version = self.number(2)
        if version > 1:
            raise self.refusal(f"expected version 0 or 1, found {version}")
        if version == 0:
            self._order = sys.byteorder

    def skip(self, count: int) -> memoryview:
        """The next bytes."""
        if count > len(self._rest):
            raise self.refusal("cut short")
        skipped, self._rest = self._rest[:count], self._rest[count:]
        return skipped

    def number(self, count: int) -> int:
        """The number that the next bytes are."""
        return int.from_bytes(self.skip(count), self._order)

    def bits(self, size: int, step: int) -> bytes:
        """A map of so many bytes, a bit for each ``step``."""
        length = self.number(4)
        if step < 1 or length != -(-size // (8 * step)):
            raise self.refusal(f"a map of {length:,} bytes for {size:,} bytes in pieces of {step:,}")
        return bytes(self.skip(length))

    def refusal(self, message: str) -> BadInput:
        return BadInput(f"not a control file of aria2: {message}", where=self._where)
