"""Booleans, numbers, texts and bytes, each as Go's ``fmt`` writes it for one directive.

None, where the verb does not fit the value: what Go writes then, the caller knows. Follows Ollama's template rules,
"Printing" and "printf".
"""

from packllama.goquote import can_backquote, quote, quote_char
from packllama.printable import is_printable
from packllama.template.directive import Directive
from packllama.template.floats import complex_number, floating
from packllama.template.values import Uint, encoded

_BASES = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES = {"b": "0b", "o": "0", "O": "0", "x": "0x", "X": "0X"}
_MAX_CODE = 0x10FFFF


def scalar(value: bool | float | complex | str, form: Directive) -> str | None:
    """A single value, or None when the verb does not fit it."""
    if isinstance(value, str):
        return text(value, form)
    if isinstance(value, bool):
        return form.pad("true" if value else "false") if form.verb in "tv" else None
    if isinstance(value, int):
        return integer(value, form)
    if isinstance(value, float):
        return floating(value, form)
    return complex_number(value, form)


def text(value: str, form: Directive) -> str | None:
    """A text for ``%s %v %q %x %X``; the precision counts characters, for ``x`` bytes."""
    if form.verb in "xX":
        # Every character is one byte at least, so what is cut off here is never shown.
        return hexadecimal(encoded(value[: form.precision])[: form.precision], form)
    if form.verb not in "svq":
        return None
    value = value[: form.precision]
    if form.verb == "q" or form.sharp_v:
        value = f"`{value}`" if form.sharp and can_backquote(value) else quote(value, ascii_only=form.plus)
    return form.pad(value)


def hexadecimal(octets: bytes, form: Directive) -> str:
    """Bytes as ``%x``: ``#`` puts ``0x`` before the whole, or before each byte that a space sets apart."""
    prefix = "0x" if form.sharp and octets else ""
    written = octets.hex(" ") if form.space else octets.hex()
    shown = prefix + (written.replace(" ", f" {prefix}") if form.space else written)
    return form.pad(shown.upper() if form.verb == "X" else shown)


def integer(value: int, form: Directive) -> str | None:
    """A number for ``%d %v %b %o %O %x %X %c %q %U``."""
    if form.verb in "cq":
        char = _char(value)
        return form.pad(char if form.verb == "c" else quote_char(char, ascii_only=form.plus))
    if form.verb == "U":
        return form.pad(_unicode(value, form), zeros=False)
    if form.verb == "v" and form.sharp_v and isinstance(value, Uint):
        form = form._replace(verb="x", sharp=True)
    if form.verb not in _BASES:
        return None
    if form.precision == 0 and value == 0:
        return " " * form.width
    sign = "-" if value < 0 else "+" if form.plus else " " if form.space else ""
    digits = f"{abs(value):{_BASES[form.verb]}}".rjust(_digits_wanted(form, sign), "0")
    return form.pad(f"{sign}{_prefix(digits, form)}{digits}", zeros=False)


def _digits_wanted(form: Directive, sign: str) -> int:
    if form.precision is not None:
        return form.precision
    if form.zero and not form.minus and form.width:
        return form.width - len(sign)
    return 0


def _prefix(digits: str, form: Directive) -> str:
    sharp = _PREFIXES.get(form.verb, "") if form.sharp else ""
    if sharp == "0" and digits.startswith("0"):
        sharp = ""
    return f"0o{sharp}" if form.verb == "O" else sharp


def _char(code: int) -> str:
    valid = 0 <= code <= _MAX_CODE and not 0xD800 <= code <= 0xDFFF
    return chr(code) if valid else "\ufffd"


def _unicode(value: int, form: Directive) -> str:
    code = value % 2**64
    shown = f"U+{code:0{max(4, form.precision or 0)}X}"
    if form.sharp and code <= _MAX_CODE and is_printable(chr(code)):
        return f"{shown} '{chr(code)}'"
    return shown
