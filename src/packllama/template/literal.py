"""String and character literals of a template's source, by the rules of Go's ``strconv``."""

import re

from packllama.template.values import decoded, encoded

_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE = re.compile(
    r"\\(?:x(?P<byte>[0-9a-fA-F]{2})|(?P<octal>[0-7]{3})"
    r"|u(?P<code>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})|(?P<letter>.))|[\udc80-\udcff]",
    re.DOTALL,
)


class InvalidLiteral(ValueError):
    """A literal breaks Go's grammar; the text is Go's message."""


def unquoted(literal: str) -> str:
    """The text of a string literal in double quotes or back quotes. Raises: InvalidLiteral."""
    inner = literal[1:-1]
    if literal[0] == "`":
        return inner.replace("\r", "")
    # Bytes spelled one by one may make up a character.
    return decoded(encoded(_ESCAPE.sub(lambda match: _char(match, '"'), inner)))


def code_point(literal: str) -> int:
    """The number that a character constant stands for. Raises: InvalidLiteral."""
    inner = literal[1:-1]
    match = _ESCAPE.match(inner)
    if not inner:
        raise InvalidLiteral("invalid syntax")
    char, end = (_char(match, "'"), match.end()) if match else (inner[0], 1)
    if end != len(inner):
        raise InvalidLiteral(f"malformed character constant: {literal}")
    # A byte is kept as a surrogate, but its number is its own.
    return ord(char) & 0xFF if "\udc80" <= char <= "\udcff" else ord(char)


def _char(match: re.Match[str], mark: str) -> str:
    """What an escape between such marks stands for."""
    octet = int(match["byte"], 16) if match["byte"] else int(match["octal"] or "0", 8)
    code = int(match["code"] or match["long"] or "0", 16)
    letter = match["letter"]
    if octet > 0xFF or 0xD800 <= code < 0xE000 or code > 0x10FFFF or (letter and letter not in {*_LETTERS, mark}):
        raise InvalidLiteral("invalid syntax")
    if letter:
        return _LETTERS.get(letter, letter)
    if match["byte"] or match["octal"]:
        return bytes([octet]).decode("ascii", "surrogateescape")
    return chr(code) if match["code"] or match["long"] else "\ufffd"
