"""A Modelfile that is proposed: its lines, and where each of them comes from.

What the weights, their GGUF keys and the files beside them hold is foreign text. It is written so that it reads back
as itself, or it is left out and that is said; in a comment it is one escaped line.
"""

from dataclasses import dataclass
from pathlib import Path

from packllama.base.terminal import escaped
from packllama.modelfile import Command, write_command

_HEAD = "# Written by packllama init. Change what you like, then: packllama create NAME -f THIS-FILE\n"


@dataclass(frozen=True, slots=True)
class Line:
    """One command and where it comes from. ``active`` False: a suggestion, written as a comment."""

    origin: str
    command: Command | None = None
    active: bool = True

    @property
    def text(self) -> str:
        """The line as it stands in a Modelfile, without what it says of its origin; empty when there is no command.

        A command that no text can hold gives a comment that says so.
        """
        if self.command is None:
            return ""
        written = write_command(self.command)
        if written is None:
            return f"# {self.command.name.upper()} is left out: it holds what a Modelfile cannot.\n"
        return f"{written}\n" if self.active else "".join(f"# {line}\n" for line in written.splitlines())


@dataclass(frozen=True, slots=True)
class Proposal:
    """The lines of a Modelfile for ``weights``."""

    weights: Path
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The Modelfile. Lines of one origin stand below it together."""
        parts, before = [_HEAD], ""
        for line in self.lines:
            if line.origin != before:
                parts.append(f"\n# {escaped(line.origin)}\n")
            parts.append(line.text)
            before = line.origin
        return "".join(parts)
