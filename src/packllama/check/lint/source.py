"""A Modelfile's text and where things are in it, as an editor counts lines and columns."""

import re
from bisect import bisect_right

from packllama.check.lint.remark import Remark, RemarkKind
from packllama.modelfile import Command, Modelfile
from packllama.printable import is_printable

_LINE_END = re.compile("\r\n|\r|\n")
_BLANK = " \t\r\n"


class Source:
    """The commands of a text, and the places of what they say."""

    def __init__(self, text: str, *, where: str = "") -> None:
        """Raises: ModelfileError, when the text does not parse."""
        self.text = text
        self.commands = Modelfile.parse(text, where=where).commands
        self._lines = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def all(self, *names: str) -> list[Command]:
        """The commands of these names, in order."""
        return [command for command in self.commands if command.name in names]

    def raw(self, command: Command) -> str:
        """A command's value as it stands, with its quotes and with what will be dropped."""
        return self.text[slice(*command.value)]

    def at_value(self, command: Command, index: int = 0) -> int:
        """The offset of a character of the command's argument, by its index there."""
        raw = self.raw(command)
        kept = [place for place, char in enumerate(raw) if char in _BLANK or is_printable(char)]
        quotes = (len("".join(raw[place] for place in kept).rstrip(_BLANK)) - len(command.argument)) // 2
        place = index + quotes
        return command.value[0] + (kept[place] if place < len(kept) else len(raw))

    def remark(self, kind: RemarkKind, offset: int, message: str, hint: str = "") -> Remark:
        """A remark about the character at an offset of the text."""
        line = bisect_right(self._lines, offset)
        return Remark(kind, line, offset - self._lines[line - 1] + 1, message, hint)


def is_dropped(char: str) -> bool:
    """Whether Ollama drops this character from values."""
    return char not in _BLANK and not is_printable(char)
