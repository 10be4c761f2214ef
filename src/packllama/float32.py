"""32-bit floats: rounding to them, and the few digits that Go writes for one.

Float parameters pass through 32 bits on their way into a params blob, and a GGUF holds such floats.
Follows Ollama's store format, "Params layer".
"""

import math
import struct
from decimal import Decimal
from fractions import Fraction

from packllama.base.errors import BadInput


def round_float32(size: Fraction) -> float | None:
    """The 32-bit float nearest to a size, which is not negative; ties to even; ``None`` for infinity."""
    if size == 0:
        return 0.0
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** exponent > size:
        exponent -= 1
    # 24 bits of precision; below the smallest normal number the step stays the same.
    step = Fraction(2) ** max(exponent - 23, -149)
    rounded = round(size / step) * step
    return None if rounded >= Fraction(2) ** 128 else float(rounded)


def shortest_float32(number: float) -> float:
    """A number rounded to a 32-bit float, as the 64-bit float with the fewest digits that name it.

    0.123456789 gives 0.12345679, not 0.12345679104328156. Zero keeps its sign.

    Raises:
        BadInput: the number is beyond the range of a 32-bit float.
    """
    try:
        (near,) = struct.unpack("<f", struct.pack("<f", number))
    except OverflowError as error:
        raise BadInput(f"{number!r} is too large: it does not fit into a 32-bit float") from error
    if near == 0 or not math.isfinite(near):
        return float(near)
    return math.copysign(_shortest(abs(near)), near)


def _shortest(near: float) -> float:
    """The decimal with the fewest digits that lies nearer to ``near`` than to its 32-bit neighbours."""
    exact = Fraction(near)
    low, high, closed = _rounding_interval(near)
    # At a tie the even digit wins, but for a power of two Go 1.26 takes the upper one. There is one such
    # tie: 0.000244140625 is written 0.00024414063.
    even = math.frexp(near)[0] != 0.5
    for digits in range(1, 10):
        unit = Fraction(10) ** (Decimal(near).adjusted() + 1 - digits)
        below = exact // unit
        inside = [n for n in (below + 1, below) if _within(n * unit, low, high, closed)]
        if inside:
            found = min(inside, key=lambda n: (abs(n * unit - exact), even and n % 2))
            return float(found * unit)
    return near


def _rounding_interval(near: float) -> tuple[Fraction, Fraction, bool]:
    (bits,) = struct.unpack("<I", struct.pack("<f", near))
    below, above = (_from_bits(bits - 1), _from_bits(bits + 1))
    return (Fraction(near) + below) / 2, (Fraction(near) + above) / 2, bits % 2 == 0


def _from_bits(bits: int) -> Fraction:
    # The pattern after the largest float is infinity's; what counts here is the step, 2**104.
    if bits == 0x7F800000:
        return Fraction(2) ** 128
    (number,) = struct.unpack("<f", struct.pack("<I", bits))
    return Fraction(number)


def _within(number: Fraction, low: Fraction, high: Fraction, closed: bool) -> bool:
    return low < number < high or (closed and number in {low, high})
