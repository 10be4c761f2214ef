"""JSON and numbers, written exactly as Ollama's Go writes them.

A blob's name is the digest of its bytes, so a params or config blob must have Go's bytes to get Ollama's
digest. Follows Ollama's store format (JSON writing rules) and the number notes of its Modelfile
printing. Only writes; reading is Python's ``json``.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from packllama.base.errors import BadInput
from packllama.goquote import quote

__all__ = [
    "JSON",
    "MAX_DEPTH",
    "encode",
    "escaped",
    "float64",
    "general",
    "line",
    "number",
    "percent_sharp_v",
    "percent_v",
    "refuse_depth",
]

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

# No config or params object nests deeper than 4; Python's own stack ends near 1000.
MAX_DEPTH = 200

_ESCAPED = re.compile(r'[\x00-\x1f"\\<>&\u2028\u2029\ud800-\udfff]')
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def encode(value: JSON, *, sort_keys: bool = False, as_float64: bool = False) -> str:
    """A value as compact JSON, in Go's spelling.

    ``sort_keys`` sorts objects by their keys' UTF-8 bytes, as Go does for maps; otherwise they keep their
    order, as Go's structs do. ``as_float64`` writes integers as they look after passing through a 64-bit
    float, which is what becomes of every number in Ollama's params blobs.

    Each surrogate in a text is written ``\\ufffd``: so is a byte that was decoded with
    ``surrogateescape``, one for one, as Go writes bytes that are not UTF-8.

    Raises:
        BadInput: a number is infinite, not a number or too large; or the value nests too deeply.
    """
    refuse_depth(value)
    return "".join(_pieces(value, sort_keys, as_float64))


def line(value: JSON, *, sort_keys: bool = False, as_float64: bool = False) -> bytes:
    """`encode` as UTF-8 with a newline at the end: a whole params, messages or config blob."""
    return f"{encode(value, sort_keys=sort_keys, as_float64=as_float64)}\n".encode()


def float64(number: float) -> float:
    """A number as a 64-bit float: 9223372036854775807 becomes 9223372036854775808.0.

    Raises:
        BadInput: an integer is beyond the range of a 64-bit float.
    """
    try:
        return float(number)
    except OverflowError as error:
        raise BadInput("a number is too large: it does not fit into a 64-bit float") from error


def percent_v(value: JSON) -> str:
    """A decoded JSON value as Go's ``%v`` prints it; every number is a 64-bit float.

    4096 gives ``4096``, but 1000000 gives ``1e+06``: the exponent form begins at a million.
    """
    refuse_depth(value)
    return _v(value)


def percent_sharp_v(value: JSON) -> str:
    """A decoded JSON value as Go's ``%#v`` prints it: like `percent_v`, but texts are quoted."""
    refuse_depth(value)
    return _sharp_v(value)


def general(number: float) -> str:
    """A 64-bit float as Go's ``%v`` and shortest ``%g`` print it; it may be infinite or not a number."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    return _positional(number) if -4 <= _shortest(number)[2] < 6 else _exponential(number)


def _v(value: JSON) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{_v(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(_v, value))}]"
    return _plain(value)


def _sharp_v(value: JSON) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Mapping):
        pairs = (f"{_sharp_v(key)}:{_inner(value[key])}" for key in sorted(value))
        return f"map[string]interface {{}}{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[]interface {{}}{{{', '.join(map(_inner, value))}}}"
    return _plain(value)


def _inner(value: JSON) -> str:
    return "interface {}(nil)" if value is None else _sharp_v(value)


def _plain(value: JSON) -> str:
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, int | float):
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return general(float64(value))


def refuse_depth(value: JSON, *, levels: int = MAX_DEPTH) -> None:
    """Raises: BadInput, when a value nests more than so many levels deep."""
    level: list[JSON] = [value]
    for _ in range(levels + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise BadInput(f"a JSON value nests more than {levels} levels deep")


def _inside(value: JSON) -> Iterable[JSON]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list | tuple) else ()


def _pieces(value: JSON, sort_keys: bool, as_float64: bool) -> Iterator[str]:
    if value is None or isinstance(value, bool):
        yield {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, str):
        yield f'"{escaped(value)}"'
    elif isinstance(value, int | float):
        yield number(float64(value) if as_float64 else value)
    elif isinstance(value, Mapping):
        yield from _object(value, sort_keys, as_float64)
    elif isinstance(value, list | tuple):
        yield from _array(value, sort_keys, as_float64)
    else:
        raise TypeError(f"{type(value).__name__} has no form in JSON")


def _object(value: Mapping[str, JSON], sort_keys: bool, as_float64: bool) -> Iterator[str]:
    # Code points sort as their UTF-8 bytes do.
    separator = "{"
    for key in sorted(value) if sort_keys else value:
        yield separator
        yield f'"{escaped(key)}":'
        yield from _pieces(value[key], sort_keys, as_float64)
        separator = ","
    yield "}" if value else "{}"


def _array(value: Sequence[JSON], sort_keys: bool, as_float64: bool) -> Iterator[str]:
    separator = "["
    for item in value:
        yield separator
        yield from _pieces(item, sort_keys, as_float64)
        separator = ","
    yield "]" if value else "[]"


def escaped(text: str) -> str:
    """A text as it stands between a string's quotes."""
    return _ESCAPED.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if "\ud800" <= char <= "\udfff":
        return "\\ufffd"
    return _SHORT_ESCAPES.get(char) or f"\\u{ord(char):04x}"


def number(value: float) -> str:
    """A number as Go's JSON writes it.

    Raises:
        BadInput: it is infinite, not a number or has thousands of digits.
    """
    if isinstance(value, int):
        return _integer(value)
    if not math.isfinite(value):
        raise BadInput(f"json: unsupported value: {general(value)}")
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return _positional(value)
    # encoding/json drops the zero of a one-digit negative exponent, which strconv pads to two.
    return re.sub(r"e-0", "e-", _exponential(value))


def _integer(number: int) -> str:
    try:
        return str(number)
    except ValueError as error:  # Python writes at most 4300 digits
        raise BadInput("a number is too large: it has thousands of digits") from error


def _positional(number: float) -> str:
    sign, digits, exponent = _shortest(number)
    point = exponent + 1
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def _exponential(number: float) -> str:
    sign, digits, exponent = _shortest(number)
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _shortest(number: float) -> tuple[str, str, int]:
    """Sign, shortest digits that name the number, and the exponent of the first digit; zero is a digit too."""
    mantissa, _, power = repr(number).partition("e")
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    exponent = len(digits) - len(fraction) - 1 + int(power or 0)
    return ("-" if mantissa.startswith("-") else ""), digits.rstrip("0") or "0", exponent if digits else 0
