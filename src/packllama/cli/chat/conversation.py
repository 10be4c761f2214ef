"""What one conversation on the terminal consists of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from packllama.base.stop import Stop
from packllama.chat.session import Session
from packllama.cli.chat.printer import print_answer
from packllama.cli.door import Door
from packllama.engine import Chunk, Done


class Reader(Protocol):
    """Where questions and commands come from: a terminal, or a test's list."""

    def read(self, *, stop: Stop) -> str:
        """The next text. Raises: EOFError at the end, KeyboardInterrupt for a Ctrl-C in an empty line, Cancelled."""

    def remember(self, kept: bool) -> None:
        """Whether what is typed is kept for later conversations."""


@dataclass(slots=True)
class Conversation:
    """The parts that belong together, and what ``/set`` has changed of how answers look."""

    door: Door
    session: Session
    reader: Reader
    wordwrap: bool = True
    hide_thinking: bool = False
    verbose: bool = False

    def print(self, chunks: Iterable[Chunk]) -> Done | None:
        """Print an answer; the terminal is as wide as it is now."""
        return print_answer(self.door, chunks, wordwrap=self.wordwrap, hide_thinking=self.hide_thinking)

    def print_stored(self) -> None:
        """Print the messages that the model brings along, as if they had been said here."""
        for message in self.session.stored:
            if message.role == "user":
                self.door.result(f">>> {message.content}\n")
            elif message.role == "assistant":
                self.print([Chunk(message.content)])
