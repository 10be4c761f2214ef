"""Texts and characters in quotes, as Go's ``strconv.Quote`` writes them."""

from packllama.printable import is_printable

_SHORT = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\",
}  # fmt: skip


def quote(text: str, *, ascii_only: bool = False) -> str:
    """A text in double quotes; ``ascii_only`` escapes every character beyond ASCII.

    A surrogate that ``surrogateescape`` made of a byte is written as that byte, ``\\xff``.
    """
    return _quoted(text, '"', ascii_only)


def quote_char(char: str, *, ascii_only: bool = False) -> str:
    """A character in single quotes."""
    return _quoted(char, "'", ascii_only)


def can_backquote(text: str) -> bool:
    """Whether a text can stand between back quotes as it is."""
    return not any(_unfit_for_backquotes(char) for char in set(text))


def _quoted(text: str, mark: str, ascii_only: bool) -> str:
    # Each character is looked at once, however often it stands in a long text.
    escapes = {ord(char): _escape(char, mark, ascii_only) for char in set(text)}
    return f"{mark}{text.translate(escapes)}{mark}"


def _escape(char: str, mark: str, ascii_only: bool) -> str:
    if char == mark:
        return f"\\{char}"
    if char in _SHORT:
        return _SHORT[char]
    if is_printable(char) and (char.isascii() or not ascii_only):
        return char
    code = ord(char)
    if code < 0x80 or 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8, kept by surrogateescape
        return f"\\x{code & 0xFF:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unfit_for_backquotes(char: str) -> bool:
    return char in "`\x7f\ufeff" or "\ud800" <= char <= "\udfff" or (char < " " and char != "\t")
