"""64-bit floats and complex numbers, as Go's ``fmt`` writes them."""

import math

from packllama.gojson import general
from packllama.template.directive import Directive

_DEFAULT_PRECISION = {"e": 6, "E": 6, "f": 6}
_VERBS = "vbgGxXfFeE"


def complex_number(value: complex, form: Directive) -> str | None:
    """``(1+2i)``; each part has the width to itself, the second always a sign."""
    real = floating(value.real, form)
    return None if real is None else f"({real}{floating(value.imag, form._replace(plus=True))}i)"


def floating(value: float, form: Directive) -> str | None:
    """A float for ``%v %g %G %f %F %e %E %b %x %X``; None for another verb."""
    if form.verb not in _VERBS:
        return None
    verb = {"v": "g", "F": "f"}.get(form.verb, form.verb)
    precision = _DEFAULT_PRECISION.get(verb) if form.precision is None else form.precision
    if not math.isfinite(value):
        return _not_finite(value, form)
    digits = _unsigned(abs(value), verb, precision)
    if form.sharp and verb != "b":
        digits = _with_point(digits, verb, precision)
    sign = _sign(math.copysign(1, value) < 0, form)
    if sign and form.zero and not form.minus:
        return sign + digits.rjust(form.width - 1, "0")
    return form.pad(sign + digits)


def _sign(negative: bool, form: Directive) -> str:
    return "-" if negative else "+" if form.plus else " " if form.space else ""


def _not_finite(value: float, form: Directive) -> str:
    if math.isnan(value):
        return form.pad(_sign(False, form) + "NaN", zeros=False)
    # An infinity shows its plus unasked.
    return form.pad((_sign(value < 0, form) or "+") + "Inf", zeros=False)


def _unsigned(value: float, verb: str, precision: int | None) -> str:
    if verb in "xX":
        shown = _hexadecimal(value, precision)
        return shown.upper() if verb == "X" else shown
    if verb == "b":
        return _binary(value)
    if precision is None:
        shown = general(value)
        return shown.upper() if verb == "G" else shown
    return f"{value:.{precision}{verb}}"


def _binary(value: float) -> str:
    mantissa, exponent = _parts(value)
    return f"{mantissa}p{exponent:+d}"


def _hexadecimal(value: float, precision: int | None) -> str:
    """``0x1.8p+01``: one digit before the point, which is 1 unless the value is zero."""
    mantissa, exponent = _parts(value)
    if mantissa:
        shift = 53 - mantissa.bit_length()
        mantissa, exponent = mantissa << shift, exponent - shift + 52
    else:
        exponent = 0
    if precision is not None and precision < 13:
        mantissa = _rounded(mantissa, 4 * (13 - precision))
        if mantissa >> 53:
            mantissa, exponent = mantissa >> 1, exponent + 1
    fraction = f"{mantissa & (1 << 52) - 1:013x}"
    fraction = fraction.rstrip("0") if precision is None else fraction[:precision].ljust(precision, "0")
    return f"0x{mantissa >> 52}{'.' if fraction else ''}{fraction}p{exponent:+03d}"


def _rounded(number: int, bits: int) -> int:
    """Rounded to a multiple of ``2**bits``; a half goes to the even one."""
    half = 1 << bits - 1
    kept = number >> bits
    rest = number & (1 << bits) - 1
    return (kept + (rest > half or (rest == half and kept & 1))) << bits


def _parts(value: float) -> tuple[int, int]:
    """Mantissa and power of two, as the 64 bits hold them."""
    fraction, exponent = math.frexp(value)
    exponent = max(exponent - 53, -1074) if value else -1074
    return int(math.ldexp(fraction, math.frexp(value)[1] - exponent)), exponent


def _with_point(digits: str, verb: str, precision: int | None) -> str:
    """With a decimal point, and the zeros at the end that a precision of ``g`` asks for."""
    marks = "pP" if verb in "xX" else "eE"
    at = next((i for i, char in enumerate(digits) if char in marks), len(digits))
    body, tail = digits[:at], digits[at:]
    missing = 0
    if verb in "gGx":
        missing = (6 if precision is None else precision) - _significant(body)
    point = "" if "." in body else "."
    return f"{body}{point}{'0' * missing}{tail}"


def _significant(body: str) -> int:
    """Characters from the first that is no zero; Go counts the x of ``0x``, and a lone 0 before a new point."""
    if body == "0":
        return 1
    return len(body.replace(".", "").lstrip("0"))
