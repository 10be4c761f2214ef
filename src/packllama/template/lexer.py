"""A template's source cut into tokens, one at a time, as the parser asks for them.

Follows Ollama's template rules, "Text, delimiters, trimming, comments" and "Tokens inside an action". One at a time,
because a fault is told in the order of the source: what the parser objects to comes before what the lexer would later.
"""

import re
from enum import Enum
from typing import NamedTuple

from packllama.goquote import quote
from packllama.printable import is_printable

_BLANK = " \t\r\n"
_END_OR_DIGIT = {"", *"0123456789"}


class Kind(Enum):
    """What a token is. The value of a keyword is its spelling."""

    TEXT = 0
    LEFT_DELIMITER = 1
    RIGHT_DELIMITER = 2
    SPACE = 3
    IDENTIFIER = 4
    FIELD = 5
    VARIABLE = 6
    BOOL = 7
    NUMBER = 8
    COMPLEX = 9
    CHARACTER = 10
    STRING = 11
    ASSIGN = 12
    DECLARE = 13
    PIPE = 14
    LEFT_PAREN = 15
    RIGHT_PAREN = 16
    OTHER = 17
    END_OF_SOURCE = 18
    ERROR = 19
    DOT = "."
    NIL = "nil"
    IF = "if"
    ELSE = "else"
    END = "end"
    RANGE = "range"
    WITH = "with"
    DEFINE = "define"
    TEMPLATE = "template"
    BLOCK = "block"
    BREAK = "break"
    CONTINUE = "continue"


class Token(NamedTuple):
    """A piece of the source; of an error, ``text`` is Go's message. ``at``: where it begins."""

    kind: Kind
    text: str
    at: int

    def __str__(self) -> str:
        """As Go's messages name it."""
        if self.kind is Kind.END_OF_SOURCE:
            return "EOF"
        if self.kind is Kind.ERROR:
            return self.text
        if self.kind in _KEYWORDS:
            return f"<{self.text}>"
        return f"{quote(self.text[:10])}..." if len(self.text.encode("utf-8", "replace")) > 10 else quote(self.text)


_WORDS = {str(kind.value): kind for kind in Kind if isinstance(kind.value, str) and kind is not Kind.DOT}
_KEYWORDS = {Kind.DOT, *_WORDS.values()}
_WORDS_AND_BOOLS = {**_WORDS, "true": Kind.BOOL, "false": Kind.BOOL}
_MARKS = {"=": Kind.ASSIGN, "|": Kind.PIPE, "(": Kind.LEFT_PAREN, ")": Kind.RIGHT_PAREN}
_QUOTES = {
    '"': (re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'), Kind.STRING, "unterminated quoted string"),
    "'": (re.compile(r"'[^'\\\n]*(?:\\.[^'\\\n]*)*'"), Kind.CHARACTER, "unterminated character constant"),
    "`": (re.compile(r"`[^`]*`"), Kind.STRING, "unterminated raw quoted string"),
}
_TERMINATOR = re.compile(r"[ \t\r\n.,|:()]|}}|\Z")
_SPACES = re.compile(f"[{_BLANK}]*")
_WORD = re.compile(r"\w*")
_RIGHT = re.compile(f"(?:[{_BLANK}]-)?}}}}")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)


class Lexer:
    """Cuts one source; after an error it must not be asked again."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._inside = False
        self._parens = 0

    def next(self) -> Token:
        """The next token: `Kind.END_OF_SOURCE` at the end of the text, `Kind.ERROR` at a fault."""
        return self._action() if self._inside else self._text()

    def _text(self) -> Token:
        while True:
            start, left = self._at, self._source.find("{{", self._at)
            if left < 0:
                self._at = len(self._source)
                kind = Kind.TEXT if start < self._at else Kind.END_OF_SOURCE
                return Token(kind, self._source[start:], start)
            self._at, trims = left, _trims_left(self._source, left)
            text = self._source[start:left]
            if text := text.rstrip(_BLANK) if trims else text:
                return Token(Kind.TEXT, text, start)
            after = left + (4 if trims else 2)
            if not self._source.startswith("/*", after):
                self._at, self._inside, self._parens = after, True, 0
                return Token(Kind.LEFT_DELIMITER, "{{", left)
            if fault := self._comment(after):
                return Token(Kind.ERROR, fault, after)

    def _comment(self, start: int) -> str:
        """Go past a comment; what is wrong with it, or the empty text."""
        end = self._source.find("*/", start + 2)
        if end < 0:
            return "unclosed comment"
        right = _RIGHT.match(self._source, end + 2)
        if not right:
            return "comment ends before closing delimiter"
        self._leave(right)
        return ""

    def _leave(self, right: re.Match[str]) -> None:
        self._at, self._inside = right.end(), False
        if len(right[0]) > 2:
            self._at = _end(_SPACES, self._source, self._at)

    def _action(self) -> Token:
        start = self._at
        if right := _RIGHT.match(self._source, start):
            if self._parens:
                return self._error("unclosed left paren")
            self._leave(right)
            return Token(Kind.RIGHT_DELIMITER, "}}", right.end() - 2)
        char = self._source[start : start + 1]
        if not char:
            return self._error("unclosed action")
        return self._piece(char)

    def _piece(self, char: str) -> Token:
        if char in _BLANK:
            return self._space()
        if char in _QUOTES:
            return self._quoted(*_QUOTES[char])
        if char == "$" or (char == "." and self._source[self._at + 1 : self._at + 2] not in _END_OR_DIGIT):
            return self._name(Kind.VARIABLE if char == "$" else Kind.FIELD)
        if char in "+-.0123456789":
            return self._number()
        return self._word() if _is_word(char) else self._mark(char)

    def _space(self) -> Token:
        end = _end(_SPACES, self._source, self._at)
        # The last blank belongs to a trim marker that follows it.
        return self._token(Kind.SPACE, end - 1 if _RIGHT.match(self._source, end - 1) else end)

    def _quoted(self, pattern: re.Pattern[str], kind: Kind, fault: str) -> Token:
        match = pattern.match(self._source, self._at)
        return self._token(kind, match.end()) if match else self._error(fault)

    def _name(self, kind: Kind) -> Token:
        """A field, a variable, or a dot."""
        end = self._end_of_word(self._at + 1)
        if not _TERMINATOR.match(self._source, end):
            return self._error(f"bad character {_code(self._source[end])}")
        return self._token(Kind.DOT if kind is Kind.FIELD and end == self._at + 1 else kind, end)

    def _word(self) -> Token:
        end = self._end_of_word(self._at)
        if not _TERMINATOR.match(self._source, end):
            return self._error(f"bad character {_code(self._source[end])}")
        return self._token(_WORDS_AND_BOOLS.get(self._source[self._at : end], Kind.IDENTIFIER), end)

    def _number(self) -> Token:
        kind, end, fine = Kind.NUMBER, *self._scan_number(self._at)
        if fine and self._source[end : end + 1] in {"+", "-"}:
            kind, end, fine = Kind.COMPLEX, *self._scan_number(end)
            fine = fine and self._source[end - 1] == "i"
        if not fine:
            return self._error(f"bad number syntax: {quote(self._source[self._at : end])}")
        return self._token(kind, end)

    def _scan_number(self, start: int) -> tuple[int, bool]:
        """Where a number ends, and whether something that is no part of it follows; what does not is included."""
        end = _end(_NUMBER, self._source, start)
        sticks = _is_word(self._source[end : end + 1])
        return end + sticks, not sticks

    def _mark(self, char: str) -> Token:
        if char == ":":
            declares = self._source.startswith(":=", self._at)
            return self._token(Kind.DECLARE, self._at + 2) if declares else self._error("expected :=")
        if not " " <= char <= "~":
            return self._error(f"unrecognized character in action: {_code(char)}")
        self._parens += (char == "(") - (char == ")")
        if self._parens < 0:
            return self._error("unexpected right paren")
        return self._token(_MARKS.get(char, Kind.OTHER), self._at + 1)

    def _token(self, kind: Kind, end: int) -> Token:
        start, self._at = self._at, end
        return Token(kind, self._source[start:end], start)

    def _error(self, message: str) -> Token:
        return Token(Kind.ERROR, message, self._at)

    def _end_of_word(self, start: int) -> int:
        end = _end(_WORD, self._source, start)
        word = self._source[start:end]
        # Python's \w has numbers besides the decimal digits, such as ² and Ⅷ.
        if word.isascii():
            return end
        return start + next((count for count, char in enumerate(word) if not _is_word(char)), len(word))


def _end(pattern: re.Pattern[str], source: str, start: int) -> int:
    match = pattern.match(source, start)
    return match.end() if match else start


def _trims_left(source: str, left: int) -> bool:
    return source[left + 2 : left + 3] == "-" and source[left + 3 : left + 4] in {*_BLANK}


def _is_word(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()


def _code(char: str) -> str:
    """A character as Go's ``%#U`` names it."""
    char = "\ufffd" if "\ud800" <= char <= "\udfff" else char
    shown = f" '{char}'" if is_printable(char) else ""
    return f"U+{ord(char):04X}{shown}"
