"""Kept inputs, changed as somebody would who knows what numbers, lengths and marks do."""

from collections.abc import Sequence
from random import Random

_NUMBERS = [
    number.to_bytes(width, order)
    for width in (1, 2, 4, 8)
    for number in (0, 1, (1 << (8 * width - 1)) - 1, 1 << (8 * width - 1), (1 << 8 * width) - 1, (1 << 8 * width) - 2)
    for order in ("little", "big")
]
_TEXTS = [
    b"-1",
    b"1e999",
    b"9" * 40,
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"../" * 4,
    b"%s%n",
    b"{{",
    b"}}",
    b'"""',
    b"\r\n",
    b"\n\n",
    b"[" * 300,
    b'{"a":' * 200,
    b"(" * 300,
    "\N{RIGHT-TO-LEFT OVERRIDE}".encode(),
]
_MOST_COPIES = 2000
# Longer inputs are cut: what is slow because it is long is no finding.
LONGEST = 1 << 20


def changed(random: Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of the seeds with some changes; ``words`` mean something to who reads it."""
    data = bytearray(random.choice(seeds))
    for _ in range(random.randint(0, 6)):
        start = random.randint(0, len(data))
        data[start : start + random.choice((0, 0, 1, 4, 8, 16))] = _piece(random, seeds, words)
    if random.random() < 0.2:
        del data[random.randint(0, len(data)) :]
    return bytes(data[:LONGEST])


def _piece(random: Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    known = random.choice(random.choice((_NUMBERS, _TEXTS, words)))
    match random.randrange(8):
        case 0:
            return random.randbytes(random.randint(0, 8))
        case 1:
            return known * random.randint(2, _MOST_COPIES)
        case 2:
            seed = random.choice(seeds)
            start = random.randint(0, len(seed))
            return seed[start : start + random.choice((8, 64, 512))]
        case _:
            return known
