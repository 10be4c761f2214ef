"""An answer as it is printed, piece by piece."""

import pytest

from packllama.cli.chat.printer import Printer
from packllama.engine import Chunk, Done, DoneReason

GREY, PLAIN = "\x1b[38;5;245m", "\x1b[0m"
DONE = Chunk("", Done(DoneReason.STOP, 7, 0, 0.25, 2, 0.5))


def printed(
    *chunks: Chunk, terminal: bool = True, width: int | None = None, colour: bool = False, hide: bool = False
) -> str:
    written: list[str] = []
    printer = Printer(written.append, terminal=terminal, width=width, colour=colour, hide_thinking=hide)
    for chunk in chunks:
        printer.piece(chunk)
    printer.end()
    return "".join(written)


def thought(text: str) -> Chunk:
    return Chunk("", thinking=text)


@pytest.mark.parametrize(
    ("chunks", "text"),
    [
        ((), ""),
        ((DONE,), "\n\n"),
        ((Chunk("Hello"), Chunk(" there!"), DONE), "Hello there!\n\n"),
        (
            (thought("The user "), thought("greets. "), Chunk("Hello"), Chunk(" there!"), DONE),
            "Thinking...\nThe user greets. \n...done thinking.\n\nHello there!\n\n",
        ),
        ((thought("Hm.\n"), Chunk("Hello"), DONE), "Thinking...\nHm.\n...done thinking.\n\nHello\n\n"),
        ((Chunk("Hello", thinking="Hm."), DONE), "Thinking...\nHm.\n...done thinking.\n\nHello\n\n"),
        ((thought("Hm."), DONE), "Thinking...\nHm.\n\n"),
    ],
)
def test_the_layout(chunks: tuple[Chunk, ...], text: str) -> None:
    assert printed(*chunks) == text
    assert printed(*chunks, terminal=False) == text
    assert printed(*chunks, width=80) == text


def test_thinking_is_grey() -> None:
    shown = printed(thought("Hm."), Chunk("Hello"), DONE, colour=True)
    assert shown == f"{GREY}Thinking...\nHm.\n...done thinking.\n\n{PLAIN}Hello\n\n"
    assert printed(thought("Hm."), colour=True) == f"{GREY}Thinking...\nHm.{PLAIN}\n\n"


def test_thinking_is_hidden() -> None:
    assert printed(thought("Hm."), thought("So."), Chunk("Hello"), DONE, hide=True) == "Hello\n\n"


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (("\x1b[2Jgone",), "\\x1b[2Jgone"),
        (("\x1b", "[2Jgone"), "\\x1b[2Jgone"),
        (("a\rb\x07\x9b2J",), "a\\x0db\\x07\\x9b2J"),
        (("\u202eevil",), "\\u202eevil"),
        (("a\tb\nc",), "a\tb\nc"),
    ],
)
def test_a_terminal_is_not_steered(pieces: tuple[str, ...], shown: str) -> None:
    assert printed(*map(Chunk, pieces)) == f"{shown}\n\n"
    assert printed(*map(thought, pieces)) == f"Thinking...\n{shown}\n\n"
    assert printed(*map(Chunk, pieces), terminal=False) == "".join(pieces) + "\n\n"


def test_lines_are_wrapped_also_while_thinking() -> None:
    shown = printed(thought("one two three four five"), Chunk("six seven eight nine ten"), width=20)
    assert shown == (
        "Thinking...\none two three four \nfive\n...done thinking.\n\nsix seven eight nin\x1b[3D\x1b[K\nnine ten\n\n"
    )
