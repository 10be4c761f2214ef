"""Numbers in a template's source, by the rules of Go's ``strconv`` and ``text/template/parse``."""

import math
import re

from packllama.goquote import quote
from packllama.template.literal import InvalidLiteral

_INT64 = range(-(1 << 63), 1 << 63)
_UINT64 = range(1 << 64)
_INTEGER = re.compile(r"([+-]?)(?:0[xX](_?[0-9a-fA-F])+|0[oO](_?[0-7])+|0[bB](_?[01])+|0(_?[0-7])*|[1-9](_?[0-9])*)")
_FLOAT = re.compile(r"[+-]?[0-9._]+(?:[eE][+-]?[0-9_]+)?")
_HEX_FLOAT = re.compile(r"[+-]?0[xX](?:_?[0-9a-fA-F]+)*\.?(?:[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)?[pP][+-]?[0-9]+")
_SECOND = re.compile(r"(?<=[^eEpP])[+-](?=[^+-]*i$)")
# No 64-bit integer has more digits, even in base two with an underscore after each; longer ones cost time to read.
_LONGEST_INTEGER = 140


def number(text: str) -> int | float | complex:
    """The value of a number as a template's constant has it: ``1e3`` is a float, ``0x1e`` an integer.

    An integer may need 64 bits without a sign, which no Go ``int`` can hold; whoever runs the template refuses it.

    Raises: InvalidLiteral.
    """
    if text.endswith("i"):
        imaginary = _float(text[:-1])
        if imaginary is not None:
            return complex(0, imaginary)
    integer = _integer(text)
    if integer is not None:
        # Go takes an e for an exponent unless the text begins with 0x: with a sign before it, 0x1e is a float.
        return float(integer) if re.search("[eEpP.]", text) and text[:2] not in {"0x", "0X"} else integer
    value = _float(text)
    if value is None:
        raise InvalidLiteral(f"illegal number syntax: {quote(text)}")
    if not re.search("[eEpP.]", text):
        raise InvalidLiteral(f"integer overflow: {quote(text)}")
    return value


def complex_number(text: str) -> complex:
    """``1+2i``. Raises: InvalidLiteral."""
    second = _SECOND.search(text, 1)
    real = _float(text[: second.start()]) if second else None
    imaginary = _float(text[second.start() : -1]) if second else None
    if real is None or imaginary is None:
        raise InvalidLiteral("syntax error scanning complex number")
    return complex(real, imaginary)


def _integer(text: str) -> int | None:
    if len(text) > _LONGEST_INTEGER or not (match := _INTEGER.fullmatch(text)):
        return None
    digits = text[match.end(1) :].replace("_", "")
    value = int(digits, 8) if digits[0] == "0" and digits.isdigit() else int(digits, 0)
    if match[1] == "-":
        value = -value
    # Go's ParseUint takes no sign.
    return value if value in _INT64 or (value in _UINT64 and not match[1]) else None


def _float(text: str) -> float | None:
    try:
        if _HEX_FLOAT.fullmatch(text):
            value = float.fromhex(text.replace("_", ""))
        elif _FLOAT.fullmatch(text):
            value = float(text)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
