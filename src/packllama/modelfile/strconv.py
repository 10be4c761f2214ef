"""Numbers and truth values, read as Go's ``strconv`` reads them: what Python reads differs in many corners.

Each function gives ``None`` for a text that Go refuses. Follows the PARAMETER table of Ollama's Modelfile
grammar.
"""

import math
import re
from fractions import Fraction

from packllama.float32 import round_float32

_INT = re.compile(r"[+-]?[0-9]+")
# Not possessive: early releases of Python 3.11 match possessive groups wrongly. Nothing here is ambiguous anyway.
_DIGITS = "[0-9]+(?:_[0-9]+)*"
_HEX = "[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*"
_DECIMAL_FLOAT = re.compile(
    rf"(?:(?P<whole>{_DIGITS})(?:\.(?P<part>{_DIGITS})?)?|\.(?P<only>{_DIGITS}))(?:[eE](?P<exponent>[+-]?{_DIGITS}))?"
)
_HEX_FLOAT = re.compile(
    rf"0[xX](?:_?(?P<whole>{_HEX})(?:\.(?P<part>{_HEX})?)?|\.(?P<only>{_HEX}))[pP](?P<exponent>[+-]?{_DIGITS})"
)

# More digits than this cannot decide a rounding to 32 bits, whose ties have at most 113 decimal digits.
_DIGITS_KEPT = 200
# Beyond every exponent that matters, and small enough to calculate with.
_HUGE_EXPONENT = 1_000_000


def parse_bool(text: str) -> bool | None:
    """``1 t T TRUE true True`` and ``0 f F FALSE false False``; nothing else."""
    if text in {"1", "t", "T", "TRUE", "true", "True"}:
        return True
    return False if text in {"0", "f", "F", "FALSE", "false", "False"} else None


def parse_int(text: str) -> int | None:
    """An optional sign and ASCII digits, within 64 bits."""
    if not _INT.fullmatch(text):
        return None
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > len("9223372036854775807"):
        return None
    number = -int(digits) if text.startswith("-") else int(digits)
    return number if -(2**63) <= number < 2**63 else None


def parse_float32(text: str) -> float | None:
    """A decimal or hexadecimal float of Go's syntax, rounded once to 32 bits; may be infinite or NaN.

    ``1_000.5``, ``.5``, ``0x1.8p3``, ``+inf`` and ``nan`` are accepted. A finite number that rounds to
    infinity is refused; one too small becomes zero. Zero keeps its sign.
    """
    unsigned = text[1:] if text[:1] in {"+", "-"} else text
    sign = -1.0 if text.startswith("-") else 1.0
    if unsigned.lower() in {"inf", "infinity"}:
        return sign * math.inf
    if text.lower() == "nan":
        return math.nan
    size = _magnitude(unsigned)
    rounded = None if size is None else round_float32(size)
    return None if rounded is None else math.copysign(rounded, sign)


def _magnitude(text: str) -> Fraction | None:
    if match := _DECIMAL_FLOAT.fullmatch(text):
        return _value(match, base=10, step=10)
    if match := _HEX_FLOAT.fullmatch(text):
        return _value(match, base=16, step=2)
    return None


def _value(match: re.Match[str], *, base: int, step: int) -> Fraction:
    """Digits in ``base``, times ``step`` to the exponent."""
    whole, part = match["whole"] or "", match["part"] or match["only"] or ""
    part = part.replace("_", "")
    digits = (whole.replace("_", "") + part).lstrip("0")
    steps = 1 if base == step else 4  # powers of the step in one digit
    exponent = _exponent(match["exponent"] or "0") - steps * len(part)
    if not digits:
        return Fraction(0)
    highest = exponent + steps * len(digits)
    if abs(highest) > _DIGITS_KEPT * 2:
        return Fraction(step) ** (_DIGITS_KEPT * 2 if highest > 0 else -_DIGITS_KEPT * 2)
    if len(digits) > _DIGITS_KEPT:
        exponent += steps * (len(digits) - _DIGITS_KEPT - 1)
        # What is cut off still counts as "a little more".
        digits = digits[:_DIGITS_KEPT] + ("1" if digits[_DIGITS_KEPT:].strip("0") else "0")
    return int(digits, base) * Fraction(step) ** exponent


def _exponent(text: str) -> int:
    digits = text.lstrip("+-").replace("_", "").lstrip("0") or "0"
    size = _HUGE_EXPONENT if len(digits) > 6 else int(digits)
    return -size if text.startswith("-") else size
