"""Vectors of 32-bit floats, brought to length 1 in Ollama's steps, so that every digit is the same."""

import math
import struct
from collections.abc import Sequence


def unit(vector: Sequence[float]) -> list[float]:
    """The vector of length 1 in the same direction; one of zeros stays."""
    numbers = [_rounded(number) for number in vector]
    total = 0.0
    for number in numbers:
        total = _rounded(total + _rounded(number * number))
    factor = _rounded(1 / math.sqrt(total)) if total > 0 else 0.0
    return [_rounded(number * factor) for number in numbers]


def _rounded(number: float) -> float:
    (near,) = struct.unpack("<f", struct.pack("<f", number))
    return float(near)
