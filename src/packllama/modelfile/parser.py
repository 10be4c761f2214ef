"""The Modelfile parser: text in, commands out.

Follows Ollama's Modelfile grammar, "State machine", to the character. Ollama's own loop looks at every
character and tries the whole value again at every line end; here patterns find where a value must end, so
that the time grows with the length of the text and no faster, whatever it holds.
"""

import difflib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from packllama.base.errors import ModelfileError
from packllama.printable import is_printable

COMMANDS = (
    "from", "license", "template", "system", "adapter", "draft",
    "renderer", "parser", "parameter", "message", "requires",
)  # fmt: skip
ROLES = ("system", "user", "assistant")
# A long example dialogue has some hundred messages. Two million empty commands fit into the size limit,
# and as objects they would take a third of a gigabyte.
MAX_COMMANDS = 100_000


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a Modelfile.

    ``name`` is the command in lower case, but ``model`` for FROM, and for PARAMETER the parameter's own
    name: so ``PARAMETER model x`` is the same as ``FROM x``. The ``argument`` of a message is its role,
    a colon, a space and its text. ``line`` counts from 1. ``start`` is where the command begins in the text, ``value``
    where its value begins and ends, quotes included.
    """

    name: str
    argument: str
    line: int = 0
    start: int = field(default=0, compare=False)
    value: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Modelfile:
    """The commands of a Modelfile in their order; one of them at least is a ``model`` (FROM)."""

    commands: tuple[Command, ...]

    @classmethod
    def parse(cls, text: str, *, where: str = "") -> Self:
        """The commands in a text; ``where`` is the file's name, for errors.

        Raises:
            ModelfileError: the text breaks the grammar, or has no FROM: the message is Ollama's. Or it
                has more than `MAX_COMMANDS` commands.
        """
        commands = tuple(_Scanner(text, where).commands())
        if not any(command.name == "model" for command in commands):
            raise ModelfileError(
                "no FROM line", where=where, hint="Begin with FROM and a GGUF's path or a model's name."
            )
        return cls(commands)


# Characters that Ollama drops are all alike to the parser, so one of them stands for all.
_DROPPED = "\0"
_BLANK = " \t\r\n"
# Every repetition is possessive: no pattern ever takes back what it has matched.
_IDLE = re.compile(r"(?:[ \t\r\n]++|#[^\r\n]*+)*+")
_LETTERS = re.compile(r"[A-Za-z]*+")
_WORD = re.compile(r"[A-Za-z0-9_]*+")
_GAP = re.compile(r"[ \t\0]*+")
_LINE = re.compile(r"[^\r\n]*+")
_TRIPLE = re.compile(r'"\0*+"\0*+"')
_END_OF_SINGLE = re.compile(r'"[ \t\0]*+(?=[\r\n]|\Z)')
_END_OF_TRIPLE = re.compile(r'"\0*+"\0*+"[ \t\0]*+(?=[\r\n]|\Z)')

_LONGEST_SHOWN = 200  # characters of a word in an error; the longest command has nine


class _Scanner:
    def __init__(self, text: str, where: str) -> None:
        self._text = _without_dropped(text)
        self._where = where
        self._at = 0
        self._line = 1
        self._counted = 0

    def commands(self) -> Iterator[Command]:
        for count in itertools.count():
            if not self._idle():
                return
            start, line = self._at, self._line_of(self._at)
            if count == MAX_COMMANDS:
                raise self._error(f"a Modelfile may have {MAX_COMMANDS} commands, and this has more", line=line)
            name = self._name()
            before = ""
            if name == "message":
                before = f"{self._role()}: "
            elif name == "parameter":
                name = self._word(_WORD)
            elif name == "from":
                name = "model"
            value, place = self._value()
            yield Command(name, before + value, line, start, place)

    def _idle(self) -> bool:
        """Go past white space and comments; whether a command follows."""
        if match := _IDLE.match(self._text, self._at):
            self._at = match.end()
        return self._at < len(self._text)

    def _name(self) -> str:
        # Any first character starts a name, one that is no letter as well; the name is wrong then.
        end = self._end_of(_LETTERS, self._at + 1)
        name = self._text[self._at : end].replace(_DROPPED, "").lower()
        if end == len(self._text):
            raise self._error("unexpected EOF", hint="The last command has no argument.")
        if self._text[end] not in " \t" or name not in COMMANDS:
            raise self._invalid_command(name, end)
        self._at = end + 1
        return name

    def _word(self, pattern: re.Pattern[str]) -> str:
        end = self._end_of(pattern, self._at)
        word = self._text[self._at : end]
        if end == len(self._text):
            raise self._error("unexpected EOF", hint="The last command has no value.")
        if self._text[end] not in " \t":
            raise self._error(
                f"unexpected EOF: {word[:_LONGEST_SHOWN]}",
                hint=f"Line {self._line_of(end)}: after the name a space and a value must follow in the same line.",
            )
        self._at = end + 1
        return word

    def _role(self) -> str:
        role = self._word(_LETTERS)
        if role not in ROLES:
            raise self._error(
                'message role must be one of "system", "user", or "assistant"',
                line=self._line_of(self._at),
                hint=_close(role.lower(), ROLES) or "Write one space after MESSAGE, then the role.",
            )
        return role

    def _value(self) -> tuple[str, tuple[int, int]]:
        """The value, and where it stands with its quotes."""
        start = self._end_of(_GAP, self._at)
        if self._text[start : start + 1] != '"':
            quotes, end = 0, self._end_of(_LINE, start)
        elif triple := _TRIPLE.match(self._text, start):
            quotes, end = 3, self._close_quote(_END_OF_TRIPLE, start, triple.end())
        else:
            quotes, end = 1, self._close_quote(_END_OF_SINGLE, start, start + 1)
        self._at = end + 1
        value = self._text[start:end].replace(_DROPPED, "").strip(_BLANK)
        return value[quotes : len(value) - quotes], (start, end)

    def _close_quote(self, pattern: re.Pattern[str], opened: int, start: int) -> int:
        match = pattern.search(self._text, start)
        if not match:
            raise self._error(
                "unexpected EOF",
                hint=f"The quote in line {self._line_of(opened)} is never closed: the same quote must end a line.",
            )
        return match.end()

    def _end_of(self, pattern: re.Pattern[str], start: int) -> int:
        match = pattern.match(self._text, start)
        return match.end() if match else start

    def _line_of(self, place: int) -> int:
        """The line number at a place; CR and LF count one each, as in Ollama. Places only grow."""
        for newline in "\r\n":
            self._line += self._text.count(newline, self._counted, place)
        self._counted = max(self._counted, place)
        return self._line

    def _invalid_command(self, name: str, end: int) -> ModelfileError:
        wanted = ", ".join(f'"{command}"' for command in COMMANDS[:-1])
        return self._error(
            f'command must be one of {wanted}, or "{COMMANDS[-1]}"',
            line=self._line_of(end + 1),
            hint=f"{name.upper()} needs a space and a value after it." if name in COMMANDS else _close(name, COMMANDS),
        )

    def _error(self, message: str, *, line: int = 0, hint: str = "") -> ModelfileError:
        return ModelfileError(message, line=line, where=self._where, hint=hint)


def _without_dropped(text: str) -> str:
    dropped = {char for char in set(text) if char not in _BLANK and not is_printable(char)}
    if not dropped - {_DROPPED}:
        return text
    return text.translate(dict.fromkeys(map(ord, dropped), _DROPPED))


def _close(word: str, known: tuple[str, ...]) -> str:
    found = difflib.get_close_matches(word[:_LONGEST_SHOWN], known, n=1)
    return f"Did you mean {found[0]}?" if found else ""
