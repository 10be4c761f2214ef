"""Text from outside, made harmless before it reaches a terminal or a log."""

import unicodedata

# Control, format (bidirectional overrides, zero-width), surrogate, private-use, unassigned, line and paragraph ends.
_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# Zero-width (non-)joiners make up emoji and Persian words; alone they cannot move a cursor or reorder text.
_HARMLESS = {"\u200c", "\u200d"}

# Marks that are drawn onto the character before them.
_NO_WIDTH = {"Mn", "Me"}


def escaped(text: str, *, keep: str = "") -> str:
    """``text`` with everything that could steer a terminal written as ``\\x1b`` or ``\\u202e``.

    ``keep`` names the control characters that may stay, for texts of several lines: ``"\\n\\t"``.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or _is_safe(c) else _code(c) for c in text)


def columns(text: str) -> int:
    """Columns that a text takes on a terminal: two for a wide character, none for a combining one."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if character in _HARMLESS or unicodedata.category(character) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _is_safe(character: str) -> bool:
    return character in _HARMLESS or unicodedata.category(character) not in _UNSAFE_CATEGORIES


def _code(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
