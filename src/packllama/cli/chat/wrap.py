"""Text that arrives in pieces, wrapped at words for a terminal without waiting for the end of a word.

A word is written as it comes; when it turns out to be too long for the line, it is taken back and written again on
the next one.
"""

from packllama.base.terminal import columns

_TAB = 8
# In less room, lines of words are no better than what the terminal does by itself.
_NARROWEST = 10


class Wrap:
    """Wraps harmless text at ``width`` columns. The last column stays free, as terminals differ in what is behind it.

    Wide characters may be parted from each other anywhere, and a word that is longer than a line is cut.
    """

    def __init__(self, width: int) -> None:
        self._room = width - 1 if width >= _NARROWEST else 0
        self._column = 0
        self._word = ""

    def lines(self, text: str) -> str:
        """What to write for the next piece of text."""
        return "".join(map(self._next, text)) if self._room else text

    def _next(self, character: str) -> str:
        if character == "\n":
            return self._new_line()
        if character in " \t":
            return self._space(character)
        width = columns(character)
        if width == 2:
            self._word = ""
        start = self._make_room() if self._column + width > self._room else ""
        # A mark belongs to the character before it, which may be a wide one.
        if width == 1 or (width == 0 and self._word):
            self._word += character
        self._column += width
        return start + character

    def _space(self, character: str) -> str:
        """A space behind a full line is the end of the line."""
        self._word = ""
        width = 1 if character == " " else _TAB - self._column % _TAB
        fits = self._column + width <= self._room
        self._column += width if fits else self._room - self._column
        return character if fits else ""

    def _make_room(self) -> str:
        """Go to the next line, with the word that has begun unless it has the whole line."""
        length = columns(self._word)
        if length == self._column:
            return self._new_line()
        self._column = length
        back = f"\x1b[{length}D\x1b[K" if length else ""
        return f"{back}\n{self._word}"

    def _new_line(self) -> str:
        self._column, self._word = 0, ""
        return "\n"
