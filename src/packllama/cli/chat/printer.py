"""An answer, printed as it comes: made harmless, wrapped at words, its thinking grey between two marks."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import Self

from packllama.base.terminal import escaped
from packllama.cli.chat.spinner import Spinner
from packllama.cli.chat.wrap import Wrap
from packllama.cli.door import Door
from packllama.engine import Chunk, Done

_GREY, _PLAIN = "\x1b[38;5;245m", "\x1b[0m"
_BEGIN, _END = "Thinking...\n", "...done thinking.\n\n"


def print_answer(door: Door, chunks: Iterable[Chunk], *, wordwrap: bool, hide_thinking: bool) -> Done | None:
    """Print an answer on stdout as it is made, with a sign of life until there is something to be seen of it.

    Raises: what making the answer raises. What is printed is then ended like a whole answer.
    """
    done = None
    with Spinner(door) as spinner:
        printer = Printer.on_stdout(door, wordwrap=wordwrap, hide_thinking=hide_thinking, before=spinner.stop)
        try:
            for chunk in chunks:
                printer.piece(chunk)
                done = chunk.done
        finally:
            printer.end()
    return done


class Printer:
    """Prints one answer. Where it does not go to a terminal, the text stays as it is."""

    def __init__(
        self, write: Callable[[str], None], *, terminal: bool, width: int | None, colour: bool, hide_thinking: bool
    ) -> None:
        """``width`` is the number of columns, None for no wrapping. ``write`` must not change what it gets."""
        self._write = write
        self._terminal = terminal
        self._wrap = Wrap(width or 0)
        self._colour = colour
        self._hide_thinking = hide_thinking
        self._begun = False
        self._thinking = False
        self._last = ""

    @classmethod
    def on_stdout(
        cls, door: Door, *, wordwrap: bool, hide_thinking: bool, before: Callable[[], None] = lambda: None
    ) -> Self:
        """A printer that suits what stdout is now: a terminal of this width, a pipe or a file.

        ``before`` is called whenever there is something to print.
        """
        terminal = sys.stdout.isatty()

        def write(text: str) -> None:
            before()
            door.drawing(text)

        return cls(
            write,
            terminal=terminal,
            width=_columns() if terminal and wordwrap and door.settings.draws else None,
            colour=terminal and door.settings.colour,
            hide_thinking=hide_thinking,
        )

    def piece(self, chunk: Chunk) -> None:
        """Print the next piece of the answer."""
        self._begun = True
        shown = ""
        if chunk.thinking and not self._hide_thinking:
            shown += self._begin_thinking() + self._text(chunk.thinking)
        if chunk.text:
            shown += self._end_thinking() + self._text(chunk.text)
        if shown:
            self._write(shown)

    def end(self) -> None:
        """End the answer with an empty line, if there was one. Also of an answer that broke off."""
        if self._begun:
            self._write((_PLAIN if self._thinking and self._colour else "") + "\n\n")

    def _begin_thinking(self) -> str:
        if self._thinking:
            return ""
        self._thinking = True
        return (_GREY if self._colour else "") + self._text(_BEGIN)

    def _end_thinking(self) -> str:
        if not self._thinking:
            return ""
        self._thinking = False
        mark = _END if self._last == "\n" else "\n" + _END
        return self._text(mark) + (_PLAIN if self._colour else "")

    def _text(self, text: str) -> str:
        self._last = text[-1]
        return self._wrap.lines(escaped(text, keep="\n\t")) if self._terminal else text


def _columns() -> int:
    return os.get_terminal_size(sys.stdout.fileno()).columns
